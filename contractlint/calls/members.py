"""Attributes of whatever a base can be: members of the library, what code stores on instances, what classes declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contractlint.calls.referents import NOTHING, Bind, Cls, Ext, Fn, Inst, Lib, Mod, Obj, Referent, Referents, Super
from contractlint.calls.scope import Scope
from contractlint.flow.binding import bind
from contractlint.flow.nodes import Node
from contractlint.flow.references import last_name
from contractlint.index.ir import ParamIR
from contractlint.index.project import Class, Function

if TYPE_CHECKING:
    from contractlint.calls.resolve import Resolver

MAX_OVERRIDES = 24
MAX_OUTSIDE = 8  # files that store under a name


class Members:
    """Reads attributes, and remembers them until `forget`."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._instance: dict[tuple[str, int, str], Referents] = {}
        self._by_name: dict[str, Referents] = {}

    def forget(self) -> None:
        self._instance.clear()
        self._by_name.clear()

    def read(self, node: Node, scope: Scope) -> Referents:
        """What `base.name` can be."""
        base, name = node.parts
        bases = self._resolver.in_full(base, scope)
        values = NOTHING.union(*(self.of(value, name) for value in bases))
        if values or node.fn.module.is_test or not all(isinstance(value, Inst) for value in bases):
            return values  # what a test calls by the name of something in the product is most often a stand-in for it
        return self.by_name(name)

    def by_name(self, name: str) -> Referents:
        """An attribute of an object of unknown class, where all classes that store the name keep the library's under it."""
        if name not in self._by_name:
            self._by_name[name] = NOTHING
            self._by_name[name] = self._resolver.fully(lambda: self._find_by_name(name))
        return self._by_name[name]

    def _find_by_name(self, name: str) -> Referents:
        owners = self._resolver.known.holders.get(name, [])
        text, writers = self._resolver.project.text, self._resolver.known.writers.get(name, set())
        if not (owners or writers) or text.is_common(name, "stores"):
            return NOTHING
        for module in self._resolver.project.modules_with(name, "stores"):
            for index in module.ir.using(name, "stores"):
                if (module.file, index) in writers:
                    continue
                fn: Function | None = Function(module, index)
                while fn is not None and fn.owner is None:
                    fn = fn.parent
                if module.is_test and not any(o.module.is_test for o in owners):
                    continue
                if all(
                    r.value.kind == "const"
                    for r in self._resolver.flow.graph(Function(module, index)).stores
                    if r.attribute == name
                ):
                    continue
                if fn is None or not any(
                    self._resolver.project.related(fn.owner, o) for o in owners if fn.owner is not None
                ):
                    return NOTHING
        kept = self._resolver.known.attributes.get(name, {}).get(None, NOTHING)
        return kept.union(*(self.instance_attribute(owner, name) for owner in owners))

    def of(self, value: Referent, name: str) -> Referents:
        """What `value.name` can be."""
        if isinstance(value, Lib):
            member = self._resolver.library.member(value.name, name)
            return frozenset((Lib(member),)) if member is not None else NOTHING
        if isinstance(value, Obj):
            kept = self._resolver.known.attributes.get(name, {})
            method = self._resolver.library.method(value.cls, name)
            return (frozenset((Lib(method),)) if method else NOTHING) | kept.get(value.cls, NOTHING)
        if isinstance(value, Ext):
            return self._resolver.external(f"{value.name}.{name}")
        if isinstance(value, Mod):
            return self._resolver.imported(value.name, name)
        if isinstance(value, Cls):
            return self.instance_attribute(value.cls, name, on_class=True)
        if isinstance(value, Inst):
            return self.instance_attribute(value.cls, name)
        if isinstance(value, Super):
            return self._of_super(value.cls, name)
        if isinstance(value, Bind) and name == "func":
            return frozenset((value.target,))
        return NOTHING

    def instance_attribute(self, cls: Class, name: str, on_class: bool = False) -> Referents:
        """What an attribute of an instance can be: a method, what is stored there, what is declared."""
        key = (cls.module.file, cls.index, f"{name}()" if on_class else name)
        known = self._instance.get(key)
        if known is None:
            self._instance[key] = NOTHING
            known = self._instance[key] = self._resolver.fully(lambda: self._on_instance(cls, name, on_class))
        return known

    def _on_instance(self, cls: Class, name: str, on_class: bool) -> Referents:
        method = self._resolver.project.find_method(cls, name)
        if method is not None:
            if method.decorated("property", "cached_property"):
                return self._resolver.results.of(method, None, cls, 1)
            bound = not on_class or method.decorated("classmethod")
            return frozenset((Fn(method, cls, bound and not method.decorated("staticmethod")),))
        values = NOTHING.union(*(self._stored(c, name) for c in self._resolver.project.mro(cls)))
        if not values:
            values = NOTHING.union(*(self._declared(c, name) for c in self._resolver.project.mro(cls)))
        for owner, kept in self._resolver.known.attributes.get(name, {}).items():
            if isinstance(owner, Class) and self._resolver.project.related(owner, cls):
                values |= kept
        values |= self._handed_over(cls, name)
        if values:
            return values
        inherited = NOTHING.union(*(self._inherited(c, name) for c in self._resolver.project.mro(cls)))
        if inherited:
            return inherited
        below = self._resolver.project.subclasses(cls)[:MAX_OVERRIDES]
        values = NOTHING.union(
            *(self._stored(c, name) | self._declared(c, name) | self._handed_over(c, name) for c in below)
        )
        return values or self._from_outside(cls, name)

    def _from_outside(self, cls: Class, name: str) -> Referents:
        """What other code stores on an instance of a class (`layer.kernel = Kernel()`)."""
        if self._resolver.project.text.count(name, "stores") > MAX_OUTSIDE:
            return NOTHING
        out = NOTHING
        for fn in self._resolver.project.functions_with("stores", name):
            for record in self._resolver.flow.graph(fn).stores:
                if record.attribute == name:
                    owners = self._resolver.of(record.base, Scope(fn))
                    if any(isinstance(o, Inst) and self._resolver.project.related(o.cls, cls) for o in owners):
                        out |= self._resolver.of(record.value, Scope(fn))
        return out

    def _handed_over(self, cls: Class, name: str) -> Referents:
        """The callables that constructions of a record pass for a field that holds one (`forward: Callable`)."""
        formals = self._resolver.flow.attributes.field_formals(cls)
        field = next((formal for formal in formals if formal.name == name), None)
        project = self._resolver.project
        if field is None or not _holds_a_callable(field) or project.find_method(cls, "__init__") is not None:
            return NOTHING
        if project.text.count(cls.name, "calls") > MAX_OUTSIDE:
            return NOTHING
        out = NOTHING
        for fn in project.functions_with("calls", cls.name):
            for record in self._resolver.flow.graph(fn).calls:
                callee = record.node.parts[0]
                if last_name(callee) == cls.name and Cls(cls) in self._resolver.of(callee, Scope(fn)):
                    argument = bind(None, record.node, formals).arguments.get(name)
                    if argument is not None:
                        out |= self._resolver.of(argument, Scope(fn)) or self._anybodys(argument)
        return out

    def _anybodys(self, node: Node) -> Referents:
        """What code stores under an attribute's name, on whatever object."""
        project = self._resolver.project
        if node.kind != "attr" or project.text.count(node.parts[1], "stores") > MAX_OUTSIDE:
            return NOTHING
        return NOTHING.union(
            *(
                self._resolver.of(record.value, Scope(fn))
                for fn in project.functions_with("stores", node.parts[1])
                for record in self._resolver.flow.graph(fn).stores
                if record.attribute == node.parts[1]
            )
        )

    def _stored(self, cls: Class, name: str) -> Referents:
        """What the methods of a class store under a name of their instance."""
        out = NOTHING
        for index in cls.module.ir.using(name, "stores"):
            fn = Function(cls.module, index)
            owner = fn
            while owner.ir.owner < 0 and owner.parent is not None:
                owner = owner.parent
            if owner.ir.owner != cls.index:
                continue
            for record in self._resolver.flow.graph(fn).stores:
                if record.attribute == name and _is_self(record.base, owner):
                    out |= self._resolver.of(record.value, Scope(fn))
                    if record.annotation is not None:
                        out |= self._resolver.annotations.values(fn, record.annotation)
        for index, nested in enumerate(cls.module.ir.classes):
            if nested.qualname == f"{cls.qualname}.{name}":
                out |= {Cls(Class(cls.module, index))}
        return out

    def _declared(self, cls: Class, name: str) -> Referents:
        """What the body of a class says of a name: an assignment, an annotated field."""
        out = NOTHING
        body = Function(cls.module, 0)
        for stmt in cls.ir.body:
            if stmt[0] == "assign" and any(t[0] == "name" and t[2] == name for t in stmt[2]):
                out |= self._resolver.expression(body, stmt[3])
            elif stmt[0] == "ann" and stmt[2][0] == "name" and stmt[2][2] == name:
                if stmt[4] is not None:
                    out |= self._resolver.expression(body, stmt[4])
                out |= self._resolver.annotations.values(body, stmt[3])
        return out

    def _inherited(self, cls: Class, name: str) -> Referents:
        return frozenset(Lib(f"{base}.{name}") for base in self.library_bases(cls))

    def library_bases(self, cls: Class) -> list[str]:
        """The direct bases of a class that are classes of the library."""
        if not cls.ir.bases:
            return []
        holder = Function(cls.module, max(cls.ir.parent, 0))
        names = []
        for base in cls.ir.bases:
            expr = base[2] if base[0] == "sub" else base
            for value in self._resolver.annotations.references(holder, expr):
                if isinstance(value, Lib):
                    names.append(value.name)
        return names

    def _of_super(self, cls: Class, name: str) -> Referents:
        for current in self._resolver.project.mro(cls):
            if current != cls:
                method = current.method(name)
                if method is not None:
                    return frozenset((Fn(method, cls, True),))
            inherited = self._inherited(current, name)
            if inherited:
                return inherited
        return NOTHING


def _holds_a_callable(field: ParamIR) -> bool:
    """Whether the annotation of a field says `Callable`."""
    pending: list[object] = [field.annotation]
    while pending:
        item = pending.pop()
        if item == "Callable":
            return True
        pending.extend(item if isinstance(item, tuple) else ())
    return False


def _is_self(node: Node, fn: Function) -> bool:
    """Whether a node is the first parameter of a method, seen from the method or from a function within it."""
    if node.kind not in ("param", "free"):
        return False
    params = fn.ir.params
    return bool(params) and node.parts[0] == params[0].name
