"""Which files say a name, answered from their text before anything is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol


class SourceTree(Protocol):
    """What the index needs of a tree of sources: its file names, `/`-relative and sorted, and their bytes."""

    @property
    def files(self) -> tuple[str, ...]: ...

    def read(self, name: str) -> bytes: ...


MOST_FILES = 150
"""A name that stands in more files than this says nothing about who means whom, and is not searched for."""

# A name as it stands in code: what it is defined by or read from, and what comes after it. Text in comments counts, too.
# All that is not ASCII may be part of a name.
_NAME = rb"[\w\x80-\xff]+"
_TOKEN = re.compile(rb"(?:def |class |self\.|\.)?" + _NAME + rb"(?:[(:'\"]| ?[-+*/|&]?=(?!=))?")

# What one token does not show: the bases of a class, and attributes stored as parts of a tuple or by `as` and `for`.
_BASES = re.compile(rb"^[ \t]*class " + _NAME + rb"\(([^)]*)\)", re.MULTILINE)
_TARGETS = re.compile(rb"^[ \t]*\(?[\w.\[\]]*\.[\w.\[\], ]*,[\w.\[\], ]*\)? ?=(?!=)", re.MULTILINE)
_BOUND = re.compile(rb"\b(?:as|for) [\w.]+\.\w+")
_CLOSED = re.compile(rb"^[ \t]*\) ?=(?!=)", re.MULTILINE)
_LISTED = re.compile(rb"^[ \t]*[\w.]+\.\w+,?$", re.MULTILINE)
_LAST = re.compile(rb"\.(\w+)")
_WORD = re.compile(_NAME)
_STORED, _BASE = b"=", b"<"

_BEFORE = (b"", b".", b"self.", b"def ", b"class ")
_EQUALS = tuple(
    space + operator + b"=" for space in (b"", b" ") for operator in (b"", b"-", b"+", b"*", b"/", b"|", b"&")
)
_AFTER = (b"", b":", b"(", b"'", b'"', *_EQUALS)

# Each use of a name, as the tokens that show it.
_USES: dict[str, tuple[tuple[bytes, bytes], ...]] = {
    "word": tuple((before, after) for before in _BEFORE for after in _AFTER),
    "calls": ((b"", b"("), (b".", b"("), (b"self.", b"(")),
    "refs": tuple((before, after) for before in (b"", b".", b"self.") for after in (b"", b":")),
    "stores": (*((before, equals) for before in (b".", b"self.") for equals in (*_EQUALS, b":")), (_STORED, b"")),
    "stores elsewhere": (*((b".", equals) for equals in (*_EQUALS, b":")), (_STORED, b"")),
    "strings": ((b"", b"'"), (b"", b'"')),
    "def": ((b"def ", b"("),),
    "class": ((b"class ", b"("), (b"class ", b":")),
    "bases": ((_BASE, b""),),
    "field": ((b"", b":"),),
}


def _tokens(data: bytes) -> set[bytes]:
    """Everything that the text of one file shows of names."""
    found = set(_TOKEN.findall(data))
    for bases in _BASES.findall(data):
        found.update([_BASE + word for word in _WORD.findall(bases)])
    stored = [*_TARGETS.findall(data), *_BOUND.findall(data)]
    if _CLOSED.search(data):
        stored += _LISTED.findall(data)
    for text in stored:
        found.update([_STORED + name for name in _LAST.findall(text)])
    return found


class TextIndex:
    """The names in all files: one pass over the text finds them, and a dictionary answers."""

    def __init__(self, tree: SourceTree, unreadable: dict[str, str]) -> None:
        self.files: list[str] = []
        self._tree = tree
        self._holders: dict[bytes, int | list[int]] = {}
        self._uses: dict[tuple[str, str], tuple[int, ...]] = {}
        holders = self._holders
        for name in tree.files:
            try:
                data = tree.read(name)
            except OSError as error:
                unreadable[name] = f"cannot be read: {error.strerror or error}"
                continue
            index = len(self.files)
            self.files.append(name)
            for token in _tokens(data):
                known = holders.get(token)
                if known is None:
                    holders[token] = index
                elif type(known) is int:
                    holders[token] = [known, index]
                else:
                    known.append(index)  # type: ignore[union-attr]

    def source(self, index: int) -> bytes:
        """The text of a file. It is read again: few files are asked for, and all of them together are large."""
        return self._tree.read(self.files[index])

    def files_with(self, name: str, use: str = "word") -> tuple[int, ...]:
        """Indices of the files in which a name stands, ascending; none when it is common (`is_common` tells).

        `use` narrows it to a name as it stands in code: `calls` (`name(`), `refs` (a value, not called), `stores`
        (`.name =`), `stores elsewhere` (other than `self.name =`), `strings` (quoted), `def`,
        `class`, `bases` (of a class), `field` (`name:`).
        """
        found = self._found(name, use)
        return found if len(found) <= MOST_FILES else ()

    def count(self, name: str, use: str = "word") -> int:
        """In how many files a name stands."""
        return len(self._found(name, use))

    def is_common(self, name: str, use: str) -> bool:
        """Whether a name occurs in more files than are searched for it; `files_with` then gives none."""
        return len(self._found(name, use)) > MOST_FILES

    def files_with_all(self, names: Iterable[tuple[str, str]]) -> tuple[int, ...]:
        """Indices of the files in which every one of `(name, use)` stands, common or not."""
        found = [set(self._found(name, use)) for name, use in names]
        return tuple(sorted(set.intersection(*found))) if found else ()

    def _found(self, name: str, use: str) -> tuple[int, ...]:
        key = (name, use)
        known = self._uses.get(key)
        if known is None:
            text, found = name.encode(), set[int]()
            for before, after in _USES[use]:
                holders = self._holders.get(before + text + after)
                if type(holders) is int:
                    found.add(holders)
                elif holders is not None:
                    found.update(holders)  # type: ignore[arg-type]
            known = self._uses[key] = tuple(sorted(found))
        return known
