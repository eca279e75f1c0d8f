"""Which releases of the library a run judges against, and where that choice comes from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contractlint.cli.errors import Stop
from contractlint.config import Config
from contractlint.model.finding import Target
from contractlint.sources import project_root

if TYPE_CHECKING:
    from contractlint.catalog import Catalog

LIBRARY = "flashinfer-python"
ANY_RELEASE = "*"


def choose_targets(releases: Sequence[str], config: Config, top: Path, catalog: Catalog) -> list[Target]:
    """The releases of the command line, else of the settings, else the project's pin, else what is installed here.

    Kernels of contracts that have no releases are judged beside them, and alone where there is no such release.
    """
    own = [Target(library, ANY_RELEASE, "contracts") for library in catalog.unversioned]
    if releases:
        wanted = [named_target(text) for text in releases]
    elif config.release:
        place = f"{_relative(config.file)}:{config.release_line}" if config.file else ""
        wanted = [named_target(text, place) for text in config.release]
    else:
        found = _pinned(top, catalog) or _installed()
        if found is None and not own:
            raise Stop(
                f"{top}: no requirement on {LIBRARY} found and none is installed here: name the release with --release"
            )
        wanted = [found] if found is not None else []
    for target in wanted:
        verify(target, catalog)
    named = {target.library for target in wanted}
    return [*dict.fromkeys(wanted), *(target for target in own if target.library not in named)]


def named_target(text: str, place: str = "") -> Target:
    """The target that a text like `0.6.7` or `NAME==0.6.7` names."""
    from packaging.version import InvalidVersion, Version

    library, separator, release = text.rpartition("==")
    try:
        return Target(library.strip() if separator else LIBRARY, str(Version(release)), "option", place)
    except InvalidVersion:
        where = place or "--release"
        raise Stop(f"{where}: {text!r} is no release; write 0.6.7, or NAME==VERSION for another library") from None


def _pinned(top: Path, catalog: Catalog) -> Target | None:
    from packaging.specifiers import SpecifierSet

    from contractlint.sources.pins import find_pins

    for folder in (top, *top.parents):
        pins = find_pins(folder, LIBRARY)
        if pins:
            pin = pins[0]
            place = os.path.relpath(folder / str(pin.place), top)
            known = [str(release) for release in catalog.releases(LIBRARY)]
            allowed = list(SpecifierSet(pin.specifier).filter(known)) if not pin.release else []
            release = pin.release or (allowed[-1] if allowed else "")
            if not release:
                text = f"{LIBRARY}{pin.specifier}" if pin.specifier else f"{LIBRARY} without a version"
                raise Stop(f"{pin.place}: {text} names no release that contracts cover; name one with --release")
            return Target(LIBRARY, release, "pin", Path(place).as_posix())
        if folder == project_root(top):
            break
    return None


def _installed() -> Target | None:
    from importlib import metadata

    try:
        return Target(LIBRARY, metadata.version(LIBRARY), "installed")
    except metadata.PackageNotFoundError:
        return None


def verify(target: Target, catalog: Catalog) -> None:
    """Stop when no contract covers a target."""
    from contractlint.catalog import UnknownLibrary, UnknownRelease

    try:
        catalog.at(target.library, target.release)
    except (UnknownLibrary, UnknownRelease) as problem:
        text = str(problem).rstrip(".")
        hint = "" if target.origin == "option" else "; name a covered release with --release"
        raise Stop(f"{_origin(target)}: {text[:1].lower()}{text[1:]}{hint}") from None


def _origin(target: Target) -> str:
    if target.place:
        return target.place
    return "--release" if target.origin == "option" else "the installed release"


def _relative(file: Path) -> str:
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(file)
