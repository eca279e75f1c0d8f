"""The all-to-all of experts, as far as one GPU goes: planning and gathering. The exchange itself needs several."""

from __future__ import annotations

from contractlint.exercise.recipes.base import Argument, Fill, Recipe, constant

_HOME = "flashinfer.comm.trtllm_alltoall"
_REFERENCES = "contractlint.exercise.references"
_PREPARE = "contractlint.exercise.prepare"
_RANKS, _TOKENS, _TOP_K, _EXPERTS = 4, 32, 4, 16
_SIZES = {
    "ep_size": _RANKS, "top_k": _TOP_K, "gathered_tokens": _RANKS * _TOKENS, "local_tokens": _RANKS * _TOKENS,
}  # fmt: skip
_SETTINGS = {
    "max_token_count_per_rank": constant(_TOKENS),
    "expert_count": constant(_EXPERTS),
    "top_k": constant(_TOP_K),
    "ep_rank": constant(1),
    "ep_size": constant(_RANKS),
}
_ROWS = ("gathered_tokens", "top_k")
_LOCAL = ("local_tokens", "top_k")

RECIPES = (
    Recipe(
        f"{_HOME}.moe_comm_prepare_indices", _SIZES,
        {"gathered_target_rank_ids": Argument(Fill.MADE, "int32", _ROWS),
         "real_rank_token_count_cum_sum": Argument(Fill.MADE, "int32", ("ep_size",), optional=True),
         **_SETTINGS},
        results=("return",) * 6, prepare=f"{_PREPARE}:target_ranks", reference=f"{_REFERENCES}:planned_exchange",
        module="comm_alltoall", compile_seconds=60,
    ),
    Recipe(
        f"{_HOME}.moe_local_gather", _SIZES,
        {"recv_rank_cum_sum": Argument(Fill.MADE, "int32", ("ep_size",)),
         "local_gather_indices": Argument(Fill.MADE, "int32", ("local_tokens",)),
         "gathered_expert_ids": Argument(Fill.MADE, "int32", _ROWS),
         "gathered_scales": Argument(Fill.POSITIVE, "float32", _ROWS),
         "local_expert_ids": Argument(Fill.EMPTY, "int32", _LOCAL),
         "local_scales": Argument(Fill.EMPTY, "float32", _LOCAL),
         **_SETTINGS},
        results=("local_expert_ids", "local_scales"), prepare=f"{_PREPARE}:received_tokens",
        reference=f"{_REFERENCES}:received_experts", module="comm_alltoall", compile_seconds=60,
    ),
)  # fmt: skip
