"""Activations: those of the MoE kernels by their names in `ActivationType`, and the standalone `*_and_mul`.

Sources: `KernelRunner.h` (formulas of the fused epilogue), `trtllm_fused_moe_dev_kernel.cu` (`gatedSilu`),
`activation.cu` and `activation.cuh` (standalone).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gated activation may take besides its two inputs; each is a number or broadcasts against them.

    Args:
        alpha: factor inside the sigmoid; for Situ, the bound of the gate.
        beta: added to the linear part; for Situ, the bound of the linear part.
        limit: both parts are clamped at it (the linear part also from below).
        scale: of the linear part and the result; `scale_gate`: of the gate.
    """

    alpha: float | None = None
    beta: float | None = None
    limit: float | None = None
    scale: float = 1.0
    scale_gate: float = 1.0


def gated(name: str, linear: Tensor, gate: Tensor, with_: Gate | None = None) -> Tensor:
    """Apply a gated activation to the two halves of the first GEMM (raw numbers, before their scales).

    Raises:
        ValueError: no gated activation of that name is known.
    """
    if name not in GATED:
        raise ValueError(f"no reference for gated activation {name!r}; known: {', '.join(GATED)}")
    return GATED[name](linear, gate, with_ or Gate())


def plain(name: str, x: Tensor) -> Tensor:
    """Apply an activation without gate. Raises ValueError when no such name is known."""
    if name not in PLAIN:
        raise ValueError(f"no reference for activation {name!r}; known: {', '.join(PLAIN)}")
    return PLAIN[name](x)


def is_gated(name: str) -> bool:
    """Whether the first GEMM gives two halves, a linear part and a gate."""
    return name in GATED


def _clamped(linear: Tensor, gate: Tensor, with_: Gate) -> tuple[Tensor, Tensor]:
    if with_.limit is None:
        return linear, gate
    return linear.clamp(-with_.limit, with_.limit), gate.clamp(max=with_.limit)


def _swiglu(linear: Tensor, gate: Tensor, with_: Gate) -> Tensor:
    linear, gate = _clamped(linear, gate, with_)
    gate = gate * with_.scale_gate
    alpha = 1.0 if with_.alpha is None else with_.alpha
    return with_.scale * (linear + (with_.beta or 0.0)) * (gate * torch.sigmoid(alpha * gate))


def _geglu(linear: Tensor, gate: Tensor, with_: Gate) -> Tensor:
    """The gate times the normal distribution's cumulative function of `alpha * gate`."""
    linear, gate = _clamped(linear, gate, with_)
    gate = gate * with_.scale_gate
    alpha = 1.0 if with_.alpha is None else with_.alpha
    return with_.scale * (linear + (with_.beta or 0.0)) * gate * torch.special.ndtr(alpha * gate)


def _geglu_tanh(linear: Tensor, gate: Tensor, with_: Gate) -> Tensor:
    linear, gate = _clamped(linear, gate, with_)
    return with_.scale * linear * functional.gelu(gate * with_.scale_gate, approximate="tanh")


def _swiglu_step(linear: Tensor, gate: Tensor, with_: Gate) -> Tensor:
    """Cap the gate after SiLU: `clamp(linear, -L, L) * min(silu(gate), L)`, with L = 7 unless given."""
    limit = 7.0 / with_.scale_gate if with_.limit is None else with_.limit
    capped = functional.silu(gate * with_.scale_gate).clamp(max=limit * with_.scale_gate)
    return with_.scale * linear.clamp(-limit, limit) * capped


def _situ(linear: Tensor, gate: Tensor, with_: Gate) -> Tensor:
    """`beta * tanh(x0 / beta) * alpha * tanh(x1 / alpha) * sigmoid(x1)`, for inputs that need no scales."""
    if (with_.scale, with_.scale_gate) != (1.0, 1.0):
        raise ValueError("no reference for Situ with scales")
    linear, gate = _clamped(linear, gate, with_)
    alpha = 1.0 if with_.alpha is None else with_.alpha
    beta = 1.0 if with_.beta is None else with_.beta
    return beta * torch.tanh(linear / beta) * alpha * torch.tanh(gate / alpha) * torch.sigmoid(gate)


GATED: dict[str, Callable[[Tensor, Tensor, Gate], Tensor]] = {
    "Swiglu": _swiglu,
    "SwigluBias": _swiglu,
    "Geglu": _geglu,
    "GegluTanh": _geglu_tanh,
    "SwigluStep": _swiglu_step,
    "Situ": _situ,
}

PLAIN: dict[str, Callable[[Tensor], Tensor]] = {
    "Gelu": functional.gelu,
    "Relu": torch.relu,
    "Silu": functional.silu,
    "Relu2": lambda x: torch.relu(x) ** 2,
    "Identity": lambda x: x,
}


def _and_mul(x: Tensor, act: Callable[[Tensor], Tensor]) -> Tensor:
    """Activate the first half of the last dimension and multiply with the second, in float32."""
    first, second = x.float().chunk(2, dim=-1)
    return (act(first) * second).to(x.dtype)


def silu_and_mul(x: Tensor) -> Tensor:
    """`silu(x[..., :d]) * x[..., d:]`. Note that here the gate comes first; in the MoE kernels it comes second."""
    return _and_mul(x, functional.silu)


def gelu_and_mul(x: Tensor) -> Tensor:
    """`gelu(x[..., :d]) * x[..., d:]`, with the exact GELU."""
    return _and_mul(x, functional.gelu)


def gelu_tanh_and_mul(x: Tensor) -> Tensor:
    """`gelu(x[..., :d]) * x[..., d:]`, with the tanh approximation."""
    return _and_mul(x, lambda part: functional.gelu(part, approximate="tanh"))
