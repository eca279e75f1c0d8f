"""Breaches in words: the fact in one sentence, for findings, warnings and traces alike."""

from __future__ import annotations

from contractlint.clauses.evaluate import Judgement, Outcome
from contractlint.model.contract import Aspect, Clause, Effect, Enforcement
from contractlint.model.words import conditions, requirement


def message(one: Judgement, entry_point: str, spoken: str) -> str:
    """What is wrong with an argument of `entry_point` in a release that is spoken of as `flashinfer 0.6.7`."""
    clause = one.clause
    name = f"`{clause.parameter}` of {entry_point.rpartition('.')[2]}"
    when = f" when {conditions(clause)}" if clause.when else ""
    if one.outcome is Outcome.IGNORED:
        return f"{name} is passed, but {spoken} ignores it{when}"
    if clause.aspect is Aspect.PRESENCE:
        return f"{name} is None, but {spoken} needs it{when}"
    return f"{name} is {one.seen}, but {spoken} {_verb(clause)}{when}"


def _verb(clause: Clause) -> str:
    wanted = requirement(clause)
    if clause.aspect is not Aspect.DTYPE:
        return f"requires it to be {wanted}"
    if clause.effect is Effect.RAISES:
        return f"requires {wanted}"
    return f"reads {wanted}{' whatever it is' if clause.enforcement is Enforcement.NONE else ''}"
