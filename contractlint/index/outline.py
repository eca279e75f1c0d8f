"""Where functions, classes and imports stand in a text, found without parsing it.

A text is taken for Python that people wrote: a definition starts its line, and ends before the first line that is indented
no deeper and begins a statement. Where that is not so, cutting out one definition gives text that does not parse, and the
whole file is parsed instead (`contractlint.index.module`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

# Two patterns: each starts with a word, which is what makes looking for it fast.
_DEFINITIONS = (re.compile(rb"def[ \t]+([\w\x80-\xff]+)"), re.compile(rb"class[ \t]+([\w\x80-\xff]+)"))
_TRIPLE = re.compile(rb'"""|\'\'\'')
_IMPORT = re.compile(rb"\n[ \t]*(?:from[ \t]+[.\w\x80-\xff]+[ \t]+import[ \t(*]|import[ \t])")
_LISTED = re.compile(rb"[^()#]*\((?:[^()#]|#[^\n]*)*\)")
_JOINED = re.compile(rb"(?:[^\n\\#]|\\\n)*")
# Strings and comments, exactly.
_TEXT = re.compile(
    rb'#[^\n]*|("""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*\'\'\')'
    rb'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'',
    re.DOTALL,
)
# What the header of a definition consists of, up to its colon.
_PARTS = re.compile(
    rb'[()\[\]{}:]|\blambda\b|#[^\n]*|"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*\'\'\''
    rb'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'',
    re.DOTALL,
)
_OPENING, _CLOSING = frozenset((b"(", b"[", b"{")), frozenset((b")", b"]", b"}"))
_UNFINISHED = frozenset(bytes((c,)) for c in b"([{,.+-*/%=&|<>")
# By indentation: the next line that is indented no deeper and begins a statement.
_DEDENTS: dict[int, re.Pattern[bytes]] = {}


@dataclass(slots=True)
class Definition:
    """One `def` or `class`.

    Offsets are in bytes: `start` is the line that the name stands in, `first` that of the first decorator. `scope` is the
    position among all definitions of the one around it, -1 at the level of the module. `number` counts functions and classes
    apart; function 0 is the module itself.
    """

    is_class: bool
    name: str
    indent: int
    first: int
    start: int
    line: int
    scope: int
    number: int
    bound: int  # the end is not behind this
    end: int = -1  # found when asked for
    head: int = -1  # the end of the header
    seen: int = -1  # no end before this


class Outline:
    """The definitions of a text in their order, and its strings of several lines."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._opened, self._closed = _strings(source)
        self.definitions: list[Definition] = []
        self._find()
        self.starts = [d.first for d in self.definitions]

    def in_string(self, at: int) -> int:
        """The end of the string of several lines that a place lies in, 0 when it lies in none."""
        index = bisect_right(self._opened, at) - 1
        return self._closed[index] if index >= 0 and self._opened[index] < at < self._closed[index] else 0

    def _find(self) -> None:
        source, found = self.source, self.definitions
        around: list[int] = []
        decorators = self._decorators()
        decorator, counted, line = 0, 0, 1
        functions, classes, behind = 1, 0, 0
        matches = [(m.start(), m[1]) for pattern in _DEFINITIONS for m in pattern.finditer(source)]
        matches.sort()
        for at, name in matches:
            start = source.rfind(b"\n", 0, at) + 1
            before = source[start:at]
            stripped = before.lstrip(b" \t")
            if stripped and stripped.rstrip() != b"async":
                continue
            if self._opened and self.in_string(at):
                continue
            indent = len(before) - len(stripped)
            line += source.count(b"\n", counted, start)
            counted = start
            first = start
            while decorator < len(decorators) and decorators[decorator][0] < start:
                line_start, depth = decorators[decorator]
                if first == start and line_start >= behind and depth == indent and not self.in_string(line_start):
                    first = line_start
                decorator += 1
            behind = at
            while around and found[around[-1]].indent >= indent:
                found[around.pop()].bound = first
            while around and self._ends_before(found[around[-1]], first):
                around.pop()
            is_class = source[at] == 99  # c
            number = classes if is_class else functions
            if is_class:
                classes += 1
            else:
                functions += 1
            scope = around[-1] if around else -1
            around.append(len(found))
            found.append(Definition(is_class, name.decode(), indent, first, start, line, scope, number, len(source)))

    def _decorators(self) -> list[tuple[int, int]]:
        """The lines that start with `@`: where each starts, and how far it is indented."""
        found: list[tuple[int, int]] = []
        at = self.source.find(b"@")
        while at >= 0:
            start = self.source.rfind(b"\n", 0, at) + 1
            if not self.source[start:at].strip(b" \t"):
                found.append((start, at - start))
            at = self.source.find(b"@", at + 1)
        return found

    def end(self, definition: Definition) -> int:
        """Where a definition ends."""
        if definition.end < 0 and not self._ends_before(definition, definition.bound):
            definition.end = definition.bound
        return definition.end

    def _ends_before(self, definition: Definition, limit: int) -> bool:
        """Look for the end of a definition up to a place."""
        if definition.end >= 0:
            return definition.end <= limit
        at = definition.seen if definition.seen >= 0 else self.head(definition)
        dedent = _dedent(definition.indent)
        while (match := dedent.search(self.source, at, limit)) is not None:
            at = self.in_string(match.end() - 1)
            if not at and self._starts_statement(definition, match):
                definition.end = match.start() + 1
                return True
            at = at or match.end()
        definition.seen = max(at, limit - 1)
        return False

    def _starts_statement(self, definition: Definition, match: re.Match[bytes]) -> bool:
        """Whether a line that is indented no deeper than a definition does not continue what stands before it."""
        source, end = self.source, match.start()
        last = source[source.rfind(b"\n", 0, end) + 1 : end].rstrip()[-1:]
        if last == b"\\":
            return b"#" in source[source.rfind(b"\n", 0, end) + 1 : end]
        if match[1] and last not in _UNFINISHED:
            return True
        return self._depth(self.head(definition), end) == 0

    def _depth(self, start: int, end: int) -> int:
        """How many brackets are open at a place, counted from another."""
        depth = 0
        for match in _PARTS.finditer(self.source, start, end):
            depth += (match[0] in _OPENING) - (match[0] in _CLOSING)
        return depth

    def head(self, definition: Definition) -> int:
        """Where the header of a definition ends: behind its colon."""
        if definition.head < 0:
            depth, lambdas = 0, 0
            at = definition.start
            for match in _PARTS.finditer(self.source, at):
                part = match[0]
                at = match.end()
                if part in _OPENING:
                    depth += 1
                elif part in _CLOSING:
                    depth -= 1
                elif part == b"lambda" and not depth:
                    lambdas += 1
                elif part == b":" and not depth:
                    if not lambdas:
                        break
                    lambdas -= 1
            definition.head = at
        return definition.head

    def at(self, place: int) -> int:
        """The innermost definition that a place lies in, decorators and headers included; -1 when it lies in none."""
        index = bisect_right(self.starts, place) - 1
        while index >= 0 and place >= self.end(self.definitions[index]):
            index = self.definitions[index].scope
        return index

    def imports(self) -> list[tuple[int, bytes]]:
        """The import statements, each with its place."""
        found: list[tuple[int, bytes]] = []
        source = self.source
        matches = list(_IMPORT.finditer(source))
        head = _IMPORT.match(b"\n" + source[:2000])
        places = [m.start() + 1 for m in matches]
        if head is not None:
            places.insert(0, 0)
        for start in places:
            if self._opened and self.in_string(start):
                continue
            line = source.find(b"\n", start)
            text = source[start : line if line >= 0 else len(source)]
            if b"(" in text:
                listed = _LISTED.match(source, start)
                text = listed[0] if listed is not None else text
            elif text.endswith(b"\\"):
                joined = _JOINED.match(source, start)
                text = joined[0] if joined is not None else text
            found.append((start, text.strip()))
        return found


def _dedent(indent: int) -> re.Pattern[bytes]:
    known = _DEDENTS.get(indent)
    if known is None:
        known = _DEDENTS[indent] = re.compile(rb"\n[ \t]{0,%d}(?:([A-Za-z_@\x80-\xff])|[^\s#)\]},])" % indent)
    return known


def _strings(source: bytes) -> tuple[list[int], list[int]]:
    """Where strings in triple quotes that span lines open and close."""
    opened: list[int] = []
    closed: list[int] = []
    match = _TRIPLE.search(source)
    while match is not None:
        at = match.start()
        before = source[source.rfind(b"\n", 0, at) + 1 : at]
        if opened and closed[-1] > at - len(before):
            before = source[closed[-1] : at]
        if b"#" in before or b'"' in before or b"'" in before:
            return _strings_exactly(source)
        end = source.find(match[0], at + 3)
        while end > 0 and _is_escaped(source, end):
            end = source.find(match[0], end + 1)
        if end < 0:
            end = len(source)
        if source.find(b"\n", at, end) >= 0:
            opened.append(at)
            closed.append(end + 3)
        match = _TRIPLE.search(source, end + 3)
    return opened, closed


def _is_escaped(source: bytes, at: int) -> bool:
    count = 0
    while source[at - 1 - count] == 92:  # a backslash
        count += 1
    return count % 2 == 1


def _strings_exactly(source: bytes) -> tuple[list[int], list[int]]:
    found = [m.span() for m in _TEXT.finditer(source) if m[1] is not None and b"\n" in m[1]]
    return [start for start, _ in found], [end for _, end in found]
