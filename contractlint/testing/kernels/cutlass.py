"""The CUTLASS MoE: experts and weights are given. Computed for dense and float8 weights, and for 4-bit ones on Hopper."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from contractlint.reference import experts as x
from contractlint.reference import quantization as q
from contractlint.reference.routing import Routing
from contractlint.testing.call import Call, into
from contractlint.testing.errors import NotComputed
from contractlint.testing.kernels.cutlass_w4 import Scheme, four_bits
from contractlint.testing.kernels.registry import kernel

# What asks for another computation or another layout.
REFUSED = ("input_sf", "use_mxfp8_act_scaling", "min_latency_mode")


def _shapes(call: Call) -> Any:
    tokens, hidden = call.input.shape[0], call.fc2_expert_weights.shape[1]
    return call.get("output", call.input.new_empty((tokens, hidden), dtype=call.output_dtype))


@kernel("cutlass_fused_moe", "fused_moe.cutlass_fused_moe", shapes=_shapes)
def cutlass_fused_moe(call: Call) -> Any:
    """Two GEMMs for each expert, and the weighed sum over this device's experts."""
    for parameter in REFUSED:
        if call.get(parameter, False):
            raise NotComputed(f"the stand-in computes {call.entry_point} without {parameter} only")
    routing = Routing(call.token_selected_experts.to(torch.int32), call.token_final_scales.float())
    hidden, first, second, stored, scales = _scheme(call)
    controls = replace(
        scales, alpha=call.swiglu_alpha, beta=call.swiglu_beta, limit=call.swiglu_limit,
        bias1=call.fc1_expert_biases, bias2=call.fc2_expert_biases,
    )  # fmt: skip
    count = call.fc1_expert_weights.shape[0]
    activation = call.member("activation_type", "ActivationType", "Swiglu")
    layer = x.Layer(first, second, count, stored, activation, controls, call.output_dtype)
    rows = x.compute(hidden, routing, layer, offset=call.get("ep_rank", 0) * count)
    return into(call.output, x.finalize(rows, routing).to(call.output_dtype))


def _scheme(call: Call) -> Scheme:
    """The activations as numbers, both weights, how activations are stored between them, and the scales behind them."""
    given, weights = call.input.dtype, (call.fc1_expert_weights, call.fc2_expert_weights)
    dense = (x.dense(weights[0]), x.dense(weights[1]))
    if call.use_w4_group_scaling:
        return four_bits(call)
    scales = [scale.float() for scale in call.get("quant_scales", ())]
    if weights[0].dtype == given and given != torch.float8_e4m3fn:
        if scales:
            raise NotComputed(f"the stand-in computes {call.entry_point} of dense weights without quant_scales only")
        return call.input, *dense, lambda between: between.to(given).float(), x.Controls()
    wanted = 2 if call.use_deepseek_fp8_block_scale else 4
    if weights[0].dtype != torch.float8_e4m3fn or len(scales) != wanted:
        raise NotComputed(
            f"the stand-in computes {call.entry_point} with dense or float8 weights, and the scales of those, only"
        )
    if call.use_deepseek_fp8_block_scale:
        blocks = (x.fp8_blocks(weights[0], scales[0]), x.fp8_blocks(weights[1], scales[1]))
        return x.round_fp8_groups(call.input.float()), *blocks, x.round_fp8_groups, x.Controls()
    first, quant, second, _ = scales
    controls = x.Controls(scale1=first, scale_gate=first, scale2=second)
    return call.input.float(), *dense, lambda between: q.to_e4m3(between * quant).float(), controls
