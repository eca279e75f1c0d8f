"""Torch dtypes by name, with what type promotion needs to know about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["bool", "int", "float", "complex"]


@dataclass(frozen=True, slots=True)
class DtypeInfo:
    """One torch dtype.

    `category` is the order of torch's promotion categories: bool < int < float < complex.
    `bits` is the size of one element; packed 4-bit formats occupy a byte and count 8.
    """

    name: str
    kind: Kind
    bits: int


_TABLE: tuple[tuple[str, Kind, int], ...] = (
    ("bool", "bool", 8),
    ("uint8", "int", 8),
    ("int8", "int", 8),
    ("int16", "int", 16),
    ("uint16", "int", 16),
    ("int32", "int", 32),
    ("uint32", "int", 32),
    ("int64", "int", 64),
    ("uint64", "int", 64),
    ("float4_e2m1fn_x2", "float", 8),
    ("float8_e4m3fn", "float", 8),
    ("float8_e5m2", "float", 8),
    ("float8_e4m3fnuz", "float", 8),
    ("float8_e5m2fnuz", "float", 8),
    ("float8_e8m0fnu", "float", 8),
    ("float16", "float", 16),
    ("bfloat16", "float", 16),
    ("float32", "float", 32),
    ("float64", "float", 64),
    ("complex32", "complex", 32),
    ("complex64", "complex", 64),
    ("complex128", "complex", 128),
)

DTYPES: dict[str, DtypeInfo] = {name: DtypeInfo(name, kind, bits) for name, kind, bits in _TABLE}

MODEL_DTYPES = frozenset(("bfloat16", "float16"))
"""What a model's dtype can be where kernels run: engines serve in one of these."""

ALIASES: dict[str, str] = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "chalf": "complex32",
    "cfloat": "complex64",
    "cdouble": "complex128",
}


def canonical(name: str) -> str | None:
    """Return torch's main name of a dtype (`half` → `float16`), or None when torch has no such dtype."""
    name = ALIASES.get(name, name)
    return name if name in DTYPES else None
