"""What a run looked at in one file, so that a later run can tell whether a change to the file matters to the outcome.

A file is looked at in pieces: its outline, the definitions that were parsed, and the names that were asked for in its text.
Lines that are blank or hold only a comment belong to no piece. Where all pieces are as they were, only lines have moved.
"""

from __future__ import annotations

import ast
import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from contractlint.index.module import ModuleIR
from contractlint.index.outline import Definition

# A new name at the level of the module with a plain value: harmless where nothing else says the name.
_CONSTANT = re.compile(rb"([A-Za-z_]\w*) = (?:-?[\d._]+|None|True|False|\"[^\"\\]*\"|'[^'\\]*')\s*")

_Piece = tuple[bytes, tuple[int, ...]]  # what its lines say, and where they stand


class Looked(NamedTuple):
    """One file as it was looked at; made of what `marshal` takes. `body` holds the lines at the level of the module."""

    shape: bytes
    imports: bytes
    functions: dict[int, _Piece]
    headers: dict[int, _Piece]
    classes: dict[int, _Piece]
    words: dict[int, bytes]
    uses: dict[tuple[str, str], tuple[int, ...]]
    declared: dict[str, tuple[tuple[bool, int], ...]]
    quoted: dict[str, tuple[int, ...]]
    body: tuple[tuple[bytes, int], ...] | None


def look(module: ModuleIR) -> Looked:
    """What was looked at of a module so far."""
    text = _Text(module)
    return Looked(
        text.shape(),
        text.imports(),
        {f.number: text.function(f.number) for f in module.functions[1:] if f.known is not None},
        {f.number: text.header(f.number) for f in module.functions[1:]},
        {c.number: text.class_(c.number) for c in module.classes if c.known is not None},
        {number: text.words(number) for number in module.worded},
        dict(module.used),
        {name: text.declaring(name) for name in module.declared},
        dict(module.quoted),
        text.body() if module.functions[0].known is not None else None,
    )


def moved(before: Looked, source: bytes, package: str, is_new: Callable[[str], bool]) -> dict[int, int] | None:
    """Where the lines of a file have gone with a change; None where something that was looked at is not the same.

    `is_new` tells of a name whether it stands nowhere else in the project.
    """
    module = ModuleIR(source, package)
    text = _Text(module)
    tree = module.verify()
    if tree is None or text.shape() != before.shape or text.imports() != before.imports:
        return None
    lines: dict[int, int] = {}
    kinds = ((before.functions, text.function), (before.headers, text.header), (before.classes, text.class_))
    for pieces, now in kinds:
        for number, (digest, places) in pieces.items():
            same, moved_to = now(number)
            if same != digest:
                return None
            lines.update(zip(places, moved_to, strict=True))
    if before.body is not None:
        # The line of a constant may also be one of an argument or of a text.
        assigned = {node.lineno for node in tree.body if isinstance(node, ast.Assign)}
        expected = iter(before.body)
        following = next(expected, None)
        for digest, line in text.body():
            if following is not None and digest == following[0]:
                lines[following[1]] = line
                following = next(expected, None)
                continue
            added = _CONSTANT.fullmatch(text.line(line)) if line in assigned else None
            if added is None or not is_new(added[1].decode()):
                return None
        if following is not None:
            return None
    answers = (
        all(text.words(number) == digest for number, digest in before.words.items())
        and all(module.using(name, use) == numbers for (name, use), numbers in before.uses.items())
        and all(text.declaring(name) == numbers for name, numbers in before.declared.items())
        and all(module.quoting(prefix) == numbers for prefix, numbers in before.quoted.items())
    )
    return lines if answers else None


class _Text:
    """The text of a module, by lines."""

    def __init__(self, module: ModuleIR) -> None:
        self.module, self.source, self.outline = module, module.source, module.outline
        self.starts = [0, *(m.end() for m in re.finditer(rb"\n", self.source))]

    def line(self, number: int) -> bytes:
        end = self.starts[number] if number < len(self.starts) else len(self.source)
        return self.source[self.starts[number - 1] : end]

    def shape(self) -> bytes:
        """The outline: what is defined, in which order and nesting, with decorators and the first lines of classes."""
        digest = hashlib.blake2b(digest_size=12)
        for d in self.outline.definitions:
            head = self.source[d.start : self.outline.head(d)] if d.is_class else b""
            digest.update(
                f"{d.is_class} {d.name} {d.indent} {d.scope}\0".encode() + self.source[d.first : d.start] + head
            )
        return digest.digest()

    def imports(self) -> bytes:
        return _digest(text for _, text in self.outline.imports())

    def function(self, number: int) -> _Piece:
        definition = self.module.definition_of_function(number)
        return self._piece([(definition.first, self.outline.end(definition))])

    def header(self, number: int) -> _Piece:
        definition = self.module.definition_of_function(number)
        return self._piece([(definition.first, self.outline.head(definition))])

    def class_(self, number: int) -> _Piece:
        definition = self.module.definition_of_class(number)
        return self._piece(self._own(definition.first, self.outline.end(definition), definition))

    def words(self, number: int) -> bytes:
        return _digest(word.encode() for word in sorted(self.module.words(number)))

    def declaring(self, name: str) -> tuple[tuple[bool, int], ...]:
        self.module.functions_declaring(name)
        return tuple((d.is_class, d.number) for d in self.module.declared[name])

    def body(self) -> tuple[tuple[bytes, int], ...]:
        parts = self._own(0, len(self.source), None)
        return tuple((_digest([text]), line) for start, end in parts for text, line in self._lines(start, end))

    def _own(self, start: int, end: int, around: Definition | None) -> list[tuple[int, int]]:
        """A part of the text without the definitions in it, their first lines apart."""
        out: list[tuple[int, int]] = []
        at = start
        for inner in self.outline.definitions[bisect_right(self.outline.starts, start) if around is not None else 0 :]:
            if inner.first >= end:
                break
            if inner.first < at:
                continue
            out.append((at, inner.first))
            at = self.outline.end(inner)
        out.append((at, end))
        return out

    def _piece(self, parts: list[tuple[int, int]]) -> _Piece:
        lines = [one for start, end in parts for one in self._lines(start, end)]
        return _digest(text for text, _ in lines), tuple(line for _, line in lines)

    def _lines(self, start: int, end: int) -> Iterator[tuple[bytes, int]]:
        """The lines of a part that say something, with their numbers; all of a string of several lines says something."""
        number = bisect_right(self.starts, start)
        while start < end:
            following = self.starts[number] if number < len(self.starts) else len(self.source)
            text = self.source[start : min(following, end)]
            bare = text.strip()
            if (bare and not bare.startswith(b"#")) or self.outline.in_string(start):
                yield text.rstrip(), number
            start, number = following, number + 1


def _digest(parts: Iterator[bytes] | list[bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        digest.update(part + b"\0")
    return digest.digest()
