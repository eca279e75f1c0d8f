"""The closing lines: what was judged, against what, with which result, and what was not checked."""

from __future__ import annotations

from contractlint.model.finding import Target
from contractlint.model.words import spoken
from contractlint.report.view import SEVERITIES, View, argument_counts, listing, plural, severity_counts

# A person reads a few; a program takes them all from the JSON.
_SHOWN = 8


def target_text(view: View, target: Target) -> str:
    """A release and where the choice came from, in words."""
    origin = {
        "option": f"set in {target.place}" if target.place else "--release",
        "pin": f"pinned in {view.name(target.place)}" if target.place else "pinned by the project",
        "installed": "installed here",
        "contracts": "contracts without releases",
    }.get(target.origin, target.origin)
    return f"{spoken(target.library, target.release)} ({origin})"


def result_line(view: View) -> str:
    """The result in one sentence."""
    report = view.report
    targets = listing([target_text(view, target) for target in report.targets])
    against = f" Judged against {targets}." if targets else ""
    if not report.call_sites:
        return f"No call of a known kernel entry point in {plural(report.files, 'file')}: nothing to judge.{against}"
    counts = severity_counts(view.active())
    found = [plural(counts[severity.value], severity.value) for severity in SEVERITIES if counts[severity.value]]
    suppressed = sum(finding.suppressed for finding in report.findings)
    hidden = f"; {suppressed} suppressed" if suppressed else ""
    if found:
        return f"Found {listing(found)}{hidden}.{against}"
    return f"No findings{hidden}.{against}"


def summary_lines(view: View) -> list[str]:
    """What was checked, how far, and with which result."""
    report = view.report
    subject = f" of {view.subject}" if view.subject else ""
    files = f"Searched {plural(report.files, 'file')}{subject}, parsed {report.parsed:,}"
    lines = []
    if report.call_sites:
        bound = sum(row.status == "bound" for row in report.call_sites)
        unresolved = len(report.call_sites) - bound
        sites = f"{plural(len(report.call_sites), 'call site')} of kernel entry points"
        lines.append(f"{files}: {sites}, {bound:,} bound to a signature, {unresolved:,} unresolved.")
        counts = argument_counts(report)
        lines.append(
            f"Arguments judged: {counts['proved']:,} proved, {counts['violated']:,} violated, "
            f"{counts['unproven']:,} unproven, {counts['unresolved']:,} that could not be followed."
        )
    else:
        lines.append(f"{files}.")
    if view.focus:
        which = "file" if view.focus == 1 else f"{view.focus:,} files"
        lines.append(f"Shown: findings whose call, or whose value's way to it, touches the {which} asked for.")
    lines.append(result_line(view))
    open_count = argument_counts(report)["unproven"] + argument_counts(report)["unresolved"]
    if open_count and not view.active() and not view.pedantic:
        lines.append("What is not proved may still be wrong: --pedantic shows it, --strict makes it count.")
    return lines


def unchecked_lines(view: View, between: str = ": not checked: ") -> list[str]:
    """Files that could not be checked, each with its reason."""
    lines = []
    for entry in view.report.unchecked:
        place = f"{view.name(entry.file)}:{entry.line}" if entry.line else view.name(entry.file)
        lines.append(f"{place}{between}{entry.reason}")
    return lines


def unresolved_lines(view: View) -> list[str]:
    """Call sites that could not be matched to a signature, with the reason; the first few of many."""
    rows = [row for row in view.report.call_sites if row.status != "bound"]
    lines = [f"{view.name(row.place.file)}:{row.place.line}: {row.entry_point}: {row.reason}" for row in rows]
    return _first(list(dict.fromkeys(lines)), view.pedantic)


def _first(lines: list[str], everything: bool) -> list[str]:
    if everything or len(lines) <= _SHOWN + 1:
        return lines
    return [*lines[:_SHOWN], f"and {len(lines) - _SHOWN} more (--pedantic or --output-format json show all)"]
