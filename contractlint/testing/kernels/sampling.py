"""Samplers: drawn by torch from the distribution that the kernel draws from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from contractlint.reference import sampling as s
from contractlint.testing.call import Call
from contractlint.testing.kernels.registry import kernel


def _drawn(call: Call, probs: Tensor) -> Any:
    """Draw one token a row; with `return_valid`, also say that each draw is good."""
    indices = call.indices
    rows = probs if indices is None else probs[indices.long()]
    tokens = torch.multinomial(rows, 1, generator=call.generator).squeeze(-1)
    tokens = tokens.to(torch.int32 if indices is None else indices.dtype)
    return (tokens, torch.ones_like(tokens, dtype=torch.bool)) if call.get("return_valid", False) else tokens


def _drawn_shapes(call: Call) -> Any:
    rows = call.get("indices", call.get("probs", call.logits))
    dtype = torch.int32 if call.indices is None else call.indices.dtype
    tokens = rows.new_empty(rows.shape[:1], dtype=dtype)
    return (tokens, tokens.to(torch.bool)) if call.get("return_valid", False) else tokens


@kernel("softmax", "sampling.softmax")
def softmax(call: Call) -> Any:
    """Probabilities."""
    return s.softmax(call.logits, call.temperature)


@kernel("sampling_from_probs", shapes=_drawn_shapes)
def sampling_from_probs(call: Call) -> Any:
    """From all tokens."""
    return _drawn(call, call.probs.float())


@kernel("sampling_from_logits", shapes=_drawn_shapes)
def sampling_from_logits(call: Call) -> Any:
    """From all tokens."""
    return _drawn(call, s.softmax(call.logits))


@kernel("top_p_sampling_from_probs", shapes=_drawn_shapes)
def top_p_sampling_from_probs(call: Call) -> Any:
    """From the nucleus."""
    return _drawn(call, s.renormalized(call.probs, s.top_p_kept(call.probs, call.top_p)))


@kernel("top_k_sampling_from_probs", shapes=_drawn_shapes)
def top_k_sampling_from_probs(call: Call) -> Any:
    """From the greatest."""
    return _drawn(call, s.renormalized(call.probs, s.top_k_kept(call.probs, call.top_k)))


@kernel("min_p_sampling_from_probs", shapes=_drawn_shapes)
def min_p_sampling_from_probs(call: Call) -> Any:
    """From those not much less probable than the greatest."""
    return _drawn(call, s.renormalized(call.probs, s.min_p_kept(call.probs, call.min_p)))


@kernel("top_k_top_p_sampling_from_probs", shapes=_drawn_shapes)
def top_k_top_p_sampling_from_probs(call: Call) -> Any:
    """Both filters."""
    return _drawn(call, s.top_k_top_p(call.probs, call.top_k, call.top_p, joint=call.filter_apply_order == "joint"))


@kernel("top_k_top_p_sampling_from_logits", shapes=_drawn_shapes)
def top_k_top_p_sampling_from_logits(call: Call) -> Any:
    """Both filters, on logits."""
    joint = call.filter_apply_order == "joint"
    return _drawn(call, s.top_k_top_p(s.softmax(call.logits), call.top_k, call.top_p, joint=joint))


@kernel("top_p_renorm_probs", "sampling.top_p_renorm_prob")
def top_p_renorm_probs(call: Call) -> Any:
    """The nucleus, scaled to one."""
    return s.renormalized(call.probs, s.top_p_kept(call.probs, call.top_p))


@kernel("top_k_renorm_probs", "sampling.top_k_renorm_prob")
def top_k_renorm_probs(call: Call) -> Any:
    """The greatest, scaled to one, in the dtype of what was given."""
    return s.renormalized(call.probs, s.top_k_kept(call.probs, call.top_k)).to(call.probs.dtype)


@kernel("top_k_mask_logits")
def top_k_mask_logits(call: Call) -> Any:
    """Logits with -infinity outside the greatest."""
    return s.top_k_masked(call.logits, call.top_k)
