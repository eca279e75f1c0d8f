"""Brings a published release of an engine onto disk: fetched once, pinned by hash, never built or run."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contractlint.sources.archive import import_packages, sha256_of, unpack
from contractlint.sources.errors import BadArchive, SourceError, UnknownPackage

if TYPE_CHECKING:
    from contractlint.sources.simple_index import Link

_RECORD = "record.json"
_SOURCE = "source"
# Raise it when what is unpacked changes, so that old entries are unpacked anew.
_LAYOUT = 1
_ATTEMPTS = 5  # to put an entry in place while other runs do so, too

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Package:
    """An unpacked release. `packages` are its import packages, relative to `root`, which file names are relative to."""

    name: str
    version: str
    root: Path
    packages: tuple[str, ...]
    archive: str
    sha256: str


def fetch_package(spec: str, *, progress: Progress | None = None) -> Package:
    """Return the published source of `NAME==VERSION`: from the cache, else from the index that pip is set to use."""
    return _obtain(spec, "", progress)


def fetch_wheel(spec: str, *, progress: Progress | None = None) -> Path:
    """Return the published wheel of `NAME==VERSION`: from the cache, else from the index that pip is set to use."""
    package = _obtain(spec, "wheel", progress)
    return package.root.parent / package.archive


def _obtain(spec: str, kind: str, progress: Progress | None) -> Package:
    name, version = _parse(spec)
    home = cache_dir() / "packages"
    entry = home / f"{name}-{version}{kind and f'-{kind}'}"
    cached = _from_cache(entry, name, version)
    return cached if cached is not None else _fetch(home, entry, name, version, kind, progress)


def cache_dir() -> Path:
    """Where downloads and analysis facts are kept; `CONTRACTLINT_CACHE_DIR` overrides."""
    named = os.environ.get("CONTRACTLINT_CACHE_DIR")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("contractlint", appauthor=False)


def _parse(spec: str) -> tuple[str, str]:
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version

    name, separator, version = (part.strip() for part in spec.partition("=="))
    if not name or not separator or not version:
        raise SourceError(f"--package {spec}: name one published release, as in vllm==0.19.1")
    try:
        normal = canonicalize_name(name, validate=True)
    except ValueError:
        raise SourceError(f"--package {spec}: {name!r} is no package name") from None
    try:
        return normal, str(Version(version))
    except InvalidVersion:
        raise SourceError(
            f"--package {spec}: {version!r} is no version; name one release, as in vllm==0.19.1"
        ) from None


def _from_cache(entry: Path, name: str, version: str) -> Package | None:
    """The cached release when it is whole: the archive has the recorded hash and every file its recorded size."""
    try:
        record: dict[str, Any] = json.loads((entry / _RECORD).read_bytes())
        archive, digest, files = record["archive"], record["sha256"], record["files"]
        if record["layout"] != _LAYOUT or sha256_of(entry / archive) != digest:
            return None
        source = entry / _SOURCE
        base = str(source)
        if any(os.stat(os.path.join(base, file)).st_size != size for file, size in files.items()):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Package(name, version, source, import_packages(list(files)), archive, digest)


def _fetch(home: Path, entry: Path, name: str, version: str, kind: str, progress: Progress | None) -> Package:
    # A cached release needs none of the network's machinery.
    from contractlint.sources.pipconfig import index_settings
    from contractlint.sources.simple_index import IndexClient

    client = IndexClient(index_settings())
    links = client.links(name)
    link = _choose(links, name, version, kind)
    if link is None and kind and _choose(links, name, version, "") is not None:
        raise UnknownPackage(f"{name} {version} is published, but not as a {kind}")
    if link is None:
        raise UnknownPackage(_not_found(links, name, version))
    try:
        home.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{name}-{version}-", dir=home))
    except OSError as problem:
        raise SourceError(
            f"{home}: the cache cannot be written ({problem.strerror}); set CONTRACTLINT_CACHE_DIR"
        ) from None
    try:
        archive = work / link.filename
        report = progress or (lambda what, done, total: None)
        client.download(link, archive, lambda done, total: report(f"downloading {link.filename}", done, total))
        digest = sha256_of(archive)
        if link.sha256 and digest != link.sha256:
            raise BadArchive(f"{link.filename}: sha256 is {digest}, the index promises {link.sha256}; nothing was kept")
        report(f"unpacking {link.filename}", 0, 0)
        files = unpack(archive, work / _SOURCE)
        record = {"layout": _LAYOUT, "archive": link.filename, "sha256": digest, "files": files}
        (work / _RECORD).write_text(json.dumps(record, sort_keys=True), encoding="utf-8")
        _publish(work, entry, name, version)
    except OSError as problem:
        raise SourceError(
            f"{home}: the cache cannot be written ({problem.strerror}); set CONTRACTLINT_CACHE_DIR"
        ) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Package(name, version, entry / _SOURCE, import_packages(list(files)), link.filename, digest)


def _publish(work: Path, entry: Path, name: str, version: str) -> None:
    """Put a finished folder in place in one step. Of runs that do so at once any may win: all hold the same."""
    problem = OSError()
    for _ in range(_ATTEMPTS):
        try:
            os.rename(work, entry)
            return
        except OSError as found:
            problem = found
        if _from_cache(entry, name, version) is not None:
            return  # another run was faster
        # An older or broken entry is in the way: move it aside, never edit it under a run that reads it.
        aside = Path(tempfile.mkdtemp(prefix=".old-", dir=entry.parent))
        with suppress(OSError):
            os.rename(entry, aside / "entry")
        shutil.rmtree(aside, ignore_errors=True)
    raise problem


def _choose(links: list[Link], name: str, version: str, wanted: str) -> Link | None:
    """The file to take: a source archive unless a wheel is wanted; else the wheel most general, then smallest."""
    matching = [(link, kind) for link, found, kind in _releases(links, name) if found == version]
    sources = [link for link, kind in matching if kind == "sdist" and wanted != "wheel"]
    if sources:
        return min(sources, key=lambda link: (not link.filename.endswith(".tar.gz"), link.filename))
    wheels = [link for link, kind in matching if kind == "wheel"]

    def preference(link: Link) -> tuple[bool, bool, int, str]:
        name = link.filename
        return ("none-any" not in name, "x86_64" not in name or "linux" not in name, link.size, name)

    return min(wheels, key=preference, default=None)


def _releases(links: list[Link], name: str) -> Iterator[tuple[Link, str, str]]:
    """Each link that is a release of the project, with its version and kind."""
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    for link in links:
        try:
            if link.filename.endswith(".whl"):
                found, version, _, _ = parse_wheel_filename(link.filename)
                kind = "wheel"
            else:
                found, version = parse_sdist_filename(link.filename)
                kind = "sdist"
        except (InvalidSdistFilename, InvalidWheelFilename):
            continue
        if found == name:
            yield link, str(version), kind


def _not_found(links: list[Link], name: str, version: str) -> str:
    from packaging.version import Version

    known = sorted({Version(found) for _, found, _ in _releases(links, name)})
    if not known:
        return f"no package {name!r} in the configured package index: check the spelling, or pip's index settings"
    wanted = Version(version)
    below = [str(found) for found in known if found < wanted][-3:]
    above = [str(found) for found in known if found > wanted][:3]
    near = ", ".join(below + above)
    return f"{name} has no release {version}: the nearest are {near}; the newest is {known[-1]}"
