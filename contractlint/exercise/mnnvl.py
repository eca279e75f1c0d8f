"""The two-sided all-to-all of experts, over memory that each rank maps from the others (`MnnvlMoe` and what it calls).

Handles of memory are file descriptors on hosts of x86, so neither fabric handles nor NVLink between hosts are needed. All
ranks pass the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from contractlint.exercise.collective import place

_SEED = 9
TOKENS, TOP_K, EXPERTS = 32, 2, 8


def tokens(arguments: dict[str, Any]) -> dict[str, Any]:
    """Choose different experts for each token; ids and scales of all ranks where they are gathered already."""
    generator = torch.Generator().manual_seed(_SEED)
    drawn = torch.rand(TOKENS, EXPERTS, generator=generator).argsort(-1)[:, :TOP_K].to(torch.int32)
    ranks = place()[1]
    gathered = drawn.repeat(ranks, 1)
    made = {
        "expert_ids": drawn,
        "experts_ids": drawn,
        "gathered_expert_ids": gathered,
        "gathered_target_rank_ids": gathered // (EXPERTS // ranks),
        "real_rank_token_count_cumsum": torch.arange(1, ranks + 1, dtype=torch.int32) * TOKENS,
    }
    rest = {"x": torch.randn(TOKENS, 512, generator=generator).to(torch.bfloat16), "chosen": drawn}
    return rest | {name: made.get(name, value) for name, value in arguments.items()}


def halves(arguments: dict[str, Any]) -> dict[str, Any]:
    """Each rank sends half of its rows to each of two ranks, and lays what it receives out of order."""
    generator = torch.Generator().manual_seed(_SEED)
    rows = len(arguments["input"])
    sums = torch.tensor([rows // 2, rows], dtype=torch.int32)
    made = {"send_rank_cum_sum": sums, "recv_rank_cum_sum": sums.clone()}
    orders = [torch.randperm(rows, generator=generator).to(torch.int32) for _ in range(2)]
    return {**arguments, **made, "send_indices": orders[0], "recv_indices": orders[1]}


def _workspaces() -> tuple[Tensor, Tensor]:
    """What rows are sent through, and what a plan is exchanged through."""
    from flashinfer.comm import Mapping
    from flashinfer.comm.mnnvl import MnnvlConfig, TorchDistBackend
    from flashinfer.comm.trtllm_alltoall import MnnvlMoe
    from torch import distributed

    rank, ranks = place()
    mapping = Mapping(world_size=ranks, rank=rank, tp_size=ranks, moe_ep_size=ranks)
    config = MnnvlConfig(comm_backend=TorchDistBackend())
    found = MnnvlMoe.get_moe_workspaces(mapping, config), MnnvlMoe.get_moe_prepare_workspace(mapping, config)
    torch.cuda.synchronize()
    distributed.barrier()
    return found


def sent(**given: Any) -> None:
    """Send rows by indices that are given."""
    from flashinfer.comm import trtllm_alltoall

    trtllm_alltoall.moe_comm(**given, all_workspaces=_workspaces()[0], ep_rank=place()[0], ep_size=place()[1])


def received_halves(input: Tensor, output: Tensor, send_indices: Tensor, recv_indices: Tensor, **_: Any) -> Tensor:
    """The rows for this rank, from either rank; other rows stay what they were."""
    rank, ranks = place()
    half = len(input) // 2
    mine = input[send_indices[rank * half : (rank + 1) * half].long()]
    found = output.double().clone()
    found[recv_indices.long()] = mine.repeat(ranks, 1).double()
    return found


def planned(**given: Any) -> tuple[Tensor, ...]:
    """Plan without gathering before, send each token to the ranks of its experts, and add up what comes back."""
    from flashinfer.comm.trtllm_alltoall import MnnvlMoe

    x, _ = given.pop("x"), given.pop("chosen")
    workspaces, (rank, ranks) = _workspaces(), place()
    ids = given.pop("experts_ids", given.get("expert_ids"))
    sizes = (TOKENS, rank, ranks, given["expert_count"], given["slot_count"], TOP_K)
    info, _, scales, statics = MnnvlMoe.mnnvl_moe_alltoallv_prepare_without_allgather(
        ids, given["scales"], given.get("experts_statics"), workspaces[1], *sizes
    )
    found = _returned(x, info, workspaces[0]), _total(scales, info)
    return found if statics is None else (*found, statics)


def planned_from_all(**given: Any) -> tuple[Tensor, Tensor]:
    """The same, from ids that all ranks gathered."""
    from flashinfer.comm.trtllm_alltoall import MnnvlMoe

    x, _ = given.pop("x"), given.pop("chosen")
    workspaces, (rank, ranks) = _workspaces(), place()
    info, _, scales = MnnvlMoe.mnnvl_moe_alltoallv_prepare(
        *(given[name] for name in ("gathered_target_rank_ids", "real_rank_token_count_cumsum")),
        given["gathered_expert_ids"], given["gathered_scales"], TOKENS, EXPERTS, TOP_K, rank, ranks,
    )  # fmt: skip
    return _returned(x, info, workspaces[0]), _total(scales, info)


def _returned(x: Tensor, info: Any, workspace: Tensor) -> Tensor:
    from flashinfer.comm.trtllm_alltoall import MnnvlMoe

    rank, ranks = place()
    received = MnnvlMoe.mnnvl_moe_alltoallv(x, info, workspace, rank, ranks)
    found: Tensor = MnnvlMoe.mnnvl_moe_alltoallv_combine(received, info, workspace, rank, ranks, TOP_K, TOKENS)
    return found


def _total(scales: Tensor, info: Any) -> Tensor:
    """What the scales of received tokens add up to, whatever their order."""
    return scales[: int(info.recv_rank_count_cumsum[-1])].double().sum(0)


def returned(x: Tensor, chosen: Tensor, **given: Any) -> tuple[Tensor, ...]:
    """Each token comes back once from each rank that has an expert of it; counts of experts come from all ranks."""
    rank, ranks = place()
    homes = chosen.long() // (EXPERTS // ranks)
    goes = torch.stack([(homes == other).any(-1) for other in range(ranks)])
    scales = given["scales"].repeat(ranks, 1) if "scales" in given else given["gathered_scales"]
    received = scales.double().unflatten(0, (ranks, TOKENS))[:, goes[rank]]
    found = goes.sum(0).unsqueeze(-1) * x.double(), received.flatten(0, 1).sum(0)
    return (*found, given["experts_statics"].expand(ranks, -1)) if "experts_statics" in given else found
