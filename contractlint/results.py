"""Reports of earlier runs, kept by everything that decides them: the files, the contracts, the targets and the tool itself."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contractlint import __version__
from contractlint.catalog.cache import write
from contractlint.model.finding import Report, Target

if TYPE_CHECKING:
    from contractlint.sources import Tree

KEPT = 24


def digests_of(tree: Tree, mark: bytes) -> tuple[list[bytes], tuple[str, ...]]:
    """A digest of every file, and which files hold a mark.

    Every file is read: a time stamp is no proof that nothing changed.
    """
    out: list[bytes] = []
    marked: list[str] = []
    for name in tree.files:
        try:
            data = tree.read(name)
        except OSError as error:
            data = repr(error).encode()
        else:
            if mark in data:
                marked.append(name)
        out.append(hashlib.sha256(data).digest())
    return out, tuple(marked)


def settings_of(contracts: str, targets: Sequence[Target], options: Sequence[object]) -> str:
    """One name for all that decides an outcome beside the files."""
    parts = (__version__, _tool(), sys.implementation.cache_tag, contracts, *map(repr, targets), *map(repr, options))
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def key_of(settings: str, files: Sequence[str], digests: Sequence[bytes]) -> str:
    """One name for a run's input."""
    digest = hashlib.sha256(settings.encode())
    for name, content in zip(files, digests, strict=True):
        digest.update(f"{name}\0".encode() + content)
    return digest.hexdigest()


def _tool() -> str:
    """The state of the tool's own files, so that a development checkout never answers for an older self."""
    root = Path(__file__).parent
    entries: list[str] = []
    for folder, _, files in sorted(os.walk(root)):
        for file in sorted(files):
            if file.endswith(".py"):
                status = os.stat(os.path.join(folder, file))
                entries.append(f"{folder}/{file}:{status.st_size}:{status.st_mtime_ns}")
    return hashlib.sha256("\n".join(entries).encode()).hexdigest()


def kept(folder: Path, key: str) -> Report | None:
    """The report kept under a key. A cache that cannot be read costs only time."""
    path = _path(folder, key)
    try:
        found = pickle.loads(path.read_bytes())
        os.utime(path)
    except (OSError, pickle.PickleError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError):
        return None
    return found if isinstance(found, Report) else None


def keep(folder: Path, key: str, report: Report) -> None:
    """Keep a report, and the newest others."""
    write(_path(folder, key), pickle.dumps(report, protocol=5), keep=KEPT)


def _path(folder: Path, key: str) -> Path:
    return folder / f"report-{key[:32]}.bin"
