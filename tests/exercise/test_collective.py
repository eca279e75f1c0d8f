"""Calls that several ranks make together, on stand-ins that talk through Gloo."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch")

from contractlint.catalog import load_catalog
from contractlint.exercise.child import Answer, Request
from contractlint.exercise.plan import make_plan
from contractlint.exercise.run import Children
from contractlint.model.contract import Outcome

ALLREDUCE = "flashinfer.comm.allreduce_fusion"


def reason(gpus: int | None) -> str:
    made = make_plan(load_catalog(), "flashinfer-python", "0.6.7", "9.0", ("dtype",), [ALLREDUCE], gpus)
    return made.subjects[0].reason


def test_what_needs_more_gpus_than_there_are_is_not_run() -> None:
    assert reason(1) == "needs 2 GPUs; this machine has 1"
    assert reason(2) == reason(None) == ""


@pytest.fixture(scope="module")
def asked() -> dict[tuple[str, str], Answer | str]:
    made = make_plan(load_catalog(), "flashinfer-python", "0.6.7", "9.0", ("dtype",), [ALLREDUCE])
    subject, children, found = made.subjects[0], Children(), dict[tuple[str, str], Answer | str]()
    assert subject.recipe is not None
    recipe = replace(subject.recipe, prepare="", symbols={**subject.recipe.symbols, "hidden_size": 64})
    for parameter, given, limit in (("", "", 60.0), ("residual_in", "float32", 60.0), ("rms_gamma", "float64", 5.0)):
        trial = next(t for t in subject.trials if (t.parameter, t.given) == (parameter, given))
        request = Request(
            recipe, replace(trial, clause=None), subject.shapes, subject.present, "cpu", "tests.exercise.standins"
        )
        found[parameter, given] = children.ask(request, limit)
    return found


def outcome(answer: Answer | str) -> Outcome:
    assert isinstance(answer, Answer), answer
    return answer.outcome


def test_ranks_reach_one_another_and_each_is_compared(asked: dict[tuple[str, str], Answer | str]) -> None:
    assert outcome(asked["", ""]) is Outcome.ACCEPTED_RIGHT


def test_what_all_ranks_refuse_is_refused(asked: dict[tuple[str, str], Answer | str]) -> None:
    assert outcome(asked["residual_in", "float32"]) is Outcome.RAISED


def test_ranks_that_wait_for_one_another_hang_and_are_ended(asked: dict[tuple[str, str], Answer | str]) -> None:
    assert outcome(asked["rms_gamma", "float64"]) is Outcome.HUNG
