"""Conditions of clauses: which can hold at a call site, for the values that reach it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from contractlint.clauses.conditions import met
from contractlint.clauses.conditions import spellings as words
from contractlint.flow.answers import Assumption
from contractlint.flow.nodes import Fact, Node
from contractlint.flow.values import Alt, Member, Tensor
from contractlint.judge.observe import observe
from contractlint.judge.site import JudgedSite
from contractlint.model.contract import Aspect, Condition, Effect


class Holds(Enum):
    """Whether a condition holds: always, never, for some known values, or it cannot be told."""

    YES = "yes"
    NO = "no"
    SOMETIMES = "sometimes"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for all conditions of a clause, with the values of the parameters for which they hold."""

    holds: Holds
    because: tuple[str, ...] = ()
    possible: frozenset[str] = frozenset()  # every value that the conditions' parameters can have


def outcome(site: JudgedSite, when: tuple[Condition, ...], focus: frozenset[tuple[str, str]] = frozenset()) -> Outcome:
    """Whether all conditions can hold; with `focus`, along the way that one value took."""
    result = Holds.YES
    because: list[str] = []
    possible: set[str] = set()
    for condition in when:
        single = _single(site, condition, focus)
        because.extend(single.because)
        possible |= single.possible
        if single.holds is Holds.NO:
            return single
        if single.holds is Holds.UNKNOWN or result is Holds.UNKNOWN:
            result = Holds.UNKNOWN
        elif single.holds is Holds.SOMETIMES:
            result = Holds.SOMETIMES
    return Outcome(result, tuple(because), frozenset(possible))


def _single(site: JudgedSite, condition: Condition, focus: frozenset[tuple[str, str]]) -> Outcome:
    verdicts: set[bool | None] = set()
    because: list[str] = []
    possible: set[str] = set()
    for alt in site.values(condition.parameter, focus=focus):
        verdict = satisfies(site, condition, alt)
        if verdict and isinstance(alt.value, Tensor) and (alt.guess or alt.kept):
            verdict = None  # another object's tensor may be the one that meets it
        verdicts.add(verdict)
        possible.add(_spell(site, condition.parameter, alt))
        if verdict:
            because.append(_spell(site, condition.parameter, alt))
    if verdicts == {True}:
        return Outcome(Holds.YES, tuple(dict.fromkeys(because)), frozenset(possible))
    if True in verdicts:
        return Outcome(Holds.SOMETIMES, tuple(dict.fromkeys(because)), frozenset(possible))
    if verdicts == {False}:
        return Outcome(Holds.NO)
    return Outcome(Holds.UNKNOWN)


def satisfies(site: JudgedSite, condition: Condition, alt: Alt) -> bool | None:
    """Whether one possibility for the condition's parameter meets it; None when that is not known."""
    keys = spellings(site, condition.parameter, alt)
    if keys is None:
        return None
    accepted = _accepted(site, condition.parameter)
    if accepted and isinstance(alt.value, Member) and not keys & accepted:
        return False  # the library refuses the value: the call does not get as far as the clause
    return met(condition, keys)


def _accepted(site: JudgedSite, parameter: str) -> set[str]:
    """The values that the library takes for a parameter in this release, empty when the contract does not list them."""
    out: set[str] = set()
    for clause in site.view.clauses(site.site.entry_point, parameter, Aspect.VALUE):
        if clause.values and clause.effect is Effect.RAISES and not clause.when:
            out.update(str(value) for value in clause.values)
    return out


def assumptions(when: tuple[Condition, ...]) -> tuple[Assumption, ...]:
    """The conditions as assumptions about names, for tests that stand elsewhere on the value's way."""
    return tuple(
        Assumption(c.parameter, tuple(_comparable(v) for v in c.values), c.negated)
        for c in when
        if all(isinstance(v, str) and v[:1].isupper() and v != "None" for v in c.values)
    )


def _comparable(value: object) -> tuple[str, object]:
    return ("member", value)


def spellings(site: JudgedSite, parameter: str, alt: Alt) -> frozenset[str] | None:
    """The spellings under which a value may stand in a condition: member name, literal, dtype."""
    enum = site.view.enum_of(parameter)
    return words(observe(alt.value), None if enum is None else site.view.enums.get(enum, {}))


def _spell(site: JudgedSite, parameter: str, alt: Alt) -> str:
    keys = spellings(site, parameter, alt) or frozenset()
    names = sorted(k for k in keys if not k.lstrip("-").isdigit()) or sorted(keys)
    return names[0] if names else "?"


def hypothesis(site: JudgedSite, when: tuple[Condition, ...]) -> tuple[Fact, ...]:
    """The conditions as facts about the call's arguments, so that branches on the same test are taken accordingly."""
    facts: list[Fact] = []
    for condition in when:
        node = site.argument(condition.parameter)
        if node is None or node.kind in ("const", "member"):
            continue
        fn, line = site.site.fn, site.site.line
        members = tuple(_member(site, condition.parameter, value) for value in condition.values)
        test = Node("cmp", fn, line, node, (("in", Node("tuple", fn, line, members)),))
        facts.append((test, not condition.negated))
    return tuple(facts)


def _member(site: JudgedSite, parameter: str, value: object) -> Node:
    fn, line = site.site.fn, site.site.line
    if isinstance(value, str) and site.view.enum_of(parameter) is not None and value != "None":
        return Node("member", fn, line, value)
    return Node("const", fn, line, None if value == "None" else value)
