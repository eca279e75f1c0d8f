"""The trtllm MoE family on stand-ins that misread memory as the contracts say: is right told from wrong?"""

from __future__ import annotations

import os

import pytest

pytest.importorskip("torch")

from contractlint.catalog import load_catalog
from contractlint.exercise.book import agrees
from contractlint.exercise.child import Answer, Request, perform
from contractlint.exercise.plan import Subject, make_plan
from contractlint.exercise.run import Result
from contractlint.exercise.trials import MUTATIONS
from contractlint.model.contract import Outcome
from contractlint.testing import standin

CATALOG = load_catalog()


def subjects(release: str) -> list[Subject]:
    plan = make_plan(CATALOG, "flashinfer-python", release, "10.0", MUTATIONS)
    return [subject for subject in plan.running if ".fused_moe.trtllm_" in subject.entry.name]


def ask(subject: Subject, parameter: str = "", given: str = "") -> Result:
    trial = next(t for t in subject.trials if (t.parameter, t.given) == (parameter, given))
    assert subject.recipe is not None
    answer: Answer = perform(Request(subject.recipe, trial, subject.shapes, subject.present, device="cpu"))
    return Result(trial, answer)


# All of them take a minute or two, so most run only when asked for.
SCHEMES = ("bf16_moe", "fp4_block_scale_routed_moe", "fp8_block_scale_moe", "mxint4_block_scale_routed_moe")
EVERY = bool(os.environ.get("CONTRACTLINT_REAL"))


@pytest.mark.parametrize("release", ["0.6.7", "0.7.2.post1"] if EVERY else ["0.7.2.post1"])
def test_conforming_calls_are_right(release: str) -> None:
    with standin(release=release, misread=True):
        for subject in subjects(release):
            if EVERY or subject.entry.short_name in {f"trtllm_{scheme}" for scheme in SCHEMES}:
                answer = ask(subject).answer
                assert answer is not None and subject.recipe is not None
                name = f"{subject.entry.name} {subject.recipe.variant}"
                assert answer.outcome is Outcome.ACCEPTED_RIGHT, f"{name}: {answer}"


@pytest.mark.parametrize(
    ("entry", "parameter", "given"),
    [
        ("trtllm_bf16_moe", "routing_bias", "float32"),  # the breach that 0.6.7 became known for
        ("trtllm_bf16_moe", "routing_logits", "bfloat16"),
        ("trtllm_bf16_moe", "hidden_states", "transposed"),
        ("trtllm_bf16_moe", "gemm1_weights", "not shuffled"),
        ("trtllm_fp8_block_scale_moe", "routing_bias", "float32"),
        ("trtllm_fp4_block_scale_moe", "output2_scale_scalar", "bfloat16"),
    ],
)
def test_what_is_misread_is_seen(entry: str, parameter: str, given: str) -> None:
    with standin(release="0.6.7", misread=True):
        subject = next(s for s in subjects("0.6.7") if s.entry.short_name == entry)
        result = ask(subject, parameter, given)
    assert result.answer is not None and result.answer.outcome is Outcome.ACCEPTED_WRONG
    assert agrees(result)


def test_the_release_that_carries_the_dtype_again_is_right() -> None:
    with standin(release="0.6.8", misread=True):
        subject = next(s for s in subjects("0.6.8") if s.entry.short_name == "trtllm_bf16_moe")
        result = ask(subject, "routing_bias", "float32")
    assert result.answer is not None and result.answer.outcome is Outcome.ACCEPTED_RIGHT
