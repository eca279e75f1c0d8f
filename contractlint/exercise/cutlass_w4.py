"""Inputs and references of the CUTLASS MoE with 4-bit weights on Hopper.

Weights are drawn as codes and scales, so that a reference computes with the numbers that they stand for; in memory they lie
as `contractlint.reference.mixed` says. From 0.6.10 on codes are interleaved, before that they lie in plain rows; from 0.6.18
on scales are folded, before that packed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from contractlint.exercise.cutlass import chosen, computed
from contractlint.reference import experts, mixed, quantization

_SEED = 17
_INT4_GROUP, _FP4_GROUP = 128, 32
_LEAST, _MOST = 118, 123  # exponents of FP4 scales, as bytes: weights of about 0.01 to 0.1
_NAMES = ("fc1_expert_weights", "fc2_expert_weights")
_INPUT_SCALE = 0.15  # of activations as float8


@dataclass(frozen=True, slots=True)
class Coded:
    """Weights of all experts in plain rows: `codes` uint8 `[E, rows, K / 2]` and their scales."""

    codes: Tensor
    scales: Tensor


def _drawn(name: str, arguments: dict[str, Any], group: int, draw: Callable[..., Tensor]) -> Coded:
    generator = torch.Generator().manual_seed(_SEED + _NAMES.index(name))
    codes = torch.randint(0, 256, arguments[name].shape, generator=generator, dtype=torch.uint8)
    count, rows, columns = codes.shape
    return Coded(codes, draw((count, rows, 2 * columns // group), generator=generator))


def _int4(arguments: dict[str, Any]) -> list[Coded]:
    def draw(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return (torch.randn(shape, generator=generator) * 0.01).to(torch.bfloat16)

    return [_drawn(name, arguments, _INT4_GROUP, draw) for name in _NAMES]


def _fp4(arguments: dict[str, Any]) -> list[Coded]:
    def draw(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.randint(_LEAST, _MOST, shape, generator=generator, dtype=torch.uint8)

    return [_drawn(name, arguments, _FP4_GROUP, draw) for name in _NAMES]


def _filled(arguments: dict[str, Any], codes: list[Tensor], scales: list[Tensor]) -> dict[str, Any]:
    made = {**arguments, "token_selected_experts": chosen(arguments), **dict(zip(_NAMES, codes, strict=True))}
    return made | {f"quant_scales[{number}]": scale for number, scale in enumerate(scales)}


def _int4_activations(arguments: dict[str, Any], count: int) -> list[Tensor]:
    """What activations are multiplied with before they become float8, no zero points, and what the products are."""
    generator = torch.Generator().manual_seed(_SEED)
    hidden, intermediate = arguments["input"].shape[1], 2 * arguments["fc2_expert_weights"].shape[2]
    before = [(torch.rand(size, generator=generator) * 0.1 + 0.95) / _INPUT_SCALE for size in (hidden, intermediate)]
    none = torch.empty(0, dtype=torch.bfloat16)
    after = [torch.full((count,), _INPUT_SCALE), torch.full((count,), 2 * _INPUT_SCALE)]
    return [*(x.to(torch.bfloat16) for x in before), none, none, *after]


def prepare_int4(arguments: dict[str, Any]) -> dict[str, Any]:
    """Interleaved codes, folded scales."""
    coded = _int4(arguments)
    scales = [mixed.fold_scales(one.scales, _INT4_GROUP) for one in coded]
    rest = _int4_activations(arguments, len(coded[0].codes))
    return _filled(arguments, [mixed.interleave_int4(one.codes) for one in coded], scales + rest)


def prepare_int4_plain(arguments: dict[str, Any]) -> dict[str, Any]:
    """Codes in plain rows, packed scales: as many together as a step of the kernel takes, at most four."""
    coded = _int4(arguments)
    scales = [mixed.pack_scales(one.scales, min(4, one.scales.shape[2])) for one in coded]
    return _filled(arguments, [one.codes for one in coded], scales + _int4_activations(arguments, len(scales[0])))


def prepare_fp4(arguments: dict[str, Any]) -> dict[str, Any]:
    """Interleaved codes, folded scales."""
    coded = _fp4(arguments)
    scales = [mixed.fold_scales(one.scales, _FP4_GROUP) for one in coded]
    return _filled(arguments, [mixed.interleave_fp4(one.codes) for one in coded], scales)


def prepare_fp4_plain(arguments: dict[str, Any]) -> dict[str, Any]:
    """Codes in plain rows, packed scales."""
    coded = _fp4(arguments)
    return _filled(arguments, [one.codes for one in coded], [mixed.pack_scales(one.scales, 4) for one in coded])


def prepare_fp4_float8(arguments: dict[str, Any]) -> dict[str, Any]:
    """Codes and offsets of exponents for the product in float8, with a factor for each expert."""
    coded = _fp4(arguments)
    offsets, factors = zip(*(mixed.offsets(one.scales) for one in coded), strict=True)
    first, second = (mixed.fold_scales(part, _FP4_GROUP).view(torch.int32) for part in offsets)
    codes = [mixed.interleave_fp4_for_float8(one.codes) for one in coded]
    return _filled(arguments, codes, [first, factors[0], torch.tensor(1.0), second, factors[1]])


def prepare_exponents(arguments: dict[str, Any]) -> dict[str, Any]:
    """Exponents that are close enough to one another."""
    drawn = torch.randint(
        _LEAST, _MOST, arguments["raw_scale"].shape, generator=torch.Generator().manual_seed(_SEED), dtype=torch.uint8
    )
    return {**arguments, "raw_scale": drawn}


def int4(**arguments: Any) -> Tensor:
    """Activations are multiplied by column and rounded to float8 before each GEMM."""
    first, second = (experts.mxint4(one.codes, one.scales) for one in _int4(arguments))
    before1, before2, _, _, after1, after2 = (scale.float() for scale in arguments["quant_scales"][2:])
    controls = experts.Controls(scale1=after1, scale_gate=after1, scale2=after2)
    hidden = quantization.to_e4m3(arguments["input"].float() * before1).float()
    return computed(arguments, hidden, first, second, lambda x: quantization.to_e4m3(x * before2).float(), controls)


def fp4(**arguments: Any) -> Tensor:
    """Activations stay what they are."""
    return _fp4_computed(arguments, arguments["input"].float(), experts.round_bf16)


def fp4_float8(**arguments: Any) -> Tensor:
    """Activations are rounded to float8 with one scale for each row, before each GEMM."""
    return _fp4_computed(arguments, experts.round_fp8_row(arguments["input"].float()), experts.round_fp8_row)


def _fp4_computed(arguments: dict[str, Any], hidden: Tensor, between: experts.Round) -> Tensor:
    first, second = (experts.mxfp4(one.codes, one.scales) for one in _fp4(arguments))
    return computed(arguments, hidden, first, second, between, experts.Controls())
