"""Attribute reads: by class where the object is known, by exact place on `self`, else by name over the whole project."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from contractlint.flow import objects
from contractlint.flow.lazily import before_filling
from contractlint.flow.nodes import Node, render
from contractlint.flow.parameters import annotated_instance, annotation_classes, focused_scopes, is_enum, short
from contractlint.flow.stores import Store, Stores
from contractlint.flow.torch_model import DEVICE
from contractlint.flow.values import (
    DEFAULT,
    HANDED,
    OWN,
    Alt,
    Callable,
    ClassValue,
    Const,
    Dtype,
    Instance,
    Member,
    ModuleValue,
    NoneValue,
    Tensor,
    Unknown,
    guessed,
)
from contractlint.index.ir import ParamIR
from contractlint.index.project import Class, External, Function

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow
    from contractlint.flow.frames import Frame

GUESS_STEPS = 500
MAX_ROLES = 3


class Attributes:
    """Reads attributes, and remembers where each is stored."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.stores = Stores(flow)

    # reading

    def read(self, node: Node, frame: Frame, bases: Sequence[Alt] | None = None) -> list[Alt]:
        """The possibilities for `base.name`; with `bases`, of only these possibilities for the base."""
        base, name = node.parts
        if name == "device" and base.kind not in ("global", "import"):
            return [Alt(DEVICE)]  # whatever object it is read from
        out: list[Alt] = []
        seen: set[object] = set()
        if bases is None:
            bases = self.flow.ev(base, frame)
        classes = {a.value.cls for a in bases if isinstance(a.value, Instance)}
        for alt in bases:
            value = alt.value
            kind: object = value
            if isinstance(value, Unknown):
                kind = "unknown"
            try:
                if kind in seen:
                    continue
                seen.add(kind)
            except TypeError:
                pass
            if classes and isinstance(value, Unknown):
                out.append(alt)  # what else the object may be is not known; guessing by name would add only noise
                continue
            read = self._of(alt, base, name, frame, node)
            # What an object holds is not established where it is not which object it is, or which of several classes it has.
            out.extend(guessed(read) if len(classes) > 1 or alt.guess else read)
            if self.flow.open(read):
                break
        return out

    def _of(self, alt: Alt, base: Node, name: str, frame: Frame, node: Node) -> list[Alt]:
        from contractlint.flow.evaluate import external_value
        from contractlint.flow.torch_model import module_parameter, tensor_attribute

        value = alt.value
        if isinstance(value, Instance):
            if isinstance(value.cls, Class):
                return self.of_instance(value, value.cls, base, name, frame, node)
            return module_parameter(self.flow, value, name) or self.by_name(name, base, frame)
        if isinstance(value, ClassValue):
            return self._of_class(value, name, frame)
        if isinstance(value, Tensor):
            return tensor_attribute(self.flow, alt, base, name)
        if isinstance(value, ModuleValue):
            refs = self.flow.project.resolve_dotted(f"{value.name}.{name}")
            return self.flow.references(refs)
        if isinstance(value, Callable) and isinstance(value.target, External):
            enum = value.target.name.rpartition(".")[2]
            if enum in self.flow.enums:
                return [Alt(Member(enum, name))]
            return [Alt(external_value(f"{value.target.name}.{name}"))]
        if isinstance(value, NoneValue):
            return []
        if isinstance(value, Member):
            return [Alt(Const(value.value))] if name == "value" and value.value is not None else [alt]
        if isinstance(value, Unknown):
            if name == "dtype" and not looks_configured(base):
                return [Alt(Dtype("", base.id, value.reason), alt.path)]
            if name == "data":
                return [alt]  # of a tensor, if it is one
            return self.by_name(name, base, frame) or [alt]
        return [Alt(Unknown(f"`{render(node)}` is not followed"))]

    def _of_class(self, value: ClassValue, name: str, frame: Frame) -> list[Alt]:
        from contractlint.flow.evaluate import external_value

        if isinstance(value.cls, External):
            return [Alt(external_value(f"{value.cls.name}.{name}"))]
        cls = value.cls
        literal = self._class_level(cls, name)
        if is_enum(self.flow, cls):
            return [Alt(Member(cls.name, name, literal))]
        method = self.flow.project.find_method(cls, name)
        if method is not None:
            return [Alt(Callable(method, cls, bound=method.decorated("classmethod")))]
        inner = self.flow.project.find_class(cls, name)
        if inner is not None:
            return [Alt(ClassValue(inner))]
        return self.class_value(cls, name) or [Alt(Unknown(f"`{cls.name}.{name}` is not found"))]

    def _class_level(self, cls: Class, name: str) -> object:
        for current in self.flow.project.mro(cls):
            for stmt in current.ir.body:
                if stmt[0] == "assign" and any(t[0] == "name" and t[2] == name for t in stmt[2]):
                    return stmt[3][2] if stmt[3][0] == "const" else None
        return None

    def class_value(self, cls: Class, name: str) -> list[Alt]:
        """A name assigned in a class body, of the class or its bases."""
        for current in self.flow.project.mro(cls):
            for stmt in current.ir.body:
                if stmt[0] == "assign" and any(t[0] == "name" and t[2] == name for t in stmt[2]):
                    return self.flow.expression(Function(current.module, 0), stmt[3])
                if stmt[0] == "ann" and stmt[2] == ("name", stmt[2][1], name) and stmt[4] is not None:
                    return self.flow.expression(Function(current.module, 0), stmt[4])
        return []

    # instances

    def of_instance(self, value: Instance, cls: Class, base: Node, name: str, frame: Frame, node: Node) -> list[Alt]:
        """`instance.name`: a method, a property, a field, or what any code stores there."""
        if name in CONFIGURED_DTYPES and cls.name.endswith("Config"):
            return [Alt(Dtype(DEFAULT))]
        methods = self._methods(value, cls, name)
        if methods:
            return methods
        exact = self._exact(cls, base, name, frame)
        if exact is not None:
            return exact
        own = objects.held(self.flow, value, name)
        if own:
            return own
        out = list(self.flow.once(("held", cls, name), lambda: self._held(cls, name)))
        if any(isinstance(alt.value, NoneValue) for alt in out):
            out = before_filling(self.flow, self.stores.on(cls, name)[0], out, name, frame)
        if not out:
            declared = self._declared(cls, name)
            if declared is not None:
                return [Alt(declared)]
            if self.flow.circular:
                return []
            if name == "dtype":
                return [Alt(Dtype("", base.id, "the dtype of an object that is not followed"))]
            return [Alt(Unknown(f"nothing was found that stores `{name}` on `{cls.name}`"))]
        return out

    def _held(self, cls: Class, name: str) -> list[Alt]:
        """What code stores on instances of a class, what its constructions give a field, or what the class body says."""
        if self.flow.deciding and self.flow.open(own := self._values(self.stores.own(cls, name), name)):
            return own
        stores, possible = self.stores.on(cls, name)
        out = [*self._values(stores, name), *guessed(self._values(possible, name))]
        if not self.flow.open(out):
            out.extend(self._fields(cls, name))
        return out or self.class_value(cls, name)

    def _methods(self, value: Instance, cls: Class, name: str) -> list[Alt]:
        """Methods and properties of the class, and those that subclasses put in their place."""
        project = self.flow.project
        found = project.find_method(cls, name)
        candidates = [(found, cls)] if found is not None else []
        for sub in () if value.exact else project.subclasses(cls):
            own = sub.method(name)
            if own is not None:
                candidates.append((own, sub))
        out: list[Alt] = []
        for method, receiver in candidates[:24]:
            if method.decorated("property", "cached_property"):
                out.extend(self.flow.result(method, objects.itself(method, value), receiver))
                if self.flow.open(out):
                    break
            else:
                out.append(Alt(Callable(method, receiver, bound=not method.decorated("staticmethod"))))
        return out

    def _exact(self, cls: Class, base: Node, name: str, frame: Frame) -> list[Alt] | None:
        """A store to the same place on `self` (`self.gate.bias`) in the same class speaks before all others."""
        if base.kind != "attr" or not rooted_in_self(base, frame.fn):
            return None
        owner = frame.receiver or frame.fn.owner
        if owner is None:
            return None
        project, spelled = self.flow.project, render(base)
        related = (*project.mro(owner), *project.subclasses(owner))
        found = [s for fn in project.functions_of("stores", name, related) for s in self.stores.within(fn, name)]
        found.extend(s for fn in project.functions_of("strings", name, related) for s in self.stores.quoted(fn, name))
        stores = [
            s for s in found if s.base.kind == "attr" and render(s.base) == spelled and rooted_in_self(s.base, s.fn)
        ]
        if not stores:
            return None
        # Code that is handed such an object may be handed this one.
        handed = [s for s in chain(*self.stores.on(cls, name)) if not s.own and s.base.kind == "param"]
        return [*self._values(stores, name), *guessed(self._values(handed, name))]

    def is_module(self, cls: Class) -> bool:
        """Whether a class is a torch module."""
        return any(b.rpartition(".")[2] == "Module" for b in self.flow.project.external_bases(cls))

    def _fields(self, cls: Class, name: str) -> list[Alt]:
        """A dataclass or named-tuple field: what constructions pass for it, its default where they pass nothing."""
        project = self.flow.project
        if project.find_method(cls, "__init__") is not None:
            return []
        if not any(f[0] == name for c in project.mro(cls) for f in c.ir.fields):
            return []
        out: list[Alt] = []
        passed = False
        for made in (cls, *project.subclasses(cls)):
            if project.find_method(made, "__init__") is not None:
                continue
            passed = self._constructed(made, name, out) or passed
            if self.flow.open(out):
                break
        if not passed:
            declared = self._declared(cls, name)
            if declared is not None:
                return [Alt(declared)]
        return out

    def field_formals(self, cls: Class) -> tuple[ParamIR, ...]:
        """The parameters of the constructor that `dataclass` or `NamedTuple` makes from the fields, bases first."""
        formals: dict[str, ParamIR] = {}
        for current in reversed(self.flow.project.mro(cls)):
            for field, annotation, default, _ in current.ir.fields:
                if annotation is not None and annotation[0] == "sub" and annotation[2][-1] == "ClassVar":
                    continue
                formals[field] = ParamIR(field, "pos", annotation, default)
        return tuple(formals.values())

    def _constructed(self, cls: Class, name: str, out: list[Alt]) -> bool:
        """Gather what constructions of a class give a field; whether there are any."""
        from contractlint.flow.frames import Frame

        flow = self.flow
        constructions = [c for c in flow.callers.constructions.of(cls) if flow.usable(c.fn)]
        # A record that many places fill plays many roles: which of them this one has is not established.
        unsure = len(constructions) > MAX_ROLES
        for made in flow.shares(focused_scopes(flow, constructions, lambda c: c.fn), out):
            frame = Frame.make(made.fn, made.record.facts)
            out.extend(self.field_given(cls, made.record.node, frame, name, unsure))
        return bool(constructions)

    def field_given(self, cls: Class, call: Node, frame: Frame, name: str, unsure: bool = False) -> list[Alt]:
        """What one construction gives a field; nothing where it has no such field, or leaves it out without a default."""
        from contractlint.flow.binding import bind

        formals = self.field_formals(cls)
        bound = bind(self.flow, call, formals, 0)
        node = bound.arguments.get(name)
        if node is None and (bound.splats or bound.stars):
            return list(bound.from_splats(self.flow, name, frame))
        if node is None:
            default = next((f.default for f in formals if f.name == name), None)
            return self.flow.expression(Function(cls.module, 0), default) if default is not None else []
        fn, what = call.fn, f"kept as `{name}` of `{cls.name}`"
        return [
            (a.at(fn.file, call.line, what) if a.path else a)
            .through(*fn.scope)
            .out_of_an_attribute(a.guess or unsure, OWN)
            for a in self.flow.ev(node, frame)
        ]

    def _declared(self, cls: Class, name: str) -> Instance | None:
        """The instance that an annotation of the attribute names (`self.kernel: Kernel`, or a field)."""
        for current in self.flow.project.mro(cls):
            for field, annotation, _, _ in current.ir.fields:
                if field == name:
                    return annotated_instance(self.flow, Function(current.module, 0), annotation)
        return None

    # objects of unknown class

    def by_name(self, name: str, base: Node, frame: Frame) -> list[Alt]:
        """Every store to an attribute of this name, for an object that could not be told; a guess where names are common."""
        if name in CONFIGURED_DTYPES:
            return [Alt(configured_dtype(base, name))]
        if self.flow.light or self.flow.guessing or name in _COMMON:
            return [Alt(Unknown(f"`.{name}` of an object whose class is not known"))]
        self.flow.guessing = True
        try:
            with self.flow.at_most(GUESS_STEPS):
                return self._by_name(name)
        finally:
            self.flow.guessing = False

    def _by_name(self, name: str) -> list[Alt]:
        stores = [s for s in self.stores.of(name) if self.flow.usable(s.fn)]
        owners = {s.fn.scope for s in stores}
        out = self._values(stores, name)
        for cls in self.flow.project.classes_with_field(name):
            out.extend(self._fields(cls, name))
            owners.add((cls.module.file, cls.qualname))
        if not out:
            return [Alt(Unknown(f"`.{name}` of an object whose class is not known"))]
        if len(owners) > 1:
            out = guessed(out)
        return out

    def _values(self, stores: list[Store], name: str) -> list[Alt]:

        out: list[Alt] = []
        # Several classes that store the same attribute on an object of another class: which of them did is not established.
        foreign = {s.fn.scope for s in stores if not s.own}
        uncertain = len(foreign) > 1
        for store in self.flow.shares(focused_scopes(self.flow, stores, lambda s: s.fn), out):
            if self._reads_itself(store, name):
                continue
            frame = store.frame(self.flow)
            for alt in self.flow.ev(store.value, frame):
                # Code that hands on what other code handed over: that both mean the same object is not established.
                unsure = alt.guess or (not store.own and (uncertain or alt.kept == HANDED))
                kept = alt.through(*store.fn.scope).out_of_an_attribute(unsure, OWN if store.own else HANDED)
                if alt.path is not None:
                    kept = kept.at(store.fn.file, store.line, f"stored as `{render(store.base)}.{name}`")
                out.append(kept)
        return out

    @staticmethod
    def _reads_itself(store: Store, name: str) -> bool:
        """`self.x = self.x` and its like bring nothing new."""
        value = store.value
        return value.kind == "attr" and value.parts[1] == name and value.parts[0].id == store.base.id


def rooted_in_self(node: Node, fn: Function) -> bool:
    """Whether an attribute chain starts at the first parameter of a method."""
    while node.kind == "attr":
        node = node.parts[0]
    return node.kind == "param" and fn.is_method and bool(fn.ir.params) and node.parts[0] == fn.ir.params[0].name


CONFIGURED_DTYPES = frozenset(("dtype", "torch_dtype", "params_dtype"))
"""Attributes by which configurations say the model's dtype; engines make it torch's default dtype while they build layers."""


def looks_configured(base: Node) -> bool:
    """Whether an object is a configuration, going by the name it is read from."""
    return "config" in last_part(base).lower()


def last_part(node: Node) -> str:
    """The last name of an attribute chain."""
    return str(node.parts[-1]) if node.kind in ("attr", "param", "global", "free") else ""


def configured_dtype(base: Node, name: str) -> Dtype:
    """The dtype that an object of unknown class says: the model's dtype when the object is a configuration."""
    if looks_configured(base) or name != "dtype":
        return Dtype(DEFAULT)
    return Dtype("", base.id, "the dtype of an object that is not followed")


_COMMON = frozenset(
    [
        "weight",
        "bias",
        "data",
        "dtype",
        "device",
        "shape",
        "size",
        "config",
        "name",
        "forward",
        "apply",
        "value",
        "values",
        "items",
        "keys",
        "dim",
        "x",
        "out",
        "output",
        "group",
        "layer",
        "layers",
        "model",
        "scale",
        "type",
        "id",
        "index",
        "mode",
        "to",
        "get",
        "update",
        "copy",
    ]
)

__all__ = ["Attributes", "Store", "annotation_classes", "rooted_in_self", "short"]
