"""The CUTLASS MoE with 4-bit weights on Hopper, in the layouts that a release reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from packaging.version import Version
from torch import Tensor

from contractlint.reference import experts as x
from contractlint.reference import mixed
from contractlint.reference import quantization as q
from contractlint.testing.call import Call
from contractlint.testing.errors import NotComputed

# The activations as numbers, both weights, how activations are stored between them, and the scales behind them.
Scheme = tuple[Tensor, x.Matrix, x.Matrix, x.Round, x.Controls]
_INT4_GROUP, _FP4_GROUP = 128, 32
_INTERLEAVED, _FOLDED = Version("0.6.10"), Version("0.6.18")  # first releases that read weights, and scales, so
_OFFSET = 121  # the exponent that an offset of 0 stands for, where a factor holds the rest


def four_bits(call: Call) -> Scheme:
    """Integers with float8 activations, FP4 with bfloat16 ones, or FP4 that was made for float8 ones."""
    scales = call.get("quant_scales", ())
    makers: dict[int, Callable[[Call, Any], Scheme]] = {8: _int4, 5: _fp4_float8, 2: _fp4}
    wanted = 8 if call.use_packed_weights else 5 if call.use_wfp4afp8_humming else 2
    if call.fc1_expert_weights.dtype != torch.uint8 or call.input.dtype != torch.bfloat16 or len(scales) != wanted:
        raise NotComputed(
            f"the stand-in computes {call.entry_point} with 4-bit weights, bfloat16 activations, and the scales of those, only"
        )
    return makers[wanted](call, scales)


def _int4(call: Call, scales: Any) -> Scheme:
    first, second = (
        x.mxint4(_plain(call, weights, mixed.deinterleave_int4), _linear(call, weights, scale, _INT4_GROUP))
        for weights, scale in zip(_weights(call), scales, strict=False)
    )
    before1, before2, _, _, after1, after2 = (scale.float() for scale in scales[2:])
    hidden = q.to_e4m3(call.input.float() * before1).float()
    controls = x.Controls(scale1=after1, scale_gate=after1, scale2=after2)
    return hidden, first, second, lambda between: q.to_e4m3(between * before2).float(), controls


def _fp4(call: Call, scales: Any) -> Scheme:
    first, second = (
        x.mxfp4(_plain(call, weights, mixed.deinterleave_fp4), _linear(call, weights, _bytes(scale), _FP4_GROUP))
        for weights, scale in zip(_weights(call), scales, strict=True)
    )
    return call.input.float(), first, second, x.round_bf16, x.Controls()


def _fp4_float8(call: Call, scales: Any) -> Scheme:
    first, second = (
        x.mxfp4(mixed.deinterleave_fp4_for_float8(weights), mixed.unfold_scales(_bytes(scale), _FP4_GROUP) + _OFFSET)
        for weights, scale in zip(_weights(call), (scales[0], scales[3]), strict=True)
    )
    controls = x.Controls(scale1=scales[1], scale_gate=scales[1], scale2=scales[4])
    return x.round_fp8_row(call.input.float()), first, second, x.round_fp8_row, controls


def _weights(call: Call) -> tuple[Tensor, Tensor]:
    return call.fc1_expert_weights, call.fc2_expert_weights


def _bytes(scale: Tensor) -> Tensor:
    return scale.contiguous().view(torch.uint8)


def _plain(call: Call, weights: Tensor, undo: Callable[[Tensor], Tensor]) -> Tensor:
    return undo(weights) if Version(call.view.release) >= _INTERLEAVED else weights


def _linear(call: Call, weights: Tensor, scales: Tensor, group: int) -> Tensor:
    """Scales in plain rows; packed ones tell by their width how many lie together."""
    if Version(call.view.release) >= _FOLDED:
        return mixed.unfold_scales(scales, group)
    return mixed.unpack_scales(scales, scales.shape[2] // weights.shape[1])
