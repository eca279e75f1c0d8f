"""What the experts compute: two GEMMs with an activation between them, for each quantisation scheme.

A `Layer` holds the experts of one device. `compute` runs tokens through it; `finalize` weighs and adds up.

Sources: `trtllm_fused_moe_runner.cu` (which steps), `trtllm_fused_moe_dev_kernel.cu` (the DeepSeek activation, the
finalize kernel), `KernelRunner.h` (where scales enter), the docstrings of `fused_moe/core.py` (shapes). The first half
of the first GEMM is the linear part, the second half the gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from contractlint.reference import quantization as q
from contractlint.reference.activation import Gate, gated, is_gated, plain
from contractlint.reference.routing import Routing

Matrix = Callable[[int], Tensor]  # local expert → float32 [rows, columns]; dequantised only when the expert is used
Round = Callable[[Tensor], Tensor]  # what storing the activations between the GEMMs does to them


@dataclass(frozen=True, slots=True)
class Controls:
    """Per-expert numbers that enter the computation, each float32 `[local_num_experts]` or None.

    `scale1` and `scale_gate` go with the first GEMM's linear part (and output) and gate, `scale2` with the second GEMM.
    `alpha`, `beta` and `limit` are those of the activation. `bias1` is `[local_num_experts, M]`, `bias2` `[…, hidden]`.
    """

    scale1: Tensor | None = None
    scale_gate: Tensor | None = None
    scale2: Tensor | None = None
    alpha: Tensor | None = None
    beta: Tensor | None = None
    limit: Tensor | None = None
    bias1: Tensor | None = None
    bias2: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """The experts of one device: `first(e)` is float32 `[M, hidden]`, `second(e)` float32 `[hidden, intermediate]`."""

    first: Matrix
    second: Matrix
    count: int
    between: Round
    activation: str = "Swiglu"
    controls: Controls = field(default_factory=Controls)
    dtype: torch.dtype = torch.bfloat16  # as which the second GEMM writes its rows

    def run(self, x: Tensor, expert: int) -> Tensor:
        """Run float32 `[tokens, hidden]` through one local expert; rounded as the second GEMM writes it."""
        hidden = x @ self.first(expert).T
        if self.controls.bias1 is not None:
            hidden = hidden + self.controls.bias1[expert]
        hidden = self.between(self._activate(hidden, expert))
        out = hidden @ self.second(expert).T * _of(self.controls.scale2, expert, 1.0)
        if self.controls.bias2 is not None:
            out = out + self.controls.bias2[expert]
        return out.to(self.dtype)

    def _activate(self, hidden: Tensor, expert: int) -> Tensor:
        c = self.controls
        scale, scale_gate = _of(c.scale1, expert, 1.0), _of(c.scale_gate, expert, 1.0)
        if not is_gated(self.activation):
            return scale * plain(self.activation, hidden * scale_gate)
        linear, gate = hidden.chunk(2, -1)
        limits = (_optional(c.alpha, expert), _optional(c.beta, expert), _optional(c.limit, expert))
        return gated(self.activation, linear, gate, Gate(*limits, scale, scale_gate))


def compute(x: Tensor, routing: Routing, layer: Layer, *, offset: int = 0, weigh_input: bool = False) -> Tensor:
    """Run each token through its experts.

    Args:
        x: `[num_tokens, hidden]`, dequantised.
        offset: number of the first expert of this device; tokens of other experts give zeros.
        weigh_input: multiply the input with the routing weight (Llama4), not the output.

    Returns:
        `[num_tokens, top_k, hidden]` in the layer's dtype, one row for each chosen expert.
    """
    x = x.float()
    out = x.new_zeros((*routing.experts.shape, x.shape[-1]), dtype=layer.dtype)
    for expert in routing.experts.unique().tolist():
        if offset <= expert < offset + layer.count:
            token, slot = (routing.experts == expert).nonzero(as_tuple=True)
            given = x[token]
            if weigh_input:
                given = given * routing.weights[token, slot].float().unsqueeze(-1)
            rows = layer.run(given, expert - offset)
            if rows.shape[-1] != out.shape[-1]:  # a padded input can be wider than the output
                out = out[..., : rows.shape[-1]].contiguous()
            out[token, slot] = rows
    return out


def finalize(rows: Tensor, routing: Routing, *, weighed: bool = True) -> Tensor:
    """Add up the rows of each token, weighed: `[num_tokens, hidden]` in the dtype of the rows."""
    total = rows.float()
    if weighed:
        total = total * routing.weights.float().unsqueeze(-1)
    return total.sum(1).to(rows.dtype)


def positions(experts: Tensor, count: int, offset: int, tile: int) -> tuple[Tensor, int]:
    """Where the rows of each (token, slot) stand when they are sorted by expert, each expert padded to full tiles.

    Returns int32 `[num_tokens * top_k]`, -1 for experts of other devices, and the number of rows with the padding.
    """
    flat = experts.reshape(-1).long() - offset
    local = (flat >= 0) & (flat < count)
    sizes = torch.bincount(flat[local], minlength=count)
    padded = (sizes + tile - 1) // tile * tile
    starts = padded.cumsum(0) - padded
    order = torch.argsort(torch.where(local, flat, count), stable=True)[: int(local.sum())]
    within = torch.arange(len(order), device=flat.device) - (sizes.cumsum(0) - sizes)[flat[order]]
    found = torch.full_like(flat, -1)
    found[order] = starts[flat[order]] + within
    return found.to(torch.int32), int(padded.sum())


def _of(values: Tensor | None, expert: int, default: float) -> float:
    return default if values is None else float(values.reshape(-1)[expert])


def _optional(values: Tensor | None, expert: int) -> float | None:
    return None if values is None else float(values.reshape(-1)[expert])


# --- the schemes: what the weights hold, and how activations are stored between the GEMMs -----------------------------


def round_bf16(x: Tensor) -> Tensor:
    """Storing as bfloat16."""
    return x.to(torch.bfloat16).float()


def round_fp8(x: Tensor) -> Tensor:
    """Storing as float8_e4m3fn, with the scale applied before."""
    return q.to_e4m3(x).float()


def round_fp8_groups(x: Tensor) -> Tensor:
    """Storing as float8_e4m3fn with one float32 scale for 128 values."""
    return q.dequantize_fp8_groups(*q.quantize_fp8_groups(x))


def round_fp8_row(x: Tensor) -> Tensor:
    """Storing as float8_e4m3fn with one float32 scale for each row."""
    code, scale = q.quantize_fp8_per_row(x)
    return code.float() * scale


def round_mxfp8(x: Tensor) -> Tensor:
    """Storing as float8_e4m3fn with one power of two for 32 values."""
    return q.dequantize_mxfp8(*q.quantize_mxfp8(x))


def round_nvfp4(x: Tensor) -> Tensor:
    """Storing as FP4 with one float8_e4m3fn scale for 16 values, with the global scale applied before."""
    return q.dequantize_nvfp4(*q.quantize_nvfp4(x, 1.0))


def dense(weights: Tensor) -> Matrix:
    """Weights that need no scale here: bfloat16, or float8 with one scale for the tensor (in `Controls`)."""
    return lambda e: weights[e].float()


def fp8_blocks(weights: Tensor, scale: Tensor) -> Matrix:
    """Float8 `[E, M, K]` with float32 scales `[E, M / 128, K / 128]`."""
    return lambda e: q.dequantize_fp8_blocks(weights[e], scale[e])


def fp8_channels(weights: Tensor, scale: Tensor) -> Matrix:
    """Float8 `[E, M, K]` with float32 scales `[E, M]`."""
    return lambda e: weights[e].float() * scale[e].float().reshape(-1, 1)


def mxfp8(weights: Tensor, scale: Tensor) -> Matrix:
    """Float8 `[E, M, K]` with power-of-two scales, uint8 `[E, M, K / 32]`."""
    return lambda e: q.dequantize_mxfp8(weights[e], scale[e])


def nvfp4(weights: Tensor, scale: Tensor) -> Matrix:
    """FP4, uint8 `[E, M, K / 2]`, with float8 scales `[E, M, K / 16]`."""
    return lambda e: q.dequantize_nvfp4(weights[e], scale[e])


def mxfp4(weights: Tensor, scale: Tensor) -> Matrix:
    """FP4, uint8 `[E, M, K / 2]`, with power-of-two scales, uint8 `[E, M, K / 32]`."""
    return lambda e: q.dequantize_mxfp4(weights[e], scale[e])


def mxint4(weights: Tensor, scale: Tensor) -> Matrix:
    """INT4, uint8 `[E, M, K / 2]`, with bfloat16 scales `[E, M, K / 32]`."""
    return lambda e: q.dequantize_mxint4(weights[e], scale[e])
