"""Which files say a name, answered from the raw bytes before anything is parsed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol


class SourceTree(Protocol):
    """What the index needs of a tree of sources: its file names, `/`-relative and sorted, and their bytes."""

    @property
    def files(self) -> tuple[str, ...]: ...

    def read(self, name: str) -> bytes: ...


MOST_FILES = 150
"""A name that stands in more files than this says nothing about who means whom, and is not searched for."""


class TextIndex:
    """The text of all files in one buffer, so that a search for a name is one pass of `bytes.find`."""

    def __init__(self, tree: SourceTree, unreadable: dict[str, str]) -> None:
        self.files: list[str] = []
        self._starts: list[int] = []
        chunks: list[bytes] = []
        offset = 0
        for name in tree.files:
            try:
                data = tree.read(name)
            except OSError as error:
                unreadable[name] = f"cannot be read: {error.strerror or error}"
                continue
            self.files.append(name)
            self._starts.append(offset)
            chunks.append(data)
            chunks.append(b"\0")
            offset += len(data) + 1
        self._starts.append(offset)
        self._blob = b"".join(chunks)
        self._texts: dict[str, tuple[int, ...]] = {}
        self._uses: dict[str, tuple[tuple[int, ...], ...]] = {}

    def source(self, index: int) -> bytes:
        return self._blob[self._starts[index] : self._starts[index + 1] - 1]

    def files_with(self, text: str, use: str = "text") -> tuple[int, ...]:
        """Indices of the files that contain `text`, ascending.

        `use` narrows it to a name as it stands in code: `word`, `calls` (`text(`), `refs` (not called), `stores` (`.text`),
        `strings` (quoted). A name in too many files gives none; `is_common` tells.
        """
        if use == "text":
            known = self._texts.get(text)
            if known is None:
                known = self._texts[text] = tuple(self._containing(text.encode()))
            return known
        uses = self._uses.get(text)
        if uses is None:
            uses = self._uses[text] = self._classify(text.encode())
        found = uses[_USES.index(use)]
        return found if len(found) <= MOST_FILES else ()

    def _containing(self, needle: bytes) -> Iterator[int]:
        blob, starts = self._blob, self._starts
        position, index = blob.find(needle), 0
        while position >= 0:
            while starts[index + 1] <= position:
                index += 1
            yield index
            position = blob.find(needle, starts[index + 1])

    def _classify(self, name: bytes) -> tuple[tuple[int, ...], ...]:
        """The files in which a name stands in each of the uses, from one pass over the text."""
        blob, starts, length = self._blob, self._starts, len(name)
        found: tuple[dict[int, None], ...] = tuple({} for _ in _USES)
        words, calls, refs, stores, strings = found
        position, index = blob.find(name), 0
        while position >= 0:
            before, after = blob[position - 1], blob[position + length]
            if before not in _WORD and after not in _WORD:
                while starts[index + 1] <= position:
                    index += 1
                words[index] = None
                if after == _OPEN:
                    calls[index] = None
                else:
                    refs[index] = None
                    if before == _DOT:
                        stores[index] = None
                    elif after in _QUOTES:
                        strings[index] = None
                if len(calls) > MOST_FILES and len(refs) > MOST_FILES:
                    break
                if index in calls and index in refs and index in stores:
                    position = blob.find(name, starts[index + 1])
                    continue
            position = blob.find(name, position + length)
        return tuple(tuple(f) for f in found)

    def files_with_all(self, texts: Iterable[str]) -> tuple[int, ...]:
        """Indices of the files that contain every one of `texts`."""
        found = [set(self.files_with(text)) for text in texts]
        return tuple(sorted(set.intersection(*found))) if found else ()

    def is_common(self, name: str, use: str) -> bool:
        """Whether a name occurs in more files than are searched for it; `files_with` then gives none."""
        self.files_with(name, use)
        return len(self._uses[name][_USES.index(use)]) > MOST_FILES


_USES = ("word", "calls", "refs", "stores", "strings")
_WORD = frozenset(c for c in range(256) if chr(c).isalnum() or c == ord("_") or c > 127)
_QUOTES = frozenset(b"'\"")
_OPEN, _DOT = ord("("), ord(".")
