"""The report for a reader: the fact, the place, the path of the value, the contract, and what to do.

The order answers a reader's questions as they come: what is wrong, where, how does such a value get there, says who,
what happens then, what do I do.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import click

from contractlint.model.contract import Evidence
from contractlint.model.finding import Finding, Place, Severity, Step
from contractlint.report.summary import summary_lines, unchecked_lines, unresolved_lines
from contractlint.report.view import SEVERITIES, View, plural

_WIDTH = 100
_PATHS_SHOWN = 2
_ORIGINS_SHOWN = 8
_EVIDENCE_SHOWN = 3
_ERRORS_IN_SIGHT = 3
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_EFFECTS = {
    "raises": "the library raises",
    "silent": "silent, no error is raised",
    "fault": "illegal memory access",
    "slow": "slow",
}


def render_findings(view: View, findings: Sequence[Finding]) -> str:
    """Findings as blocks, an empty line after each."""
    return "".join(f"{line}\n" for finding in findings for line in (*_finding(view, finding), ""))


def render_full(view: View) -> str:
    """Every finding as a block, errors first, then what was checked and what was not."""
    ordered = sorted(view.active(), key=lambda finding: SEVERITIES.index(finding.severity))
    lines = render_findings(view, ordered).splitlines()
    for title, entries in (
        ("The errors in short:", _in_short(view)),
        ("Call sites that could not be resolved:", unresolved_lines(view)),
        ("Not checked:", unchecked_lines(view, ": ")),
    ):
        if entries:
            lines += [title, *(f"  {entry}" for entry in entries), ""]
    lines += summary_lines(view)
    return "\n".join(lines) + "\n"


def _in_short(view: View) -> list[str]:
    """The errors of a report that is longer than a screen, one line each."""
    errors = [finding for finding in view.active() if finding.severity is Severity.ERROR]
    if len(errors) <= _ERRORS_IN_SIGHT:
        return []
    rows = [(f.code, f.entry_point.rpartition(".")[2], f.parameter) for f in errors]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    texts = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return [f"{text}  {view.name(f.place.file)}:{f.place.line}" for text, f in zip(texts, errors, strict=True)]


def _finding(view: View, finding: Finding) -> list[str]:
    label = f"{finding.severity.value}[{finding.code}]"
    lines = _wrapped(f"{label}: {finding.message}", "  ")
    lines[0] = lines[0].replace(label, _style(view, label, fg=_COLORS[finding.severity], bold=True), 1)
    where = f"{view.name(finding.place.file)}:{finding.place.line}:{finding.place.column}"
    inside = f", in {finding.function}" if finding.function else ""
    lines.append(f"  {_style(view, '-->', fg='blue')} {where}{inside}")
    lines += _excerpt(view, finding)
    lines += _paths(view, finding)
    lines += _fact(view, "contract", finding.contract)
    evidence = _distinct(finding.evidence)
    for number, item in enumerate(evidence[:_EVIDENCE_SHOWN]):
        lines += _fact(view, "evidence" if not number else "", _evidence(item))
    if len(evidence) > _EVIDENCE_SHOWN:
        lines += _fact(view, "", f"and {len(evidence) - _EVIDENCE_SHOWN} more (--output-format json lists all)")
    effect = _EFFECTS.get(finding.effect, finding.effect)
    lines += _fact(view, "effect", ": ".join(part for part in (effect, finding.consequence) if part))
    lines += _fact(view, "remedy", finding.remedy)
    for note in finding.notes:
        lines += _fact(view, "note", note)
    return lines


def _excerpt(view: View, finding: Finding) -> list[str]:
    """The argument underlined, below the first line of its call where that is another line."""
    place = finding.place
    text = view.line(place.file, place.line)
    if text is None:
        return []
    margin = len(str(place.line))
    bar = _style(view, "|", fg="blue")
    empty = f"  {'':{margin}} {bar}"
    lines = [empty]
    call = finding.call
    if call is not None and call.file == place.file and call.line < place.line:
        first = view.line(call.file, call.line)
        if first is not None:
            lines.append(f"  {call.line:>{margin}} {bar} {_shown(first)}")
            if call.line + 1 < place.line:
                lines.append(f"  {'.' * min(3, margin):>{margin}} {bar}")
    lines.append(f"  {place.line} {bar} {_shown(text)}")
    start, width = _span(place, text)
    mark = _style(view, "^" * width, fg=_COLORS[finding.severity], bold=True)
    lines.append(f"{empty} {' ' * start}{mark}")
    return lines


def _shown(text: str) -> str:
    # One column a tab, so that the carets below stay in place.
    return text.replace("\t", " ").rstrip()


def _span(place: Place, text: str) -> tuple[int, int]:
    start = min(max(place.column - 1, 0), len(text))
    one_line = place.end_line in (0, place.line)
    end = place.end_column - 1 if one_line and place.end_column else len(text.rstrip())
    return start, max(1, min(end, len(text)) - start)


def _paths(view: View, finding: Finding) -> list[str]:
    """The first way in full, others that join it by where they begin, and a few that do not in full."""
    paths = [path for path in finding.paths if path]
    if not paths:
        return []
    first = paths[0]
    joining = [path for path in paths[1:] if _shared_tail(path, first) > 1]
    apart = [first, *(path for path in paths[1:] if path not in joining)]
    lines: list[str] = []
    for number, path in enumerate(apart[:_PATHS_SHOWN]):
        ways = f" (one of {plural(len(paths), 'way')})" if len(paths) > 1 and not number else ""
        title = f"how the value gets here{ways}:" if not number else "another way:"
        lines.append(f"  {_style(view, title, bold=True)}")
        for index, step in enumerate(path, 1):
            lines += _step(view, index, step, finding)
        if not number and joining:
            lines += _joining(view, first, joining)
    if len(apart) > _PATHS_SHOWN:
        more = len(apart) - _PATHS_SHOWN
        lines.append(f"  and {plural(more, 'more way')} (--output-format json lists all)")
    return lines


def _joining(view: View, first: Sequence[Step], joining: Sequence[Sequence[Step]]) -> list[str]:
    """Where other ways begin, one entry for each place, and the step of the first way from which they are the same."""
    begins: dict[tuple[str, int, str], Sequence[Step]] = {}
    for path in joining:
        begins.setdefault((path[0].file, path[0].line, path[0].what), path)
    steps = {len(first) - _shared_tail(path, first) + 1 for path in begins.values()}
    together = f", joining at step {steps.pop()}" if len(steps) == 1 else ""
    title = f"and from {plural(len(begins), 'other place')}{together}:"
    lines = [f"  {_style(view, title, bold=True)}"]
    for path in list(begins.values())[:_ORIGINS_SHOWN]:
        origin = path[0]
        joins = "" if together else f"joins at step {len(first) - _shared_tail(path, first) + 1}"
        when = f"when {' and '.join(origin.condition)}" if origin.condition else ""
        # What happens there is told where it differs: another dtype, another way to make it.
        what = "" if _predicate(origin.what) == _predicate(first[0].what) else origin.what
        text = ", ".join(part for part in (what, when, joins) if part)
        place = _style(view, f"{view.name(origin.file)}:{origin.line}", fg="blue")
        lines += [f"    - {place}", *(_wrapped(f"      {text}", " " * 6) if text else [])]
    if len(begins) > _ORIGINS_SHOWN:
        lines.append(f"    and {len(begins) - _ORIGINS_SHOWN} more (--output-format json lists all)")
    return lines


def _predicate(what: str) -> str:
    """What a step says happened, without the code that it quotes first."""
    return what.rpartition("` ")[2] if what.startswith("`") else what


def _shared_tail(path: Sequence[Step], other: Sequence[Step]) -> int:
    count = 0
    for mine, theirs in zip(reversed(path), reversed(other), strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def _step(view: View, index: int, step: Step, finding: Finding) -> list[str]:
    place = f"{view.name(step.file)}:{step.line}"
    styled = _style(view, place, fg="blue")
    if len(place) + len(step.what) < _WIDTH - 9:
        lines = [f"    {index}. {styled}  {step.what}"]
    else:
        lines = [f"    {index}. {styled}", *_wrapped(f"       {step.what}", " " * 7)]
    # The excerpt above has the line of the finding itself, and that of its call.
    shown = [place for place in (finding.place, finding.call) if place is not None]
    repeated = any((step.file, step.line) == (place.file, place.line) for place in shown)
    text = None if repeated else view.line(step.file, step.line)
    if text is not None and text.strip() and text.strip() not in step.what:
        lines.append(f"         {_style(view, '|', fg='blue')} {_shown(text).strip()}")
    if step.condition:
        lines += _wrapped(f"       when {' and '.join(step.condition)}", " " * 12)
    return lines


def _distinct(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Evidence without what says the same of another release: the same words of the same file, on another line."""
    found: dict[tuple[str, str, str], Evidence] = {}
    for item in evidence:
        found.setdefault((item.kind.value, item.where.rpartition(":")[0] or item.where, item.note), item)
    return list(found.values())


def _evidence(evidence: Evidence) -> str:
    return f"{evidence} ({evidence.note})" if evidence.note else str(evidence)


def _fact(view: View, label: str, text: str) -> list[str]:
    if not text:
        return []
    title = f"{label}:" if label else ""
    lines: list[str] = []
    for part in text.splitlines():
        lines += _wrapped(f"  {'' if lines else title:<10}{part}", " " * 12)
    return [lines[0].replace(title, _style(view, title, bold=True), 1), *lines[1:]] if title else lines


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    ) or [text]


def _style(view: View, text: str, *, fg: str | None = None, bold: bool = False) -> str:
    return click.style(text, fg=fg, bold=bold) if view.color else text
