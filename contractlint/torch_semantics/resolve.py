"""From a rule and the arguments of one call to the value of the call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from contractlint.model.dtypes import DTYPES, canonical
from contractlint.torch_semantics.algebra import (
    DEFAULT,
    NONE,
    Arg,
    Choice,
    DtypeOf,
    DtypeValue,
    Fixed,
    FromAny,
    FromKeyword,
    How,
    Lifted,
    Many,
    NumberOf,
    NumberValue,
    OfContents,
    OfParameter,
    OtherValue,
    Promoted,
    Python,
    Ranked,
    Result,
    Retyped,
    Rule,
    SameAs,
    SequenceValue,
    Several,
    TensorValue,
    Test,
    UnknownValue,
    Value,
)
from contractlint.torch_semantics.promotion import (
    REAL_OF,
    NotPromotable,
    OperandKind,
    Undecidable,
    complex_of,
    kind_of,
    promote_all,
    scalar_dtype,
)

OUT = Arg(None, ("out",))
UNPACKED = "**"
"""How an argument was passed that can be among unpacked ones."""
AFTER_SELF = Arg(1, ("dtype", "other"), rest=True)
_LEGACY = {"Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "Byte": "uint8",
           "Char": "int8", "Short": "int16", "Int": "int32", "Long": "int64", "Bool": "bool"}  # fmt: skip

Source = int | str


class Arguments(Protocol):
    """The arguments of a call, as the evaluator knows them."""

    def get(self, arg: Arg) -> tuple[Source, Value] | None:
        """The argument and how it was passed; None when it was not. Unpacked `**kwargs` make it an unknown value."""

    def rest(self, arg: Arg) -> Iterator[tuple[Source, Value]]:
        """All positional arguments from a position on, then the keywords of that name."""

    def parameter(self, name: str) -> Value:
        """The named parameter of the module that is called."""


class Given(NamedTuple):
    """Arguments that are written down. With `open`, more may follow that are not known."""

    positional: Sequence[Value] = ()
    keywords: Mapping[str, Value] = {}
    open: bool = False
    parameters: Mapping[str, Value] = {}

    def get(self, arg: Arg) -> tuple[Source, Value] | None:
        """See `Arguments`."""
        if arg.position is not None and arg.position < len(self.positional):
            return arg.position, self.positional[arg.position]
        for name in arg.names:
            if name in self.keywords:
                return name, self.keywords[name]
        return (UNPACKED, UnknownValue("unpacked arguments")) if self.open else None

    def rest(self, arg: Arg) -> Iterator[tuple[Source, Value]]:
        """See `Arguments`."""
        yield from list(enumerate(self.positional))[arg.position or 0 :]
        yield from ((name, self.keywords[name]) for name in arg.names if name in self.keywords)
        if self.open:
            yield UNPACKED, UnknownValue("unpacked arguments")

    def parameter(self, name: str) -> Value:
        """See `Arguments`."""
        return self.parameters.get(name, UnknownValue(f"the module's {name}"))


def resolve(rule: Rule | Result, call: Arguments, *, default: str = DEFAULT) -> Value:
    """The value of a call. `default` is torch's default dtype where it is known."""
    out = call.get(OUT) if isinstance(rule, Rule) else None
    if out is not None:
        # Wherever torch takes `out=`, it returns that tensor and keeps its dtype.
        source, value = out
        if isinstance(value, TensorValue):
            return value._replace(sources=(source,))
        if isinstance(value, SequenceValue) or (isinstance(value, UnknownValue) and source != UNPACKED):
            return value
    try:
        return _Resolver(call, default).value(rule.result if isinstance(rule, Rule) else rule)
    except (Undecidable, NotPromotable) as problem:
        return UnknownValue(str(problem))


def reads(result: Result) -> tuple[Arg, ...]:
    """The arguments on which a result can depend, so that a caller need not evaluate the others."""
    found: dict[Arg, None] = {}
    todo: list[object] = [result]
    while todo:
        part = todo.pop()
        if isinstance(part, Arg):
            found[part] = None
        elif isinstance(part, FromAny):
            found[AFTER_SELF] = None
            todo.append(part.otherwise)
        elif isinstance(part, tuple):
            todo.extend(part)
    return tuple(sorted(found, key=lambda a: (a.position is None, a.position or 0, a.names)))


class _Resolver:
    """One call; a method for each variant of `Result`."""

    def __init__(self, call: Arguments, default: str) -> None:
        self.call = call
        self.default = default

    def value(self, result: Result) -> Value:
        match result:
            case Fixed(dtype):
                return TensorValue(self.default if dtype == DEFAULT else dtype)
            case Retyped(of, dtype):
                return TensorValue(self.default if dtype == DEFAULT else dtype, self.is_zero_dim(of))
            case SameAs(arg):
                return self.same(arg)
            case Promoted(args):
                return self.promoted(args)
            case Lifted(of, how):
                return self.mapped(of, lambda t: t._replace(dtype=lifted(t.dtype, how, self.default)))
            case Ranked(of, zero_dim):
                return self.mapped(of, lambda t: t._replace(zero_dim=zero_dim))
            case FromKeyword(arg, otherwise):
                return self.from_keyword(arg, otherwise)
            case FromAny():
                return self.from_any(result)
            case OfContents():
                return self.contents(result)
            case OfParameter(name):
                found = self.call.parameter(name)
                return found._replace(sources=(name,)) if isinstance(found, TensorValue) else found
            case Several(items, names):
                return SequenceValue(tuple(self.value(item) for item in items), names=names)
            case Many(each):
                return SequenceValue((self.value(each),), open=True)
            case Choice():
                return self.choice(result)
            case DtypeOf(of):
                found = self.value(of)
                return DtypeValue(found.dtype, found.sources) if isinstance(found, TensorValue) else found
            case NumberOf(of):
                found = self.value(of)
                kind = kind_of(found.dtype) if isinstance(found, TensorValue) else None
                return NumberValue(kind) if kind is not None else UnknownValue("a number of unknown type")
            case Python(kind):
                return NumberValue(kind) if kind in ("int", "float", "bool") else OtherValue(kind)
            case _:
                return UnknownValue(result.reason)

    def mapped(self, of: Result, change: _Change) -> Value:
        found = self.value(of)
        if isinstance(found, SequenceValue):
            return found._replace(items=tuple(change(i) if isinstance(i, TensorValue) else i for i in found.items))
        return change(found) if isinstance(found, TensorValue) else found

    def is_zero_dim(self, result: Result) -> bool:
        """Whether a result is known to have no dimensions, its dtype being of no interest."""
        try:
            found = self.value(result)
        except (Undecidable, NotPromotable):
            return False
        return isinstance(found, TensorValue) and found.zero_dim

    def same(self, arg: Arg) -> Value:
        got = self.call.get(arg)
        if got is None:
            return UnknownValue(f"argument {describe(arg)} is not given")
        source, value = got
        if isinstance(value, SequenceValue) and value.items:
            value = value.items[0]
        if isinstance(value, TensorValue):
            return value._replace(sources=(source,))
        if isinstance(value, UnknownValue):
            return value
        return UnknownValue(f"argument {describe(arg)} is no tensor")

    def promoted(self, args: tuple[Arg, ...]) -> Value:
        operands: list[tuple[str, OperandKind]] = []
        sources: list[Source] = []
        for source, value in self.flat(args):
            if isinstance(value, TensorValue):
                operands.append((value.dtype, "zero_dim" if value.zero_dim else "tensor"))
            elif isinstance(value, DtypeValue):
                operands.append((value.name, "tensor"))
            elif isinstance(value, NumberValue):
                operands.append((value.kind, "scalar"))
            elif isinstance(value, UnknownValue):
                return value
            else:
                continue
            sources.append(source)
        if not operands:
            return UnknownValue("no operand is known")
        dtype = promote_all(operands, self.default)
        return TensorValue(dtype, all(kind != "tensor" for _, kind in operands), tuple(dict.fromkeys(sources)))

    def flat(self, args: tuple[Arg, ...]) -> Iterator[tuple[Source, Value]]:
        """The arguments that were passed, sequences replaced by what they hold."""
        for arg in args:
            got = self.call.get(arg)
            passed = self.call.rest(arg) if arg.rest else [got] if got is not None else []
            for source, value in passed:
                todo = [value]
                while todo:
                    item = todo.pop(0)
                    if isinstance(item, SequenceValue):
                        todo[:0] = item.items
                    else:
                        yield source, item

    def from_keyword(self, arg: Arg, otherwise: Result) -> Value:
        got = self.call.get(arg)
        if got is None or got[1] == NONE:
            return self.value(otherwise)
        source, value = got
        if isinstance(value, DtypeValue):
            return TensorValue(value.name, self.is_zero_dim(otherwise), (source,))
        return value if isinstance(value, UnknownValue) else UnknownValue(f"argument {describe(arg)} is no dtype")

    def from_any(self, result: FromAny) -> Value:
        zero_dim = self.is_zero_dim(result.otherwise)
        passed = list(self.call.rest(AFTER_SELF))
        # A dtype that is known settles it, whatever unknown device stands before it.
        passed.sort(key=lambda one: not isinstance(one[1], DtypeValue))
        for source, value in passed:
            if isinstance(value, DtypeValue):
                return TensorValue(value.name, zero_dim, (source,))
            if isinstance(value, TensorValue) and result.tensors:
                return TensorValue(value.dtype, zero_dim, (source,))
            if isinstance(value, OtherValue) and value.kind == "str" and (named := legacy_dtype(str(value.value))):
                return TensorValue(named, zero_dim, (source,))
            if isinstance(value, UnknownValue):
                return value
        return self.value(result.otherwise)

    def contents(self, result: OfContents) -> Value:
        found: list[str] = []
        sources: list[Source] = []
        for source, value in self.flat(result.args):
            if value == NumberValue("number"):
                return UnknownValue("the type of a number is not known")
            if isinstance(value, NumberValue):
                found.append(scalar_dtype(value.kind, self.default))
            elif isinstance(value, TensorValue):
                found.append(scalar_dtype(value.dtype, self.default) if result.by_kind else value.dtype)
            elif value == NONE:
                continue
            else:
                return value if isinstance(value, UnknownValue) else UnknownValue("the contents are not known")
            sources.append(source)
        if not found:
            return TensorValue(self.default)  # torch.tensor([])
        dtype = promote_all(((name, "tensor") for name in found), self.default)
        got = self.call.get(result.args[0])
        return TensorValue(dtype, got is not None and _no_dimensions(got[1]), tuple(dict.fromkeys(sources)))

    def choice(self, result: Choice) -> Value:
        undecided: list[Value] = []
        for case in result.cases:
            answers = [self.test(test) for test in case.tests]
            if False in answers:
                continue
            value = self.value(case.result)
            if None not in answers:
                return _agreed([*undecided, value])
            undecided.append(value)
        return _agreed([*undecided, self.value(result.otherwise)])

    def test(self, test: Test) -> bool | None:
        got = self.call.get(test.arg)
        if got is None:
            return False
        source, value = got
        if test.kind == "passed":
            return True if source != UNPACKED else None
        if value == NONE:
            return False
        if isinstance(value, UnknownValue):
            return None
        if test.kind == "given":
            return True
        if test.kind == "tensor":
            return isinstance(value, TensorValue)
        return bool(value.value) if isinstance(value, NumberValue) and value.value is not None else None


class _Change(Protocol):
    def __call__(self, tensor: TensorValue, /) -> Value: ...


def _no_dimensions(value: Value) -> bool:
    return isinstance(value, NumberValue) or (isinstance(value, TensorValue) and value.zero_dim)


def _agreed(values: list[Value]) -> Value:
    """The value that all cases give which could apply, or unknown."""
    first = values[0]
    if all(_bare(value) == _bare(first) for value in values):
        return first
    return UnknownValue("the overload depends on an argument that is not known")


def _bare(value: Value) -> tuple[object, ...]:
    if isinstance(value, TensorValue):
        return ("tensor", value.dtype)
    if isinstance(value, SequenceValue):
        return ("sequence", value.open, *map(_bare, value.items))
    return (type(value), *value)


_INTEGRAL_TO_DEFAULT = {"bool": DEFAULT, "int": DEFAULT}
_LIFTS: dict[How, dict[str, str]] = {
    "float": _INTEGRAL_TO_DEFAULT,
    "sum": {"bool": "int64", "int": "int64"},
    "number": {"bool": "int64"},
    "real": REAL_OF,
    "complex": _INTEGRAL_TO_DEFAULT,  # and then to the complex dtype
    "double": {"bool": "float64", "int": "float64", "float": "float64", "complex": "complex128"},
    "truth": {"uint8": "uint8", "bool": "bool", "int": "bool", "float": "bool", "complex": "bool"},
    "weights": {"float32": "float32", **dict.fromkeys(("bool", "int", "float", "complex"), "float64")},
}
"""For each way of lifting, what becomes of a dtype or of all dtypes of a kind; others stay."""


def lifted(dtype: str, how: How, default: str = DEFAULT) -> str:
    """The dtype that `Lifted` makes of another."""
    kind = kind_of(dtype)
    if kind is None:
        raise Undecidable(f"the kind of dtype {dtype} is not known")
    if dtype == DEFAULT and how == "weights":
        raise Undecidable("the result depends on the default dtype")
    changes = _LIFTS[how]
    result = changes.get(dtype) or changes.get(kind) or dtype
    if result == DEFAULT:
        result = default
    return complex_of(result) if how == "complex" else result


def legacy_dtype(text: str) -> str | None:
    """The dtype that `.type("torch.cuda.HalfTensor")` or `.type("torch.float16")` asks for."""
    last = text.rpartition(".")[2]
    if last.endswith("Tensor"):
        return _LEGACY.get(last.removesuffix("Tensor"))
    return canonical(last) if last in DTYPES else None


def describe(arg: Arg) -> str:
    """An argument as a reader would name it."""
    return arg.names[0] if arg.names else str(arg.position)
