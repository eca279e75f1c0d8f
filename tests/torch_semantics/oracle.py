"""Real torch as the oracle: makes arguments from templates, and compares what a call gives with the prediction."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from contractlint.torch_semantics import (
    NONE,
    DtypeValue,
    NumberValue,
    OtherValue,
    SequenceValue,
    TensorValue,
    UnknownValue,
    Value,
)

# Any, because the static checks run where torch is absent.
torch: Any = pytest.importorskip("torch", reason="torch is the oracle of these tests")

DTYPES = ("bfloat16", "float16", "float32", "float64", "int32", "int64", "uint8", "bool")
REFUSALS = (RuntimeError, TypeError, NotImplementedError, ValueError, IndexError)


def name_of(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


@contextlib.contextmanager
def default_dtype(name: str) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, name))
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def environment(dtype: str, *, strided: bool = False) -> dict[str, Any]:
    """The names that call templates use: tensors of the dtype under test, and some of fixed dtypes to mix them with."""
    kind = getattr(torch, dtype)

    def make(*shape: int, start: int = 1) -> Any:
        count = 1
        for size in shape:
            count *= size
        numbers = torch.arange(start, start + count, dtype=torch.int64) % 5
        numbers = numbers if kind == torch.bool or not kind.is_floating_point else numbers.double() / 8 + 0.125
        made = numbers.to(kind).reshape(shape)
        if strided and len(shape) > 1:
            made = made.transpose(-1, -2).contiguous().transpose(-1, -2)
        return made

    index = torch.arange(16).reshape(4, 4) % 4
    return {
        "torch": torch,
        "x": make(4, 4),
        "y": make(4, 4, start=2),
        "v": make(4),
        "w": make(4, start=2),
        "s": make(),
        "b": make(2, 4, 4),
        "a": make(1, 2, 4, 4),
        "q": make(1, 2, 8, 8),
        "volume": make(1, 2, 4, 4, 4),
        "kernel": make(4, 2, 2, 2),
        "one": make(1, 4),
        "complex_x": torch.complex(torch.ones(4, 4), torch.ones(4, 4)),
        "i": index,
        "iv": torch.arange(4),
        "m": index > 1,
        "f": torch.ones(4, 4),
        "h": torch.ones(4, 4, dtype=torch.bfloat16),
        "l": index + 1,
        "zd": torch.ones((), dtype=torch.float64),
        "zl": torch.ones((), dtype=torch.int64),
        "dt": kind,
        "spd": torch.eye(4).to(kind) * 2,
    }


def arguments(template: str, env: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    def capture(*args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return args, kwargs

    made: tuple[tuple[Any, ...], dict[str, Any]] = eval(f"capture({template})", {**env, "capture": capture})
    return made


def abstract(value: Any) -> Value:
    """What the static pass would know of a real argument."""
    if isinstance(value, torch.Tensor):
        return TensorValue(name_of(value.dtype), value.dim() == 0)
    if isinstance(value, bool):
        return NumberValue("bool", value)
    if isinstance(value, int | float | complex):
        return NumberValue({int: "int", float: "float", complex: "complex"}[type(value)])  # type: ignore[arg-type]
    if isinstance(value, torch.dtype):
        return DtypeValue(name_of(value))
    if isinstance(value, list | tuple):
        return SequenceValue(tuple(abstract(item) for item in value))
    if value is None:
        return NONE
    return OtherValue("str", value) if isinstance(value, str) else OtherValue("other", value)


def quiet(call: Any, *args: Any, **kwargs: Any) -> Any:
    """Call without torch's warnings about old or experimental functions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **kwargs)


def mismatch(predicted: Value, actual: Any) -> str | None:
    """Why a prediction does not describe what torch returned; None when it does."""
    wrong = f"predicted {predicted}, torch gives {describe(actual)}"
    if isinstance(predicted, UnknownValue):
        return wrong
    if isinstance(predicted, TensorValue):
        if not isinstance(actual, torch.Tensor) or name_of(actual.dtype) != predicted.dtype:
            return wrong
        return f"{wrong}, of rank {actual.dim()}" if predicted.zero_dim and actual.dim() else None
    if isinstance(predicted, DtypeValue):
        return None if isinstance(actual, torch.dtype) and name_of(actual) == predicted.name else wrong
    if isinstance(predicted, NumberValue):
        return None if type(actual).__name__ == predicted.kind else wrong
    if isinstance(predicted, SequenceValue):
        items = list(actual) if isinstance(actual, list | tuple) or hasattr(actual, "__next__") else None
        if items is None or not (predicted.open or len(items) == len(predicted.items)):
            return wrong
        if predicted.names and [hasattr(actual, name) for name in predicted.names].count(False):
            return f"{wrong}: no fields {predicted.names}"
        expected = predicted.items * len(items) if predicted.open else predicted.items
        return next((m for m in map(mismatch, expected, items) if m), None)
    return None if _is_kind(predicted.kind, actual) else wrong


def _is_kind(kind: str, actual: Any) -> bool:
    if kind == "size":
        return isinstance(actual, tuple) and all(type(item) is int for item in actual)
    types: dict[str, Any] = {
        "none": type(None), "str": str, "device": torch.device, "dtype_info": (torch.finfo, torch.iinfo),
    }  # fmt: skip
    return isinstance(actual, types[kind]) if kind in types else not isinstance(actual, (torch.Tensor, torch.dtype))


def describe(actual: Any) -> str:
    if isinstance(actual, torch.Tensor):
        return f"{name_of(actual.dtype)}{list(actual.shape)}"
    if isinstance(actual, list | tuple):
        return f"({', '.join(map(describe, actual))})"
    return repr(actual)


def tensors(value: Any) -> list[Any]:
    """All tensors in a result or an argument list."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, list | tuple):
        return [t for item in value for t in tensors(item)]
    return []


def shares(a: Any, b: Any) -> bool:
    """Whether two tensors share memory."""
    return bool(a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr() and a.untyped_storage().nbytes())
