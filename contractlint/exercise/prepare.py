"""Values that one fill cannot make: arguments that depend on one another."""

from __future__ import annotations

from typing import Any

_SEED = 20260323


def expert_table(arguments: dict[str, Any]) -> dict[str, Any]:
    """Keep the numbers of a counting table below the number of experts."""
    table, experts = arguments["tid2eid"], arguments["router_logits"].shape[-1]
    return {**arguments, "tid2eid": table % experts}


def target_ranks(arguments: dict[str, Any]) -> dict[str, Any]:
    """Ranks that tokens go to, and one more number, which is no rank; all tokens of all ranks are real."""
    import torch

    targets, ranks = arguments["gathered_target_rank_ids"], arguments["ep_size"]
    drawn = torch.randint(
        0, ranks + 1, targets.shape, generator=torch.Generator().manual_seed(_SEED), dtype=torch.int32
    )
    made = {**arguments, "gathered_target_rank_ids": drawn}
    if arguments.get("real_rank_token_count_cum_sum") is not None:
        counts = torch.arange(1, ranks + 1, dtype=torch.int32) * arguments["max_token_count_per_rank"]
        made["real_rank_token_count_cum_sum"] = counts
    return made


def received_tokens(arguments: dict[str, Any]) -> dict[str, Any]:
    """Tokens that a rank receives: a few from each rank, in order."""
    import torch

    generator = torch.Generator().manual_seed(_SEED)
    ranks, each = arguments["ep_size"], arguments["max_token_count_per_rank"]
    rows = [
        torch.randperm(each, generator=generator)[: each // 2 + rank].sort().values + rank * each
        for rank in range(ranks)
    ]
    indices = torch.full_like(arguments["local_gather_indices"], -1)
    gathered = torch.cat(rows).to(indices.dtype)
    indices[: len(gathered)] = gathered
    ids = arguments["gathered_expert_ids"]
    return {
        **arguments,
        "recv_rank_cum_sum": torch.tensor([len(part) for part in rows]).cumsum(0).to(torch.int32),
        "local_gather_indices": indices,
        "gathered_expert_ids": torch.randint(
            0, arguments["expert_count"], ids.shape, generator=generator, dtype=torch.int32
        ),
    }
