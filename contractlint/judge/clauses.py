"""Judge clauses about presence, values and allocation: which possibilities of an argument break them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contractlint.flow.values import Alt, Const, Member, NoneValue, Tensor, Unknown
from contractlint.judge.conditions import Holds, assumptions, hypothesis, outcome, spellings
from contractlint.judge.site import JudgedSite
from contractlint.model.contract import Aspect, Clause, Effect

STEPS = {Effect.SILENT: 2_000, Effect.FAULT: 2_000, Effect.RAISES: 600, Effect.SLOW: 600}
SHAKY = (Effect.RAISES, Effect.SLOW)


@dataclass(frozen=True, slots=True)
class Break:
    """One possibility that breaks a clause.

    `what` names it in a sentence. `certain` says that the code shows it to reach the kernel where the clause holds;
    otherwise `doubt` says what is not known.
    """

    clause: Clause
    alt: Alt
    what: str
    certain: bool
    doubt: str = ""


def breaks(site: JudgedSite, parameter: str, aspect: Aspect) -> Iterator[Break]:
    """Every possibility that breaks a clause on this aspect of a parameter."""
    for clause in site.view.clauses(site.site.entry_point, parameter, aspect):
        if not clause.ignored and _asks(clause):
            yield from _judge(site, parameter, clause)


def _asks(clause: Clause) -> bool:
    if clause.aspect is Aspect.PRESENCE:
        return bool(clause.required)
    if clause.aspect is Aspect.ALLOCATION:
        return clause.allocation == "zeroed"
    bounds = (clause.minimum, clause.maximum, clause.multiple_of)
    return bool(clause.values) or any(bound is not None for bound in bounds)


def _judge(site: JudgedSite, parameter: str, clause: Clause) -> Iterator[Break]:
    applies = outcome(site, clause.when)
    if applies.holds is Holds.NO:
        return
    alts = site.values(
        parameter, hypothesis(site, clause.when), steps=STEPS[clause.effect], assume=assumptions(clause.when)
    )
    broken = [(alt, what) for alt in alts if (what := _broken(site, parameter, clause, alt))]
    mixed = len(broken) < len(alts)
    for alt, what in broken:
        doubt = _doubt(site, clause, alt, applies.holds)
        if not doubt and clause.effect in SHAKY and (mixed or alt.kept):
            doubt = "other values reach the call too"
        yield Break(clause, alt, what, not doubt, doubt)


def _doubt(site: JudgedSite, clause: Clause, alt: Alt, applies: Holds) -> str:
    """What keeps a possibility from being a breach for certain, empty for nothing."""
    if alt.guess:
        return "the way there was joined by name alone"
    if not clause.when:
        return ""
    there = outcome(site, clause.when, alt.trail)
    conditions = " and ".join(str(c) for c in clause.when)
    if there.holds is Holds.YES or (there.holds is Holds.SOMETIMES and not alt.kept):
        return ""
    if there.holds is Holds.NO:
        return f"{conditions} does not go together with it"
    return f"whether that goes together with {conditions} is not known"


def _broken(site: JudgedSite, parameter: str, clause: Clause, alt: Alt) -> str:
    """What a possibility is where it breaks a clause; empty where it keeps it, or cannot be told."""
    value = alt.value
    if clause.aspect is Aspect.PRESENCE:
        return "None" if isinstance(value, NoneValue) else ""
    if clause.aspect is Aspect.ALLOCATION:
        return "uninitialised" if isinstance(value, Tensor) and value.fill == "uninitialised" else ""
    if isinstance(value, Unknown | NoneValue):
        return ""
    if isinstance(value, Const | Member) and clause.values:
        spelt = spellings(site, parameter, alt)
        if spelt is None or any(str(item) in spelt for item in clause.values):
            return ""
        return sorted(spelt, key=lambda text: (text.lstrip("-").isdigit(), text))[0]
    if isinstance(value, Const) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
        return "" if _within(clause, value.value) else f"{value.value}"
    return ""


def _within(clause: Clause, number: float) -> bool:
    if clause.minimum is not None and number < clause.minimum:
        return False
    if clause.maximum is not None and number > clause.maximum:
        return False
    return clause.multiple_of is None or number % clause.multiple_of == 0
