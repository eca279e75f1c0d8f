"""Quantisation and packing helpers, and the layouts of weights."""

from __future__ import annotations

from contractlint.exercise.recipes.base import Argument, Fill, Recipe, constant

_REFERENCES = "contractlint.exercise.references"
_JUDGES = "contractlint.exercise.judges"
_MATRIX = {"num_tokens": 128, "hidden_size": 512}
_X = Argument(shape=("num_tokens", "hidden_size"))
_ONE_SCALE = Argument(Fill.POSITIVE, "float32", ("1",))

RECIPES = (
    Recipe(
        "flashinfer.packbits", {"length": 4096},
        {"x": Argument(Fill.SIGNS, "bool", ("length",)), "bitorder": constant("little")},
        reference=f"{_REFERENCES}:packbits", module="quantization", compile_seconds=20,
    ),
    Recipe(
        "flashinfer.fp4_quantize", _MATRIX,
        {"input": _X, "global_scale": _ONE_SCALE, "sf_vec_size": constant(16), "backend": constant("cuda")},
        results=("return", "return"), judge=f"{_JUDGES}:nvfp4_round_trip", tolerance={"": 0.13}, module="fp4_quantization",
        compile_seconds=90,
    ),
    Recipe(
        "flashinfer.nvfp4_quantize", _MATRIX,
        {"a": _X, "a_global_sf": _ONE_SCALE, "sf_vec_size": constant(16)},
        results=("return", "return"), judge=f"{_JUDGES}:nvfp4_round_trip", tolerance={"": 0.13}, module="fp4_quantization",
        compile_seconds=90,
    ),
    Recipe(
        "flashinfer.mxfp4_quantize", _MATRIX, {"a": _X, "backend": constant("cuda")},
        results=("return", "return"), judge=f"{_JUDGES}:mxfp4_round_trip", tolerance={"": 0.16}, module="fp4_quantization",
        compile_seconds=90,
    ),
    Recipe(
        "flashinfer.mxfp8_quantize", _MATRIX, {"input": _X, "backend": constant("cuda")},
        results=("return", "return"), judge=f"{_JUDGES}:mxfp8_round_trip", tolerance={"": 0.05}, module="mxfp8_quantization",
        compile_seconds=60,
    ),
    Recipe(
        "flashinfer.block_scale_interleave", {"rows": 128, "columns": 64},
        {"unswizzled_sf": Argument(Fill.RANDOM_BYTES, "uint8", ("rows", "columns"))},
        reference=f"{_REFERENCES}:interleaved_scales", module="fp4_quantization", compile_seconds=90,
    ),
    Recipe(
        "flashinfer.shuffle_matrix_a", {"rows": 128, "columns": 64},
        {"input_tensor": Argument(Fill.RANDOM_BYTES, "uint8", ("rows", "columns")), "epilogue_tile_m": constant(64)},
        reference=f"{_REFERENCES}:shuffled", compile_seconds=0,
    ),
    Recipe(
        "flashinfer.shuffle_matrix_sf_a", {"rows": 128, "columns": 64},
        {"input_tensor": Argument(Fill.RANDOM_BYTES, "uint8", ("rows", "columns")), "epilogue_tile_m": constant(64)},
        reference=f"{_REFERENCES}:shuffled_scales", module="fp4_quantization", compile_seconds=90,
    ),
    Recipe(
        "flashinfer.fp4_quantization.get_shuffle_matrix_a_row_indices", {"rows": 128, "columns": 64},
        {"input_tensor": Argument(Fill.RANDOM_BYTES, "uint8", ("rows", "columns")), "epilogue_tile_m": constant(64)},
        reference=f"{_REFERENCES}:row_order", compile_seconds=0,
    ),
    Recipe(
        "flashinfer.fp4_quantization.get_shuffle_matrix_sf_a_row_indices", {"rows": 128, "columns": 64},
        {"input_tensor": Argument(Fill.RANDOM_BYTES, "uint8", ("rows", "columns")), "epilogue_tile_m": constant(64),
         "num_elts_per_sf": constant(16)},
        reference=f"{_REFERENCES}:row_order", compile_seconds=0,
    ),
    Recipe(
        "flashinfer.fused_moe.interleave_moe_scales_for_sm90_mixed_gemm",
        {"num_experts": 4, "rows": 128, "columns": 512, "group_size": 32},
        {"scales": Argument(Fill.RANDOM_BYTES, "uint8", ("num_experts", "rows", "columns / group_size")),
         "group_size": constant(32)},
        reference=f"{_REFERENCES}:folded_scales", compile_seconds=0,
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
