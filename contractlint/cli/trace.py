"""`contractlint trace`: what was recorded, on however many machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contractlint.cli.errors import Stop
from contractlint.cli.judge import open_catalog
from contractlint.cli.options import contracts_option
from contractlint.cli.targets import LIBRARY
from contractlint.report.view import plural

if TYPE_CHECKING:
    from contractlint.trace.reader import Trace
    from contractlint.trace.rows import Row

_paths = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
_release = click.option(
    "--release", default="", metavar="RELEASE", help="The release that ran, for logs that do not say it."
)


@click.group("trace")
def command() -> None:
    """Show, merge and export what was recorded.

    A PATH is a trace, or a folder with traces. FlashInfer's own logs are read as well: session logs (FLASHINFER_LOGLEVEL=10
    with FLASHINFER_DUMP_DIR), text logs (FLASHINFER_LOGLEVEL=3 and above), and trace dumps (FLASHINFER_TRACE_DUMP=1).
    """


@command.command("show")
@_paths
@_release
@contracts_option
@click.option("--breaches", is_flag=True, help="Show only calls that broke a contract.")
@click.option("--arguments", is_flag=True, help="Show what was passed.")
def show(paths: tuple[Path, ...], release: str, contracts: tuple[str, ...], breaches: bool, arguments: bool) -> int:
    """Show each call site with what it called. Exit code 1 when a contract was broken, 2 when something could not be read."""
    trace = _read(paths, release, contracts)
    rows = trace.ordered()
    for row in rows:
        if row.breaches or not breaches:
            for line in _shown(row, arguments):
                click.echo(line)
    for line in _summary(trace, rows):
        click.echo(line)
    unread = _tell_problems(trace)
    return 1 if any(b.severity == "error" for row in rows for b in row.breaches) else unread


@command.command("merge")
@_paths
@_release
@contracts_option
@click.option("--output", "-o", type=click.Path(path_type=Path), help="File to write; default: standard output.")
def merge(paths: tuple[Path, ...], release: str, contracts: tuple[str, ...], output: Path | None) -> int:
    """Make one trace of many: rows that say the same become one, and their counts are added."""
    from contractlint.trace.reader import dump_merged

    trace = _read(paths, release, contracts)
    _write(output, "".join(f"{line}\n" for line in dump_merged(trace)))
    return _tell_problems(trace)


@command.command("export")
@_paths
@_release
@contracts_option
@click.option("--format", "form", type=click.Choice(("json", "csv")), default="json", show_default=True)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="File to write; default: standard output.")
def export(paths: tuple[Path, ...], release: str, contracts: tuple[str, ...], form: str, output: Path | None) -> int:
    """Write the rows for other programs: one JSON object, or a table of call sites."""
    trace = _read(paths, release, contracts)
    _write(output, _as_json(trace) if form == "json" else _as_csv(trace))
    return _tell_problems(trace)


def _read(paths: tuple[Path, ...], release: str, contracts: tuple[str, ...]) -> Trace:
    from contractlint.trace.evidence import rows_of
    from contractlint.trace.reader import TraceError, read_traces

    try:
        trace = read_traces(paths)
    except TraceError as problem:
        raise Stop(str(problem)) from None
    if trace.observations:
        catalog = open_catalog([Path(folder) for folder in contracts])
        rows, problems = rows_of(trace.observations, catalog, LIBRARY, release)
        for row in rows:
            trace.add(row)
        trace.problems += problems
    return trace


def _shown(row: Row, arguments: bool) -> Iterator[str]:
    where = f"{row.file}:{row.line}, in {row.function}" if row.file else f"(call site not known: {row.source})"
    notes = [f"{row.library} {row.release}", f"on {row.capability or row.device or 'an unknown device'}"]
    if row.status != "called":
        notes.append(row.status)
    times = plural(row.count, "call")
    yield f"{row.entry_point}  {where}"
    yield f"    {times}, {', '.join(notes)}"
    if arguments:
        for name, value in row.arguments.items():
            yield f"    {name}: {_argument(value)}"
    for breach in row.breaches:
        yield f"    {breach.severity}: {breach.text}"


def _argument(value: dict[str, Any]) -> str:
    if "dtype" in value:
        shape = f"[{', '.join(map(str, value['shape']))}]" if "shape" in value else ""
        return f"{value['dtype']}{shape}{'' if value.get('contiguous', True) else ', not contiguous'}"
    if "items" in value:
        return f"({', '.join(map(_argument, value['items']))})"
    return str(value.get("value"))


def _summary(trace: Trace, rows: list[Row]) -> Iterator[str]:
    sites = {(row.file, row.line) for row in rows if row.file}
    calls = sum(row.count for row in rows)
    entries = len({row.entry_point for row in rows})
    broken = sum(any(b.severity == "error" for b in row.breaches) for row in rows)
    hosts = {header.get("host", "") for header in trace.headers}
    yield (
        f"{plural(calls, 'call')} of {plural(entries, 'entry point')} from {plural(len(sites), 'call site')}, "
        f"{plural(len(rows), 'form')} of arguments, {broken:,} of them break a contract."
    )
    if trace.headers:
        yield f"{plural(len(trace.headers), 'process')} on {plural(len(hosts), 'machine')}."


def _as_json(trace: Trace) -> str:
    rows = [row.to_json() for row in trace.ordered()]
    data = {"schema": 1, "processes": trace.headers, "rows": rows, "problems": trace.problems}
    return json.dumps(data, indent=1) + "\n"


def _as_csv(trace: Trace) -> str:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ("entry_point", "file", "line", "function", "library", "release", "capability", "status", "count", "breaches")
    )
    for row in trace.ordered():
        breaches = "; ".join(breach.text for breach in row.breaches)
        writer.writerow(
            (row.entry_point, row.file, row.line, row.function, row.library, row.release, row.capability, row.status,
             row.count, breaches)
        )  # fmt: skip
    return out.getvalue()


def _write(output: Path | None, text: str) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as problem:
        raise Stop(f"--output: {output}: {problem.strerror}") from None


def _tell_problems(trace: Trace) -> int:
    """Say what could not be read, and the exit code for it: what was not looked at is not clean."""
    for problem in trace.problems:
        click.echo(f"contractlint: {problem}", err=True)
    return 2 if trace.problems else 0
