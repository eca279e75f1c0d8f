"""Where modules in the intermediate form come from: built from source, or loaded from the cache by content."""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
import tempfile
from pathlib import Path

from contractlint import __version__
from contractlint.index.build import build_module
from contractlint.index.ir import FORMAT, ModuleIR, pack, unpack


class ModuleStore:
    """Builds modules, and keeps them in one cache file keyed by content when a folder is given.

    The cache is valid for one version of the tool and one of Python (`marshal` is tied to both). It is read once, written
    once by `save`, atomically; concurrent runs each write a whole file, and the last one stays.
    """

    def __init__(self, folder: Path | None = None, scope: str = "") -> None:
        self._path: Path | None = None
        self._cached: dict[bytes, bytes] = {}
        self._used: dict[bytes, bytes] = {}
        self._new = 0
        self.built = 0
        if folder is not None:
            tag = f"{__version__}-{FORMAT}-{sys.implementation.cache_tag}-{scope}"
            self._path = folder / f"ir-{hashlib.sha256(tag.encode()).hexdigest()[:16]}.bin"
            self._cached = _read(self._path)

    def load(self, source: bytes, package: str) -> ModuleIR | str:
        """The module of a source text, or the reason why there is none."""
        if self._path is None:
            return self._build(source, package)
        key = hashlib.sha256(source + b"\0" + package.encode()).digest()
        packed = self._cached.get(key) or self._used.get(key)
        if packed is not None:
            self._used[key] = packed
            return unpack(marshal.loads(packed))
        module = self._build(source, package)
        if isinstance(module, ModuleIR):
            self._used[key] = marshal.dumps(pack(module))
            self._new += 1
        return module

    def _build(self, source: bytes, package: str) -> ModuleIR | str:
        self.built += 1
        try:
            return build_module(source, package)
        except SyntaxError as error:
            return f"does not parse: {error.msg} (line {error.lineno})"
        except (ValueError, RecursionError, MemoryError) as error:
            return f"does not parse: {error}"

    def save(self) -> None:
        """Write what this run used, if it built anything new. A folder that cannot be written costs only speed."""
        if self._path is None or not self._new:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".ir-")
            with os.fdopen(handle, "wb") as out:
                marshal.dump({**self._cached, **self._used} if self._new < len(self._used) else self._used, out)
            os.replace(temporary, self._path)
        except OSError:
            return


def _read(path: Path) -> dict[bytes, bytes]:
    """The cache's content; an absent, torn or foreign file is an empty cache."""
    try:
        data = marshal.loads(path.read_bytes())
    except (OSError, ValueError, EOFError, TypeError):
        return {}
    return data if isinstance(data, dict) else {}
