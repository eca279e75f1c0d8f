"""Norms, activations, rotary embeddings and sampling distributions, against torch and against their definitions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch: Any = pytest.importorskip("torch", reason="the references are written in torch")

from torch.nn import functional  # noqa: E402

from contractlint.reference import activation, norm, rope  # noqa: E402
from contractlint.reference import sampling as s  # noqa: E402

seeds = st.integers(0, 2**31)


def values(seed: int, *shape: int) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(seeds, st.sampled_from([1e-6, 1e-5]))
@settings(max_examples=15, deadline=None)
def test_norms_are_torchs(seed: int, eps: float) -> None:
    x, residual, weight = values(seed, 4, 64), values(seed + 1, 4, 64), values(seed + 2, 64)
    torch.testing.assert_close(norm.rmsnorm(x, weight, eps), functional.rms_norm(x, (64,), weight, eps))
    torch.testing.assert_close(norm.gemma_rmsnorm(x, weight, eps), functional.rms_norm(x, (64,), weight + 1, eps))
    torch.testing.assert_close(
        norm.layernorm(x, weight, residual[0], eps), functional.layer_norm(x, (64,), weight, residual[0], eps)
    )
    normed, total = norm.fused_add_rmsnorm(x, residual, weight, eps)
    assert torch.equal(total, x + residual)
    torch.testing.assert_close(normed, functional.rms_norm(total, (64,), weight, eps))


def test_the_fused_norm_is_of_the_sum_before_it_is_rounded() -> None:
    x = torch.full((1, 8), 256.0).bfloat16()
    residual = torch.full((1, 8), 1.0).bfloat16()  # 257 is no bfloat16
    residual[0, 0] = -255.0
    normed, total = norm.fused_add_rmsnorm(x, residual, torch.ones(8), 0.0)
    assert total[0, 1] == 256.0
    exact = functional.rms_norm(x.float() + residual.float(), (8,), torch.ones(8), 0.0)
    assert torch.equal(normed, exact.bfloat16())


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_activations_are_torchs(seed: int) -> None:
    x = values(seed, 3, 32)
    first, second = x.chunk(2, -1)
    torch.testing.assert_close(activation.silu_and_mul(x), functional.silu(first) * second)
    torch.testing.assert_close(activation.gelu_and_mul(x), functional.gelu(first) * second)
    tanh = functional.gelu(first, approximate="tanh") * second
    torch.testing.assert_close(activation.gelu_tanh_and_mul(x), tanh)


@given(seeds, st.booleans(), st.sampled_from([None, 16]))
@settings(max_examples=20, deadline=None)
def test_rotations_keep_lengths_and_depend_on_distance_only(seed: int, interleave: bool, part: int | None) -> None:
    q, k = values(seed, 1, 1, 32), values(seed + 1, 1, 1, 32)

    def score(at: int, other: int) -> Any:
        options: dict[str, Any] = {"interleave": interleave, "rotary_dim": part}
        left = rope.apply(q, torch.tensor([at]), **options)
        right = rope.apply(k, torch.tensor([other]), **options)
        torch.testing.assert_close(left.norm(), q.norm())
        return (left * right).sum()

    torch.testing.assert_close(score(5, 3), score(105, 103), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(score(0, 0), (q * k).sum(), atol=1e-4, rtol=1e-4)


def test_a_rotation_is_multiplication_of_complex_numbers() -> None:
    x, positions = values(0, 5, 2, 8), torch.arange(5)
    turns = torch.polar(torch.ones(5, 1, 4), positions.view(5, 1, 1) * rope.frequencies(8))
    expected = torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (4, 2)).contiguous()) * turns).flatten(-2)
    torch.testing.assert_close(rope.apply(x, positions, interleave=True), expected)
    halves = torch.cat((x[..., ::2], x[..., 1::2]), -1)
    turned = rope.apply(halves, positions)
    torch.testing.assert_close(torch.stack(turned.chunk(2, -1), -1).flatten(-2), expected)
    angles = positions.unsqueeze(-1) * rope.frequencies(8)
    cache = torch.cat((angles.cos(), angles.sin()), -1)
    torch.testing.assert_close(rope.apply_cached(halves, positions, cache), turned)
    torch.testing.assert_close(rope.apply_cached(x, positions, cache, neox=False), expected)


def test_llama_31_leaves_short_waves_and_stretches_long_ones() -> None:
    plain = rope.frequencies(128, 5e5)
    bent = rope.frequencies(128, 5e5, 8.0, rope.Llama31())
    waves = 2 * torch.pi / plain
    torch.testing.assert_close(bent[waves < 8192 / 4], plain[waves < 8192 / 4])
    torch.testing.assert_close(bent[waves > 8192], plain[waves > 8192] / 8)
    assert ((bent <= plain) & (bent >= plain / 8)).all()


def test_ragged_positions_begin_at_their_offsets() -> None:
    found = rope.ragged_positions(torch.tensor([0, 3, 3, 5]), torch.tensor([10, 20, 30]))
    assert found.tolist() == [10, 11, 12, 30, 31]


@given(seeds, st.integers(1, 20), st.floats(0.05, 0.99))
@settings(max_examples=30, deadline=None)
def test_filters_keep_what_they_promise(seed: int, top_k: int, top_p: float) -> None:
    probs = s.softmax(values(seed, 4, 20) * 3)
    by_k, by_p, by_min = s.top_k_kept(probs, top_k), s.top_p_kept(probs, top_p), s.min_p_kept(probs, top_p)
    assert (by_k.sum(-1) == top_k).all()
    mass = torch.where(by_p, probs, 0.0)
    assert (mass.sum(-1) >= top_p - 1e-5).all()
    smallest = torch.where(by_p, probs, 2.0).amin(-1)
    assert (mass.sum(-1) - smallest < top_p + 1e-5).all()  # one less would not do
    assert torch.equal(by_min, probs >= top_p * probs.amax(-1, keepdim=True))
    for kept in (by_k, by_p, by_min):
        torch.testing.assert_close(s.renormalized(probs, kept).sum(-1), torch.ones(4))
    both = s.top_k_top_p(probs, top_k, top_p)
    assert not both[~by_k].any()
    assert torch.isinf(s.top_k_masked(probs.log(), top_k)).sum(-1).tolist() == [20 - top_k] * 4


def test_thresholds_may_differ_by_row_and_zero_temperature_is_none_at_all() -> None:
    probs = s.softmax(values(1, 2, 8))
    assert s.top_k_kept(probs, torch.tensor([1, 3])).sum(-1).tolist() == [1, 3]
    torch.testing.assert_close(s.softmax(probs, 0.0), torch.full((2, 8), 1 / 8))
    torch.testing.assert_close(s.softmax(probs, torch.tensor([0.5, 2.0]))[1], (probs[1] / 2).softmax(-1))
