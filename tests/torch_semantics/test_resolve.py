"""What an evaluator may rely on when it knows only part of a call."""

from __future__ import annotations

import pytest

from contractlint.torch_semantics import (
    DEFAULT,
    NONE,
    DtypeValue,
    Given,
    NumberValue,
    OtherValue,
    Rule,
    SequenceValue,
    TensorValue,
    UnknownValue,
    Value,
    attribute_rule,
    binary_rule,
    function_rule,
    method_rule,
    module_rule,
    reads,
    resolve,
)

X = TensorValue("bfloat16")
F = TensorValue("float32")
UNKNOWN = UnknownValue("a parameter without callers")
OPAQUE = TensorValue("that of x")
INT, FLOAT, NUMBER = NumberValue("int"), NumberValue("float"), NumberValue("number")


def rule(name: str) -> Rule:
    found = method_rule(name[1:]) if name.startswith(".") else function_rule(name)
    assert found is not None
    return found


def answer(name: str, *positional: Value, **keywords: Value) -> Value:
    return resolve(rule(name), Given(positional, keywords))


def dtype(value: Value) -> str:
    assert isinstance(value, TensorValue), value
    return value.dtype


@pytest.mark.parametrize(
    ("name", "args", "keywords", "expected", "sources"),
    [
        (".to", (X, DtypeValue("float32")), {}, "float32", (1,)),
        (".to", (X, OtherValue("device"), DtypeValue("float16")), {}, "float16", (2,)),
        (".to", (X,), {"dtype": DtypeValue("float32")}, "float32", ("dtype",)),
        (".to", (X, F), {}, "float32", (1,)),
        (".to", (X, OtherValue("device")), {}, "bfloat16", (0,)),
        (".to", (UNKNOWN, DtypeValue("float32")), {}, "float32", (1,)),
        (".float", (UNKNOWN,), {}, "float32", ()),
        (".type", (X, OtherValue("str", "torch.cuda.HalfTensor")), {}, "float16", (1,)),
        (".view", (X, INT, INT), {}, "bfloat16", (0,)),
        (".view", (X, DtypeValue("uint8")), {}, "uint8", (1,)),
        (".view", (X, UNKNOWN, UNKNOWN), {}, "bfloat16", (0,)),
        (".to", (X, UNKNOWN, DtypeValue("float32")), {}, "float32", (2,)),
        (".to", (X, UNKNOWN), {"dtype": DtypeValue("float32")}, "float32", ("dtype",)),
        (".to", (X,), {"device": UNKNOWN}, "bfloat16", (0,)),
        ("torch.empty", (INT,), {}, DEFAULT, ()),
        ("torch.empty", (INT,), {"dtype": NONE}, DEFAULT, ()),
        ("torch.empty", (INT,), {"dtype": DtypeValue("that of x")}, "that of x", ("dtype",)),
        ("torch.empty_like", (OPAQUE,), {}, "that of x", (0,)),
        ("torch.zeros_like", (), {"input": X}, "bfloat16", ("input",)),
        ("torch.full", (INT, FLOAT), {}, DEFAULT, (1,)),
        ("torch.tensor", (SequenceValue((INT, FLOAT)),), {}, DEFAULT, (0,)),
        ("torch.cat", (SequenceValue((X, F)),), {}, "float32", (0,)),
        ("torch.cat", (SequenceValue((X,), open=True), INT), {}, "bfloat16", (0,)),
        ("torch.add", (X, FLOAT), {}, "bfloat16", (0, 1)),
        ("torch.add", (X, NUMBER), {}, "bfloat16", (0, 1)),
        ("torch.mul", (X, TensorValue("float32", zero_dim=True)), {}, "bfloat16", (0, 1)),
        ("torch.add", (OPAQUE, OPAQUE), {}, "that of x", (0, 1)),
        ("torch.sigmoid", (X,), {"out": F}, "float32", ("out",)),
        ("torch.matmul", (X, UNKNOWN), {}, "bfloat16", (0,)),
        ("torch.mm", (X, X), {"out_dtype": DtypeValue("float32")}, "float32", ("out_dtype",)),
        (".add_", (X, F), {}, "bfloat16", (0,)),
        (".argmax", (UNKNOWN,), {}, "int64", ()),
        ("torch.nn.functional.embedding", (UNKNOWN, X), {}, "bfloat16", (1,)),
    ],
)
def test_dtype_and_what_decided_it(
    name: str, args: tuple[Value, ...], keywords: dict[str, Value], expected: str, sources: tuple[int | str, ...]
) -> None:
    found = resolve(rule(name), Given(args, keywords))
    assert isinstance(found, TensorValue), found
    assert (found.dtype, found.sources) == (expected, sources)


@pytest.mark.parametrize(
    ("name", "args", "keywords"),
    [
        ("torch.empty", (INT,), {"dtype": UNKNOWN}),
        (".to", (X, UNKNOWN), {}),
        (".view", (X, UNKNOWN), {}),
        ("torch.sigmoid", (X,), {"out": UNKNOWN}),
        ("torch.add", (X, UNKNOWN), {}),
        ("torch.add", (TensorValue("int64"), NUMBER), {}),
        ("torch.add", (OPAQUE, X), {}),
        ("torch.sigmoid", (OPAQUE,), {}),
        ("torch.where", (X, UNKNOWN, X), {}),
        ("torch.add", (X, TensorValue(DEFAULT)), {}),
        ("torch.add", (TensorValue("float8_e4m3fn"), X), {}),
        ("torch.tensor", (OtherValue("other"),), {}),
        ("torch.unique", (X,), {"return_inverse": UNKNOWN}),
        ("torch.from_numpy", (OtherValue("other"),), {}),
    ],
)
def test_what_is_not_known_is_never_guessed(name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> None:
    found = resolve(rule(name), Given(args, keywords))
    assert isinstance(found, UnknownValue) and found.reason


def test_unpacked_arguments_may_hold_anything() -> None:
    assert isinstance(resolve(rule("torch.empty"), Given((INT,), open=True)), UnknownValue)
    assert dtype(resolve(rule("torch.argmax"), Given((X,), open=True))) == "int64"
    assert dtype(resolve(rule(".float"), Given((X,), open=True))) == "float32"


def test_overloads() -> None:
    assert dtype(answer(".max", X)) == "bfloat16"
    assert dtype(answer(".max", X, F)) == "float32"
    pair = answer(".max", X, dim=INT)
    assert isinstance(pair, SequenceValue)
    assert pair.names == ("values", "indices")
    assert [dtype(item) for item in pair.items] == ["bfloat16", "int64"]
    assert isinstance(answer(".max", X, UNKNOWN), UnknownValue)
    pieces = answer("torch.split", X, INT)
    assert pieces == SequenceValue((TensorValue("bfloat16", sources=(0,)),), open=True)


def test_cases_that_agree_need_no_decision() -> None:
    assert dtype(answer(".sum", X, dim=UNKNOWN)) == "bfloat16"


def test_rank_follows_reductions_and_casts() -> None:
    total = answer(".sum", X)
    assert isinstance(total, TensorValue) and total.zero_dim
    cast = answer(".to", total, DtypeValue("float32"))
    assert cast == TensorValue("float32", True, (1,))
    assert dtype(answer("torch.mul", X, cast)) == "bfloat16"
    assert dtype(answer("torch.mul", X, answer("torch.tensor", FLOAT, dtype=DtypeValue("float32")))) == "bfloat16"
    assert dtype(answer("torch.mul", X, answer(".unsqueeze", cast, INT))) == "float32"


def test_out_of_several_results() -> None:
    out = SequenceValue((F, TensorValue("int64")))
    assert answer("torch.topk", X, INT, out=out) == out


def test_python_values() -> None:
    assert answer(".item", X) == NumberValue("float")
    assert isinstance(answer(".item", OPAQUE), UnknownValue)
    assert answer(".size", X) == OtherValue("size")
    assert answer(".size", X, INT) == NumberValue("int")
    assert resolve(attribute_rule("dtype") or Rule(rule(".item").result), Given((X,))) == DtypeValue("bfloat16", (0,))
    assert answer("torch.get_default_dtype") == DtypeValue(DEFAULT)
    assert answer("torch.promote_types", DtypeValue("bfloat16"), DtypeValue("float16")) == DtypeValue("float32", (0, 1))


def test_modules() -> None:
    embedding = module_rule("torch.nn.Embedding")
    assert embedding is not None
    found = resolve(embedding.forward, Given((TensorValue("int64"),), parameters={"weight": X}))
    assert dtype(found) == "bfloat16"
    assert isinstance(resolve(embedding.forward, Given((TensorValue("int64"),))), UnknownValue)


def test_reads_names_all_that_matters() -> None:
    assert [arg.position for arg in reads(rule("torch.add").result)] == [0, 1]
    assert [arg.names for arg in reads(rule("torch.empty").result)] == [("dtype",)]
    assert reads(rule(".float").result) != ()  # the rank follows self
    plus = binary_rule("+")
    assert plus is not None and len(reads(plus.result)) == 2
