"""Conditions of clauses: which cases they split a call into, and whether each case has exactly one clause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from contractlint.catalog.schema import Conditions

# Stands for every value of an argument that no condition mentions.
OTHER = "anything else"

Case = Mapping[str, object]


def cases(groups: Iterable[Conditions], members: Mapping[str, Iterable[str]]) -> Iterator[Case]:
    """Yield the cases that conditions tell apart; `members` gives the known values of parameters that hold an enum."""
    domains: dict[str, list[object]] = {}
    for conditions in groups:
        for parameter, values, _ in conditions:
            domain = domains.setdefault(parameter, list(members.get(parameter, ())))
            domain += [value for value in values if not _among(value, domain)]
    for parameter, domain in domains.items():
        if parameter not in members and not all(isinstance(value, bool) for value in domain):
            domain.append(OTHER)
        elif all(isinstance(value, bool) for value in domain):
            domain[:] = [True, False]
    names = list(domains)
    for values in product(*domains.values()):
        yield dict(zip(names, values, strict=True))


def holds(conditions: Conditions, case: Case) -> bool:
    return all(_among(case[parameter], values) != negated for parameter, values, negated in conditions)


def describe(case: Case) -> str:
    return " and ".join(f"{parameter} is {value}" for parameter, value in case.items())


def complement(groups: Sequence[Conditions]) -> list[Conditions]:
    """Return disjoint conjunctions that together hold exactly where none of `groups` does."""
    pieces: list[Conditions] = [()]
    for conditions in groups:
        rest: list[Conditions] = []
        for index, (parameter, values, negated) in enumerate(conditions):
            rest.append((*conditions[:index], (parameter, values, not negated)))
        pieces = [joined for piece in pieces for other in rest if (joined := _conjoin(piece, other)) is not None]
    return pieces


def _conjoin(left: Conditions, right: Conditions) -> Conditions | None:
    """Join two conjunctions with one test a parameter; None when they exclude each other."""
    joined: dict[str, tuple[tuple[object, ...], bool]] = {}
    for parameter, values, negated in (*left, *right):
        if parameter not in joined:
            joined[parameter] = (values, negated)
            continue
        before, was_negated = joined[parameter]
        if negated and was_negated:
            merged = before + tuple(value for value in values if not _among(value, before))
        elif negated:
            merged = tuple(value for value in before if not _among(value, values))
        elif was_negated:
            merged = tuple(value for value in values if not _among(value, before))
        else:
            merged = tuple(value for value in values if _among(value, before))
        if not merged:
            return None
        joined[parameter] = (merged, negated and was_negated)
    return tuple((parameter, values, negated) for parameter, (values, negated) in joined.items())


def _among(value: object, values: Iterable[object]) -> bool:
    """Membership that keeps booleans apart from the integers that they equal."""
    return any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in values)
