"""Judge clauses about presence, values and memory: which possibilities of an argument break them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from contractlint.clauses import Call, Outcome, judge_argument
from contractlint.flow.values import Alt, NoneValue, Tensor, Unknown
from contractlint.judge.capability import reached, supported
from contractlint.judge.conditions import Holds, assumptions, hypothesis, outcome
from contractlint.judge.memory import allocator, size_of
from contractlint.judge.observe import observe
from contractlint.judge.site import JudgedSite
from contractlint.model.contract import Aspect, Clause, Effect
from contractlint.model.dtypes import canonical
from contractlint.model.finding import Verdict
from contractlint.model.words import one_of

STEPS = {Effect.SILENT: 2_000, Effect.FAULT: 2_000, Effect.RAISES: 600, Effect.SLOW: 600}
WRITING = frozenset(("zero_", "fill_", "copy_"))
SHAKY = (Effect.RAISES, Effect.SLOW)
NO_VALUE = "no value reaches it by any way that was followed"


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


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of the clauses that can apply to one aspect of an argument: what breaks them, and what cannot be told."""

    breaks: tuple[Break, ...]
    unknown: tuple[str, ...] = ()
    followed: bool = True  # a value was found that reaches the call

    @property
    def verdict(self) -> Verdict:
        if any(each.certain for each in self.breaks):
            return Verdict.VIOLATED
        if not self.followed:
            return Verdict.UNRESOLVED
        return Verdict.UNPROVEN if self.breaks or self.unknown else Verdict.PROVED

    @property
    def reason(self) -> str:
        """Why the verdict is not `proved`, in a phrase."""
        certain = [each for each in self.breaks if each.certain]
        if certain:
            return f"can be {one_of(dict.fromkeys(each.what for each in certain))}"
        if self.breaks:
            return f"it can be {self.breaks[0].what}; {self.breaks[0].doubt}"
        return next(iter(self.unknown), "")


def judge(site: JudgedSite, parameter: str, aspect: Aspect) -> Judgement | None:
    """Judge the clauses on one aspect of a parameter; None where none can apply."""
    return site.once((parameter, aspect), lambda: _judge_all(site, parameter, aspect))


def _judge_all(site: JudgedSite, parameter: str, aspect: Aspect) -> Judgement | None:
    found = [
        judgement
        for clause in site.view.clauses(site.site.entry_point, parameter, aspect)
        if not clause.ignored and clause.forbids and (judgement := _judge(site, parameter, clause)) is not None
    ]
    if not found:
        return None
    return Judgement(
        tuple(each for judgement in found for each in judgement.breaks),
        tuple(dict.fromkeys(reason for judgement in found for reason in judgement.unknown)),
        all(judgement.followed for judgement in found),
    )


def _judge(site: JudgedSite, parameter: str, clause: Clause) -> Judgement | None:
    chips, here = supported(clause.capabilities), reached(site.frame().facts)[0]
    if outcome(site, clause.when).holds is Holds.NO or (chips and not chips & here):
        return None
    elsewhere = f"that holds on chips of capability {clause.capabilities} alone" if chips and not here <= chips else ""
    alts = site.values(
        parameter, hypothesis(site, clause.when), steps=STEPS[clause.effect], assume=assumptions(clause.when)
    )
    judged = [(alt, *_judge_value(site, parameter, clause, alt)) for alt in alts]
    broken = [(alt, what) for alt, what, _ in judged if what]
    unknown = tuple(dict.fromkeys(reason for _, _, reason in judged if reason))
    if not alts:
        return Judgement((), () if clause.when else (NO_VALUE,), followed=bool(clause.when))
    return Judgement(tuple(_weigh(site, clause, alts, broken, elsewhere)), unknown)


def _weigh(
    site: JudgedSite, clause: Clause, alts: tuple[Alt, ...], broken: list[tuple[Alt, str]], apart: str
) -> Iterator[Break]:
    """Which of the possibilities that break a clause do so for certain, and what is to be said of the others."""
    kept_here = _kept_here(site, alts, [alt for alt, _ in broken])
    absent = 0 if clause.aspect is Aspect.PRESENCE else sum(isinstance(alt.value, NoneValue) for alt in alts)
    mixed = len(broken) < len(alts) - absent
    for alt, what in broken:
        doubt = _doubt(site, clause, alt)
        if doubt is None:
            continue
        doubt = doubt or apart
        if not doubt and mixed and (clause.effect in SHAKY or alt.kept):
            doubt = "other values reach the call too"
        until = alt.value.until if isinstance(alt.value, NoneValue) else ""
        if until:
            doubt = f"`{until}` puts a value there on first use, and nothing here calls it before"
        # None, or a number, has no history that could be held against that of the condition.
        decided = clause.when and alt.path is None and (alt.kept or alt.trail or _decided_elsewhere(site, clause))
        plain = alt.guess and not isinstance(alt.value, Tensor)
        seldom = apart and mixed  # neither the chip nor the value is known to be one for which it matters
        vague = bool(doubt) and bool(decided or plain or seldom or _on_dtypes(site, clause) or kept_here)
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


def _judge_value(site: JudgedSite, parameter: str, clause: Clause, alt: Alt) -> tuple[str, str]:
    """What a possibility is where it breaks a clause, and why it cannot be told; both empty where it keeps it."""
    enum = site.view.enum_of(parameter)
    enums = {} if enum is None else {parameter: site.view.enums.get(enum, {})}
    seen = observe(alt.value)
    if clause.aspect is Aspect.SIZE:
        seen = replace(seen, size=size_of(site, alt))
    judged = judge_argument(clause, seen, Call({}, enums))
    if judged.outcome is Outcome.BROKEN and clause.aspect is Aspect.ALLOCATION and _written(site, alt):
        return "", "the function that allocates it writes to a tensor, which may be this one"
    if judged.outcome is Outcome.BROKEN:
        return judged.seen, ""
    if judged.outcome is not Outcome.UNKNOWN:
        return "", ""
    return "", alt.value.reason if isinstance(alt.value, Unknown) else judged.reason


def _written(site: JudgedSite, alt: Alt) -> bool:
    """Whether the function that allocates some memory also writes a value all over a tensor."""
    fn = allocator(site, alt)
    functions = (record.node.parts[0] for record in site.flow.graph(fn).calls) if fn is not None else ()
    return any(function.kind == "attr" and function.parts[1] in WRITING for function in functions)
