"""Compiled contracts on disk, keyed by their content, so that a run does not parse them again.

Nothing here may fail a run: a cache that is absent, unreadable, corrupt or read-only only costs time.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import contractlint

_MAGIC = b"contractlint catalog 1\n"
_KEEP = 8  # compiled catalogs that may lie in the folder; the oldest go first


def default_folder() -> Path:
    """Return the user's cache folder; CONTRACTLINT_CACHE_DIR overrides it."""
    named = os.environ.get("CONTRACTLINT_CACHE_DIR")
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "contractlint"


def key_of(files: Iterable[tuple[str, bytes]]) -> str:
    """Return the key of a set of contract files: names, contents, this program and this Python."""
    digest = hashlib.sha256()
    digest.update(f"{contractlint.__version__} {sys.version_info[:2]} {marshal.version}".encode())
    # While this program is being worked on its version stands still, so its own files count too.
    for module in sorted(Path(__file__).parent.glob("*.py")):
        status = module.stat()
        digest.update(f"{module.name} {status.st_size} {status.st_mtime_ns}".encode())
    for name, content in files:
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def load(key: str, folder: Path | None = None) -> Any | None:
    """Return what was stored under a key, or None."""
    try:
        content = _path(key, folder).read_bytes()
    except OSError:
        return None
    body = content[len(_MAGIC) + 32 :]
    if not content.startswith(_MAGIC) or content[len(_MAGIC) : len(_MAGIC) + 32] != hashlib.sha256(body).digest():
        return None
    try:
        return marshal.loads(body)
    except (ValueError, EOFError, TypeError):
        return None


def store(key: str, value: Any, folder: Path | None = None) -> None:
    """Store a value; another process sees the whole of it or nothing."""
    body = marshal.dumps(value)
    write(_path(key, folder), _MAGIC + hashlib.sha256(body).digest() + body, keep=_KEEP)


def write(path: Path, data: bytes, keep: int) -> None:
    """Write a cache file (`kind-name.bin`) as a whole or not at all, and keep only the newest of its kind.

    A folder that cannot be written costs only time.
    """
    import tempfile

    kind, temporary = path.name.partition("-")[0], ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{kind}-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
        found = sorted(path.parent.glob(f"{kind}-*.bin"), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in found[keep:]:
            old.unlink(missing_ok=True)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _path(key: str, folder: Path | None) -> Path:
    return (folder or default_folder()) / f"catalog-{key}.bin"
