"""Norms, activations and rotary embeddings."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from contractlint.reference import activation, norm, rope
from contractlint.testing.call import Call, into
from contractlint.testing.kernels.registry import kernel


@kernel("rmsnorm")
def rmsnorm(call: Call) -> Any:
    """RMS norm."""
    return into(call.out, norm.rmsnorm(call.input, call.weight, call.eps))


@kernel("gemma_rmsnorm")
def gemma_rmsnorm(call: Call) -> Any:
    """RMS norm with weights less one."""
    return into(call.out, norm.gemma_rmsnorm(call.input, call.weight, call.eps))


@kernel("layernorm")
def layernorm(call: Call) -> Any:
    """Layer norm; the library calls its scale `gemma`."""
    return norm.layernorm(call.input, call.gemma, call.beta, call.eps)


@kernel("fused_add_rmsnorm")
def fused_add_rmsnorm(call: Call) -> Any:
    """Both tensors are changed in place."""
    _add_norm(call, *norm.fused_add_rmsnorm(call.input, call.residual, call.weight, call.eps))


@kernel("gemma_fused_add_rmsnorm")
def gemma_fused_add_rmsnorm(call: Call) -> Any:
    """Both tensors are changed in place."""
    _add_norm(call, *norm.gemma_fused_add_rmsnorm(call.input, call.residual, call.weight, call.eps))


def _add_norm(call: Call, normed: Tensor, total: Tensor) -> None:
    into(call.input, normed)
    into(call.residual, total)


@kernel("silu_and_mul")
def silu_and_mul(call: Call) -> Any:
    """SiLU of the first half times the second."""
    return into(call.out, activation.silu_and_mul(call.input))


@kernel("gelu_and_mul")
def gelu_and_mul(call: Call) -> Any:
    """GELU of the first half times the second."""
    return into(call.out, activation.gelu_and_mul(call.input))


@kernel("gelu_tanh_and_mul")
def gelu_tanh_and_mul(call: Call) -> Any:
    """The tanh approximation of GELU of the first half times the second."""
    return into(call.out, activation.gelu_tanh_and_mul(call.input))


def _rotated(call: Call, positions: Tensor, llama31: rope.Llama31 | None = None) -> tuple[Tensor, Tensor]:
    options: dict[str, Any] = {
        "rotary_dim": call.rotary_dim,
        "interleave": call.interleave,
        "scale": call.rope_scale,
        "theta": call.rope_theta,
        "llama31": llama31,
    }
    return rope.apply(call.q, positions, **options), rope.apply(call.k, positions, **options)


def _in_place(call: Call, rotated: tuple[Tensor, Tensor]) -> None:
    into(call.q, rotated[0])
    into(call.k, rotated[1])


def _llama31(call: Call) -> rope.Llama31:
    return rope.Llama31(call.low_freq_factor, call.high_freq_factor, call.old_context_len)


@kernel("apply_rope_pos_ids")
def apply_rope_pos_ids(call: Call) -> Any:
    """By positions."""
    return _rotated(call, call.pos_ids)


@kernel("apply_rope_pos_ids_inplace")
def apply_rope_pos_ids_inplace(call: Call) -> Any:
    """By positions, in place."""
    _in_place(call, _rotated(call, call.pos_ids))


@kernel("apply_llama31_rope_pos_ids")
def apply_llama31_rope_pos_ids(call: Call) -> Any:
    """As Llama 3.1 does, by positions."""
    return _rotated(call, call.pos_ids, _llama31(call))


@kernel("apply_llama31_rope_pos_ids_inplace")
def apply_llama31_rope_pos_ids_inplace(call: Call) -> Any:
    """As Llama 3.1 does, by positions, in place."""
    _in_place(call, _rotated(call, call.pos_ids, _llama31(call)))


def _same(call: Call) -> Any:
    return call.q.clone(), call.k.clone()


@kernel("apply_rope", shapes=_same)
def apply_rope(call: Call) -> Any:
    """Ragged segments with an offset each."""
    return _rotated(call, rope.ragged_positions(call.indptr, call.offsets))


@kernel("apply_rope_inplace", shapes=lambda call: None)
def apply_rope_inplace(call: Call) -> Any:
    """Ragged segments with an offset each, in place."""
    _in_place(call, _rotated(call, rope.ragged_positions(call.indptr, call.offsets)))


@kernel("apply_llama31_rope", shapes=_same)
def apply_llama31_rope(call: Call) -> Any:
    """As Llama 3.1 does, ragged segments with an offset each."""
    return _rotated(call, rope.ragged_positions(call.indptr, call.offsets), _llama31(call))


@kernel("apply_llama31_rope_inplace", shapes=lambda call: None)
def apply_llama31_rope_inplace(call: Call) -> Any:
    """As Llama 3.1 does, ragged segments with an offset each, in place."""
    _in_place(call, _rotated(call, rope.ragged_positions(call.indptr, call.offsets), _llama31(call)))


def _cached(call: Call) -> tuple[Tensor, Tensor]:
    rotated = []
    for x in (call.query, call.key):
        heads = x.unflatten(-1, (-1, call.head_size))
        rotated.append(rope.apply_cached(heads, call.positions, call.cos_sin_cache, neox=call.is_neox).flatten(-2))
    return rotated[0], rotated[1]


@kernel("apply_rope_with_cos_sin_cache")
def apply_rope_with_cos_sin_cache(call: Call) -> Any:
    """By a cache of cosines and sines; heads lie side by side."""
    return _cached(call)


@kernel("apply_rope_with_cos_sin_cache_inplace")
def apply_rope_with_cos_sin_cache_inplace(call: Call) -> Any:
    """By a cache of cosines and sines, in place."""
    query, key = _cached(call)
    into(call.query, query)
    into(call.key, key)
