"""What exchanges data between GPUs: all-reduce with what follows it, and the all-to-all of experts."""

from __future__ import annotations

from collections.abc import Mapping

from contractlint.exercise.recipes.base import Argument, DtypeName, Fill, Recipe, constant

_HOME = "contractlint.exercise.collective"
_ROWS = {"num_tokens": 16, "hidden_size": 7168, "num_experts": 4, "top_k": 4}
_EXCHANGED = {"ep_size": 2, "runtime_max_tokens_per_rank": 32, "hidden_size": 512, "local_num_tokens": 32, "top_k": 2}
_TOKENS = ("num_tokens", "hidden_size")
_ROW = Argument(dtype="float16", shape=_TOKENS)
_WEIGHT = Argument(Fill.POSITIVE, "float16", ("hidden_size",))
_RESULT = Argument(Fill.EMPTY, "float16", _TOKENS)
_NO_PDL = {"launch_with_pdl": constant(False)}


def _reduce(
    name: str, arguments: Mapping[str, Argument], results: tuple[str, ...], made: str, reference: str
) -> Recipe:
    return Recipe(
        f"flashinfer.comm.{name}", _ROWS, {**arguments, **_NO_PDL}, results,
        prepare=f"{_HOME}:{made}", reference=f"{_HOME}:{reference}", module="trtllm_comm", compile_seconds=120, ranks=2,
        variant="sum" if reference == "reduced" else "",
    )  # fmt: skip


def _exchange(name: str, call: str, arguments: Mapping[str, Argument]) -> Recipe:
    return Recipe(
        f"flashinfer.comm.{name}", _EXCHANGED, arguments,
        prepare=f"{_HOME}:tokens", reference=f"{_HOME}:exchanged", call=f"{_HOME}:{call}", tolerance={"": 0.015},
        module="moe_alltoall", compile_seconds=60, ranks=2,
    )  # fmt: skip


_EXPERTS = {"token_selected_experts": Argument(Fill.MADE, "int32", ("local_num_tokens", "top_k"))}
_COUNTS = {"top_k": constant(2), "num_experts": constant(8)}
_PAYLOAD = {"payload": Argument(shape=("ep_size", "runtime_max_tokens_per_rank", "hidden_size"))}
_WORKSPACE = Argument(Fill.ZEROS, "uint8", ("1", "262144"))

RECIPES = (
    _reduce(
        "allreduce_fusion",
        {"input": Argument(dtype="float16", shape=_TOKENS, own_scheme=True), "pattern": constant(1),
         "residual_in": _ROW, "rms_gamma": _WEIGHT, "rms_eps": constant(1e-5),
         "residual_out": _RESULT, "norm_out": _RESULT},
        ("residual_out", "norm_out"), "fusion_workspace", "reduced_and_normed",
    ),
    _reduce(
        "allreduce_fusion",
        {"input": Argument(dtype="float16", shape=_TOKENS, own_scheme=True), "pattern": constant(0), "output": _RESULT},
        ("output",), "fusion_workspace", "reduced",
    ),
    _reduce(
        "trtllm_moe_allreduce_fusion",
        {"token_num": constant(16), "hidden_dim": constant(7168),
         "moe_reduction_device_num_experts": constant(4), "scale_factor": constant(1.0),
         "moe_reduction_scale_input": Argument(Fill.POSITIVE, "float32", ("num_experts", "num_tokens")),
         "moe_reduction_active_experts_token_input": Argument(
             dtype="float16", shape=("num_experts * num_tokens", "hidden_size"), own_scheme=True),
         "moe_reduction_token_input": _ROW, "residual_in": _ROW, "rms_gamma": _WEIGHT, "rms_eps": constant(1e-5),
         "layout_code": constant(None), "moe_allreduce_out": _RESULT, "residual_out": _RESULT, "norm_out": _RESULT,
         "quant_out": constant(None), "scale_out": constant(None)},
        ("moe_allreduce_out", "residual_out", "norm_out"), "pointers", "reduced_experts",
    ),
    _reduce(
        "trtllm_moe_finalize_allreduce_fusion",
        {"allreduce_in": Argument(dtype="float16", shape=("num_tokens * top_k", "hidden_size")),
         "residual_in": Argument(dtype="float16", shape=_TOKENS, own_scheme=True), "norm_weight": _WEIGHT,
         "expanded_idx_to_permuted_idx": Argument(Fill.MADE, "int32", ("num_tokens", "top_k")),
         "norm_out": _RESULT, "residual_out": _RESULT, "quant_out": constant(None), "scale_out": constant(None),
         "eps": constant(1e-5), "shared_expert_output": _ROW, "routed_scaling_factor": constant(None),
         "expert_scale_factor": Argument(Fill.POSITIVE, "float16", ("num_tokens", "top_k"))},
        ("residual_out", "norm_out"), "pointers", "finalized_experts",
    ),
    _exchange("moe_a2a_dispatch", "exchange", _EXPERTS | _COUNTS),
    _exchange("moe_a2a_combine", "exchange", {**_PAYLOAD, "top_k": constant(2)}),
    _exchange("MoeAlltoAll.dispatch", "exchange_by_object", _EXPERTS),
    _exchange("MoeAlltoAll.combine", "exchange_by_object", _PAYLOAD),
    _exchange(
        "MoeAlltoAll", "exchange_by_object",
        {**_COUNTS, "hidden_size": constant(2048), "workspace_size_per_rank": constant(None),
         "backend": constant("trtllm")},
    ),
    Recipe(
        "flashinfer.comm.moe_a2a_active_rank_mask", {}, {"ep_size": constant(64)}, call=f"{_HOME}:all_active",
        reference=f"{_HOME}:ones", compile_seconds=0,
    ),
    Recipe(
        "flashinfer.comm.moe_a2a_initialize", {"ep_size": 1, "size_per_rank": 262144}, {"workspace": _WORKSPACE},
        judge=f"{_HOME}:lies_inside", call=f"{_HOME}:initialized", module="moe_alltoall", compile_seconds=60,
    ),
    Recipe(
        "flashinfer.comm.moe_a2a_sanitize_expert_ids", _EXCHANGED,
        {"expert_ids": Argument(Fill.COUNTING, "int32", ("1", "runtime_max_tokens_per_rank", "top_k")),
         "workspace": _WORKSPACE, "metainfo": Argument(Fill.ZEROS, "int64", ("16",)),
         "ep_rank": constant(0), "invalid_expert_id": constant(-1)},
        results=("expert_ids",), reference=f"{_HOME}:no_experts", call=f"{_HOME}:sanitized", module="moe_alltoall",
        compile_seconds=60,
    ),
    Recipe(
        "flashinfer.comm.moe_a2a_wrap_payload_tensor_in_workspace", {"ep_size": 2, "size_per_rank": 4096},
        {"workspace": Argument(Fill.RANDOM_BYTES, "uint8", ("ep_size", "size_per_rank")),
         "leading_shape": constant([2, 4]), "slice_start": constant(1024), "slice_end": constant(2048),
         "dtype": constant(DtypeName("int32"))},
        reference=f"{_HOME}:wrapped", module="", compile_seconds=0,
    ),
)  # fmt: skip
