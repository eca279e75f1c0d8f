"""The trtllm MoE family of the stand-in computes what plain torch computes from the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="a stand-in computes with torch")

from torch.nn import functional  # noqa: E402

from contractlint.reference import packing  # noqa: E402
from contractlint.testing import Standin, standin  # noqa: E402
from tests.testing.layers import SCHEMES, TOKENS, TOP_K, Prepared, whole_call  # noqa: E402


@pytest.fixture(scope="module", params=["0.6.7", "0.7.2.post1"])
def library(request: pytest.FixtureRequest) -> Iterator[Standin]:
    with standin(request.param) as installed:
        yield installed


def names(library: Standin, entry_point: str) -> tuple[str, ...]:
    signature = library.view.signature(f"flashinfer.fused_moe.{entry_point}")
    assert signature is not None
    required = tuple(p.name for p in signature.parameters if p.required)
    return required + tuple(p.name for p in signature.parameters if not p.required)


def call(library: Standin, prepared: Prepared, entry_point: str = "", **options: Any) -> Any:
    function = getattr(library.package.fused_moe, entry_point or prepared.entry_point)
    wanted = names(library, entry_point or prepared.entry_point)
    signature = library.view.signature(f"flashinfer.fused_moe.{entry_point or prepared.entry_point}")
    assert signature is not None
    defaulted = {p.name for p in signature.parameters if not p.required}
    given = whole_call(prepared, wanted, **options)
    return function(**{k: v for k, v in given.items() if v is not None or k not in defaulted})


def plain(prepared: Prepared, experts: Any, weights: Any) -> Any:
    out = torch.zeros_like(prepared.hidden)
    for t in range(TOKENS):
        for k in range(TOP_K):
            e = int(experts[t, k])
            linear, gate = (prepared.first[e] @ prepared.hidden[t]).chunk(2)
            out[t] += weights[t, k].float() * (prepared.second[e] @ (functional.silu(gate) * linear))
    return out


def chosen(prepared: Prepared, library: Standin) -> tuple[Any, Any]:
    scores = whole_call(prepared, names(library, prepared.entry_point))["routing_logits"].float()
    best = scores.topk(TOP_K)
    return best.indices, best.values.softmax(-1).bfloat16()


def closeness(found: Any, expected: Any) -> float:
    return float((found.float() - expected).norm() / expected.norm())


# What storing the activations between the GEMMs costs, by scheme.
BOUNDS = {"nvfp4": 0.12, "fp8": 0.05, "mxfp8": 0.05, "mxfp4 with mxfp8 activations": 0.05}


def bound(scheme: str) -> float:
    return BOUNDS.get(scheme, BOUNDS["fp8"] if scheme.startswith("fp8") else 0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_scheme_computes_the_experts(scheme: str, library: Standin) -> None:
    prepared = SCHEMES[scheme]()
    found = call(library, prepared)
    found = found[0] if isinstance(found, list) else found
    assert found.dtype == torch.bfloat16
    assert closeness(found, plain(prepared, *chosen(prepared, library))) < bound(scheme)


@pytest.mark.parametrize("scheme", ["bf16", "fp8 block", "nvfp4"])
def test_routed_entry_points_take_experts_and_weights_in_one_tensor(scheme: str, library: Standin) -> None:
    prepared = SCHEMES[scheme]()
    routed = prepared.entry_point.replace("_moe", "_routed_moe")
    packed = packing.pack(*chosen(prepared, library))
    found = call(library, prepared, routed, topk_ids=packed)
    found = found[0] if isinstance(found, list) else found
    expected = call(library, prepared)
    expected = expected[0] if isinstance(expected, list) else expected
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("scheme", ["fp8 block", "mxint4"])
def test_unfinalized_rows_finalize_to_the_output(scheme: str, library: Standin) -> None:
    prepared = SCHEMES[scheme]()
    rows, weights, where = call(library, prepared, do_finalize=False)
    slots = rows[where.long()].float().view(TOKENS, TOP_K, -1) * weights.float().unsqueeze(-1)
    whole = call(library, prepared)
    whole = whole[0] if isinstance(whole, list) else whole
    torch.testing.assert_close(slots.sum(1).bfloat16(), whole)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_meta_tensors_give_meta_tensors_of_the_same_shape(scheme: str, library: Standin) -> None:
    prepared = SCHEMES[scheme]()
    on_meta = Prepared(
        prepared.entry_point,
        {k: v.to("meta") if isinstance(v, torch.Tensor) else v for k, v in prepared.arguments.items()},
        prepared.hidden, prepared.first, prepared.second,
    )  # fmt: skip
    logits = torch.empty(TOKENS, prepared.first.shape[0], dtype=torch.bfloat16, device="meta")
    found, real = call(library, on_meta, routing_logits=logits), call(library, prepared)
    assert isinstance(found, list) is isinstance(real, list)
    found, real = (x[0] if isinstance(x, list) else x for x in (found, real))
    assert (found.device.type, found.shape, found.dtype) == ("meta", real.shape, real.dtype)


def test_the_output_goes_where_the_caller_wants_it(library: Standin) -> None:
    prepared = SCHEMES["mxfp4"]()
    output = torch.zeros(prepared.hidden.shape, dtype=torch.bfloat16)
    found = call(library, prepared, output=output)
    assert found[0] is output
    assert output.any()


def test_weights_of_another_layout_than_said_give_another_result(library: Standin) -> None:
    prepared = SCHEMES["fp8 block, shuffled"]()
    wrong = call(library, prepared, use_shuffled_weight=False)
    assert closeness(wrong, plain(prepared, *chosen(prepared, library))) > 0.5
