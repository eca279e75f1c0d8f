"""Planning of the all-to-all: what it must hold to, whatever the tokens want."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from hypothesis import given
from hypothesis import strategies as st

from contractlint.reference.alltoall import plan_exchange, received

RANKS, TOKENS, TOP_K = 3, 4, 2
TARGETS = st.lists(st.integers(0, RANKS), min_size=RANKS * TOKENS * TOP_K, max_size=RANKS * TOKENS * TOP_K)


def test_a_token_goes_once_to_each_rank_that_it_wants() -> None:
    targets = torch.full((2 * 2, 2), 2, dtype=torch.int32)  # 2 is no rank
    targets[0] = torch.tensor([1, 1])  # token 0 of rank 0 wants rank 1 twice
    targets[3] = torch.tensor([2, 0])  # token 1 of rank 1 wants rank 0
    plan = plan_exchange(targets, 2, 0, 2)
    assert plan.send.tolist() == [0, -1, -1, -1] and plan.send_sums.tolist() == [0, 1]
    assert plan.backward.tolist() == [0, -1, -1, -1]
    assert plan.gathered.tolist() == [3, -1, -1, -1] and plan.receive_sums.tolist() == [0, 1]


@given(TARGETS)
def test_what_one_rank_sends_the_other_receives(wanted: list[int]) -> None:
    targets = torch.tensor(wanted, dtype=torch.int32).reshape(-1, TOP_K)
    plans = [plan_exchange(targets, TOKENS, rank, RANKS) for rank in range(RANKS)]
    for sender in range(RANKS):
        for receiver in range(RANKS):
            sent = plans[sender].send[slice(*_span(plans[sender].send_sums, receiver))] + sender * TOKENS
            got = plans[receiver].gathered[slice(*_span(plans[receiver].receive_sums, sender))]
            assert sent.tolist() == got.tolist()


def _span(sums: torch.Tensor, rank: int) -> tuple[int, int]:
    return (int(sums[rank - 1]) if rank else 0), int(sums[rank])


def test_rows_behind_what_is_received_hold_no_expert() -> None:
    experts = torch.arange(8).reshape(4, 2)
    ids, scales = received(torch.tensor([1, 2]), torch.tensor([3, 0, -1]), experts, experts / 8, 16)
    assert ids.tolist() == [[6, 7], [0, 1], [16, 16]]
    assert scales.tolist() == [[6 / 8, 7 / 8], [0, 1 / 8], [0, 0]]
