"""The tables are complete and consistent; none of this needs torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from contractlint.model.dtypes import DTYPES
from contractlint.torch_semantics import (
    DEFAULT,
    TABLE,
    Rule,
    attribute_rule,
    binary_rule,
    counts,
    function_rule,
    method_rule,
    module_rule,
    unary_rule,
)
from contractlint.torch_semantics.algebra import Arg, Fixed, Retyped, Undetermined
from contractlint.torch_semantics.modules import MODULES
from contractlint.torch_semantics.operators import BINARY, UNARY
from contractlint.torch_semantics.table import Table
from tests.torch_semantics import samples
from tests.torch_semantics.refusals import REFUSED

RULES: dict[str, Rule] = {
    **TABLE.functions,
    **{f".{name}": rule for name, rule in TABLE.methods.items()},
    **{f"attribute {name}": rule for name, rule in TABLE.attributes.items()},
    **{f"module {name}": module.forward for name, module in MODULES.items()},
    **{f"operator {op}": rule for op, rule in (BINARY | UNARY).items()},
}


def parts(value: object) -> list[object]:
    """A result and everything inside it."""
    return [value, *(inner for item in value for inner in parts(item))] if isinstance(value, tuple) else [value]


def test_every_row_has_a_sample_call() -> None:
    """A row that no test calls is a guess."""
    missing = [key for key in TABLE.functions if not samples.of_function(key.removeprefix("torch."))]
    missing += [f".{name}" for name in TABLE.methods if not samples.of_method(name)]
    assert [key for key in missing if key.removeprefix("torch.").removeprefix(".") not in samples.UNCALLABLE] == []


def test_every_sample_call_is_of_a_row() -> None:
    rows = {key.removeprefix("torch.") for key in TABLE.functions} | set(TABLE.methods)
    assert {name.removeprefix(".") for name in samples.TEMPLATES} - rows == set()
    assert set(samples.UNCALLABLE) - rows == set()


def test_recorded_refusals_are_of_rows() -> None:
    assert set(REFUSED) - set(TABLE.functions) - {f".{name}" for name in TABLE.methods} == set()


def test_uncallable_rows_are_few() -> None:
    assert len(samples.UNCALLABLE) < 0.03 * (len(TABLE.functions) + len(TABLE.methods))


@pytest.mark.parametrize("key", RULES)
def test_rule_is_well_formed(key: str) -> None:
    rule = RULES[key]
    for part in parts(rule.result):
        if isinstance(part, Fixed | Retyped):
            assert part.dtype in DTYPES or part.dtype == DEFAULT
        if isinstance(part, Arg):
            assert part.position is not None or part.names
            assert len(set(part.names)) == len(part.names)
        if isinstance(part, Undetermined):
            assert part.reason
    assert not (rule.fill and rule.aliases), "fresh memory is no alias"


def test_lookups() -> None:
    assert function_rule("torch.empty") is not None
    assert function_rule("torch.Tensor.float") is method_rule("float")
    assert function_rule("torch.no_such_function") is None
    assert method_rule("no_such_method") is None
    assert attribute_rule(".data") is attribute_rule("data") is not None
    assert module_rule("torch.nn.Linear") is not None
    assert module_rule("torch.nn.Module") is None
    assert binary_rule("+") is not None and binary_rule("and") is None
    assert unary_rule("not") is not None and unary_rule("!") is None


def test_counts() -> None:
    assert counts()["functions"] == len(TABLE.functions)
    assert counts()["functions"] + counts()["methods"] >= 1000


def test_fill_and_layout_of_allocators() -> None:
    fills = {name: TABLE.functions[f"torch.{name}"].fill for name in ("empty", "zeros", "ones", "zeros_like", "cat")}
    assert list(fills.values()) == ["uninitialised", "zero", "other", "zero", None]


def test_a_name_has_one_rule() -> None:
    table = Table()
    rule = Rule(Fixed("bool"))
    table.add(rule, "f")
    with pytest.raises(ValueError, match="two rules"):
        table.add(rule, methods="f")
    other = Table()
    other.add(rule, functions="f")
    with pytest.raises(ValueError, match="two topics"):
        table.merge(other)


def test_importing_the_tables_needs_little() -> None:
    code = (
        "import sys, dataclasses, typing, contractlint.model.dtypes; before = set(sys.modules);"
        "import contractlint.torch_semantics;"
        "print([m for m in set(sys.modules) - before if not m.startswith('contractlint.torch_semantics')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
