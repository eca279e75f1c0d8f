"""Every row of the tables against real torch: dtype, rank, sharing, memory order, what is written to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

torch: Any = pytest.importorskip("torch", reason="torch is the oracle of these tests")

from contractlint.torch_semantics import (  # noqa: E402
    DEFAULT,
    TABLE,
    Given,
    Rule,
    SequenceValue,
    TensorValue,
    UnknownValue,
    Value,
    resolve,
)
from contractlint.torch_semantics.algebra import Undetermined  # noqa: E402
from tests.torch_semantics import oracle, samples  # noqa: E402
from tests.torch_semantics.refusals import REFUSED  # noqa: E402

OTHER_DTYPES = (
    "int8", "int16", "uint16", "uint64", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "complex64", "complex128",
)  # fmt: skip
"""Dtypes that many functions refuse, which is not worth recording; where torch does accept them, the rows must hold."""


class Row(NamedTuple):
    key: str
    name: str
    rule: Rule
    templates: tuple[str, ...]

    def function(self) -> Callable[..., Any]:
        found: Any = torch.Tensor if self.key.startswith(".") else torch
        for part in (self.name,) if self.key.startswith(".") else self.name.split("."):
            found = getattr(found, part, None)
        if found is None:
            pytest.skip(f"torch {torch.__version__} has no {self.key}")
        return found  # type: ignore[no-any-return]


def rows() -> list[Row]:
    names = ((key, key.removeprefix("torch."), rule) for key, rule in TABLE.functions.items())
    found = [Row(key, name, rule, samples.of_function(name)) for key, name, rule in names]
    found += [Row(f".{name}", name, rule, samples.of_method(name)) for name, rule in TABLE.methods.items()]
    return [row for row in found if row.name not in samples.UNCALLABLE]


ROWS = rows()
each_row = pytest.mark.parametrize("row", ROWS, ids=[row.key for row in ROWS])


class Outcome(NamedTuple):
    template: str
    args: tuple[Any, ...]
    contiguous: bool
    result: Any
    prediction: Value


def outcomes(
    row: Row, dtype: str, *, strided: bool = False, default: str = "float32"
) -> tuple[list[Outcome], list[str]]:
    """The calls of a row that torch accepts, and why it refuses the others."""
    function = row.function()
    done, refused = [], []
    for template in row.templates:
        try:
            env = oracle.quiet(oracle.environment, dtype, strided=strided)
            args, keywords = oracle.quiet(oracle.arguments, template, env)
            given = Given([oracle.abstract(a) for a in args], {k: oracle.abstract(v) for k, v in keywords.items()})
            inputs = oracle.tensors([*args, *keywords.values()])
            contiguous = all(t.is_contiguous() for t in inputs if t.layout is torch.strided)
            result = oracle.quiet(function, *args, **keywords)
        except oracle.REFUSALS as refusal:
            refused.append(f"{template}: {str(refusal).splitlines()[0] if str(refusal) else type(refusal).__name__}")
            continue
        done.append(Outcome(template, args, contiguous, result, resolve(row.rule, given, default=default)))
    return done, refused


def is_undetermined(rule: Rule) -> bool:
    return isinstance(rule.result, Undetermined)


def check(row: Row, done: list[Outcome]) -> None:
    for outcome in done:
        if is_undetermined(row.rule):
            assert isinstance(outcome.prediction, UnknownValue)
            continue
        problem = oracle.mismatch(outcome.prediction, outcome.result)
        assert problem is None, f"{row.key}({outcome.template}): {problem}"


ACCEPTED = [(row, dtype) for row in ROWS for dtype in oracle.DTYPES if dtype not in REFUSED.get(row.key, ())]


@pytest.mark.parametrize(("row", "dtype"), ACCEPTED, ids=[f"{row.key}-{dtype}" for row, dtype in ACCEPTED])
def test_dtype(row: Row, dtype: str) -> None:
    done, refused = outcomes(row, dtype)
    check(row, done)
    if not done:
        pytest.skip(f"torch refuses {dtype}: {refused}")


@each_row
def test_other_dtypes(row: Row) -> None:
    for dtype in (*OTHER_DTYPES, *REFUSED.get(row.key, ())):
        check(row, [o for o in outcomes(row, dtype)[0] if not isinstance(o.prediction, UnknownValue)])


@each_row
def test_default_dtype(row: Row) -> None:
    """Engines set the default dtype to the model's; the tables follow it, and its symbol stands for it."""
    with oracle.default_dtype("bfloat16"):
        for dtype in ("int64", "float32"):
            done, _ = outcomes(row, dtype, default="bfloat16")
            check(row, done)
            symbolic, _ = outcomes(row, dtype, default=DEFAULT)
            for known, outcome in zip(done, symbolic, strict=True):
                if not isinstance(outcome.prediction, UnknownValue):
                    assert substituted(outcome.prediction) == substituted(known.prediction)


def substituted(value: Value) -> object:
    """A value without the symbol for the default dtype."""
    if isinstance(value, TensorValue):
        return value.dtype.replace(DEFAULT, "bfloat16"), value.zero_dim
    return tuple(map(substituted, value.items)) if isinstance(value, SequenceValue) else type(value)


@each_row
def test_sharing(row: Row) -> None:
    """`aliases` says whether memory can be shared with the first argument, and `mutates` whether it is written to."""
    shared = written = seen = False
    always = ("float32", "int64", "complex64")
    # A cast returns its input itself only for one dtype, which has to be found.
    others = ("bool", "float64", "int32", "uint8", "int8", "int16", "bfloat16", "float16", "complex128", "complex32")
    for dtype in (*always, *others):
        if dtype in others and (shared, written) == (row.rule.aliases, row.rule.mutates):
            break
        for outcome in outcomes(row, dtype)[0]:
            first = oracle.tensors(outcome.args)[:1]
            results = oracle.tensors(list(outcome.result) if hasattr(outcome.result, "__next__") else outcome.result)
            if not first or first[0].is_sparse or any(r.is_sparse for r in results):
                continue
            seen = True
            shared |= any(oracle.shares(first[0], result) for result in results)
            written |= first[0]._version > 0
    if seen:
        assert shared == row.rule.aliases
        assert written == row.rule.mutates


@each_row
def test_layout(row: Row) -> None:
    strided_result = False
    for strided in (False, True):
        for dtype in ("float32", "int64"):
            for outcome in outcomes(row, dtype, strided=strided)[0]:
                results = [t for t in oracle.tensors(outcome.result) if t.layout is torch.strided]
                contiguous = all(result.is_contiguous() for result in results)
                strided_result |= outcome.contiguous and not contiguous
                if row.rule.layout == "contiguous" or (row.rule.layout == "preserves" and outcome.contiguous):
                    assert contiguous, f"{row.key}({outcome.template})"
    if row.rule.layout == "may_be_strided":
        assert strided_result


@pytest.mark.parametrize("row", [r for r in ROWS if r.rule.fill == "zero"], ids=lambda row: row.key)
def test_zeros_are_zero(row: Row) -> None:
    for outcome in outcomes(row, "float32")[0]:
        assert not outcome.result.any()
