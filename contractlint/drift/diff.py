"""What changes for callers between two releases of a library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contractlint.catalog import Catalog, ReleaseView
from contractlint.drift.changes import ORDER, Change, Kind, joined
from contractlint.drift.clauses import clause_changes
from contractlint.drift.signatures import signature_changes


def diff(catalog: Catalog, library: str, before: str, after: str, text: str = "") -> list[Change]:
    """Return what changes between two releases, for entry points whose name holds `text`; enums always count.

    Of each kind, those that concern an entry point with a contract come first.

    Raises UnknownLibrary or UnknownRelease.
    """
    old, new = catalog.at(library, before), catalog.at(library, after)
    changes = joined([*enum_changes(old.enums, new.enums), *_entry_points(old, new, text.lower())])

    def has_contract(change: Change) -> bool:
        return any(name in catalog.entry_points and catalog.clauses_of(name) for name in change.subjects)

    return sorted(changes, key=lambda change: (ORDER[change.kind], not has_contract(change)))


def enum_changes(old: Mapping[str, Mapping[str, int]], new: Mapping[str, Mapping[str, int]]) -> Iterator[Change]:
    """Yield what changes in the members of enums; an enum that one side lacks counts as one without members."""
    for enum in {**old, **new}:
        was, now = old.get(enum, {}), new.get(enum, {})
        for member, value in was.items():
            if member not in now:
                yield Change(Kind.MEMBER_REMOVED, (enum,), member, before=str(value))
            elif now[member] != value:
                taken = next((other for other, number in now.items() if number == value), "")
                detail = f"{value} is {taken} now" if taken else f"{value} is no member now"
                yield Change(Kind.RENUMBERED, (enum,), member, "", str(value), str(now[member]), detail=detail)
        for member, value in now.items():
            if member not in was:
                taken = next((other for other, number in was.items() if number == value), "")
                detail = f"{value} was {taken}" if taken else ""
                yield Change(Kind.MEMBER_ADDED, (enum,), member, after=str(value), detail=detail)


def _entry_points(old: ReleaseView, new: ReleaseView, text: str) -> Iterator[Change]:
    for name in sorted({*old.entry_points, *new.entry_points}):
        if text not in name.lower():
            continue
        before, after = old.signature(name), new.signature(name)
        if after is None:
            yield Change(Kind.ENTRY_REMOVED, (name,))
        elif before is None:
            yield Change(Kind.ENTRY_ADDED, (name,))
        else:
            if before != after:
                yield from signature_changes(name, before, after)
            yield from clause_changes(name, old, new)
