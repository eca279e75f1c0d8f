"""Torch's semantics applied to abstract values: the tables say what follows from what, this module says from where."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contractlint import torch_semantics as torch
from contractlint.flow.nodes import Node, render
from contractlint.flow.values import (
    DEFAULT,
    Alt,
    Const,
    Dtype,
    Instance,
    Made,
    NoneValue,
    Sequence_,
    Tensor,
    Unknown,
    Value,
    Values,
)
from contractlint.index.project import External
from contractlint.model.dtypes import canonical
from contractlint.torch_semantics import algebra

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow
    from contractlint.flow.frames import Frame

MAX_COMBINATIONS = 64
CASTS = frozenset(
    [
        "to",
        "type",
        "view",
        "type_as",
        "float",
        "half",
        "bfloat16",
        "double",
        "int",
        "long",
        "short",
        "char",
        "byte",
        "bool",
        "cfloat",
        "cdouble",
        "chalf",
    ]
)


DEVICE = Instance(External("torch.device"), True)
"""A device: never a dtype, where a method takes either."""


def dtype_object(name: str) -> Dtype | None:
    """`torch.float32` and its like as a value."""
    head, _, last = name.rpartition(".")
    known = canonical(last) if head == "torch" else None
    return Dtype(known) if known else None


# between the evaluator's values and those of the tables


def described(flow: Flow, alt: Alt) -> torch.Value:
    """A possibility in the terms of the tables."""
    value = alt.value
    if isinstance(value, Tensor):
        return torch.TensorValue(value.dtype) if value.dtype else _unknown(value.same_as, value.reason, True)
    if isinstance(value, Dtype):
        return torch.DtypeValue(value.name) if value.name else _unknown(value.same_as, value.reason, False)
    if isinstance(value, NoneValue):
        return torch.NONE
    if isinstance(value, Const):
        return _constant(value.value)
    if isinstance(value, Sequence_):
        items = []
        for node, frame in value.items[:16]:
            alts = {described(flow, alt) for alt in flow.ev(node, frame)}
            items.append(alts.pop() if len(alts) == 1 else torch.UnknownValue("one of several values"))
        return torch.SequenceValue(tuple(items))
    if isinstance(value, Values):
        return torch.SequenceValue(tuple(described(flow, item[0]) for item in value.items if item), value.open)
    if value == DEVICE:
        return torch.OtherValue("device")
    return torch.UnknownValue(value.reason if isinstance(value, Unknown) else "neither a tensor nor a number")


def _unknown(same_as: int, reason: str, tensor: bool) -> torch.Value:
    if same_as < 0:
        return torch.UnknownValue(reason)
    name = f"?{same_as}"
    return torch.TensorValue(name) if tensor else torch.DtypeValue(name)


def _constant(value: object) -> torch.Value:
    if isinstance(value, bool):
        return torch.NumberValue("bool", value)
    for kind in (int, float, complex):
        if isinstance(value, kind):
            return torch.NumberValue(kind.__name__)  # type: ignore[arg-type]
    return torch.OtherValue("str" if isinstance(value, str) else "other", value)


def restored(value: torch.Value, reason: str) -> Value:
    """A value of the tables in the evaluator's terms."""
    if isinstance(value, torch.TensorValue):
        return _tensor(value.dtype, reason)
    if isinstance(value, torch.DtypeValue):
        return Dtype("", int(value.name[1:]), reason) if value.name.startswith("?") else Dtype(value.name)
    if isinstance(value, torch.SequenceValue):
        return Values(tuple((Alt(restored(item, reason)),) for item in value.items), value.open)
    if isinstance(value, torch.NumberValue):
        return Const(value.value) if isinstance(value.value, bool) else Unknown("a number")
    if isinstance(value, torch.UnknownValue):
        return Unknown(value.reason)
    if isinstance(value, torch.OtherValue) and value.kind == "device":
        return DEVICE
    return Unknown("a value that is no tensor")


def _tensor(dtype: str, reason: str) -> Tensor:
    return Tensor("", reason, int(dtype[1:])) if dtype.startswith("?") else Tensor(dtype)


# calls


@dataclass(slots=True)
class _Given:
    """The arguments of one call with one alternative chosen for each."""

    positional: Sequence[Alt]
    keywords: Mapping[str, Alt]
    flow: Flow
    open: bool = False

    def get(self, arg: torch.Arg) -> tuple[int | str, torch.Value] | None:
        if arg.position is not None and arg.position < len(self.positional):
            return arg.position, described(self.flow, self.positional[arg.position])
        for name in arg.names:
            if name in self.keywords:
                return name, described(self.flow, self.keywords[name])
        return ("**", torch.UnknownValue("it comes out of unpacked arguments")) if self.open else None

    def rest(self, arg: torch.Arg) -> Iterator[tuple[int | str, torch.Value]]:
        for position in range(arg.position or 0, len(self.positional)):
            yield position, described(self.flow, self.positional[position])
        for name in arg.names:
            if name in self.keywords:
                yield name, described(self.flow, self.keywords[name])
        if self.open:
            yield "**", torch.UnknownValue("it comes out of unpacked arguments")

    def parameter(self, name: str) -> torch.Value:
        return torch.UnknownValue(f"the module's {name}")

    def source(self, sources: tuple[int | str, ...]) -> Alt | None:
        for source in sources:
            if isinstance(source, int) and source < len(self.positional):
                return self.positional[source]
            if isinstance(source, str) and source in self.keywords:
                return self.keywords[source]
        return None


# What gives the same memory under another shape or dtype, or a copy of it.
VIEWS = frozenset(
    (
        "view",
        "view_as",
        "reshape",
        "flatten",
        "squeeze",
        "unsqueeze",
        "narrow",
        "detach",
        "contiguous",
        "to",
        "cuda",
        "clone",
    )
)

# Operators whose operands must share a dtype: where that of the first is not known, that of the second tells it.
LIKE_OPERANDS = frozenset(("linear", "matmul", "mm", "bmm", "mv", "conv1d", "conv2d", "conv3d", "@"))

_NOTHING = (Alt(Unknown("an argument that does not matter")),)


def _apply(
    flow: Flow, rule: torch.Rule, name: str, node: Node, frame: Frame, receiver: Alt | None, skip_first: bool = False
) -> list[Alt]:
    """The results of a torch function over all combinations of its arguments that matter."""
    needed = torch.reads(rule.result)
    offset = 1 if receiver is not None else 0
    positional: list[tuple[Alt, ...]] = [(receiver,)] if receiver is not None else []
    opened = False
    for i, arg in enumerate(node.parts[1]):
        if arg.kind == "star":
            opened = True
            break
        matters = any(
            a.position is not None and (a.position == i + offset or (a.rest and a.position <= i + offset))
            for a in needed
        )
        settled = any(key == "dtype" for key, _ in node.parts[2]) and _is_listed(arg)
        positional.append(_there(flow, flow.ev(arg, frame)) if matters and not settled else _NOTHING)
    keywords: dict[str, tuple[Alt, ...]] = {}
    for key, arg in node.parts[2]:
        if key is None:
            opened = True
        elif key == "out" or any(key in a.names for a in needed):
            keywords[key] = _there(flow, flow.ev(arg, frame))
    out: list[Alt] = []
    names = list(keywords)
    combinations = itertools.product(*positional, *keywords.values())
    for combination in itertools.islice(combinations, MAX_COMBINATIONS):
        given = _Given(
            combination[: len(positional)], dict(zip(names, combination[len(positional) :], strict=True)), flow, opened
        )
        out.append(_outcome(torch.resolve(rule, given), given, rule, name, node, frame))
    if name in LIKE_OPERANDS and any(_unknown_dtype(a) for a in out):
        return [a for a in out if not _unknown_dtype(a)] + _second_operand(flow, node, frame, receiver, out)
    return out


def _is_listed(node: Node) -> bool:
    """Whether an argument is a list that is written down, once or several times over: with a dtype beside it, what it holds
    and how long it is do not matter."""
    if node.kind == "bin" and node.parts[0] == "*":
        return _is_listed(node.parts[1]) or _is_listed(node.parts[2])
    return node.kind in ("list", "tuple")


def _there(flow: Flow, alts: tuple[Alt, ...]) -> tuple[Alt, ...]:
    """Without the sequences of which a part has no value: it is still being evaluated further out, or cannot be here."""
    return tuple(
        alt
        for alt in alts
        if not isinstance(alt.value, Sequence_) or all(flow.ev(node, frame) for node, frame in alt.value.items[:16])
    )


def _unknown_dtype(alt: Alt) -> bool:
    return isinstance(alt.value, Unknown) or (isinstance(alt.value, Tensor) and not alt.value.dtype)


def _second_operand(flow: Flow, node: Node, frame: Frame, receiver: Alt | None, unknown: list[Alt]) -> list[Alt]:
    """The dtype of a product whose first operand is not known: that of the second, which torch requires to be the same."""
    position = 0 if receiver is not None else 1
    second = dict(node.parts[2]).get("weight")
    if second is None and len(node.parts[1]) > position:
        second = node.parts[1][position]
    known = (
        [a for a in flow.ev(second, frame) if isinstance(a.value, Tensor) and a.value.dtype]
        if second is not None
        else []
    )
    return [a.at(frame.fn.file, node.line, f"multiplied with by `{render(node)}`") for a in known] or [
        a for a in unknown if _unknown_dtype(a)
    ]


def _outcome(value: torch.Value, given: _Given, rule: torch.Rule, name: str, node: Node, frame: Frame) -> Alt:
    sources = getattr(value, "sources", ())
    source = given.source(sources) if sources else None
    reason = _reason(source, node)
    result = _filled(restored(value, reason), given, rule, name)
    trail = frozenset(t for alt in (*given.positional, *given.keywords.values()) for t in alt.trail)
    guess = source.guess if source is not None else False
    kept = source.kept if source is not None else 0
    if source is not None and isinstance(source.value, Tensor | Values | Sequence_) and rule.fill is None:
        return Alt(result, source.path, source.pending, trail, guess, kept)
    if isinstance(result, Unknown) and source is None:
        first = next((a for a in given.positional if isinstance(a.value, Unknown) and a.path is not None), None)
        return Alt(result, first.path if first is not None else None, (), trail)
    kept_memory = isinstance(result, Tensor) and bool(result.fill) and rule.fill is None
    before = given.positional[0] if kept_memory else source if source is not None else Alt(result)
    step = _what(result, name, node)
    return Alt(result, before.path, before.pending, trail, guess, kept).at(frame.fn.file, node.line, step)


def _filled(result: Value, given: _Given, rule: torch.Rule, name: str) -> Value:
    """The result with what its memory holds: fresh memory as allocated, another view of it, or zeros written over it."""
    if not isinstance(result, Tensor):
        return result
    first = given.positional[0].value if given.positional else None
    before = first.fill if isinstance(first, Tensor) else ""
    fill = rule.fill or ("zero" if name == "zero_" else before if name in VIEWS else "")
    return replace(result, fill=fill, whole=bool(rule.fill)) if fill else result


def _reason(source: Alt | None, node: Node) -> str:
    value = source.value if source is not None else None
    return (
        value.reason
        if isinstance(value, Tensor | Dtype | Unknown) and value.reason
        else f"the dtype of `{render(node)}`"
    )


def _what(value: Value, name: str, node: Node) -> str:
    text = render(node)
    dtype = value.dtype if isinstance(value, Tensor) else value.name if isinstance(value, Dtype) else ""
    if name in CASTS and node.parts[0].kind == "attr":
        inner = text[len(render(node.parts[0].parts[0])) :] if not text.endswith("(…)") else f".{name}(…)"
        inner = inner if inner.startswith(".") else f".{name}(…)"
        return f"cast to {dtype or 'a dtype that is not known'} by `{inner}`"
    if dtype == DEFAULT:
        return f"`{text}` makes a tensor of the default dtype"
    return f"`{text}` makes a {dtype} tensor" if dtype else f"`{text}`"


def tensor_attribute(flow: Flow, alt: Alt, base: Node, name: str) -> list[Alt]:
    """An attribute of a tensor: its dtype, its data, a view."""
    value = alt.value
    assert isinstance(value, Tensor)
    if name == "dtype":
        if value.dtype:
            return [alt.holding(Dtype(value.dtype))]
        return [alt.holding(Dtype("", value.same_as if value.same_as >= 0 else base.id, value.reason))]
    rule = torch.attribute_rule(name)
    if rule is None:
        return [Alt(Unknown(f"`.{name}` of a tensor is not known"))]
    result = restored(torch.resolve(rule, _Given([alt], {}, flow)), value.reason)
    return [alt.holding(result)] if isinstance(result, Tensor | Values) else [Alt(result)]


def tensor_method(flow: Flow, alt: Alt, node: Node, frame: Frame, certain: bool = True) -> list[Alt]:
    """A method of a tensor. With `certain` False the object is unknown, and only casts to a named dtype say anything."""
    name = node.parts[0].parts[1]
    rule = torch.method_rule(name)
    if rule is None:
        return (
            [Alt(Unknown(f"what `.{name}()` of a tensor returns is not known"), alt.path, alt.pending, alt.trail)]
            if certain
            else []
        )
    if certain:
        return _apply(flow, rule, name, node, frame, alt)
    if name not in CASTS or _names_method(flow, name):
        return []
    results = _apply(flow, rule, name, node, frame, alt)
    return results if all(isinstance(a.value, Tensor) for a in results) else []


def _names_method(flow: Flow, name: str) -> bool:
    return False


def torch_call(flow: Flow, name: str, node: Node, frame: Frame) -> list[Alt]:
    """A call of a function or class outside the project."""
    if torch.module_rule(name) is not None:
        return [Alt(Instance(External(name), True, Made.by(node, frame)))]
    rule = torch.function_rule(name)
    if rule is None:
        dtypes = flow.results(name)
        if dtypes:
            return [_returned(name, dtypes, node, frame)]
        return [Alt(Unknown(f"what `{name.removeprefix('builtins.')}` returns is not known"))]
    return _apply(flow, rule, name.rpartition(".")[2], node, frame, None)


def _returned(name: str, dtypes: tuple[str, ...], node: Node, frame: Frame) -> Alt:
    """What an entry point of a library returns: a tensor of a known dtype, or several."""
    tensors = [
        Alt(Tensor(dtype)).at(frame.fn.file, node.line, f"`{name}` returns a {dtype} tensor") for dtype in dtypes
    ]
    return tensors[0] if len(tensors) == 1 else Alt(Values(tuple((tensor,) for tensor in tensors)))


def module_call(flow: Flow, name: str, node: Node, frame: Frame, quiet: bool = False) -> list[Alt]:
    """A call of an instance of a `torch.nn` class."""
    rule = torch.module_rule(name)
    if rule is None:
        return [] if quiet else [Alt(Unknown(f"what an instance of `{name}` returns is not known"))]
    return _apply(flow, rule.forward, name.rpartition(".")[2], node, frame, None)


def module_parameter(flow: Flow, value: Instance, name: str) -> list[Alt]:
    """A tensor that a `torch.nn` module creates in its constructor: `weight`, `bias`."""
    rule = torch.module_rule(value.cls.name) if isinstance(value.cls, External) else None
    if rule is None or value.made is None:
        return []
    own = dict(rule.parameters)
    if name not in own:
        return []
    node, frame = value.made.node, value.made.frame
    if own[name] is not None:
        return [Alt(Tensor(own[name] or "")).at(frame.fn.file, node.line, f"`{render(node)}` makes it")]
    result = algebra.FromKeyword(rule.dtype, rule.default) if rule.dtype is not None else rule.default
    return _apply(flow, torch.Rule(result, fill="uninitialised"), name, node, frame, None)


def combine(operator: str, lefts: tuple[Alt, ...], rights: tuple[Alt, ...], node: Node, frame: Frame) -> list[Alt]:
    """A binary operator over tensors and numbers."""
    rule = torch.binary_rule(operator)
    lefts, rights = (tuple(a for a in alts if not isinstance(a.value, NoneValue)) for alts in (lefts, rights))
    if not lefts or not rights:
        return []  # an operand that is still being evaluated further out, or that cannot be here
    if rule is None or not any(isinstance(a.value, Tensor) for a in (*lefts, *rights)):
        unknown = next((a for a in (*lefts, *rights) if isinstance(a.value, Unknown)), None)
        return [unknown if unknown is not None else Alt(Unknown("a number"))]
    flow: Flow = None  # type: ignore[assignment]  # operands of operators are no sequences here
    out: list[Alt] = []
    for left, right in itertools.islice(itertools.product(lefts, rights), MAX_COMBINATIONS):
        if isinstance(left.value, NoneValue | Sequence_) or isinstance(right.value, NoneValue | Sequence_):
            continue
        given = _Given([left, right], {}, flow)
        out.append(_outcome(torch.resolve(rule, given), given, rule, operator, node, frame))
    return out
