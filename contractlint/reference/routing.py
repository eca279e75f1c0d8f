"""Which experts a token goes to, and with which weights: the routing methods of the trtllm MoE kernels.

Sources: `trtllm_fused_moe_runner.cu` (which method is made of which steps), `RoutingCustomPolicy.cuh` (the steps),
`routingDeepSeek/launchMainKernel.cu` of 0.6.7 and `trtllm_fused_moe_routing_deepseek.cu` of 0.6.8 (expert groups),
`RoutingKernelTopK.cuh` (order and ties), `noAuxTcKernels.cu` (`fused_topk_deepseek`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Routing:
    """The experts of each token, best first, and their weights.

    `experts` is int32 `[num_tokens, top_k]`; `weights` has the same shape and the dtype that the kernel writes.
    """

    experts: Tensor
    weights: Tensor


@dataclass(frozen=True, slots=True)
class Options:
    """What a routing method may look at besides the logits.

    Args:
        bias: `[num_experts]`, added for the choice only, never to the weights.
        groups: number of expert groups; 0 or 1 means none.
        limited_groups: number of groups that experts are chosen from.
        scale: what weights are multiplied with (`routed_scaling_factor`).
        epsilon: added to the sum that weights are divided by.
        normalize: whether `SigmoidRenorm` divides by the sum (`norm_topk_prob`).
        recovered: weights are taken from the biased score, less the bias. What the bias swallowed is lost, and a sum of
            zero gives NaN. The kernels without groups did so from 0.6.8 until weights came from the logits again.
    """

    bias: Tensor | None = None
    groups: int = 0
    limited_groups: int = 0
    scale: float = 1.0
    epsilon: float = 0.0
    normalize: bool = True
    recovered: bool = False


def route(
    method: str, logits: Tensor, top_k: int, options: Options | None = None, *, dtype: torch.dtype = torch.bfloat16
) -> Routing:
    """Route tokens by a method, named as in `RoutingMethodType`.

    Args:
        logits: `[num_tokens, num_experts]`, any floating dtype.
        dtype: of the weights; the trtllm kernels always write bfloat16.

    Raises:
        ValueError: the method is not known, or needs what it was not given.
    """
    if method not in METHODS:
        raise ValueError(f"no reference for routing method {method!r}; known: {', '.join(METHODS)}")
    experts, weights = METHODS[method](logits.float(), top_k, options or Options())
    return Routing(experts.to(torch.int32), weights.to(dtype))


Chosen = tuple[Tensor, Tensor]


def best(scores: Tensor, count: int) -> Tensor:
    """Return the positions of the best scores of each row, best first; of equal scores the lowest position.

    Ordered as the kernel orders them: by the bits of the float, so NaN comes before infinity (or after -infinity, when
    its sign is set) and 0.0 before -0.0.
    """
    bits = scores.float().contiguous().view(torch.int32)
    key = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    return torch.sort(key, dim=-1, descending=True, stable=True).indices[..., :count]


def sigmoid(x: Tensor) -> Tensor:
    """The kernel's sigmoid, which goes by tanh and can be exactly 0 or 1."""
    return 0.5 * torch.tanh(0.5 * x) + 0.5


def _deepseek_v3(logits: Tensor, top_k: int, options: Options) -> Chosen:
    """Sigmoid, add the bias, keep the groups whose two best add up highest, choose the best of those."""
    scores = sigmoid(logits)
    biased = scores + _bias(logits, options)
    if options.groups > 1:
        biased = _only_best_groups(biased, options.groups, options.limited_groups)
    experts = best(biased, top_k)
    chosen = scores.gather(-1, experts)
    if options.recovered and options.groups <= 1:
        chosen = biased.gather(-1, experts) - _bias(logits, options)[experts]
    return experts, chosen * options.scale / (chosen.sum(-1, keepdim=True) + options.epsilon)


def _only_best_groups(biased: Tensor, groups: int, limited: int) -> Tensor:
    """Set the scores of all but the best groups to -infinity."""
    grouped = biased.unflatten(-1, (groups, -1))
    two_best = grouped.gather(-1, best(grouped, 2)).sum(-1)
    kept = torch.zeros_like(two_best, dtype=torch.bool).scatter_(-1, best(two_best, limited), True)
    return torch.where(kept.unsqueeze(-1), grouped, -torch.inf).flatten(-2)


def _minimax2(logits: Tensor, top_k: int, options: Options) -> Chosen:
    """As DeepSeekV3 without groups."""
    return _deepseek_v3(logits, top_k, Options(options.bias, 0, 0, options.scale, 1e-20, recovered=options.recovered))


def _default(logits: Tensor, top_k: int, _: Options) -> Chosen:
    """Softmax over all experts, then choose."""
    scores = logits.softmax(-1)
    experts = best(scores, top_k)
    return experts, scores.gather(-1, experts)


def _renormalize(logits: Tensor, top_k: int, _: Options) -> Chosen:
    """Choose, then softmax over the chosen."""
    experts = best(logits, top_k)
    return experts, logits.gather(-1, experts).softmax(-1)


def _renormalize_naive(logits: Tensor, top_k: int, options: Options) -> Chosen:
    """Softmax over all experts, choose, divide by the sum of the chosen."""
    experts, weights = _default(logits, top_k, options)
    return experts, weights / weights.sum(-1, keepdim=True)


def _llama4(logits: Tensor, top_k: int, _: Options) -> Chosen:
    """Choose one, sigmoid of its logit."""
    if top_k != 1:
        raise ValueError(f"Llama4 routing chooses one expert, not {top_k}")
    return _top_k_sigmoid(logits, top_k, _)


def _top_k(logits: Tensor, top_k: int, _: Options) -> Chosen:
    """Choose; the logits are the weights."""
    experts = best(logits, top_k)
    return experts, logits.gather(-1, experts)


def _sigmoid_renorm(logits: Tensor, top_k: int, options: Options) -> Chosen:
    """Sigmoid, choose, divide by the sum of the chosen."""
    experts, weights = _sigmoid(logits, top_k, options)
    if options.normalize:
        weights = weights / weights.sum(-1, keepdim=True).clamp_min(1e-20)
    return experts, weights


def _sigmoid(logits: Tensor, top_k: int, _: Options) -> Chosen:
    """Sigmoid, choose. Logits so large that their sigmoid is exactly 1 tie."""
    scores = sigmoid(logits)
    experts = best(scores, top_k)
    return experts, scores.gather(-1, experts)


def _top_k_sigmoid(logits: Tensor, top_k: int, _: Options) -> Chosen:
    """Choose by the logits, then sigmoid."""
    experts = best(logits, top_k)
    return experts, sigmoid(logits.gather(-1, experts))


def _bias(logits: Tensor, options: Options) -> Tensor:
    if options.bias is None:
        return torch.zeros(logits.shape[-1], device=logits.device)
    return options.bias.float()


METHODS: dict[str, Callable[[Tensor, int, Options], Chosen]] = {
    "Default": _default,
    "Renormalize": _renormalize,
    "DeepSeekV3": _deepseek_v3,
    "Llama4": _llama4,
    "RenormalizeNaive": _renormalize_naive,
    "TopK": _top_k,
    "SigmoidRenorm": _sigmoid_renorm,
    "MiniMax2": _minimax2,
    "Sigmoid": _sigmoid,
    "TopKSigmoid": _top_k_sigmoid,
}


def fused_topk_deepseek(
    scores: Tensor, bias: Tensor, groups: int, limited_groups: int, top_k: int, scale: float
) -> Routing:
    """The standalone DeepSeekV3 router: as the method of that name, with weights of the dtype of `scores`."""
    options = Options(bias, groups, limited_groups, scale, 1e-20)
    return route("DeepSeekV3", scores, top_k, options, dtype=scores.dtype)


def hash_topk(logits: Tensor, token_ids: Tensor, table: Tensor, *, shared: int = 0, scale: float = 1.0) -> Routing:
    """DeepSeek-V4 routing: the token's row of a table names its experts, their logits give the weights.

    Args:
        logits: `[num_tokens, num_experts]`; `token_ids`: `[num_tokens]`; `table`: `[vocabulary, top_k]`.
        shared: experts that every token goes to besides, numbered after the others, with weight `1 / scale`.
    """
    experts = table[token_ids.long()].long()
    scores = torch.nn.functional.softplus(logits.float()).sqrt().gather(-1, experts)
    weights = scores / scores.sum(-1, keepdim=True)
    added = torch.arange(logits.shape[-1], logits.shape[-1] + shared, device=experts.device).expand(len(experts), -1)
    return Routing(
        torch.cat((experts, added), -1).to(torch.int32),
        torch.cat((weights, torch.full(added.shape, 1.0 / scale, device=weights.device)), -1),
    )


def overlap(experts: Tensor, others: Tensor) -> float:
    """Return which part of the chosen experts, over all tokens, two routings have in common (0 to 1)."""
    same = (experts.unsqueeze(-1) == others.unsqueeze(-2)).any(-1)
    return float(same.float().mean())
