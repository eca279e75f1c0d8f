"""Type promotion by names: the dtype in which torch computes when its operands differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from contractlint.model.dtypes import DTYPES, Kind, canonical
from contractlint.torch_semantics.algebra import DEFAULT

OperandKind = Literal["tensor", "zero_dim", "scalar"]
"""A tensor with dimensions, a tensor without, a Python number. Each outranks the next unless its category is lower."""


class NotPromotable(TypeError):
    """Torch refuses to combine these dtypes."""


class Undecidable(ValueError):
    """The result depends on a dtype that is not known."""


COMPLEX_OF = {
    "float16": "complex32",
    "bfloat16": "complex64",  # there is no complex dtype with bfloat16's exponent
    "float32": "complex64",
    "float64": "complex128",
}
REAL_OF = {"complex32": "float16", "complex64": "float32", "complex128": "float64"}

# Signed integers are a chain, and uint8 meets int8 only in int16; floats are a chain but for the two 16-bit formats.
_INT_RANK = {"bool": 0, "int8": 1, "int16": 2, "int32": 3, "int64": 4}
_FLOAT_RANK = {"bfloat16": 1, "float16": 1, "float32": 2, "float64": 3}
_WIDE_UNSIGNED = {"uint16", "uint32", "uint64"}
NUMBER = "number"
"""Names a Python number of which only is known that it is real."""

_PYTHON_NUMBERS: dict[str, Kind] = {"bool": "bool", "int": "int", "float": "float", "complex": "complex"}


def kind_of(name: str) -> Kind | None:
    """The category of a dtype; None for a name that stands for an unknown one."""
    if name == DEFAULT:
        return "float"
    info = DTYPES.get(name)
    return info.kind if info is not None else None


def complex_of(name: str) -> str:
    """The complex dtype whose parts have the precision of a real one; a complex one stays."""
    if kind_of(name) == "complex":
        return name
    if name in COMPLEX_OF:
        return COMPLEX_OF[name]
    if name == DEFAULT or kind_of(name) is None:
        raise Undecidable(f"the complex dtype of {name} is not known")
    raise NotPromotable(f"no complex dtype has parts of {name}")


def _not_known(*dtypes: str) -> Undecidable:
    """What stands for an unknown dtype is a number of the run, which tells nobody anything."""
    names = ("a dtype that is not known" if name.startswith("?") else name for name in dtypes)
    return Undecidable(f"the promotion of {' and '.join(names)} cannot be told")


def promote_types(a: str, b: str) -> str:
    """`torch.promote_types`: the smallest dtype that torch converts both to."""
    if a == b:
        return a
    kinds = kind_of(a), kind_of(b)
    if None in kinds:
        # Whatever the unknown dtype is, bool adds nothing to it.
        if "bool" in kinds:
            return b if kinds[0] == "bool" else a
        raise _not_known(a, b)
    pair = {a, b}
    if any(name.startswith(("float4_", "float8_")) for name in pair):
        raise NotPromotable(f"torch does not promote {a} and {b}")
    if "complex" in kinds:
        if pair & _WIDE_UNSIGNED:
            raise NotPromotable(f"torch does not promote {a} and {b}")
        return _with_complex(a, b)
    if "float" in kinds:
        return _with_float(a, b)
    if pair & _WIDE_UNSIGNED:
        raise NotPromotable(f"torch does not promote {a} and {b}")
    if "uint8" in pair:
        other = b if a == "uint8" else a
        return {"bool": "uint8", "int8": "int16"}.get(other, other)
    return a if _INT_RANK[a] >= _INT_RANK[b] else b


def _with_float(a: str, b: str) -> str:
    if kind_of(a) != "float":
        return b
    if kind_of(b) != "float":
        return a
    if DEFAULT in (a, b):
        raise Undecidable(f"the promotion of {a} and {b} depends on the default dtype")
    if _FLOAT_RANK[a] == _FLOAT_RANK[b]:
        return "float32"
    return a if _FLOAT_RANK[a] > _FLOAT_RANK[b] else b


def _with_complex(a: str, b: str) -> str:
    if kind_of(a) in ("bool", "int"):
        return b
    if kind_of(b) in ("bool", "int"):
        return a
    a, b = complex_of(a), complex_of(b)
    return a if DTYPES[a].bits >= DTYPES[b].bits else b


def promote_all(operands: Iterable[tuple[str, OperandKind]], default: str = DEFAULT) -> str:
    """`torch.result_type` for any number of operands; a Python number is named by its type or any dtype of its kind."""
    ranks: dict[OperandKind, str] = {}
    for name, kind in operands:
        current = scalar_dtype(name, default) if kind == "scalar" else name
        if NUMBER in (current, ranks.get(kind)):
            ranks[kind] = NUMBER
        else:
            ranks[kind] = promote_types(ranks[kind], current) if kind in ranks else current
    if ranks.get("scalar") == NUMBER:
        return _with_number(ranks, default)
    result: str | None = None
    for kind in ("scalar", "zero_dim", "tensor"):
        if kind in ranks:
            result = ranks[kind] if result is None else _outrank(ranks[kind], result)
    if result is None:
        raise ValueError("nothing to promote")
    return result


def _with_number(ranks: dict[OperandKind, str], default: str) -> str:
    """The result when a number can be of any real type, if all types lead to the same."""
    tensors = [(name, kind) for kind, name in ranks.items() if kind != "scalar"]
    results = {promote_all([*tensors, (number, "scalar")], default) for number in ("bool", "int", "float")}
    if len(results) > 1:
        raise Undecidable("the result depends on the type of a number that is not known")
    return results.pop()


def scalar_dtype(name: str, default: str) -> str:
    """The dtype of a tensor made from a Python number, which is named by its type or by any dtype of its kind."""
    if name == NUMBER:
        return NUMBER
    kind = _PYTHON_NUMBERS.get(name) or kind_of(name)
    if kind is None:
        raise Undecidable(f"the kind of number {name} is not known")
    if kind == "float":
        return default
    if kind == "complex":
        return complex_of(default)
    return "int64" if kind == "int" else "bool"


def _outrank(higher: str, lower: str) -> str:
    """Combine an operand with one of lower rank, which counts only when its category is higher."""
    above, below = kind_of(higher), kind_of(lower)
    if above == "complex" or higher == lower:
        return higher
    if above == "float":
        return complex_of(higher) if below == "complex" else higher
    if above is None and below != "bool":
        raise _not_known(higher, lower)
    if below is None and above != "bool":
        raise _not_known(higher, lower)
    if below == "complex":
        return lower  # even beside the wide unsigned integers, which torch otherwise refuses to combine
    if above == "bool" or below == "float":
        return promote_types(higher, lower)
    return higher


def promote(
    a: str, b: str, *, a_kind: OperandKind = "tensor", b_kind: OperandKind = "tensor", default: str = DEFAULT
) -> str:
    """The dtype of an operation on two operands, by `torch.result_type`'s rules.

    Raises `NotPromotable` where torch refuses, and `Undecidable` where the names given do not decide.
    """
    return promote_all(((_name(a, a_kind), a_kind), (_name(b, b_kind), b_kind)), default)


def _name(name: str, kind: OperandKind) -> str:
    return name if kind == "scalar" else canonical(name) or name
