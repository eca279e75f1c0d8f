"""The trtllm MoE family: routing, two GEMMs for each expert, and the weighed sum.

Shapes, scales and layouts are those of the docstrings and launchers; `contractlint.reference` computes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from contractlint.reference import experts as x
from contractlint.reference import layouts
from contractlint.reference import quantization as q
from contractlint.reference.activation import is_gated
from contractlint.reference.packing import unpack
from contractlint.reference.routing import Routing
from contractlint.testing.call import Call, into
from contractlint.testing.errors import NotComputed
from contractlint.testing.kernels.registry import kernel
from contractlint.testing.kernels.router import route_call

TILE = 8  # rows to which the experts' rows are padded; the library's autotuner chooses 8 and more
EPILOGUE, EPILOGUE_DEEPSEEK = 128, 64


@dataclass(frozen=True, slots=True)
class Plan:
    """What a call computes with: the activations as float32 and the experts of this device."""

    hidden: Tensor
    layer: x.Layer
    weigh_input: bool = False


def _run(call: Call, plan: Plan) -> Any:
    """Route, compute, and return what the entry point returns."""
    _refuse(call, "gemm1_lora_delta", "valid_hidden_size", "valid_intermediate_size")
    routing = _with_shared(_routing(call), call)
    offset = call.get("local_expert_offset", 0)
    rows = x.compute(plan.hidden, routing, plan.layer, offset=offset, weigh_input=plan.weigh_input)
    if call.get("do_finalize", True):
        return _returned(call, [into(call.output, x.finalize(rows, routing, weighed=not plan.weigh_input))])
    where, size = x.positions(routing.experts, plan.layer.count, offset, TILE)
    permuted = rows.new_zeros((size, rows.shape[-1]))
    permuted[where[where >= 0].long()] = rows.flatten(0, 1)[where >= 0]
    return [permuted, routing.weights, where]


def _shapes(call: Call) -> Any:
    hidden = call.hidden_states
    tokens, width = hidden.shape
    width *= 2 if hidden.dtype == torch.uint8 else 1
    if call.get("do_finalize", True):
        return _returned(call, [call.get("output", hidden.new_empty((tokens, width), dtype=torch.bfloat16))])
    slots = tokens * call.top_k
    return [
        hidden.new_empty((slots + call.local_num_experts * (TILE - 1), width), dtype=torch.bfloat16),
        hidden.new_empty((tokens, call.top_k), dtype=torch.bfloat16),
        hidden.new_empty((slots,), dtype=torch.int32),
    ]


def _returned(call: Call, tensors: list[Tensor]) -> Any:
    signature = call.view.signature(call.entry_point)
    alone = signature is not None and signature.returns.startswith("Tensor")
    return tensors[0] if alone else tensors


def _routing(call: Call) -> Routing:
    given = call.topk_ids
    if given is None:
        return route_call(call)
    if isinstance(given, tuple | list):
        return Routing(given[0].to(torch.int32), given[1].to(torch.bfloat16))
    if given.dim() == 2 and given.shape[0] and call.topk_weights is not None:
        return Routing(given.to(torch.int32), call.topk_weights.to(torch.bfloat16))
    return Routing(*unpack(given))


def _with_shared(routing: Routing, call: Call) -> Routing:
    """Append the shared experts, to which every token goes with weight 1."""
    shared = call.get("num_fused_shared_experts", 0)
    if not shared:
        return routing
    added = torch.arange(call.num_experts, call.num_experts + shared, dtype=torch.int32).expand(
        len(routing.experts), -1
    )
    weights = torch.ones_like(added, dtype=routing.weights.dtype)
    return Routing(torch.cat((routing.experts, added), -1), torch.cat((routing.weights, weights), -1))


def _refuse(call: Call, *parameters: str) -> None:
    for parameter in parameters:
        if call.get(parameter, None) is not None:
            raise NotComputed(f"the stand-in computes {call.entry_point} without {parameter} only")


def _activation(call: Call) -> str:
    return call.member("activation_type", "ActivationType", "Swiglu")


def _layer(call: Call, first: x.Matrix, second: x.Matrix, between: x.Round, controls: x.Controls) -> x.Layer:
    count = call.local_num_experts + call.get("num_fused_shared_experts", 0)
    return x.Layer(first, second, count, between, _activation(call), controls)


def _controls(call: Call, *, bias: bool = False) -> x.Controls:
    gated = is_gated(_activation(call))
    return x.Controls(
        scale1=call.get("output1_scales_scalar", call.output1_scale_scalar),
        scale_gate=call.get("output1_scales_gate_scalar", call.output1_scale_gate_scalar),
        scale2=call.get("output2_scales_scalar", call.output2_scale_scalar),
        alpha=call.gemm1_alpha,
        beta=call.gemm1_beta,
        limit=call.gemm1_clamp_limit,
        bias1=_rows(call.gemm1_bias, gated=gated) if bias else None,
        bias2=_rows(call.gemm2_bias, gated=False) if bias else None,
    )


def _rows(values: Tensor | None, *, gated: bool) -> Tensor | None:
    """Undo the row order of weights for numbers that come one for each row, `[E, M]`."""
    if values is None:
        return None
    return layouts.unshuffle(values.flatten(1).unsqueeze(-1), EPILOGUE, gated=gated).squeeze(-1)


# --- weights as they lie in memory, put back in order one expert at a time ---------------------------------------------


def _in_order(weights: Tensor, make: Callable[[Tensor], Tensor], *, tile: int, gated: bool) -> Callable[[int], Tensor]:
    """Undo block-major layout and shuffle of one expert's weights; `tile` 0 means not shuffled."""

    def matrix(expert: int) -> Tensor:
        one = weights[expert]
        one = layouts.from_block_major(one) if one.dim() == 3 else one
        one = layouts.unshuffle(one.view(torch.uint8), tile, gated=gated).view(one.dtype) if tile else one
        return make(one)

    return matrix


def _scales(scale: Tensor, expert: int, rows: int, columns: int, *, gated: bool) -> Tensor:
    """Undo swizzle and shuffle of one expert's block scales."""
    one = scale[expert].reshape(-1)
    one = one.view(torch.uint8) if one.element_size() == 1 else one
    linear = layouts.deinterleave_scales(one, rows, columns)[0]
    return layouts.unshuffle(linear, EPILOGUE, gated=gated)


def _block_scaled(
    weights: Tensor, scale: Tensor, dequantize: Callable[[Tensor, Tensor], Tensor], size: int, *, gated: bool
) -> x.Matrix:
    """Shuffled weights with shuffled, swizzled scales, one for `size` bytes of a row."""
    codes = _in_order(weights, lambda w: w.view(torch.uint8), tile=EPILOGUE, gated=gated)

    def matrix(expert: int) -> Tensor:
        code = codes(expert)
        rows, columns = code.shape[0], code.shape[1] // size
        return dequantize(code, _scales(scale, expert, rows, columns, gated=gated))

    return matrix


# --- the entry points --------------------------------------------------------------------------------------------------


@kernel("fused_moe.trtllm_bf16_moe", "fused_moe.trtllm_bf16_routed_moe", shapes=_shapes)
def bf16(call: Call) -> Any:
    """Bfloat16 activations and weights."""
    tile = EPILOGUE if call.get("use_shuffled_weight", True) else 0
    gated = is_gated(_activation(call))
    first = _in_order(call.gemm1_weights, _float_from_bf16, tile=tile, gated=gated and bool(tile))
    second = _in_order(call.gemm2_weights, _float_from_bf16, tile=tile, gated=False)
    return _run(call, Plan(call.hidden_states, _layer(call, first, second, x.round_bf16, _controls(call))))


def _float_from_bf16(one: Tensor) -> Tensor:
    return (one.view(torch.bfloat16) if one.dtype == torch.uint8 else one).float()


@kernel("fused_moe.trtllm_fp8_per_tensor_scale_moe", "fused_moe.trtllm_fp8_per_tensor_scale_routed_moe", shapes=_shapes)
def fp8_per_tensor(call: Call) -> Any:
    """Float8 with one scale for a tensor, folded into the output scales."""
    gated = is_gated(_activation(call))
    first = _in_order(call.gemm1_weights, lambda w: w.float(), tile=EPILOGUE, gated=gated)
    second = _in_order(call.gemm2_weights, lambda w: w.float(), tile=EPILOGUE, gated=False)
    layer = _layer(call, first, second, x.round_fp8, _controls(call))
    return _run(call, Plan(call.hidden_states, layer, bool(call.use_routing_scales_on_input)))


@kernel(
    "fused_moe.trtllm_fp8_per_channel_scale_moe", "fused_moe.trtllm_fp8_per_channel_scale_routed_moe", shapes=_shapes
)
def fp8_per_channel(call: Call) -> Any:
    """Float8 with one scale for each token and each row of weights, in the weights' row order."""
    gated = is_gated(_activation(call))
    channels1 = _rows(call.gemm1_per_channel_weight_scale, gated=gated)
    channels2 = _rows(call.gemm2_per_channel_weight_scale, gated=False)
    if channels1 is None or channels2 is None:
        raise NotComputed(f"the stand-in computes {call.entry_point} with scales of both weights only")
    first = _in_order(call.gemm1_weights, lambda w: w.float(), tile=EPILOGUE, gated=gated)
    second = _in_order(call.gemm2_weights, lambda w: w.float(), tile=EPILOGUE, gated=False)
    layer = _layer(
        call,
        lambda e: first(e) * channels1[e].float().unsqueeze(-1),
        lambda e: second(e) * channels2[e].float().unsqueeze(-1),
        x.round_fp8_row,
        _controls(call),
    )
    hidden = call.hidden_states.float() * call.hidden_states_scale.float().reshape(-1, 1)
    return _run(call, Plan(hidden, layer, bool(call.use_routing_scales_on_input)))


@kernel("fused_moe.trtllm_fp8_block_scale_moe", "fused_moe.trtllm_fp8_block_scale_routed_moe", shapes=_shapes)
def fp8_block(call: Call) -> Any:
    """Float8 with one scale for a block: 128 x 128 float32 (DeepSeek), or 32 values and a power of two (MX)."""
    controls = _controls(call, bias=True)
    if call.member("fp8_quantization_type", "Fp8QuantizationType", "DeepSeekFp8") == "MxFp8":
        gated = is_gated(_activation(call))
        layer = _layer(
            call,
            _block_scaled(call.gemm1_weights, call.gemm1_weights_scale, _mxfp8, 32, gated=gated),
            _block_scaled(call.gemm2_weights, call.gemm2_weights_scale, _mxfp8, 32, gated=False),
            x.round_mxfp8,
            controls,
        )
        return _run(call, Plan(_mxfp8_hidden(call), layer))
    tile = EPILOGUE_DEEPSEEK if call.use_shuffled_weight else 0
    scale1, scale2 = call.gemm1_weights_scale, call.gemm2_weights_scale
    codes1 = _in_order(call.gemm1_weights, lambda w: w, tile=tile, gated=False)
    codes2 = _in_order(call.gemm2_weights, lambda w: w, tile=tile, gated=False)
    layer = _layer(
        call,
        lambda e: q.dequantize_fp8_blocks(codes1(e), scale1[e]),
        lambda e: q.dequantize_fp8_blocks(codes2(e), scale2[e]),
        x.round_fp8_groups,
        controls,
    )
    return _run(call, Plan(q.dequantize_fp8_groups(call.hidden_states, call.hidden_states_scale), layer))


def _mxfp8(code: Tensor, scale: Tensor) -> Tensor:
    return q.dequantize_mxfp8(code.view(torch.float8_e4m3fn), scale)


def _mxfp8_hidden(call: Call) -> Tensor:
    tokens = call.hidden_states.shape[0]
    return q.dequantize_mxfp8(call.hidden_states, call.hidden_states_scale.view(torch.uint8).reshape(tokens, -1))


@kernel("fused_moe.trtllm_fp4_block_scale_moe", "fused_moe.trtllm_fp4_block_scale_routed_moe", shapes=_shapes)
def fp4(call: Call) -> Any:
    """FP4 weights with float8 scales for 16 values (NVFP4) or powers of two for 32 (MXFP4)."""
    weights = call.gemm1_weights
    values = 2 * weights[0].numel() // call.gemm1_weights_scale[0].numel()
    dequantize, size = (q.dequantize_nvfp4, 8) if values == 16 else (q.dequantize_mxfp4, 16)
    gated = is_gated(_activation(call))
    hidden, between = _fp4_hidden(call)
    layer = _layer(
        call,
        _block_scaled(weights, call.gemm1_weights_scale, dequantize, size, gated=gated),
        _block_scaled(call.gemm2_weights, call.gemm2_weights_scale, dequantize, size, gated=False),
        between,
        _controls(call, bias=True),
    )
    if call.per_token_scale is not None:
        hidden = hidden * call.per_token_scale.float().reshape(-1, 1)
    return _run(call, Plan(hidden, layer))


def _fp4_hidden(call: Call) -> tuple[Tensor, x.Round]:
    """The activations, and how those between the GEMMs are stored: in the same way."""
    hidden, scale = call.hidden_states, call.hidden_states_scale
    if hidden.dtype == torch.uint8:
        linear = scale.view(torch.uint8).reshape(hidden.shape[0], -1)
        return q.dequantize_nvfp4(hidden, linear), x.round_nvfp4
    if hidden.dtype == torch.float8_e4m3fn:
        return _mxfp8_hidden(call), x.round_mxfp8
    return hidden.float(), x.round_bf16


@kernel("fused_moe.trtllm_mxint4_block_scale_moe", "fused_moe.trtllm_mxint4_block_scale_routed_moe", shapes=_shapes)
def mxint4(call: Call) -> Any:
    """INT4 weights with bfloat16 scales for 32 values, bfloat16 activations."""
    gated = is_gated(_activation(call))
    layer = _layer(
        call,
        _block_scaled(call.gemm1_weights, call.gemm1_weights_scale, q.dequantize_mxint4, 16, gated=gated),
        _block_scaled(call.gemm2_weights, call.gemm2_weights_scale, q.dequantize_mxint4, 16, gated=False),
        x.round_bf16,
        _controls(call),
    )
    return _run(call, Plan(call.hidden_states, layer))
