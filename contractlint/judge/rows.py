"""The outcome for every aspect of the arguments of a call, as the report lists it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contractlint.judge.byte_layout import mismatches
from contractlint.judge.clauses import judge
from contractlint.judge.dtype import DtypeJudgement
from contractlint.judge.site import JudgedSite
from contractlint.judge.strides import BREAKING, KEPT, TRANSPOSED, strides_of
from contractlint.model.contract import Aspect
from contractlint.model.finding import ArgumentRow, Place, Verdict

FOLLOWED = (Aspect.PRESENCE, Aspect.VALUE, Aspect.ALLOCATION, Aspect.SIZE)
MEASURED = (Aspect.SHAPE, Aspect.DEVICE)  # what only a call that runs shows
Outcome = tuple[Verdict, str]


def dtype_row(site: JudgedSite, judgement: DtypeJudgement) -> ArgumentRow:
    """The outcome for the dtype of one argument."""
    unfollowed = judgement.verdict is Verdict.UNPROVEN and all(alt is None for _, _, alt in judgement.doubts)
    verdict = Verdict.UNRESOLVED if unfollowed else judgement.verdict
    return _row(site, judgement.parameter, Aspect.DTYPE, verdict, judgement.reason, tuple(judgement.dtypes))


def rows(site: JudgedSite, sites: Sequence[JudgedSite]) -> Iterator[ArgumentRow]:
    """One row for each other aspect of an argument of which a clause can apply and code can tell something."""
    if site.signature is None or site.site.reason or site.site.elsewhere:
        return
    for parameter in site.parameters:
        for aspect in FOLLOWED:
            judgement = judge(site, parameter.name, aspect)
            if judgement is not None:
                yield _row(site, parameter.name, aspect, judgement.verdict, judgement.reason)
        outcome = _layout(site, parameter.name, sites)
        if outcome is not None:
            yield _row(site, parameter.name, Aspect.LAYOUT, *outcome)


def unjudged(site: JudgedSite) -> Iterator[tuple[str, str]]:
    """The aspects of arguments, `("hidden_states", "shape")`, on which there are clauses that no code is judged by."""
    if site.signature is None or site.site.elsewhere:
        return
    entry_point = site.site.entry_point
    for clause in site.view.clauses(entry_point):
        if clause.forbids and clause.aspect in MEASURED:
            yield clause.parameter, clause.aspect.value


def _layout(site: JudgedSite, parameter: str, sites: Sequence[JudgedSite]) -> Outcome | None:
    """The outcome for where the elements of an argument lie; None where nothing is asked of that."""
    clauses = [c for c in site.view.clauses(site.site.entry_point, parameter, Aspect.LAYOUT) if c.forbids]
    node = site.bound.arguments.get(parameter)
    if not clauses or node is None or (node.kind == "const" and node.parts[0] is None):
        return None
    if any(mismatches(site, parameter, sites)):
        return Verdict.UNPROVEN, "it can lie otherwise than it is read"
    found = strides_of(node)
    wrong = [BREAKING[c.layout, found.kind] for c in clauses if (c.layout, found.kind) in BREAKING]
    if wrong:
        return Verdict.VIOLATED if found.kind == TRANSPOSED else Verdict.UNPROVEN, wrong[0]
    if all(found.kind in KEPT.get(c.layout, ()) and not c.strides and c.alignment is None for c in clauses):
        return Verdict.PROVED, ""
    return Verdict.UNPROVEN, "the function that calls does not show how it lies in memory"


def _row(
    site: JudgedSite, parameter: str, aspect: Aspect, verdict: Verdict, reason: str, dtypes: tuple[str, ...] = ()
) -> ArgumentRow:
    call = site.site
    place = Place(call.file, call.line, call.column)
    return ArgumentRow(place, call.entry_point, parameter, site.release, verdict, dtypes, reason, aspect.value)
