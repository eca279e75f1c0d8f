"""Inputs and references of the CUTLASS MoE: experts are given, and weights lie in plain rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from contractlint.reference import experts, quantization
from contractlint.reference.routing import Routing

SEED = 11
FC2_QUANT = 4.0  # what activations between the GEMMs are multiplied with before they become float8


def prepare_dense(arguments: dict[str, Any]) -> dict[str, Any]:
    """Choose experts; the rest is made by its fill."""
    return {**arguments, "token_selected_experts": chosen(arguments)}


def prepare_fp8(arguments: dict[str, Any]) -> dict[str, Any]:
    """Activations and weights as float8, one scale for the activations and one for each expert's weights."""
    generator = torch.Generator().manual_seed(SEED)
    made = prepare_dense(arguments)
    count = len(arguments["fc1_expert_weights"])
    for name in ("input", "fc1_expert_weights", "fc2_expert_weights"):
        shape = arguments[name].shape
        made[name] = quantization.to_e4m3(torch.randn(shape, generator=generator))
    dequant = [0.03 + 0.03 * torch.rand(count, generator=generator) for _ in range(2)]
    scales = (dequant[0], torch.tensor(FC2_QUANT), dequant[1], torch.tensor(0.5))
    return made | {f"quant_scales[{number}]": scale for number, scale in enumerate(scales)}


def prepare_fp8_block(arguments: dict[str, Any]) -> dict[str, Any]:
    """Weights as float8 with one scale for 128 by 128 values; the kernel quantises the activations itself."""
    generator = torch.Generator().manual_seed(SEED)
    made = prepare_dense(arguments)
    for number, name in enumerate(("fc1_expert_weights", "fc2_expert_weights")):
        shape = arguments[name].shape
        drawn = torch.randn(shape, generator=generator) / shape[-1] ** 0.5
        made[name], made[f"quant_scales[{number}]"] = quantization.quantize_fp8_blocks(drawn)
    return made


def dense(**arguments: Any) -> Tensor:
    """Two GEMMs for each expert in the dtype of the input."""
    dtype = arguments["input"].dtype
    return computed(
        arguments,
        arguments["input"].float(),
        experts.dense(arguments["fc1_expert_weights"]),
        experts.dense(arguments["fc2_expert_weights"]),
        lambda x: x.to(dtype).float(),
        experts.Controls(),
    )


def fp8(**arguments: Any) -> Tensor:
    """Scales enter behind each GEMM; activations between them are multiplied before they are rounded."""
    first, between, second, _ = (scale.float() for scale in arguments["quant_scales"])
    return computed(
        arguments,
        arguments["input"].float(),
        experts.dense(arguments["fc1_expert_weights"]),
        experts.dense(arguments["fc2_expert_weights"]),
        lambda x: quantization.to_e4m3(x * between).float(),
        experts.Controls(scale1=first, scale_gate=first, scale2=second),
    )


def fp8_block(**arguments: Any) -> Tensor:
    """Activations are rounded to float8 with one scale for 128 values, before each GEMM."""
    first, second = arguments["quant_scales"]
    return computed(
        arguments,
        experts.round_fp8_groups(arguments["input"].float()),
        experts.fp8_blocks(arguments["fc1_expert_weights"], first.float()),
        experts.fp8_blocks(arguments["fc2_expert_weights"], second.float()),
        experts.round_fp8_groups,
        experts.Controls(),
    )


def computed(
    arguments: dict[str, Any],
    hidden: Tensor,
    first: experts.Matrix,
    second: experts.Matrix,
    between: Callable[[Tensor], Tensor],
    controls: experts.Controls,
) -> Tensor:
    routing = Routing(arguments["token_selected_experts"].long(), arguments["token_final_scales"].float())
    count = len(arguments["fc1_expert_weights"])
    layer = experts.Layer(first, second, count, between, "Swiglu", controls, torch.float32)
    return experts.finalize(experts.compute(hidden, routing, layer), routing)


def chosen(arguments: dict[str, Any]) -> Tensor:
    """For each token as many different experts as its row is long."""
    rows, count = arguments["token_selected_experts"].shape
    drawn = torch.rand(rows, len(arguments["fc1_expert_weights"]), generator=torch.Generator().manual_seed(SEED))
    return drawn.argsort(-1)[:, :count].to(torch.int32)
