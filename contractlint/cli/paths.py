"""`contractlint paths`: each way from a layer's forward to a kernel call, with what is known of its arguments."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from contractlint import __version__
from contractlint.cli.judge import prepare, worker_count
from contractlint.cli.options import colored_output, scope_options
from contractlint.cli.progress import Progress
from contractlint.cli.scope import Scope
from contractlint.model.finding import ArgumentRow, Place, Report, Verdict
from contractlint.model.words import one_of
from contractlint.report import View
from contractlint.report.summary import target_text
from contractlint.report.view import listing, plural

if TYPE_CHECKING:
    from contractlint.model.paths import ApplyPathRow

_WIDTH = 100
_DTYPES = {"default": "the model's dtype"}
_COLORS = {"proved": "green", "violated": "red", "unproven": "yellow", "unresolved": "yellow"}


@click.command("paths")
@scope_options
@click.option("--output-format", type=click.Choice(("full", "json")), default="full", show_default=True)
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
    view = View(
        Report(targets=case.targets),
        subject=scope.subject,
        prefix=scope.prefix,
        inside=scope.inside,
        color=colored_output(),
    )
    click.echo(_json(view, rows) if output_format == "json" else _table(view, scope, rows), color=True)
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
    """Each call once, with its arguments and the ways that lead to it."""
    subject = f" of {scope.subject}" if scope.subject else ""
    if not rows:
        return f"No call of a known kernel entry point in {plural(len(scope.tree.files), 'file')}{subject}."
    calls: dict[tuple[Place, str, str], list[ApplyPathRow]] = {}
    for row in rows:
        calls.setdefault((row.place, row.entry_point, row.release), []).append(row)
    lines: list[str] = []
    for ways in calls.values():
        lines += [*_call(view, ways), ""]
    targets = listing([target_text(view, target) for target in view.report.targets])
    counts = Counter(argument.verdict.value for ways in calls.values() for argument in ways[0].arguments)
    verdicts = listing([f"{counts[name]:,} {name}" for name in ("proved", "violated", "unproven", "unresolved")])
    ways_text = plural(len(rows), "way")
    lines.append(f"{ways_text} to {plural(len(calls), 'call')} of kernels for mixtures of experts{subject}.")
    lines.append(f"Arguments: {verdicts}. Judged against {targets}.")
    return "\n".join(lines)


def _call(view: View, ways: Sequence[ApplyPathRow]) -> list[str]:
    first = ways[0]
    schemes = list(dict.fromkeys(way.scheme for way in ways if way.scheme))
    release = f"  {first.release}" if len(view.report.targets) > 1 else ""
    scheme = f"  [{schemes[0]}]" if len(schemes) == 1 else ""
    name = first.entry_point.rpartition(".")[2]
    lines = [_bold(view, f"{view.name(first.place.file)}:{first.place.line}  {name}{scheme}{release}")]
    if first.status != "bound":
        lines.append(f"  {_colored(view, first.status)}: {first.reason}")
    lines += _arguments(view, first.arguments)
    shared = _shared([way.chain for way in ways]) if len(ways) > 1 else ()
    if shared:
        lines += _way(f"  {len(ways)} ways, all through ", shared)
    for way in ways:
        label = f"{way.scheme}: " if len(schemes) > 1 and way.scheme else ""
        head = way.chain[: len(way.chain) - len(shared)]
        lines += _way(f"    - {label}", head or way.chain) if shared else _way(f"  way: {label}", way.chain)
        if (way.reason and way.reason != first.reason) or (way.reason and first.status == "bound"):
            lines.append(f"      begins there: {way.reason}")
    return lines


def _shared(chains: Sequence[Sequence[str]]) -> Sequence[str]:
    """The functions in which all chains end."""
    count = 0
    while all(len(chain) > count for chain in chains) and len({chain[-1 - count] for chain in chains}) == 1:
        count += 1
    return chains[0][len(chains[0]) - count :]


def _way(label: str, chain: Sequence[str]) -> list[str]:
    """The functions of a way, from the layer's forward down, wrapped between functions."""
    if not chain:
        return [f"{label}no caller found"]
    lines, line = [], label + chain[0]
    for name in chain[1:]:
        if len(line) + len(name) + 3 > _WIDTH:
            lines.append(line)
            line = "       "
        line += f" > {name}"
    return [*lines, line]


def _arguments(view: View, arguments: Sequence[ArgumentRow]) -> list[str]:
    width = max((len(argument.parameter) for argument in arguments), default=0)
    lines = []
    for argument in arguments:
        known = [dtype for dtype in argument.dtypes if dtype != "?"]
        dtypes = one_of([_DTYPES.get(dtype, dtype) for dtype in known]) if known else ""
        unknown = "or unknown" if known and "?" in argument.dtypes else ""
        aspect = "" if argument.aspect == "dtype" else f"({argument.aspect}) "
        # That a value can be what breaks the clause is said by the dtypes; a reason adds why nothing more is known.
        reason = (
            argument.reason
            if argument.verdict is not Verdict.VIOLATED
            else argument.reason.replace("can be", "breaks it:")
        )
        text = " ".join(part for part in (dtypes, unknown) if part)
        verdict = _colored(view, argument.verdict.value)
        pad = " " * (10 - len(argument.verdict.value))
        tail = "; ".join(part for part in (text, reason) if part)
        lines.append(f"    {argument.parameter:<{width}}  {verdict}{pad}  {aspect}{tail}".rstrip())
    return lines


def _bold(view: View, text: str) -> str:
    return click.style(text, bold=True) if view.color else text


def _colored(view: View, verdict: str) -> str:
    return click.style(verdict, fg=_COLORS[verdict]) if view.color and verdict in _COLORS else verdict
