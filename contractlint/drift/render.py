"""Changes as text for a terminal, and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from contractlint.drift.changes import HEADINGS, Change, Kind
from contractlint.drift.compare import Difference, Drift
from contractlint.drift.gate import HEADINGS as LEADS
from contractlint.drift.gate import Lead

_ENUM = (Kind.RENUMBERED, Kind.MEMBER_ADDED, Kind.MEMBER_REMOVED)
_NAMES_ONLY = (Kind.ENTRY_ADDED, Kind.ENTRY_REMOVED)
_SHOWN = 12  # entry points that are listed one by one where only their number matters
_LEADS = 25


def change_lines(changes: Sequence[Change], *, everything: bool = False) -> Iterator[str]:
    """Yield a heading for each kind of change, and below it each change with the entry points that it concerns."""
    for kind in Kind:
        group = [change for change in changes if change.kind is kind]
        if not group:
            continue
        yield ""
        yield HEADINGS[kind]
        if kind in _NAMES_ONLY:
            yield from _names(sorted(name for change in group for name in change.subjects), everything)
        else:
            for change in group:
                yield from _change(change)


def as_data(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Return changes as plain data; fields that say nothing are left out."""
    fields = ("parameter", "aspect", "before", "after", "when", "detail", "source")
    return [
        {"kind": change.kind.value, "subjects": list(change.subjects)}
        | {field: value for field in fields if (value := getattr(change, field))}
        for change in changes
    ]


def _change(change: Change) -> Iterator[str]:
    if change.kind in _ENUM:
        steps = " → ".join(part for part in (change.before, change.after) if part)
        detail = f" ({change.detail})" if change.detail else ""
        yield f"  {change.subjects[0]}.{change.parameter} = {steps}{detail}"
        return
    if change.kind is Kind.SHIFTED:
        yield f"  {change.after} stands where {change.before} stood"
    else:
        yield _headline(change)
    if change.detail:
        yield f"      {change.detail}"
    yield from wrapped(change.subjects)


def _headline(change: Change) -> str:
    head = " ".join(part for part in (change.parameter, change.aspect) if part)
    when = f", when {change.when}" if change.when else ""
    steps = " → ".join(part for part in (change.before, change.after) if part)
    if not head or steps.lstrip("*").startswith(f"{change.parameter}:") or steps == change.parameter:
        return f"  {steps}"
    return f"  {head}{when}: {steps}"


def _names(names: Sequence[str], everything: bool) -> Iterator[str]:
    shown = names if everything or len(names) <= _SHOWN + 3 else names[:_SHOWN]
    yield from (f"  {name}" for name in shown)
    if len(shown) < len(names):
        yield f"  and {len(names) - len(shown):,} more: --all lists them"


def wrapped(names: Sequence[str], indent: str = "      in ", width: int = 118) -> Iterator[str]:
    """Yield the last parts of dotted names, as many a line as fit; those of classes keep the class."""
    line = indent
    for number, name in enumerate(names):
        parts = name.split(".")
        word = ".".join(parts[-2:] if len(parts) > 1 and parts[-2][:1].isupper() else parts[-1:])
        word += "," if number + 1 < len(names) else ""
        if len(line) + len(word) > width and line.strip() != indent.strip():
            yield line.rstrip()
            line = " " * len(indent)
        line += word + " "
    yield line.rstrip()


_DIFFERENCES = {
    "gone": "Entry points that the library does not have",
    "signature": "Signatures that differ",
    "enum": "Enums that differ",
    "evidence": "Evidence that does not say what it said",
    "no-contract": "Entry points without a contract and without a reason why not",
    "new": "New entry points",
}


def drift_lines(drifts: Sequence[Drift], *, everything: bool = False) -> Iterator[str]:
    """Yield a table with a row for each release, and below it what differs in each of them."""
    heads = ("release", "contracts of", "entry points", "parameters", "enums", "clauses", "quotes", "differences")
    rows = [
        (
            drift.release, "itself" if drift.known == drift.release else drift.known, f"{drift.entry_points:,}",
            f"{drift.parameters:,}", f"{drift.enums}", f"{drift.clauses:,}", f"{drift.evidence:,}",
            f"{len(drift.differences):,}",
        )
        for drift in drifts
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = [
            cell.ljust(width) if n < 2 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells)
    for drift in drifts:
        for kind, heading in _DIFFERENCES.items():
            group = [difference for difference in drift.differences if difference.kind == kind]
            if group:
                yield ""
                yield f"{drift.release}: {heading}"
                yield from _differences(group, everything)
    superfluous = sorted({name for drift in drifts for name in drift.superfluous})
    if superfluous:
        yield ""
        yield f"uncovered.toml names what has a contract by now; take it out there: {', '.join(superfluous)}"


def drift_data(drift: Drift) -> dict[str, Any]:
    """Return the outcome for one release as plain data."""
    return {
        "library": drift.library,
        "release": drift.release,
        "contracts_of": drift.known,
        "entry_points": drift.entry_points,
        "parameters": drift.parameters,
        "enums": drift.enums,
        "clauses": drift.clauses,
        "quotes": drift.evidence,
        "differences": [
            {"kind": item.kind, "subject": item.subject, "text": item.text, "where": item.where}
            for item in drift.differences
        ],
    }


def lead_lines(leads: Sequence[Lead], before: str, after: str, *, everything: bool = False) -> Iterator[str]:
    """Yield what a human should look at, the weightiest first."""
    yield (
        f"{before} → {after}: {len(leads):,} leads for a human, the weightiest first"
        if leads
        else (f"{before} → {after}: no leads")
    )
    shown = leads if everything else leads[:_LEADS]
    for number, lead in enumerate(shown, 1):
        yield ""
        yield f"{number:>3}. {LEADS[lead.kind]}: {lead.subject}"
        yield f"     {lead.where}"
        for mark, text in (("-", lead.before), ("+", lead.after)) if lead.after else (("", lead.before),):
            short = text if everything or len(text) < 240 else f"{text[:237]}…"
            yield f"     {mark} {short}" if mark else f"     {short}"
    if len(shown) < len(leads):
        yield f"\nand {len(leads) - len(shown):,} more: --all lists them"


def lead_data(leads: Iterable[Lead]) -> list[dict[str, Any]]:
    """Return leads as plain data."""
    return [
        {"rank": rank, "score": lead.score, "kind": lead.kind, "where": lead.where, "subject": lead.subject}
        | {"before": lead.before}
        | ({"after": lead.after} if lead.after else {})
        for rank, lead in enumerate(leads, 1)
    ]


def _differences(group: Sequence[Difference], everything: bool) -> Iterator[str]:
    long = group[0].kind in ("new", "gone", "no-contract") and not everything and len(group) > _SHOWN + 3
    for item in group[:_SHOWN] if long else group:
        where = f" ({item.where})" if item.where else ""
        text = item.text if everything or len(item.text) < 160 else f"{item.text[:157]}…"
        yield f"  {item.subject}: {text}{where}"
    if long:
        yield f"  and {len(group) - _SHOWN:,} more: --all lists them"
