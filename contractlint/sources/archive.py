"""Unpacks what a check needs from a published archive. Nothing in the archive is ever run."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from contractlint.sources.errors import BadArchive

# Top-level folders of an archive that hold no product code.
NOT_PACKAGES = frozenset(
    {"benchmark", "benchmarks", "ci", "cmake", "csrc", "doc", "docs", "example", "examples", "recipes"}
    | {"script", "scripts", "test", "testing", "tests", "tools"}
)
_METADATA = frozenset({"METADATA", "PKG-INFO", "pyproject.toml", "requires.txt", "setup.cfg", "top_level.txt"})
# Far above any source file; a member that claims more is not source.
_LARGEST = 64 << 20


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def unpack(archive: Path, target: Path) -> dict[str, int]:
    """Write the Python, requirement and metadata files of an archive below `target`; return their names and sizes.

    The single folder that a source archive wraps everything in is stripped. Members that would leave `target`, links
    and devices are never written.
    """
    written: dict[str, int] = {}
    folders: set[str] = set()
    try:
        members = _zip_members(archive) if archive.suffix in (".whl", ".zip") else _tar_members(archive)
        for name, data in members:
            place = os.path.join(target, *name.split("/"))
            folder = os.path.dirname(place)
            if folder not in folders:
                os.makedirs(folder, exist_ok=True)
                folders.add(folder)
            with open(place, "wb") as file:
                file.write(data)
            written[name] = len(data)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as problem:
        raise BadArchive(f"{archive.name} cannot be unpacked: {problem}") from None
    if not written:
        raise BadArchive(f"{archive.name} holds no Python source")
    return written


def _tar_members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive, "r|*") as bundle:
        for member in bundle:
            if not member.isfile() or member.size > _LARGEST:
                continue
            name = _wanted(member.name, wrapped=True)
            file = bundle.extractfile(member) if name else None
            if name and file is not None:
                yield name, file.read()


def _zip_members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as bundle:
        for member in bundle.infolist():
            if member.is_dir() or member.file_size > _LARGEST:
                continue
            name = _wanted(member.filename, wrapped=archive.suffix == ".zip")
            if name:
                yield name, bundle.read(member)


def _wanted(name: str, *, wrapped: bool) -> str:
    """The name to unpack a member under; empty for what is not needed or not safe."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        return ""
    parts = path.parts[1:] if wrapped else path.parts
    if not parts or (len(parts) > 1 and parts[0] in NOT_PACKAGES):
        return ""
    last = parts[-1]
    depth = len(parts)
    keep = (
        last.endswith(".py")
        or (last in _METADATA and depth <= 2)
        or (last.endswith(".txt") and ("requirement" in last or (depth == 2 and parts[0] == "requirements")))
        or (last.startswith("Dockerfile") and depth <= 2)
    )
    return "/".join(parts) if keep else ""


def import_packages(names: list[str]) -> tuple[str, ...]:
    """The import packages among unpacked files, as folders (`vllm`, `src/thing`); modules at the top as files.

    Packages stand at the top, or under `src/` or `python/`. Tests, tools, documentation and examples do not count.
    """
    found = _packages_under(names, "")
    for prefix in ("src/", "python/"):
        found |= _packages_under(names, prefix)
    if not found:
        # Namespace packages have no `__init__.py`; single-module projects have no folder.
        tops = {name.split("/")[0] for name in names if name.endswith(".py")}
        found = {top for top in tops if top not in NOT_PACKAGES and top not in ("setup.py", "conftest.py")}
    return tuple(sorted(found))


def _packages_under(names: list[str], prefix: str) -> set[str]:
    found = set()
    for name in names:
        if name.startswith(prefix):
            first, _, rest = name[len(prefix) :].partition("/")
            if rest == "__init__.py" and first not in NOT_PACKAGES:
                found.add(prefix + first)
    return found
