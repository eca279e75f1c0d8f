"""`contractlint contracts`: what contracts say, and whether they are well formed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contractlint.cli import drift
from contractlint.cli.errors import Stop
from contractlint.cli.judge import open_catalog
from contractlint.cli.options import contracts_option
from contractlint.model import words
from contractlint.model.contract import Clause, EntryPoint
from contractlint.report.view import plural

if TYPE_CHECKING:
    from contractlint.catalog import Catalog


_EVIDENCE_SHOWN = 2


@click.group("contracts")
def command() -> None:
    """List, show, validate and compare contracts."""


@command.command("validate")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
def validate(paths: tuple[str, ...]) -> int:
    """Check contract files: the shipped ones, and those at PATH (files or folders).

    Every mistake of every file is told, with its line. Exit code 2 when there is one.
    """
    catalog = open_catalog([Path(path) for path in paths])
    for library in catalog.libraries:
        releases = catalog.releases(library)
        entries = [entry for entry in catalog.entry_points.values() if entry.library == library]
        clauses = sum(len(entry.clauses) for entry in entries)
        covered = sum(bool(entry.clauses) for entry in entries)
        span = f", {plural(len(releases), 'release')} from {releases[0]} to {releases[-1]}" if releases else ""
        click.echo(
            f"{library}{span}: {plural(len(entries), 'entry point')}, "
            f"{plural(clauses, 'clause')} on {covered:,} of them; no mistakes."
        )
    return 0


@command.command("list")
@click.argument("text", required=False)
@click.option("--release", metavar="RELEASE", help="Only what this release has.")
@click.option("--all", "everything", is_flag=True, help="Also entry points without clauses.")
@contracts_option
def list_contracts(text: str | None, release: str | None, everything: bool, contracts: tuple[str, ...]) -> int:
    """List entry points with contracts, those whose name holds TEXT when given."""
    catalog = open_catalog([Path(folder) for folder in contracts])
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
    click.echo("\n\n".join(_page(entry, release, evidence) for entry in shown))
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


def _page(entry: EntryPoint, release: str | None, evidence: bool) -> str:
    lines = [entry.name, "=" * len(entry.name)]
    if entry.summary:
        lines += ["", entry.summary]
    others = [name for name in entry.names if name != entry.name]
    if others:
        lines += ["", "also imported as:", *(f"  {name}" for name in others)]
    shown = entry.signatures[-1:]
    for signature in shown:
        where = f"in {release}" if release else f"in {signature.releases}"
        lines += ["", f"signature {where}:", *_indented(words.signature(entry.short_name, signature))]
    if len(entry.signatures) > 1:
        ranges = ", ".join(signature.releases for signature in entry.signatures[:-1])
        lines += [f"  (earlier ones: {ranges}; --release shows one)"]
    lines += ["", "contract:" if entry.clauses else "no clauses: only the signature is checked"]
    order = {parameter.name: number for signature in shown for number, parameter in enumerate(signature.parameters)}
    for clause in sorted(entry.clauses, key=lambda clause: order.get(clause.parameter, len(order))):
        lines += _clause(clause, None if evidence else _EVIDENCE_SHOWN)
    return "\n".join(lines)


def _clause(clause: Clause, shown: int | None) -> list[str]:
    lines = [f"  {words.contract(clause)}", f"      {words.enforcement(clause)}"]
    facts = [
        ("consequence", clause.consequence),
        ("documented", clause.documented),
        ("note", clause.note),
        ("declared in", clause.source),
        *(("evidence", str(evidence)) for evidence in clause.evidence[:shown]),
    ]
    lines += [f"      {label}: {' '.join(text.split())}" for label, text in facts if text]
    if shown is not None and len(clause.evidence) > shown:
        lines.append(f"      and {len(clause.evidence) - shown} more pieces of evidence: --evidence lists all")
    return lines


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]


command.add_command(drift.diff)
command.add_command(drift.drift)
command.add_command(drift.schema)
command.add_command(drift.new)
