"""What torch does to dtypes, as tables that never import torch."""

from __future__ import annotations

from contractlint.torch_semantics import (
    casts,
    creation,
    indexing,
    linalg,
    mutating,
    nn_functional,
    pointwise,
    queries,
    reductions,
    shapes,
)
from contractlint.torch_semantics.algebra import (
    DEFAULT,
    NONE,
    Arg,
    DtypeValue,
    ModuleRule,
    NumberValue,
    OtherValue,
    Result,
    Rule,
    SequenceValue,
    TensorValue,
    UnknownValue,
    Value,
)
from contractlint.torch_semantics.modules import MODULES
from contractlint.torch_semantics.operators import BINARY, UNARY
from contractlint.torch_semantics.promotion import NotPromotable, OperandKind, Undecidable, promote
from contractlint.torch_semantics.resolve import Arguments, Given, reads, resolve
from contractlint.torch_semantics.table import Table

TABLE = Table()
for _topic in (casts, creation, indexing, linalg, mutating, nn_functional, pointwise, queries, reductions, shapes):
    TABLE.merge(_topic.TABLE)


def function_rule(dotted: str) -> Rule | None:
    """The rule of a function by its canonical name: `torch.empty`, `torch.nn.functional.silu`, `torch.Tensor.float`."""
    rule = TABLE.functions.get(dotted)
    if rule is None and dotted.startswith("torch.Tensor."):
        rule = TABLE.methods.get(dotted.removeprefix("torch.Tensor."))
    return rule


def method_rule(name: str) -> Rule | None:
    """The rule of a method of tensors; `self` is its argument 0."""
    return TABLE.methods.get(name)


def attribute_rule(name: str) -> Rule | None:
    """The rule of an attribute of tensors, the tensor being argument 0."""
    return TABLE.attributes.get(name.removeprefix("."))


def module_rule(dotted: str) -> ModuleRule | None:
    """The rule of a class of modules: `torch.nn.Linear`."""
    return MODULES.get(dotted)


def binary_rule(op: str) -> Rule | None:
    """The rule of a binary operator as written: `+`, `//`, `==`, `+=`."""
    return BINARY.get(op)


def unary_rule(op: str) -> Rule | None:
    """The rule of a unary operator as written: `-`, `~`, `not`."""
    return UNARY.get(op)


def counts() -> dict[str, int]:
    """How many names each table knows."""
    return {
        "functions": len(TABLE.functions),
        "methods": len(TABLE.methods),
        "attributes": len(TABLE.attributes),
        "modules": len(MODULES),
        "operators": len(BINARY) + len(UNARY),
    }


__all__ = [
    "DEFAULT",
    "NONE",
    "Arg",
    "Arguments",
    "DtypeValue",
    "Given",
    "ModuleRule",
    "NotPromotable",
    "NumberValue",
    "OperandKind",
    "OtherValue",
    "Result",
    "Rule",
    "SequenceValue",
    "TensorValue",
    "Undecidable",
    "UnknownValue",
    "Value",
    "attribute_rule",
    "binary_rule",
    "counts",
    "function_rule",
    "method_rule",
    "module_rule",
    "promote",
    "reads",
    "resolve",
    "unary_rule",
]
