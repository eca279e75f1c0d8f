"""Which files say a name, answered from the raw bytes before anything is parsed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol


class SourceTree(Protocol):
    """What the index needs of a tree of sources: its file names, `/`-relative and sorted, and their bytes."""

    @property
    def files(self) -> tuple[str, ...]: ...

    def read(self, name: str) -> bytes: ...


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
        self._known: dict[tuple[str, str], tuple[int, ...]] = {}

    def source(self, index: int) -> bytes:
        return self._blob[self._starts[index] : self._starts[index + 1] - 1]

    def files_with(self, text: str, use: str = "text") -> tuple[int, ...]:
        """Indices of the files that contain `text`, ascending.

        `use` narrows it to a name as it stands in code: `calls` (`text(`), `refs` (not called), `stores` (`.text`), `strings`
        (quoted).
        """
        key = (text, use)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = tuple(self._search(text.encode(), _TESTS.get(use)))
        return known

    def _search(self, needle: bytes, test: Test | None) -> Iterable[int]:
        blob, starts, length = self._blob, self._starts, len(needle)
        position, index = blob.find(needle), 0
        while position >= 0:
            if test is not None and not test(blob[position - 1 : position], blob[position + length : position + length + 1]):
                position = blob.find(needle, position + 1)
                continue
            while starts[index + 1] <= position:
                index += 1
            yield index
            position = blob.find(needle, starts[index + 1])


Test = Callable[[bytes, bytes], bool]

_WORD = frozenset(bytes([c]) for c in range(256) if chr(c).isalnum() or c == ord("_") or c > 127)
_QUOTES = (b"'", b'"')

_TESTS: dict[str, Test] = {
    "word": lambda before, after: before not in _WORD and after not in _WORD,
    "calls": lambda before, after: before not in _WORD and after in (b"(", b" "),
    "refs": lambda before, after: before not in _WORD and after not in _WORD and after != b"(",
    "stores": lambda before, after: before == b"." and after not in _WORD and after != b"(",
    "strings": lambda before, after: before in (*_QUOTES, b":") and after in _QUOTES,
}
