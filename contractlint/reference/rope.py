"""Rotary embeddings. Source: `pos_enc.cuh` (which dimensions are paired, how Llama 3.1 bends low frequencies)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Llama31:
    """How Llama 3.1 stretches wavelengths that are long against the context it was trained with."""

    low: float = 1.0
    high: float = 4.0
    old_context: int = 8192


def frequencies(dim: int, theta: float = 1e4, scale: float = 1.0, llama31: Llama31 | None = None) -> Tensor:
    """Angles per position: float32 `[dim / 2]`."""
    each = torch.arange(0, dim, 2, dtype=torch.float32) / dim
    base = theta**-each
    if llama31 is None:
        return base / scale
    smooth = base * llama31.old_context / (2 * math.pi * (llama31.high - llama31.low))
    smooth = (smooth - 1.0 / (llama31.high / llama31.low - 1.0)).clamp(0.0, 1.0)
    return (1 - smooth) * (base / scale) + smooth * base


def rotate(x: Tensor, cosine: Tensor, sine: Tensor, *, interleave: bool = False) -> Tensor:
    """Rotate the first dimensions of `[tokens, heads, head_dim]`; the others stay.

    Args:
        cosine, sine: `[tokens, rotary_dim / 2]`.
        interleave: pair neighbours (0 with 1); else the halves (0 with `rotary_dim / 2`), as in NeoX.
    """
    size = 2 * cosine.shape[-1]
    turned, rest = x[..., :size].float(), x[..., size:]
    c, s = cosine.float().unsqueeze(-2), sine.float().unsqueeze(-2)
    if interleave:
        first, second = turned[..., ::2], turned[..., 1::2]
        out = torch.stack((first * c - second * s, second * c + first * s), -1).flatten(-2)
    else:
        first, second = turned.chunk(2, -1)
        out = torch.cat((first * c - second * s, second * c + first * s), -1)
    return torch.cat((out.to(x.dtype), rest), -1)


def apply(
    x: Tensor,
    positions: Tensor,
    *,
    rotary_dim: int | None = None,
    interleave: bool = False,
    scale: float = 1.0,
    theta: float = 1e4,
    llama31: Llama31 | None = None,
) -> Tensor:
    """Rotate `[tokens, heads, head_dim]` by positions `[tokens]`."""
    turns = frequencies(rotary_dim or x.shape[-1], theta, scale, llama31).to(x.device)
    angles = positions.float().unsqueeze(-1) * turns
    return rotate(x, angles.cos(), angles.sin(), interleave=interleave)


def apply_cached(x: Tensor, positions: Tensor, cache: Tensor, *, neox: bool = True) -> Tensor:
    """Rotate by a cache `[max_positions, rotary_dim]`: cosines in the first half, sines in the second."""
    cosine, sine = cache[positions.long()].chunk(2, -1)
    return rotate(x, cosine, sine, interleave=not neox)


def ragged_positions(indptr: Tensor, offsets: Tensor) -> Tensor:
    """The position of each token of ragged segments, of which each begins at its offset."""
    lengths = (indptr[1:] - indptr[:-1]).long()
    within = torch.arange(int(lengths.sum()), device=indptr.device) - indptr[:-1].long().repeat_interleave(lengths)
    return within + offsets.long().repeat_interleave(lengths)
