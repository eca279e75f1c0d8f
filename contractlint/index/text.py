"""Which files say a name, answered from their text before anything is parsed."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from typing import Protocol

from contractlint.index.uses import stands


class SourceTree(Protocol):
    """What the index needs of a tree of sources: its file names, `/`-relative and sorted, and their bytes."""

    @property
    def files(self) -> tuple[str, ...]: ...

    def read(self, name: str) -> bytes: ...


MOST_FILES = 150
"""A name that stands in more files than this says nothing about who means whom, and is not searched for."""

# Everything that cannot be part of a name, as blanks. All that is not ASCII may be part of one.
_BLANKS = bytes(c if (chr(c).isalnum() and c < 128) or c == 95 or c >= 128 else 32 for c in range(256))
_NAME = rb"[\w\x80-\xff]+"
# Uses that are asked for of names that stand everywhere: the index has them apart.
_STORED = re.compile(rb"\.(" + _NAME + rb")(?: ?[-+*/|&]?=(?!=)|:)")
_IN_TUPLE = re.compile(rb"\." + _NAME + rb",[\w\x80-\xff.\[\], ]*\)? ?=(?!=)")
_LISTED = re.compile(rb"^[ \t]*[\w\x80-\xff.]+\.(" + _NAME + rb"),?[ \t]*$", re.MULTILINE)
_CLOSED = re.compile(rb"\n[ \t]*\) ?=(?!=)")
# `with f() as self.x` and `for self.x in y`: of other objects, nobody writes it.
_BOUND = tuple((word + b" self.", re.compile(word + rb" self\.(" + _NAME + rb")")) for word in (b"as", b"for"))
_LAST = re.compile(rb"\.(" + _NAME + rb")")
_QUOTED = (re.compile(rb'"(' + _NAME + rb')"'), re.compile(rb"'(" + _NAME + rb")'"))
_BASES = re.compile(rb"class " + _NAME + rb"\(([^)]*)\)")


def _stored(data: bytes) -> set[bytes]:
    """Names that a text stores as attributes, and some more that only look like it."""
    found = set(_STORED.findall(data))
    for start, pattern in _BOUND:
        if start in data:
            found.update(pattern.findall(data))
    for targets in _IN_TUPLE.findall(data):
        found.update(_LAST.findall(targets))
    if _CLOSED.search(data):
        found.update(_LISTED.findall(data))
    return found


def _words(data: bytes) -> set[bytes]:
    return set(data.translate(_BLANKS).split())


def _quoted(data: bytes) -> set[bytes]:
    return {name for pattern in _QUOTED for name in pattern.findall(data)}


def _bases(data: bytes) -> set[bytes]:
    return {word for bases in _BASES.findall(data) for word in bases.translate(_BLANKS).split()}


_APART = {"stores": _stored, "strings": _quoted, "bases": _bases}

# By name the file that holds it, or those. A list while they are collected; after that an array, a fifth of its size.
_Holders = dict[bytes, "int | list[int] | array[int]"]


Found = dict[tuple[str, str], tuple[int, ...]]
FoundAll = dict[tuple[tuple[str, str], ...], tuple[int, ...]]


class TextIndex:
    """The names in all files: one pass over the text finds them, and a dictionary answers."""

    def __init__(self, tree: SourceTree, unreadable: dict[str, str]) -> None:
        self.files: list[str] = []
        self._tree = tree
        self._words: _Holders = {}
        self._apart: dict[str, _Holders] = {use: {} for use in _APART}
        self.found: Found = {}  # what was asked, and the answers
        self.found_all: FoundAll = {}
        self._sources: dict[int, bytes] = {}
        for name in tree.files:
            try:
                data = tree.read(name)
            except OSError as error:
                unreadable[name] = f"cannot be read: {error.strerror or error}"
                continue
            index = len(self.files)
            self.files.append(name)
            _enter(self._words, _words(data), index)
            for use, find in _APART.items():
                _enter(self._apart[use], find(data), index)
        for holders in (self._words, *self._apart.values()):
            _pack(holders)

    @property
    def words(self) -> bytes:
        """All names in all files, each between zeros, in no order."""
        return b"\0%b\0" % b"\0".join(self._words)

    def source(self, index: int) -> bytes:
        """The text of a file. It is read again when first asked for: all of them together are large."""
        known = self._sources.get(index)
        if known is None:
            known = self._sources[index] = self._tree.read(self.files[index])
        return known

    def files_with(self, name: str, use: str = "word") -> tuple[int, ...]:
        """Indices of the files in which a name stands, ascending; none when it is common (`is_common` tells).

        `use` narrows it to a name as it stands in code, as in `contractlint.index.uses`: `calls` (`name(`; `calls with`
        something in it, `calls elsewhere` than on `self`, `calls by name` that no text in quotes tells), `refs` (a value, not
        called; `given` where all of it is assigned or returned), `stores` (`.name =`), `stores elsewhere` (other than
        `self.name =`), `strings` (quoted), `def`, `class`, `bases` (of a class), `field` (`name:`), `imports` (a module in an
        import, or at the start of a text in quotes).
        """
        found = self._found(name, use)
        return found if len(found) <= MOST_FILES else ()

    def count(self, name: str, use: str = "word") -> int:
        """In how many files a name stands; some number above `MOST_FILES` when it is common."""
        return len(self._found(name, use))

    def is_common(self, name: str, use: str) -> bool:
        """Whether a name occurs in more files than are searched for it; `files_with` then gives none."""
        return len(self._found(name, use)) > MOST_FILES

    def files_with_all(self, names: Iterable[tuple[str, str]]) -> tuple[int, ...]:
        """Indices of the files in which every one of `(name, use)` stands, common or not."""
        wanted = tuple(names)
        known = self.found_all.get(wanted)
        if known is not None:
            return known
        found = [set(self._holding(name, use if use in self._apart else "word")) for name, use in wanted]
        left = set.intersection(*found) if found else set()
        for name, use in wanted:
            if use != "word" and use not in self._apart:
                left = {index for index in left if stands(self.source(index), name.encode(), use)}
        answer = self.found_all[wanted] = tuple(sorted(left))
        return answer

    def _found(self, name: str, use: str) -> tuple[int, ...]:
        key = (name, use)
        known = self.found.get(key)
        if known is None:
            known = self.found[key] = self._find(name, use)
        return known

    def _find(self, name: str, use: str) -> tuple[int, ...]:
        """The files that hold a name in a use; not all of them when it is common."""
        if use == "word" or use in self._apart:
            return self._holding(name, use)
        found: list[int] = []
        text = name.encode()
        for index in self._holding(name, "stores" if use == "stores elsewhere" else "word"):
            if stands(self.source(index), text, use):
                found.append(index)
                if len(found) > MOST_FILES:
                    break
        return tuple(found)

    def _holding(self, name: str, use: str) -> tuple[int, ...]:
        found = self._apart.get(use, self._words).get(name.encode())
        return () if found is None else (found,) if isinstance(found, int) else tuple(found)


class TextOf:
    """The same questions as of a `TextIndex`, of one text alone."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._words = _words(source)
        self._apart = {use: find(source) for use, find in _APART.items()}

    def holds(self, name: str, use: str) -> bool:
        """Whether a name stands in the text in a use."""
        text = name.encode()
        if text not in self._apart.get("stores" if use == "stores elsewhere" else use, self._words):
            return False
        return use == "word" or use in self._apart or stands(self.source, text, use)

    def answers(self, index: int, found: Found, found_all: FoundAll) -> bool:
        """Whether a text in the place of a file gives the answers that were given."""
        for (name, use), files in found.items():
            known, now = index in files, self.holds(name, use)
            if known != now and not (now and len(files) > MOST_FILES):
                return False  # of a common name not all files are listed
        return all(
            (index in files) == all(self.holds(name, use) for name, use in wanted)
            for wanted, files in found_all.items()
        )


def _pack(holders: _Holders) -> None:
    for name, known in holders.items():
        if type(known) is list:
            holders[name] = array("I", known)


def _enter(holders: _Holders, names: set[bytes], index: int) -> None:
    for name in names:
        known = holders.get(name)
        if known is None:
            holders[name] = index
        elif type(known) is int:
            holders[name] = [known, index]
        else:
            known.append(index)  # type: ignore[union-attr]
