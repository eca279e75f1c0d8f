"""Norms. Sources: `norm.cuh` (`RMSNormKernel`, `FusedAddRMSNormKernel`: sums in float32, weight plus a bias), `norm.py`."""

from __future__ import annotations

import torch
from torch import Tensor


def rmsnorm(x: Tensor, weight: Tensor, eps: float = 1e-6, *, weight_bias: float = 0.0) -> Tensor:
    """`x / sqrt(mean(x^2) + eps) * (weight + weight_bias)` over the last dimension, in the dtype of `x`."""
    return _rms(x.float(), weight, eps, weight_bias).to(x.dtype)


def gemma_rmsnorm(x: Tensor, weight: Tensor, eps: float = 1e-6) -> Tensor:
    """RMS norm with weights that are stored less one."""
    return rmsnorm(x, weight, eps, weight_bias=1.0)


def fused_add_rmsnorm(
    x: Tensor, residual: Tensor, weight: Tensor, eps: float = 1e-6, *, weight_bias: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Return (norm of `x + residual`, `x + residual`). The norm is that of the sum before it is rounded."""
    total = x.float() + residual.float()
    return _rms(total, weight, eps, weight_bias).to(x.dtype), total.to(residual.dtype)


def gemma_fused_add_rmsnorm(x: Tensor, residual: Tensor, weight: Tensor, eps: float = 1e-6) -> tuple[Tensor, Tensor]:
    """As `fused_add_rmsnorm`, with weights that are stored less one."""
    return fused_add_rmsnorm(x, residual, weight, eps, weight_bias=1.0)


def layernorm(x: Tensor, gamma: Tensor, beta: Tensor, eps: float = 1e-6) -> Tensor:
    """`(x - mean) / sqrt(variance + eps) * gamma + beta` over the last dimension; `gamma` and `beta` are float32."""
    centred = x.float() - x.float().mean(-1, keepdim=True)
    scaled = centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + eps)
    return (scaled * gamma.float() + beta.float()).to(x.dtype)


def _rms(x: Tensor, weight: Tensor, eps: float, weight_bias: float) -> Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * (weight.float() + weight_bias)
