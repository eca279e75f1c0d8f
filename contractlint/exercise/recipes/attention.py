"""Attention, one request at a time."""

from __future__ import annotations

from contractlint.exercise.recipes.base import Argument, Recipe, constant

_REFERENCES = "contractlint.exercise.references"
_SIZES = {"qo_len": 17, "kv_len": 61, "num_qo_heads": 8, "num_kv_heads": 2, "head_dim": 128}
_KEYS = Argument(dtype="float16", shape=("kv_len", "num_kv_heads", "head_dim"))

RECIPES = (
    Recipe(
        "flashinfer.single_decode_with_kv_cache", _SIZES,
        {"q": Argument(dtype="float16", shape=("num_qo_heads", "head_dim")), "k": _KEYS, "v": _KEYS},
        reference=f"{_REFERENCES}:decode", module="single_decode", compile_seconds=40,
    ),
    Recipe(
        "flashinfer.single_prefill_with_kv_cache", _SIZES,
        {"q": Argument(dtype="float16", shape=("qo_len", "num_qo_heads", "head_dim")), "k": _KEYS, "v": _KEYS,
         "causal": constant(True), "backend": constant("fa2")},
        reference=f"{_REFERENCES}:prefill", module="single_prefill", compile_seconds=60,
    ),
)  # fmt: skip
