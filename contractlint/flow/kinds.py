"""The classes that an object can have, where its own function does not tell: what callers pass, and what annotations allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from operator import or_
from typing import TYPE_CHECKING

from contractlint.flow.nodes import Facts, Node
from contractlint.flow.parameters import annotation_classes
from contractlint.flow.values import Alt, ClassValue, Instance, Unknown
from contractlint.index.project import Class, External, Function, Project

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow

MAX_LEVELS = 16
MAX_CALLS = 60

# Bases outside the project that inherit from nothing but each other.
_ROOTS = frozenset(("object", "ABC", "Generic", "Protocol", "NamedTuple", "TypedDict", "Enum", "Exception", "Module"))


@dataclass(frozen=True, slots=True)
class Kinds:
    """Classes of the project that an object can have, classes of libraries that it can inherit from, and whether it can have
    any other."""

    classes: frozenset[Class] = frozenset()
    libraries: frozenset[str] = frozenset()
    complete: bool = True

    def __or__(self, other: Kinds) -> Kinds:
        return Kinds(self.classes | other.classes, self.libraries | other.libraries, self.complete and other.complete)

    def admit(self, project: Project, cls: Class) -> bool | None:
        """Whether an object can be of a class, of one above or below it: yes, no, or not known."""
        if any(project.related(known, cls) for known in self.classes):
            return True
        if not self.complete:
            return None
        above = {base.rpartition(".")[2] for base in project.external_bases(cls)} if self.libraries else set()
        return None if above - _ROOTS or above & self.libraries else False


NONE, ANY = Kinds(), Kinds(complete=False)


class KindsOf:
    """Finds the kinds of objects, and remembers those of parameters. `settled` as in `Flow`: of the last answer."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self._passed: dict[tuple[Function, str], Kinds] = {}
        self._reads: dict[Function, list[tuple[int, str, Facts]]] = {}
        self._asking: list[tuple[Function, str]] = []
        self._back = 0  # how many of the parameters being asked for, from the first on, an answer lacks

    def of(self, node: Node, fn: Function, facts: Facts) -> Kinds:
        """The kinds of the object that an expression denotes in a function."""
        from contractlint.flow.frames import Frame

        alts = self.flow.structural(node, Frame.make(fn, facts))
        settled = self.flow.settled
        found = reduce(or_, map(self._known, alts), NONE)
        if any(isinstance(alt.value, Unknown) and alt.value.cls is None for alt in alts):
            if node.kind == "phi":
                for more, alternative in node.parts[0]:
                    found |= self.of(alternative, fn, (*facts, *more))
                    settled = settled and self.flow.settled
            elif not found.classes:
                self.flow.settled = True
                found |= self._unknown(node, fn)
                settled = settled and self.flow.settled
        self.flow.settled = settled
        return found

    def needed(self, node: Node, fn: Function, facts: Facts) -> Iterator[str]:
        """Attributes that a function reads from an object wherever these facts hold, so that the object must have them."""
        if fn not in self._reads:
            graph = self.flow.graph(fn)
            self._reads[fn] = [
                (read.parts[0].id, read.parts[1], record.facts)
                for record in graph.calls
                for read in _reads(record.node)
            ]
        for base, name, given in self._reads[fn]:
            if base == node.id and all(any(f is fact for fact in facts) for f in given):
                yield name

    def _known(self, alt: Alt) -> Kinds:
        value = alt.value
        if isinstance(value, Unknown) and value.cls is not None:
            return Kinds(frozenset((value.cls,)))
        if isinstance(value, Instance | ClassValue):
            return _library(value.cls) if isinstance(value.cls, External) else self._class(value.cls)
        return NONE

    def _class(self, cls: Class) -> Kinds:
        """An instance of a class, or of one below it; of any class that looks like it where it is a protocol."""
        bases = {base.rpartition(".")[2] for base in self.flow.project.external_bases(cls)}
        return ANY if "Protocol" in bases else Kinds(frozenset((cls,)))

    def _unknown(self, node: Node, fn: Function) -> Kinds:
        """The kinds of what its own function does not tell."""
        if node.kind == "param":
            return self._parameter(fn, str(node.parts[0]))
        if node.kind == "free" and fn.parent is not None:
            value = self.flow.graph(fn.parent).names.get(node.parts[0])
            return self.of(value, fn.parent, ()) if value is not None else ANY
        return ANY

    def _parameter(self, fn: Function, name: str) -> Kinds:
        key = (fn, name)
        known = self._passed.get(key)
        if known is not None:
            return known
        if key in self._asking:
            self._back = max(self._back, len(self._asking) - self._asking.index(key))
            return NONE
        param = next((p for p in fn.ir.params if p.name == name), None)
        allowed = self._allowed(fn, name)
        if param is None or param.kind in ("vararg", "kwarg"):
            return allowed
        if len(self._asking) >= MAX_LEVELS:
            self._back = MAX_LEVELS + 1
            return allowed
        outer, self._back = self._back, 0
        self._asking.append(key)
        try:
            passed = self._from_callers(fn, name)
        finally:
            self._asking.pop()
        found = passed if passed.complete else Kinds(passed.classes, passed.libraries) | allowed
        if self._back < 2 and self.flow.settled:
            self._passed[key] = found
        self._back = max(outer, self._back - 1)
        return found

    def _allowed(self, fn: Function, name: str) -> Kinds:
        """What the annotation of a parameter allows: its own, or that of the method which this one stands in for."""
        overridden = () if fn.owner is None else (c.method(fn.name) for c in self.flow.project.mro(fn.owner)[1:])
        for method in (fn, *(m for m in overridden if m is not None)):
            annotation = next((p.annotation for p in method.ir.params if p.name == name), None)
            if named := annotation_classes(self.flow, method, annotation):
                allowed = NONE
                for cls in named:
                    allowed |= _library(cls) if isinstance(cls, External) else self._class(cls)
                return allowed
        return ANY

    def _from_callers(self, fn: Function, name: str) -> Kinds:
        found, settled, called = NONE, True, 0
        callers = self.flow.callers
        if callers.too_common(fn):
            found = ANY
        for item in islice(callers.passed(fn, name, None), MAX_CALLS):
            called += 1
            if item.node is not None:
                self.flow.settled = True
                found |= self.of(item.node, item.fn, item.facts)
                settled = settled and self.flow.settled
            elif not item.missing:
                found |= ANY
        if fn in callers.doubtful:
            found |= ANY
        self.flow.settled = settled and not callers.of(fn).searching
        return found if called and called < MAX_CALLS and self.flow.settled else found | ANY


def _reads(node: Node) -> Iterator[Node]:
    """The attributes of names that are read whenever an expression is computed."""
    if node.kind == "attr":
        if node.parts[0].kind in ("param", "free"):
            yield node
        yield from _reads(node.parts[0])
    elif node.kind == "call":
        for part in (node.parts[0], *node.parts[1], *(value for _, value in node.parts[2])):
            yield from _reads(part)
    elif node.kind in ("sub", "un", "bin", "star"):
        for part in node.parts:
            if isinstance(part, Node):
                yield from _reads(part)


def _library(cls: External) -> Kinds:
    name = cls.name.rpartition(".")[2]
    return ANY if name in ("Any", "object") else Kinds(libraries=frozenset((name,)))
