"""The experts' computation: against plain torch where nothing is quantised, and the order of rows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch: Any = pytest.importorskip("torch", reason="the references are written in torch")

from torch.nn import functional  # noqa: E402

from contractlint.reference import activation as a  # noqa: E402
from contractlint.reference import experts as x  # noqa: E402
from contractlint.reference.routing import Routing  # noqa: E402

HIDDEN, INTERMEDIATE, EXPERTS = 32, 16, 6


def layer(seed: int = 0, activation: str = "Swiglu", **controls: Any) -> tuple[x.Layer, Any, Any]:
    torch.manual_seed(seed)
    first = torch.randn(EXPERTS, INTERMEDIATE * (2 if a.is_gated(activation) else 1), HIDDEN) / 6
    second = torch.randn(EXPERTS, HIDDEN, INTERMEDIATE) / 4
    made = x.Layer(x.dense(first), x.dense(second), EXPERTS, lambda h: h, activation, x.Controls(**controls))
    return made, first, second


def routing(seed: int = 0, tokens: int = 5, top_k: int = 3) -> Routing:
    torch.manual_seed(seed)
    experts = torch.stack([torch.randperm(EXPERTS)[:top_k] for _ in range(tokens)]).int()
    return Routing(experts, torch.rand(tokens, top_k))


def test_a_gated_layer_is_two_matrices_and_silu_of_the_second_half() -> None:
    made, first, second = layer()
    routes, tokens = routing(), torch.randn(5, HIDDEN)
    out = x.finalize(x.compute(tokens, routes, made), routes)
    expected = torch.zeros(5, HIDDEN)
    for t in range(5):
        for k in range(3):
            e = int(routes.experts[t, k])
            linear, gate = (first[e] @ tokens[t]).chunk(2)
            expected[t] += routes.weights[t, k] * (second[e] @ (functional.silu(gate) * linear))
    torch.testing.assert_close(out.float(), expected, atol=2e-2, rtol=2e-2)


def test_experts_of_other_devices_add_up_to_the_whole() -> None:
    routes, tokens = routing(), torch.randn(5, HIDDEN)
    whole, first, second = layer()
    halves = [
        x.Layer(x.dense(first[part]), x.dense(second[part]), 3, lambda h: h) for part in (slice(0, 3), slice(3, 6))
    ]
    parts = [x.compute(tokens, routes, half, offset=3 * i).float() for i, half in enumerate(halves)]
    assert torch.equal(parts[0] + parts[1], x.compute(tokens, routes, whole).float())


def test_weighing_the_input_is_weighing_the_output_of_a_linear_layer_only() -> None:
    identity, *_ = layer(activation="Identity")
    swiglu, *_ = layer()
    routes, tokens = routing(), torch.randn(5, HIDDEN)
    for made, same in ((identity, True), (swiglu, False)):
        before = x.finalize(x.compute(tokens, routes, made, weigh_input=True), routes, weighed=False)
        after = x.finalize(x.compute(tokens, routes, made), routes)
        assert torch.allclose(before.float(), after.float(), atol=2e-2) is same


def test_scales_and_biases_enter_where_the_epilogue_applies_them() -> None:
    two, three = torch.full((EXPERTS,), 2.0), torch.full((EXPERTS,), 3.0)
    bias = torch.ones(EXPERTS, HIDDEN)
    plain, *_ = layer()
    scaled, *_ = layer(scale1=two, scale2=three, bias2=bias)
    tokens = torch.randn(4, HIDDEN)
    torch.testing.assert_close(scaled.run(tokens, 1).float(), plain.run(tokens, 1).float() * 6 + 1, atol=0.1, rtol=2e-2)


@pytest.mark.parametrize(
    "name, with_, expected",
    [
        ("Swiglu", a.Gate(), lambda u, g: functional.silu(g) * u),
        ("Swiglu", a.Gate(scale=2.0, scale_gate=0.5), lambda u, g: 2 * functional.silu(g / 2) * u),
        ("Swiglu", a.Gate(1.7, 1.0, 2.0), lambda u, g: _gpt_oss(u, g, 1.7, 2.0)),
        ("Geglu", a.Gate(), lambda u, g: functional.gelu(g) * u),
        ("GegluTanh", a.Gate(), lambda u, g: functional.gelu(g, approximate="tanh") * u),
        ("SwigluStep", a.Gate(limit=1.0), lambda u, g: u.clamp(-1, 1) * functional.silu(g).clamp(max=1)),
        ("Situ", a.Gate(2.0, 3.0), lambda u, g: 3 * (u / 3).tanh() * 2 * (g / 2).tanh() * g.sigmoid()),
    ],
)
def test_gated_activations(name: str, with_: a.Gate, expected: Any) -> None:
    linear, gate = torch.randn(64) * 2, torch.randn(64) * 2
    torch.testing.assert_close(a.gated(name, linear, gate, with_), expected(linear, gate), atol=1e-5, rtol=1e-4)


def _gpt_oss(linear: Any, gate: Any, alpha: float, limit: float) -> Any:
    gate, linear = gate.clamp(max=limit), linear.clamp(-limit, limit)
    return gate * torch.sigmoid(alpha * gate) * (linear + 1)


@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(0, 3), st.sampled_from([1, 8, 16]))
@settings(max_examples=30, deadline=None)
def test_rows_are_sorted_by_expert_in_full_tiles(seed: int, count: int, offset: int, tile: int) -> None:
    experts = routing(seed).experts
    where, size = x.positions(experts, count, offset, tile)
    flat = experts.flatten().tolist()
    local = [(int(w), e) for w, e in zip(where, flat, strict=True) if w >= 0]
    assert {e for _, e in local} == {e for e in flat if offset <= e < offset + count}
    assert len({w for w, _ in local}) == len(local)
    assert [e for _, e in sorted(local)] == sorted(e for _, e in local)
    assert size % tile == 0
    assert all(w < size for w, _ in local)
    owner: dict[int, int] = {}
    for w, e in local:
        assert owner.setdefault(w // tile, e) == e
