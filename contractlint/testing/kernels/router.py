"""Routers: the routing stage of the trtllm MoE family, and the entry points that only route."""

from __future__ import annotations

from typing import Any

import torch
from packaging.version import Version

from contractlint.reference import routing as r
from contractlint.testing.call import Call
from contractlint.testing.kernels.registry import kernel

# Kernels without expert groups added nothing to the sum that they divide by before this release, and those with groups
# before the other (contracts: routing_bias, note; routing_runner 0.7.0).
EPSILON = 1e-20
EPSILON_SINCE = Version("0.6.15")


def route_call(call: Call) -> r.Routing:
    """Route by the arguments of a call, as the kernel of the call's release does."""
    method = call.member("routing_method_type", "RoutingMethodType", "Default")
    old = Version(call.view.release) < EPSILON_SINCE
    scale = call.get("routed_scaling_factor", 1.0)
    options = r.Options(
        bias=call.routing_bias,
        groups=call.get("n_group", 0),
        limited_groups=call.get("topk_group", 0),
        scale=1.0 if method == "MiniMax2" and old else scale,
        epsilon=0.0 if old else EPSILON,
        normalize=call.get("norm_topk_prob", True),
        recovered=old,
    )
    found = r.route(method, call.routing_logits, call.top_k, options)
    if call.routing_replay_out is not None:
        call.routing_replay_out[: len(found.experts)] = found.experts.to(torch.int16)
    return found


@kernel("fused_moe.fused_topk_deepseek", shapes=lambda call: None)
def fused_topk_deepseek(call: Call) -> Any:
    """DeepSeekV3 routing into the caller's tensors."""
    found = r.fused_topk_deepseek(
        call.scores, call.bias, call.n_group, call.topk_group, call.topk, call.routed_scaling_factor
    )
    call.topk_values.copy_(found.weights)
    call.topk_indices.copy_(found.experts)
