"""A change between two releases, as callers of the library feel it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum


class Kind(str, Enum):
    """What a change is; in the order in which people want to read them, those that nothing will tell them first."""

    NARROWED_SILENTLY = "narrowed-silently"
    RENUMBERED = "member-renumbered"
    NO_LONGER_CHECKED = "no-longer-checked"
    SHIFTED = "positional-shift"
    ENTRY_REMOVED = "entry-point-removed"
    PARAMETER_REMOVED = "parameter-removed"
    NOW_REQUIRED = "parameter-required"
    KIND_CHANGED = "parameter-kind"
    MEMBER_REMOVED = "member-removed"
    NARROWED_CHECKED = "narrowed-with-a-check"
    RETURNS = "returns"
    DEFAULT = "default"
    CHANGED = "requirement-changed"
    NOW_CHECKED = "now-checked"
    WIDENED = "widened"
    PARAMETER_ADDED = "parameter-added"
    MEMBER_ADDED = "member-added"
    ENTRY_ADDED = "entry-point-added"


HEADINGS = {
    Kind.NARROWED_SILENTLY: "Narrowed silently: calls that were right give wrong results or fault, and nobody says so",
    Kind.RENUMBERED: "Enum members renumbered: copies of the old values now mean something else",
    Kind.NO_LONGER_CHECKED: "No longer checked: what used to raise does not",
    Kind.SHIFTED: "Positions moved: positional arguments land on other parameters",
    Kind.ENTRY_REMOVED: "Entry points removed",
    Kind.PARAMETER_REMOVED: "Parameters removed",
    Kind.NOW_REQUIRED: "Parameters that must now be passed",
    Kind.KIND_CHANGED: "Parameters passed in another way",
    Kind.MEMBER_REMOVED: "Enum members removed",
    Kind.NARROWED_CHECKED: "Narrowed with a check: calls that were right now raise",
    Kind.RETURNS: "Returns changed",
    Kind.DEFAULT: "Defaults changed",
    Kind.CHANGED: "Requirements changed",
    Kind.NOW_CHECKED: "Now checked: the requirement is the same, and a breach raises",
    Kind.WIDENED: "Widened: more is accepted",
    Kind.PARAMETER_ADDED: "Optional parameters added",
    Kind.MEMBER_ADDED: "Enum members added",
    Kind.ENTRY_ADDED: "Entry points added",
}
ORDER = {kind: number for number, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `subjects` are the entry points (or the enum) that it concerns; the other fields say it in words."""

    kind: Kind
    subjects: tuple[str, ...]
    parameter: str = ""
    aspect: str = ""
    before: str = ""
    after: str = ""
    when: str = ""
    detail: str = ""
    source: str = ""  # the contract file and line that says so, of the first subject


def joined(changes: Iterable[Change]) -> list[Change]:
    """Put the same change of several entry points together, in reading order."""
    found: dict[Change, list[Change]] = {}
    for change in changes:
        found.setdefault(replace(change, subjects=(), source=""), []).append(change)
    together = [
        replace(group[0], subjects=tuple(sorted({name for change in group for name in change.subjects})))
        for group in found.values()
    ]
    return sorted(together, key=lambda change: (ORDER[change.kind], change.subjects, change.parameter, change.when))
