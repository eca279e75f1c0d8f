"""Memory as a kernel reads it that does not ask what was put there."""

from __future__ import annotations

import torch
from torch import Tensor


def reinterpret(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the bytes from the tensor's first on as if they were `dtype`, in the tensor's shape.

    Shares memory where it can, so that what is written there lands in the caller's tensor. Where a wider dtype reads
    past the end of the memory, the rest is zero; a kernel finds there what it finds.
    """
    start = x.storage_offset() * x.element_size()
    size = x.numel() * dtype.itemsize
    found = _bytes(x)[start : start + size]
    if found.numel() < size:
        found = torch.cat((found, found.new_zeros(size - found.numel())))
    if found.storage_offset() % dtype.itemsize:
        found = found.clone()
    return found.view(dtype).view(x.shape)


def contiguous_bytes(x: Tensor) -> Tensor:
    """Return what is read of a strided tensor when its strides are ignored."""
    return reinterpret(x, x.dtype)


def _bytes(x: Tensor) -> Tensor:
    return torch.empty(0, dtype=torch.uint8, device=x.device).set_(x.untyped_storage())
