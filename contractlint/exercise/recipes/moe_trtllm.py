"""The trtllm-gen MoE family, for Blackwell: packed experts, shuffled and block-major weights, every quantisation scheme.

Arguments that a scheme makes are filled in by `contractlint.exercise.experts`; here stands what is passed.
"""

from __future__ import annotations

from collections.abc import Mapping

from contractlint.exercise.recipes.base import Argument, Fill, Member, Recipe, constant

_EXPERTS = "contractlint.exercise.experts"
_SIZES = {
    "num_tokens": 16, "num_experts": 32, "local_num_experts": 32, "hidden_size": 512, "intermediate_size": 256,
    "top_k": 4,
}  # fmt: skip
_LAYOUTS = {
    "shuffled": f"{_EXPERTS}:other_rows",
    "packed (expert_id << 16) | bfloat16 bits of the weight": f"{_EXPERTS}:swapped_halves",
    "linear": f"{_EXPERTS}:swizzled",
}
_SCALAR = Argument(Fill.POSITIVE, "float32", ("local_num_experts",))
_OPTIONAL_SCALAR = Argument(Fill.POSITIVE, "float32", ("local_num_experts",), optional=True)
_OUTPUT = Argument(Fill.EMPTY, "bfloat16", ("num_tokens", "hidden_size"), optional=True)

_FROM_LOGITS = {
    "routing_logits": Argument(dtype="float32"),
    "routing_bias": Argument(Fill.SMALL, "bfloat16"),
}
_ROUTED = {"topk_ids": Argument(Fill.MADE, "int32", ("num_tokens", "top_k"))}
_UNPACKED = {
    "topk_ids[0]": Argument(Fill.MADE, "int32", ("num_tokens", "top_k")),
    "topk_ids[1]": Argument(Fill.MADE, "bfloat16", ("num_tokens", "top_k")),
}
_UNREAD_BIAS = {"routing_bias": Argument(Fill.SMALL, "bfloat16", ("num_experts",), optional=True)}
_SETTINGS = {
    "num_experts": constant(32),
    "top_k": constant(4),
    "n_group": constant(4, together=("topk_group",)),
    "topk_group": constant(2),
    "intermediate_size": constant(256),
    "local_expert_offset": constant(0),
    "local_num_experts": constant(32),
    "routed_scaling_factor": constant(2.5),
    "routing_method_type": constant(Member("RoutingMethodType", "DeepSeekV3")),
}


def _made(dtype: str) -> Argument:
    return Argument(Fill.MADE, dtype, ("1",))


def _coded(dtype: str) -> Argument:
    """Packed weights, or block scales of one byte."""
    return Argument(Fill.MADE, dtype, ("1",), as_bytes=True)


def _hidden(dtype: str) -> Argument:
    return Argument(Fill.MADE, dtype, ("num_tokens", "hidden_size"), own_scheme=True)


def _recipe(
    name: str,
    scheme: str,
    arguments: Mapping[str, Argument],
    tolerance: float,
    *,
    routed: bool = False,
    unpacked: str = "",  # the releases that take experts and weights apart
    variant: str = "",
) -> Recipe:
    experts = _UNPACKED if unpacked else _ROUTED if routed else _FROM_LOGITS
    return Recipe(
        f"flashinfer.fused_moe.trtllm_{name}",
        _SIZES,
        {**experts, **arguments, **_SETTINGS},
        prepare=f"{_EXPERTS}:prepare_{scheme}",
        reference=f"{_EXPERTS}:{scheme}",
        tolerance={"": tolerance},
        module="fused_moe_trtllm_sm100",
        compile_seconds=420,
        layouts=_LAYOUTS,
        variant=variant or ("unpacked" if unpacked else ""),
        releases=unpacked,
    )


_BF16 = {
    "hidden_states": _hidden("bfloat16"),
    "gemm1_weights": _made("bfloat16"),
    "gemm2_weights": _made("bfloat16"),
    "use_shuffled_weight": constant(True),
    "weight_layout": constant(Member("WeightLayout", "BlockMajorK")),
}
_FP8_PER_TENSOR = {
    "hidden_states": _hidden("float8_e4m3fn"),
    "gemm1_weights": _made("float8_e4m3fn"),
    "output1_scales_scalar": _SCALAR,
    "output1_scales_gate_scalar": _SCALAR,
    "gemm2_weights": _made("float8_e4m3fn"),
    "output2_scales_scalar": _SCALAR,
    "use_routing_scales_on_input": constant(False),
}
_FP8_PER_CHANNEL = {
    "hidden_states": _hidden("float8_e4m3fn"),
    "gemm1_weights": _made("float8_e4m3fn"),
    "gemm2_weights": _made("float8_e4m3fn"),
    "output1_scale_scalar": _SCALAR,
    "output1_scale_gate_scalar": _SCALAR,
    "output2_scale_scalar": _SCALAR,
    "use_routing_scales_on_input": constant(False),
    "hidden_states_scale": _made("float32"),
    "gemm1_per_channel_weight_scale": _made("float32"),
    "gemm2_per_channel_weight_scale": _made("float32"),
}
_FP8_BLOCK = {
    "hidden_states": _hidden("float8_e4m3fn"),
    "hidden_states_scale": _made("float32"),
    "gemm1_weights": _made("float8_e4m3fn"),
    "gemm1_weights_scale": _made("float32"),
    "gemm2_weights": _made("float8_e4m3fn"),
    "gemm2_weights_scale": _made("float32"),
    "use_shuffled_weight": constant(True),
    "weight_layout": constant(Member("WeightLayout", "BlockMajorK")),
    "output": _OUTPUT,
}
_MXFP8 = {
    **_FP8_BLOCK,
    "hidden_states_scale": _coded("uint8"),
    "gemm1_weights_scale": _coded("uint8"),
    "gemm2_weights_scale": _coded("uint8"),
    "weight_layout": constant(Member("WeightLayout", "MajorK")),
    "fp8_quantization_type": constant(Member("Fp8QuantizationType", "MxFp8")),
}
_FP4 = {
    "hidden_states": _hidden("uint8"),
    "hidden_states_scale": _coded("float8_e4m3fn"),
    "gemm1_weights": _coded("uint8"),
    "gemm1_weights_scale": _coded("float8_e4m3fn"),
    "gemm1_bias": constant(None),
    "gemm1_alpha": _OPTIONAL_SCALAR,
    "gemm1_beta": _OPTIONAL_SCALAR,
    "gemm1_clamp_limit": _OPTIONAL_SCALAR,
    "gemm2_weights": _coded("uint8"),
    "gemm2_weights_scale": _coded("float8_e4m3fn"),
    "gemm2_bias": constant(None),
    "output1_scale_scalar": _SCALAR,
    "output1_scale_gate_scalar": _SCALAR,
    "output2_scale_scalar": _SCALAR,
    "output": _OUTPUT,
}
_MXFP4_MXFP8 = {
    **_FP4,
    "hidden_states": _hidden("float8_e4m3fn"),
    "hidden_states_scale": Argument(Fill.MADE, "uint8", ("1",), as_bytes=True, own_scheme=True),
    "output1_scale_scalar": _OPTIONAL_SCALAR,
    "output1_scale_gate_scalar": _OPTIONAL_SCALAR,
    "output2_scale_scalar": _OPTIONAL_SCALAR,
}
_MXFP4_BF16 = {
    **_MXFP4_MXFP8,
    "hidden_states": _hidden("bfloat16"),
    "hidden_states_scale": constant(None),
}
_MXINT4 = {
    "hidden_states": _hidden("bfloat16"),
    "gemm1_weights": _coded("uint8"),
    "gemm1_weights_scale": _made("bfloat16"),
    "gemm1_alpha": _OPTIONAL_SCALAR,
    "gemm1_beta": _OPTIONAL_SCALAR,
    "gemm1_clamp_limit": _OPTIONAL_SCALAR,
    "gemm2_weights": _coded("uint8"),
    "gemm2_weights_scale": _made("bfloat16"),
    "output": _OUTPUT,
}

_MXFP4_MXFP8_ROUTED = {**_UNREAD_BIAS, **_MXFP4_MXFP8}

RECIPES = (
    _recipe("bf16_moe", "bf16", _BF16, 0.02),
    _recipe("bf16_routed_moe", "bf16", _BF16, 0.02, routed=True),
    _recipe("bf16_routed_moe", "bf16", _BF16, 0.02, unpacked=">=0.6.18"),
    _recipe("fp8_per_tensor_scale_moe", "fp8_per_tensor", _FP8_PER_TENSOR, 0.06),
    _recipe(
        "fp8_per_tensor_scale_routed_moe", "fp8_per_tensor", {**_UNREAD_BIAS, **_FP8_PER_TENSOR}, 0.06, routed=True
    ),
    _recipe("fp8_per_channel_scale_moe", "fp8_per_channel", _FP8_PER_CHANNEL, 0.06),
    _recipe(
        "fp8_per_channel_scale_routed_moe", "fp8_per_channel", {**_UNREAD_BIAS, **_FP8_PER_CHANNEL}, 0.06, routed=True
    ),
    _recipe("fp8_block_scale_moe", "fp8_block", _FP8_BLOCK, 0.05),
    _recipe("fp8_block_scale_moe", "mxfp8", _MXFP8, 0.05, variant="MxFp8"),
    _recipe("fp8_block_scale_routed_moe", "fp8_block", {**_UNREAD_BIAS, **_FP8_BLOCK}, 0.05, routed=True),
    _recipe("fp8_block_scale_routed_moe", "fp8_block", {**_UNREAD_BIAS, **_FP8_BLOCK}, 0.05, unpacked=">=0.6.18"),
    _recipe("fp8_block_scale_routed_moe", "mxfp8", {**_UNREAD_BIAS, **_MXFP8}, 0.05, routed=True, variant="MxFp8"),
    _recipe("fp4_block_scale_moe", "nvfp4", _FP4, 0.1),
    _recipe("fp4_block_scale_moe", "mxfp4_mxfp8", _MXFP4_MXFP8, 0.06, variant="MXFP4 x MXFP8"),
    _recipe("fp4_block_scale_moe", "mxfp4_bf16", _MXFP4_BF16, 0.03, variant="MXFP4 x bfloat16"),
    _recipe("fp4_block_scale_routed_moe", "nvfp4", {**_UNREAD_BIAS, **_FP4}, 0.1, routed=True),
    _recipe("fp4_block_scale_routed_moe", "nvfp4", {**_UNREAD_BIAS, **_FP4}, 0.1, unpacked=">=0.6.12"),
    _recipe(
        "fp4_block_scale_routed_moe",
        "mxfp4_mxfp8",
        _MXFP4_MXFP8_ROUTED,
        0.06,
        routed=True,
        variant="MXFP4 x MXFP8",
    ),
    _recipe("mxint4_block_scale_moe", "mxint4", _MXINT4, 0.03),
    _recipe("mxint4_block_scale_routed_moe", "mxint4", _MXINT4, 0.03, routed=True),
)
