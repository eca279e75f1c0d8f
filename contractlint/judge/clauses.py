"""Judge clauses about presence, values and allocation: which possibilities of an argument break them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contractlint.flow.values import Alt, Const, Member, NoneValue, Tensor, Unknown
from contractlint.index.project import Function
from contractlint.judge.conditions import Holds, assumptions, hypothesis, outcome, spellings
from contractlint.judge.site import JudgedSite
from contractlint.model.contract import Aspect, Clause, Effect
from contractlint.model.dtypes import canonical

STEPS = {Effect.SILENT: 2_000, Effect.FAULT: 2_000, Effect.RAISES: 600, Effect.SLOW: 600}
WRITING = frozenset(("zero_", "fill_", "copy_"))
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
    telling: bool = False  # worth telling although it is not certain and would raise by itself
    vague: bool = False  # so little is known that telling it helps nobody who did not ask for everything


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
    kept_here = _kept_here(site, alts, [alt for alt, _ in broken])
    absent = 0 if clause.aspect is Aspect.PRESENCE else sum(isinstance(alt.value, NoneValue) for alt in alts)
    mixed = len(broken) < len(alts) - absent
    for alt, what in broken:
        doubt = _doubt(site, clause, alt)
        if doubt is None:
            continue
        if not doubt and mixed and (clause.effect in SHAKY or alt.kept):
            doubt = "other values reach the call too"
        until = alt.value.until if isinstance(alt.value, NoneValue) else ""
        if until:
            doubt = f"`{until}` puts a value there on first use, and nothing here calls it before"
        # None, or a number, has no history that could be held against that of the condition.
        elsewhere = clause.when and alt.path is None and (alt.kept or alt.trail or _decided_elsewhere(site, clause))
        plain = alt.guess and not isinstance(alt.value, Tensor)
        vague = bool(doubt) and bool(elsewhere or plain or _on_dtypes(site, clause) or kept_here)
        yield Break(clause, alt, what, not doubt, doubt, bool(until), vague)


def _kept_here(site: JudgedSite, alts: tuple[Alt, ...], broken: list[Alt]) -> bool:
    """Whether the class that holds the call stores a value that keeps the clause, and what breaks it is stored elsewhere."""
    own = site.site.fn.scope
    return any(own in alt.trail for alt in alts if alt not in broken) and not any(own in alt.trail for alt in broken)


def _decided_elsewhere(site: JudgedSite, clause: Clause) -> bool:
    """Whether other files say if a clause's condition is met: what they go together with cannot be told from the call."""
    return any(
        file != site.site.file
        for condition in clause.when
        for alt in site.values(condition.parameter)
        for file, _ in alt.trail
    )


def _on_dtypes(site: JudgedSite, clause: Clause) -> bool:
    """Whether a clause depends on the dtypes of other arguments, which are seldom known together."""
    return any(canonical(str(value)) is not None for condition in clause.when for value in condition.values)


def _doubt(site: JudgedSite, clause: Clause, alt: Alt) -> str | None:
    """What keeps a possibility from being a breach for certain: nothing (empty), or that it is none at all (None)."""
    if alt.guess:
        return "the way there was joined by name alone"
    if not clause.when:
        return ""
    # None and plain constants are kept once, whatever way they came: their trail is that of one way of many.
    there = outcome(site, clause.when, alt.trail if alt.path is not None else frozenset())
    conditions = " and ".join(str(c) for c in clause.when)
    if there.holds is Holds.YES:
        return ""
    if there.holds is Holds.NO:
        return None
    return f"whether that goes together with {conditions} is not known"


def _broken(site: JudgedSite, parameter: str, clause: Clause, alt: Alt) -> str:
    """What a possibility is where it breaks a clause; empty where it keeps it, or cannot be told."""
    value = alt.value
    if clause.aspect is Aspect.PRESENCE:
        return "None" if isinstance(value, NoneValue) else ""
    if clause.aspect is Aspect.ALLOCATION:
        fresh = isinstance(value, Tensor) and value.fill == "uninitialised" and not _written(site, alt)
        return "uninitialised" if fresh else ""
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


def _written(site: JudgedSite, alt: Alt) -> bool:
    """Whether the function that allocates some memory also writes a value all over a tensor."""
    if alt.path is None:
        return False
    origin = alt.path.origin
    module = site.flow.project.module_of_file(origin.file)
    if module is None:
        return False
    fn = Function(module, module.ir.function_around(origin.line))
    functions = (record.node.parts[0] for record in site.flow.graph(fn).calls)
    return any(function.kind == "attr" and function.parts[1] in WRITING for function in functions)


def _within(clause: Clause, number: float) -> bool:
    if clause.minimum is not None and number < clause.minimum:
        return False
    if clause.maximum is not None and number > clause.maximum:
        return False
    return clause.multiple_of is None or number % clause.multiple_of == 0
