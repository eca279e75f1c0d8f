"""The CUTLASS MoE: not quantised, FP8 with one scale for a tensor, and FP8 with one for a block (Hopper)."""

from __future__ import annotations

from collections.abc import Mapping

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
    return Argument(Fill.MADE, dtype, ("1",))


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
    Recipe(
        "flashinfer.fused_moe.interleave_moe_weights_for_sm90_mixed_gemm",
        {"num_experts": 2, "rows": 64, "columns": 256},
        {
            "weight": Argument(Fill.RANDOM_BYTES, "uint8", ("num_experts", "rows", "columns / 2")),
            "quant_type": constant("int4"),
        },
        reference=f"{_HOME}:interleaved",
        module="fused_moe_90",
        compile_seconds=900,
    ),
)
