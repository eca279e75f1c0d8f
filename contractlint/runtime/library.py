"""The installed release of a library under contract, and the contracts that come nearest to it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contractlint.catalog import Catalog, ReleaseView


@dataclass(frozen=True, slots=True)
class Installed:
    """A library as it is installed. `known_as` is the release whose contracts are used, where that is another one."""

    library: str
    package: str
    release: str
    view: ReleaseView
    known_as: str = ""
    versioned: bool = True

    @property
    def spoken(self) -> str:
        return f"{self.package} {self.release}".strip()


def open_catalog(folders: tuple[str, ...]) -> Catalog:
    """The shipped contracts and those in the given folders."""
    from contractlint.catalog import load_catalog

    return load_catalog([Path(folder) for folder in folders])


def shipped_packages() -> frozenset[str]:
    """The packages that shipped contracts speak of: each has a folder. Cheap, for processes that may need none."""
    from contractlint.catalog.loader import shipped_folder

    try:
        return frozenset(entry.name for entry in os.scandir(shipped_folder()) if entry.is_dir())
    except OSError:
        return frozenset()


def installed(catalog: Catalog, library: str) -> Installed | None:
    """The installed release of a library, None when it is not imported."""
    from contractlint.catalog import UnknownRelease
    from contractlint.catalog.ranges import UNVERSIONED

    package = catalog.package(library)
    module = sys.modules.get(package)
    if module is None:
        return None
    releases = catalog.releases(library)
    if releases == (UNVERSIONED,):
        return Installed(library, package, "", catalog.at(library, ""), versioned=False)
    release = str(getattr(module, "__version__", "") or _distribution(library) or releases[-1])
    try:
        return Installed(library, package, release, catalog.at(library, release))
    except UnknownRelease:
        near = nearest(release, releases)
        return Installed(library, package, release, catalog.at(library, near), near)


def nearest(release: str, releases: tuple[str, ...]) -> str:
    """The newest known release that is not newer than `release`, else the oldest."""
    from packaging.version import InvalidVersion, Version

    try:
        wanted = Version(release)
    except InvalidVersion:
        return releases[-1]
    older = [known for known in releases if Version(known) <= wanted]
    return older[-1] if older else releases[0]


def folder_of(package: str) -> str:
    """The folder of an imported package."""
    module = sys.modules.get(package)
    file = getattr(module, "__file__", None)
    return os.path.dirname(os.path.abspath(file)) if file and os.path.isfile(file) else ""


def _distribution(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""
