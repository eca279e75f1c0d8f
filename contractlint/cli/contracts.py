"""`contractlint contracts`: what contracts say, and whether they are well formed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contractlint.cli import drift
from contractlint.cli.errors import Stop
from contractlint.cli.judge import open_catalog
from contractlint.cli.options import contracts_option
from contractlint.model.contract import EntryPoint
from contractlint.report.view import plural

if TYPE_CHECKING:
    from contractlint.catalog import Catalog
    from contractlint.catalog.summary import Summary


@click.group("contracts")
def command() -> None:
    """List, show, validate and compare contracts."""


@command.command("validate")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
def validate(paths: tuple[str, ...]) -> int:
    """Check contract files: the shipped ones, and those at PATH (files or folders).

    Every mistake of every file is told, with its line. Exit code 2 when there is one.
    """
    from contractlint.catalog.summary import summarize

    catalog = open_catalog([Path(path) for path in paths])
    for library in catalog.libraries:
        for line in _summary(summarize(catalog, library)):
            click.echo(line)
    return 0


def _summary(found: Summary) -> Iterator[str]:
    from contractlint.catalog.ranges import UNVERSIONED

    named = found.releases != (UNVERSIONED,)
    span = (
        f", {plural(len(found.releases), 'release')} from {found.releases[0]} to {found.releases[-1]}" if named else ""
    )
    entries = plural(found.entry_points, "entry point")
    yield f"{found.library}{span}: {entries}, {plural(found.clauses, 'clause')} on {found.with_contract:,} of them; no mistakes."
    for title, counts, rest in (
        ("who checks", found.by_enforcement, f"; {found.free:,} accept anything" if found.free else ""),
        ("a breach", found.by_effect, ""),
    ):
        if counts:
            yield f"  {title}: {', '.join(f'{word} {count:,}' for word, count in counts.items())}{rest}"
    if found.evidence:
        runs = f"{found.confirmed:,} pairs of clause and release confirmed by running the kernel"
        yield f"  evidence: {plural(found.evidence, 'place')}; {runs}"


@command.command("list")
@click.argument("text", required=False)
@click.option("--release", metavar="RELEASE", help="Only what this release has.")
@click.option("--all", "everything", is_flag=True, help="Also entry points without clauses.")
@click.option("--unverified", is_flag=True, help="Clauses that no run of the kernel has confirmed, and their chips.")
@contracts_option
def list_contracts(
    text: str | None, release: str | None, everything: bool, unverified: bool, contracts: tuple[str, ...]
) -> int:
    """List entry points with contracts, those whose name holds TEXT when given."""
    catalog = open_catalog([Path(folder) for folder in contracts])
    if unverified:
        return _list_unverified(catalog, text, release)
    rows = []
    left_out = 0
    for entry in _entry_points(catalog, release):
        if text and text.lower() not in entry.name.lower():
            continue
        if not entry.clauses and not everything:
            left_out += 1
            continue
        parameters = len({clause.parameter for clause in entry.clauses})
        about = f"{plural(len(entry.clauses), 'clause')} on {plural(parameters, 'parameter')}"
        rows.append((entry.name, about if entry.clauses else "signature only"))
    width = max((len(name) for name, _ in rows), default=0)
    for name, about in sorted(rows):
        click.echo(f"{name:<{width}}  {about}")
    if left_out:
        rest = "has a signature and no clauses" if left_out == 1 else "have signatures and no clauses"
        click.echo(f"{plural(left_out, 'entry point')} more {rest}: --all lists them.")
    elif not rows:
        raise Stop(f"no entry point has {text!r} in its name" if text else "there are no contracts")
    return 0


def _list_unverified(catalog: Catalog, text: str | None, release: str | None) -> int:
    from contractlint.report.contract import unverified_lines

    found = [entry for entry in _entry_points(catalog, release) if (text or "").lower() in entry.name.lower()]
    if not any(entry.clauses for entry in found):
        raise Stop(f"no entry point with a contract has {text!r} in its name" if text else "there are no contracts")
    for line in unverified_lines(sorted(found, key=lambda entry: entry.name), release, _width()):
        click.echo(line)
    return 0


@command.command("show")
@click.argument("entry_point", metavar="ENTRY_POINT")
@click.option("--release", metavar="RELEASE", help="Only what holds in this release. Default: every release.")
@click.option("--evidence", is_flag=True, help="All evidence, not only the first places.")
@contracts_option
def show(entry_point: str, release: str | None, evidence: bool, contracts: tuple[str, ...]) -> int:
    """Show what an entry point needs of its arguments, and the evidence. The last part of its name will do."""
    catalog = open_catalog([Path(folder) for folder in contracts])
    names = _named(catalog, entry_point)
    found = {entry.name: entry for entry in _entry_points(catalog, release)}
    shown = [found[name] for name in names if name in found]
    if not shown:
        raise Stop(f"{names[0]} is not in release {release}")
    from contractlint.report.contract import page_lines

    pages = [page_lines(catalog, entry, release, evidence=evidence, width=_width()) for entry in shown]
    click.echo("\n\n".join("\n".join(page) for page in pages))
    return 0


def _named(catalog: Catalog, text: str) -> list[str]:
    canonical = catalog.canonical(text)
    if canonical is not None:
        return [canonical]
    names = [name for name in catalog.entry_points if name.rpartition(".")[2] == text or name.endswith(f".{text}")]
    if names:
        return sorted(names)
    from difflib import get_close_matches

    shorts = {name.rpartition(".")[2]: name for name in catalog.entry_points}
    close = get_close_matches(text.rpartition(".")[2], shorts, n=3)
    hint = f"; near it: {', '.join(shorts[name] for name in close)}" if close else ""
    raise Stop(f"no contract speaks of {text!r}{hint}")


def _entry_points(catalog: Catalog, release: str | None) -> Iterable[EntryPoint]:
    if release is None:
        return catalog.entry_points.values()
    from contractlint.cli.targets import named_target, verify

    target = named_target(release)
    verify(target, catalog)
    return catalog.at(target.library, target.release).entry_points.values()


def _width() -> int:
    """How wide pages are: as the terminal, and 120 columns where there is none."""
    import shutil

    return max(shutil.get_terminal_size((120, 24)).columns, 80)


command.add_command(drift.diff)
command.add_command(drift.drift)
command.add_command(drift.schema)
command.add_command(drift.new)
