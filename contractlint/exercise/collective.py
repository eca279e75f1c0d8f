"""What several ranks need to call one entry point together: a group of processes, and memory that all of them reach.

No NVLink multicast is asked for: buffers are mapped by each of the GPUs, which any host with peer access can do.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from contractlint.exercise.references import rmsnorm

_SEED = 5
_TOKENS, _HIDDEN, _EXPERTS, _TOP_K = 32, 512, 8, 2
_ROOM = 2048  # hidden dimension that the workspace of the all-to-all has room for: float32 fits too


_KEPT: list[Any] = []  # workspaces, whose memory is given back with them


def join(rank: int, ranks: int, meeting: str, device: str) -> None:
    """Become one of the ranks that meet at a file; each has a GPU of its own, unless there are too few.

    Ranks that share a GPU take turns on it, and NCCL refuses them.
    """
    from torch import distributed

    gpus = torch.cuda.device_count() if device == "cuda" else 0
    if gpus:
        torch.cuda.set_device(rank % gpus)
    distributed.init_process_group(
        "nccl" if gpus >= ranks else "gloo", init_method=f"file://{meeting}", rank=rank, world_size=ranks
    )


def place() -> tuple[int, int]:
    """This process's rank, and how many there are."""
    from torch import distributed

    return distributed.get_rank(), distributed.get_world_size()


def fusion_workspace(arguments: dict[str, Any]) -> dict[str, Any]:
    """Add the workspace of the all-reduce that fuses a norm."""
    from flashinfer.comm import create_allreduce_fusion_workspace
    from flashinfer.comm.mnnvl import TorchDistBackend

    rank, ranks = place()
    tokens, hidden = arguments["input"].shape
    return arguments | {
        "workspace": create_allreduce_fusion_workspace(
            backend="trtllm", world_size=ranks, rank=rank, max_token_num=tokens, hidden_dim=hidden,
            dtype=arguments["input"].dtype, comm_backend=TorchDistBackend(),
        )
    }  # fmt: skip


def pointers(arguments: dict[str, Any]) -> dict[str, Any]:
    """Add the addresses of all ranks' buffers, and rows of permuted tokens where they are asked for."""
    from flashinfer.comm import trtllm_create_ipc_workspace_for_all_reduce_fusion as create
    from torch import distributed

    rank, ranks = place()
    tokens, hidden = arguments["residual_in"].shape
    sizes = {"tp_rank": rank, "tp_size": ranks, "max_token_num": 8 * tokens, "hidden_dim": hidden}
    try:
        made = create(**sizes, group=distributed.group.WORLD)
    except RuntimeError:
        # Later releases ask PyTorch for the memory, which refuses ranks that share a GPU.
        made = create(**sizes, create_metadata=True, use_symm_dev_mem=True)
    found = {**arguments, "workspace_ptrs": made[1], "world_rank": rank, "world_size": ranks}
    if "expanded_idx_to_permuted_idx" in found:
        rows = torch.randperm(len(found["allreduce_in"]), generator=torch.Generator().manual_seed(_SEED))
        found["expanded_idx_to_permuted_idx"] = rows.reshape(tokens, -1).to(torch.int32)
    _KEPT.append(made)
    return found


def reduced_and_normed(
    input: Tensor, residual_in: Tensor, rms_gamma: Tensor, rms_eps: float, **_: Any
) -> tuple[Tensor, Tensor]:
    """Returns (the sum over ranks and the residual, its norm). All ranks pass the same."""
    total = place()[1] * input.double() + residual_in.double()
    return total, rmsnorm(total, rms_gamma, rms_eps)


def reduced(input: Tensor, **_: Any) -> Tensor:
    """The sum over ranks."""
    return place()[1] * input.double()


def reduced_experts(
    moe_reduction_scale_input: Tensor,
    moe_reduction_active_experts_token_input: Tensor,
    moe_reduction_token_input: Tensor,
    residual_in: Tensor,
    rms_gamma: Tensor,
    rms_eps: float,
    **_: Any,
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns (the weighed sum over experts and ranks, that and the residual, the norm)."""
    scales = moe_reduction_scale_input.double()
    experts = moe_reduction_active_experts_token_input.double().reshape(*scales.shape, -1)
    mine = (scales.unsqueeze(-1) * experts).sum(0) + moe_reduction_token_input.double()
    total = place()[1] * mine
    return total, *reduced_and_normed(mine, residual_in, rms_gamma, rms_eps)


def finalized_experts(
    allreduce_in: Tensor,
    residual_in: Tensor,
    norm_weight: Tensor,
    expanded_idx_to_permuted_idx: Tensor,
    eps: float,
    shared_expert_output: Tensor,
    expert_scale_factor: Tensor,
    **_: Any,
) -> tuple[Tensor, Tensor]:
    """Returns (the sum of each token's experts over ranks and the residual, its norm)."""
    rows = allreduce_in.double()[expanded_idx_to_permuted_idx.long()]
    mine = (rows * expert_scale_factor.double().unsqueeze(-1)).sum(1) + shared_expert_output.double()
    return reduced_and_normed(mine, residual_in, norm_weight, eps)


def tokens(arguments: dict[str, Any]) -> dict[str, Any]:
    """Choose different experts for each token, and add what the call at hand does not take.

    Of a payload all rows are alike: where a token's row lies is not defined.
    """
    generator = torch.Generator().manual_seed(_SEED)
    drawn = torch.rand(_TOKENS, _EXPERTS, generator=generator).argsort(-1)[:, :_TOP_K].to(torch.int32)
    made = {
        "num_experts": _EXPERTS,
        "top_k": _TOP_K,
        "hidden_size": _ROOM,
        "input_payloads[0]": torch.randn(_TOKENS, _HIDDEN, generator=generator).to(torch.bfloat16),
        **arguments,
        "token_selected_experts": drawn,
    }
    if "payload" in made:
        made["payload"] = made["payload"][:1, :1].expand_as(made["payload"]).contiguous()
    return made


def exchange(**given: Any) -> Tensor:
    """Send tokens to the ranks of their experts, and add up what comes back: the functions of the all-to-all."""
    from flashinfer import comm

    rank, ranks = place()
    whole = _alltoall({**given, "top_k": _TOP_K})
    places = (_TOKENS, rank, ranks, given["top_k"])
    received, offset, *_ = comm.moe_a2a_dispatch(  # later releases return statistics, too

        given["token_selected_experts"], list(given["input_payloads"]), whole.workspace, whole.metainfo, *places,
        given["num_experts"],
    )  # fmt: skip
    payload = given["payload"] if given.get("payload") is not None else received[0]
    found: Tensor = comm.moe_a2a_combine(payload, _TOKENS, whole.workspace, whole.metainfo, *places, offset)
    return found


def exchange_by_object(**given: Any) -> Tensor:
    """The same through the class that holds the workspace."""
    whole = _alltoall(given)
    payloads = list(given["input_payloads"])
    received = whole.dispatch(given["token_selected_experts"], payloads, _TOKENS)
    payload = given["payload"] if given.get("payload") is not None else received[0]
    found: Tensor = whole.combine(payload, _TOKENS)
    return found


def _alltoall(given: dict[str, Any]) -> Any:
    from flashinfer.comm import Mapping, MoeAlltoAll
    from flashinfer.comm.mnnvl import MnnvlConfig, TorchDistBackend
    from torch import distributed

    rank, ranks = place()
    named = {name: given[name] for name in ("top_k", "num_experts", "hidden_size", "backend") if name in given}
    made = MoeAlltoAll(
        Mapping(world_size=ranks, rank=rank, tp_size=ranks, moe_ep_size=ranks),
        max_num_tokens=_TOKENS,
        mnnvl_config=MnnvlConfig(comm_backend=TorchDistBackend()),
        **named,
    )
    torch.cuda.synchronize()
    distributed.barrier()  # nobody sends into a workspace that is still being cleared
    return made


def exchanged(
    token_selected_experts: Tensor,
    input_payloads: tuple[Tensor, ...],
    num_experts: int,
    payload: Tensor | None = None,
    **_: Any,
) -> Tensor:
    """Each token comes back once from each rank that has an expert of it; payloads have the same row for all tokens."""
    ranks = place()[1]
    homes = token_selected_experts.long() // (num_experts // ranks)
    times = torch.stack([(homes == rank).any(-1) for rank in range(ranks)]).sum(0)
    rows = input_payloads[0].double() if payload is None else payload.double().flatten(0, 1)[:1]
    return times.unsqueeze(-1) * rows


def initialized(**given: Any) -> Tensor:
    """Where the parts of a workspace lie, on the device as the other tensors."""
    from flashinfer import comm

    found: Tensor = comm.moe_a2a_initialize(given["workspace"], 0, 1, _TOKENS)
    return found


def lies_inside(results: list[Tensor], arguments: dict[str, Any]) -> float:
    """Zero when what is told are places inside of the workspace."""
    (places,) = results
    inside = (
        places.dtype == torch.int64 and int(places.min()) >= 0 and int(places.max()) < arguments["workspace"].numel()
    )
    return 0.0 if inside else 1.0


def sanitized(**given: Any) -> None:
    """Replace the expert ids of rows without a token, in a workspace into which nobody has sent any."""
    from flashinfer import comm

    places = comm.moe_a2a_initialize(given["workspace"], 0, 1, _TOKENS).to(given["metainfo"].dtype)
    comm.moe_a2a_sanitize_expert_ids(
        given["expert_ids"], given["workspace"], places, given["ep_rank"], given["invalid_expert_id"]
    )


def no_experts(expert_ids: Tensor, invalid_expert_id: int, **_: Any) -> Tensor:
    """None of the rows holds a token."""
    return torch.full_like(expert_ids, invalid_expert_id)


def all_active(ep_size: int) -> Tensor:
    """The mask in which all ranks take part."""
    from flashinfer import comm

    found: Tensor = comm.moe_a2a_active_rank_mask(range(ep_size), ep_size)
    return found


def ones(ep_size: int) -> Tensor:
    """One bit for each rank, 64 in a word."""
    counts = [min(64, ep_size - first) for first in range(0, ep_size, 64)]
    return torch.tensor([(1 << count) - 1 for count in counts], dtype=torch.uint64)


def wrapped(
    workspace: Tensor, leading_shape: list[int], slice_start: int, slice_end: int, dtype: torch.dtype, **_: Any
) -> Tensor:
    """Bytes of one rank's row, as another dtype."""
    if slice_start < 0:
        raise ValueError("there is nothing before the workspace")
    part = workspace.contiguous().view(torch.uint8).flatten()[slice_start:slice_end]
    return part.view(dtype).view(*leading_shape, -1)
