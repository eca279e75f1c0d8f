"""Attention: single requests, wrappers with `plan` and `run`, paged caches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from contractlint.reference import attention as a
from contractlint.testing.call import Call, into
from contractlint.testing.errors import NotComputed
from contractlint.testing.kernels.registry import kernel

PLAN = "_standin_plan"  # the attribute in which a wrapper keeps what `plan` was given

# What changes the result and has no reference yet.
REFUSED = ("packed_custom_mask", "sinks", "kv_cache_sf", "kv_block_scales", "skip_softmax_threshold_scale_factor")


def _refuse(call: Call) -> None:
    for parameter in REFUSED:
        if call.get(parameter, None) is not None:
            raise NotComputed(f"the stand-in computes {call.entry_point} without {parameter} only")
    if call.get("pos_encoding_mode", "NONE") != "NONE":
        raise NotComputed(f"the stand-in computes {call.entry_point} without position encoding only")


def _mask(call: Call, scale: float = 1.0) -> a.Mask:
    """The mask that arguments describe, with `scale` on the scores besides that of the head dimension."""
    own = call.sm_scale
    if own is None and call.q is not None:
        own = float(call.q.shape[-1]) ** -0.5
    return a.Mask(
        causal=bool(call.get("causal", False)),
        window=call.get("window_left", -1),
        soft_cap=call.get("logits_soft_cap", 0.0),
        scale=None if own is None else own * scale,
    )


def _number(value: Any) -> float:
    return 1.0 if value is None else float(value)


def _returned(call: Call, out: Tensor, lse: Tensor, dtype: torch.dtype) -> Any:
    out = into(call.out, out.to(dtype))
    return (out, into(call.lse, lse)) if call.get("return_lse", False) else out


def _like(q: Tensor, v_dim: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    return q.new_empty((*q.shape[:-1], v_dim), dtype=dtype), q.new_empty(q.shape[:-1], dtype=torch.float32)


def _out_dtype(q: Tensor, wanted: Any = None) -> torch.dtype:
    if isinstance(wanted, str):
        wanted = getattr(torch, wanted)
    return wanted if isinstance(wanted, torch.dtype) else torch.bfloat16 if q.element_size() == 1 else q.dtype


# --- one request -------------------------------------------------------------------------------------------------------


def _single(call: Call, q: Tensor, mask: a.Mask, v_scale: Any) -> tuple[Tensor, Tensor]:
    k, v = call.k, call.v
    if call.kv_layout == "HND":
        k, v = k.transpose(0, 1), v.transpose(0, 1)
    out, lse = a.attend(q, k, v, mask)
    return out * _number(v_scale), lse


@kernel("single_decode_with_kv_cache", shapes=lambda call: _single_shapes(call))
def single_decode_with_kv_cache(call: Call) -> Any:
    """One query, `[heads, dim]`."""
    _refuse(call)
    mask = _mask(call, _number(call.q_scale) * _number(call.k_scale))
    out, lse = _single(call, call.q.unsqueeze(0), mask, call.v_scale)
    return _returned(call, out[0], lse[0], _out_dtype(call.q))


@kernel(
    "single_prefill_with_kv_cache",
    "single_prefill_with_kv_cache_return_lse",
    shapes=lambda call: _single_shapes(call),
)
def single_prefill_with_kv_cache(call: Call) -> Any:
    """Several queries, `[n, heads, dim]`."""
    _refuse(call)
    mask = _mask(call, _number(call.scale_q) * _number(call.scale_k))
    out, lse = _single(call, call.q, replace(mask, custom=call.custom_mask), call.scale_v)
    return _returned(call, out, lse, _out_dtype(call.q, call.o_dtype))


def _single_shapes(call: Call) -> Any:
    out, lse = _like(call.q, call.v.shape[-1], _out_dtype(call.q, call.o_dtype))
    return (out, lse) if call.get("return_lse", False) else out


# --- batches -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Batch:
    """What `plan` fixed: where each request's queries and keys are, and the mask.

    `pages` is None where keys are ragged; `kv` then is where they begin and end, otherwise each request's pages do.
    """

    mask: a.Mask
    out_dtype: Any
    queries: Tensor  # where each request's queries begin and end, [batch + 1]
    kv: Tensor  # the same for its pages or keys
    pages: Tensor | None = None
    last_page_len: Tensor | None = None
    custom: Tensor | None = None


def _planned(call: Call) -> Batch:
    batch = getattr(call.owner, PLAN, None)
    if not isinstance(batch, Batch):
        raise RuntimeError(f"{call.entry_point}: call plan() before run()")
    return batch


def _keep(call: Call, batch: Batch) -> None:
    _refuse(call)
    setattr(call.owner, PLAN, batch)


@kernel("BatchDecodeWithPagedKVCacheWrapper", "CUDAGraphBatchDecodeWithPagedKVCacheWrapper")
@kernel("BatchPrefillWithPagedKVCacheWrapper", "BatchPrefillWithRaggedKVCacheWrapper")
def wrapper(call: Call) -> Any:
    """Keep the layout; the workspace is not needed."""
    call.owner._kv_layout = call.get("kv_layout", "NHD")


@kernel("BatchDecodeWithPagedKVCacheWrapper.plan", "BatchDecodeWithPagedKVCacheWrapper.begin_forward")
def plan_decode(call: Call) -> Any:
    """One query a request."""
    count = call.indptr.shape[0]
    queries = torch.arange(count)
    mask = replace(_mask(call), causal=False)
    _keep(call, Batch(mask, call.o_data_type, queries, call.indptr.cpu(), call.indices, call.last_page_len.cpu()))


@kernel("BatchPrefillWithPagedKVCacheWrapper.plan", "BatchPrefillWithPagedKVCacheWrapper.begin_forward")
def plan_prefill_paged(call: Call) -> Any:
    """Several queries a request, keys in pages."""
    indptr, indices = call.paged_kv_indptr.cpu(), call.paged_kv_indices
    last = call.paged_kv_last_page_len.cpu()
    _keep(call, Batch(_mask(call), call.o_data_type, call.qo_indptr.cpu(), indptr, indices, last, call.custom_mask))


@kernel("BatchPrefillWithRaggedKVCacheWrapper.plan", "BatchPrefillWithRaggedKVCacheWrapper.begin_forward")
def plan_prefill_ragged(call: Call) -> Any:
    """Several queries a request, keys one after the other."""
    custom = call.custom_mask
    _keep(call, Batch(_mask(call), call.o_data_type, call.qo_indptr.cpu(), call.kv_indptr.cpu(), custom=custom))


def _run_shapes(call: Call) -> Any:
    cache = call.v if call.v is not None else call.paged_kv_cache
    dim = (cache[1] if isinstance(cache, tuple | list) else cache).shape[-1]
    out, lse = _like(call.q, dim, _out_dtype(call.q, _planned(call).out_dtype))
    return (call.get("out", out), call.get("lse", lse)) if call.get("return_lse", False) else call.get("out", out)


@kernel("BatchDecodeWithPagedKVCacheWrapper.run", "BatchPrefillWithPagedKVCacheWrapper.run", shapes=_run_shapes)
def run_paged(call: Call) -> Any:
    """Attention to the keys in each request's pages."""
    batch = _planned(call)
    pages = a.Pages.of(call.paged_kv_cache, call.owner._kv_layout)
    if batch.pages is None or batch.last_page_len is None:
        raise RuntimeError(f"{call.entry_point}: plan() was given no pages")
    counts = a.lengths(batch.kv, batch.last_page_len, pages.size).tolist()
    keys = [
        pages.gather(batch.pages[start:end], count)
        for (start, end), count in zip(_spans(batch.kv), counts, strict=True)
    ]
    return _run(call, batch, keys)


@kernel("BatchPrefillWithRaggedKVCacheWrapper.run", shapes=_run_shapes)
def run_ragged(call: Call) -> Any:
    """Attention to each request's keys."""
    batch = _planned(call)
    return _run(call, batch, [(call.k[start:end], call.v[start:end]) for start, end in _spans(batch.kv)])


def _run(call: Call, batch: Batch, keys: list[tuple[Tensor, Tensor]]) -> Any:
    _refuse(call)
    scale = batch.mask.scale if batch.mask.scale is not None else float(call.q.shape[-1]) ** -0.5
    mask = replace(batch.mask, scale=scale * _number(call.q_scale) * _number(call.k_scale))
    if call.get("window_left", None) is not None:
        mask = replace(mask, window=call.window_left)
    outs, sums, seen = [], [], 0
    for (start, end), (k, v) in zip(_spans(batch.queries), keys, strict=True):
        q = call.q[start:end]
        custom = None
        if batch.custom is not None:
            size = q.shape[0] * k.shape[0]
            custom, seen = batch.custom[seen : seen + size], seen + size
        out, lse = a.attend(q, k, v, replace(mask, custom=custom))
        outs.append(out)
        sums.append(lse)
    result = torch.cat(outs) * _number(call.v_scale)
    return _returned(call, result, torch.cat(sums), _out_dtype(call.q, batch.out_dtype))


def _spans(indptr: Tensor) -> Iterator[tuple[int, int]]:
    bounds = indptr.tolist()
    return pairwise(bounds)


# --- latent attention --------------------------------------------------------------------------------------------------


@kernel("BatchMLAPagedAttentionWrapper")
def mla_wrapper(call: Call) -> Any:
    """The workspace is not needed."""


@kernel("BatchMLAPagedAttentionWrapper.plan")
def plan_mla(call: Call) -> Any:
    """Where each request's queries and latent keys are."""
    mask = a.Mask(causal=bool(call.causal), scale=call.sm_scale)
    pages = call.kv_indices
    _keep(call, Batch(mask, None, call.qo_indptr.cpu(), call.kv_indptr.cpu(), pages, call.kv_len_arr.cpu()))


@kernel("BatchMLAPagedAttentionWrapper.run")
def run_mla(call: Call) -> Any:
    """Attention of all heads to one latent key: its values are the latent part, `[…, head_dim_ckv]`."""
    batch = _planned(call)
    _refuse(call)
    if batch.pages is None or batch.last_page_len is None:
        raise RuntimeError(f"{call.entry_point}: plan() was given no pages")
    outs, sums = [], []
    spans = zip(_spans(batch.queries), _spans(batch.kv), batch.last_page_len.tolist(), strict=True)
    for (start, end), (first, last), length in spans:
        picked = batch.pages[first:last].long()
        latent, rope = (cache[picked].flatten(0, 1)[:length] for cache in (call.ckv_cache, call.kpe_cache))
        q = torch.cat((call.q_nope[start:end], call.q_pe[start:end]), -1)
        key = torch.cat((latent, rope), -1).unsqueeze(1)
        out, lse = a.attend(q, key, latent.unsqueeze(1), batch.mask)
        outs.append(out)
        sums.append(lse)
    return _returned(call, torch.cat(outs), torch.cat(sums), _out_dtype(call.q_nope))


# --- the trtllm-gen entry points, with block tables --------------------------------------------------------------------


def _table_shapes(call: Call) -> Any:
    return call.get("out", torch.empty_like(call.query, dtype=_out_dtype(call.query, call.out_dtype)))


def _by_table(call: Call, queries: Tensor, *, causal: bool) -> Any:
    """Attention to the keys that a block table `[batch, pages]` and lengths `[batch]` name."""
    _refuse(call)
    pages = a.Pages.of(call.kv_cache, call.get("kv_layout", "HND"))
    scale = float(call.bmm1_scale)
    mask = a.Mask(causal=causal, window=call.get("window_left", -1), scale=scale)
    outs = []
    for (start, end), table, length in zip(_spans(queries), call.block_tables, call.seq_lens.tolist(), strict=True):
        used = -(-length // pages.size)
        outs.append(a.attend(call.query[start:end], *pages.gather(table[:used], length), mask)[0])
    out = torch.cat(outs) * float(call.bmm2_scale)
    return into(call.out, out.to(_out_dtype(call.query, call.out_dtype)))


@kernel("decode.trtllm_batch_decode_with_kv_cache", shapes=_table_shapes)
def trtllm_batch_decode_with_kv_cache(call: Call) -> Any:
    """The same number of queries a request."""
    each = call.get("q_len_per_req", 1)
    queries = torch.arange(len(call.seq_lens) + 1) * each
    return _by_table(call, queries, causal=each > 1)


@kernel("prefill.trtllm_batch_context_with_kv_cache", shapes=_table_shapes)
def trtllm_batch_context_with_kv_cache(call: Call) -> Any:
    """Several queries a request, causal."""
    return _by_table(call, call.cum_seq_lens_q.cpu(), causal=True)


# --- paged caches ------------------------------------------------------------------------------------------------------


@kernel("append_paged_kv_cache", shapes=lambda call: None)
def append_paged_kv_cache(call: Call) -> Any:
    """Write keys and values to their places."""
    pages = a.Pages.of(call.paged_kv_cache, call.get("kv_layout", "NHD"))
    request, position = call.batch_indices.long(), call.positions.long()
    page = call.kv_indices.long()[call.kv_indptr.long()[request] + position // pages.size]
    pages.keys[page, position % pages.size] = call.append_key.to(pages.keys.dtype)
    pages.values[page, position % pages.size] = call.append_value.to(pages.values.dtype)


@kernel("get_seq_lens")
def get_seq_lens(call: Call) -> Any:
    """Keys of each request."""
    return a.lengths(call.kv_indptr, call.kv_last_page_len, call.page_size).to(call.kv_indptr.dtype)


@kernel("get_batch_indices_positions")
def get_batch_indices_positions(call: Call) -> Any:
    """The request and the position of each appended token: the last ones of their sequence."""
    lengths = (call.append_indptr[1:] - call.append_indptr[:-1]).long()
    request = torch.arange(len(lengths)).repeat_interleave(lengths)
    within = torch.arange(len(request)) - call.append_indptr[:-1].long()[request]
    position = call.seq_lens.long()[request] - lengths[request] + within
    missing = (0, call.nnz - len(request))
    padded = [torch.nn.functional.pad(x.to(torch.int32), missing) for x in (request, position)]
    return into(call.batch_indices, padded[0]), into(call.positions, padded[1])


@kernel("merge_state")
def merge_state(call: Call) -> Any:
    """Attention to the union of two sets of keys."""
    return a.merge(call.v_a, call.s_a, call.v_b, call.s_b)


@kernel("merge_state_in_place")
def merge_state_in_place(call: Call) -> Any:
    """Into the first of both."""
    v, s = a.merge(call.v, call.s, call.v_other, call.s_other)
    keep = call.mask
    into(call.v, v if keep is None else torch.where(keep.bool().reshape(-1, 1, 1), v, call.v))
    into(call.s, s if keep is None else torch.where(keep.bool().reshape(-1, 1), s, call.s))
