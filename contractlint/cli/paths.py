"""`contractlint paths`: each way from a layer's forward to a kernel call, with what is known of its arguments."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from contractlint import __version__
from contractlint.cli.judge import prepare, worker_count
from contractlint.cli.options import scope_options
from contractlint.cli.progress import Progress
from contractlint.cli.scope import Scope
from contractlint.model.finding import ArgumentRow, Report
from contractlint.report import View
from contractlint.report.summary import target_text
from contractlint.report.view import listing, plural

if TYPE_CHECKING:
    from contractlint.model.paths import ApplyPathRow


@click.command("paths")
@scope_options
@click.option("--format", "output_format", type=click.Choice(("table", "json")), default="table", show_default=True)
def command(
    paths: tuple[str, ...],
    package: str | None,
    releases: tuple[str, ...],
    contracts: tuple[str, ...],
    no_cache: bool,
    output_format: str,
) -> int:
    """Show how each kernel call below PATH is reached, and the verdict for each tensor it is given.

    Nothing is left out: calls that could not be resolved and values that could not be followed are rows too.
    """
    from contractlint.check import run_paths

    with Progress() as progress:
        case = prepare(paths, package, releases, contracts, progress)
        scope = case.scope
        rows = run_paths(
            scope.tree,
            case.catalog,
            case.targets,
            strict=scope.config.strict,
            pedantic=True,
            jobs=worker_count(),
            cache=not no_cache,
            progress=progress,
        )
    rows = [row for row in rows if not scope.focus or row.place.file in scope.focus]
    view = View(Report(targets=case.targets), subject=scope.subject, prefix=scope.prefix, inside=scope.inside)
    click.echo(_json(view, rows) if output_format == "json" else _table(view, scope, rows))
    return 0


def _json(view: View, rows: Sequence[ApplyPathRow]) -> str:
    document = {
        "schema": 1,
        "tool": {"name": "contractlint", "version": __version__},
        "subject": view.subject,
        "targets": [
            {"library": target.library, "release": target.release, "from": target.origin, "place": target.place or None}
            for target in view.report.targets
        ],
        "paths": [_row(row) for row in rows],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _row(row: ApplyPathRow) -> dict[str, Any]:
    return {
        "file": row.place.file,
        "line": row.place.line,
        "column": row.place.column,
        "entry_point": row.entry_point,
        "release": row.release,
        "scheme": row.scheme,
        "chain": list(row.chain),
        "status": row.status,
        "reason": row.reason,
        "arguments": [
            {
                "parameter": argument.parameter,
                "aspect": argument.aspect,
                "verdict": argument.verdict.value,
                "dtypes": list(argument.dtypes),
                "reason": argument.reason,
            }
            for argument in row.arguments
        ],
    }


def _table(view: View, scope: Scope, rows: Sequence[ApplyPathRow]) -> str:
    lines: list[str] = []
    for row in rows:
        where = f"{view.name(row.place.file)}:{row.place.line}"
        name = row.entry_point.rpartition(".")[2]
        scheme = f"  [{row.scheme}]" if row.scheme else ""
        release = f"  {row.release}" if len(view.report.targets) > 1 else ""
        lines.append(f"{where}  {name}{scheme}{release}")
        lines.append(f"    {' > '.join(row.chain) or 'no caller found'}")
        if row.status != "bound":
            lines.append(f"    {row.status}: {row.reason}")
        lines += _arguments(row.arguments)
        lines.append("")
    targets = listing([target_text(view, target) for target in view.report.targets])
    subject = f" of {scope.subject}" if scope.subject else ""
    if not rows:
        return f"No call of a known kernel entry point in {plural(len(scope.tree.files), 'file')}{subject}."
    counts = Counter(argument.verdict.value for row in rows for argument in row.arguments)
    verdicts = listing([f"{counts[name]:,} {name}" for name in ("proved", "violated", "unproven", "unresolved")])
    lines.append(f"{plural(len(rows), 'path')}{subject}; arguments: {verdicts}. Judged against {targets}.")
    return "\n".join(lines)


def _arguments(arguments: Sequence[ArgumentRow]) -> list[str]:
    width = max((len(argument.parameter) for argument in arguments), default=0)
    lines = []
    for argument in arguments:
        dtypes = " or ".join(argument.dtypes)
        aspect = "" if argument.aspect == "dtype" else f"({argument.aspect}) "
        known = "  ".join(part for part in (dtypes, argument.reason) if part)
        lines.append(f"    {argument.parameter:<{width}}  {argument.verdict.value:<10}  {aspect}{known}".rstrip())
    return lines
