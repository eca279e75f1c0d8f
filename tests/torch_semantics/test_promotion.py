"""Type promotion: its laws, and that it is torch's."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contractlint.model.dtypes import DTYPES
from contractlint.torch_semantics import DEFAULT, NotPromotable, OperandKind, Undecidable, promote
from contractlint.torch_semantics.promotion import promote_all, promote_types

NAMES = tuple(DTYPES)
KINDS: tuple[OperandKind, ...] = get_args(OperandKind)
UNKNOWN = "what x has"

names = st.sampled_from((*NAMES, DEFAULT, UNKNOWN))
kinds = st.sampled_from(KINDS)
known = [
    name for name in NAMES if not name.startswith(("float8_", "float4_")) and name not in ("uint16", "uint32", "uint64")
]


def outcome(*operands: tuple[str, OperandKind], default: str = "float32") -> str:
    """What promotion gives, a refusal being an outcome too."""
    try:
        return promote_all(operands, default)
    except NotPromotable:
        return "refused"
    except Undecidable:
        return "undecidable"


@given(names, names, kinds, kinds)
def test_commutative(a: str, b: str, a_kind: OperandKind, b_kind: OperandKind) -> None:
    if UNKNOWN in (a, b) and "scalar" in (a_kind, b_kind):
        return
    assert outcome((a, a_kind), (b, b_kind)) == outcome((b, b_kind), (a, a_kind))


@given(names, st.sampled_from(("tensor", "zero_dim")), st.sampled_from(("tensor", "zero_dim")))
def test_idempotent(a: str, a_kind: OperandKind, b_kind: OperandKind) -> None:
    assert outcome((a, a_kind), (a, b_kind)) == a


def test_associative() -> None:
    for a, b, c in itertools.product(known, repeat=3):
        assert promote_types(promote_types(a, b), c) == promote_types(a, promote_types(b, c))


@given(st.lists(st.tuples(st.sampled_from(known), kinds), min_size=1, max_size=5).flatmap(
    lambda operands: st.tuples(st.just(operands), st.permutations(operands))
))  # fmt: skip
def test_order_of_operands_is_of_no_account(
    pair: tuple[list[tuple[str, OperandKind]], list[tuple[str, OperandKind]]],
) -> None:
    assert outcome(*pair[0]) == outcome(*pair[1])


@given(st.sampled_from(known), st.sampled_from(known))
def test_result_holds_both(a: str, b: str) -> None:
    """Promotion never lowers the category or, within one, the size."""
    order = ("bool", "int", "float", "complex")
    result = DTYPES[promote(a, b)]
    for one in (DTYPES[a], DTYPES[b]):
        assert order.index(result.kind) >= order.index(one.kind)
        assert result.kind != one.kind or result.bits >= one.bits


def test_default_dtype_stays_symbolic() -> None:
    assert promote("int64", "float", b_kind="scalar") == DEFAULT
    assert promote("float16", "float", b_kind="scalar") == "float16"
    assert promote("int64", DEFAULT) == DEFAULT
    with pytest.raises(Undecidable):
        promote("float16", DEFAULT)
    assert promote("half", "long") == "float16"


def test_numbers_of_unknown_kind_matter_only_to_integers() -> None:
    assert promote("bfloat16", "number", b_kind="scalar") == "bfloat16"
    with pytest.raises(Undecidable):
        promote("int64", "number", b_kind="scalar")


def test_every_pair_is_torchs() -> None:
    torch = pytest.importorskip("torch", reason="torch is the oracle of this test")
    for a, b in itertools.product((name for name in NAMES if hasattr(torch, name)), repeat=2):
        try:
            expected = str(torch.promote_types(getattr(torch, a), getattr(torch, b))).removeprefix("torch.")
        except RuntimeError:
            expected = "refused"
        # Packed pairs of 4-bit floats have no arithmetic; that torch lets them absorb unsigned ones means nothing.
        if "float4_e2m1fn_x2" not in (a, b):
            assert outcome((a, "tensor"), (b, "tensor")) == expected, (a, b)


NUMBERS = {"bool": True, "int": 3, "float": 1.5, "complex": 1j}


@pytest.mark.parametrize("default", ["float32", "bfloat16", "float64"])
@pytest.mark.filterwarnings("ignore:ComplexHalf")
def test_every_pair_of_operands_is_torchs(default: str) -> None:
    torch = pytest.importorskip("torch", reason="torch is the oracle of this test")
    from tests.torch_semantics.oracle import default_dtype

    operands: list[tuple[str, OperandKind, object]] = [(n, "scalar", value) for n, value in NUMBERS.items()]
    for name in NAMES:
        if hasattr(torch, name) and name != "float4_e2m1fn_x2":
            operands.append((name, "tensor", torch.empty(3, dtype=getattr(torch, name))))
            operands.append((name, "zero_dim", torch.empty((), dtype=getattr(torch, name))))
    with default_dtype(default):
        for (a, a_kind, left), (b, b_kind, right) in itertools.product(operands, repeat=2):
            try:
                expected = str(torch.result_type(left, right)).removeprefix("torch.")
            except RuntimeError:
                expected = "refused"
            assert outcome((a, a_kind), (b, b_kind), default=default) == expected, (a, a_kind, b, b_kind)


real = [name for name in known if DTYPES[name].kind != "complex"]


@settings(deadline=None)  # the first example may import torch
@given(st.tuples(*[st.tuples(st.sampled_from(real), st.sampled_from(("tensor", "zero_dim")))] * 3))
def test_three_operands_are_torchs(operands: tuple[tuple[str, OperandKind], ...]) -> None:
    """A fused operation sees all its operands at once, which is not the same as pair by pair."""
    torch = pytest.importorskip("torch", reason="torch is the oracle of this test")
    made = [torch.ones((2,) if kind == "tensor" else (), dtype=getattr(torch, name)) for name, kind in operands]
    expected = outcome(*operands)
    if expected != "bool":  # which torch cannot clamp
        assert expected == str(torch.clamp(*made).dtype).removeprefix("torch.")


def test_what_stands_for_an_unknown_dtype_is_not_told() -> None:
    with pytest.raises(Undecidable, match="of int32 and a dtype that is not known cannot be told"):
        promote_types("int32", "?4711")
