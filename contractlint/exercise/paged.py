"""Attention over pages: how requests lie in the cache, the wrappers that plan before they run, and references."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from contractlint.exercise.references import prefill

PAGE = 16
QUERIES, KEYS = (3, 17, 20), (5, 33, 64)  # of each request
PAGES = sum(-(-keys // PAGE) for keys in KEYS)
_WORKSPACE = 128 << 20
_SEED = 3


def _table(device: str = "cpu") -> dict[str, Tensor]:
    """Which pages each request has, out of order, and how full its last one is."""
    counts = torch.tensor([-(-keys // PAGE) for keys in KEYS])
    indptr = torch.cat((torch.zeros(1, dtype=torch.int64), counts.cumsum(0)))
    indices = torch.randperm(PAGES, generator=torch.Generator().manual_seed(_SEED))
    last = torch.tensor([(keys - 1) % PAGE + 1 for keys in KEYS])
    named = {"kv_indptr": indptr, "kv_indices": indices, "kv_last_page_len": last}
    return {name: part.to(torch.int32).to(device) for name, part in named.items()}


def _starts(lengths: tuple[int, ...], device: str = "cpu") -> Tensor:
    return torch.tensor([sum(lengths[:n]) for n in range(len(lengths) + 1)], dtype=torch.int32, device=device)


def _rows(cache: Tensor, request: int) -> Tensor:
    """The rows of one request in a cache `[pages, page, …]`, in order."""
    table = _table()
    first, last = table["kv_indptr"][request : request + 2].tolist()
    return cache[table["kv_indices"][first:last].long()].flatten(0, 1)[: KEYS[request]]


def _wrapper(name: str) -> Any:
    import flashinfer

    workspace = torch.zeros(_WORKSPACE, dtype=torch.uint8, device="cuda")
    made = getattr(flashinfer, name, None) or getattr(flashinfer.mla, name)
    return made(workspace, backend="fa2") if "Prefill" in name or "MLA" in name else made(workspace)


def decode(q: Tensor, paged_kv_cache: Tensor, **given: Any) -> Any:
    """Plan for one query of each request, and run."""
    whole, table = _wrapper("BatchDecodeWithPagedKVCacheWrapper"), _table("cuda")
    whole.plan(
        table["kv_indptr"], table["kv_indices"], table["kv_last_page_len"], q.shape[1], paged_kv_cache.shape[-2],
        q.shape[2], PAGE, q_data_type=torch.float16, kv_data_type=torch.float16,
    )  # fmt: skip
    return whole.run(q, paged_kv_cache, **given)


def paged_prefill(q: Tensor, paged_kv_cache: Tensor, **given: Any) -> Any:
    """Plan for several queries of each request, and run."""
    whole, table = _wrapper("BatchPrefillWithPagedKVCacheWrapper"), _table("cuda")
    whole.plan(
        _starts(QUERIES, "cuda"), table["kv_indptr"], table["kv_indices"], table["kv_last_page_len"], q.shape[1],
        paged_kv_cache.shape[-2], q.shape[2], PAGE, causal=True, q_data_type=torch.float16, kv_data_type=torch.float16,
    )  # fmt: skip
    return whole.run(q, paged_kv_cache, **given)


def ragged_prefill(q: Tensor, k: Tensor, v: Tensor, **given: Any) -> Any:
    """The same where keys and values of all requests lie behind one another."""
    whole = _wrapper("BatchPrefillWithRaggedKVCacheWrapper")
    whole.plan(
        _starts(QUERIES, "cuda"), _starts(KEYS, "cuda"), q.shape[1], k.shape[1], q.shape[2], causal=True,
        q_data_type=torch.float16, kv_data_type=torch.float16,
    )  # fmt: skip
    return whole.run(q, k, v, **given)


def latent(q_nope: Tensor, q_pe: Tensor, ckv_cache: Tensor, kpe_cache: Tensor, **given: Any) -> Any:
    """One query of each request over compressed keys, which are the values too."""
    whole, table = _wrapper("BatchMLAPagedAttentionWrapper"), _table("cuda")
    whole.plan(
        _starts((1,) * len(KEYS), "cuda"), table["kv_indptr"], table["kv_indices"],
        torch.tensor(KEYS, dtype=torch.int32, device="cuda"), q_nope.shape[1], q_nope.shape[2], q_pe.shape[2], PAGE,
        False, _latent_scale(q_nope, q_pe), torch.float16, torch.float16,
    )  # fmt: skip
    return whole.run(q_nope, q_pe, ckv_cache, kpe_cache, **given)


def _latent_scale(q_nope: Tensor, q_pe: Tensor) -> float:
    return float((128 + q_pe.shape[2]) ** -0.5)


def paging(arguments: dict[str, Any]) -> dict[str, Any]:
    """A row of pages for each request, and how many keys it has."""
    table = _table()
    rows = torch.zeros(len(KEYS), max(table["kv_indptr"].diff().tolist()), dtype=torch.int32)
    for number, row in enumerate(rows):
        pages = table["kv_indices"][slice(*table["kv_indptr"][number : number + 2].tolist())]
        row[: len(pages)] = pages
    return {**arguments, "block_tables": rows, "seq_lens": torch.tensor(KEYS, dtype=torch.int32)}


def decode_xqa(**given: Any) -> Any:
    """One query of each request, by the kernels of chips other than 10.x."""
    from flashinfer.decode import trtllm_batch_decode_with_kv_cache

    # Zero: semaphores lie at its start.
    workspace = torch.zeros(_WORKSPACE, dtype=torch.uint8, device="cuda")
    return trtllm_batch_decode_with_kv_cache(workspace_buffer=workspace, **given)


def decoded_by_heads(query: Tensor, kv_cache: Tensor, sinks: Tensor | None = None, **_: Any) -> Tensor:
    """As `decoded`, of a cache in which heads come before rows; sinks stand in the denominators."""
    cache = kv_cache.transpose(2, 3)
    found = _each(query, [1] * len(KEYS), cache, causal=False)
    if sinks is None:
        return found
    groups = query.shape[1] // cache.shape[3]
    for number, row in enumerate(query.double()):
        keys = _rows(cache[:, 0].double(), number).repeat_interleave(groups, 1)
        total = torch.einsum("hd,khd->hk", row, keys).div(row.shape[-1] ** 0.5).logsumexp(-1)
        found[number] *= torch.sigmoid(total - sinks.double()).unsqueeze(-1)
    return found


def decoded(q: Tensor, paged_kv_cache: Tensor, **_: Any) -> Tensor:
    """One query of each request over all of its keys."""
    return _each(q, [1] * len(KEYS), paged_kv_cache, causal=False)


def prefilled(q: Tensor, paged_kv_cache: Tensor, **_: Any) -> Tensor:
    """The last queries of each request."""
    return _each(q, list(QUERIES), paged_kv_cache, causal=True)


def _each(q: Tensor, lengths: list[int], cache: Tensor, causal: bool) -> Tensor:
    found = [
        prefill(part, _rows(cache[:, 0], number), _rows(cache[:, 1], number), causal)
        for number, part in enumerate(q.split(lengths))
    ]
    return torch.cat(found)


def prefilled_ragged(q: Tensor, k: Tensor, v: Tensor, **_: Any) -> Tensor:
    """The last queries of each request, where keys and values lie behind one another."""
    parts = zip(q.split(list(QUERIES)), k.split(list(KEYS)), v.split(list(KEYS)), strict=True)
    return torch.cat([prefill(*part, causal=True) for part in parts])


def attended_latent(q_nope: Tensor, q_pe: Tensor, ckv_cache: Tensor, kpe_cache: Tensor, **_: Any) -> Tensor:
    """Scores from both parts of the query; the compressed keys are the values."""
    found = []
    for number, (nope, rope) in enumerate(zip(q_nope.double(), q_pe.double(), strict=True)):
        keys, turned = _rows(ckv_cache.double(), number), _rows(kpe_cache.double(), number)
        scores = (nope @ keys.T + rope @ turned.T) * _latent_scale(q_nope, q_pe)
        found.append(scores.softmax(-1) @ keys)
    return torch.stack(found)


def appending(arguments: dict[str, Any]) -> dict[str, Any]:
    """Every row of the cache that a request has is appended, request by request."""
    batch = torch.cat([torch.full((keys,), number) for number, keys in enumerate(KEYS)])
    positions = torch.cat([torch.arange(keys) for keys in KEYS])
    made = _table() | {"batch_indices": batch.to(torch.int32), "positions": positions.to(torch.int32)}
    return arguments | made


def appended(append_key: Tensor, append_value: Tensor, paged_kv_cache: Tensor, **_: Any) -> Tensor:
    """The cache, with the values that were passed where their requests' pages are."""
    found, table = paged_kv_cache.double(), _table()
    first = 0
    for number, keys in enumerate(KEYS):
        pages = table["kv_indices"][int(table["kv_indptr"][number]) :]
        for row in range(keys):
            page, place = int(pages[row // PAGE]), row % PAGE
            found[page, 0, place], found[page, 1, place] = append_key[first + row], append_value[first + row]
        first += keys
    return found


def merged(v: Tensor, s: Tensor, **_: Any) -> tuple[Tensor, Tensor]:
    """Attention over the union of several sets of keys, `[seq_len, sets, …]`; `s` are logarithms to base 2."""
    logs = s.double() * torch.log(torch.tensor(2.0, dtype=torch.float64))
    weights = logs.softmax(1).unsqueeze(-1)
    total = logs.logsumexp(1) / torch.log(torch.tensor(2.0, dtype=torch.float64))
    return (v.double() * weights).sum(1), total


def merged_in_place(
    v: Tensor, s: Tensor, v_other: Tensor, s_other: Tensor, mask: Tensor | None = None, **_: Any
) -> tuple[Tensor, Tensor]:
    """Where the mask is set, or there is none, the union; elsewhere what was there."""
    found, total = merged(torch.stack((v, v_other.to(v.dtype)), 1).double(), torch.stack((s, s_other.to(s.dtype)), 1))
    if mask is None:
        return found, total
    chosen = mask.bool()
    return (
        torch.where(chosen[:, None, None], found, v.double()),
        torch.where(chosen[:, None], total, s.double()),
    )
