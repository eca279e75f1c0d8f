"""The CUTLASS MoE: experts and weights are given; weights lie in plain rows. Computed for weights that are not quantised."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from contractlint.reference import experts as x
from contractlint.reference.routing import Routing
from contractlint.testing.call import Call, into
from contractlint.testing.errors import NotComputed
from contractlint.testing.kernels.registry import kernel

# What asks for another computation or another layout.
REFUSED = (
    "quant_scales", "input_sf", "use_deepseek_fp8_block_scale", "use_w4_group_scaling", "use_mxfp8_act_scaling",
    "min_latency_mode", "use_packed_weights", "use_wfp4afp8_humming",
)  # fmt: skip


def _shapes(call: Call) -> Any:
    tokens, hidden = call.input.shape[0], call.fc2_expert_weights.shape[1]
    return call.get("output", call.input.new_empty((tokens, hidden), dtype=call.output_dtype))


@kernel("cutlass_fused_moe", "fused_moe.cutlass_fused_moe", shapes=_shapes)
def cutlass_fused_moe(call: Call) -> Any:
    """Two GEMMs for each expert, and the weighed sum over this device's experts."""
    for parameter in REFUSED:
        if call.get(parameter, False):
            raise NotComputed(f"the stand-in computes {call.entry_point} without {parameter} only")
    dtype = call.input.dtype
    if call.fc1_expert_weights.dtype != dtype:
        raise NotComputed(f"the stand-in computes {call.entry_point} with weights of the dtype of the input only")
    routing = Routing(call.token_selected_experts.to(torch.int32), call.token_final_scales.float())
    controls = x.Controls(
        alpha=call.swiglu_alpha, beta=call.swiglu_beta, limit=call.swiglu_limit,
        bias1=call.fc1_expert_biases, bias2=call.fc2_expert_biases,
    )  # fmt: skip

    def stored(between: Tensor) -> Tensor:
        return between.to(dtype).float()

    count = call.fc1_expert_weights.shape[0]
    first, second = x.dense(call.fc1_expert_weights), x.dense(call.fc2_expert_weights)
    activation = call.member("activation_type", "ActivationType", "Swiglu")
    layer = x.Layer(first, second, count, stored, activation, controls, dtype)
    rows = x.compute(call.input, routing, layer, offset=call.get("ep_rank", 0) * count)
    return into(call.output, x.finalize(rows, routing).to(call.output_dtype))
