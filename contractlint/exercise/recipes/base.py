"""The words of a recipe.

Shapes and accepted dtypes come from the contract. A recipe adds sizes for the contract's symbols, what values to fill
in, how the result is found, and which reference computes the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Fill(str, Enum):
    """What values a tensor is filled with; `inputs.py` makes them."""

    NORMAL = "normal"  # standard normal
    SMALL = "small"  # normal, a tenth as wide
    POSITIVE = "positive"  # between 0.5 and 1.5
    PROBABILITIES = "probabilities"  # rows that add up to one
    ONES = "ones"
    ZEROS = "zeros"
    EMPTY = "empty"  # written by the kernel: filled with a value that it would not write
    COUNTING = "counting"  # 0, 1, 2, …
    ANGLES = "angles"  # cosines, then sines, of rotary angles
    RANDOM_BYTES = "random bytes"
    SIGNS = "signs"  # booleans
    MADE = "made"  # by the recipe's `prepare`


@dataclass(frozen=True, slots=True)
class Member:
    """A member of one of the library's enums, found when the library is at hand."""

    enum: str
    name: str

    def __repr__(self) -> str:
        return f"{self.enum}.{self.name}"


@dataclass(frozen=True, slots=True)
class DtypeName:
    """A torch dtype that is passed as such."""

    name: str

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of the conforming call: a tensor, unless `value` says otherwise.

    Args:
        fill: the values.
        dtype: of the conforming call; the contract must accept it.
        shape: one expression over symbols a dimension; where the contract states a shape it must be the same.
        value: a constant to pass instead of a tensor (`is_tensor=False`).
        as_bytes: the tensor holds bytes: another dtype of that size is another name for the same ones.
        optional: None in the conforming call, and built when a mutation passes it.
        own_scheme: with another dtype that the contract accepts, or without it, other arguments would have to change
            too; those calls have recipes of their own.
        together: arguments that mean nothing without it, and are None where it is.
        by_columns: a matrix whose columns are stored one after the other.
    """

    fill: Fill = Fill.NORMAL
    dtype: str = "bfloat16"
    shape: tuple[str, ...] = ()
    value: object = None
    is_tensor: bool = True
    as_bytes: bool = False
    optional: bool = False
    by_columns: bool = False
    own_scheme: bool = False
    together: tuple[str, ...] = ()


def constant(value: object, *, together: tuple[str, ...] = ()) -> Argument:
    """An argument that is no tensor."""
    return Argument(value=value, is_tensor=False, together=together)


def owner(name: str) -> str:
    """The parameter that an argument is passed as: `topk_ids[1]` is an element of `topk_ids`."""
    return name.partition("[")[0]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to call an entry point and to tell whether it was right.

    Args:
        entry_point: its canonical name.
        symbols: sizes for the symbols of shapes.
        arguments: what is passed, in the order of the call. `name[0]`, `name[1]`, … are the elements of a tuple.
        results: where results are: `return` for what is returned, or the names of arguments that the kernel writes.
        reference: `module:function`; called with the arguments by name, tensors on the CPU as the caller gave them. It
            returns one tensor, or a tuple of them, in the order of `results`.
        judge: `module:function`, instead of comparing numbers: called with (results, arguments), returns the distance.
        prepare: `module:function` that fills the arguments marked `MADE`, and may rearrange others, before the call.
        tolerance: how far the result may be from the reference, as a share of the reference's own size; of integers, the
            share that may differ. By dtype of the result; `""` for all.
        module: the name of the JIT module that it compiles; entry points that share one wait for one another.
        compile_seconds: about how long that takes on 16 cores.
        call: `module:function`, for what is no plain function: called with the library and the arguments by name.
    """

    entry_point: str
    symbols: Mapping[str, int]
    arguments: Mapping[str, Argument]
    results: tuple[str, ...] = ("return",)
    reference: str = ""
    judge: str = ""
    prepare: str = ""
    tolerance: Mapping[str, float] = field(default_factory=dict)
    module: str = ""
    compile_seconds: int = 30
    call: str = ""
    ranks: int = 1  # how many processes call it together, each with a GPU of its own
    variant: str = ""  # tells apart several recipes of one entry point
    releases: str = ""  # those that take such arguments, as `>=0.6.12`; empty for all
    # How to undo a byte layout that the contract names: layout → `module:function`, for mutations of layout.
    layouts: Mapping[str, str] = field(default_factory=dict)


# What rounding to the result's dtype, and another order of additions, may cost.
TOLERANCE = {
    "float64": 1e-5,
    "float32": 2e-3,
    "float16": 4e-3,
    "bfloat16": 1.5e-2,
    "float8_e4m3fn": 6e-2,
    "float8_e5m2": 1.2e-1,
}
INTEGER_TOLERANCE = 0.005
