"""Routing: against torch's own operators, and properties that each method has."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch: Any = pytest.importorskip("torch", reason="the references are written in torch")

from contractlint.reference import packing  # noqa: E402
from contractlint.reference import routing as r  # noqa: E402

FLOAT = torch.float32
SUMS_TO_ONE = ("Renormalize", "RenormalizeNaive", "SigmoidRenorm", "MiniMax2", "DeepSeekV3")
seeds = st.integers(0, 2**31)


def logits(seed: int, tokens: int = 6, experts: int = 32) -> Any:
    return torch.randn(tokens, experts, generator=torch.Generator().manual_seed(seed)) * 2


def bias(seed: int, experts: int = 32) -> Any:
    return torch.rand(experts, generator=torch.Generator().manual_seed(seed + 1)) * 0.5


def route(method: str, scores: Any, top_k: int = 4, **options: Any) -> r.Routing:
    return r.route(method, scores, 1 if method == "Llama4" else top_k, r.Options(**options), dtype=FLOAT)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_methods_are_what_torch_computes(seed: int) -> None:
    x = logits(seed)
    softmax, sigmoid = x.softmax(-1), torch.sigmoid(x)
    expected = {
        "Default": softmax.topk(4),
        "TopK": x.topk(4),
        "Sigmoid": sigmoid.topk(4),
        "Renormalize": (x.topk(4).values.softmax(-1), x.topk(4).indices),
        "RenormalizeNaive": (softmax.topk(4).values / softmax.topk(4).values.sum(-1, keepdim=True), x.topk(4).indices),
        "SigmoidRenorm": (sigmoid.topk(4).values / sigmoid.topk(4).values.sum(-1, keepdim=True), x.topk(4).indices),
        "TopKSigmoid": (sigmoid.topk(4).values, x.topk(4).indices),
        "Llama4": (sigmoid.topk(1).values, x.topk(1).indices),
    }
    for method, (weights, experts) in expected.items():
        found = route(method, x)
        torch.testing.assert_close(found.experts.long(), experts, msg=method)
        torch.testing.assert_close(found.weights, weights, atol=1e-6, rtol=1e-5, msg=method)


@given(seeds, st.sampled_from([(8, 4), (4, 2), (1, 1)]))
@settings(max_examples=30, deadline=None)
def test_deepseek_v3_is_the_published_algorithm(seed: int, groups: tuple[int, int]) -> None:
    count, limited = groups
    x, b = logits(seed), bias(seed)
    scores = torch.sigmoid(x)
    choice = scores + b
    if count > 1:
        best_two = choice.view(len(x), count, -1).topk(2, dim=-1).values.sum(-1)
        mask = torch.zeros_like(best_two).scatter_(1, best_two.topk(limited, dim=-1).indices, 1)
        choice = choice.masked_fill(~mask.repeat_interleave(x.shape[1] // count, 1).bool(), float("-inf"))
    experts = choice.topk(4, dim=-1).indices
    weights = scores.gather(1, experts)
    found = route("DeepSeekV3", x, bias=b, groups=count, limited_groups=limited, scale=2.5)
    torch.testing.assert_close(found.experts.long(), experts)
    torch.testing.assert_close(found.weights, 2.5 * weights / weights.sum(-1, keepdim=True), atol=1e-6, rtol=1e-5)


@given(seeds, st.sampled_from(sorted(r.METHODS)))
@settings(max_examples=60, deadline=None)
def test_experts_are_distinct_and_follow_a_permutation(seed: int, method: str) -> None:
    x, b = logits(seed), bias(seed)
    found = route(method, x, bias=b)
    assert all(len(set(row)) == len(row) for row in found.experts.tolist())
    order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(seed))
    permuted = route(method, x[:, order], bias=b[order])
    torch.testing.assert_close(order[permuted.experts.long()], found.experts.long())
    torch.testing.assert_close(permuted.weights, found.weights, atol=1e-6, rtol=1e-5)


@given(seeds, st.sampled_from(SUMS_TO_ONE))
@settings(max_examples=30, deadline=None)
def test_normalised_weights_add_up_to_the_scale(seed: int, method: str) -> None:
    scale = 2.5 if method in ("DeepSeekV3", "MiniMax2") else 1.0
    found = route(method, logits(seed), bias=bias(seed), scale=scale)
    torch.testing.assert_close(found.weights.sum(-1), torch.full((6,), scale), atol=1e-5, rtol=1e-5)


def test_of_equal_scores_the_lowest_expert_wins_and_nan_comes_first() -> None:
    assert r.best(torch.zeros(1, 8), 3).tolist() == [[0, 1, 2]]
    assert r.best(torch.tensor([[1.0, float("inf"), float("nan"), 2.0]]), 3).tolist() == [[2, 1, 3]]
    assert r.best(torch.tensor([[-0.0, 0.0, -1.0]]), 3).tolist() == [[1, 0, 2]]


def test_a_bias_that_swallows_the_scores_gave_nan_weights_where_they_were_recovered_from_it() -> None:
    x = torch.full((1, 8), -30.0)
    large = torch.full((8,), 3.0)
    assert not route("DeepSeekV3", x, bias=large, epsilon=1e-20).weights.isnan().any()
    assert route("DeepSeekV3", x, bias=large, recovered=True).weights.isnan().all()


def test_the_standalone_router_routes_as_the_method_does() -> None:
    x, b = logits(1, experts=256), bias(1, 256)
    alone = r.fused_topk_deepseek(x, b, 8, 4, 8, 2.5)
    fused = route("DeepSeekV3", x, 8, bias=b, groups=8, limited_groups=4, scale=2.5)
    assert torch.equal(alone.experts, fused.experts)
    torch.testing.assert_close(alone.weights, fused.weights)


def test_an_unknown_method_is_named_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"'Unspecified'; known: Default, Renormalize"):
        route("Unspecified", logits(0))


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_packing_is_the_documented_formula_and_unpacks(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    experts = torch.randint(0, 512, (5, 8), generator=generator, dtype=torch.int32)
    weights = torch.randn(5, 8, generator=generator).bfloat16()
    packed = packing.pack(experts, weights)
    again, weighed = packing.unpack(packed)
    assert torch.equal(again, experts)
    assert torch.equal(weighed, weights)
    # As the docstrings put it, for weights that are not negative.
    documented = (experts << 16) | weights.abs().view(torch.int16)
    assert torch.equal(packing.pack(experts, weights.abs()), documented)
