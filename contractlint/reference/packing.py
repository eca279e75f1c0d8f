"""Experts and weights in one tensor, as the routed entry points take them.

Source: `PackedScoreIdx` in `RoutingKernel.h`: the score, a bfloat16, in the low half; the expert, an int16, in the high.
"""

from __future__ import annotations

import torch
from torch import Tensor


def pack(experts: Tensor, weights: Tensor) -> Tensor:
    """Return int32 `(expert << 16) | bits of the bfloat16 weight`."""
    low = weights.to(torch.bfloat16).contiguous().view(torch.int16).to(torch.int32) & 0xFFFF
    return (experts.to(torch.int32) << 16) | low


def unpack(packed: Tensor) -> tuple[Tensor, Tensor]:
    """Return (experts as int32, weights as bfloat16) of a packed tensor."""
    low = (packed & 0xFFFF).to(torch.int32)
    bits = torch.where(low >= 0x8000, low - 0x10000, low).to(torch.int16)
    return (packed >> 16).to(torch.int32), bits.view(torch.bfloat16)
