"""Rotary embeddings."""

from __future__ import annotations

from contractlint.exercise.recipes.base import Argument, Fill, Recipe, constant

_REFERENCES = "contractlint.exercise.references"
_SIZES = {"num_tokens": 29, "num_q_heads": 8, "num_k_heads": 2, "head_size": 128, "max_seq_len": 64}


def _cached(name: str, results: tuple[str, ...]) -> Recipe:
    return Recipe(
        f"flashinfer.{name}",
        _SIZES,
        {
            "positions": Argument(Fill.COUNTING, "int64", ("num_tokens",)),
            "query": Argument(shape=("num_tokens", "num_q_heads * head_size")),
            "key": Argument(shape=("num_tokens", "num_k_heads * head_size")),
            "head_size": constant(128),
            "cos_sin_cache": Argument(Fill.ANGLES, "float32", ("max_seq_len", "head_size")),
            "is_neox": constant(True),
        },
        results=results,
        reference=f"{_REFERENCES}:rope_with_cache",
        module="rope",
        compile_seconds=60,
    )


RECIPES = (
    _cached("apply_rope_with_cos_sin_cache", ("return", "return")),
    _cached("apply_rope_with_cos_sin_cache_inplace", ("query", "key")),
    Recipe(
        "flashinfer.apply_rope_pos_ids",
        _SIZES,
        {
            "q": Argument(shape=("num_tokens", "num_q_heads", "head_size")),
            "k": Argument(shape=("num_tokens", "num_k_heads", "head_size")),
            "pos_ids": Argument(Fill.COUNTING, "int32", ("num_tokens",)),
        },
        results=("return", "return"),
        reference=f"{_REFERENCES}:rope_pos_ids",
        module="rope",
        compile_seconds=60,
    ),
)
