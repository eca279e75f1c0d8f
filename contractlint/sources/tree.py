"""Which Python files belong to a tree, found through git where there is git and through the folder otherwise."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from contractlint.sources.errors import SourceError
from contractlint.sources.roots import import_root, work_tree

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# Never part of a project, whatever an ignore file says.
SKIPPED_FOLDERS = frozenset(
    {
        ".eggs",
        ".git",
        ".hg",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "node_modules",
        "site-packages",
        "venv",
    }
)
# Products of a build, but only at the top: packages may well have a module folder of that name.
SKIPPED_AT_TOP = frozenset({"build", "dist"})

TEST_FOLDERS = frozenset({"tests", "test", "testing", "benchmarks", "benchmark", "examples"})

# git takes these from the environment of a hook, where they speak of the commit under way and not of the work tree.
_GIT_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")


@dataclass(frozen=True, slots=True)
class Tree:
    """Python files under one root. Names are relative to the root, written with `/`, sorted."""

    root: Path
    files: tuple[str, ...]

    def path(self, name: str) -> Path:
        """Where a file of the tree lies."""
        return self.root / name

    def read(self, name: str) -> bytes:
        """Read one file of the tree."""
        with open(os.path.join(self.root, name), "rb") as file:
            return file.read()


def is_test_file(name: str) -> bool:
    """Say whether a file (relative to its root) is a test, a benchmark or an example rather than the product."""
    path = PurePosixPath(name)
    stem = path.name
    if stem == "conftest.py" or (stem.startswith("test_") and stem.endswith(".py")) or stem.endswith("_test.py"):
        return True
    return any(part in TEST_FOLDERS for part in path.parts[:-1])


def discover(paths: Sequence[Path], *, root: Path | None = None, exclude: Sequence[str] = ()) -> Tree:
    """Find the Python files in `paths`.

    Inside a git work tree these are the tracked files and the untracked ones that git does not ignore; elsewhere a walk
    that follows `.gitignore` files. `exclude` holds patterns in gitignore's syntax, relative to the root. Without
    `root`, it is the folder that the first path's modules are imported from.
    """
    for path in paths:
        if not path.exists():
            raise SourceError(f"{path}: no such file or folder")
        if path.is_file() and not _is_python(path):
            raise SourceError(f"{path}: not a Python file; give .py files or folders")
    base = (root if root is not None else import_root(paths[0])).resolve()
    names: set[str] = set()
    for path in paths:
        found = path.resolve()
        try:
            prefix = found.relative_to(base).as_posix()
        except ValueError:
            raise SourceError(f"{path}: lies outside the checked root {base}") from None
        if found.is_file():
            names.add(prefix)
        else:
            names.update(_folder(base, "" if prefix == "." else prefix))
    if exclude:
        excluded = _spec(exclude)
        names = {name for name in names if not excluded.match_file(name)}
    return Tree(base, tuple(sorted(names)))


def _is_python(path: Path) -> bool:
    if path.suffix == ".py":
        return True
    # Scripts need no suffix, and hooks are given them as Python files.
    with open(path, "rb") as file:
        start = file.readline(200)
    return not path.suffix and start.startswith(b"#!") and b"python" in start


def _folder(root: Path, prefix: str) -> Iterable[str]:
    folder = root / prefix
    if work_tree(folder) is not None:
        listed = _git_files(folder)
        if listed:
            return [f"{prefix}/{name}" if prefix else name for name in listed]
        # A folder that git ignores altogether (an installed package, say) was named on purpose.
    return _walk(str(root), prefix)


def _git_files(folder: Path) -> list[str]:
    """Python files below `folder`, relative to it, that git tracks or would; empty when git cannot say."""
    environment = {key: value for key, value in os.environ.items() if key not in _GIT_VARIABLES}
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", "*.py"]
    try:
        result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    base = str(folder)
    names = (os.fsdecode(raw) for raw in result.stdout.split(b"\0") if raw)
    # The index also lists files that the work tree no longer has.
    return [name for name in names if os.path.isfile(os.path.join(base, name))]


def _walk(root: str, prefix: str) -> Iterator[str]:
    """Yield the Python files below `root/prefix`, relative to `root`."""
    pending: list[tuple[str, tuple[_Ignore, ...]]] = [(prefix, _ignores_above(root, prefix))]
    while pending:
        folder, ignores = pending.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as entries:
                listing = list(entries)
        except OSError:
            continue
        if folder != prefix and any(entry.name == "pyvenv.cfg" for entry in listing):
            continue
        if any(entry.name == ".gitignore" and entry.is_file() for entry in listing):
            ignores = (*ignores, _read_ignore(root, folder))
        start = f"{folder}/" if folder else ""
        for entry in listing:
            name = entry.name
            if name.endswith(".py"):
                if entry.is_file() and not _ignored(ignores, start + name):
                    yield start + name
            elif entry.is_dir(follow_symlinks=False):
                if name in SKIPPED_FOLDERS or name.endswith(".egg-info") or (not folder and name in SKIPPED_AT_TOP):
                    continue
                if not _ignored(ignores, f"{start}{name}/"):
                    pending.append((start + name, ignores))


@dataclass(frozen=True, slots=True)
class _Ignore:
    """One ignore file: how much of a path its folder takes, and what it says of folders and of Python files."""

    start: int
    folders: GitIgnoreSpec
    files: GitIgnoreSpec | None


def _ignores_above(root: str, prefix: str) -> tuple[_Ignore, ...]:
    """The ignore files between the root and a folder below it; none when they ignore that folder: it was named."""
    ignores: tuple[_Ignore, ...] = ()
    parts = prefix.split("/") if prefix else []
    for depth in range(len(parts)):
        folder = "/".join(parts[:depth])
        if os.path.isfile(os.path.join(root, folder, ".gitignore")):
            ignores = (*ignores, _read_ignore(root, folder))
        if _ignored(ignores, f"{'/'.join(parts[: depth + 1])}/"):
            return ()
    return ignores


def _read_ignore(root: str, folder: str) -> _Ignore:
    with open(os.path.join(root, folder, ".gitignore"), encoding="utf-8", errors="replace") as file:
        lines = [line for line in file.read().splitlines() if line.strip() and not line.startswith("#")]
    # Matching is what a walk spends its time on; most patterns can never match a Python file.
    for_files = [line for line in lines if _may_match_python(line)]
    return _Ignore(len(folder) + 1 if folder else 0, _spec(lines), _spec(for_files) if for_files else None)


def _may_match_python(pattern: str) -> bool:
    """False when no file named `….py` can match: the literal text after the last wildcard decides."""
    pattern = pattern.rstrip()
    if pattern.endswith("/"):
        return False
    tail = re.split(r"[*?\]/]", pattern)[-1]
    return tail.endswith(".py") or (tail != pattern and ".py".endswith(tail))


def _ignored(ignores: tuple[_Ignore, ...], name: str) -> bool:
    # The ignore file nearest to the path that speaks of it decides, as in git.
    for ignore in reversed(ignores):
        spec = ignore.folders if name.endswith("/") else ignore.files
        verdict = spec.check_file(name[ignore.start :]).include if spec is not None else None
        if verdict is not None:
            return verdict
    return False


def _spec(lines: Iterable[str]) -> GitIgnoreSpec:
    # Most trees need no patterns, and the import costs more than the walk.
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)
