"""Which expressions can be something of the library at all, told from names alone.

Everything of the library goes by some name: one that an import binds, an attribute that keeps it, a function that returns it.
The search learns these names as it goes, and evaluates only what says one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contractlint.calls.known import Known
from contractlint.calls.library import Library
from contractlint.flow.evaluate import Flow
from contractlint.flow.nodes import Node
from contractlint.index.ir import Expr
from contractlint.index.project import Class, Function
from contractlint.torch_semantics import method_rule


class HotNames:
    """The names by which something of the library is known to go."""

    def __init__(self, flow: Flow, library: Library, known: Known) -> None:
        self._flow = flow
        self._library = library
        self._known = known
        self.names: set[str] = set(library.last_parts_elsewhere)
        self.classes: set[Class] = set()
        self.makers: set[tuple[str, int]] = set()  # functions that return something of the library
        self.wild: set[str] = set()  # files in which any name can be the library's
        self._memo: dict[int, bool] = {}
        self._bound: tuple[Function, Mapping[str, object]] | None = None  # a followed call, and what it passes
        self._in_calls: dict[int, tuple[Mapping[str, object], dict[int, bool]]] = {}

    def add(self, *names: str) -> None:
        """Learn names."""
        if not self.names.issuperset(names):
            self.names.update(names)
            self.forget()

    def forget(self) -> None:
        """Drop what was concluded before something was learnt."""
        self._memo.clear()
        self._in_calls.clear()

    def may_carry(self, node: Node) -> bool:
        """Whether a node can be something of the library, or hold it."""
        kind = node.kind
        if kind == "const":
            return False
        known = self._memo.get(node.id)
        if known is None:
            self._memo[node.id] = False  # a circle brings nothing of its own
            handler = _HANDLERS.get(kind)
            known = handler is not None and (node.fn.file in self.wild or handler(self, node))
            self._memo[node.id] = known
        return known

    def in_call(
        self, question: Callable[[Node], bool], node: Node, fn: Function, bound: Mapping[str, object] | None
    ) -> bool:
        """`may_carry` or `may_tell` in a followed call of a function, of which these parameters can be of the library."""
        if bound is None:
            return question(node)
        kept = self._in_calls.get(id(bound))
        if kept is None:
            kept = self._in_calls[id(bound)] = (bound, {})
        saved = self._memo, self._bound
        self._memo, self._bound = kept[1], (fn, bound)
        try:
            return question(node)
        finally:
            self._memo, self._bound = saved

    def says(self, expr: Expr) -> bool:
        """Whether an annotation or a base names something that is hot."""
        pending: list[Any] = [expr]
        while pending:
            item = pending.pop()
            if isinstance(item, str):
                if item in self.names:
                    return True
            elif isinstance(item, tuple):
                pending.extend(item)
        return False

    def _param(self, node: Node) -> bool:
        name, fn = node.parts[0], node.fn
        if self._bound is not None and fn == self._bound[0] and name in self._bound[1]:
            return True
        if (fn.file, fn.index, name) in self._known.params:
            return True
        params = fn.ir.params
        if fn.is_method and params and params[0].name == name:
            return fn.owner in self.classes
        param = next((p for p in params if p.name == name), None)
        if param is None:
            return False
        stated = param.annotation is not None and self.says(param.annotation)
        return stated or (param.default is not None and param.default[0] != "const" and self.says(param.default))

    def _free(self, node: Node) -> bool:
        name, fn = node.parts[0], node.fn.parent
        while fn is not None:
            found = self._flow.graph(fn).names.get(name)
            if found is not None:
                return self.may_carry(found)
            fn = fn.parent
        return name in self.names

    def _global(self, node: Node) -> bool:
        return node.parts[0] in self.names

    def _import(self, node: Node) -> bool:
        module, attribute = node.parts
        if self._flow.is_external(module):
            return self._library.covers(module if attribute is None else f"{module}.{attribute}")
        return attribute in self.names

    def _def(self, node: Node) -> bool:
        return (node.fn.file, node.parts[0]) in self.makers

    def _class(self, node: Node) -> bool:
        return node.fn.module.ir.classes[node.parts[0]].name in self.names

    def _attr(self, node: Node) -> bool:
        base, name = node.parts
        if name in self.names:
            return True
        computed = base.kind in ("call", "sub", "phi")
        if computed and method_rule(name) is not None and name not in self._library.methods:
            return False  # what is done with a tensor that the library returned
        return self.may_carry(base)

    def _call(self, node: Node) -> bool:
        function, args, keywords = node.parts
        if function.kind == "global" and function.parts[0] == "super" and self.classes:
            return True
        if self.may_carry(function):
            return True
        return any(self.may_tell(a) for a in args) or any(self.may_tell(v) for _, v in keywords)

    def may_return(self, fn: Function) -> bool:
        """Whether a function, or one that overrides it, is known to return something of the library whoever calls it."""
        return (fn.file, fn.index) in self.makers or fn.name in self.names or fn.file in self.wild

    def may_tell(self, argument: Node) -> bool:
        """Whether an argument can decide what of the library a call gives: it may carry it, or is a text that names it."""
        if argument.kind == "phi":
            return any(self.may_tell(alternative) for _, alternative in argument.parts[0])
        if argument.kind == "const":
            return self._names_it(argument.parts[0])
        if self.may_carry(argument):
            return True
        if argument.kind != "global":
            return False
        bindings = argument.fn.module.bindings.get(argument.parts[0], ())
        return any(b.value is not None and b.value[0] == "const" and self._names_it(b.value[2]) for b in bindings)

    def _names_it(self, text: object) -> bool:
        if not isinstance(text, str):
            return False
        library = self._library
        return text in self.names or text in library.last_parts or text.partition(".")[0] == library.import_name

    def _phi(self, node: Node) -> bool:
        return any(self.may_carry(alternative) for _, alternative in node.parts[0])

    def _bool(self, node: Node) -> bool:
        return any(map(self.may_carry, node.parts[1]))

    def _tuple(self, node: Node) -> bool:
        return any(map(self.may_carry, node.parts[0]))

    def _dict(self, node: Node) -> bool:
        return any(self.may_carry(value) for _, value in node.parts[0])

    def _update(self, node: Node) -> bool:
        return self.may_carry(node.parts[0]) or self.may_carry(node.parts[2])

    def _comp(self, node: Node) -> bool:
        return self.may_carry(node.parts[1][-1])

    def _first(self, node: Node) -> bool:
        return self.may_carry(node.parts[0])

    def _sub(self, node: Node) -> bool:
        return "__getitem__" in self.names or self.may_carry(node.parts[0])

    def _context(self, node: Node) -> bool:
        return "__enter__" in self.names or self.may_carry(node.parts[0])


_HANDLERS: dict[str, Any] = {
    "param": HotNames._param,
    "free": HotNames._free,
    "global": HotNames._global,
    "import": HotNames._import,
    "def": HotNames._def,
    "class": HotNames._class,
    "phi": HotNames._phi,
    "bool": HotNames._bool,
    "tuple": HotNames._tuple,
    "list": HotNames._tuple,
    "set": HotNames._tuple,
    "dict": HotNames._dict,
    "update": HotNames._update,
    "comp": HotNames._comp,
    "element": HotNames._first,
    "sub": HotNames._sub,
    "context": HotNames._context,
    "star": HotNames._first,
    "attr": HotNames._attr,
    "call": HotNames._call,
}
