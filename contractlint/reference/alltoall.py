"""Planning the all-to-all of experts: which tokens a rank sends and receives, and what it receives of them.

Source: `trtllm_alltoall.cuh` (`computeSendRecvIndicesDevice`, `moeLocalGatherDevice`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one rank sends and receives, all int32; unused places of the indices hold -1.

    `send_sums` and `receive_sums` count tokens up to and with each rank. `gathered` has the number, among the tokens of
    all ranks, of each token that is received; `backward` the place of its expert among those of a token that is sent.
    """

    gathered: Tensor
    send_sums: Tensor
    send: Tensor
    receive_sums: Tensor
    receive: Tensor
    backward: Tensor


def plan_exchange(targets: Tensor, max_tokens: int, rank: int, ranks: int) -> Exchange:
    """Plan from the target ranks of all tokens, int32 `[ranks * max_tokens, top_k]`; other numbers are no rank.

    A token goes once to each rank that holds one of its experts, in the order of the tokens.
    """
    per_rank = targets.unflatten(0, (ranks, max_tokens)).long()
    top_k = targets.shape[1]
    sent: list[int] = []
    backward: list[int] = []
    gathered: list[int] = []
    send_sums: list[int] = []
    receive_sums: list[int] = []
    for other in range(ranks):
        to_other = per_rank[rank] == other
        tokens = to_other.any(-1).nonzero().flatten()
        sent += tokens.tolist()
        backward += (tokens * top_k + to_other[tokens].int().argmax(-1)).tolist()
        send_sums.append(len(sent))
        from_other = (per_rank[other] == rank).any(-1).nonzero().flatten() + other * max_tokens
        gathered += from_other.tolist()
        receive_sums.append(len(gathered))
    places = max_tokens * max(top_k, ranks)
    return Exchange(
        _filled(gathered, max_tokens * ranks),
        torch.tensor(send_sums, dtype=torch.int32),
        _filled(sent, places),
        torch.tensor(receive_sums, dtype=torch.int32),
        _filled(list(range(len(gathered))), max_tokens * ranks),
        _filled(backward, places),
    )


def received(
    receive_sums: Tensor, gathered: Tensor, experts: Tensor, scales: Tensor, expert_count: int
) -> tuple[Tensor, Tensor]:
    """Experts and scales of the tokens that a rank receives; rows behind them hold `expert_count` and 0.

    Args:
        receive_sums: `[ranks]`; gathered: `[local_tokens]`, as in `Exchange`.
        experts: `[tokens, top_k]` of all ranks; scales: the same shape.
    """
    count = int(receive_sums[-1])
    rows = gathered[:count].long()
    local_experts = torch.full((len(gathered), experts.shape[1]), expert_count, dtype=torch.int64)
    local_scales = torch.zeros(len(gathered), experts.shape[1], dtype=torch.float64)
    local_experts[:count] = experts[rows].long()
    local_scales[:count] = scales[rows].double()
    return local_experts, local_scales


def _filled(values: list[int], size: int) -> Tensor:
    found = torch.full((size,), -1, dtype=torch.int32)
    found[: len(values)] = torch.tensor(values, dtype=torch.int32)
    return found
