"""Quantisation and packing helpers, and the layouts of weights."""

from __future__ import annotations

from contractlint.exercise.recipes.base import Argument, Fill, Recipe, constant

_REFERENCES = "contractlint.exercise.references"

RECIPES = (
    Recipe(
        "flashinfer.packbits", {"length": 4096},
        {"x": Argument(Fill.SIGNS, "bool", ("length",)), "bitorder": constant("little")},
        reference=f"{_REFERENCES}:packbits", module="quantization", compile_seconds=20,
    ),
    Recipe(
        "flashinfer.fused_moe.convert_to_block_layout", {"rows": 64, "columns": 512},
        {"input_tensor": Argument(Fill.RANDOM_BYTES, "uint8", ("rows", "columns")), "blockK": constant(128)},
        reference=f"{_REFERENCES}:block_layout", compile_seconds=0,
    ),
    Recipe(
        "flashinfer.fused_moe.reorder_rows_for_gated_act_gemm", {"rows": 64, "columns": 512},
        {"x": Argument(Fill.RANDOM_BYTES, "uint8", ("rows", "columns"))},
        reference=f"{_REFERENCES}:interleaved_rows", compile_seconds=0,
    ),
)  # fmt: skip
