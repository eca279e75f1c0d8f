"""Where modules in the intermediate form come from: built from source, or loaded from the cache by content."""

from __future__ import annotations

import hashlib
import marshal
import mmap
import os
import shutil
import sys
import tempfile
import weakref
from pathlib import Path
from typing import IO

from contractlint import __version__
from contractlint.index.build import build_module
from contractlint.index.ir import FORMAT, ModuleIR, pack, unpack


class ModuleStore:
    """Builds modules, and keeps them in one cache file keyed by content when a folder is given.

    The cache is valid for one version of the tool and one of Python (`marshal` is tied to both). Only what a run asks for is
    read from it. `save` writes a whole new file, atomically; concurrent runs each write one, and the last one stays.
    """

    def __init__(self, folder: Path | None = None, scope: str = "") -> None:
        self._path: Path | None = None
        self._kept: _Kept | None = None
        self._used: dict[bytes, None] = {}
        self._new: dict[bytes, tuple[int, int]] = {}
        self._fresh: IO[bytes] | None = None
        self.built = 0
        if folder is not None:
            tag = f"{__version__}-{FORMAT}-{sys.implementation.cache_tag}-{scope}"
            self._path = folder / f"ir-{hashlib.sha256(tag.encode()).hexdigest()[:16]}.bin"
            self._kept = _Kept.open(self._path)

    def load(self, source: bytes, package: str) -> ModuleIR | str:
        """The module of a source text, or the reason why there is none."""
        if self._path is None:
            return self._build(source, package)
        key = hashlib.sha256(source + b"\0" + package.encode()).digest()
        packed = self._kept.read(key) if self._kept is not None else None
        if packed is not None:
            self._used[key] = None
            return packed
        module = self._build(source, package)
        if isinstance(module, ModuleIR):
            self._keep(key, marshal.dumps(pack(module)))
        return module

    def _build(self, source: bytes, package: str) -> ModuleIR | str:
        self.built += 1
        try:
            return build_module(source, package)
        except SyntaxError as error:
            return f"does not parse: {error.msg} (line {error.lineno})"
        except (ValueError, RecursionError, MemoryError) as error:
            return f"does not parse: {error}"

    def _keep(self, key: bytes, packed: bytes) -> None:
        """Put a new module aside. A folder that cannot be written costs only speed."""
        assert self._path is not None
        try:
            if self._fresh is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._fresh = tempfile.TemporaryFile(dir=self._path.parent)  # noqa: SIM115 - closed with the store
                weakref.finalize(self, self._fresh.close)
            if key not in self._new:
                self._new[key] = (self._fresh.tell(), len(packed))
                self._fresh.write(packed)
        except OSError:
            self._path = None

    def save(self) -> None:
        """Write what this run used, if it built anything new, and what else the cache held, if little is new."""
        if self._path is None or self._fresh is None:
            return
        keep = (
            set(self._kept.places) if self._kept is not None and len(self._new) < len(self._used) else set(self._used)
        )
        try:
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".ir-")
            with os.fdopen(handle, "wb") as out:
                self._fresh.seek(0)
                shutil.copyfileobj(self._fresh, out)
                places = dict(self._new)
                for key in sorted(keep - places.keys()):
                    packed = self._kept.raw(key) if self._kept is not None else None
                    if packed is not None:
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

    def raw(self, key: bytes) -> bytes | None:
        """The stored bytes of a module."""
        place = self.places.get(key)
        return None if place is None else self._data[place[0] : place[0] + place[1]]

    def read(self, key: bytes) -> ModuleIR | None:
        """A module; None when it is not there, or not whole."""
        packed = self.raw(key)
        try:
            return None if packed is None else unpack(marshal.loads(packed))
        except (ValueError, EOFError, TypeError, IndexError):
            return None


_MAGIC = b"contractlint-ir\n"
