"""Answers of the routing stage against the book, as evidence and as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contractlint.exercise.evidence import heading
from contractlint.exercise.machine import Machine
from contractlint.exercise.routing.stage import Answer
from contractlint.exercise.trials import expected_of
from contractlint.model import words
from contractlint.model.contract import Aspect, Clause, Outcome

_PARAMETERS = ("routing_bias", "routing_logits")
# Entry points that are given experts have no use for the logits, and do not begin with this stage.
_WITHOUT_ROUTING = "routed"


def spoken_of(clauses: Iterable[Clause]) -> list[Clause]:
    """The clauses that the stage can show: dtypes of logits and bias, of entry points that begin with it."""
    return [
        clause
        for clause in clauses
        if clause.aspect is Aspect.DTYPE
        and clause.parameter in _PARAMETERS
        and clause.dtypes
        and _WITHOUT_ROUTING not in clause.entry_point
    ]


def routing_as_dict(
    library: str, machine: Machine, date: str, answers: Iterable[Answer], clauses: Sequence[Clause]
) -> dict[str, Any]:
    """The routing stage as an evidence document.

    Args:
        clauses: those that the stage can show. Only the routing ran: what a launcher refuses before it was not asked,
            and is not confirmed.
    """
    found = list(answers)
    outcomes: list[dict[str, Any]] = []
    confirmed = []
    for clause in clauses:
        about = [answer for answer in found if _is_about(answer, clause)]
        outcomes += [{"entry_point": clause.entry_point, **_outcome(answer, clause)} for answer in about]
        expected = [(answer, expected_of(clause, answer.case.given)) for answer in about]
        breached = any(Outcome.ACCEPTED_RIGHT not in wanted for _, wanted in expected)
        if breached and all(answer.outcome in wanted for answer, wanted in expected):
            confirmed.append(
                {
                    "entry_point": clause.entry_point,
                    "parameter": clause.parameter,
                    "aspect": clause.aspect.value,
                    "requirement": words.requirement(clause),
                    "when": words.conditions(clause),
                }
            )
    conforming = [_outcome(answer, None) for answer in found if not answer.case.parameter]
    entries = sorted({clause.entry_point for clause in clauses})
    outcomes += [{"entry_point": entry, **outcome} for entry in entries for outcome in conforming]
    return {
        **heading(library, machine, date),
        "stage": "routing",
        "measured": [_measured(answer) for answer in found],
        "outcomes": outcomes,
        "confirmed": confirmed,
    }


def _is_about(answer: Answer, clause: Clause) -> bool:
    """Whether an answer tells something of a clause: its parameter and conditions, and the launcher lets it through."""
    case = answer.case
    unasked = expected_of(clause, case.given) == {Outcome.RAISED}
    return case.parameter == clause.parameter and _holds(clause, case.facts) and not unasked


def _holds(clause: Clause, facts: Mapping[str, str]) -> bool:
    """Whether the conditions of a clause hold, as far as the stage has a say in them."""
    return all(
        (facts[condition.parameter] in {str(value) for value in condition.values}) != condition.negated
        for condition in clause.when
        if condition.parameter in facts
    )


def _outcome(answer: Answer, clause: Clause | None) -> dict[str, Any]:
    case = answer.case
    return {
        **({"parameter": case.parameter} if case.parameter else {}),
        "mutation": "dtype" if case.parameter else "conforming",
        "given": f"{case.method.name}: {case}",
        "outcome": answer.outcome.value,
        **({} if clause is None else {"agrees": answer.outcome in expected_of(clause, case.given)}),
        **({} if clause is None else {"when": words.conditions(clause)}),
        "overlap": None if answer.overlap is None else round(answer.overlap, 4),
        **({"message": answer.message} if answer.message else {}),
    }


def _measured(answer: Answer) -> dict[str, Any]:
    """What one call showed, whatever the contracts say of it."""
    case, setting = answer.case, answer.setting
    found: dict[str, Any] = {
        "method": case.method.name,
        "groups": case.method.shape.groups,
        "given": str(case),
        "bias_spread": setting.bias_spread,
        "behind": setting.behind,
        "outcome": answer.outcome.value,
    }
    if answer.overlap is None:
        return found | {"message": answer.message}
    return found | {
        "overlap": round(answer.overlap, 4),
        "lowest": round(min(answer.overlaps), 4),
        "highest": round(max(answer.overlaps), 4),
        "draws": len(answer.overlaps),
        "weights_distance": float(f"{answer.distance:.3g}") if answer.distance < float("inf") else "inf",
        "keeps_bias_dtype": answer.keeps_bias_dtype,
    }


def routing_as_text(document: Mapping[str, Any]) -> str:
    """Overlap with the reference's experts, by method and dtypes."""
    lines = [f"{document['stage']} of {document['release']} on {document['device']} ({document['architecture']})", ""]
    for item in document["measured"]:
        groups = f", {item['groups']} groups" if item["groups"] > 1 else ""
        name = f"{item['method']}{groups}: {item['given']}"
        setting = f"biases of {item['bias_spread']:g}, {item['behind']} behind"
        lines.append(f"  {name:<60}  {setting:<27}  {_seen(item):<25}  {item['outcome']}")
    wrong = [item for item in document["outcomes"] if item.get("agrees") is False]
    if wrong:
        lines += ["", "what the contracts say is not so:"]
        lines += [f"  {item['entry_point']}: {item['given']}: {item['outcome']}" for item in wrong]
    lines += ["", f"{len(document['confirmed'])} clauses confirmed, {len(wrong)} calls disagree"]
    return "\n".join(lines)


def _seen(item: Mapping[str, Any]) -> str:
    if "overlap" not in item:
        return str(item["message"])
    return f"{item['overlap']:.3f} ({item['lowest']:.3f} to {item['highest']:.3f})"
