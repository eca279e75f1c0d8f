"""What is known of an argument: an abstract tensor of the static pass, or a real one at run time. Clauses cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What an argument is."""

    TENSOR = "tensor"
    NONE = "None"
    MEMBER = "member of an enum"
    CONSTANT = "constant"
    DTYPE = "dtype"
    SEQUENCE = "sequence"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observed:
    """An argument as far as it is known.

    For tensors: `dtype` (empty: not known), `shape` and `strides` in elements (None: not known), `contiguous`, `address`
    and `size` in bytes, `fill` (`uninitialised`, `zero` or `other`, where it is known what the memory holds). For members
    `value` is the name, for constants the value itself, for dtypes `dtype` is the name; `items` are those of a sequence.
    `reason` says why an argument, or a part of it, is not known.
    """

    kind: Kind
    dtype: str = ""
    shape: tuple[int, ...] | None = None
    strides: tuple[int, ...] | None = None
    contiguous: bool | None = None
    address: int | None = None
    device: str = ""
    fill: str = ""
    size: int | None = None
    value: object = None
    items: tuple[Observed, ...] = ()
    reason: str = ""


ABSENT = Observed(Kind.UNKNOWN, reason="it is not an argument of this call")


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of one call by parameter, and what their values mean in the release that runs."""

    arguments: Mapping[str, Observed]
    enums: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # parameter → member → number
    capability: str = ""  # compute capability of the device, `9.0`; empty when it is not known

    def argument(self, parameter: str) -> Observed:
        """The argument of a parameter; `quant_scales[0]` is an element of a tuple or list."""
        name, bracket, index = parameter.partition("[")
        found = self.arguments.get(name, ABSENT)
        if not bracket:
            return found
        if found.kind is Kind.NONE:
            return found
        position = int(index.rstrip("]"))
        if found.kind is Kind.SEQUENCE and position < len(found.items):
            return found.items[position]
        return ABSENT

    def members(self, parameter: str) -> Mapping[str, int] | None:
        """The members of the enum that a parameter holds, or None when it holds none."""
        return self.enums.get(parameter)
