"""Clauses over values that are known in full, in part, and not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contractlint.clauses import Call, Kind, Observed, Outcome, judge_call, shapes
from contractlint.model.contract import Aspect, Clause, Condition, Effect, Enforcement

ENUM = {"Default": 0, "DeepSeekV3": 2}
DEEPSEEK = Condition("method", ("DeepSeekV3",))


def clause(aspect: Aspect, parameter: str = "x", **fields: Any) -> Clause:
    return Clause("demo.f", parameter, aspect, "", Enforcement.NONE, Effect.SILENT, (), **fields)


def tensor(dtype: str = "float32", shape: tuple[int, ...] | None = None, **fields: Any) -> Observed:
    return Observed(Kind.TENSOR, dtype, shape, **fields)


def number(value: object) -> Observed:
    return Observed(Kind.CONSTANT, value=value)


NONE, UNKNOWN = Observed(Kind.NONE), Observed(Kind.UNKNOWN)
BF16 = clause(Aspect.DTYPE, dtypes=frozenset({"bfloat16"}))


def outcome(one: Clause, **arguments: Observed) -> Outcome:
    return judge_call([one], Call(arguments, {"method": ENUM}))[0].outcome


@pytest.mark.parametrize(
    "one, value, expected",
    [
        (BF16, tensor("bfloat16"), Outcome.KEPT),
        (BF16, tensor("float32"), Outcome.BROKEN),
        (BF16, tensor(""), Outcome.UNKNOWN),
        (BF16, NONE, Outcome.KEPT),
        (BF16, UNKNOWN, Outcome.UNKNOWN),
        (clause(Aspect.PRESENCE, required=True), NONE, Outcome.BROKEN),
        (clause(Aspect.PRESENCE, required=True), tensor(), Outcome.KEPT),
        (clause(Aspect.PRESENCE, ignored=True), tensor(), Outcome.IGNORED),
        (clause(Aspect.PRESENCE, ignored=True), NONE, Outcome.KEPT),
        (clause(Aspect.VALUE, values=(16,)), number(16), Outcome.KEPT),
        (clause(Aspect.VALUE, values=(16,)), number(32), Outcome.BROKEN),
        (clause(Aspect.VALUE, multiple_of=128), number(192), Outcome.BROKEN),
        (clause(Aspect.VALUE, minimum=1), number(0), Outcome.BROKEN),
        (clause(Aspect.SIZE, minimum=1024), tensor("int32", shape=(16, 16)), Outcome.KEPT),
        (clause(Aspect.SIZE, minimum=1024), tensor("uint8", shape=(16, 16)), Outcome.BROKEN),
        (clause(Aspect.SIZE, minimum=1024), tensor("uint8"), Outcome.UNKNOWN),
        (clause(Aspect.SIZE, minimum=1024), NONE, Outcome.KEPT),
        (clause(Aspect.ALLOCATION, allocation="scratch"), tensor(), Outcome.KEPT),
        (clause(Aspect.LAYOUT, layout="contiguous"), tensor(contiguous=True), Outcome.KEPT),
        (clause(Aspect.LAYOUT, layout="contiguous"), tensor(contiguous=False), Outcome.BROKEN),
        (clause(Aspect.LAYOUT, layout="contiguous"), tensor(), Outcome.UNKNOWN),
        (clause(Aspect.LAYOUT, layout="shuffled"), tensor(contiguous=True), Outcome.UNKNOWN),
        (clause(Aspect.LAYOUT, alignment=16), tensor(address=24), Outcome.BROKEN),
        (clause(Aspect.ALLOCATION, allocation="zeroed"), tensor(), Outcome.UNKNOWN),
        (clause(Aspect.ALLOCATION, allocation="zeroed"), tensor(fill="uninitialised"), Outcome.BROKEN),
        (clause(Aspect.ALLOCATION, allocation="zeroed"), tensor(fill="zero"), Outcome.KEPT),
        (clause(Aspect.VALUE, values=(1,)), number(True), Outcome.KEPT),
        (clause(Aspect.VALUE, values=(True,)), number(1.0), Outcome.KEPT),
        (clause(Aspect.VALUE, values=(2,)), number(True), Outcome.BROKEN),
    ],
)
def test_each_aspect(one: Clause, value: Observed, expected: Outcome) -> None:
    assert outcome(one, x=value) is expected


@pytest.mark.parametrize(
    "method, expected",
    [
        (number(2), Outcome.BROKEN),
        (Observed(Kind.MEMBER, value="DeepSeekV3"), Outcome.BROKEN),
        (number(0), Outcome.APART),
        (UNKNOWN, Outcome.UNKNOWN),
    ],
)
def test_a_condition_has_three_values(method: Observed, expected: Outcome) -> None:
    one = clause(Aspect.DTYPE, dtypes=frozenset({"bfloat16"}), when=(DEEPSEEK,))
    assert outcome(one, x=tensor("float32"), method=method) is expected


def test_same_as_follows_the_other_argument() -> None:
    one = clause(Aspect.DTYPE, same_as="y")
    assert outcome(one, x=tensor("float16"), y=tensor("float16")) is Outcome.KEPT
    assert outcome(one, x=tensor("float16"), y=tensor("bfloat16")) is Outcome.BROKEN
    assert outcome(one, x=tensor("float16"), y=UNKNOWN) is Outcome.UNKNOWN


def test_a_capability_that_is_not_this_chip_sets_a_clause_apart() -> None:
    one = clause(Aspect.DTYPE, dtypes=frozenset({"bfloat16"}), capabilities="9.0, 10.x")
    for chip, expected in (("9.0", Outcome.BROKEN), ("10.3", Outcome.BROKEN), ("8.9", Outcome.APART)):
        assert judge_call([one], Call({"x": tensor()}, {}, chip))[0].outcome is expected
    assert judge_call([one], Call({"x": tensor()}))[0].outcome is Outcome.UNKNOWN


def test_sizes_come_from_numbers_first_and_then_from_the_first_tensor_that_shows_them() -> None:
    clauses = [
        clause(Aspect.SHAPE, "a", shape=("tokens", "experts")),
        clause(Aspect.SHAPE, "b", shape=("experts",)),
        clause(Aspect.SHAPE, "c", shape=("tokens", "2 * experts")),
        clause(Aspect.SHAPE, "d", shape=("hidden / 2",)),
    ]
    arguments = {
        "a": tensor(shape=(4, 8)),
        "b": tensor(shape=(9,)),
        "c": tensor(shape=(4, 16)),
        "d": tensor(shape=(3,)),
    }
    found = [one.outcome for one in judge_call(clauses, Call(arguments))]
    assert found == [Outcome.KEPT, Outcome.BROKEN, Outcome.KEPT, Outcome.UNKNOWN]
    found = [one.outcome for one in judge_call(clauses, Call({**arguments, "experts": number(9)}))]
    assert found == [Outcome.BROKEN, Outcome.KEPT, Outcome.BROKEN, Outcome.UNKNOWN]


def test_leading_dimensions_may_be_left_open() -> None:
    assert shapes.fits(("...", "n"), (3, 5, 7), {"n": 7}) == (True, "")
    assert shapes.fits(("...", "n"), (3, 5, 7), {"n": 8})[0] is False
    assert shapes.fits(("_", "n"), (3, 7), {"n": 7}) == (True, "")


@given(st.lists(st.integers(0, 9), min_size=1, max_size=4), st.data())
def test_a_shape_fits_itself_and_no_other(sizes: list[int], data: st.DataObject) -> None:
    names = tuple(f"n{index}" for index in range(len(sizes)))
    known = dict(zip(names, sizes, strict=True))
    assert shapes.fits(names, tuple(sizes), known) == (True, "")
    index = data.draw(st.integers(0, len(sizes) - 1))
    other = (*sizes[:index], sizes[index] + 1, *sizes[index + 1 :])
    assert shapes.fits(names, other, known)[0] is False


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 9))
def test_expressions_are_exact(a: int, b: int, c: int) -> None:
    from fractions import Fraction

    assert shapes.value_of("a + 2 * b / c", {"a": a, "b": b, "c": c}) == a + Fraction(2 * b, c)
    assert shapes.value_of("a + d", {"a": a}) is None


@pytest.mark.parametrize(
    "device, twin, expected",
    [
        ("cuda:0", "cuda:0", Outcome.KEPT),
        ("cuda:0", "cuda:1", Outcome.BROKEN),
        ("cpu", "cuda:0", Outcome.BROKEN),
        ("", "cuda:0", Outcome.UNKNOWN),
        ("cuda:0", "", Outcome.UNKNOWN),
    ],
)
def test_a_tensor_is_on_the_device_of_another(device: str, twin: str, expected: Outcome) -> None:
    one = clause(Aspect.DEVICE, same_as="y")
    assert outcome(one, x=tensor(device=device), y=tensor(device=twin)) is expected
    assert outcome(one, x=NONE, y=tensor(device=twin)) is Outcome.KEPT
    assert outcome(one, x=tensor(device="cpu"), y=NONE) is Outcome.UNKNOWN
