"""The vocabulary in which the tables say how a result's dtype follows from the arguments.

A `Result` is a small expression over the arguments of one call. Its variants are named tuples, so that importing the
tables costs next to nothing; tell them apart by class (`isinstance`, `match`), not by comparing them with each other.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from contractlint.model.dtypes import Kind

DEFAULT = "default"
"""Stands for torch's default dtype (`torch.get_default_dtype()`), which a reader of the source may not know."""

How = Literal["float", "sum", "real", "complex", "double", "number", "truth", "weights"]
"""How `Lifted` changes a dtype.

float: integers and bool become the default dtype. sum: integers and bool become int64. number: bool becomes int64.
real: a complex dtype becomes that of its parts. complex: a real dtype becomes the complex one of its precision
(integers by way of the default dtype). double: float64, or complex128 for a complex dtype. truth: bool, but uint8
stays, as it was the dtype of masks before bool existed. weights: float64 except for float32.
"""

Layout = Literal["contiguous", "preserves", "may_be_strided", "unknown"]
"""What is known of the result's memory order.

contiguous: always contiguous. preserves: contiguous when all tensor arguments are, else like them. may_be_strided: not
contiguous for many arguments, even contiguous ones. unknown: nothing is claimed.
"""

Fill = Literal["zero", "uninitialised", "other"]
"""What an allocator leaves in the memory it returns."""

TestKind = Literal["passed", "given", "true", "tensor"]
PythonKind = Literal["int", "float", "bool", "size", "str", "none", "device", "dtype_info", "other"]


class Arg(NamedTuple):
    """One argument: its position (0 is `self` for a method), its keyword names, or both.

    With `rest`, this and all later positional arguments.
    """

    position: int | None
    names: tuple[str, ...] = ()
    rest: bool = False


class Fixed(NamedTuple):
    """A tensor of this dtype, whatever the arguments are. `DEFAULT` is allowed."""

    dtype: str


class Retyped(NamedTuple):
    """A tensor of this dtype with the rank of another result, as casts and comparisons give."""

    of: "Result"
    dtype: str


class SameAs(NamedTuple):
    """A tensor of the dtype of an argument; of its first element when the argument is a sequence of tensors."""

    arg: Arg


class Promoted(NamedTuple):
    """A tensor of the dtype that type promotion gives for these arguments; sequences count by their elements."""

    args: tuple[Arg, ...]


class Lifted(NamedTuple):
    """The dtype of another result, changed in a regular way."""

    of: "Result"
    how: How


class FromKeyword(NamedTuple):
    """The dtype that an argument names, and `otherwise` when the argument is absent or None."""

    arg: Arg
    otherwise: "Result"


class FromAny(NamedTuple):
    """The dtype named by the first argument after `self` that is a dtype or, with `tensors`, has one.

    This is the overload resolution of `.to()`, `.type()` and `.view()`: a dtype may stand at several positions.
    """

    otherwise: "Result"
    tensors: bool = False


class OfContents(NamedTuple):
    """The dtype that torch infers for Python numbers: bool, int64 or the default dtype.

    A tensor among them counts with its own dtype, or with `by_kind` like a Python number of its kind.
    """

    args: tuple[Arg, ...]
    by_kind: bool = False


class OfParameter(NamedTuple):
    """A tensor of the dtype of a parameter of the module that is called."""

    name: str


class Several(NamedTuple):
    """A tuple of results; `names` are its fields where it is a named tuple."""

    items: "tuple[Result, ...]"
    names: tuple[str, ...] = ()


class Many(NamedTuple):
    """A sequence of unknown length whose elements are all alike."""

    each: "Result"


class Test(NamedTuple):
    """A question about an argument: is it passed, is it given (passed and not None), is it true, is it a tensor?"""

    kind: TestKind
    arg: Arg


class Case(NamedTuple):
    """A result that applies when all tests hold."""

    tests: tuple[Test, ...]
    result: "Result"


class Choice(NamedTuple):
    """The result of the first case that applies, else `otherwise`: how overloads are told apart."""

    cases: tuple[Case, ...]
    otherwise: "Result"


class Ranked(NamedTuple):
    """Another result, with what is known of its rank: certainly zero-dimensional, or not known to be."""

    of: "Result"
    zero_dim: bool


class DtypeOf(NamedTuple):
    """Not a tensor but the dtype object that another result has."""

    of: "Result"


class NumberOf(NamedTuple):
    """A Python number of the kind of another result (`.item()`)."""

    of: "Result"


class Python(NamedTuple):
    """A Python value that is no tensor."""

    kind: PythonKind


class Undetermined(NamedTuple):
    """A tensor whose dtype the tables do not determine, and why."""

    reason: str


Result = (
    Fixed | Retyped | SameAs | Promoted | Lifted | FromKeyword | FromAny | OfContents | OfParameter | Several | Many
    | Choice | Ranked | DtypeOf | NumberOf | Python | Undetermined
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """How a function's result follows from its arguments.

    `aliases`: the result is, or may be, another name or view of the first argument's memory. `mutates`: the call writes
    to its first argument. `fill` is set for functions that allocate without computing. An `out=` argument overrides all
    of it.
    """

    result: "Result"
    aliases: bool = False
    layout: Layout = "unknown"
    fill: Fill | None = None
    mutates: bool = False


_DEFAULT = Fixed(DEFAULT)


@dataclass(frozen=True, slots=True)
class ModuleRule:
    """What is known of a class of modules.

    `forward` is the result of calling the module, argument 0 being the first one after `self`. `dtype` is the
    constructor's argument that sets the dtype of the parameters, `default` their dtype without it. `parameters` are the
    tensors that the constructor creates, each with its dtype (None: the constructor's). Those in `optional` are None
    when a constructor's argument beside them is false, and those in `absent` also when it is not given. Positions count
    from the first argument after `self`.
    """

    forward: Rule
    dtype: Arg | None = None
    default: Result = _DEFAULT
    parameters: tuple[tuple[str, str | None], ...] = ()
    optional: tuple[tuple[str, Arg], ...] = ()
    absent: tuple[str, ...] = ()


# What calls are described with, and what `resolve` answers with.


class TensorValue(NamedTuple):
    """A tensor. `dtype` is a torch name, `DEFAULT`, or any other text that stands for one dtype that is not known.

    `zero_dim` is set only when the tensor is known to have no dimensions. `sources` are the arguments that decided the
    dtype of a result: positions and keyword names, none when the function fixes it.
    """

    dtype: str
    zero_dim: bool = False
    sources: tuple[int | str, ...] = ()


class NumberValue(NamedTuple):
    """A Python number or bool; `number` is one of unknown real type. `value` is filled in for a known bool."""

    kind: Kind | Literal["number"]
    value: object = None


class DtypeValue(NamedTuple):
    """A dtype object, named like that of a tensor."""

    name: str
    sources: tuple[int | str, ...] = ()


class SequenceValue(NamedTuple):
    """A tuple or list; when `open`, one of unknown length whose elements are all like the one item."""

    items: "tuple[Value, ...]"
    open: bool = False
    names: tuple[str, ...] = ()


class OtherValue(NamedTuple):
    """A value that is neither tensor, number, dtype nor sequence: None, a device, text."""

    kind: PythonKind
    value: object = None


class UnknownValue(NamedTuple):
    """Nothing is known, and why."""

    reason: str


Value = TensorValue | NumberValue | DtypeValue | SequenceValue | OtherValue | UnknownValue

NONE = OtherValue("none")
