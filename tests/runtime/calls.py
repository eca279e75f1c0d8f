"""Arguments of a call that keeps its contract, for tests and for the programs that they start."""

from __future__ import annotations

from typing import Any


def moe_arguments(torch: Any, bias: str = "bfloat16", **changes: Any) -> dict[str, Any]:
    """A call of trtllm_fp8_block_scale_moe with DeepSeekV3 routing: 8 tokens, 16 experts, hidden size 256."""
    tokens, hidden, inter, experts = 8, 256, 128, 16
    empty, fp8 = torch.zeros, torch.float8_e4m3fn
    return {
        "routing_logits": empty(tokens, experts),
        "routing_bias": empty(experts, dtype=getattr(torch, bias)),
        "hidden_states": empty(tokens, hidden, dtype=fp8),
        "hidden_states_scale": empty(hidden // 128, tokens),
        "gemm1_weights": empty(experts, 2 * inter, hidden, dtype=fp8),
        "gemm1_weights_scale": empty(experts, 2 * inter // 128, hidden // 128),
        "gemm2_weights": empty(experts, hidden, inter, dtype=fp8),
        "gemm2_weights_scale": empty(experts, hidden // 128, inter // 128),
        "num_experts": experts, "top_k": 2, "n_group": 4, "topk_group": 2, "intermediate_size": inter,
        "local_expert_offset": 0, "local_num_experts": experts, "routed_scaling_factor": 1.0,
        "routing_method_type": 2, **changes,
    }  # fmt: skip


def call(bias: str = "float32") -> str:
    """Call the real library up to its launcher; the name of what it raises."""
    import torch
    from flashinfer.fused_moe import core

    def reached() -> None:
        raise RuntimeError("the launcher was reached")

    core.get_trtllm_moe_sm100_module = reached
    try:
        core.trtllm_fp8_block_scale_moe(**moe_arguments(torch, bias))
    except Exception as problem:
        return type(problem).__name__
    return "nothing"
