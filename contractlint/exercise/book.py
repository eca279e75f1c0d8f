"""Outcomes against what the contracts say: what is confirmed, and what is not so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contractlint.exercise.run import Result
from contractlint.exercise.trials import Mutation
from contractlint.model import words
from contractlint.model.contract import Aspect, Clause, Outcome


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A call that did something else than the contract says."""

    result: Result

    @property
    def message(self) -> str:
        """One sentence: what the contract says, what the kernel did."""
        trial, answer = self.result.trial, self.result.answer
        assert answer is not None
        did = _DID[answer.outcome]
        if answer.outcome is Outcome.ACCEPTED_WRONG and answer.distance is not None:
            did += f" ({answer.distance:.3g} from the reference)"
        if answer.message and answer.outcome is not Outcome.ACCEPTED_WRONG:
            did += f": {answer.message}"
        what = f"{trial.parameter} {trial.given}".strip() or "the conforming call"
        return f"{trial.entry_point}: {what}: contract says {said(self.result)}, kernel {did}"


def said(result: Result) -> str:
    """What the contract says of a call: `silent`, `raises`, `right`."""
    clause = result.trial.clause
    if result.trial.conforms or clause is None:
        return "right"
    return clause.effect.value if result.trial.expected != {Outcome.ACCEPTED_RIGHT} else "right"


_DID = {
    Outcome.ACCEPTED_RIGHT: "was right",
    Outcome.ACCEPTED_WRONG: "was wrong without an error",
    Outcome.RAISED: "raised",
    Outcome.FAULTED: "faulted",
    Outcome.HUNG: "hung",
}


def agrees(result: Result) -> bool:
    """Whether a call did what the contract says."""
    return result.answer is not None and result.answer.outcome in result.trial.expected


def disagreements(results: Iterable[Result]) -> list[Disagreement]:
    """The calls that did something else than the contract says."""
    return [Disagreement(result) for result in results if result.answer is not None and not agrees(result)]


def confirmed(results: Iterable[Result]) -> list[Clause]:
    """The clauses that these runs establish.

    All calls about a clause did what it says, and among them is a breach, unless the clause forbids nothing. A breach
    that follows from a conforming call which is itself wrong shows nothing, and such calls are not made; what was not
    called says nothing.
    """
    groups: dict[tuple[str, str, str, str], list[Result]] = {}
    for result in results:
        clause = result.trial.clause
        if clause is not None and result.answer is not None and result.trial.mutation is not Mutation.NONE:
            groups.setdefault((clause.entry_point, *_named(clause)), []).append(result)
    found = []
    for group in groups.values():
        clause = group[0].trial.clause
        assert clause is not None
        breached = any(not result.trial.conforms for result in group) or _forbids_nothing(clause)
        if breached and all(agrees(result) for result in group):
            found.append(clause)
    return found


def _named(clause: Clause) -> tuple[str, str, str]:
    return clause.parameter, clause.aspect.value, f"{words.contract(clause)}|{clause.source}"


def _forbids_nothing(clause: Clause) -> bool:
    any_dtype = clause.aspect is Aspect.DTYPE and not clause.dtypes and not clause.same_as
    return any_dtype or clause.required is False or clause.ignored
