"""Experts as an engine prepares them for each entry point of the trtllm MoE family, and the same in plain float32."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="a stand-in computes with torch")

from contractlint.reference import layouts  # noqa: E402
from contractlint.reference import quantization as q  # noqa: E402

TOKENS, HIDDEN, INTERMEDIATE, EXPERTS, TOP_K = 6, 256, 256, 8, 2


@dataclass(frozen=True)
class Prepared:
    """Arguments of one entry point, and what they stand for: activations and weights in float32."""

    entry_point: str
    arguments: dict[str, Any]
    hidden: Any
    first: Any
    second: Any


def _made() -> tuple[Any, Any, Any]:
    generator = torch.Generator().manual_seed(7)
    hidden = torch.randn(TOKENS, HIDDEN, generator=generator)
    first = torch.randn(EXPERTS, 2 * INTERMEDIATE, HIDDEN, generator=generator) / 16
    second = torch.randn(EXPERTS, HIDDEN, INTERMEDIATE, generator=generator) / 16
    return hidden, first, second


def _shuffled(code: Any, *, gated: bool) -> Any:
    return layouts.shuffle(code.view(torch.uint8), 128, gated=gated).view(code.dtype)


def _swizzled(scale: Any, *, gated: bool) -> Any:
    view = scale.view(torch.uint8) if scale.element_size() == 1 else scale
    return layouts.interleave_scales(layouts.shuffle(view, 128, gated=gated)).reshape(scale.shape)


def bf16() -> Prepared:
    hidden, first, second = (x.bfloat16() for x in _made())
    arguments = {
        "hidden_states": hidden,
        "gemm1_weights": layouts.to_block_major(_shuffled_rows(first, gated=True)),
        "gemm2_weights": layouts.to_block_major(_shuffled_rows(second, gated=False)),
        "use_shuffled_weight": True,
        "weight_layout": 2,
    }
    return Prepared("trtllm_bf16_moe", arguments, hidden.float(), first.float(), second.float())


def _shuffled_rows(x: Any, *, gated: bool) -> Any:
    return layouts.shuffle(x, 128, gated=gated)


def fp8_per_tensor() -> Prepared:
    hidden, first, second = _made()
    (h, hs), (one, s1), (two, s2) = (q.quantize_fp8_per_tensor(x) for x in (hidden, first, second))
    between = 448.0 / 8  # what the activations between the GEMMs are multiplied with before they are stored
    each = torch.ones(EXPERTS)
    arguments = {
        "hidden_states": h,
        "gemm1_weights": _shuffled(one, gated=True),
        "gemm2_weights": _shuffled(two, gated=False),
        "output1_scales_scalar": each * hs * s1 * between,
        "output1_scales_gate_scalar": each * hs * s1,
        "output2_scales_scalar": each * s2 / between,
        "use_routing_scales_on_input": False,
    }
    return Prepared("trtllm_fp8_per_tensor_scale_moe", arguments, h.float() * hs, one.float() * s1, two.float() * s2)


def fp8_block(*, shuffled: bool = False, block_major: bool = False) -> Prepared:
    hidden, first, second = _made()
    h, hs = q.quantize_fp8_groups(hidden)
    (one, s1), (two, s2) = q.quantize_fp8_blocks(first), q.quantize_fp8_blocks(second)
    weights = [one, two]
    if shuffled:
        weights = [layouts.shuffle(w.view(torch.uint8), 64).view(w.dtype) for w in weights]
    if block_major:
        weights = [layouts.to_block_major(w) for w in weights]
    arguments = {
        "hidden_states": h,
        "hidden_states_scale": hs,
        "gemm1_weights": weights[0],
        "gemm1_weights_scale": s1,
        "gemm2_weights": weights[1],
        "gemm2_weights_scale": s2,
        "use_shuffled_weight": shuffled,
        "weight_layout": 2 if block_major else 0,
    }
    plain = (q.dequantize_fp8_groups(h, hs), q.dequantize_fp8_blocks(one, s1), q.dequantize_fp8_blocks(two, s2))
    return Prepared("trtllm_fp8_block_scale_moe", arguments, *plain)


def mxfp8() -> Prepared:
    hidden, first, second = _made()
    (h, hs), (one, s1), (two, s2) = (q.quantize_mxfp8(x) for x in (hidden, first, second))
    arguments = {
        "hidden_states": h,
        "hidden_states_scale": hs,
        "gemm1_weights": _shuffled(one, gated=True),
        "gemm1_weights_scale": torch.stack([_swizzled(s, gated=True) for s in s1]),
        "gemm2_weights": _shuffled(two, gated=False),
        "gemm2_weights_scale": torch.stack([_swizzled(s, gated=False) for s in s2]),
        "use_shuffled_weight": True,
        "weight_layout": 0,
        "fp8_quantization_type": 2,
    }
    plain = (q.dequantize_mxfp8(h, hs), q.dequantize_mxfp8(one, s1), q.dequantize_mxfp8(two, s2))
    return Prepared("trtllm_fp8_block_scale_moe", arguments, *plain)


def nvfp4() -> Prepared:
    hidden, first, second = _made()
    wholes = [448 * 6 / float(x.abs().max()) for x in (hidden, first, second)]
    (h, hs), (one, s1), (two, s2) = (
        q.quantize_nvfp4(x, w) for x, w in zip((hidden, first, second), wholes, strict=True)
    )
    between = 448 * 6 / 8.0
    each = torch.ones(EXPERTS)
    arguments = {
        "hidden_states": h,
        "hidden_states_scale": hs,
        "gemm1_weights": _shuffled(one, gated=True),
        "gemm1_weights_scale": torch.stack([_swizzled(s, gated=True) for s in s1]).view(torch.float8_e4m3fn),
        "gemm2_weights": _shuffled(two, gated=False),
        "gemm2_weights_scale": torch.stack([_swizzled(s, gated=False) for s in s2]).view(torch.float8_e4m3fn),
        "output1_scale_scalar": each * between / wholes[0] / wholes[1],
        "output1_scale_gate_scalar": each / wholes[0] / wholes[1],
        "output2_scale_scalar": each / between / wholes[2],
    }
    plain = (q.dequantize_nvfp4(c, s, w) for (c, s), w in zip(((h, hs), (one, s1), (two, s2)), wholes, strict=True))
    return Prepared("trtllm_fp4_block_scale_moe", arguments, *plain)


def mxfp4(*, activations: str = "bfloat16") -> Prepared:
    hidden, first, second = _made()
    (one, s1), (two, s2) = q.quantize_mxfp4(first), q.quantize_mxfp4(second)
    given, scale = (hidden.bfloat16(), None) if activations == "bfloat16" else q.quantize_mxfp8(hidden)
    arguments = {
        "hidden_states": given,
        "hidden_states_scale": scale if scale is None else scale.view(torch.float8_e4m3fn),
        "gemm1_weights": _shuffled(one, gated=True),
        "gemm1_weights_scale": torch.stack([_swizzled(s, gated=True) for s in s1]).view(torch.float8_e4m3fn),
        "gemm2_weights": _shuffled(two, gated=False),
        "gemm2_weights_scale": torch.stack([_swizzled(s, gated=False) for s in s2]).view(torch.float8_e4m3fn),
    }
    plain = given.float() if scale is None else q.dequantize_mxfp8(given, scale)
    return Prepared(
        "trtllm_fp4_block_scale_moe", arguments, plain, q.dequantize_mxfp4(one, s1), q.dequantize_mxfp4(two, s2)
    )


def mxint4() -> Prepared:
    hidden, first, second = _made()
    (one, s1), (two, s2) = q.quantize_mxint4(first), q.quantize_mxint4(second)
    arguments = {
        "hidden_states": hidden.bfloat16(),
        "gemm1_weights": layouts.to_block_major(_shuffled(one, gated=True)),
        "gemm1_weights_scale": torch.stack([_swizzled(s, gated=True) for s in s1]),
        "gemm2_weights": layouts.to_block_major(_shuffled(two, gated=False)),
        "gemm2_weights_scale": torch.stack([_swizzled(s, gated=False) for s in s2]),
    }
    plain = (hidden.bfloat16().float(), q.dequantize_mxint4(one, s1), q.dequantize_mxint4(two, s2))
    return Prepared("trtllm_mxint4_block_scale_moe", arguments, *plain)


SCHEMES: dict[str, Callable[[], Prepared]] = {
    "bf16": bf16,
    "fp8 per tensor": fp8_per_tensor,
    "fp8 block": fp8_block,
    "fp8 block, shuffled": lambda: fp8_block(shuffled=True),
    "fp8 block, shuffled and block-major": lambda: fp8_block(shuffled=True, block_major=True),
    "mxfp8": mxfp8,
    "nvfp4": nvfp4,
    "mxfp4": mxfp4,
    "mxfp4 with mxfp8 activations": lambda: mxfp4(activations="mxfp8"),
    "mxint4": mxint4,
}


def whole_call(prepared: Prepared, names: tuple[str, ...], **options: Any) -> dict[str, Any]:
    """All arguments of a call that routes by Renormalize: those prepared, sizes, and None for what a scheme has not."""
    common = {
        "routing_logits": torch.randn(TOKENS, EXPERTS, generator=torch.Generator().manual_seed(3)).bfloat16(),
        "routing_bias": None,
        "num_experts": EXPERTS,
        "top_k": TOP_K,
        "n_group": None,
        "topk_group": None,
        "intermediate_size": INTERMEDIATE,
        "local_expert_offset": 0,
        "local_num_experts": EXPERTS,
        "routed_scaling_factor": None,
        "routing_method_type": 1,
    }
    given = {**dict.fromkeys(names), **common, **prepared.arguments, **options}
    return {name: value for name, value in given.items() if name in names}
