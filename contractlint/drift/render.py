"""Changes as text for a terminal, and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from contractlint.drift.changes import HEADINGS, Change, Kind

_ENUM = (Kind.RENUMBERED, Kind.MEMBER_ADDED, Kind.MEMBER_REMOVED)
_NAMES_ONLY = (Kind.ENTRY_ADDED, Kind.ENTRY_REMOVED)
_SHOWN = 12  # entry points that are listed one by one where only their number matters


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
