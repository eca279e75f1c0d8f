"""The byte layouts of 4-bit weights and their scales that the mixed GEMM of Hopper reads.

Sources: `moe_gemm_mixed_utils.cu` (weights), `fused_moe/prepare.py` (folded scales, and the scales of the path to float8
before the product), `moe_gemm_tma_ws_mixed_input_launcher.inl` (packed scales of earlier releases).
"""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 128  # values of a row that a step of the kernel takes
_RANGE = 11  # how far apart the exponents of an expert may be on the path to float8
COMPENSATION = 2.0**6  # what the kernel leaves out of its conversion to float8


def interleave_int4(packed: Tensor) -> Tensor:
    """Pairs of bytes of rows eight apart lie beside one another; `[E, rows, K / 2]`."""
    experts, rows, columns = packed.shape
    # Rows come in blocks of two halves of eight, pairs of bytes in four groups of two halves of four.
    pairs = packed.reshape(experts, rows // 16, 2, 8, columns // 16, 2, 4, 2)
    return pairs.permute(0, 1, 5, 3, 4, 6, 2, 7).reshape(packed.shape)


def deinterleave_int4(packed: Tensor) -> Tensor:
    """Undo `interleave_int4`."""
    experts, rows, columns = packed.shape
    pairs = packed.reshape(experts, rows // 16, 2, 8, columns // 16, 4, 2, 2)
    return pairs.permute(0, 1, 6, 3, 4, 2, 5, 7).reshape(packed.shape)


def interleave_fp4_for_float8(packed: Tensor) -> Tensor:
    """As `interleave_int4`, and the signs stand apart from their values: each four move to every other code."""
    codes = _codes(interleave_int4(packed))
    signs = (codes & 8).unflatten(-1, (2, 4)).transpose(-1, -2).flip(-1).flatten(-2)
    return _packed((codes & 7) | signs)


def deinterleave_fp4_for_float8(packed: Tensor) -> Tensor:
    """Undo `interleave_fp4_for_float8`."""
    codes = _codes(packed)
    signs = (codes & 8).unflatten(-1, (4, 2)).flip(-1).transpose(-1, -2).flatten(-2)
    return deinterleave_int4(_packed((codes & 7) | signs))


def interleave_fp4(packed: Tensor) -> Tensor:
    """Four codes of two rows share 16 bits, signs and values apart, as the conversion to bfloat16 takes them."""
    experts, rows, columns = packed.shape
    parts = packed.reshape(experts, rows // 16, 2, 8, columns // 32, 2, 2, 2, 4)
    words = parts.permute(0, 1, 6, 3, 4, 5, 8, 7, 2).reshape(*packed.shape[:-1], -1, 4).to(torch.int32)
    halves = [_sixteen_bits(codes) for codes in (words & 0xF, words >> 4)]
    pairs = [part for half in halves for part in (half & 0xFF, half >> 8)]
    return torch.stack(pairs, -1).to(torch.uint8).flatten(-2)


def deinterleave_fp4(packed: Tensor) -> Tensor:
    """Undo `interleave_fp4`."""
    experts, rows, columns = packed.shape
    low, high = (_four_codes(half) for half in packed.unflatten(-1, (-1, 2, 2)).to(torch.int32).unbind(-2))
    words = (low | high << 4).to(torch.uint8)
    parts = words.reshape(experts, rows // 16, 2, 8, columns // 32, 2, 4, 2, 2)
    return parts.permute(0, 1, 8, 3, 4, 5, 2, 7, 6).reshape(packed.shape)


def _four_codes(half: Tensor) -> Tensor:
    """Undo `_sixteen_bits`."""
    bits = half[..., 0] | half[..., 1] << 8
    values = (bits >> 6 & 7, bits >> 3 & 7, bits & 7, (bits >> 13 & 1) | (bits >> 10 & 3) << 1)
    signs = (bits >> place & 1 for place in (15, 12, 9, 14))
    return torch.stack([sign << 3 | value for sign, value in zip(signs, values, strict=True)], -1)


def _sixteen_bits(codes: Tensor) -> Tensor:
    """Signs of the first, last, second and third code at bits 15, 14, 12 and 9; the last value is split."""
    (s0, s1, s2, s3), (v0, v1, v2, v3) = (codes >> 3).unbind(-1), (codes & 7).unbind(-1)
    signs = s0 << 15 | s3 << 14 | s1 << 12 | s2 << 9
    return signs | (v3 & 1) << 13 | (v3 >> 1) << 10 | v0 << 6 | v1 << 3 | v2


def _codes(packed: Tensor) -> Tensor:
    """The eight codes of each word of four bytes."""
    words = packed.unflatten(-1, (-1, 4))
    return torch.stack((words & 0xF, words >> 4), -1).flatten(-2)


def _packed(codes: Tensor) -> Tensor:
    """Undo `_codes`."""
    pairs = codes.unflatten(-1, (-1, 2))
    return (pairs[..., 0] | (pairs[..., 1] << 4)).flatten(-2)


def fold_scales(scales: Tensor, group: int) -> Tensor:
    """Scales `[E, rows, K / group]`, 64 rows by 128 values at a time, in rows of 16 bytes."""
    columns = BLOCK // group
    folded = 64 * columns * scales.element_size() // 16
    tiles = scales.unflatten(2, (-1, columns)).unflatten(1, (-1, 64 // folded, folded))
    return tiles.permute(0, 1, 4, 3, 2, 5).flatten(-2).contiguous()


def unfold_scales(folded: Tensor, group: int) -> Tensor:
    """Undo `fold_scales`."""
    experts, blocks, steps, rows, _ = folded.shape
    tiles = folded.reshape(experts, blocks, steps, rows, 64 // rows, BLOCK // group)
    return tiles.permute(0, 1, 4, 3, 2, 5).reshape(experts, 64 * blocks, -1)


def pack_scales(scales: Tensor, count: int) -> Tensor:
    """Scales `[E, rows, groups]` as `[E, groups / count, rows * count]`: those of one step of the kernel lie together."""
    return scales.unflatten(2, (-1, count)).transpose(1, 2).flatten(-2).contiguous()


def unpack_scales(packed: Tensor, count: int) -> Tensor:
    """Undo `pack_scales`."""
    return packed.unflatten(2, (-1, count)).transpose(1, 2).flatten(2)


def offsets(exponents: Tensor) -> tuple[Tensor, Tensor]:
    """Split exponents uint8 `[E, rows, K / 32]` that are not too far apart: (offsets, float32 factor of each expert).

    Raises ValueError where codes would have to be rewritten.
    """
    largest, least = exponents.amax((1, 2), keepdim=True), exponents.amin((1, 2), keepdim=True)
    if int((largest - least).max()) > _RANGE:
        raise ValueError(f"the exponents of an expert are more than {_RANGE} apart")
    return exponents - least + 1, torch.exp2(least.flatten().float() - 127.0) * 0.5 * COMPENSATION
