"""The value of a call: casts and torch functions by table, project functions by what they return, classes as instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contractlint.flow.nodes import Node, render
from contractlint.flow.objects import made
from contractlint.flow.values import (
    DEFAULT,
    Alt,
    Callable,
    ClassValue,
    Const,
    Dtype,
    Instance,
    Mapping_,
    Member,
    ModuleValue,
    NoneValue,
    Partial,
    Sequence_,
    Tensor,
    Unknown,
    guessed,
)
from contractlint.index.project import Class, External, Function

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow
    from contractlint.flow.frames import Bindings, Frame

MAX_CALL_DEPTH = 5
MAX_TARGETS = 8
MAX_CERTAIN = 2


def call(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    """All possibilities for the result of a call."""
    from contractlint.flow.torch_model import tensor_method

    function = node.parts[0]
    out: list[Alt] = []
    if function.kind == "attr":
        fixed = fixed_cast(flow, node, frame)
        if fixed:
            return fixed
        base, name = function.parts
        others: list[Alt] = []
        bases = flow.ev(base, frame)
        for alt in bases:
            if isinstance(alt.value, Tensor):
                out.extend(tensor_method(flow, alt, node, frame))
            elif isinstance(alt.value, Unknown):
                cast = tensor_method(flow, alt, node, frame, certain=False)
                if cast:
                    out.extend(cast)
                else:
                    others.append(alt)
            elif isinstance(alt.value, Mapping_ | Sequence_):
                out.extend(container_method(flow, alt, name, node, frame))
            elif not isinstance(alt.value, NoneValue):
                others.append(alt)
        if not others:
            return out
    known = len(others) < len(bases) if function.kind == "attr" else False
    found = flow.attributes.read(function, frame, others) if known else flow.ev(function, frame)
    callees = [a for a in found if not isinstance(a.value, NoneValue)]
    several = len(callees) > MAX_CERTAIN
    for alt in callees[:MAX_TARGETS]:
        if not (function.kind == "attr" and isinstance(alt.value, Tensor)):
            results = apply(flow, alt, node, frame)
            # A call of many possible functions says little about each.
            out.extend(guessed(results) if several else results)
            if flow.open(results):
                break
    if len(callees) > MAX_TARGETS:
        out.append(Alt(Unknown(f"`{render(function)}` can be more functions than the analysis follows")))
    if not out and flow.circular:
        return []
    return out or [Alt(Unknown(f"`{render(function)}` returns nothing that is followed"))]


def fixed_cast(flow: Flow, node: Node, frame: Frame, look: bool = True) -> list[Alt]:
    """`x.to(torch.float32)`, `x.float()`: one dtype whatever `x` is, so where `x` comes from is not asked.

    Nothing where the dtype is not one that the code names, or where `x` is seen, when one looks, to be no tensor.
    """
    from contractlint.flow.torch_model import CASTS, tensor_method

    function = node.parts[0]
    if function.kind != "attr" or function.parts[1] not in CASTS:
        return []
    if look and function.parts[1] == "view":
        return []  # the same memory under another dtype: what is known of the memory stays
    if look and not all(isinstance(a.value, Tensor | Unknown) for a in flow.brief(function.parts[0], frame)):
        return []
    cast = tensor_method(flow, Alt(Unknown("what is cast")), node, frame, certain=False)
    named = len(cast) == 1 and isinstance(cast[0].value, Tensor) and cast[0].value.dtype not in ("", DEFAULT)
    return cast if named else []


def apply(flow: Flow, callee: Alt, node: Node, frame: Frame) -> list[Alt]:
    """The result of calling one possibility of the callee."""
    from contractlint.flow.torch_model import torch_call

    value = callee.value
    if isinstance(value, Callable) and isinstance(value.target, External):
        special = _BUILTINS.get(value.target.name)
        if special is not None:
            return special(flow, node, frame)
        return torch_call(flow, value.target.name, node, frame)
    if isinstance(value, Callable) and isinstance(value.target, Function):
        return _function(flow, value, node, frame)
    if isinstance(value, ClassValue):
        return construct(flow, value.cls, node, frame)
    if isinstance(value, Partial):
        return apply(flow, Alt(value.target), node, frame)
    if isinstance(value, Instance):
        return _instance(flow, value, node, frame)
    if isinstance(value, ModuleValue):
        return [Alt(Unknown("a module is called"))]
    if isinstance(value, Unknown):
        reason = value.reason or "it is not known"
        return [Alt(Unknown(f"what `{render(node.parts[0])}` returns is not followed: {reason}"), callee.path)]
    return [Alt(Unknown(f"what `{render(node.parts[0])}` returns is not followed"))]


def _function(flow: Flow, value: Callable, node: Node, frame: Frame) -> list[Alt]:
    fn = value.target
    assert isinstance(fn, Function)
    wrapped = lazy_reference(node)
    if wrapped is not None:
        from contractlint.flow.evaluate import external_value

        if flow.is_external(wrapped):
            return [Alt(external_value(wrapped))]
    if frame.depth >= MAX_CALL_DEPTH:
        return [Alt(Unknown(f"`{fn.qualname}` lies deeper in calls than the analysis follows"))]
    skip = 1 if fn.is_method and (value.bound or value.receiver is not None) and _through_instance(node) else 0
    if fn.is_method and value.bound:
        skip = 1
    return _returned(flow, fn, node, frame, skip, value.receiver)


def _through_instance(node: Node) -> bool:
    function: Node = node.parts[0]
    return function.kind == "attr"


def _returned(flow: Flow, fn: Function, node: Node, frame: Frame, skip: int, receiver: Class | None) -> list[Alt]:
    if flow.light:
        # Callees, classes and constants hang on what the function does, seldom on what it gets: one answer for all calls.
        return flow.result(fn, {}, receiver, frame.depth + 1)
    return flow.result(fn, bindings(flow, fn, node, frame, skip), receiver, frame.depth + 1)


def bindings(flow: Flow, fn: Function, node: Node, frame: Frame, skip: int) -> Bindings:
    """What the parameters of a function stand for in one call of it; the first `skip` ones are bound already."""
    from contractlint.flow.binding import bind

    bound = bind(flow, node, fn.ir.params, skip)
    out: Bindings = {}
    for param in fn.ir.params[skip:]:
        given = bound.arguments.get(param.name)
        if given is not None:
            out[param.name] = (given, frame)
        elif param.kind == "kwarg" or param.kind == "vararg":
            out[param.name] = (Alt(Unknown(f"`{param.name}` gathers arguments")),)
        elif (bound.splats or bound.stars) and param.kind != "posonly":
            out[param.name] = bound.from_splats(flow, param.name, frame)
        elif param.default is not None:
            out[param.name] = tuple(flow.expression(fn, param.default))
    return out


def _instance(flow: Flow, value: Instance, node: Node, frame: Frame) -> list[Alt]:
    from contractlint.flow.torch_model import module_call

    if isinstance(value.cls, External):
        return module_call(flow, value.cls.name, node, frame)
    project = flow.project
    out: list[Alt] = []
    classes = (value.cls, *(() if value.exact else project.subclasses(value.cls)))
    for cls in classes[:MAX_TARGETS]:
        method = project.find_method(cls, "__call__") or project.find_method(cls, "forward")
        if cls != value.cls and (method is None or method.owner != cls):
            continue
        if method is None:
            continue
        if frame.depth >= MAX_CALL_DEPTH:
            return [Alt(Unknown(f"`{method.qualname}` lies deeper in calls than the analysis follows"))]
        out.extend(_returned(flow, method, node, frame, 1, cls))
        if flow.open(out):
            break
    if len(classes) > MAX_CERTAIN:
        out = guessed(out)
    if not out:
        for name in sorted(project.external_bases(value.cls)):
            inherited = module_call(flow, name, node, frame, quiet=True)
            if inherited:
                return inherited
        return [Alt(Unknown(f"calling an instance of `{value.cls.name}` is not followed"))]
    return out


def construct(flow: Flow, cls: Class | External, node: Node, frame: Frame) -> list[Alt]:
    """The result of calling a class."""
    from contractlint.flow.parameters import is_enum
    from contractlint.flow.torch_model import torch_call

    if isinstance(cls, External):
        return torch_call(flow, cls.name, node, frame)
    if is_enum(flow, cls):
        alts = flow.ev(node.parts[1][0], frame) if node.parts[1] else ()
        kept = [a if isinstance(a.value, Member) else Alt(Unknown(f"a member of `{cls.name}`")) for a in alts]
        return kept or [Alt(Unknown(f"a member of `{cls.name}`"))]
    parameter_like = {
        b for b in flow.project.external_bases(cls) if b.endswith(("nn.Parameter", "parameter.Parameter"))
    }
    if parameter_like and node.parts[1]:
        return list(flow.ev(node.parts[1][0], frame))
    if parameter_like:
        data = dict(node.parts[2]).get("data")
        if data is not None:
            return list(flow.ev(data, frame))
    return [Alt(Instance(cls, exact=True, made=made(flow, cls, node, frame)))]


def lazy_reference(node: Node) -> str | None:
    """`lazy("package.module", "name")`: the dotted name that two quoted arguments spell."""
    args = node.parts[1]
    texts = [a.parts[0] for a in args[:2] if a.kind == "const" and isinstance(a.parts[0], str)]
    if len(texts) == 2 and len(args) == 2 and all(part.isidentifier() for part in ".".join(texts).split(".")):
        return ".".join(texts)
    return None


def container_method(flow: Flow, alt: Alt, name: str, node: Node, frame: Frame) -> list[Alt]:
    """`d.get("k", default)`, `d.pop("k")` and copies of containers."""
    from contractlint.flow.mappings import lookup

    value, args = alt.value, node.parts[1]
    if isinstance(value, Mapping_) and name in ("get", "pop", "setdefault") and args:
        out = lookup(flow, value, args[0], frame)
        return out + (list(flow.ev(args[1], frame)) if len(args) > 1 else [])
    if name == "copy":
        return [alt]
    return [Alt(Unknown(f"what `.{name}()` of a container returns is not followed"))]


# builtins and helpers that have a meaning for values


def _getattr(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    args = node.parts[1]
    if len(args) < 2 or args[1].kind != "const" or not isinstance(args[1].parts[0], str):
        return [Alt(Unknown("an attribute whose name is computed"))]
    read = Node("attr", node.fn, node.line, args[0], args[1].parts[0])
    out = list(flow.ev(read, frame))
    if len(args) > 2:
        default = flow.ev(args[2], frame)
        known = [a.value for a in out]
        out.extend(a for a in default if a.value not in known)
    return out


def _dict(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    return [Alt(Mapping_(node, frame))]


def _same(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    args = node.parts[1]
    return list(flow.ev(args[0], frame)) if args else [Alt(Unknown("an empty container"))]


def _cast(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    args = node.parts[1]
    return list(flow.ev(args[1], frame)) if len(args) > 1 else [Alt(Unknown("a cast"))]


def _number(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    args = node.parts[1]
    if len(args) == 1:
        alts = flow.ev(args[0], frame)
        if all(isinstance(a.value, Member | Const) for a in alts):
            return list(alts)
    return [Alt(Unknown("a number"))]


def _text(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    return [Alt(Unknown("a computed text or truth value"))]


def _partial(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    args, keywords = node.parts[1], node.parts[2]
    if not args:
        return [Alt(Unknown("a partial of nothing"))]
    given = tuple((a, frame) for a in args[1:])
    named = tuple((k, v, frame) for k, v in keywords if k)
    return [Alt(Partial(a.value, given, named)) for a in flow.ev(args[0], frame)]


def _super(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    owner = frame.fn.owner
    if owner is None:
        return [Alt(Unknown("super() outside a class"))]
    bases = [b for b in flow.project.bases(owner) if isinstance(b, Class)]
    return [Alt(Instance(b)) for b in bases] or [Alt(Unknown("super() of a class outside the project"))]


_BUILTINS = {
    "builtins.getattr": _getattr,
    "builtins.dict": _dict,
    "builtins.tuple": _same,
    "builtins.list": _same,
    "builtins.int": _number,
    "builtins.float": _number,
    "builtins.bool": _text,
    "builtins.str": _text,
    "builtins.len": _text,
    "builtins.isinstance": _text,
    "builtins.hasattr": _text,
    "builtins.super": _super,
    "typing.cast": _cast,
    "copy.copy": _same,
    "copy.deepcopy": _same,
    "functools.partial": _partial,
}

__all__ = ["Dtype", "call", "construct", "lazy_reference"]
