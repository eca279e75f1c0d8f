"""Quantised numbers and back: one pair of functions for each scheme.

Sources: `quantization_utils.cuh` (FP4 and MXFP8: which scale, how it is rounded), `trtllm_fused_moe_dev_kernel.cu`
(`activationDeepSeekKernel`: one float32 scale per 128 values). Scales are linear here, one row for each row of values;
`layouts` swizzles them.
"""

from __future__ import annotations

import torch
from torch import Tensor

E4M3_MAX = 448.0
E2M1_MAX = 6.0
BLOCK = 128  # side of a DeepSeek block
# Values of the sixteen 4-bit codes: sign, two bits of exponent, one of mantissa.
E2M1 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0)
FP8_DTYPES = (torch.float8_e4m3fn, torch.float8_e5m2)


def to_e4m3(x: Tensor) -> Tensor:
    """Round to float8_e4m3fn; what is too large becomes the largest value, not NaN."""
    return x.float().clamp(-E4M3_MAX, E4M3_MAX).to(torch.float8_e4m3fn)


# --- FP8 ---------------------------------------------------------------------------------------------------------------


def quantize_fp8_per_tensor(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return (float8_e4m3fn of the same shape, float32 scale `[]`); `value = code * scale`."""
    scale = (x.float().abs().amax() / E4M3_MAX).clamp_min(torch.finfo(torch.float32).tiny)
    return to_e4m3(x.float() / scale), scale


def quantize_fp8_per_row(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return (float8_e4m3fn, float32 scales `[..., 1]`): one scale for each row (a token, or a weight's channel)."""
    scale = (x.float().abs().amax(-1, keepdim=True) / E4M3_MAX).clamp_min(torch.finfo(torch.float32).tiny)
    return to_e4m3(x.float() / scale), scale


def quantize_fp8_groups(x: Tensor) -> tuple[Tensor, Tensor]:
    """DeepSeek activations `[tokens, K]`: return (float8_e4m3fn, float32 scales `[K / 128, tokens]`)."""
    code, scale = quantize_fp8_per_row(x.unflatten(-1, (-1, BLOCK)))
    return code.flatten(-2), scale.squeeze(-1).transpose(0, 1).contiguous()


def dequantize_fp8_groups(code: Tensor, scale: Tensor) -> Tensor:
    """Return float32 `[tokens, K]` of codes `[tokens, K]` and scales `[K / 128, tokens]`."""
    return code.float() * scale.float().transpose(0, 1).repeat_interleave(BLOCK, -1)


def quantize_fp8_blocks(x: Tensor) -> tuple[Tensor, Tensor]:
    """DeepSeek weights `[..., M, K]`: return (float8_e4m3fn, float32 scales `[..., M / 128, K / 128]`)."""
    tiles = x.float().unflatten(-2, (-1, BLOCK)).unflatten(-1, (-1, BLOCK))
    scale = (tiles.abs().amax((-3, -1)) / E4M3_MAX).clamp_min(torch.finfo(torch.float32).tiny)
    return to_e4m3(x.float() / _spread(scale)), scale


def dequantize_fp8_blocks(code: Tensor, scale: Tensor) -> Tensor:
    """Return float32 `[..., M, K]` of codes of that shape and scales `[..., M / 128, K / 128]`."""
    return code.float() * _spread(scale.float())


def _spread(scale: Tensor) -> Tensor:
    return scale.repeat_interleave(BLOCK, -1).repeat_interleave(BLOCK, -2)


# --- scales that are powers of two -------------------------------------------------------------------------------------


def to_ue8m0(x: Tensor) -> Tensor:
    """Round positive numbers up to a power of two; return the biased exponents as uint8. Zero gives 0 (2^-127)."""
    mantissa, exponent = torch.frexp(x.float())  # x = mantissa * 2^exponent, mantissa in [0.5, 1)
    exponent = exponent - (mantissa == 0.5).to(exponent.dtype)
    return torch.where(x > 0, (exponent + 127).clamp(0, 254), 0).to(torch.uint8)


def from_ue8m0(code: Tensor) -> Tensor:
    """Return `2^(code - 127)` as float32."""
    return torch.exp2(code.view(torch.uint8).float() - 127.0)


def quantize_mxfp8(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return (float8_e4m3fn, uint8 scales `[..., K / 32]`)."""
    blocks = x.float().unflatten(-1, (-1, 32))
    scale = to_ue8m0(blocks.abs().amax(-1) / E4M3_MAX)
    return to_e4m3(blocks / from_ue8m0(scale).unsqueeze(-1)).flatten(-2), scale


def dequantize_mxfp8(code: Tensor, scale: Tensor) -> Tensor:
    """Return float32 of codes `[..., K]` and scales `[..., K / 32]`."""
    return code.float() * from_ue8m0(scale).repeat_interleave(32, -1)


# --- FP4 ---------------------------------------------------------------------------------------------------------------


def to_e2m1(x: Tensor) -> Tensor:
    """Round to the nearest 4-bit value, ties to the even code, and pack two in a byte, the first in the low half.

    Returns uint8 `[..., K / 2]`.
    """
    magnitude = x.float().abs()
    # Half-way points between neighbours; at an even one of them (0.25, 1.25, …) the lower code is even and wins.
    code = torch.zeros_like(magnitude, dtype=torch.uint8)
    for index, middle in enumerate((0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0)):
        code += (magnitude > middle if index % 2 == 0 else magnitude >= middle).to(torch.uint8)
    code |= torch.signbit(x).to(torch.uint8) << 3
    pairs = code.unflatten(-1, (-1, 2))
    return pairs[..., 0] | (pairs[..., 1] << 4)


def from_e2m1(packed: Tensor) -> Tensor:
    """Return float32 `[..., K]` of packed codes `[..., K / 2]`."""
    packed = packed.view(torch.uint8)
    table = torch.tensor(E2M1, device=packed.device)
    codes = torch.stack((packed & 0xF, packed >> 4), -1).flatten(-2)
    return table[codes.long()]


def quantize_nvfp4(x: Tensor, global_scale: Tensor | float) -> tuple[Tensor, Tensor]:
    """Return (uint8 `[..., K / 2]`, float8_e4m3fn scales `[..., K / 16]`); `value = code * scale / global_scale`."""
    blocks = x.float().unflatten(-1, (-1, 16))
    largest = blocks.abs().amax(-1)
    scale = to_e4m3(global_scale * (largest / E2M1_MAX))
    factor = scale.float() / global_scale
    inverse = torch.where(factor > 0, 1.0 / factor, 0.0)
    return to_e2m1((blocks * inverse.unsqueeze(-1)).flatten(-2)), scale


def dequantize_nvfp4(packed: Tensor, scale: Tensor, global_scale: Tensor | float = 1.0) -> Tensor:
    """Return float32 `[..., K]` of codes `[..., K / 2]` and float8_e4m3fn scales (or their bytes) `[..., K / 16]`."""
    factor = scale.view(torch.float8_e4m3fn).float() / global_scale
    return from_e2m1(packed) * factor.repeat_interleave(16, -1)


def quantize_mxfp4(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return (uint8 `[..., K / 2]`, uint8 scales `[..., K / 32]`)."""
    blocks = x.float().unflatten(-1, (-1, 32))
    scale = to_ue8m0(blocks.abs().amax(-1) / E2M1_MAX)
    return to_e2m1((blocks / from_ue8m0(scale).unsqueeze(-1)).flatten(-2)), scale


def dequantize_mxfp4(packed: Tensor, scale: Tensor) -> Tensor:
    """Return float32 `[..., K]` of codes `[..., K / 2]` and scales `[..., K / 32]`."""
    return from_e2m1(packed) * from_ue8m0(scale).repeat_interleave(32, -1)


# --- INT4 --------------------------------------------------------------------------------------------------------------


def quantize_mxint4(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return (uint8 `[..., K / 2]`, bfloat16 scales `[..., K / 32]`): signed 4-bit integers, the first in the low half."""
    blocks = x.float().unflatten(-1, (-1, 32))
    largest = torch.maximum(blocks.amax(-1) * (8 / 7), -blocks.amin(-1))  # codes reach from -8 to 7
    scale = (largest / 8).to(torch.bfloat16)
    inverse = torch.where(scale > 0, 1.0 / scale.float(), 0.0)
    code = (blocks * inverse.unsqueeze(-1)).round().clamp(-8, 7).to(torch.int8).flatten(-2).unflatten(-1, (-1, 2))
    return ((code[..., 0] & 0xF) | (code[..., 1] << 4)).view(torch.uint8), scale


def dequantize_mxint4(packed: Tensor, scale: Tensor) -> Tensor:
    """Return float32 `[..., K]` of codes `[..., K / 2]` and bfloat16 scales `[..., K / 32]`, or of larger groups."""
    packed = packed.view(torch.uint8)
    codes = torch.stack((packed & 0xF, packed >> 4), -1).flatten(-2).to(torch.int8)
    signed = torch.where(codes >= 8, codes - 16, codes)
    return signed.float() * scale.float().repeat_interleave(signed.shape[-1] // scale.shape[-1], -1)
