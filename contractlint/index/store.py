"""Where modules come from: their text, and what earlier runs parsed of it, kept by content."""

from __future__ import annotations

import hashlib
import marshal
import mmap
import os
import sys
import tempfile
from pathlib import Path

from contractlint import __version__
from contractlint.index.ir import FORMAT
from contractlint.index.module import ModuleIR


class ModuleStore:
    """Makes modules, and keeps what was parsed of them in one cache file keyed by content when a folder is given.

    The cache is valid for one version of the tool and one of Python (`marshal` is tied to both). Only what a run asks for is
    read from it. `save` writes a whole new file, atomically; concurrent runs each write one, and the last one stays.
    """

    def __init__(self, folder: Path | None = None, scope: str = "") -> None:
        self._path: Path | None = None
        self._kept: _Kept | None = None
        self._loaded: dict[bytes, ModuleIR] = {}
        if folder is not None:
            tag = f"{__version__}-{FORMAT}-{sys.implementation.cache_tag}-{scope}"
            self._path = folder / f"ir-{hashlib.sha256(tag.encode()).hexdigest()[:16]}.bin"
            self._kept = _Kept.open(self._path)

    @property
    def built(self) -> int:
        """In how many modules something was parsed that the cache did not hold."""
        return sum(module.grown for module in self._loaded.values())

    def load(self, source: bytes, package: str) -> ModuleIR:
        """The module of a source text."""
        module = ModuleIR(source, package)
        if self._path is not None:
            key = hashlib.sha256(source + b"\0" + package.encode()).digest()
            if self._kept is not None:
                self._kept.fill(key, module)
            self._loaded[key] = module
        return module

    def save(self) -> None:
        """Write what this run used, if it parsed anything new, and what else the cache held, if little is new.

        A folder that cannot be written costs only speed.
        """
        new = [key for key, module in self._loaded.items() if module.grown and not module.trouble]
        if self._path is None or not new:
            return
        held = set(self._kept.places) if self._kept is not None else set[bytes]()
        keep = held if 2 * len(new) < len(self._loaded) else held & self._loaded.keys()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".ir-")
            with os.fdopen(handle, "wb") as out:
                fresh = set(new)
                places: dict[bytes, tuple[int, int]] = {}
                for key in (*new, *sorted(keep - fresh)):
                    packed = marshal.dumps(self._loaded[key].pack()) if key in fresh else self._kept.raw(key)  # type: ignore[union-attr]
                    places[key] = (out.tell(), len(packed))
                    out.write(packed)
                index = marshal.dumps(places)
                out.write(index + len(index).to_bytes(8, "little") + _MAGIC)
            os.replace(temporary, self._path)
        except OSError:
            return


class _Kept:
    """A cache file: modules one after the other, the index of their places, its length, and a mark that it is whole."""

    def __init__(self, data: mmap.mmap, places: dict[bytes, tuple[int, int]]) -> None:
        self._data, self.places = data, places

    @classmethod
    def open(cls, path: Path) -> _Kept | None:
        """Open a cache file; an absent, torn or foreign one is none."""
        try:
            with path.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            end = len(data) - 8 - len(_MAGIC)
            if end < 0 or data[end + 8 :] != _MAGIC:
                return None
            size = int.from_bytes(data[end : end + 8], "little")
            places = marshal.loads(data[max(end - size, 0) : end])
        except (OSError, ValueError, EOFError, TypeError):
            return None
        return cls(data, places) if isinstance(places, dict) else None

    def raw(self, key: bytes) -> bytes:
        """The stored bytes of a module."""
        at, size = self.places[key]
        return self._data[at : at + size]

    def fill(self, key: bytes, module: ModuleIR) -> None:
        """Give a module what is kept of it; nothing when it is not there, or not whole."""
        if key in self.places:
            try:
                module.fill(marshal.loads(self.raw(key)))
            except (ValueError, EOFError, TypeError, IndexError, AttributeError):
                return


_MAGIC = b"contractlint-ir\n"
