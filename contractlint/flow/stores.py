"""Where attributes are stored: in plain sight, under a quoted name, or by a function that is handed the name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contractlint.flow.binding import bind
from contractlint.flow.kinds import KindsOf
from contractlint.flow.nodes import STORING_CALLS, CallRecord, Facts, Node, quoted_names, quoted_store, stored_by_name
from contractlint.flow.values import Callable
from contractlint.index.project import Class, External, Function

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow
    from contractlint.flow.frames import Frame

MAX_STORES = 250


@dataclass(frozen=True, slots=True)
class Handed:
    """A store in a function that is handed the object and the name: which parameters those are, and what is stored."""

    fn: Function
    base: str
    name: str
    value: Node
    facts: Facts


@dataclass(frozen=True, slots=True)
class Store:
    """One place that gives an attribute its value.

    `own` is set where a method stores on its own instance, `quoted` where a call does it, by the attribute's name. With
    `handed`, the call is of a function that does it, and the value stands there.
    """

    fn: Function
    base: Node
    value: Node
    facts: Facts
    line: int
    own: bool
    quoted: bool
    handed: tuple[Handed, CallRecord, int] | None = None

    @classmethod
    def made(
        cls,
        fn: Function,
        base: Node,
        value: Node,
        facts: Facts,
        line: int,
        quoted: bool = False,
        handed: tuple[Handed, CallRecord, int] | None = None,
    ) -> Store:
        params = fn.ir.params
        own = base.kind == "param" and fn.is_method and bool(params) and base.parts[0] == params[0].name
        return cls(fn, base, value, facts, line, own, quoted, handed)

    def frame(self, flow: Flow) -> Frame:
        """Where the value is evaluated."""
        from contractlint.flow.frames import Frame
        from contractlint.flow.invoke import bindings

        frame = Frame.make(self.fn, self.facts)
        if self.handed is None:
            return frame
        handed, record, skip = self.handed
        return Frame.make(handed.fn, (), bindings(flow, handed.fn, record.node, frame, skip), None, 1).given(
            handed.facts
        )


class Stores:
    """Finds stores, and remembers them."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.kinds = KindsOf(flow)
        self._known: dict[tuple[str, str], list[Store]] = {}
        self._on: dict[tuple[Class, str], tuple[list[Store], list[Store]]] = {}
        self._shows: dict[tuple[Class, str], bool] = {}
        self._handed: dict[str, list[Handed]] | None = None

    # of a name

    def of(self, name: str) -> list[Store]:
        """Every place in the project that stores an attribute of this name, directly or through a quoted name."""
        return self._found(name, "stores")

    def foreign(self, name: str) -> list[Store]:
        """The places that store an attribute of this name on another object than their own instance."""
        return [store for store in self._found(name, "stores elsewhere") if not store.own or store.quoted]

    def _found(self, name: str, use: str) -> list[Store]:
        key = (name, use)
        if key not in self._known:
            self._known[key] = found = []
            project, usable = self.flow.project, self.flow.usable
            for fn in project.functions_with(use, name):
                if usable(fn):
                    found.extend(self.within(fn, name))
            for fn in project.functions_quoting(name, (*STORING_CALLS, *self._handing())):
                if usable(fn):
                    found.extend(self.quoted(fn, name))
            del found[MAX_STORES:]
        return self._known[key]

    def within(self, fn: Function, name: str) -> list[Store]:
        """The plain stores of an attribute in one function."""
        return [
            Store.made(fn, record.base, record.value, record.facts, record.line)
            for record in self.flow.graph(fn).stores
            if record.attribute == name and not (record.value.kind == "unknown" and record.annotation is not None)
        ]

    def quoted(self, fn: Function, name: str) -> Iterator[Store]:
        """The stores of an attribute by its quoted name in one function."""
        for record in self.flow.graph(fn).calls:
            found = quoted_store(record.node)
            if found is None:
                yield from self._by_call(record, fn, name)
            elif name in quoted_names(found[1]):
                yield Store.made(fn, found[0], found[2], record.facts, record.line, quoted=True)

    # by functions that are handed a name

    def _handing(self) -> dict[str, list[Handed]]:
        """The functions that store an attribute under a name that they are handed, by their own names."""
        if self._handed is None:
            self._handed = {}
            for storing in STORING_CALLS:
                for fn in self.flow.project.functions_with("calls by name", storing):
                    if self.flow.usable(fn) and fn.index and fn.ir.params:
                        for handed in self._hands(fn):
                            self._handed.setdefault(fn.name, []).append(handed)
        return self._handed

    def _hands(self, fn: Function) -> Iterator[Handed]:
        for record in self.flow.graph(fn).calls:
            found = stored_by_name(record.node)
            if found is not None and found[0].kind == found[1].kind == "param":
                yield Handed(fn, str(found[0].parts[0]), str(found[1].parts[0]), found[2], record.facts)

    def _by_call(self, record: CallRecord, fn: Function, name: str) -> Iterator[Store]:
        from contractlint.flow.frames import Frame
        from contractlint.flow.references import last_name

        function, args, keywords = record.node.parts
        given = (*args, *(value for _, value in keywords))
        candidates = self._handing().get(last_name(function), ())
        if not candidates or not any(name in quoted_names(arg) for arg in given):
            return
        targets = [
            a.value
            for a in self.flow.structural(function, Frame.make(fn, record.facts))
            if isinstance(a.value, Callable)
        ]
        for handed in candidates:
            if any(target.target == handed.fn for target in targets):
                skip = 1 if handed.fn.is_method else 0
                arguments = bind(self.flow, record.node, handed.fn.ir.params, skip).arguments
                if skip and function.kind == "attr":
                    arguments[handed.fn.ir.params[0].name] = function.parts[0]
                base, quoted = arguments.get(handed.base), arguments.get(handed.name)
                if base is not None and quoted is not None and name in quoted_names(quoted):
                    by = (handed, record, skip)
                    yield Store.made(fn, base, handed.value, record.facts, record.line, quoted=True, handed=by)

    # on the instances of a class

    def on(self, cls: Class, name: str) -> tuple[list[Store], list[Store]]:
        """The stores of an attribute that are on instances of a class, and those that may be."""
        key = (cls, name)
        known = self._on.get(key)
        if known is not None:
            return known
        settled = True
        certain = self.own(cls, name)
        possible: list[Store] = []
        unlikely: list[Store] = []
        for store in () if self._is_fixed(cls, name) else self.foreign(name):
            self.flow.settled = True
            on = self._is_on(store, cls)
            if on:
                certain.append(store)
            elif on is None:
                needed = self.kinds.needed(store.base, store.fn, store.facts)
                (possible if all(self._shown(cls, need) for need in needed) else unlikely).append(store)
            settled = settled and self.flow.settled
        if not certain and not possible:
            possible = unlikely  # whoever reads it takes it to be there
        if settled:
            self._on[key] = certain, possible
        return certain, possible

    def own(self, cls: Class, name: str) -> list[Store]:
        """What the methods of a class, of its bases and of those below it store on their own instance."""
        project = self.flow.project
        related = (*project.mro(cls), *project.subclasses(cls))
        return [s for fn in project.functions_of("stores", name, related) for s in self.within(fn, name) if s.own]

    def _is_on(self, store: Store, cls: Class) -> bool | None:
        """Whether a store is on an object of a class: yes, no, or perhaps."""
        owner = store.fn.owner
        if store.own:
            return owner is not None and self.flow.project.related(owner, cls)
        return self.kinds.of(store.base, store.fn, store.facts).admit(self.flow.project, cls)

    def _shown(self, cls: Class, name: str) -> bool:
        """Whether anything shows that objects of a class have an attribute, of those that the project's code stores."""
        key = (cls, name)
        if key not in self._shows:
            project = self.flow.project
            self._shows[key] = bool(
                project.find_method(cls, name)
                or any(field[0] == name for current in project.mro(cls) for field in current.ir.fields)
                or self.flow.attributes.class_value(cls, name)
                or self.own(cls, name)
                or not (stores := self.of(name))
                or any(self.kinds.of(s.base, s.fn, s.facts).admit(project, cls) for s in stores if not s.own)
            )
        return self._shows[key]

    def _is_fixed(self, cls: Class, name: str) -> bool:
        """Whether an attribute is a field of a named tuple, which nothing can be stored to."""
        return any(
            isinstance(base, External) and base.name.rpartition(".")[2] == "NamedTuple"
            for current in self.flow.project.mro(cls)
            if any(field[0] == name for field in current.ir.fields)
            for base in self.flow.project.bases(current)
        )
