"""Which folder a path belongs to: the one that its modules are imported from, its git work tree, its project."""

from __future__ import annotations

from pathlib import Path

PROJECT_MARKERS = ("contractlint.toml", "pyproject.toml", "setup.py", "setup.cfg", "PKG-INFO")


def import_root(path: Path) -> Path:
    """The folder whose children a program imports by name: the nearest ancestor that is no package itself.

    `engine/vllm/model_executor` belongs to `engine`; a folder without `__init__.py` is its own root.
    """
    path = path.resolve()
    folder = path.parent if path.is_file() else path
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        folder = folder.parent
    return folder


def work_tree(path: Path) -> Path | None:
    """The git work tree that holds a path, or None."""
    path = path.resolve()
    for folder in (path, *path.parents):
        if (folder / ".git").exists():
            return folder
    return None


def project_root(path: Path) -> Path:
    """The project of a path: its git work tree, else the nearest folder with a project file, else its import root."""
    top = work_tree(path)
    if top is not None:
        return top
    path = path.resolve()
    start = path.parent if path.is_file() else path
    for folder in (start, *start.parents):
        if any((folder / marker).is_file() for marker in PROJECT_MARKERS):
            return folder
    return import_root(path)


def nearest_up(path: Path, names: tuple[str, ...]) -> Path | None:
    """The first of `names` found in the path's folder or one above it, not leaving the git work tree."""
    path = path.resolve()
    start = path.parent if path.is_file() else path
    stop = work_tree(start)
    for folder in (start, *start.parents):
        for name in names:
            if (folder / name).is_file():
                return folder / name
        if folder == stop:
            break
    return None
