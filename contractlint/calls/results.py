"""What calls give: instances, what functions return, what wrappers and partials stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contractlint.calls.containers import METHODS, boxed
from contractlint.calls.functions import FUNCTIONS
from contractlint.calls.members import MAX_OVERRIDES
from contractlint.calls.referents import (
    NOTHING,
    Bind,
    Box,
    Cls,
    Ext,
    Fn,
    Inst,
    Lib,
    Obj,
    Referent,
    Referents,
    Text,
    carries,
)
from contractlint.calls.scope import Scope
from contractlint.flow.binding import Bound, bind
from contractlint.flow.invoke import lazy_reference
from contractlint.flow.nodes import Node
from contractlint.index.project import Class, Function

if TYPE_CHECKING:
    from contractlint.calls.resolve import Resolver

MAX_CALLS = 6


class Results:
    """Follows calls, and remembers what functions return until `forget`."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._results: dict[tuple[str, int, Class | None, bool], Referents] = {}
        self._following: dict[tuple[str, int, Class | None, bool], int] = {}

    def forget(self) -> None:
        self._results.clear()

    def of_call(self, node: Node, scope: Scope) -> Referents:
        """What a call gives."""
        function = node.parts[0]
        if function.kind == "attr" and function.parts[1] in METHODS:
            boxes = frozenset(v for v in self._resolver.in_full(function.parts[0], scope) if isinstance(v, Box))
            if boxes:
                of_boxes: Referents = METHODS[function.parts[1]](self._resolver, boxes, node, scope)
                return of_boxes
        return NOTHING.union(*(self.called(value, node, scope) for value in self._resolver.in_full(function, scope)))

    def called(self, value: Referent, node: Node, scope: Scope) -> Referents:
        """What calling a value gives."""
        if isinstance(value, Lib):
            return frozenset(map(Obj, self._resolver.library.returned(value.name)))
        if isinstance(value, Fn):
            return self._result_of(value, node, scope)
        if isinstance(value, Cls):
            return frozenset((Inst(value.cls),))
        if isinstance(value, Bind):
            return self.called(value.target, node, scope)
        if isinstance(value, Inst):
            find = self._resolver.project.find_method
            method = find(value.cls, "__call__") or find(value.cls, "forward")
            return self._result_of(Fn(method, value.cls, True), node, scope) if method is not None else NOTHING
        if isinstance(value, Ext):
            special = FUNCTIONS.get(value.name)
            if special is not None:
                return self._resolver.fully(lambda: special(self._resolver, node, scope))
        return NOTHING

    def _result_of(self, value: Fn, node: Node, scope: Scope) -> Referents:
        wrapped = lazy_reference(node)
        if wrapped is not None and self._resolver.flow.is_external(wrapped):
            return self._resolver.external(wrapped)
        if scope.depth >= MAX_CALLS:
            return self._resolver.annotations.returned(value.fn)
        bound = bind(None, node, value.fn.ir.params, 1 if value.bound else 0)
        hot = self._resolver.hot
        given = {
            n: (a, scope)
            for n, a in bound.arguments.items()
            if hot.in_call(hot.may_tell, a, scope.fn, scope.bound) and self._tells(a, scope)
        }
        first = node.parts[1][0] if node.parts[1] else None
        kernels = NOTHING
        if first is not None and hot.in_call(hot.may_carry, first, scope.fn, scope.bound):
            values = self._resolver.in_full(first, scope)
            kernels = frozenset(v for v in values if isinstance(v, Lib) and self._is_function(v.name))
        out = self.of(value.fn, given, value.receiver, scope.depth)
        if not kernels or carries(out):
            return out
        out = self._resolver.fully(lambda: self.of(value.fn, given, value.receiver, scope.depth))
        if not out or any(map(self._passes_through, out)):
            # Whatever it makes of a kernel that it is given, a wrapper stands for that kernel.
            return kernels
        return out

    def _passes_through(self, value: Referent) -> bool:
        """Whether what a function returns can stand for a callable that it was given: it takes whatever comes, or is unknown."""
        if isinstance(value, Fn) and value.fn.parent is not None:
            return any(p.kind in ("vararg", "kwarg") for p in value.fn.ir.params)
        return isinstance(value, Ext)

    def _tells(self, argument: Node, scope: Scope) -> bool:
        """Whether an argument can decide what of the library a call gives. Only for these is a function followed anew."""
        if argument.kind == "phi":
            return any(self._tells(alternative, scope) for _, alternative in argument.parts[0])
        library = self._resolver.library
        computed = argument.kind in ("call", "sub", "element")
        for value in self._resolver.asked(computed, argument, scope):
            if isinstance(value, Text):
                if value.text.partition(".")[0] == library.import_name or value.text in library.last_parts:
                    return True
            elif carries((value,)) or (isinstance(value, Fn) and carries(self.of(value.fn, None, value.receiver, 0))):
                return True
        return False

    def _is_function(self, name: str) -> bool:
        return self._resolver.library.callable(name) and not self._resolver.library.is_class(name)

    def of(
        self, fn: Function, given: dict[str, tuple[Node, Scope]] | None, receiver: Class | None, depth: int
    ) -> Referents:
        """What a function returns: by its `return` statements and those of its overrides, else by its annotation."""
        if given:
            return self._result(fn, given, receiver, depth)
        if self._resolver.only and not self._resolver.hot.may_return(fn):
            stated = fn.ir.returns
            return (
                self._resolver.annotations.returned(fn)
                if stated is not None and self._resolver.hot.says(stated)
                else NOTHING
            )
        key = (fn.file, fn.index, receiver, self._resolver.only)
        known = self._results.get(key)
        if known is None:
            if key in self._following:
                self._resolver.cut = min(self._resolver.cut, self._following[key])
                return NOTHING
            self._following[key] = self._resolver.depth
            try:
                known = self._result(fn, None, receiver, 0)
            finally:
                del self._following[key]
            if self._resolver.cut >= self._resolver.depth:
                self._results[key] = known
        return known

    def _result(
        self, fn: Function, given: dict[str, tuple[Node, Scope]] | None, receiver: Class | None, depth: int
    ) -> Referents:
        out = self._returned(fn, given, receiver, depth)
        if not out and fn.owner is not None and fn.ir.owner >= 0:
            for cls in self._resolver.project.subclasses(receiver or fn.owner)[:MAX_OVERRIDES]:
                method = cls.method(fn.name)
                if method is not None:
                    out |= self._returned(method, given, cls, depth)
        return out | self._resolver.annotations.returned(fn)

    def _returned(
        self, fn: Function, given: dict[str, tuple[Node, Scope]] | None, receiver: Class | None, depth: int
    ) -> Referents:
        graph = self._resolver.flow.graph(fn)
        inner = Scope(fn, given or None, receiver if receiver != fn.owner else None, depth + 1, True)
        if graph.yields:
            return boxed(NOTHING.union(*(self._resolver.of(record.value, inner) for record in graph.yields)))
        return NOTHING.union(*(self._resolver.of(record.value, inner) for record in graph.returns))

    def binding(self, value: Fn | Cls, node: Node) -> tuple[Function | None, Bound] | None:
        """The parameters of a function or constructor of the project that a call's arguments reach."""
        if isinstance(value, Fn):
            return value.fn, bind(None, node, value.fn.ir.params, 1 if value.bound else 0)
        method = self._resolver.project.find_method(value.cls, "__init__")
        if method is not None:
            return method, bind(None, node, method.ir.params, 1)
        formals = self._resolver.flow.attributes.field_formals(value.cls)
        return (None, bind(None, node, formals, 0)) if formals else None
