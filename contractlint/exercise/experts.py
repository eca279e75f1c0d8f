"""Inputs and references of the trtllm MoE family: one table row for each quantisation scheme.

Weights are made from numbers that are kept here in plain order, so a reference never has to undo a layout. They are
quantised and laid out by `contractlint.reference`; that its shuffles, swizzles and block layouts are the library's own is
what exercising `shuffle_matrix_a`, `block_scale_interleave` and `convert_to_block_layout` shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from contractlint.reference import experts, layouts, quantization
from contractlint.reference.packing import pack
from contractlint.reference.routing import Options, Routing, route

EXPERTS, HIDDEN, INTERMEDIATE, TOP_K = 32, 512, 256, 4
SEED = 7
EPILOGUE, EPILOGUE_DEEPSEEK = 128, 64


@dataclass(frozen=True, slots=True)
class Coded:
    """Weights of all experts in plain order: `codes` `[E, M, K…]`, their scales or None, and the numbers they stand for."""

    codes: Tensor
    scales: Tensor | None
    numbers: Tensor


@dataclass(frozen=True, slots=True)
class Scheme:
    """How weights and activations are quantised and laid out.

    Args:
        weights: codes float32 `[E, M, K]`.
        tile: rows are shuffled for tiles of so many.
        interleaved: the halves of the first weights alternate.
        block_major: weights are cut into blocks along K.
        swizzled: block scales are shuffled and swizzled with the weights.
        hidden: codes activations `[T, K]`: (codes, scales or None, numbers).
        by_row: there is one scale for each row of the weights, and it goes where the row goes.
        between: how activations between the GEMMs are stored.
    """

    weights: Callable[[Tensor], Coded]
    hidden: Callable[[Tensor], Coded]
    between: experts.Round
    tile: int = EPILOGUE
    interleaved: bool = True
    block_major: bool = False
    swizzled: bool = False
    by_row: bool = False


def _plain(x: Tensor) -> Coded:
    codes = x.to(torch.bfloat16)
    return Coded(codes, None, codes.float())


def _fp8(x: Tensor) -> Coded:
    codes = quantization.to_e4m3(x)
    return Coded(codes, None, codes.float())


def _scaled(
    quantize: Callable[[Tensor], tuple[Tensor, Tensor]], dequantize: Callable[[Tensor, Tensor], Tensor]
) -> Callable[[Tensor], Coded]:
    def code(x: Tensor) -> Coded:
        codes, scales = quantize(x)
        return Coded(codes, scales, dequantize(codes, scales))

    return code


_fp8_rows = _scaled(quantization.quantize_fp8_per_row, lambda codes, scale: codes.float() * scale)
_mxfp8 = _scaled(quantization.quantize_mxfp8, quantization.dequantize_mxfp8)
_mxfp4 = _scaled(quantization.quantize_mxfp4, quantization.dequantize_mxfp4)
_nvfp4 = _scaled(lambda x: quantization.quantize_nvfp4(x, 1.0), quantization.dequantize_nvfp4)

SCHEMES: dict[str, Scheme] = {
    "bf16": Scheme(_plain, _plain, experts.round_bf16, block_major=True),
    "fp8_per_tensor": Scheme(_fp8, _fp8, experts.round_fp8),
    "fp8_per_channel": Scheme(_fp8_rows, _fp8_rows, experts.round_fp8_row, by_row=True),
    "fp8_block": Scheme(
        _scaled(quantization.quantize_fp8_blocks, quantization.dequantize_fp8_blocks),
        _scaled(quantization.quantize_fp8_groups, quantization.dequantize_fp8_groups),
        experts.round_fp8_groups,
        tile=EPILOGUE_DEEPSEEK,
        interleaved=False,
        block_major=True,
    ),
    "mxfp8": Scheme(_mxfp8, _mxfp8, experts.round_mxfp8, swizzled=True),
    "nvfp4": Scheme(_nvfp4, _nvfp4, experts.round_nvfp4, swizzled=True),
    "mxfp4_mxfp8": Scheme(_mxfp4, _mxfp8, experts.round_mxfp8, swizzled=True),
    "mxfp4_bf16": Scheme(_mxfp4, _plain, experts.round_bf16, swizzled=True),
    "mxint4": Scheme(
        _scaled(quantization.quantize_mxint4, quantization.dequantize_mxint4),
        _plain,
        experts.round_bf16,
        block_major=True,
        swizzled=True,
    ),
}


@cache
def weights(scheme: str) -> tuple[Coded, Coded]:
    """The two weights of a scheme in plain order: `[E, 2 * intermediate, hidden]` and `[E, hidden, intermediate]`."""
    generator = torch.Generator().manual_seed(SEED)
    first = torch.randn(EXPERTS, 2 * INTERMEDIATE, HIDDEN, generator=generator) / HIDDEN**0.5
    second = torch.randn(EXPERTS, HIDDEN, INTERMEDIATE, generator=generator) / INTERMEDIATE**0.5
    made = SCHEMES[scheme]
    return made.weights(first), made.weights(second)


@cache
def in_memory(scheme: str) -> tuple[Tensor, Tensor | None, Tensor, Tensor | None]:
    """Codes and scales of both weights as the kernel wants them in memory; not to be written to."""
    first, second = weights(scheme)
    made = SCHEMES[scheme]
    return (*_laid_out(first, made, gated=True), *_laid_out(second, made, gated=False))


def _laid_out(coded: Coded, scheme: Scheme, *, gated: bool) -> tuple[Tensor, Tensor | None]:
    interleave = gated and scheme.interleaved
    codes = coded.codes
    shuffled = layouts.shuffle(codes.view(torch.uint8), scheme.tile, gated=interleave).view(codes.dtype)
    if scheme.block_major:
        shuffled = layouts.to_block_major(shuffled)
    scales = coded.scales
    if scales is not None and scheme.swizzled:
        rows = layouts.shuffle(_bytes(scales), scheme.tile, gated=interleave)
        flat = [layouts.interleave_scales(one) for one in rows]
        scales = torch.stack(flat).view(scales.shape if scales.element_size() == 1 else rows.shape)
        scales = scales.view(coded.scales.dtype) if coded.scales is not None else scales
    if scales is not None and scheme.by_row:
        scales = layouts.shuffle(scales, scheme.tile, gated=interleave).squeeze(-1)
    return shuffled, scales


def _bytes(scales: Tensor) -> Tensor:
    """Scales of one byte as bytes; those of two are moved as they are."""
    return scales.view(torch.uint8) if scales.element_size() == 1 else scales


def prepared(scheme: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Fill in what a scheme makes: weights, scales, and the activations as codes."""
    made = SCHEMES[scheme]
    gemm1, scale1, gemm2, scale2 = in_memory(scheme)
    hidden = made.hidden(arguments["hidden_states"].float())
    scales = hidden.scales
    if scales is not None and scheme in ("nvfp4",):
        scales = scales.view(torch.float8_e4m3fn)
    filled = {
        "gemm1_weights": gemm1,
        "gemm2_weights": gemm2,
        "gemm1_weights_scale": _as_asked(scale1, scheme),
        "gemm2_weights_scale": _as_asked(scale2, scheme),
        "gemm1_per_channel_weight_scale": scale1,
        "gemm2_per_channel_weight_scale": scale2,
        "hidden_states": hidden.codes,
        "hidden_states_scale": scales,
    }
    if "routing_logits" not in arguments:
        chosen = _route(_free(len(arguments["hidden_states"])), _bias(), 2.5)
        filled |= {
            "topk_ids": pack(chosen.experts, chosen.weights),
            "topk_ids[0]": chosen.experts,
            "topk_ids[1]": chosen.weights,
        }
    return {name: filled.get(name, value) for name, value in arguments.items()}


def _as_asked(scales: Tensor | None, scheme: str) -> Tensor | None:
    """The FP4 entry points want powers of two under the name of another one-byte dtype."""
    if scales is not None and scheme in ("nvfp4", "mxfp4_mxfp8", "mxfp4_bf16"):
        return scales.view(torch.float8_e4m3fn)
    return scales


def _free(tokens: int) -> Tensor:
    return torch.randn(tokens, EXPERTS, generator=torch.Generator().manual_seed(SEED + 1))


def _bias() -> Tensor:
    return torch.randn(EXPERTS, generator=torch.Generator().manual_seed(SEED + 2)) * 0.1


def _route(
    logits: Tensor, bias: Tensor | None, scale: float | None, groups: int | None = 4, limited_groups: int | None = 2
) -> Routing:
    added = None if bias is None else bias.float()
    options = Options(bias=added, groups=groups or 0, limited_groups=limited_groups or 0, scale=scale or 1.0)
    return route("DeepSeekV3", logits.float(), TOP_K, options)


def reference(scheme: str, arguments: Mapping[str, Any]) -> Tensor:
    """What the values of a call lead to, bfloat16 `[T, hidden]`; weights from plain order."""
    made = SCHEMES[scheme]
    first, second = weights(scheme)
    if "routing_logits" not in arguments:
        # Whatever was passed, these experts were meant.
        chosen = _route(_free(len(arguments["hidden_states"])), _bias(), 2.5)
    else:
        chosen = _route(
            arguments["routing_logits"],
            *(arguments.get(name) for name in ("routing_bias", "routed_scaling_factor", "n_group", "topk_group")),
        )
    layer = experts.Layer(
        lambda expert: first.numbers[expert],
        lambda expert: second.numbers[expert],
        EXPERTS,
        made.between,
        "Swiglu",
        _controls(arguments),
    )
    hidden = made.hidden(_hidden_numbers(made, arguments)).numbers
    return experts.finalize(experts.compute(hidden, chosen, layer), chosen)


def _hidden_numbers(made: Scheme, arguments: Mapping[str, Any]) -> Tensor:
    """The activations before they were coded: the same in every call, whatever became of the codes."""
    tokens = arguments["hidden_states"].shape[0]
    return hidden_states(tokens)


@cache
def hidden_states(tokens: int) -> Tensor:
    """The activations of every call, bfloat16 numbers as float32."""
    return torch.randn(tokens, HIDDEN, generator=torch.Generator().manual_seed(SEED + 3)).to(torch.bfloat16).float()


def _controls(arguments: Mapping[str, Any]) -> experts.Controls:
    def numbers(*names: str) -> Tensor | None:
        found = next((arguments[name] for name in names if arguments.get(name) is not None), None)
        return None if found is None else found.float()

    return experts.Controls(
        scale1=numbers("output1_scale_scalar", "output1_scales_scalar"),
        scale_gate=numbers("output1_scale_gate_scalar", "output1_scales_gate_scalar"),
        scale2=numbers("output2_scale_scalar", "output2_scales_scalar"),
        alpha=numbers("gemm1_alpha"),
        beta=numbers("gemm1_beta"),
        limit=numbers("gemm1_clamp_limit"),
    )


def other_rows(weights_in_memory: Tensor) -> Tensor:
    """Weights whose rows stand in another order than the kernel expects."""
    return weights_in_memory.view(torch.uint8).flip(-2).view(weights_in_memory.dtype)


def swapped_halves(packed: Tensor) -> Tensor:
    """Packed experts and weights the other way round, as a docstring of the library has it."""
    return ((packed & 0xFFFF) << 16) | ((packed >> 16) & 0xFFFF)


def swizzled(scales: Tensor) -> Tensor:
    """Linear scales swizzled into tiles of 8x4, of the shape that went in where it fits."""
    flat = layouts.interleave_scales(_bytes(scales), tile=8)
    return flat[: scales.numel()].view(scales.shape).view(scales.dtype)


def _pair(scheme: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def prepare(arguments: dict[str, Any]) -> dict[str, Any]:
        tokens = arguments["hidden_states"].shape[0]
        return prepared(scheme, {**arguments, "hidden_states": hidden_states(tokens)})

    def refer(**arguments: Any) -> Tensor:
        return reference(scheme, arguments)

    return prepare, refer


prepare_bf16, bf16 = _pair("bf16")
prepare_fp8_per_tensor, fp8_per_tensor = _pair("fp8_per_tensor")
prepare_fp8_per_channel, fp8_per_channel = _pair("fp8_per_channel")
prepare_fp8_block, fp8_block = _pair("fp8_block")
prepare_mxfp8, mxfp8 = _pair("mxfp8")
prepare_nvfp4, nvfp4 = _pair("nvfp4")
prepare_mxfp4_mxfp8, mxfp4_mxfp8 = _pair("mxfp4_mxfp8")
prepare_mxfp4_bf16, mxfp4_bf16 = _pair("mxfp4_bf16")
prepare_mxint4, mxint4 = _pair("mxint4")
