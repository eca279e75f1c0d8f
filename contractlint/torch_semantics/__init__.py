"""What torch does to dtypes, as tables; nothing here imports torch.

A lookup (`function_rule`, `method_rule`, `attribute_rule`, `module_rule`, `binary_rule`, `unary_rule`) gives a
`Rule`, whose `result` is an expression over the arguments of the call; a method's `self` is argument 0.
`resolve(rule, call)` turns the rule and what is known of the arguments into a value, and says which arguments decided
it; `reads(rule.result)` names the arguments that can matter at all. The expressions (see `algebra`):

- dtype of: `SameAs` an argument, `Promoted` arguments, a `Fixed` dtype, the numbers in the arguments (`OfContents`), a
  parameter of the module (`OfParameter`), an argument that is a dtype (`FromKeyword`, `FromAny`);
- changed: `Lifted` in a regular way (integers to the default dtype, to int64, complex to real, …), `Retyped`, `Ranked`;
- chosen by the overload: `Choice` of `Case`s, each with `Test`s on arguments;
- more than one tensor: `Several` (a tuple), `Many` (a sequence);
- no tensor: `DtypeOf`, `NumberOf`, `Python`; and `Undetermined`, with a reason.

The default dtype stays the symbol `DEFAULT` unless the caller names it, and any unknown text as a dtype stands for one
unknown dtype, so that "the same as x" survives a call. What is not known comes out as `UnknownValue`, not as a guess.

The tables have one file for each topic. A new function is a name in the list beside those that behave alike, and a
sample call in the tests, where real torch confirms dtype, rank, sharing of memory, and memory order.
"""

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
