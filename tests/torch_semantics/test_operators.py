"""Operators and attributes against real torch."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="torch is the oracle of these tests")

from contractlint.torch_semantics import TABLE, Given, attribute_rule, binary_rule, resolve, unary_rule  # noqa: E402
from contractlint.torch_semantics.operators import BINARY, UNARY  # noqa: E402
from tests.torch_semantics import oracle, samples  # noqa: E402

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "@": operator.matmul, "&": operator.and_, "|": operator.or_,
    "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift, "==": operator.eq, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "is": operator.is_,
    "is not": operator.is_not, "in": lambda a, b: a in [b], "not in": lambda a, b: a not in [b],
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv, "//=": operator.ifloordiv,
    "%=": operator.imod, "**=": operator.ipow, "@=": operator.imatmul, "&=": operator.iand, "|=": operator.ior,
    "^=": operator.ixor, "<<=": operator.ilshift, ">>=": operator.irshift,
}  # fmt: skip
UNARIES: dict[str, Callable[[Any], Any]] = {
    "-": operator.neg, "+": operator.pos, "~": operator.invert, "not": operator.not_,
}  # fmt: skip
OPERANDS = (
    "x, y",
    "x, 2",
    "x, 2.5",
    "2, x",
    "2.5, x",
    "True, x",
    "x, f",
    "x, l",
    "x, zd",
    "zl, x",
    "s, h",
    "s, zd",
    "s, 2.5",
)


def test_all_operators_are_tried() -> None:
    assert set(BINARY) == set(OPERATORS)
    assert set(UNARY) == set(UNARIES)


@pytest.mark.parametrize("op", OPERATORS)
def test_binary(op: str) -> None:
    rule = binary_rule(op)
    assert rule is not None
    accepted = 0
    for dtype in oracle.DTYPES:
        for template in OPERANDS:
            (left, right), _ = oracle.arguments(template, oracle.environment(dtype))
            given = Given([oracle.abstract(left), oracle.abstract(right)])
            if op.endswith("=") and op not in ("==", "!=", "<=", ">=") and not isinstance(left, torch.Tensor):
                continue  # a number on the left is rebound to the plain operator's result
            try:
                result = oracle.quiet(OPERATORS[op], left, right)
            except oracle.REFUSALS:
                continue
            accepted += 1
            problem = oracle.mismatch(resolve(rule, given, default="float32"), result)
            assert problem is None, f"{template} for {dtype}: {problem}"
            assert rule.mutates == (isinstance(left, torch.Tensor) and left._version > 0)
    assert accepted > 4


@pytest.mark.parametrize("op", UNARIES)
def test_unary(op: str) -> None:
    rule = unary_rule(op)
    assert rule is not None
    for dtype in oracle.DTYPES:
        operand = oracle.environment(dtype)["s"]
        try:
            result = oracle.quiet(UNARIES[op], operand)
        except oracle.REFUSALS:
            continue
        problem = oracle.mismatch(resolve(rule, Given([oracle.abstract(operand)]), default="float32"), result)
        assert problem is None, f"{dtype}: {problem}"


@pytest.mark.parametrize("name", sorted(set(TABLE.attributes) - samples.ATTRIBUTES_OTHERWISE))
def test_attribute(name: str) -> None:
    rule = attribute_rule(f".{name}")
    assert rule is not None
    shared = False
    for dtype in oracle.DTYPES:
        tensor = oracle.environment(dtype)[samples.ATTRIBUTES.get(name, "x")]
        actual = oracle.quiet(getattr, tensor, name)
        problem = oracle.mismatch(resolve(rule, Given([oracle.abstract(tensor)])), actual)
        assert problem is None, f"{dtype}: {problem}"
        shared |= isinstance(actual, torch.Tensor) and oracle.shares(tensor, actual)
    assert shared == rule.aliases


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_gradient_has_the_dtype_of_its_tensor(dtype: str) -> None:
    tensor = torch.ones(3, dtype=getattr(torch, dtype), requires_grad=True)
    tensor.float().sum().backward()
    rule = attribute_rule("grad")
    assert rule is not None
    assert oracle.mismatch(resolve(rule, Given([oracle.abstract(tensor)])), tensor.grad) is None
