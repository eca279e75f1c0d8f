"""Sampling. What is drawn at random is judged by its distribution."""

from __future__ import annotations

from contractlint.exercise.recipes.base import Argument, Fill, Recipe, constant

_REFERENCES = "contractlint.exercise.references"
_SIZES = {"batch_size": 64, "vocab_size": 4096}
_DRAWS = {"batch_size": 20000, "vocab_size": 16}
_ROWS = ("batch_size", "vocab_size")

RECIPES = (
    Recipe(
        "flashinfer.softmax", _SIZES,
        {"logits": Argument(dtype="float32", shape=_ROWS),
         "temperature": Argument(Fill.POSITIVE, "float32", ("batch_size",))},
        reference=f"{_REFERENCES}:softmax", module="sampling", compile_seconds=60,
    ),
    Recipe(
        "flashinfer.top_p_renorm_probs", _SIZES,
        {"probs": Argument(Fill.PROBABILITIES, "float32", _ROWS), "top_p": constant(0.8)},
        reference=f"{_REFERENCES}:top_p_renorm", tolerance={"": 0.02}, module="sampling", compile_seconds=60,
    ),
    Recipe(
        "flashinfer.top_k_renorm_probs", _SIZES,
        {"probs": Argument(Fill.PROBABILITIES, "float32", _ROWS), "top_k": constant(50)},
        reference=f"{_REFERENCES}:top_k_renorm", module="sampling", compile_seconds=60,
    ),
    Recipe(
        "flashinfer.top_k_mask_logits", _SIZES,
        {"logits": Argument(dtype="float32", shape=_ROWS), "top_k": constant(50)},
        judge="contractlint.exercise.judges:masked_logits", module="sampling", compile_seconds=60,
    ),
    Recipe(
        "flashinfer.sampling_from_probs", _DRAWS,
        {"probs": Argument(Fill.PROBABILITIES, "float32", _ROWS)},
        judge="contractlint.exercise.judges:drawn", tolerance={"": 0.1}, module="sampling", compile_seconds=60,
    ),
    Recipe(
        "flashinfer.sampling_from_logits", _DRAWS,
        {"logits": Argument(dtype="float32", shape=_ROWS)},
        judge="contractlint.exercise.judges:drawn_from_logits", tolerance={"": 0.1}, module="sampling",
        compile_seconds=60,
    ),
    Recipe(
        "flashinfer.top_k_sampling_from_probs", _DRAWS,
        {"probs": Argument(Fill.PROBABILITIES, "float32", _ROWS), "top_k": constant(4)},
        judge="contractlint.exercise.judges:drawn_top_k", tolerance={"": 0.1}, module="sampling", compile_seconds=60,
    ),
)  # fmt: skip
