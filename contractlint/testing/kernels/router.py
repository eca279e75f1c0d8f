"""Routers: the routing stage of the trtllm MoE family, and the entry points that only route."""

from __future__ import annotations

from typing import Any

import torch
from packaging.version import Version

from contractlint.reference import routing as r
from contractlint.testing.call import Call
from contractlint.testing.kernels.registry import kernel

EPSILON = 1e-20

# The sum that weights are divided by has had an epsilon since these releases (runner: mSumEpsilon).
EPSILON_WITHOUT_GROUPS, EPSILON_WITH_GROUPS = Version("0.6.15"), Version("0.6.17")
# Kernels without groups took weights from the biased scores in these releases (routing_policy: ScaledSumNormalize).
RECOVERED_FROM, RECOVERED_UNTIL = Version("0.6.8"), Version("0.6.18")
# MiniMax2 has applied routed_scaling_factor since this release (runner: mRouteScale).
MINIMAX2_SCALES = Version("0.6.13")


def route_call(call: Call) -> r.Routing:
    """Route by the arguments of a call, as the kernel of the call's release does."""
    method = call.member("routing_method_type", "RoutingMethodType", "Default")
    release = Version(call.view.release)
    groups = call.get("n_group", 0)
    guarded = release >= (EPSILON_WITH_GROUPS if groups > 1 else EPSILON_WITHOUT_GROUPS)
    scaled = method != "MiniMax2" or release >= MINIMAX2_SCALES
    options = r.Options(
        bias=call.routing_bias,
        groups=groups,
        limited_groups=call.get("topk_group", 0),
        scale=call.get("routed_scaling_factor", 1.0) if scaled else 1.0,
        epsilon=EPSILON if guarded else 0.0,
        normalize=call.get("norm_topk_prob", True),
        recovered=RECOVERED_FROM <= release < RECOVERED_UNTIL,
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


@kernel("fused_moe.hash_topk")
def hash_topk(call: Call) -> Any:
    """Experts by a table; returns weights first."""
    found = r.hash_topk(
        call.router_logits, call.input_ids, call.tid2eid,
        shared=call.get("num_fused_shared_experts", 0), scale=call.get("routed_scaling_factor", 1.0),
    )  # fmt: skip
    return found.weights, found.experts
