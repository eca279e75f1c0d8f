"""References of attention over pages and of the two-sided all-to-all, against plain computations."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from contractlint.exercise import collective, mnnvl, paged
from contractlint.exercise.references import prefill


def test_attention_by_pages_is_attention_over_the_rows_of_a_request_with_a_sink_in_the_denominator() -> None:
    generator = torch.Generator().manual_seed(1)
    query = torch.randn(3, 4, 8, generator=generator)
    cache = torch.randn(paged.PAGES, 2, 2, paged.PAGE, 8, generator=generator)  # heads before rows
    table = paged.paging({})
    assert table["block_tables"].shape == (3, 4) and table["seq_lens"].tolist() == list(paged.KEYS)
    plain = paged.decoded_by_heads(query, cache)
    with_sinks = paged.decoded_by_heads(query, cache, torch.full((4,), 0.5))
    for number, length in enumerate(paged.KEYS):
        pages = table["block_tables"][number, : -(-length // paged.PAGE)].long()
        keys, values = (cache[pages, part].transpose(1, 2).flatten(0, 1)[:length] for part in (0, 1))
        wanted = prefill(query[number : number + 1], keys, values)[0]
        assert torch.allclose(plain[number], wanted)
        scores = query[number].double() @ keys.double().repeat_interleave(2, 1).permute(1, 2, 0) / 8**0.5
        own = scores.diagonal(dim1=0, dim2=1).T  # of each head over its own keys
        share = own.exp().sum(-1) / (own.exp().sum(-1) + torch.tensor(0.5).double().exp())
        assert torch.allclose(with_sinks[number], wanted * share.unsqueeze(-1))


@pytest.fixture(params=[0, 1])
def rank(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """One of two ranks."""
    number: int = request.param
    monkeypatch.setattr(mnnvl, "place", lambda: (number, 2))
    return number


def test_a_token_comes_back_once_from_each_rank_that_has_an_expert_of_it(rank: int) -> None:
    gathered = torch.rand(2 * mnnvl.TOKENS, mnnvl.TOP_K, generator=torch.Generator().manual_seed(2))
    made = mnnvl.tokens({"gathered_expert_ids": None, "gathered_target_rank_ids": None, "gathered_scales": gathered})
    total, scales = mnnvl.returned(made["x"], made["chosen"], gathered_scales=gathered)
    homes = [set(row) for row in (made["chosen"] // (mnnvl.EXPERTS // 2)).tolist()]
    assert [len(row) for row in homes] == (total[:, 0] / made["x"][:, 0].double()).round().int().tolist()
    mine = [row for row, places in enumerate(homes) if rank in places]
    assert torch.allclose(scales, sum(gathered.double()[mine + [row + mnnvl.TOKENS for row in mine]]))
    targets = made["gathered_target_rank_ids"]
    assert torch.equal(targets[: mnnvl.TOKENS], targets[mnnvl.TOKENS :]) and set(targets.flatten().tolist()) == {0, 1}


def test_halves_of_the_rows_go_to_either_rank(rank: int) -> None:
    made = mnnvl.halves({"input": torch.randn(8, 4), "output": torch.full((8, 4), 7.0)})
    found = mnnvl.received_halves(made["input"], made["output"], made["send_indices"], made["recv_indices"])
    assert made["send_rank_cum_sum"].tolist() == [4, 8]
    sent = made["input"][made["send_indices"][4 * rank : 4 * rank + 4].long()].double()
    laid = found[made["recv_indices"].long()]
    assert torch.equal(laid[:4], sent) and torch.equal(laid[4:], sent)


@pytest.mark.parametrize(("ranks", "words"), [(1, [1]), (64, [2**64 - 1]), (65, [2**64 - 1, 1])])
def test_a_mask_has_a_bit_for_each_rank(ranks: int, words: list[int]) -> None:
    assert collective.ones(ranks).tolist() == words
