"""The two-sided all-to-all of experts: `MnnvlMoe`, and the functions behind it."""

from __future__ import annotations

from collections.abc import Mapping

from contractlint.exercise.recipes.base import Argument, Fill, Recipe, constant

_HOME = "contractlint.exercise.mnnvl"
_PLACE = "flashinfer.comm.trtllm_alltoall"
_SIZES = {
    "num_tokens": 32, "num_rows": 32, "send_count": 32, "recv_count": 32, "output_rows": 32, "columns": 512, "top_k": 2,
    "ep_size": 2, "num_experts": 8,
}  # fmt: skip
_COUNTS = {"expert_count": constant(8), "slot_count": constant(8)}
_X = Argument(shape=("num_rows", "columns"))


def _ints(*shape: str) -> Argument:
    return Argument(Fill.MADE, "int32", shape)


def _planned(name: str, arguments: Mapping[str, Argument], call: str = "planned") -> Recipe:
    results = ("return",) * (3 if "experts_statics" in arguments else 2)
    return Recipe(
        f"{_PLACE}.{name}", _SIZES, arguments, results=results, call=f"{_HOME}:{call}",
        prepare=f"{_HOME}:tokens", reference=f"{_HOME}:returned", module="comm", compile_seconds=60, ranks=2,
    )  # fmt: skip


_SCALES = Argument(Fill.POSITIVE, "float32", ("num_tokens", "top_k"))
_GATHERED = ("ep_size * num_tokens", "top_k")
_PLAN = {"expert_ids": _ints("num_tokens", "top_k"), "scales": _SCALES, **_COUNTS}

RECIPES = (
    Recipe(
        f"{_PLACE}.moe_comm", _SIZES,
        {"input": _X, "send_rank_cum_sum": _ints("ep_size"), "send_indices": _ints("send_count"),
         "output": Argument(Fill.EMPTY, shape=("output_rows", "columns")), "recv_rank_cum_sum": _ints("ep_size"),
         "recv_indices": _ints("recv_count")},
        results=("output",), call=f"{_HOME}:sent", prepare=f"{_HOME}:halves", reference=f"{_HOME}:received_halves",
        module="comm", compile_seconds=60, ranks=2,
    ),
    _planned(
        "moe_prepare",
        {"experts_ids": _ints("num_tokens", "top_k"), "scales": _SCALES,
         "experts_statics": Argument(Fill.COUNTING, "int32", ("num_experts",)), **_COUNTS},
    ),
    _planned("MnnvlMoe.mnnvl_moe_alltoallv_prepare_without_allgather", _PLAN),
    _planned(
        "MnnvlMoe.mnnvl_moe_alltoallv_prepare",
        {"gathered_target_rank_ids": _ints(*_GATHERED), "real_rank_token_count_cumsum": _ints("ep_size"),
         "gathered_expert_ids": _ints(*_GATHERED), "gathered_scales": Argument(Fill.POSITIVE, "float32", _GATHERED)},
        "planned_from_all",
    ),
)  # fmt: skip
