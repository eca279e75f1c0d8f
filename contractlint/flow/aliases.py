"""Calls of a function that is kept under another name: returned, stored, registered as an op."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from contractlint.flow.caller import Caller
from contractlint.flow.nodes import Node
from contractlint.flow.references import is_op, is_ops, last_name, leaves
from contractlint.index.project import Function

if TYPE_CHECKING:
    from contractlint.flow.callers import Callers
    from contractlint.flow.evaluate import Flow


class Aliases:
    """Finds the calls that reach a function by another name than its own."""

    def __init__(self, flow: Flow, callers: Callers) -> None:
        self.flow = flow
        self._callers = callers

    def of(self, fn: Function) -> Iterator[Caller]:
        """All such calls of a function."""
        for holder in self.flow.project.functions_with("refs", fn.name):
            if not self.flow.usable(holder):
                continue
            graph = self.flow.graph(holder)
            for record in graph.returns:
                if any(self._is_function(n, holder, fn) for n in leaves(record.value)):
                    yield from self._results_called(holder, fn)
                    break
            for store in graph.stores:
                if any(self._is_function(n, holder, fn) for n in leaves(store.value)):
                    yield from self._callers.by_name(fn, store.attribute, holder.owner or fn.owner)
            for call in graph.calls:
                yield from self._registration(call.node, holder, fn)
            if holder.index == 0:
                for name, node in graph.names.items():
                    if name != fn.name and any(self._is_function(n, holder, fn) for n in leaves(node)):
                        yield from self._callers.by_name(fn, name)

    def _is_function(self, node: Node, holder: Function, fn: Function) -> bool:
        if last_name(node) != fn.name:
            return False
        if fn.owner is not None:
            if node.kind != "attr":
                return False
            base = node.parts[0]
            if base.kind == "param" and holder.owner is not None and holder.is_method:
                return self.flow.project.related(holder.owner, fn.owner)
            classes, _ = self._callers.classes(base, holder, ())
            return any(self._callers.dispatches(c, fn.name, fn) for c in classes)
        return any(f == fn for f in self._callers.plain_targets(node, holder))

    def _results_called(self, holder: Function, fn: Function) -> Iterator[Caller]:
        """Calls of what `holder` returned: `self.run = self.choose()` … `self.run(x)`, or `choose()(x)`."""
        skip = 1 if fn.is_method else 0
        for caller in self._callers.of(holder):
            graph = self.flow.graph(caller.fn)
            result = caller.record.node
            for record in graph.calls:
                if record.node.parts[0].id == result.id:
                    yield Caller(caller.fn, record, skip)
            for store in graph.stores:
                if any(n.id == result.id for n in leaves(store.value)):
                    yield from self._callers.by_name(fn, store.attribute, caller.fn.owner or fn.owner)

    def _registration(self, call: Node, holder: Function, fn: Function) -> Iterator[Caller]:
        """`register(op_name="x", op_func=fn)`: calls of `torch.ops.<namespace>.x` reach `fn`."""
        values = [*call.parts[1], *(v for _, v in call.parts[2])]
        if not any(self._is_function(v, holder, fn) for v in values):
            return
        for value in values:
            if value.kind == "const" and isinstance(value.parts[0], str):
                name = value.parts[0].rpartition("::")[2]
                if name.isidentifier():
                    yield from self.ops_called(name)

    def ops_called(self, name: str) -> Iterator[Caller]:
        """Calls of the custom op of this name, also where it is kept in an attribute or returned."""
        for caller in self.flow.project.functions_with("calls", name):
            for record in self.flow.graph(caller).calls:
                function = record.node.parts[0]
                if function.kind == "attr" and function.parts[1] == name and is_ops(function.parts[0]):
                    yield Caller(caller, record, 0)
        # The op kept in an attribute: `self.forward_op = torch.ops.ns.x`.
        for holder in self.flow.project.functions_with("refs", name):
            graph = self.flow.graph(holder)
            for store in graph.stores:
                if any(is_op(n, name) for n in leaves(store.value)):
                    yield from self._attribute_called(store.attribute)
            if any(is_op(n, name) for r in graph.returns for n in leaves(r.value)):
                for user in self._callers.of(holder):
                    for store in self.flow.graph(user.fn).stores:
                        if any(n.id == user.record.node.id for n in leaves(store.value)):
                            yield from self._attribute_called(store.attribute)

    def _attribute_called(self, attribute: str) -> Iterator[Caller]:
        for caller in self.flow.project.functions_with("calls", attribute):
            for record in self.flow.graph(caller).calls:
                function = record.node.parts[0]
                if function.kind == "attr" and function.parts[1] == attribute and not is_ops(function.parts[0]):
                    yield Caller(caller, record, 0)

    def registered(self, fn: Function, name: str) -> bool:
        """Whether a function is the body of the custom op of this name."""
        return (name == fn.name and bool(fn.ir.decorators)) or name in self.decorated_names(fn)

    @staticmethod
    def decorated_names(fn: Function) -> Iterator[str]:
        """Names that decorators give the function: `@custom_op("namespace::name")`."""
        for decorator in fn.ir.decorators:
            for arg in decorator[3] if decorator[0] == "call" else ():
                if arg[0] == "const" and isinstance(arg[2], str) and "::" in arg[2]:
                    yield arg[2].rpartition("::")[2]
