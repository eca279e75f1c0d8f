"""Which functions a search for call sites looks into next: wherever a name goes that something of the library has."""

from __future__ import annotations

from collections.abc import Iterable

from contractlint.calls.referents import NOTHING, Referents
from contractlint.calls.resolve import Resolver
from contractlint.index.ir import Expr
from contractlint.index.project import Class, Function, Module


class Frontier:
    """The functions that wait to be looked into (`pending`), and what makes others join them.

    `changed` says that something was learnt that earlier answers of the resolver did not know.
    """

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.project = resolver.project
        self.hot = resolver.hot
        self.pending: dict[tuple[str, int], Function] = {}
        self.changed = False
        self._hot: set[tuple[object, ...]] = set()

    def add(self, fn: Function) -> None:
        """Look into a function, again where it was looked into before."""
        self.pending[fn.file, fn.index] = fn

    def activate(self, module: Module, indices: Iterable[int]) -> None:
        """Look into some functions of a module."""
        for index in indices:
            self.add(Function(module, index))

    def activate_all(self, module: Module) -> None:
        """Look into all functions of a module."""
        self.activate(module, range(len(module.ir.functions)))

    def activate_uses(self, module: Module, names: Iterable[str]) -> None:
        """Look into the functions of a module that use one of some names."""
        for name in names:
            self.activate(module, module.ir.using(name, "calls"))
            self.activate(module, module.ir.using(name, "refs"))

    def follow_name(self, module: Module, name: str, again: bool = False) -> None:
        """A name at the level of a module holds something of the library."""
        key = ("name", module.file, name)
        if key in self._hot and not again:
            return
        self._hot.add(key)
        self.hot.add(name)
        self.activate_uses(module, (name,))
        self.declared_with(module, {name})
        text, last = self.project.text, module.name.rpartition(".")[2]
        wanted = [(name, "word")]
        if text.is_common(name, "word"):
            wanted.append((last, "word"))
        for index in text.files_with_all(wanted):
            other = self.project.module_at(index)
            if other is module:
                continue
            self.activate_uses(other, (name,))
            for fn, (local, source, attribute) in other.ir.imports():
                if attribute == name and not self.resolver.flow.is_external(source):
                    self.activate(other, (fn,))
                    if fn == 0:
                        self.follow_name(other, local)
                    elif local != name:
                        self.activate_uses(other, (local,))

    def follow_attribute(self, name: str, cls: Class | None, again: bool = False) -> None:
        """Instances of a class hold something of the library under a name."""
        key = ("attribute", name, cls)
        if key in self._hot and not again:
            return
        self._hot.add(key)
        self.hot.add(name)
        holders = self.resolver.known.holders.setdefault(name, [])
        if cls is not None and cls not in holders:
            holders.append(cls)
            self.changed = True
        text = self.project.text
        if cls is not None:
            family = {cls.module.file: cls.module, **{c.module.file: c.module for c in self.project.subclasses(cls)}}
            for module in family.values():
                self.activate_uses(module, (name,))
        wanted = [(name, "word")]
        if text.is_common(name, "word"):
            if cls is None:
                return
            wanted.append((cls.name, "word"))
        for index in text.files_with_all(wanted):
            other = self.project.module_at(index)
            self.activate_uses(other, (name,))
            self.activate(other, other.ir.using(name, "strings"))

    def follow_function(self, fn: Function, again: bool = False) -> None:
        """A function returns something of the library."""
        self.hot.makers.add((fn.file, fn.index))
        self.hot.forget()
        if fn.owner is not None:
            self.follow_attribute(fn.name, fn.owner, again)
        elif fn.parent is not None:
            self.add(fn.parent)
        else:
            self.follow_name(fn.module, fn.name, again)

    def follow_class(self, cls: Class) -> None:
        """A class inherits from one of the library: its methods can call inherited ones, and so can its users."""
        key = ("class", cls.module.file, cls.index)
        if key in self._hot:
            return
        self._hot.add(key)
        self.hot.classes.add(cls)
        self.hot.forget()
        self.activate(cls.module, cls.ir.methods.values())
        self.follow_name(cls.module, cls.name)
        if cls.ir.parent >= 0:
            self.follow_function(Function(cls.module, cls.ir.parent))
        for below in self.project.subclasses(cls):
            self.follow_class(below)

    def declared_with(self, module: Module, names: set[str]) -> None:
        """Annotations and bases that name something of the library make what they stand for worth following."""
        for number in sorted({f for name in names for f in module.ir.functions_declaring(name)}):
            function = module.ir.functions[number]
            if any(p.annotation is not None and _mentions(p.annotation, names) for p in function.params):
                self.add(Function(module, number))
            if function.returns is not None and _mentions(function.returns, names):
                self.follow_function(Function(module, number))
        for number in sorted({c for name in names for c in module.ir.classes_declaring(name)}):
            cls = module.ir.classes[number]
            if any(_mentions(base, names) for base in cls.bases):
                self.follow_class(Class(module, number))
            for name, annotation, default, _ in cls.fields:
                if any(e is not None and _mentions(e, names) for e in (annotation, default)):
                    self.follow_attribute(name, Class(module, number))
            for stmt in cls.body:
                if stmt[0] == "assign" and _mentions(stmt[3], names):
                    for target in stmt[2]:
                        if target[0] == "name":
                            self.follow_attribute(target[2], Class(module, number))

    def learn_parameter(self, fn: Function, name: str, values: Referents) -> None:
        """A call passes something of the library to a function."""
        key = (fn.file, fn.index, name)
        known = self.resolver.known.params.get(key, NOTHING)
        if values <= known:
            return
        self.resolver.known.params[key] = known | values
        self.changed = True
        self.add(fn)
        self.activate(fn.module, fn.module.ir.nested(fn.index))

    def learn_attribute(self, name: str, owner: Class | str | None, values: Referents) -> None:
        """Code from outside of a class stores something of the library on its instances; None where the class is not known."""
        kept = self.resolver.known.attributes[name]
        known = kept.get(owner, NOTHING)
        if values <= known:
            return
        kept[owner] = known | values
        self.changed = True
        self.follow_attribute(name, owner if isinstance(owner, Class) else None, again=True)

    def learn_variable(self, module: Module, name: str, values: Referents) -> None:
        """A function assigns something of the library to a name of its module."""
        key = (module.file, name)
        known = self.resolver.known.variables.get(key, NOTHING)
        if values <= known:
            return
        self.resolver.known.variables[key] = known | values
        self.changed = True
        self.follow_name(module, name, again=True)


def _mentions(expr: Expr, names: set[str]) -> bool:
    """Whether an expression contains one of some names."""
    if expr[0] == "name":
        return expr[2] in names
    return any(
        _mentions(part, names)
        if part and isinstance(part[0], str) and len(part) > 1 and isinstance(part[1], int)
        else any(isinstance(p, tuple) and p and _mentions(p, names) for p in part)
        for part in expr[2:]
        if isinstance(part, tuple) and part
    )
