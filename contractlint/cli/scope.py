"""What a run looks at: the tree, the files that were asked for, the settings that hold there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contractlint.cli.errors import Stop
from contractlint.cli.progress import Progress
from contractlint.config import Config, ConfigErrors, load_config
from contractlint.sources import SourceError, Tree, discover, import_root, project_root


@dataclass(frozen=True, slots=True)
class Scope:
    """A tree to judge. `focus` names the files that findings must touch; empty: all."""

    tree: Tree
    config: Config
    focus: frozenset[str] = frozenset()
    subject: str = ""
    package: bool = False

    @property
    def prefix(self) -> str:
        """What makes file names of the tree hold from the working directory."""
        # A fetched release lies deep in the cache; its own names say more than the way there.
        return "" if self.package else _prefix(self.tree.root, Path.cwd())

    @property
    def inside(self) -> str:
        """The working directory relative to the root, where it lies below."""
        try:
            below = Path.cwd().relative_to(self.tree.root).as_posix()
        except ValueError:
            return ""
        return "" if self.package or below == "." else f"{below}/"


def gather(paths: Sequence[str], package: str | None, progress: Progress, exclude: Sequence[str] = ()) -> Scope:
    """Find what the arguments of a command ask for.

    Folders are judged as they are. Files, as a pre-commit hook passes them, are judged as parts of their whole project:
    a call in another file may receive what they produce.
    """
    try:
        if package is not None:
            return _published(package, paths, progress, exclude)
        return _local([Path(path) for path in paths or ["."]], exclude)
    except SourceError as problem:
        raise Stop(str(problem)) from None
    except ConfigErrors as problem:
        raise Stop("\n".join(str(entry) for entry in problem.problems)) from None


def _published(package: str, paths: Sequence[str], progress: Progress, exclude: Sequence[str]) -> Scope:
    from contractlint.sources.package import fetch_package

    if paths:
        raise Stop(f"--package {package} and {paths[0]}: give a published release or paths, not both")
    config = load_config(Path.cwd())
    found = fetch_package(package, progress=progress)
    if not found.packages:
        raise Stop(f"{found.archive}: holds no import package, so there is nothing to judge")
    folders = [found.root / name for name in found.packages]
    tree = discover(folders, root=found.root, exclude=[*exclude])
    return Scope(tree, config, subject=f"{found.name} {found.version}", package=True)


def _local(paths: list[Path], exclude: Sequence[str]) -> Scope:
    for path in paths:
        if not path.exists():
            raise Stop(f"{path}: no such file or folder")
    config = load_config(paths[0])
    patterns = [*config.exclude, *exclude]
    files = [path for path in paths if path.is_file()]
    if not files:
        roots = [import_root(path) for path in paths]
        root = Path(os.path.commonpath(roots))
        tree = discover(paths, root=root, exclude=patterns)
        if not tree.files:
            raise Stop(f"{', '.join(map(str, paths))}: no Python file there that git or the settings do not exclude")
        return Scope(tree, config)
    root = project_root(files[0])
    tree = discover([root, *paths], root=root, exclude=patterns)
    focus = discover(paths, root=root, exclude=patterns).files
    # Every file that was asked for may be excluded by the settings; then nothing is in focus, not everything.
    return Scope(tree, config, focus=frozenset(focus or ("",)))


def _prefix(root: Path, here: Path) -> str:
    if root == here:
        return ""
    try:
        relative = os.path.relpath(root, here)
    except ValueError:
        # Another drive.
        return f"{root.as_posix()}/"
    shorter = relative if len(relative) <= len(str(root)) else str(root)
    return f"{Path(shorter).as_posix()}/"
