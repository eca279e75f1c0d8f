"""A library on the CPU that does what contracts say of the real one, breaches included."""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any

import torch
from torch import Tensor

from contractlint.exercise import references
from contractlint.exercise.cut import LEFT_OUT


def rmsnorm(input: Tensor, weight: Tensor, eps: float, out: Tensor | None = None) -> Tensor:
    """Checks the dtype of the input and the rank of the weight; reads the weight as the dtype of the input."""
    if input.dtype not in (torch.float16, torch.bfloat16):
        raise RuntimeError(f"failed to dispatch data type {input.dtype}")
    if weight.dim() != 1:
        raise RuntimeError("weight must be a 1D tensor")
    if weight.shape[0] != input.shape[1]:
        raise RuntimeError("Check failed: (input.size(1) == weight.size(0))")
    result = references.rmsnorm(input, misread(weight, input.dtype), eps).to(input.dtype)
    if out is None:
        return result
    write(out, result)
    return out


def gemma_rmsnorm(input: Tensor, weight: Tensor, eps: float, out: Tensor | None = None) -> Tensor:
    """A release that hangs on a breach of the weight, and kills the process on a breach of the input."""
    if input.dtype != torch.bfloat16:
        os.kill(os.getpid(), 11)
    if weight.dtype != torch.bfloat16:
        time.sleep(60)
    return references.gemma_rmsnorm(input, weight, eps).to(input.dtype)


def silu_and_mul(input: Tensor, out: Tensor | None = None) -> Tensor:
    """A kernel that is simply wrong."""
    return (references.silu_and_mul(input) * 1.5).to(input.dtype)


def misread(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """The first bytes of a tensor's memory, taken for another dtype, as a kernel does that casts the pointer."""
    size = tensor.numel() * torch.empty((), dtype=dtype).element_size()
    raw = ctypes.string_at(tensor.data_ptr(), size)
    return torch.frombuffer(bytearray(raw), dtype=dtype).reshape(tensor.shape)


def write(out: Tensor, values: Tensor) -> None:
    """Write the bytes of `values` over the memory of `out`, whatever its dtype."""
    source = values.contiguous()
    size = min(source.numel() * source.element_size(), out.numel() * out.element_size())
    ctypes.memmove(out.data_ptr(), source.data_ptr(), size)


def gelu_and_mul(input: Tensor, out: Tensor | None = None) -> Tensor:
    """A release that checks more than the contract says."""
    if input.dtype not in (torch.float16, torch.bfloat16):
        raise RuntimeError(f"failed to dispatch data type {input.dtype}")
    if out is not None and out.dtype != input.dtype:
        raise RuntimeError("out must have the dtype of input")
    return references.gelu_and_mul(input).to(input.dtype)


def layernorm(input: Tensor, gemma: Tensor, beta: Tensor, eps: float) -> Tensor:
    """Was cut out of the module for all inputs that are not bfloat16."""
    if input.dtype != torch.bfloat16:
        raise RuntimeError(f"{LEFT_OUT} (cut.py:0)")
    return references.layernorm(input, gemma, beta, eps).to(input.dtype)


def allreduce_fusion(
    input: Tensor,
    residual_in: Tensor,
    rms_gamma: Tensor,
    rms_eps: float,
    residual_out: Tensor,
    norm_out: Tensor,
    **_: Any,
) -> None:
    """Adds up over ranks; a rank whose gamma is missing leaves the others waiting."""
    from torch import distributed

    if rms_gamma.dtype == torch.float64 and distributed.get_rank() == 1:
        time.sleep(60)
    if residual_in.dtype != input.dtype:
        raise RuntimeError("residual_in must have the dtype of input")
    total = input.float()
    distributed.all_reduce(total)
    total += residual_in.float()
    residual_out.copy_(total)
    norm_out.copy_(total * torch.rsqrt(total.square().mean(-1, keepdim=True) + rms_eps) * rms_gamma.float())
