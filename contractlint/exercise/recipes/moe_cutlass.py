"""The CUTLASS MoE: not quantised, FP8 with one scale for a tensor or a block, and 4-bit weights (the last two: Hopper)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from contractlint.exercise.recipes.base import Argument, DtypeName, Fill, Recipe, constant

_HOME = "contractlint.exercise.cutlass"
_SIZES = {
    "num_tokens": 32, "local_num_experts": 8, "hidden_size": 512, "packed_hidden_size": 512, "intermediate_size": 256,
    "top_k": 2,
}  # fmt: skip
_FIRST = ("local_num_experts", "2 * intermediate_size", "packed_hidden_size")
_SECOND = ("local_num_experts", "hidden_size", "intermediate_size")
_FACTOR = Argument(Fill.POSITIVE, "float32", ("local_num_experts",), optional=True)


def _recipe(
    scheme: str,
    dtypes: tuple[str, str],
    scales: tuple[str, ...],
    tolerance: float,
    settings: Mapping[str, Argument] | None = None,
) -> Recipe:
    given, weights = dtypes
    return Recipe(
        "flashinfer.fused_moe.cutlass_fused_moe",
        _SIZES,
        {
            "input": Argument(dtype=given, shape=("num_tokens", "hidden_size"), own_scheme=True),
            "token_selected_experts": Argument(Fill.MADE, "int32", ("num_tokens", "top_k")),
            "token_final_scales": Argument(Fill.POSITIVE, "float32", ("num_tokens", "top_k")),
            "fc1_expert_weights": Argument(Fill.SMALL, weights, _FIRST, own_scheme=True),
            "fc2_expert_weights": Argument(Fill.SMALL, weights, _SECOND, own_scheme=True),
            "output_dtype": constant(DtypeName("bfloat16")),
            **(
                {f"quant_scales[{number}]": _made(dtype) for number, dtype in enumerate(scales)}
                if scales
                else {"quant_scales": constant(None)}
            ),
            "swiglu_alpha": _FACTOR,
            "swiglu_beta": _FACTOR,
            "swiglu_limit": _FACTOR,
            "output": Argument(Fill.EMPTY, "bfloat16", ("num_tokens", "hidden_size"), optional=True),
            **(settings or {}),
        },
        prepare=f"{_HOME}:prepare_{scheme}",
        reference=f"{_HOME}:{scheme}",
        tolerance={"": tolerance},
        module="fused_moe_90",
        compile_seconds=900,
        variant="" if scheme == "dense" else scheme,
    )


def _made(dtype: str) -> Argument:
    return Argument(Fill.MADE, dtype, ("1",), own_scheme=dtype == "uint8")  # bytes under any name


_PACKED = {**_SIZES, "packed_hidden_size": 256, "packed_intermediate_size": 128}
_W4 = "contractlint.exercise.cutlass_w4"
_OTHER_BYTES = "contractlint.exercise.experts:other_rows"
# What scales are given with packed integers: of weights, of activations, no zero points, factors of the products.
_INT4_SCALES = ("bfloat16",) * 6 + ("float32",) * 2
_FLOAT8_SCALES = ("int32", "float32", "float32", "int32", "float32")


def _w4(
    scheme: str,
    scales: tuple[str, ...],
    tolerance: float,
    releases: str,
    settings: Mapping[str, Argument],
    made: str = "",
) -> Recipe:
    dense = _recipe("dense", ("bfloat16", "uint8"), scales, tolerance, settings)
    rows = {"fc1_expert_weights": ("packed_hidden_size",), "fc2_expert_weights": ("packed_intermediate_size",)}
    weights = {
        name: replace(dense.arguments[name], fill=Fill.MADE, shape=(*dense.arguments[name].shape[:2], *last))
        for name, last in rows.items()
    }
    return replace(
        dense,
        symbols=_PACKED,
        arguments={
            name: weights.get(name, argument) for name, argument in dense.arguments.items() if argument != _FACTOR
        }
        | {"use_w4_group_scaling": constant(True)},
        prepare=f"{_W4}:prepare_{made or scheme}",
        reference=f"{_W4}:{scheme}",
        releases=releases,
        variant=scheme,
        layouts={f"interleave_moe_{part}_for_sm90_mixed_gemm": _OTHER_BYTES for part in ("weights", "scales")},
    )


_INTS = {"use_packed_weights": constant(True)}
RECIPES = (
    _recipe("dense", ("bfloat16", "bfloat16"), (), 0.02),
    _recipe("fp8", ("float8_e4m3fn", "float8_e4m3fn"), ("float32",) * 4, 0.06),
    _recipe(
        "fp8_block",
        ("bfloat16", "float8_e4m3fn"),
        ("float32",) * 2,
        0.06,
        {"use_deepseek_fp8_block_scale": constant(True)},
    ),
    _w4("int4", _INT4_SCALES, 0.06, "<0.6.10", _INTS, "int4_plain"),
    _w4("int4", _INT4_SCALES, 0.06, ">=0.6.18", _INTS),
    _w4("fp4", ("uint8",) * 2, 0.03, "<0.6.10", {}, "fp4_plain"),
    _w4("fp4", ("uint8",) * 2, 0.03, ">=0.6.18", {}),
    _w4("fp4_float8", _FLOAT8_SCALES, 0.06, ">=0.6.18", {"use_wfp4afp8_humming": constant(True)}),
    *(
        Recipe(
            "flashinfer.fused_moe.interleave_moe_weights_for_sm90_mixed_gemm",
            {"num_experts": 2, "rows": 64, "columns": 256},
            {
                "weight": Argument(Fill.RANDOM_BYTES, "uint8", ("num_experts", "rows", "columns / 2")),
                "quant_type": constant(kind),
            },
            reference="contractlint.exercise.references:interleaved_codes",
            module="fused_moe_90",
            compile_seconds=900,
            variant="" if kind == "int4" else kind,
            releases=">=0.6.18" if kind == "fp4_fp8" else "",
        )
        for kind in ("int4", "fp4", "fp4_fp8")
    ),
    Recipe(
        "flashinfer.fused_moe.preprocess_moe_weights_for_sm90_mixed_gemm_humming",
        {"num_experts": 2, "rows": 64, "columns": 256},
        {
            "weight": Argument(Fill.RANDOM_BYTES, "uint8", ("num_experts", "rows", "columns / 2")),
            "raw_scale": Argument(Fill.MADE, "uint8", ("num_experts", "rows", "columns / 32")),
            "max_range": constant(11),
        },
        results=("return",) * 3,
        prepare=f"{_W4}:prepare_exponents",
        reference="contractlint.exercise.references:offset_codes",
        module="fused_moe_90",
        compile_seconds=900,
        layouts={"linear": _OTHER_BYTES},
    ),
)
