"""`contractlint check`."""

from __future__ import annotations

import ast
import functools
import time
import warnings
from collections.abc import Iterable

import click

from contractlint.cli.judge import Case, prepare, worker_count
from contractlint.cli.options import codes, colored_output, scope_options
from contractlint.cli.progress import Progress
from contractlint.model.finding import Finding, Report, Severity, Unchecked
from contractlint.report import FORMATS, View, render
from contractlint.sources import Tree


@click.command("check")
@scope_options
@click.option("--output-format", type=click.Choice(FORMATS), help="Default: full.")
@click.option("--strict", is_flag=True, default=None, help="What cannot be proved is an error.")
@click.option("--pedantic", is_flag=True, help="Show also what is not proved but would raise by itself.")
@click.option("--select", multiple=True, metavar="CODES", help="Only these rules; CL1 stands for a family.")
@click.option("--ignore", multiple=True, metavar="CODES", help="Not these rules.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even when there are findings.")
def command(
    paths: tuple[str, ...],
    package: str | None,
    releases: tuple[str, ...],
    contracts: tuple[str, ...],
    no_cache: bool,
    output_format: str | None,
    strict: bool | None,
    pedantic: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    exit_zero: bool,
) -> int:
    """Judge every kernel call below PATH (default: this folder).

    Given files, as a pre-commit hook gives them, it judges their whole project and shows what touches those files:
    a finding whose call, or any step on the value's way to it, lies in one of them.

    Exit code: 0 clean, 1 errors or warnings found, 2 when something could not be checked.
    """
    started = time.monotonic()
    selected, ignored = codes("--select", select), codes("--ignore", ignore)
    with Progress() as progress:
        case = prepare(paths, package, releases, contracts, progress)
        config = case.scope.config
        report = _judge(
            case,
            strict=config.strict if strict is None else strict,
            pedantic=pedantic,
            cache=not no_cache,
            say=progress,
        )
    report.findings = _kept(report.findings, selected or config.select, ignored or config.ignore, case.scope.focus)
    report.seconds = time.monotonic() - started
    tree = case.scope.tree
    view = View(
        report,
        read=functools.lru_cache(maxsize=64)(tree.read),
        subject=case.scope.subject,
        prefix=case.scope.prefix,
        inside=case.scope.inside,
        color=colored_output(),
        focus=len(case.scope.focus),
        pedantic=pedantic,
    )
    click.echo(render(view, output_format or config.output_format or "full"), nl=False, color=True)
    return _exit_code(report, case.scope.focus, exit_zero=exit_zero)


def _judge(case: Case, *, strict: bool, pedantic: bool, cache: bool, say: Progress) -> Report:
    from contractlint.check import run_check
    from contractlint.cli.rule import known_rules
    from contractlint.suppress import MARKER, apply

    tree = case.scope.tree
    report = run_check(
        tree,
        case.catalog,
        case.targets,
        strict=strict,
        pedantic=pedantic,
        jobs=worker_count(),
        cache=cache,
        progress=say,
        mark=MARKER,
    )
    findings, own = apply(report.findings, tree, known_codes=known_rules, files=report.marked)
    report.findings = [*findings, *own]
    report.unchecked = _with_asked(report.unchecked, tree, case.scope.focus)
    report.root = str(tree.root)
    report.files = report.files or len(tree.files)
    return report


def _with_asked(unchecked: list[Unchecked], tree: Tree, focus: frozenset[str]) -> list[Unchecked]:
    """What was not checked, with files that were asked for by name and are no Python: the search may have passed them by."""
    known = {entry.file for entry in unchecked}
    out = list(unchecked)
    for file in sorted((focus - known) & frozenset(tree.files)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(tree.read(file))
        except SyntaxError as problem:
            out.append(Unchecked(file, f"does not parse: {problem.msg} (line {problem.lineno})"))
        except (OSError, ValueError) as problem:
            out.append(Unchecked(file, f"does not parse: {problem}"))
    return out


def _kept(
    findings: Iterable[Finding], select: tuple[str, ...], ignore: tuple[str, ...], focus: frozenset[str]
) -> list[Finding]:
    """The findings that were asked for, in the order of their places."""
    kept = []
    for finding in findings:
        if (select and not finding.code.startswith(select)) or (ignore and finding.code.startswith(ignore)):
            continue
        if focus:
            focused = _focused(finding, focus)
            if focused is None:
                continue
            finding = focused
        kept.append(finding)
    return sorted(kept, key=_order)


def _focused(finding: Finding, focus: frozenset[str]) -> Finding | None:
    """The finding with the ways through files in focus first; None when it does not touch them."""
    from dataclasses import replace

    through = [path for path in finding.paths if any(step.file in focus for step in path)]
    if finding.place.file in focus:
        return finding
    if not through:
        return None
    return replace(finding, paths=(*through, *(path for path in finding.paths if path not in through)))


def _order(finding: Finding) -> tuple[str, int, int, str, str, str]:
    place = finding.place
    return (place.file, place.line, place.column, finding.code, finding.parameter, finding.release)


def _exit_code(report: Report, focus: frozenset[str], *, exit_zero: bool) -> int:
    """Findings come first: they are certain. A clean result with holes in it is no clean result."""
    found = any(finding.severity is not Severity.NOTE and not finding.suppressed for finding in report.findings)
    if found and not exit_zero:
        return 1
    unchecked = [entry for entry in report.unchecked if not focus or entry.file in focus]
    return 2 if unchecked else 0
