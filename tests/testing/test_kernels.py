"""Kernels of the stand-in besides the MoE family: right results, in place where the library works in place, on meta."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="a stand-in computes with torch")

from torch.nn import functional  # noqa: E402

from contractlint.reference import layouts  # noqa: E402
from contractlint.reference import quantization as q_  # noqa: E402
from contractlint.testing import NotComputed, Standin, standin  # noqa: E402

HEADS, KV_HEADS, DIM, PAGE = 4, 2, 16, 4


@pytest.fixture(scope="module", params=["0.6.7", "0.7.2.post1"])
def library(request: pytest.FixtureRequest) -> Iterator[Standin]:
    with standin(request.param) as installed:
        yield installed


def values(seed: int, *shape: int, dtype: Any = torch.float32) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


class Requests:
    """Three requests of 1, 3 and 2 queries with 5, 3 and 9 keys, also laid out in pages."""

    queries = (1, 3, 2)
    keys = (5, 3, 9)

    def __init__(self) -> None:
        self.q = values(1, sum(self.queries), HEADS, DIM, dtype=torch.bfloat16)
        self.k = values(2, sum(self.keys), KV_HEADS, DIM, dtype=torch.bfloat16)
        self.v = values(3, sum(self.keys), KV_HEADS, DIM, dtype=torch.bfloat16)
        self.qo_indptr, self.kv_indptr = self._indptr(self.queries), self._indptr(self.keys)
        pages = [-(-n // PAGE) for n in self.keys]
        self.page_indptr = self._indptr(pages)
        self.indices = torch.randperm(sum(pages), generator=torch.Generator().manual_seed(4)).int()
        self.last = torch.tensor([(n - 1) % PAGE + 1 for n in self.keys], dtype=torch.int32)

    @staticmethod
    def _indptr(lengths: Any) -> Any:
        return torch.tensor([0, *lengths]).cumsum(0).int()

    def cache(self, library: Standin, layout: str) -> Any:
        """An empty cache, filled by the library's own function."""
        pages = len(self.indices)
        shape = (pages, 2, PAGE, KV_HEADS, DIM) if layout == "NHD" else (pages, 2, KV_HEADS, PAGE, DIM)
        cache = torch.zeros(shape, dtype=torch.bfloat16)
        lengths = library.package.get_seq_lens(self.page_indptr, self.last, PAGE)
        assert lengths.tolist() == list(self.keys)
        request, position = library.package.get_batch_indices_positions(self.kv_indptr, lengths, sum(self.keys))
        library.package.append_paged_kv_cache(
            self.k, self.v, request, position, cache, self.indices, self.page_indptr, self.last, layout
        )
        return cache

    def expected(self, *, causal: bool, last_only: bool = False, scale: float | None = None) -> Any:
        outs = []
        for i in range(3):
            q = self.q[self.qo_indptr[i] : self.qo_indptr[i + 1]].float()
            q = q[-1:] if last_only else q
            k, v = (x[self.kv_indptr[i] : self.kv_indptr[i + 1]].float() for x in (self.k, self.v))
            k, v = (x.repeat_interleave(HEADS // KV_HEADS, 1).transpose(0, 1) for x in (k, v))
            n, m = q.shape[0], k.shape[1]
            seen = torch.ones(n, m, dtype=torch.bool).tril(m - n) if causal else None
            out = functional.scaled_dot_product_attention(q.transpose(0, 1), k, v, attn_mask=seen, scale=scale)
            outs.append(out.transpose(0, 1))
        return torch.cat(outs)


@pytest.fixture(scope="module")
def requests() -> Requests:
    return Requests()


def close(found: Any, expected: Any) -> None:
    torch.testing.assert_close(found.float(), expected, atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("layout", ["NHD", "HND"])
def test_the_decode_wrapper_attends_to_pages(layout: str, library: Standin, requests: Requests) -> None:
    wrapper = library.package.BatchDecodeWithPagedKVCacheWrapper(torch.empty(1, dtype=torch.uint8), layout)
    q = requests.q[requests.qo_indptr[1:].long() - 1]
    cache = requests.cache(library, layout)
    wrapper.plan(
        requests.page_indptr, requests.indices, requests.last, HEADS, KV_HEADS, DIM, PAGE,
        q_data_type=torch.bfloat16, sm_scale=0.2,
    )  # fmt: skip
    out, lse = wrapper.run(q, cache, return_lse=True)
    assert (out.dtype, lse.dtype, lse.shape) == (torch.bfloat16, torch.float32, (3, HEADS))
    close(out, requests.expected(causal=False, last_only=True, scale=0.2))
    given = torch.empty_like(q)
    assert wrapper.run(q, cache, v_scale=2.0, out=given) is given
    close(given, 2 * requests.expected(causal=False, last_only=True, scale=0.2))
    assert wrapper.run(q.to("meta"), cache).device.type == "meta"


@pytest.mark.parametrize("causal", [True, False])
def test_the_prefill_wrappers_attend_to_pages_and_to_ragged_keys(
    causal: bool, library: Standin, requests: Requests
) -> None:
    expected = requests.expected(causal=causal)
    paged = library.package.BatchPrefillWithPagedKVCacheWrapper(torch.empty(1, dtype=torch.uint8), "NHD")
    paged.plan(
        requests.qo_indptr, requests.page_indptr, requests.indices, requests.last,
        HEADS, KV_HEADS, DIM, PAGE, causal=causal,
    )  # fmt: skip
    close(paged.run(requests.q, requests.cache(library, "NHD")), expected)
    ragged = library.package.BatchPrefillWithRaggedKVCacheWrapper(torch.empty(1, dtype=torch.uint8), "NHD")
    ragged.plan(requests.qo_indptr, requests.kv_indptr, HEADS, KV_HEADS, DIM, causal=causal)
    close(ragged.run(requests.q, requests.k, requests.v), expected)


def test_a_wrapper_that_was_not_planned_says_so(library: Standin, requests: Requests) -> None:
    wrapper = library.package.BatchDecodeWithPagedKVCacheWrapper(torch.empty(1, dtype=torch.uint8))
    with pytest.raises(RuntimeError, match=r"call plan\(\) before run\(\)"):
        wrapper.run(requests.q, None)


def test_what_changes_the_result_and_is_not_computed_is_refused(library: Standin, requests: Requests) -> None:
    q = requests.q[:3]
    wrapper = library.package.BatchDecodeWithPagedKVCacheWrapper(torch.empty(1, dtype=torch.uint8))
    wrapper.plan(requests.page_indptr, requests.indices, requests.last, HEADS, KV_HEADS, DIM, PAGE)
    with pytest.raises(NotComputed, match="without sinks only"):
        wrapper.run(q, requests.cache(library, "NHD"), sinks=torch.zeros(HEADS))


def test_latent_attention_has_one_key_for_all_heads(library: Standin, requests: Requests) -> None:
    latent, turned = 32, 8
    ckv = values(5, len(requests.indices), PAGE, latent)
    kpe = values(6, len(requests.indices), PAGE, turned)
    nope, pe = values(7, 3, HEADS, latent), values(8, 3, HEADS, turned)
    wrapper = library.package.BatchMLAPagedAttentionWrapper(torch.empty(1, dtype=torch.uint8))
    lengths = torch.tensor(requests.keys, dtype=torch.int32)
    wrapper.plan(
        torch.arange(4).int(), requests.page_indptr, requests.indices, lengths, HEADS, latent, turned, PAGE,
        False, 0.25, torch.float32, torch.float32,
    )  # fmt: skip
    out = wrapper.run(nope, pe, ckv, kpe)
    for i, length in enumerate(requests.keys):
        pages = requests.indices[requests.page_indptr[i] : requests.page_indptr[i + 1]].long()
        c, p = (x[pages].flatten(0, 1)[:length] for x in (ckv, kpe))
        weights = ((nope[i] @ c.T + pe[i] @ p.T) * 0.25).softmax(-1)
        torch.testing.assert_close(out[i], weights @ c, atol=1e-4, rtol=1e-3)


def test_block_tables_name_the_pages(library: Standin, requests: Requests) -> None:
    cache = requests.cache(library, "HND")
    table = torch.zeros(3, 3, dtype=torch.int32)
    for i in range(3):
        pages = requests.indices[requests.page_indptr[i] : requests.page_indptr[i + 1]]
        table[i, : len(pages)] = pages
    lengths, space = torch.tensor(requests.keys, dtype=torch.int32), torch.empty(1, dtype=torch.uint8)
    q = requests.q[requests.qo_indptr[1:].long() - 1].contiguous()
    out = library.package.decode.trtllm_batch_decode_with_kv_cache(
        q, cache, space, table, lengths, 9, bmm1_scale=0.2, bmm2_scale=1.0
    )
    close(out, requests.expected(causal=False, last_only=True, scale=0.2))
    out = library.package.prefill.trtllm_batch_context_with_kv_cache(
        requests.q, cache, space, table, lengths, 3, 9, 0.2, 1.0, 3, requests.qo_indptr, requests.kv_indptr
    )
    close(out, requests.expected(causal=True, scale=0.2))


def test_single_requests(library: Standin, requests: Requests) -> None:
    q, k, v = requests.q[4:], requests.k[8:], requests.v[8:]
    out = library.package.single_prefill_with_kv_cache(q, k, v, causal=True)
    close(out, requests.expected(causal=True)[4:])
    swapped = library.package.single_prefill_with_kv_cache(q, k.transpose(0, 1), v.transpose(0, 1), kv_layout="HND")
    close(swapped, requests.expected(causal=False)[4:])
    close(library.package.single_decode_with_kv_cache(q[-1], k, v), requests.expected(causal=False)[-1])
    assert library.package.single_prefill_with_kv_cache(q.to("meta"), k, v).shape == q.shape


def test_norms_work_in_place_and_out_of_place(library: Standin) -> None:
    x, residual, weight = (
        values(seed, *shape, dtype=torch.float16) for seed, shape in ((1, (4, 64)), (2, (4, 64)), (3, (64,)))
    )
    total = x.float() + residual.float()
    out = torch.empty_like(x)
    assert library.package.rmsnorm(x, weight, out=out) is out
    close(out.float(), functional.rms_norm(x.float(), (64,), weight.float(), 1e-6))
    library.package.fused_add_rmsnorm(x, residual, weight)
    close(residual.float(), total)
    close(x.float(), functional.rms_norm(total, (64,), weight.float(), 1e-6))
    assert library.package.rmsnorm(x.to("meta"), weight.to("meta")).device.type == "meta"


def test_rotations_in_place_equal_those_out_of_place(library: Standin) -> None:
    q, k = values(1, 5, 2, 16, dtype=torch.float16), values(2, 5, 1, 16, dtype=torch.float16)
    positions = torch.arange(5)
    turned = library.package.apply_rope_pos_ids(q, k, positions)
    assert not torch.equal(turned[0], q)
    library.package.apply_rope_pos_ids_inplace(q, k, positions)
    assert torch.equal(q, turned[0])
    assert torch.equal(k, turned[1])


def test_samplers_draw_only_what_the_filters_keep(library: Standin) -> None:
    probs = values(1, 8, 32).softmax(-1)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        tokens = library.package.top_k_sampling_from_probs(probs, 2, generator=generator)
        assert tokens.dtype == torch.int32
        ranks = (probs > probs.gather(-1, tokens.long().unsqueeze(-1))).sum(-1)
        assert (ranks < 2).all()
    drawn = torch.stack([library.package.sampling_from_probs(probs[:1], generator=generator) for _ in range(4000)])
    frequency = torch.bincount(drawn.flatten().long(), minlength=32) / 4000
    assert float((frequency - probs[0]).abs().max()) < 0.05
    chosen = library.package.sampling_from_probs(probs, indices=torch.tensor([1, 1], dtype=torch.int32))
    assert chosen.shape == (2,)
    assert library.package.sampling_from_probs(probs.to("meta")).shape == (8,)


def test_quantised_weights_are_laid_out_as_the_library_does(library: Standin) -> None:
    x = values(1, 256, 128, dtype=torch.bfloat16)
    whole = torch.tensor([448 * 6 / float(x.abs().max())])
    code, linear = library.package.fp4_quantize(x, whole, is_sf_swizzled_layout=False)
    _, swizzled = library.package.fp4_quantize(x, whole)
    assert torch.equal(layouts.deinterleave_scales(swizzled.flatten(), 256, 8)[0], linear)
    assert torch.equal(library.package.block_scale_interleave(linear), swizzled.flatten())
    again = library.package.e2m1_and_ufp8sf_scale_to_float(code, swizzled.flatten(), 1 / whole)
    torch.testing.assert_close(again, q_.dequantize_nvfp4(code, linear, whole))
    shuffled = library.package.shuffle_matrix_sf_a(linear, 128)
    assert torch.equal(layouts.deinterleave_scales(shuffled, 256, 8)[0], library.package.shuffle_matrix_a(linear, 128))
    eight, scale = library.package.mxfp8_quantize(x)
    torch.testing.assert_close(library.package.mxfp8_dequantize_host(eight, scale), x.float(), atol=0.2, rtol=0.07)
    four, scale = library.package.mxfp4_quantize(x)
    close_enough = library.package.mxfp4_dequantize(four, scale) - x.float()
    assert float(close_enough.norm() / x.float().norm()) < 0.15


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_cutlass_moe_adds_up_over_devices(dtype: Any, library: Standin) -> None:
    tokens, hidden, intermediate, count = 5, 32, 16, 4
    x = values(1, tokens, hidden, dtype=dtype)
    first = (values(2, count, 2 * intermediate, hidden) / 6).to(dtype)
    second = (values(3, count, hidden, intermediate) / 4).to(dtype)
    chosen = torch.tensor([[0, 3], [1, 2], [3, 0], [2, 1], [1, 3]], dtype=torch.int32)
    weights = values(4, tokens, 2).softmax(-1)
    expected = torch.zeros(tokens, hidden)
    for t in range(tokens):
        for k in range(2):
            e = int(chosen[t, k])
            linear, gate = (first[e].float() @ x[t].float()).chunk(2)
            expected[t] += weights[t, k] * (second[e].float() @ (functional.silu(gate) * linear))
    moe = library.package.fused_moe.cutlass_fused_moe
    found = moe(x, chosen, weights, first, second, dtype, [])
    assert found.dtype == dtype
    close(found, expected)
    halves = [
        moe(x, chosen, weights, first[part], second[part], dtype, [], ep_size=2, ep_rank=rank)
        for rank, part in enumerate((slice(0, 2), slice(2, 4)))
    ]
    close(halves[0].float() + halves[1].float(), expected)
    with pytest.raises(NotComputed, match="without quant_scales only"):
        moe(x, chosen, weights, first, second, dtype, [torch.ones(1)])
