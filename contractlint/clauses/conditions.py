"""Conditions of clauses, in three values: they hold, they do not, or it is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contractlint.clauses.observed import Call, Kind, Observed
from contractlint.model.contract import Condition


def spellings(observed: Observed, members: Mapping[str, int] | None) -> frozenset[str] | None:
    """The words under which a value may stand in a contract: member name, literal, dtype. None when it is not known."""
    if observed.kind is Kind.MEMBER:
        return frozenset((str(observed.value),))
    if observed.kind is Kind.NONE:
        return frozenset(("None",))
    if observed.kind is Kind.CONSTANT:
        value = observed.value
        if members is not None and isinstance(value, int) and not isinstance(value, bool):
            return frozenset((*(name for name, number in members.items() if number == value), str(int(value))))
        return frozenset((str(value), *_equals(value)))
    if observed.kind is Kind.TENSOR:
        return frozenset((observed.dtype or "Tensor",))
    if observed.kind is Kind.DTYPE and observed.dtype:
        return frozenset((observed.dtype,))
    return None


def _equals(value: object) -> tuple[str, ...]:
    """What else Python takes a number for: 1, 1.0 and True are one and the same to a kernel."""
    if not isinstance(value, bool | int | float) or value != value or value in (float("inf"), float("-inf")):
        return ()
    whole = (str(int(value)),) if value == int(value) else ()
    return (*whole, str(bool(value))) if value in (0, 1) else whole


def met(condition: Condition, words: frozenset[str]) -> bool:
    """Whether a value that can be spelled so meets a condition."""
    return any(str(value) in words for value in condition.values) != condition.negated


def holds(condition: Condition, observed: Observed, members: Mapping[str, int] | None = None) -> bool | None:
    """Whether one condition holds for a value; None when that is not known."""
    words = spellings(observed, members)
    return None if words is None else met(condition, words)


def all_hold(conditions: Iterable[Condition], call: Call) -> bool | None:
    """Whether all conditions hold in a call; None when one is not known and none is broken."""
    result: bool | None = True
    for condition in conditions:
        name = condition.parameter
        one = holds(condition, call.argument(name), call.members(name))
        if one is False:
            return False
        if one is None:
            result = None
    return result
