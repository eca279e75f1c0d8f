"""Judge clauses about presence, values and allocation: which possibilities of an argument break them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contractlint.clauses import Call, Outcome, judge_argument
from contractlint.flow.values import Alt, NoneValue, Tensor
from contractlint.index.project import Function
from contractlint.judge.conditions import Holds, assumptions, hypothesis, outcome
from contractlint.judge.observe import observe
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
        if not clause.ignored and clause.forbids:
            yield from _judge(site, parameter, clause)


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
    enum = site.view.enum_of(parameter)
    enums = {} if enum is None else {parameter: site.view.enums.get(enum, {})}
    judged = judge_argument(clause, observe(alt.value), Call({}, enums))
    if judged.outcome is not Outcome.BROKEN or (clause.aspect is Aspect.ALLOCATION and _written(site, alt)):
        return ""
    return judged.seen


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
