"""Torch's semantics applied to abstract values (stand-in tables until torch_semantics lands)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contractlint.flow.nodes import Node, render
from contractlint.flow.values import DEFAULT, Alt, Const, Dtype, Instance, NoneValue, Tensor, Unknown, Value, Values
from contractlint.index.project import External
from contractlint.model.dtypes import canonical

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow, Frame

CASTS = {"float": "float32", "half": "float16", "bfloat16": "bfloat16", "double": "float64", "int": "int32", "long": "int64", "bool": "bool"}
SAME = set("view reshape contiguous t transpose permute squeeze unsqueeze flatten clone detach cuda cpu expand repeat narrow chunk_ requires_grad_ copy_ zero_ fill_ __getitem__ data T index_select gather pin_memory view_as expand_as clamp mul add sub".split())
CREATE = {"torch.empty", "torch.zeros", "torch.ones", "torch.rand", "torch.randn", "torch.full"}
LIKE = {"torch.empty_like", "torch.zeros_like", "torch.ones_like", "torch.rand_like", "torch.full_like"}
ARG0 = {"torch.nn.Parameter", "torch.nn.parameter.Parameter", "torch.nn.functional.linear", "torch.nn.functional.pad", "torch.nn.functional.silu", "torch.sigmoid"}


def dtype_object(name: str) -> Dtype | None:
    head, _, last = name.rpartition(".")
    if head == "torch":
        known = canonical(last)
        if known:
            return Dtype(known)
    return None


def tensor_attribute(flow: Flow, alt: Alt, base: Node, name: str) -> list[Alt]:
    value = alt.value
    assert isinstance(value, Tensor)
    if name == "dtype":
        if value.dtype:
            return [alt.holding(Dtype(value.dtype))]
        return [alt.holding(Dtype("", value.same_as if value.same_as >= 0 else base.id, value.reason))]
    if name in ("data", "T", "mT", "grad"):
        return [alt]
    return [Alt(Unknown(f"`.{name}` of a tensor"))]


def argument(node: Node, position: int, *names: str) -> Node | None:
    for key, value in node.parts[2]:
        if key in names:
            return value
    return node.parts[1][position] if 0 <= position < len(node.parts[1]) else None


def from_dtype(flow: Flow, given: Node, node: Node, frame: Frame, what: str, otherwise: list[Alt]) -> list[Alt]:
    out: list[Alt] = []
    for alt in flow.ev(given, frame):
        v = alt.value
        if isinstance(v, Dtype):
            t = Tensor(v.name, v.reason if not v.name else "", v.same_as)
            out.append(Alt(t, alt.path, alt.pending, alt.trail).at(frame.fn.file, node.line, what))
        elif isinstance(v, NoneValue):
            out.extend(otherwise)
        elif isinstance(v, Tensor):
            out.append(alt)
        elif isinstance(v, Unknown):
            out.append(Alt(Tensor("", f"its dtype is `{render(given)}`, which is not followed: {v.reason}"), alt.path, alt.pending, alt.trail).at(frame.fn.file, node.line, what))
        else:
            out.extend(otherwise)
    return out


def tensor_method(flow: Flow, alt: Alt, node: Node, frame: Frame, certain: bool = True) -> list[Alt]:
    name = node.parts[0].parts[1]
    file, line = frame.fn.file, node.line
    if name in CASTS and not node.parts[1]:
        return [Alt(Tensor(CASTS[name]), trail=alt.trail).at(file, line, f"cast by `.{name}()`")]
    if name == "to":
        given = argument(node, 0, "dtype")
        if given is None:
            return [alt] if certain else []
        alts = [a for a in flow.ev(given, frame)]
        if any(isinstance(a.value, Dtype | Tensor) for a in alts):
            return from_dtype(flow, given, node, frame, f"cast by `.to({render(given)})`", [alt])
        return [alt] if certain else []
    if name == "view" and len(node.parts[1]) == 1:
        alts = flow.ev(node.parts[1][0], frame)
        if any(isinstance(a.value, Dtype) for a in alts):
            return from_dtype(flow, node.parts[1][0], node, frame, f"viewed as `{render(node.parts[1][0])}`", [alt])
        return [alt] if certain else []
    if not certain:
        return []
    if name in SAME:
        return [alt]
    return [Alt(Unknown(f"what `.{name}()` returns is not known"), alt.path, alt.pending, alt.trail)]


def torch_call(flow: Flow, name: str, node: Node, frame: Frame) -> list[Alt]:
    file, line = frame.fn.file, node.line
    if name in CREATE:
        given = argument(node, -1, "dtype")
        text = render(node)
        default = [Alt(Tensor(DEFAULT)).at(file, line, f"`{text}` makes a tensor of the default dtype")]
        if given is None:
            return default
        return from_dtype(flow, given, node, frame, f"`{text}`", default)
    if name in LIKE:
        given = argument(node, -1, "dtype")
        same = list(flow.ev(node.parts[1][0], frame)) if node.parts[1] else []
        return same if given is None else from_dtype(flow, given, node, frame, f"`{render(node)}`", same)
    if name in ARG0 and (node.parts[1] or node.parts[2]):
        first = node.parts[1][0] if node.parts[1] else node.parts[2][0][1]
        return list(flow.ev(first, frame))
    if name == "torch.get_default_dtype":
        return [Alt(Dtype(DEFAULT))]
    if name in ("torch.nn.Linear",):
        return [Alt(Instance(External(name)))]
    return [Alt(Unknown(f"what `{name}` returns is not known"))]


def module_call(flow: Flow, name: str, node: Node, frame: Frame, quiet: bool = False) -> list[Alt]:
    return [] if quiet else [Alt(Unknown(f"what an instance of `{name}` returns is not known"))]


def combine(operator: str, lefts: tuple[Alt, ...], rights: tuple[Alt, ...], node: Node, frame: Frame) -> list[Alt]:
    for a in lefts:
        if isinstance(a.value, Tensor):
            return list(lefts)
    for a in rights:
        if isinstance(a.value, Tensor):
            return list(rights)
    return [Alt(Unknown("a number"))]
