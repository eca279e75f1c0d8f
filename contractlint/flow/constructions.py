"""Calls that make an instance of a class, and calls of instances where they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from contractlint.flow.caller import Caller
from contractlint.flow.nodes import Facts, Node
from contractlint.flow.references import is_self, last_name, leaves, module_chain
from contractlint.flow.series import Series
from contractlint.flow.values import ClassValue
from contractlint.index.project import Class, Function

if TYPE_CHECKING:
    from contractlint.flow.callers import Callers
    from contractlint.flow.evaluate import Flow


class Constructions:
    """Finds them, and remembers them."""

    def __init__(self, flow: Flow, callers: Callers) -> None:
        self.flow = flow
        self._callers = callers
        self._holders: dict[Class, Series[tuple[str, Class | None]]] = {}
        self._known: dict[Class, Series[Caller]] = {}

    def of_constructor(self, fn: Function) -> Iterator[Caller]:
        """Calls that run this `__init__` or `__new__`, of its class or of one that inherits it."""
        owner = fn.owner
        assert owner is not None
        yield from self.of(owner)
        project = self.flow.project
        for cls in project.subclasses(owner):
            own = cls.method(fn.name)
            if own is not None:
                for record in self.flow.graph(own).calls:
                    if self._initialises(record.node, owner, fn, cls):
                        explicit = record.node.parts[0].parts[0].kind != "call"
                        yield Caller(own, record, 0 if explicit else 1)
            elif project.find_method(cls, fn.name) == fn:
                yield from self.of(cls)

    def _initialises(self, call: Node, owner: Class, fn: Function, cls: Class) -> bool:
        """Whether a call is `super().__init__(…)` or `Base.__init__(self, …)` that reaches `fn`."""
        function = call.parts[0]
        if function.kind != "attr" or function.parts[1] != fn.name:
            return False
        base = function.parts[0]
        if base.kind == "call":
            following = self.flow.project.mro(cls)[1:]
            target = next((c.method(fn.name) for c in following if c.method(fn.name)), None)
            return last_name(base.parts[0]) == "super" and target == fn
        return last_name(base) == owner.name

    def of(self, cls: Class) -> Series[Caller]:
        """Calls that make an instance of exactly this class."""
        if cls not in self._known:
            self._known[cls] = Series(self._construct(cls))
        return self._known[cls]

    def _construct(self, cls: Class) -> Iterator[Caller]:
        for caller in self.flow.project.functions_with("calls", cls.name):
            for record in self.flow.graph(caller).calls:
                function = record.node.parts[0]
                if last_name(function) == cls.name and self._names_class(function, caller, cls):
                    yield Caller(caller, record, 1)
        for caller in self.flow.project.functions_of("calls", "cls", self.flow.project.mro(cls)):
            for record in self.flow.graph(caller).calls:
                function = record.node.parts[0]
                if function.kind == "param" and function.parts[0] == "cls" and caller.decorated("classmethod"):
                    yield Caller(caller, record, 1)
        yield from self._class_values(cls)

    def _names_class(self, function: Node, caller: Function, cls: Class) -> bool:
        from contractlint.flow.frames import Frame

        if function.kind not in ("global", "import", "free", "class") and not module_chain(function):
            return False
        alts = self.flow.structural(function, Frame.make(caller))
        return any(isinstance(a.value, ClassValue) and a.value.cls == cls for a in alts)

    def _class_values(self, cls: Class) -> Iterator[Caller]:
        """Constructions through a function that returns the class (`get_impl(config)(…)`)."""
        for holder in self.flow.project.functions_with("given", cls.name):
            if holder.index == 0 or not self.flow.usable(holder):
                continue
            graph = self.flow.graph(holder)
            if not any(self._is_class(n, holder, cls) for r in graph.returns for n in leaves(r.value)):
                continue
            for caller in self._callers.of(holder):
                for record in self.flow.graph(caller.fn).calls:
                    if record.node.parts[0].id == caller.record.node.id:
                        yield Caller(caller.fn, record, 1)

    def _is_class(self, node: Node, fn: Function, cls: Class) -> bool:
        return last_name(node) == cls.name and self._names_class(node, fn, cls)

    def of_instances(self, fn: Function, receiver: Class | None) -> Iterator[Caller]:
        """Calls of instances: `self.experts = Experts(…)` … `self.experts(x)`."""
        owner = fn.owner
        assert owner is not None
        project = self.flow.project
        top = receiver or owner
        for cls in (top, *project.subclasses(top)):
            if project.find_method(cls, fn.name) != fn:
                continue
            for attribute, holder in self.holders(cls):
                yield from self._held_called(attribute, holder, cls, fn)
            for made in self.of(cls):
                for record in self.flow.graph(made.fn).calls:
                    if any(n.id == made.record.node.id for n in leaves(record.node.parts[0])):
                        yield Caller(made.fn, record, 1)

    def holders(self, cls: Class) -> Series[tuple[str, Class | None]]:
        """Attributes that keep an instance of exactly this class, with the class whose code keeps it."""
        if cls not in self._holders:
            self._holders[cls] = Series(self._holding(cls))
        return self._holders[cls]

    def _holding(self, cls: Class) -> Iterator[tuple[str, Class | None]]:
        known: set[tuple[str, Class | None]] = set()
        for construction in self.of(cls):
            if not self.flow.usable(construction.fn):
                continue
            for store in self.flow.graph(construction.fn).stores:
                held = (store.attribute, construction.fn.owner)
                if held not in known and any(n.id == construction.record.node.id for n in leaves(store.value)):
                    known.add(held)
                    yield held

    def _held_called(self, attribute: str, holder: Class | None, cls: Class, fn: Function) -> Iterator[Caller]:
        for caller in self.flow.project.functions_with("calls", attribute):
            if holder is not None and self._callers.calls_its_own(caller, attribute, holder):
                continue
            for record in self.flow.graph(caller).calls:
                function = record.node.parts[0]
                if function.kind == "attr" and function.parts[1] == attribute:
                    held = self._holds(function.parts[0], caller, record.facts, holder)
                    if held is not False:
                        yield Caller(caller, record, 1, guess=held is None)

    def _holds(self, base: Node, caller: Function, facts: Facts, holder: Class | None) -> bool | None:
        """Whether an object is one of the class that keeps the instance: yes, no, or not known."""
        if module_chain(base):
            return False
        if holder is None:
            return None
        if is_self(base, caller):
            return caller.owner is not None and self.flow.project.related(caller.owner, holder)
        classes, complete = self._callers.classes(base, caller, facts)
        if classes:
            return any(self.flow.project.related(c, holder) for c in classes)
        return False if complete else None
