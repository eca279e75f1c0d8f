"""Attention of one request at a time, and where the keys and values of a request lie in a paged cache.

Sources: `variants.cuh` (mask, window, soft cap, base-2 log-sum-exp), `page.cuh` (layout of pages).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Mask:
    """Which keys a query sees, and how scores are shaped.

    Args:
        causal: query i of n sees the keys up to `len(keys) - n + i`.
        window: how many keys before its own a query sees; -1 for all.
        soft_cap: scores become `soft_cap * tanh(score / soft_cap)`; 0 for none.
        scale: of the scores; None for `1 / sqrt(head_dim)`.
        custom: bool `[queries, keys]`, instead of `causal`.
    """

    causal: bool = False
    window: int = -1
    soft_cap: float = 0.0
    scale: float | None = None
    custom: Tensor | None = None


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Mask | None = None) -> tuple[Tensor, Tensor]:
    """Attention of queries `[n, heads, dim]` to keys and values `[m, kv_heads, dim]`.

    Returns:
        float32 `[n, heads, dim of v]`, and the base-2 logarithm of the sum of exponents, float32 `[n, heads]`. A query
        that sees nothing gets zeros and -infinity.
    """
    mask = mask or Mask()
    group = q.shape[1] // k.shape[1]
    keys = k.float().repeat_interleave(group, 1)
    values = v.float().repeat_interleave(group, 1)
    scale = q.shape[-1] ** -0.5 if mask.scale is None else mask.scale
    scores = torch.einsum("nhd,mhd->hnm", q.float(), keys) * scale
    if mask.soft_cap > 0:
        scores = mask.soft_cap * torch.tanh(scores / mask.soft_cap)
    scores = scores.masked_fill(~_seen(q.shape[0], k.shape[0], mask).to(q.device), -math.inf)
    total = torch.logsumexp(scores, -1)
    weights = torch.exp(scores - total.unsqueeze(-1)).nan_to_num(0.0)
    return torch.einsum("hnm,mhd->nhd", weights, values), (total / math.log(2)).transpose(0, 1)


def _seen(queries: int, keys: int, mask: Mask) -> Tensor:
    at = torch.arange(queries).unsqueeze(-1) + keys - queries
    key = torch.arange(keys).unsqueeze(0)
    seen = torch.ones(queries, keys, dtype=torch.bool)
    if mask.custom is not None:
        seen = mask.custom.reshape(queries, keys).bool().cpu()
    elif mask.causal:
        seen = key <= at
    return seen & (key + mask.window >= at) if mask.window >= 0 else seen


def merge(v_a: Tensor, s_a: Tensor, v_b: Tensor, s_b: Tensor) -> tuple[Tensor, Tensor]:
    """Attention to the union of two sets of keys, from the outputs `[n, heads, dim]` and base-2 sums `[n, heads]`."""
    total = torch.logaddexp2(s_a.float(), s_b.float())
    part_a, part_b = (torch.exp2(s.float() - total).unsqueeze(-1) for s in (s_a, s_b))
    return (part_a * v_a.float() + part_b * v_b.float()).to(v_a.dtype), total


@dataclass(frozen=True, slots=True)
class Pages:
    """A paged cache of keys and values, `[pages, page_size, heads, dim]` each, whatever its layout in memory."""

    keys: Tensor
    values: Tensor

    @classmethod
    def of(cls, cache: Tensor | tuple[Tensor, Tensor], layout: str) -> Pages:
        """Look at a cache: one tensor with keys and values in dimension 1, or two; layout `NHD` or `HND`."""
        keys, values = cache if isinstance(cache, tuple | list) else (cache[:, 0], cache[:, 1])
        return cls(keys, values) if layout == "NHD" else cls(keys.transpose(1, 2), values.transpose(1, 2))

    @property
    def size(self) -> int:
        """Tokens of a page."""
        return int(self.keys.shape[1])

    def gather(self, pages: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """Return the first `length` keys and values of the request that has these pages."""
        picked = pages.long()
        return self.keys[picked].flatten(0, 1)[:length], self.values[picked].flatten(0, 1)[:length]


def lengths(indptr: Tensor, last_page_len: Tensor, page_size: int) -> Tensor:
    """Keys of each request: all its pages are full but the last one."""
    count = indptr[1:] - indptr[:-1]
    return torch.where(count > 0, (count - 1) * page_size + last_page_len, 0)
