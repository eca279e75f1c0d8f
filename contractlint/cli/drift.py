"""`contractlint contracts diff | drift | new | schema`: how a library moves, and whether contracts keep up with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contractlint.cli.errors import Stop
from contractlint.cli.judge import open_catalog
from contractlint.cli.options import contracts_option
from contractlint.cli.progress import Progress
from contractlint.report.view import plural

if TYPE_CHECKING:
    from contractlint.catalog import Catalog
    from contractlint.drift.wheel import Wheel

format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Text for people, or JSON."
)


@click.command("diff")
@click.argument("before", metavar="RELEASE1")
@click.argument("after", metavar="RELEASE2")
@click.option("--only", metavar="TEXT", default="", help="Only entry points whose name holds TEXT.")
@click.option("--all", "everything", is_flag=True, help="Every name, also where only the number matters.")
@format_option
@contracts_option
def diff(before: str, after: str, only: str, everything: bool, form: str, contracts: tuple[str, ...]) -> int:
    """Show what changes for callers between two releases: signatures, requirements, enums.

    What nothing else will tell you comes first. Exit code 0, whatever changed.
    """
    from contractlint.drift.diff import diff as changes_between
    from contractlint.drift.render import as_data, change_lines

    catalog = open_catalog([Path(folder) for folder in contracts])
    library, first = _release(before, catalog)
    other, second = _release(after, catalog)
    if library != other:
        raise Stop(f"{before} and {after} are releases of two libraries")
    changes = changes_between(catalog, library, first, second, only)
    if form == "json":
        _echo_json({"schema": 1, "library": library, "from": first, "to": second, "changes": as_data(changes)})
        return 0
    click.echo(f"{library} {first} → {second}: {plural(len(changes), 'change')} for callers")
    for line in change_lines(changes, everything=everything):
        click.echo(line)
    return 0


@click.command("drift")
@click.option("--release", "releases", multiple=True, metavar="RELEASE", help="A published release; fetched once.")
@click.option("--known", is_flag=True, help="Every release that the contracts know.")
@click.option("--wheel", "wheels", multiple=True, metavar="PATH", help="A wheel, or a folder in which one is unpacked.")
@click.option("--installed", is_flag=True, help="The release that is installed here; it is not imported.")
@click.option("--against", metavar="OLD", help="Also rank what changed since this release or wheel, for a human.")
@click.option("--all", "everything", is_flag=True, help="Every name and the whole of every text.")
@format_option
@contracts_option
def drift(
    releases: tuple[str, ...],
    known: bool,
    wheels: tuple[str, ...],
    installed: bool,
    against: str | None,
    everything: bool,
    form: str,
    contracts: tuple[str, ...],
) -> int:
    """Compare contracts with the sources of the library, without importing it.

    Signatures and enums agree, cited evidence says what it said, and every entry point that should have a contract has
    one, or a reason why not. A release newer than the contracts is held against the newest that they know.

    With --against, leads on what contracts cannot show: dtype arguments that C++ functions no longer use, checks that
    are gone or admit more, cited lines and documented dtypes that changed. Leads do not count for the exit code.

    Exit code 1 on any difference, 2 when it could not be told.
    """
    from contractlint.drift.compare import compare
    from contractlint.drift.gate import leads
    from contractlint.drift.render import drift_data, drift_lines, lead_data, lead_lines
    from contractlint.drift.wheel import WheelError

    catalog = open_catalog([Path(folder) for folder in contracts])
    found = []
    gates = []
    try:
        with Progress() as progress:
            old = _named(catalog, against, progress) if against else None
            named = [*releases, *(_known(catalog) if known else ())]
            for wheel in _wheels(catalog, named, wheels, installed, progress):
                progress(f"reading {wheel.release}", 0, 0)
                found.append(compare(catalog, wheel))
                if old is not None and old.library == wheel.library:
                    gates.append((old.release, wheel.release, leads(catalog, old, wheel)))
    except WheelError as problem:
        raise Stop(str(problem)) from None
    if form == "json":
        data = [{"from": before, "to": after, "leads": lead_data(ranked)} for before, after, ranked in gates]
        _echo_json({"schema": 1, "releases": [drift_data(one) for one in found], "gates": data})
    else:
        for line in drift_lines(found, everything=everything):
            click.echo(line)
        for before, after, ranked in gates:
            click.echo()
            for line in lead_lines(ranked, before, after, everything=everything):
                click.echo(line)
    return 1 if any(one.differences for one in found) else 0


@click.command("new")
@click.argument("entry_point", metavar="ENTRY_POINT")
@click.option("--release", metavar="RELEASE", help="The published release to draft from; fetched once.")
@click.option("--wheel", "path", metavar="PATH", help="A wheel, or a folder in which one is unpacked.")
@contracts_option
def new(entry_point: str, release: str | None, path: str | None, contracts: tuple[str, ...]) -> int:
    """Draft a contract file for ENTRY_POINT and print it. The last part of its name will do.

    Clauses come from checks in Python and C++ sources and from the docstring. Each is marked to_be_reviewed, and does
    not load before somebody has compared it with the code.
    """
    from contractlint.drift.draft import draft, find
    from contractlint.drift.wheel import WheelError

    if (release is None) == (path is None):
        raise Stop("name what to draft from: --release RELEASE or --wheel PATH")
    catalog = open_catalog([Path(folder) for folder in contracts])
    try:
        with Progress() as progress:
            wheel = _at(catalog, Path(path)) if path else _published(catalog, str(release), progress)
            progress(f"reading {wheel.release}", 0, 0)
            found = find(wheel, entry_point)
            if not found:
                raise Stop(f"{wheel.library} {wheel.release} has no public function or method {entry_point!r}")
            if len(found) > 1:
                names = ", ".join(sorted(min(entry.names, key=len) for entry in found))
                raise Stop(f"{entry_point!r} names several entry points; write one of {names}")
            text = draft(catalog, wheel, found[0])
    except WheelError as problem:
        raise Stop(str(problem)) from None
    click.echo(text, nl=False)
    return 0


@click.command("schema")
def schema() -> int:
    """Print the JSON Schema of contract files. In a file, `#:schema ../schema.json` tells editors to use it."""
    from contractlint.drift.json_schema import schema_text

    click.echo(schema_text(), nl=False)
    return 0


def _wheels(
    catalog: Catalog, releases: Sequence[str], paths: Sequence[str], installed: bool, progress: Progress
) -> Iterator[Wheel]:
    if not (releases or paths or installed):
        raise Stop("name what to compare with: --release RELEASE, --known, --wheel PATH or --installed")
    for text in releases:
        yield _published(catalog, text, progress)
    for path in paths:
        yield _at(catalog, Path(path))
    if installed:
        yield _installed(catalog)


def _named(catalog: Catalog, text: str, progress: Progress) -> Wheel:
    """The wheel that a path or a release names."""
    return _at(catalog, Path(text)) if Path(text).exists() else _published(catalog, text, progress)


def _published(catalog: Catalog, text: str, progress: Progress) -> Wheel:
    from contractlint.cli.targets import named_target
    from contractlint.drift.wheel import Wheel
    from contractlint.sources import SourceError
    from contractlint.sources.package import fetch_wheel

    target = named_target(text)
    package = _package(catalog, target.library)
    try:
        path = fetch_wheel(f"{target.library}=={target.release}", progress=progress)
    except SourceError as problem:
        raise Stop(str(problem)) from None
    return Wheel(path, target.library, package, target.release)


def _package(catalog: Catalog, library: str) -> str:
    from contractlint.catalog import UnknownLibrary

    try:
        return catalog.package(library)
    except UnknownLibrary as problem:
        raise Stop(str(problem).rstrip(".")) from None


def _at(catalog: Catalog, path: Path) -> Wheel:
    """The wheel at a path, of the library whose package it holds."""
    from contractlint.drift.wheel import Wheel, WheelError

    problem: WheelError | None = None
    for library in _released(catalog):
        try:
            return Wheel(path, library, catalog.package(library))
        except WheelError as error:
            problem = problem or error
    raise Stop(str(problem))


def _installed(catalog: Catalog) -> Wheel:
    from importlib import metadata

    from contractlint.drift.wheel import Wheel

    libraries = _released(catalog)
    for library in libraries:
        try:
            found = metadata.distribution(library)
        except metadata.PackageNotFoundError:
            continue
        return Wheel(Path(str(found.locate_file(""))), library, catalog.package(library), found.version)
    raise Stop(f"{' or '.join(libraries)} is not installed here; name a release with --release")


def _known(catalog: Catalog) -> list[str]:
    return [f"{library}=={release}" for library in _released(catalog) for release in catalog.releases(library)]


def _released(catalog: Catalog) -> list[str]:
    """The libraries that have releases, and so sources to compare with."""
    return [library for library in catalog.libraries if catalog.releases(library) != ("*",)]


def _release(text: str, catalog: Catalog) -> tuple[str, str]:
    from contractlint.cli.targets import named_target, verify

    target = named_target(text)
    verify(target, catalog)
    return target.library, catalog.at(target.library, target.release).release


def _echo_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
