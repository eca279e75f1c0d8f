"""Kernels that Hopper can compile: arguments that keep the contract, what they should give, and one breach each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from contractlint.reference import activation, attention, norm, rope, routing, sampling

Arguments = dict[str, Any]
Tensors = tuple[Tensor, ...]

_TOKENS, _HIDDEN, _HEADS, _KEY_HEADS, _DIM, _VOCABULARY = 37, 1024, 8, 2, 128, 4096


@dataclass(frozen=True, slots=True)
class Kernel:
    """One entry point.

    `arguments` makes a call that keeps the contract; `breach` makes of those arguments the ones that do not. `writes` are
    parameters that hold results, `returned` says that the result itself is one. `tolerance` is how far a result may be
    from the reference, as a share of the reference's size.
    """

    path: str  # below `flashinfer.`
    family: str
    arguments: Callable[[], Arguments]
    reference: Callable[[Arguments], Tensors]
    breach: Callable[[Arguments], Arguments]
    parameter: str
    writes: tuple[str, ...] = ()
    returned: bool = False
    read: Callable[[Tensors], Tensors] = tuple  # results in a form that can be compared
    tolerance: float = 0.01
    by_dtype: bool = True  # whether the breach is one of a dtype, which is judged under torch.compile as well

    def __str__(self) -> str:
        return self.path.rpartition(".")[2]

    def function(self) -> Callable[..., Any]:
        """The library's own function."""
        import flashinfer

        found: Any = flashinfer
        for part in self.path.split("."):
            found = getattr(found, part)
        function: Callable[..., Any] = found
        return function

    def results(self, returned: Any, arguments: Arguments) -> Tensors:
        """The tensors that hold what a call computed."""
        written = tuple(arguments[name] for name in self.writes)
        return written + ((returned,) if self.returned else ())

    def distance(self, found: Tensors, expected: Tensors) -> float:
        """The greatest distance of any result from its reference, as a share of the reference's size."""
        shares = [
            float((one.float() - other.float()).norm() / other.float().norm().clamp_min(1e-9))
            for one, other in zip(self.read(found), self.read(expected), strict=True)
        ]
        return max(shares)


def _random(*shape: int, dtype: torch.dtype = torch.bfloat16) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=generator).to(dtype).to(_DEVICE)


def _probabilities() -> Tensor:
    return torch.softmax(_random(16, _VOCABULARY, dtype=torch.float32) * 2, -1)


_DEVICE = "cuda"


def _router() -> Arguments:
    scores, bias = _random(_TOKENS, 256, dtype=torch.float32), _random(256, dtype=torch.float32) / 10
    values = torch.zeros(_TOKENS, 8, device=_DEVICE)
    return {
        "scores": scores, "bias": bias, "n_group": 8, "topk_group": 4, "topk": 8, "routed_scaling_factor": 2.5,
        "topk_values": values, "topk_indices": values.to(torch.int32),
    }  # fmt: skip


def _routed(a: Arguments) -> Tensors:
    found = routing.fused_topk_deepseek(a["scores"], a["bias"], 8, 4, 8, 2.5)
    return found.weights, found.experts


def _by_expert(results: Tensors) -> Tensors:
    """The weight of every expert: in which order a token's experts stand is the kernel's own business."""
    weights, experts = results
    return (torch.zeros(_TOKENS, 256, device=weights.device).scatter(1, experts.long(), weights.float()),)


def _cache() -> Tensor:
    angles = torch.arange(64, device=_DEVICE).unsqueeze(-1) * rope.frequencies(_DIM).to(_DEVICE)
    return torch.cat((angles.cos(), angles.sin()), -1)


def _rope() -> Arguments:
    return {
        "positions": torch.arange(_TOKENS, device=_DEVICE),
        "query": _random(_TOKENS, _HEADS * _DIM), "key": _random(_TOKENS, _KEY_HEADS * _DIM),
        "head_size": _DIM, "cos_sin_cache": _cache(), "is_neox": True,
    }  # fmt: skip


def _rotated(a: Arguments) -> Tensors:
    parts = ((a["query"], _HEADS), (a["key"], _KEY_HEADS))
    return tuple(
        rope.apply_cached(x.view(_TOKENS, heads, _DIM), a["positions"], a["cos_sin_cache"]).flatten(1)
        for x, heads in parts
    )


def _normed() -> Arguments:
    return {"input": _random(_TOKENS, _HIDDEN), "weight": _random(_HIDDEN)}


def _quantized() -> Arguments:
    out = torch.zeros(_TOKENS, _HIDDEN, dtype=torch.float8_e4m3fn, device=_DEVICE)
    return {"out": out, **_normed(), "scale": torch.full((1,), 0.25, device=_DEVICE)}


def _scaled(a: Arguments) -> Tensors:
    found = norm.rmsnorm(a["input"].float(), a["weight"]) / a["scale"]
    return (found.clamp(-448, 448).to(torch.float8_e4m3fn),)


def _decode() -> Arguments:
    half = torch.float16
    keys, values = _random(61, _KEY_HEADS, _DIM, dtype=half), _random(61, _KEY_HEADS, _DIM, dtype=half)
    return {"q": _random(_HEADS, _DIM, dtype=half), "k": keys, "v": values}


def _activated() -> Arguments:
    return {"input": _random(_TOKENS, 2 * _HIDDEN)}


def cast(name: str, dtype: torch.dtype) -> Callable[[Arguments], Arguments]:
    """Arguments with one of another dtype."""
    return lambda arguments: {**arguments, name: arguments[name].to(dtype)}


def strided(name: str) -> Callable[[Arguments], Arguments]:
    """Arguments with one that holds the same values at every second place of its memory."""
    return lambda a: {**a, name: a[name].unsqueeze(-1).repeat(*(1,) * a[name].dim(), 2)[..., 0]}


KERNELS = (
    Kernel("fused_moe.fused_topk_deepseek", "routing", _router, _routed, cast("topk_indices", torch.int64),
           "topk_indices", writes=("topk_values", "topk_indices"), read=_by_expert),
    Kernel("rmsnorm", "norm", _normed, lambda a: (norm.rmsnorm(a["input"], a["weight"]),),
           cast("weight", torch.float32), "weight", returned=True),
    Kernel("fused_add_rmsnorm", "norm", lambda: {**_normed(), "residual": _random(_TOKENS, _HIDDEN) / 2},
           lambda a: norm.fused_add_rmsnorm(a["input"], a["residual"], a["weight"]),
           cast("residual", torch.float32), "residual", writes=("input", "residual")),
    Kernel("rmsnorm_quant", "quantisation", _quantized, _scaled, cast("weight", torch.float32), "weight",
           writes=("out",), tolerance=0.03),
    Kernel("silu_and_mul", "activation", _activated, lambda a: (activation.silu_and_mul(a["input"]),),
           strided("input"), "input", returned=True, by_dtype=False),
    Kernel("gelu_tanh_and_mul", "activation", _activated, lambda a: (activation.gelu_tanh_and_mul(a["input"]),),
           cast("input", torch.float32), "input", returned=True),
    Kernel("apply_rope_with_cos_sin_cache_inplace", "rope", _rope, _rotated, cast("cos_sin_cache", torch.bfloat16),
           "cos_sin_cache", writes=("query", "key")),
    Kernel("sampling.top_p_renorm_probs", "sampling", lambda: {"probs": _probabilities(), "top_p": 0.8},
           lambda a: (sampling.renormalized(a["probs"], sampling.top_p_kept(a["probs"], 0.8)),),
           strided("probs"), "probs", returned=True, by_dtype=False, tolerance=0.02),
    Kernel("sampling.top_k_renorm_probs", "sampling", lambda: {"probs": _probabilities(), "top_k": 50},
           lambda a: (sampling.renormalized(a["probs"], sampling.top_k_kept(a["probs"], 50)),),
           cast("probs", torch.float64), "probs", returned=True),
    Kernel("single_decode_with_kv_cache", "decode attention", _decode,
           lambda a: (attention.attend(a["q"].unsqueeze(0), a["k"], a["v"])[0][0],),
           cast("v", torch.bfloat16), "v", returned=True),
)  # fmt: skip
