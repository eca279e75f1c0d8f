"""The trtllm MoE family on stand-ins that misread memory as the contracts say: is right told from wrong?"""

from __future__ import annotations

import os
import re

import pytest

pytest.importorskip("torch")

import torch

from contractlint.catalog import load_catalog
from contractlint.exercise.book import agrees
from contractlint.exercise.child import Answer, Request, perform
from contractlint.exercise.plan import Subject, make_plan
from contractlint.exercise.recipes import RECIPES
from contractlint.exercise.run import Result
from contractlint.exercise.trials import MUTATIONS
from contractlint.model.contract import Outcome
from contractlint.testing import standin

CATALOG = load_catalog()
torch.set_num_threads(1)  # these matrices are small


LIBRARY = "flashinfer-python"


def subjects(release: str) -> list[Subject]:
    plan = make_plan(CATALOG, LIBRARY, release, "10.0", MUTATIONS)
    return [subject for subject in plan.running if ".fused_moe.trtllm_" in subject.entry.name]


def ask(subject: Subject, parameter: str = "", given: str = "") -> Result:
    trial = next(t for t in subject.trials if (t.parameter, t.given) == (parameter, given))
    assert subject.recipe is not None
    answer: Answer = perform(Request(subject.recipe, trial, subject.shapes, subject.present, device="cpu"))
    return Result(trial, answer)


# All of them in all releases take a few minutes, so most run only when asked for.
EVERY = bool(os.environ.get("CONTRACTLINT_REAL"))
RELEASES = ("0.6.7", "0.6.8", "0.7.2.post1") if EVERY else ("0.7.2.post1",)
SOME = (
    "bf16_routed_moe",
    "fp8_per_channel_scale_routed_moe",
    "fp8_block_scale_routed_moe",
    "mxint4_block_scale_routed_moe",
    "cutlass_fused_moe",
)
# What the library itself refuses about shapes, the stand-ins do not.
KINDS = frozenset(MUTATIONS) - {"shape"}
FAMILY = sorted(
    {recipe.entry_point for recipe in RECIPES if re.search(r"fused_moe\.(trtllm_|cutlass_)", recipe.entry_point)}
)


@pytest.mark.parametrize("entry", [name for name in FAMILY if EVERY or name.endswith(SOME)])
@pytest.mark.parametrize("release", RELEASES)
def test_every_call_on_a_stand_in_does_what_the_contracts_say(release: str, entry: str) -> None:
    """Conforming calls are right, and each mutation is right, wrong, raises or faults as its clause says."""
    with standin(release=release, misread=True):
        chip = "9.0" if "cutlass" in entry else "10.0"
        for subject in make_plan(CATALOG, LIBRARY, release, chip, KINDS, [entry]).running:
            assert subject.recipe is not None
            outcomes = {}
            for trial in subject.trials:
                answer = perform(Request(subject.recipe, trial, subject.shapes, subject.present, device="cpu"))
                assert agrees(Result(trial, answer)), f"{trial.key}: {sorted(trial.expected)}, but {answer}"
                outcomes[trial.key] = answer.outcome
            seen = set(outcomes.values())
            assert {Outcome.ACCEPTED_RIGHT, Outcome.ACCEPTED_WRONG, Outcome.RAISED} <= seen, subject.recipe.variant


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
