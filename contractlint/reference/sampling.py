"""What samplers draw from: the distributions, not the draws.

Sources: `sampling.cuh` (which tokens each filter keeps), the docstrings of `sampling.py`. Thresholds are a number or a
tensor `[batch]`.
"""

from __future__ import annotations

import torch
from torch import Tensor


def softmax(logits: Tensor, temperature: Tensor | float | None = None) -> Tensor:
    """Probabilities in float32. The kernel takes a temperature of zero for an infinite one: all tokens are alike."""
    logits = logits.float()
    if temperature is None:
        return logits.softmax(-1)
    heat = _column(temperature, logits).float()
    return (logits * torch.where(heat == 0, 0.0, 1.0 / heat)).softmax(-1)


def top_k_kept(scores: Tensor, top_k: Tensor | int) -> Tensor:
    """Which tokens are among the `top_k` greatest; of equals at the border all are kept."""
    count = _column(top_k, scores).long().clamp(1, scores.shape[-1])
    ordered = scores.sort(-1, descending=True).values
    return scores >= ordered.gather(-1, count - 1)


def top_p_kept(probs: Tensor, top_p: Tensor | float) -> Tensor:
    """Which tokens are in the smallest set of the greatest probabilities that adds up to `top_p`."""
    ordered, order = probs.sort(dim=-1, descending=True, stable=True)
    before = ordered.cumsum(-1) - ordered
    return torch.zeros_like(probs, dtype=torch.bool).scatter(-1, order, before < _column(top_p, probs))


def min_p_kept(probs: Tensor, min_p: Tensor | float) -> Tensor:
    """Which tokens have at least `min_p` times the greatest probability."""
    return probs >= _column(min_p, probs) * probs.amax(-1, keepdim=True)


def renormalized(probs: Tensor, kept: Tensor) -> Tensor:
    """The probabilities of what is kept, scaled to add up to one."""
    left = torch.where(kept, probs.float(), 0.0)
    return left / left.sum(-1, keepdim=True)


def top_k_top_p(probs: Tensor, top_k: Tensor | int, top_p: Tensor | float, *, joint: bool = False) -> Tensor:
    """Both filters: the second on what the first leaves, or (`joint`) both on the same probabilities."""
    first = top_k_kept(probs, top_k)
    if joint:
        return renormalized(probs, first & top_p_kept(probs, top_p))
    left = renormalized(probs, first)
    return renormalized(left, top_p_kept(left, top_p))


def top_k_masked(logits: Tensor, top_k: Tensor | int) -> Tensor:
    """Logits with -infinity outside the `top_k` greatest."""
    return torch.where(top_k_kept(logits, top_k), logits, -torch.inf)


def _column(value: Tensor | float, like: Tensor) -> Tensor:
    column = torch.as_tensor(value, device=like.device)
    return column.reshape(-1, 1) if column.dim() else column.reshape(1, 1).expand(like.shape[0], 1)
