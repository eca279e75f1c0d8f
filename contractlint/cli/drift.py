"""`contractlint contracts diff | drift | new | schema`: how a library moves, and whether contracts keep up with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contractlint.cli.errors import Stop
from contractlint.cli.judge import open_catalog
from contractlint.cli.options import contracts_option
from contractlint.report.view import plural

if TYPE_CHECKING:
    from contractlint.catalog import Catalog

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


def _release(text: str, catalog: Catalog) -> tuple[str, str]:
    from contractlint.cli.targets import named_target, verify

    target = named_target(text)
    verify(target, catalog)
    return target.library, catalog.at(target.library, target.release).release


def _echo_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
