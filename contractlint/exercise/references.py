"""References by the names of arguments: what an entry point should give for the values that it was passed.

The numbers are computed by `contractlint.reference`; here they are taken from the arguments of a call. Everything is
computed in float64 from the values as the caller gave them, whatever their dtype.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from contractlint.reference import alltoall, layouts, mixed


def rmsnorm(input: Tensor, weight: Tensor, eps: float, out: Tensor | None = None, **_: Any) -> Tensor:
    """`input / rms(input) * weight`."""
    x = input.double()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weight.double()


def gemma_rmsnorm(input: Tensor, weight: Tensor, eps: float, **_: Any) -> Tensor:
    """The weight counts from one."""
    return rmsnorm(input, weight.double() + 1, eps)


def fused_add_rmsnorm(input: Tensor, residual: Tensor, weight: Tensor, eps: float, **_: Any) -> tuple[Tensor, Tensor]:
    """Returns (norm of the sum, the sum)."""
    total = input.double() + residual.double()
    return rmsnorm(total, weight, eps), total


def gemma_fused_add_rmsnorm(
    input: Tensor, residual: Tensor, weight: Tensor, eps: float, **_: Any
) -> tuple[Tensor, Tensor]:
    """As `fused_add_rmsnorm`; the weight counts from one."""
    return fused_add_rmsnorm(input, residual, weight.double() + 1, eps)


def layernorm(input: Tensor, gemma: Tensor, beta: Tensor, eps: float, **_: Any) -> Tensor:
    """The parameter is called `gemma` and is the gamma of the layer norm."""
    x = input.double()
    return functional.layer_norm(x, x.shape[-1:], gemma.double(), beta.double(), eps)


def rmsnorm_quant(out: Tensor, input: Tensor, weight: Tensor, scale: Any, eps: float, **_: Any) -> Tensor:
    """The norm divided by the scale, as numbers of the dtype of `out`."""
    limit = torch.finfo(out.dtype).max if out.dtype.is_floating_point else torch.inf
    divisor = scale.double() if isinstance(scale, Tensor) else scale
    return (rmsnorm(input, weight, eps) / divisor).clamp(-limit, limit).to(out.dtype).double()


def silu_and_mul(input: Tensor, **_: Any) -> Tensor:
    """`silu(first half) * second half`."""
    first, second = input.double().chunk(2, dim=-1)
    return functional.silu(first) * second


def gelu_and_mul(input: Tensor, **_: Any) -> Tensor:
    """`gelu(first half) * second half`, the exact GELU."""
    first, second = input.double().chunk(2, dim=-1)
    return functional.gelu(first) * second


def gelu_tanh_and_mul(input: Tensor, **_: Any) -> Tensor:
    """`gelu(first half) * second half`, by tanh."""
    first, second = input.double().chunk(2, dim=-1)
    return functional.gelu(first, approximate="tanh") * second


def merge_state(v_a: Tensor, s_a: Tensor, v_b: Tensor, s_b: Tensor, **_: Any) -> tuple[Tensor, Tensor]:
    """Attention over the union of two sets of keys; `s` are logarithms to base 2."""
    a, b = s_a.double(), s_b.double()
    top = torch.maximum(a, b)
    weight_a, weight_b = torch.exp2(a - top), torch.exp2(b - top)
    total = weight_a + weight_b
    values = (v_a.double() * weight_a.unsqueeze(-1) + v_b.double() * weight_b.unsqueeze(-1)) / total.unsqueeze(-1)
    return values, total.log2() + top


def rope_with_cache(
    positions: Tensor, query: Tensor, key: Tensor, head_size: int, cos_sin_cache: Tensor, is_neox: bool = True, **_: Any
) -> tuple[Tensor, Tensor]:
    """Rotate by cached cosines and sines, halves against each other (`is_neox`) or neighbours."""
    cosine, sine = cos_sin_cache.double()[positions.long()].chunk(2, dim=-1)
    return tuple(_rotated(x.unflatten(-1, (-1, head_size)), cosine, sine, is_neox).flatten(-2) for x in (query, key))


def rope_pos_ids(q: Tensor, k: Tensor, pos_ids: Tensor, **_: Any) -> tuple[Tensor, Tensor]:
    """Rotate by angles of base 10000."""
    half = q.shape[-1] // 2
    angles = pos_ids.double().unsqueeze(-1) * 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    return (
        _rotated(q, angles.cos(), angles.sin(), is_neox=True),
        _rotated(k, angles.cos(), angles.sin(), is_neox=True),
    )


def _rotated(x: Tensor, cosine: Tensor, sine: Tensor, is_neox: bool) -> Tensor:
    """`x` is `[num_tokens, num_heads, head_size]`; cosine and sine are `[num_tokens, rotary_dim / 2]`."""
    values = x.double()
    cosine, sine = cosine.unsqueeze(-2), sine.unsqueeze(-2)
    first, second = values.chunk(2, dim=-1) if is_neox else (values[..., ::2], values[..., 1::2])
    turned = (first * cosine - second * sine, second * cosine + first * sine)
    return torch.cat(turned, dim=-1) if is_neox else torch.stack(turned, dim=-1).flatten(-2)


def softmax(logits: Tensor, temperature: Tensor | float | None = None, **_: Any) -> Tensor:
    """Softmax of logits over temperature."""
    divisor = temperature.double().unsqueeze(-1) if isinstance(temperature, Tensor) else (temperature or 1.0)
    return (logits.double() / divisor).softmax(-1)


def top_p_renorm(probs: Tensor, top_p: float, **_: Any) -> Tensor:
    """Keep the most probable that together reach `top_p`, and let them add up to one."""
    p = probs.double()
    ordered, order = p.sort(dim=-1, descending=True)
    kept = (ordered.cumsum(-1) - ordered) < top_p
    masked = torch.zeros_like(p).scatter(-1, order, ordered * kept)
    return masked / masked.sum(-1, keepdim=True)


def top_k_renorm(probs: Tensor, top_k: int, **_: Any) -> Tensor:
    """Keep the `top_k` most probable, and let them add up to one."""
    p = probs.double()
    least = p.topk(top_k, dim=-1).values[..., -1:]
    masked = p * (p >= least)
    return masked / masked.sum(-1, keepdim=True)


def packbits(x: Tensor, bitorder: str = "big", **_: Any) -> Tensor:
    """Eight booleans a byte."""
    bits = x.to(torch.int64).unflatten(-1, (-1, 8))
    order = range(8) if bitorder == "little" else range(7, -1, -1)
    return (bits << torch.tensor(list(order))).sum(-1)


def block_layout(input_tensor: Tensor, blockK: int, **_: Any) -> Tensor:
    """`[rows, columns]` → `[columns / block, rows, block]`."""
    return torch.stack(input_tensor.split(blockK, dim=-1))


def interleaved_rows(x: Tensor, **_: Any) -> Tensor:
    """Rows of the two halves by turns."""
    half = x.shape[0] // 2
    return torch.stack((x[:half], x[half:]), dim=1).flatten(0, 1)


def interleaved_scales(unswizzled_sf: Tensor, **_: Any) -> Tensor:
    """Block scales in tiles of 128x4, flat."""
    return layouts.interleave_scales(unswizzled_sf)


def shuffled(input_tensor: Tensor, epilogue_tile_m: int, **_: Any) -> Tensor:
    """Rows in the order that the trtllm kernels want."""
    return layouts.shuffle(input_tensor, epilogue_tile_m)


def shuffled_scales(input_tensor: Tensor, epilogue_tile_m: int, **_: Any) -> Tensor:
    """Rows of block scales shuffled, then swizzled, flat."""
    return layouts.interleave_scales(layouts.shuffle(input_tensor, epilogue_tile_m))


def decode(q: Tensor, k: Tensor, v: Tensor, **_: Any) -> Tensor:
    """One query over all keys."""
    return prefill(q.unsqueeze(0), k, v, causal=False).squeeze(0)


def prefill(q: Tensor, k: Tensor, v: Tensor, causal: bool = False, **_: Any) -> Tensor:
    """Attention of `[qo_len, num_qo_heads, head_dim]` over `[kv_len, num_kv_heads, head_dim]`, the last query last."""
    groups = q.shape[1] // k.shape[1]
    keys, values = (part.double().repeat_interleave(groups, dim=1).transpose(0, 1) for part in (k, v))
    scores = q.double().transpose(0, 1) @ keys.transpose(-1, -2) / q.shape[-1] ** 0.5
    if causal:
        ahead = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(k.shape[0] - q.shape[0] + 1)
        scores = scores.masked_fill(ahead, -torch.inf)
    return (scores.softmax(-1) @ values).transpose(0, 1)


def row_order(input_tensor: Tensor, epilogue_tile_m: int, **_: Any) -> Tensor:
    """The order that `shuffled` takes rows in."""
    return layouts.shuffled_rows(input_tensor.shape[0], epilogue_tile_m)


def folded_scales(scales: Tensor, group_size: int = 32, **_: Any) -> Tensor:
    """Block scales of 4-bit weights as the mixed GEMM of Hopper reads them."""
    return mixed.fold_scales(scales, group_size)


def interleaved_codes(weight: Tensor, quant_type: str = "fp4", **_: Any) -> Tensor:
    """4-bit weights as the mixed GEMM of Hopper reads them."""
    return _INTERLEAVE[quant_type](weight)


_INTERLEAVE = {
    "int4": mixed.interleave_int4,
    "fp4": mixed.interleave_fp4,
    "fp4_fp8": mixed.interleave_fp4_for_float8,
}


def offset_codes(weight: Tensor, raw_scale: Tensor, **_: Any) -> tuple[Tensor, Tensor, Tensor]:
    """FP4 weights and their scales for the product in float8; the factor of each expert is not compensated yet."""
    low, high = (torch.where(part == 8, 0, part) for part in (weight & 0xF, weight >> 4))  # -0 becomes 0
    offsets, factor = mixed.offsets(raw_scale)
    codes = mixed.interleave_fp4_for_float8(low | (high << 4))
    return codes, mixed.fold_scales(offsets, 32), factor / mixed.COMPENSATION


def router_product(mat_a: Tensor, mat_b: Tensor, **_: Any) -> Tensor:
    """The logits of a router."""
    return mat_a.double() @ mat_b.double()


def planned_exchange(
    gathered_target_rank_ids: Tensor, max_token_count_per_rank: int, ep_rank: int, ep_size: int, **_: Any
) -> tuple[Tensor, ...]:
    """What a rank sends and receives."""
    plan = alltoall.plan_exchange(gathered_target_rank_ids, max_token_count_per_rank, ep_rank, ep_size)
    return plan.gathered, plan.send_sums, plan.send, plan.receive_sums, plan.receive, plan.backward


def received_experts(
    recv_rank_cum_sum: Tensor,
    local_gather_indices: Tensor,
    gathered_expert_ids: Tensor,
    gathered_scales: Tensor,
    expert_count: int,
    **_: Any,
) -> tuple[Tensor, Tensor]:
    """Experts and scales of the tokens that a rank receives."""
    return alltoall.received(
        recv_rank_cum_sum, local_gather_indices, gathered_expert_ids, gathered_scales, expert_count
    )
