"""Calling the compiled routing stage with raw pointers."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from torch import Tensor

_MESSAGE_BYTES = 512
_LAZY, _GLOBAL = 1, 0x100  # of dlopen
_CUDA_ERROR = -2  # what a door returns when the GPU reports one
_SCRATCH = 6  # buffers of what follows the choice of experts


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a routing problem; the defaults are those of DeepSeek-R1.

    There are more tokens than one cluster takes, so that all methods write what they chose.
    """

    tokens: int = 512
    experts: int = 256
    top_k: int = 8
    groups: int = 8
    limited_groups: int = 4
    scale: float = 2.5


@dataclass(frozen=True, slots=True)
class Chosen:
    """`experts` int32 and `weights` bfloat16 `[tokens, top_k]`, or an error instead.

    The flags say which dtypes the release keeps for its kernel.
    """

    experts: Tensor | None
    weights: Tensor | None = None
    keeps_bias_dtype: bool = False
    keeps_logits_dtype: bool = False
    message: str = ""
    faulted: bool = False


class _Call(ctypes.Structure):
    """The same, field by field, as `door::Call` in door.cuh."""

    _fields_: ClassVar[Sequence[Any]] = [
        *((name, ctypes.c_void_p) for name in ("logits", "bias", "packed", "scratch", "stream")),
        *(
            (name, ctypes.c_int)
            for name in (
                "room", "logits_float32", "bias_float32", "tokens", "experts", "top_k", "groups", "limited_groups",
                "method",
            )
        ),
        ("scale", ctypes.c_float),
    ]  # fmt: skip


class Door:
    """A compiled routing stage."""

    def __init__(self, library: Path) -> None:
        # ctypes binds every symbol at once; what follows the choice of experts is not linked, so dlopen does it lazily.
        self._library = ctypes.CDLL(str(library), handle=_opened(library))

    def has(self, part: str) -> bool:
        """Whether the release has these kernels: `deepseek`, `renormalize`, `llama4` or `custom`."""
        return hasattr(self._library, f"choose_experts_{part}")

    def choose(self, part: str, method: int, logits: Tensor, bias: Tensor | None, shape: Shape) -> Chosen:
        """Choose experts for `logits` `[tokens, experts]` with `bias` `[experts]`, both on the GPU.

        The dtypes are told as the launchers tell them: whatever is not bfloat16 is float32.

        Args:
            method: the number of the routing method in the library's enum.
        """
        import torch

        from contractlint.reference.packing import unpack

        room = 2 * (shape.experts + shape.tokens * shape.top_k) + 1024
        packed = torch.full((shape.tokens, shape.top_k), -1, dtype=torch.int32, device=logits.device)
        scratch = torch.zeros(_SCRATCH * room, dtype=torch.int32, device=logits.device)
        message = ctypes.create_string_buffer(_MESSAGE_BYTES)
        call = _Call(
            logits=logits.data_ptr(), bias=None if bias is None else bias.data_ptr(), packed=packed.data_ptr(),
            scratch=scratch.data_ptr(), stream=torch.cuda.current_stream().cuda_stream, room=room,
            logits_float32=int(logits.dtype is not torch.bfloat16),
            bias_float32=int(bias is not None and bias.dtype is not torch.bfloat16),
            tokens=shape.tokens, experts=shape.experts, top_k=shape.top_k, groups=shape.groups,
            limited_groups=shape.limited_groups, method=method, scale=shape.scale,
        )  # fmt: skip
        code = getattr(self._library, f"choose_experts_{part}")(ctypes.byref(call), message, _MESSAGE_BYTES)
        if code < 0:
            return Chosen(None, message=message.value.decode(errors="replace"), faulted=code == _CUDA_ERROR)
        experts, weights = unpack(packed)
        return Chosen(experts, weights, bool(code & 1), bool(code & 2))


def _opened(library: Path) -> int:
    loader = ctypes.CDLL(None)
    loader.dlopen.restype = ctypes.c_void_p
    loader.dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]
    loader.dlerror.restype = ctypes.c_char_p
    for path, flags in (*((path, _LAZY | _GLOBAL) for path in _ffi_library()), (library, _LAZY)):
        handle = loader.dlopen(str(path).encode(), flags)
        if not handle:
            raise OSError(f"cannot load {path}: {(loader.dlerror() or b'').decode()}")
    return int(handle)


def _ffi_library() -> list[Path]:
    """The library of tvm-ffi, with which the sources report errors from 0.6.8 on."""
    spec = find_spec("tvm_ffi")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return [path for place in places for path in sorted(Path(place).rglob("libtvm_ffi.so"))]
