"""Distances for results that are no numbers to be compared one by one: chosen experts, masked logits, draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from contractlint.exercise.references import top_k_renorm
from contractlint.reference import layouts, quantization
from contractlint.reference.routing import Options, route


def chosen_experts(results: list[Tensor], arguments: Mapping[str, Any]) -> float:
    """The share of the reference's experts that were not chosen, or how far their weights are off, if that is more.

    Experts whose scores are closer than the dtype of the scores can tell count as the same.
    """
    values, indices = results
    scores, bias = arguments["scores"], arguments["bias"]
    options = Options(
        bias=bias.float(),
        groups=arguments["n_group"],
        limited_groups=arguments["topk_group"],
        scale=arguments["routed_scaling_factor"],
    )
    wanted = route("DeepSeekV3", scores.float(), arguments["topk"], options, dtype=torch.float32)
    hits = (indices.long().unsqueeze(-1) == wanted.experts.long().unsqueeze(-2)).any(-2)
    missed = 1.0 - float(hits.double().mean())
    got = torch.sort(values.double(), dim=-1, descending=True).values
    want = torch.sort(wanted.weights.double(), dim=-1, descending=True).values
    away = float((got - want).norm() / want.norm())
    return max(missed, away) if away == away else torch.inf


def masked_logits(results: list[Tensor], arguments: Mapping[str, Any]) -> float:
    """The share of logits that are kept and should not be, or the reverse, or have another value."""
    (masked,) = results
    logits = arguments["logits"].double()
    least = logits.topk(arguments["top_k"], dim=-1).values[..., -1:]
    kept = logits >= least
    got = masked.double()
    right = torch.where(kept, (got - logits).abs() <= 1e-2 * logits.abs(), torch.isneginf(got))
    return 1.0 - float(right.double().mean())


def drawn(results: list[Tensor], arguments: Mapping[str, Any]) -> float:
    """How far the share of each token among all draws is from its mean probability: total variation."""
    return _variation(results[0], arguments["probs"].double())


def drawn_from_logits(results: list[Tensor], arguments: Mapping[str, Any]) -> float:
    """As `drawn`, with the softmax of logits."""
    return _variation(results[0], arguments["logits"].double().softmax(-1))


def drawn_top_k(results: list[Tensor], arguments: Mapping[str, Any]) -> float:
    """As `drawn`, among the `top_k` most probable of each row."""
    probabilities = top_k_renorm(arguments["probs"], arguments["top_k"])
    tokens = results[0].long()
    inside = ((tokens >= 0) & (tokens < probabilities.shape[-1])).all()
    if not inside or float(probabilities.gather(-1, tokens.unsqueeze(-1)).min()) == 0.0:
        return 1.0
    return _variation(results[0], probabilities)


def nvfp4_round_trip(results: list[Tensor], arguments: Mapping[str, Any]) -> float:
    """How far values are from what they were, after NVFP4 and back, as a share of their size."""
    x = arguments["input"] if "input" in arguments else arguments["a"]
    scale = arguments["global_scale"] if "global_scale" in arguments else arguments["a_global_sf"]
    packed, scales = results
    return _away(quantization.dequantize_nvfp4(packed, _linear(scales, x, 16), scale.float()), x)


def mxfp4_round_trip(results: list[Tensor], arguments: Mapping[str, Any]) -> float:
    """As `nvfp4_round_trip`, with powers of two as scales."""
    packed, scales = results
    return _away(quantization.dequantize_mxfp4(packed, _linear(scales, arguments["a"], 32)), arguments["a"])


def mxfp8_round_trip(results: list[Tensor], arguments: Mapping[str, Any]) -> float:
    """As `mxfp4_round_trip`, with float8 codes."""
    codes, scales = results
    return _away(quantization.dequantize_mxfp8(codes, _linear(scales, arguments["input"], 32)), arguments["input"])


def hashed_experts(results: list[Tensor], arguments: Mapping[str, Any]) -> float:
    """The share of experts that are not those of the table, or how far their weights are off, if that is more."""
    weights, experts = results
    wanted = arguments["tid2eid"].long()[arguments["input_ids"].long()]
    count = wanted.shape[-1]
    missed = float((experts[:, :count].long() != wanted).double().mean())
    scores = torch.nn.functional.softplus(arguments["router_logits"].double()).sqrt().gather(-1, wanted)
    return max(missed, _away(weights[:, :count], scores / scores.sum(-1, keepdim=True)))


def _linear(scales: Tensor, x: Tensor, block: int) -> Tensor:
    """Block scales that come in tiles of 128x4, as bytes `[rows, columns]`."""
    rows, columns = x.shape[0], x.shape[1] // block
    return layouts.deinterleave_scales(scales.contiguous().view(torch.uint8).flatten(), rows, columns)[0]


def _away(got: Tensor, x: Tensor) -> float:
    away = float((got.double() - x.double()).norm() / x.double().norm())
    return away if away == away else torch.inf


def _variation(tokens: Tensor, probabilities: Tensor) -> float:
    """Between draws and their expectation, given the most probable token of each row: rows are not exchangeable."""
    drawn_tokens = tokens.long()
    size = probabilities.shape[-1]
    if (
        tuple(drawn_tokens.shape) != (probabilities.shape[0],)
        or int(drawn_tokens.min()) < 0
        or int(drawn_tokens.max()) >= size
    ):
        return 1.0
    likely = probabilities.argmax(-1)
    worst = 0.0
    for token in range(size):
        rows = likely == token
        if int(rows.sum()) < 200:
            continue
        shares = torch.bincount(drawn_tokens[rows], minlength=size).double() / int(rows.sum())
        worst = max(worst, 0.5 * float((shares - probabilities[rows].mean(0)).abs().sum()))
    return worst
