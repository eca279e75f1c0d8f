"""Attention against torch's own, and the arithmetic of pages."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch: Any = pytest.importorskip("torch", reason="the references are written in torch")

from torch.nn import functional  # noqa: E402

from contractlint.reference import attention as a  # noqa: E402

seeds = st.integers(0, 2**31)


def made(seed: int, queries: int, keys: int, heads: int = 4, kv_heads: int = 2, dim: int = 16) -> tuple[Any, Any, Any]:
    generator = torch.Generator().manual_seed(seed)
    shapes = ((queries, heads, dim), (keys, kv_heads, dim), (keys, kv_heads, dim))
    q, k, v = (torch.randn(*shape, generator=generator) for shape in shapes)
    return q, k, v


def oracle(q: Any, k: Any, v: Any, mask: Any, scale: float | None = None) -> Any:
    group = q.shape[1] // k.shape[1]
    k, v = (x.repeat_interleave(group, 1).transpose(0, 1) for x in (k, v))
    out = functional.scaled_dot_product_attention(q.transpose(0, 1), k, v, attn_mask=mask, scale=scale)
    return out.transpose(0, 1)


@given(seeds, st.integers(1, 6), st.integers(0, 9), st.booleans(), st.sampled_from([-1, 0, 3]))
@settings(max_examples=40, deadline=None)
def test_attention_is_torchs(seed: int, queries: int, more: int, causal: bool, window: int) -> None:
    q, k, v = made(seed, queries, queries + more)
    at = torch.arange(queries).unsqueeze(-1) + more
    key = torch.arange(queries + more)
    seen = torch.ones(queries, queries + more, dtype=torch.bool)
    seen = key <= at if causal else seen
    seen = seen & (key >= at - window) if window >= 0 else seen
    out, lse = a.attend(q, k, v, a.Mask(causal=causal, window=window, scale=0.3))
    torch.testing.assert_close(out, oracle(q, k, v, seen, 0.3), atol=1e-5, rtol=1e-4)
    scores = torch.einsum("nhd,mhd->nhm", q, k.repeat_interleave(2, 1)) * 0.3
    expected = torch.logsumexp(scores.masked_fill(~seen.unsqueeze(1), -math.inf), -1) / math.log(2)
    torch.testing.assert_close(lse, expected, atol=1e-5, rtol=1e-4)


def test_a_custom_mask_goes_before_causal_and_a_soft_cap_bounds_scores() -> None:
    q, k, v = made(1, 3, 5)
    seen = torch.rand(3, 5, generator=torch.Generator().manual_seed(1)) > 0.4
    seen[:, 0] = True
    out, _ = a.attend(q, k, v, a.Mask(causal=True, custom=seen.flatten()))
    torch.testing.assert_close(out, oracle(q, k, v, seen), atol=1e-5, rtol=1e-4)
    _, lse = a.attend(q * 1e4, k, v, a.Mask(soft_cap=2.0))
    assert (lse <= (2.0 + math.log(5)) / math.log(2)).all()


def test_a_query_that_sees_nothing_gets_zeros() -> None:
    q, k, v = made(2, 2, 0)
    out, lse = a.attend(q, k, v)
    assert not out.any()
    assert (lse == -math.inf).all()


@given(seeds, st.integers(1, 7))
@settings(max_examples=20, deadline=None)
def test_merging_two_halves_is_attention_to_the_whole(seed: int, cut: int) -> None:
    q, k, v = made(seed, 3, 8)
    whole, total = a.attend(q, k, v)
    halves = [a.attend(q, k[part], v[part]) for part in (slice(0, cut), slice(cut, 8))]
    merged, sums = a.merge(*halves[0], *halves[1])
    torch.testing.assert_close(merged, whole, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(sums, total, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layout", ["NHD", "HND"])
@pytest.mark.parametrize("joined", [True, False])
def test_pages_are_put_together_whatever_their_layout(layout: str, joined: bool) -> None:
    _, k, v = made(3, 1, 12)
    cache = torch.stack([x.view(3, 4, 2, 16) for x in (k, v)], 1)  # pages, 2, page_size, heads, dim
    cache = cache[torch.tensor([2, 0, 1])]
    cache = cache if layout == "NHD" else cache.transpose(2, 3).contiguous()
    pages = a.Pages.of(cache if joined else (cache[:, 0], cache[:, 1]), layout)
    keys, values = pages.gather(torch.tensor([1, 2, 0]), 10)
    assert pages.size == 4
    assert torch.equal(keys, k[:10])
    assert torch.equal(values, v[:10])
    counts = a.lengths(torch.tensor([0, 3, 3, 4]), torch.tensor([2, 0, 4]), 4)
    assert counts.tolist() == [10, 0, 4]
