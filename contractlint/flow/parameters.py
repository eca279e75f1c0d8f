"""The value of a parameter: what it is bound to in a followed call, else what all its callers pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from contractlint.flow.nodes import Node
from contractlint.flow.torch_model import DEVICE
from contractlint.flow.values import Alt, Instance, Unknown
from contractlint.index.ir import Expr, ParamIR, dotted
from contractlint.index.project import Class, External, Function

if TYPE_CHECKING:
    from contractlint.flow.caller import Passed
    from contractlint.flow.evaluate import Flow
    from contractlint.flow.frames import Frame

T = TypeVar("T")


def parameter(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    """All possibilities for a parameter of the frame's function."""
    name, fn = node.parts[0], frame.fn
    if frame.bound is not None and name in frame.bound:
        bound = frame.bound[name]
        if len(bound) == 2 and isinstance(bound[0], Node):
            return list(flow.ev(*bound))
        return list(bound)
    if fn.is_method and fn.ir.params and fn.ir.params[0].name == name:
        owner = frame.receiver or fn.owner
        return [Alt(Instance(owner, exact=frame.receiver is not None))] if owner is not None else [Alt(Unknown("self"))]
    param = next((p for p in fn.ir.params if p.name == name), None)
    if param is None:
        return [Alt(Unknown("a parameter that is not found"))]
    known = annotated_instance(flow, fn, param.annotation)
    if known is not None:
        return [Alt(known)]
    if name == "device":
        return [Alt(DEVICE)]  # by torch's own convention, and nothing that a dtype is passed for
    if flow.light:
        return [Alt(Unknown(f"parameter `{name}`"))]
    return list(flow.once(("joined", fn, name, frame.receiver), lambda: joined(flow, fn, param, frame.receiver)))


def joined(flow: Flow, fn: Function, param: ParamIR, receiver: Class | None) -> list[Alt]:
    """What every known caller passes, and the default where one of them passes nothing."""
    if param.kind in ("vararg", "kwarg"):
        return [Alt(Unknown(f"`{param.name}` gathers arguments"))]
    passed = flow.callers.passed(fn, param.name, receiver)
    out: list[Alt] = []
    called = False
    for item in flow.shares(focused_scopes(flow, passed, lambda p: p.fn), out):
        called = True
        out.extend(_arrive(flow, fn, param, item))
    common = flow.callers.too_common(fn)
    if common and not flow.focus:
        out.append(Alt(Unknown(f"calls of `{common}` stand in too many files to follow them all")))
    elif not called:
        place = f"no call of `{fn.qualname}` was found"
        if param.default is not None:
            out.extend(_default(flow, fn, param))
        out.append(Alt(Unknown(f"{place}, so what `{param.name}` gets is not known")))
    return out


def focused_scopes(flow: Flow, items: Iterable[T], where: Callable[[T], Function]) -> Iterable[T]:
    """With a focus, what lies in its scopes stands for all, when anything does."""
    if not flow.focus:
        return items
    items = list(items)
    return [item for item in items if where(item).scope in flow.focus] or items


def _arrive(flow: Flow, fn: Function, param: ParamIR, item: Passed) -> list[Alt]:
    if item.missing:
        return [a.through(*item.fn.scope) for a in _default(flow, fn, param)]
    if item.reason:
        return [Alt(Unknown(item.reason))]
    out = []
    for alt in item.values(flow):
        arrived = alt.through(*item.fn.scope)
        if alt.path is not None:
            arrived = arrived.at(item.fn.file, item.line, f"passed to `{short(fn)}` as `{param.name}`")
        if item.guess:
            arrived = arrived.guessed()
        out.append(arrived)
    return out


def short(fn: Function) -> str:
    """How a function is named in a path: `Class.method`, or a class by its name for its constructor."""
    if fn.name == "__init__" and fn.owner is not None:
        return fn.owner.qualname
    return fn.qualname


def _default(flow: Flow, fn: Function, param: ParamIR) -> list[Alt]:
    """The default of a parameter, evaluated at module level."""
    if param.default is None:
        return [Alt(Unknown(f"a call of `{fn.qualname}` passes nothing for `{param.name}`"))]
    return flow.expression(fn, param.default)


def annotated_instance(flow: Flow, fn: Function, annotation: Expr | None) -> Instance | None:
    """The instance that an annotation names, when it names one class of the project that is no enumeration."""
    classes = [c for c in annotation_classes(flow, fn, annotation) if isinstance(c, Class)]
    if len(classes) != 1 or is_enum(flow, classes[0]):
        return None
    return Instance(classes[0])


def is_enum(flow: Flow, cls: Class) -> bool:
    """Whether a class is an enumeration."""
    return any(base.rpartition(".")[2] in _ENUMS for base in flow.project.external_bases(cls))


_ENUMS = {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}


def annotation_classes(flow: Flow, fn: Function, annotation: Expr | None) -> list[Class | External]:
    """Classes that an annotation names, looking through `Optional[X]` and `X | None`."""
    if annotation is None:
        return []
    kind = annotation[0]
    if kind == "bin" and annotation[2] == "|":
        return annotation_classes(flow, fn, annotation[3]) + annotation_classes(flow, fn, annotation[4])
    if kind == "sub":
        head = dotted(annotation[2]) or ""
        if head.rpartition(".")[2] in (
            "Optional",
            "Annotated",
            "ClassVar",
            "Final",
            "Union",
            "Required",
            "NotRequired",
        ):
            inner = annotation[3][2] if annotation[3][0] == "tuple" else (annotation[3],)
            return [c for part in inner for c in annotation_classes(flow, fn, part)]
        return annotation_classes(flow, fn, annotation[2])
    if kind == "name" and annotation[2] in ("None", "Any", "object"):
        return []
    found: list[Class | External] = []
    for ref in flow.project.resolve_expr(fn.module, annotation) if kind in ("name", "attr") else ():
        if isinstance(ref, Class | External):
            found.append(ref)
    if not found and kind == "name":
        found = list(_local_class(flow, fn, annotation[2]))
    return found


def _local_class(flow: Flow, fn: Function, name: str) -> list[Class]:
    """A quoted annotation often names a class that the file imports only inside a function, or not at all."""
    if not name[:1].isupper():
        return []
    found = [
        Class(module, index)
        for module in flow.project.modules_with(name, "class")
        for index, cls in enumerate(module.ir.classes)
        if cls.name == name and not module.is_test
    ]
    return found if len(found) == 1 else []
