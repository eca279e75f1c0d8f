"""Attention, one request at a time or over pages, and what goes with it: appending, merging."""

from __future__ import annotations

from collections.abc import Mapping

from contractlint.exercise.recipes.base import Argument, Fill, Recipe, constant

_REFERENCES = "contractlint.exercise.references"
_PAGED = "contractlint.exercise.paged"
_SIZES = {"qo_len": 17, "kv_len": 61, "num_qo_heads": 8, "num_kv_heads": 2, "head_dim": 128}
_KEYS = Argument(dtype="float16", shape=("kv_len", "num_kv_heads", "head_dim"))
# Three requests: 40 queries and 102 keys in 8 pages of 16.
_BATCH = {
    "requests": 3, "queries": 40, "keys": 102, "pages": 8, "used_pages": 8, "page_size": 16, "num_qo_heads": 8, "num_kv_heads": 2,
    "head_dim": 128, "ckv_dim": 512, "kpe_dim": 64,
}  # fmt: skip
_CACHE = Argument(dtype="float16", shape=("pages", "2", "page_size", "num_kv_heads", "head_dim"))
_STATES = {"seq_len": 29, "num_states": 3, "num_heads": 8, "head_dim": 128}
_STATE = Argument(dtype="float16", shape=("seq_len", "num_heads", "head_dim"))
_SUM = Argument(dtype="float32", shape=("seq_len", "num_heads"))


def _wrapper(name: str, call: str, reference: str, arguments: Mapping[str, Argument], seconds: int) -> Recipe:
    return Recipe(
        f"flashinfer.{name}", _BATCH, arguments, call=f"{_PAGED}:{call}", reference=f"{_PAGED}:{reference}",
        module=call, compile_seconds=seconds,
    )  # fmt: skip


def _xqa(variant: str, more: Mapping[str, Argument]) -> Recipe:
    return Recipe(
        "flashinfer.decode.trtllm_batch_decode_with_kv_cache", _BATCH,
        {"query": _half("requests", "num_qo_heads", "head_dim"),
         "kv_cache": _half("pages", "2", "num_kv_heads", "page_size", "head_dim"),
         "block_tables": Argument(Fill.MADE, "int32", ("requests", "4")),
         "seq_lens": Argument(Fill.MADE, "int32", ("requests",)), "max_seq_len": constant(64),
         "bmm1_scale": constant(128**-0.5), "bmm2_scale": constant(1.0), "backend": constant("xqa"), **more},
        prepare=f"{_PAGED}:paging", call=f"{_PAGED}:decode_xqa", reference=f"{_PAGED}:decoded_by_heads", module="xqa",
        compile_seconds=60, variant=variant,
    )  # fmt: skip


def _half(*shape: str) -> Argument:
    return Argument(dtype="float16", shape=shape)


RECIPES = (
    Recipe(
        "flashinfer.single_decode_with_kv_cache", _SIZES,
        {"q": Argument(dtype="float16", shape=("num_qo_heads", "head_dim")), "k": _KEYS, "v": _KEYS},
        reference=f"{_REFERENCES}:decode", module="single_decode", compile_seconds=40,
    ),
    Recipe(
        "flashinfer.single_prefill_with_kv_cache", _SIZES,
        {"q": Argument(dtype="float16", shape=("qo_len", "num_qo_heads", "head_dim")), "k": _KEYS, "v": _KEYS,
         "causal": constant(True), "backend": constant("fa2")},
        reference=f"{_REFERENCES}:prefill", module="single_prefill", compile_seconds=60,
    ),
    _wrapper(
        "BatchDecodeWithPagedKVCacheWrapper.run", "decode", "decoded",
        {"q": _half("requests", "num_qo_heads", "head_dim"), "paged_kv_cache": _CACHE}, 60,
    ),
    _wrapper(
        "BatchAttentionWithAttentionSinkWrapper.run", "paged_prefill", "prefilled",
        {"q": _half("queries", "num_qo_heads", "head_dim"), "paged_kv_cache": _CACHE}, 90,
    ),
    _wrapper(
        "BatchPrefillWithRaggedKVCacheWrapper.run", "ragged_prefill", "prefilled_ragged",
        {"q": _half("queries", "num_qo_heads", "head_dim"), "k": _half("keys", "num_kv_heads", "head_dim"),
         "v": _half("keys", "num_kv_heads", "head_dim")}, 90,
    ),
    _wrapper(
        "BatchMLAPagedAttentionWrapper.run", "latent", "attended_latent",
        {"q_nope": _half("requests", "num_qo_heads", "ckv_dim"), "q_pe": _half("requests", "num_qo_heads", "kpe_dim"),
         "ckv_cache": _half("pages", "page_size", "ckv_dim"), "kpe_cache": _half("pages", "page_size", "kpe_dim")}, 60,
    ),
    _xqa("", {}),
    _xqa("sinks", {"sinks": Argument(dtype="float32", shape=("num_qo_heads",))}),
    Recipe(
        "flashinfer.append_paged_kv_cache", _BATCH,
        {"append_key": _half("keys", "num_kv_heads", "head_dim"),
         "append_value": _half("keys", "num_kv_heads", "head_dim"),
         "batch_indices": Argument(Fill.MADE, "int32", ("keys",)), "positions": Argument(Fill.MADE, "int32", ("keys",)),
         "paged_kv_cache": _CACHE, "kv_indices": Argument(Fill.MADE, "int32", ("used_pages",)),
         "kv_indptr": Argument(Fill.MADE, "int32", ("requests + 1",)),
         "kv_last_page_len": Argument(Fill.MADE, "int32", ("requests",))},
        results=("paged_kv_cache",), prepare=f"{_PAGED}:appending", reference=f"{_PAGED}:appended", module="page",
        compile_seconds=40,
    ),
    Recipe(
        "flashinfer.merge_states", _STATES,
        {"v": _half("seq_len", "num_states", "num_heads", "head_dim"),
         "s": Argument(dtype="float32", shape=("seq_len", "num_states", "num_heads"))},
        results=("return", "return"), reference=f"{_PAGED}:merged", module="cascade", compile_seconds=30,
    ),
    Recipe(
        "flashinfer.merge_state_in_place", _STATES,
        {"v": _STATE, "s": _SUM, "v_other": _STATE, "s_other": _SUM,
         "mask": Argument(Fill.SIGNS, "bool", ("seq_len",), optional=True)},
        results=("v", "s"), reference=f"{_PAGED}:merged_in_place", module="cascade", compile_seconds=30,
    ),
)  # fmt: skip
