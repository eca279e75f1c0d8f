"""Calling the compiled routing stage with raw pointers."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_MESSAGE_BYTES = 512


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a routing problem; the defaults are those of DeepSeek-R1."""

    tokens: int = 512
    experts: int = 256
    top_k: int = 8
    groups: int = 8
    limited_groups: int = 4
    scale: float = 2.5


@dataclass(frozen=True, slots=True)
class Chosen:
    """`experts` int32 `[tokens, top_k]`; which dtypes the release keeps for its kernel; or the error instead."""

    experts: Tensor | None
    keeps_bias_dtype: bool = False
    keeps_logits_dtype: bool = False
    message: str = ""


class Door:
    """A compiled routing stage."""

    def __init__(self, library: Path) -> None:
        # ctypes binds every symbol at once; what follows the choice of experts is not linked, so dlopen does it lazily.
        loader = ctypes.CDLL(None)
        loader.dlopen.restype = ctypes.c_void_p
        loader.dlerror.restype = ctypes.c_char_p
        handle = loader.dlopen(str(library).encode(), os.RTLD_LAZY)
        if not handle:
            raise OSError(f"cannot load {library}: {(loader.dlerror() or b'').decode()}")
        self._choose = ctypes.CDLL(str(library), handle=handle).choose_experts_deepseek
        pointer, number = ctypes.c_void_p, ctypes.c_int
        self._choose.argtypes = [
            pointer, number, pointer, number, pointer, number, number, number, number, number, ctypes.c_float, pointer,
            ctypes.c_char_p, number,
        ]  # fmt: skip
        self._choose.restype = ctypes.c_int

    def choose(self, logits: Tensor, bias: Tensor, shape: Shape) -> Chosen:
        """Choose experts for `logits` `[tokens, experts]` with `bias` `[experts]`, both on the GPU.

        The dtype of the bias is told as the launchers tell it: whatever is not bfloat16 is float32.
        """
        import torch

        from contractlint.reference.packing import unpack

        packed = torch.full((shape.tokens, shape.top_k), -1, dtype=torch.int32, device=logits.device)
        message = ctypes.create_string_buffer(_MESSAGE_BYTES)
        code = self._choose(
            logits.data_ptr(), int(logits.dtype is torch.float32), bias.data_ptr(), int(bias.dtype is not torch.bfloat16),
            packed.data_ptr(), shape.tokens, shape.experts, shape.top_k, shape.groups, shape.limited_groups, shape.scale,
            torch.cuda.current_stream().cuda_stream, message, _MESSAGE_BYTES,
        )  # fmt: skip
        if code < 0:
            return Chosen(None, message=message.value.decode(errors="replace"))
        return Chosen(unpack(packed)[0], bool(code & 1), bool(code & 2))
