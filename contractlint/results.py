"""Reports of earlier runs, kept by everything that decides them: the files, the contracts, the targets and the tool itself."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contractlint import __version__
from contractlint.model.finding import Report, Target

if TYPE_CHECKING:
    from contractlint.sources import Tree

KEPT = 24


def key_of(tree: Tree, contracts: str, targets: Sequence[Target], options: Sequence[object]) -> str:
    """One name for a run's input. Every file is read: a time stamp is no proof that nothing changed."""
    digest = hashlib.sha256()
    for part in (
        __version__,
        _tool(),
        sys.implementation.cache_tag,
        contracts,
        *map(repr, targets),
        *map(repr, options),
    ):
        digest.update(f"{part}\0".encode())
    for name in tree.files:
        digest.update(f"{name}\0".encode())
        try:
            data = tree.read(name)
        except OSError as error:
            data = repr(error).encode()
        digest.update(hashlib.sha256(data).digest())
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


def remembered(folder: Path, key: str, compute: Callable[[], Report]) -> Report:
    """The report kept under a key, or a new one, which is kept. A cache that cannot be read or written costs only time."""
    path = folder / f"report-{key[:32]}.bin"
    try:
        found = pickle.loads(path.read_bytes())
        if isinstance(found, Report):
            os.utime(path)
            return found
    except (OSError, pickle.PickleError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError):
        pass
    report = compute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".report-")
        with os.fdopen(handle, "wb") as out:
            pickle.dump(report, out, protocol=5)
        os.replace(temporary, path)
        _prune(folder)
    except OSError:
        pass
    return report


def _prune(folder: Path) -> None:
    """Keep the newest reports only."""
    reports = sorted(folder.glob("report-*.bin"), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in reports[KEPT:]:
        path.unlink(missing_ok=True)
