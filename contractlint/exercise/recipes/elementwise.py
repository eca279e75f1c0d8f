"""Activations, merging of attention states, appending to caches."""

from __future__ import annotations

from contractlint.exercise.recipes.base import Argument, Fill, Recipe

_REFERENCES = "contractlint.exercise.references"
_SIZES = {"num_tokens": 37, "hidden_size": 1024}
_STATES = {"seq_len": 29, "num_heads": 8, "head_dim": 128}


def _gated(name: str) -> Recipe:
    return Recipe(
        f"flashinfer.{name}",
        _SIZES,
        {
            "input": Argument(shape=("num_tokens", "2 * hidden_size")),
            "out": Argument(Fill.EMPTY, shape=("num_tokens", "hidden_size"), optional=True),
        },
        reference=f"{_REFERENCES}:{name}",
        module=name,
        compile_seconds=25,
    )


RECIPES = (
    _gated("silu_and_mul"),
    _gated("gelu_and_mul"),
    _gated("gelu_tanh_and_mul"),
    Recipe(
        "flashinfer.merge_state",
        _STATES,
        {
            "v_a": Argument(dtype="float16", shape=("seq_len", "num_heads", "head_dim")),
            "s_a": Argument(dtype="float32", shape=("seq_len", "num_heads")),
            "v_b": Argument(dtype="float16", shape=("seq_len", "num_heads", "head_dim")),
            "s_b": Argument(dtype="float32", shape=("seq_len", "num_heads")),
        },
        results=("return", "return"),
        reference=f"{_REFERENCES}:merge_state",
        module="cascade",
        compile_seconds=30,
    ),
)
