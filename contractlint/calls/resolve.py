"""What a callee can be: walks value graphs backwards like `flow`, but keeps only names, classes and containers of them.

It does not tell objects of one class apart, nor one call of a function from another beyond a few levels, so it is cheap
enough for every call in every file that can hold one. What it says of parameters and of attributes that other objects set
comes from `Known`, which the search fills as it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contractlint.calls.annotations import Annotations
from contractlint.calls.containers import boxed, elements
from contractlint.calls.hot import HotNames
from contractlint.calls.known import Known
from contractlint.calls.library import Library
from contractlint.calls.members import Members
from contractlint.calls.referents import (
    NOTHING,
    Box,
    Cls,
    Ext,
    Fn,
    Inst,
    Lib,
    Mod,
    Obj,
    Referents,
    Text,
    carried,
)
from contractlint.calls.results import Results
from contractlint.calls.scope import Scope
from contractlint.flow.evaluate import Flow
from contractlint.flow.expressions import expression_node
from contractlint.flow.nodes import Node
from contractlint.index.ir import Expr
from contractlint.index.project import Class, Function, Module

MAX_DEPTH = 60


class Resolver:
    """Evaluates callees. Forget what it remembers (`forget`) whenever `known` has grown."""

    def __init__(self, flow: Flow, library: Library) -> None:
        self.flow = flow
        self.project = flow.project
        self.library = library
        self.known = Known()
        self.hot = HotNames(flow, library, self.known)
        self.annotations = Annotations(self)
        self.members = Members(self)
        self.results = Results(self)
        self._memo: dict[tuple[int, int, bool], Referents] = {}
        self._kept: list[Scope] = []  # scopes whose identity is part of a key in the memo
        self._active: dict[tuple[int, int, bool], int] = {}
        self.only = False  # whether nothing but what is of the library is asked for
        self.cut = 1 << 30
        self.depth = 0
        self._named: dict[tuple[str, str], Referents] = {}

    def forget(self) -> None:
        """Drop what was derived from facts that have changed."""
        self._memo.clear()
        self._kept.clear()
        self._named.clear()
        self.members.forget()
        self.results.forget()

    def carried(self, node: Node, scope: Scope) -> Referents:
        """What of the library a node can be. Nothing is evaluated for what says no name that the library goes by."""
        return carried(self.asked(True, node, scope)) if self.hot.may_carry(node) else NOTHING

    def in_full(self, node: Node, scope: Scope) -> Referents:
        """Everything that a node can be, on the way to what of the library another one can be."""
        return self.asked(False, node, scope)

    def fully(self, compute: Callable[[], Referents]) -> Referents:
        """What does not depend on who asks, and how much of it."""
        only, self.only = self.only, False
        try:
            return compute()
        finally:
            self.only = only

    def asked(self, only_library: bool, node: Node, scope: Scope) -> Referents:
        only, self.only = self.only, only_library
        try:
            return self.of(node, scope)
        finally:
            self.only = only

    def of(self, node: Node, scope: Scope) -> Referents:
        """Everything that a node can be."""
        if node.kind == "const":
            value = node.parts[0]
            return frozenset((Text(value),)) if isinstance(value, str) and len(value) < 200 else NOTHING
        handler = _HANDLERS.get(node.kind)
        if handler is None:
            return NOTHING
        key = (node.id, scope.key, self.only)
        known = self._memo.get(key)
        if known is not None:
            return known
        if self.only and not self.hot.in_call(self.hot.may_carry, node, scope.fn, scope.bound):
            return NOTHING
        active = self._active.get(key)
        if active is not None:
            self.cut = min(self.cut, active)
            return NOTHING
        if self.depth > MAX_DEPTH:
            self.cut = -1
            return NOTHING
        outer, self.cut = self.cut, 1 << 30
        self._active[key] = self.depth
        self.depth += 1
        try:
            values: Referents = handler(self, node, scope)
        finally:
            self.depth -= 1
            del self._active[key]
        if self.cut >= self.depth:
            self._memo[key] = values
            if scope.key:
                self._kept.append(scope)
            self.cut = outer
        else:
            # A circle that goes through something further out: that brings the rest itself.
            self.cut = min(outer, self.cut)
        return values

    # names

    def _param(self, node: Node, scope: Scope) -> Referents:
        name, fn = node.parts[0], node.fn
        if scope.fn == fn and scope.bound is not None and name in scope.bound:
            return self.of(*scope.bound[name])
        owner = (scope.receiver if scope.fn == fn else None) or fn.owner
        if fn.is_method and fn.ir.params and fn.ir.params[0].name == name and owner is not None:
            maker = fn.decorated("classmethod") or fn.name in ("__new__", "__init_subclass__", "__class_getitem__")
            return frozenset((Cls(owner) if maker else Inst(owner),))
        param = next((p for p in fn.ir.params if p.name == name), None)
        if param is None:
            return NOTHING
        followed = scope.called and scope.fn == fn
        values = NOTHING if followed else self.known.params.get((fn.file, fn.index, name), NOTHING)
        if param.annotation is not None:
            stated = self.annotations.values(fn, param.annotation)
            if param.kind == "vararg":
                stated = boxed(stated)
            values |= stated
        if param.default is not None and param.default[0] != "const":
            values |= self.expression(fn, param.default)
        return values

    def _free(self, node: Node, scope: Scope) -> Referents:
        name, fn = node.parts[0], node.fn.parent
        while fn is not None:
            found = self.flow.graph(fn).names.get(name)
            if found is not None:
                return self.of(found, Scope(fn))
            fn = fn.parent
        return self.named(node.fn.module, name)

    def _global(self, node: Node, scope: Scope) -> Referents:
        return self.named(node.fn.module, node.parts[0])

    def named(self, module: Module, name: str) -> Referents:
        """What a name at the level of a module can be."""
        key = (module.file, name)
        known = self._named.get(key)
        if known is None:
            self._named[key] = NOTHING  # a module that imports from itself
            depth, self.depth = self.depth, 0
            known = self._named[key] = self.fully(lambda: self._find_named(module, name))
            self.depth = depth
        return known

    def _find_named(self, module: Module, name: str) -> Referents:
        values = self.known.variables.get((module.file, name), NOTHING)
        bindings = module.bindings.get(name, ())
        for binding in bindings:
            if binding.kind == "import":
                values |= self.imported(binding.module, binding.attribute)
            elif binding.kind == "def":
                fn = Function(module, binding.index)
                values |= NOTHING if fn.decorated("overload") else {Fn(fn)}
            elif binding.kind == "class":
                values |= {Cls(Class(module, binding.index))}
        if any(b.kind == "value" for b in bindings):
            body = Function(module, 0)
            node = self.flow.graph(body).names.get(name)
            if node is not None:
                values |= self.of(node, Scope(body))
        if not bindings:
            values |= self._annotated_only(module, name)
        if bindings or values:
            return values
        for star in module.stars:
            source = self.project.module_named(star)
            if source is not None and source is not module:
                values |= self.named(source, name)
            elif self.library.canonical(f"{star}.{name}") is not None:
                values |= {Lib(f"{star}.{name}")}
            if values:
                return values
        return frozenset((Ext(f"builtins.{name}"),))

    def _annotated_only(self, module: Module, name: str) -> Referents:
        """A name that a module declares (`platform: Platform`) and sets in ways that are not followed."""
        body = Function(module, 0)
        found = [s[3] for s in body.ir.body if s[0] == "ann" and s[2][0] == "name" and s[2][2] == name]
        return NOTHING.union(*(self.annotations.values(body, annotation) for annotation in found))

    def _import(self, node: Node, scope: Scope) -> Referents:
        return self.imported(node.parts[0], node.parts[1])

    def imported(self, module: str, attribute: str | None) -> Referents:
        """What an import statement binds."""
        dotted = module if attribute is None else f"{module}.{attribute}"
        if self.flow.is_external(module):
            return self.external(dotted)
        if attribute is not None:
            source = self.project.module_named(module)
            if source is not None:
                values = self.named(source, attribute)
                if values and values != {Ext(f"builtins.{attribute}")}:
                    return values
        return frozenset((Mod(dotted),))

    def external(self, dotted: str) -> Referents:
        """Something that lies outside of the project, or the kernel of a project that is named like an op."""
        return frozenset((Lib(dotted) if self.library.covers(dotted) else Ext(dotted),))

    def _def(self, node: Node, scope: Scope) -> Referents:
        return frozenset((Fn(Function(node.fn.module, node.parts[0])),))

    def _class(self, node: Node, scope: Scope) -> Referents:
        return frozenset((Cls(Class(node.fn.module, node.parts[0])),))

    def expression(self, fn: Function, expr: Expr) -> Referents:
        """A default, or what stands in the body of a class, read at the level of the module."""
        body = Function(fn.module, 0)
        return self.of(expression_node(body, expr), Scope(body))

    # structure

    def _phi(self, node: Node, scope: Scope) -> Referents:
        return NOTHING.union(*(self.of(alternative, scope) for _, alternative in node.parts[0]))

    def _bool(self, node: Node, scope: Scope) -> Referents:
        return NOTHING.union(*(self.of(value, scope) for value in node.parts[1]))

    def _tuple(self, node: Node, scope: Scope) -> Referents:
        items: list[tuple[object, Referents]] = []
        rest = NOTHING
        for position, element in enumerate(node.parts[0]):
            if element.kind == "star":
                rest |= elements(self.of(element.parts[0], scope))
            else:
                items.append((position, self.of(element, scope)))
        if rest:
            return boxed(rest.union(*(v for _, v in items)))
        return frozenset((Box(tuple(items), NOTHING),)) if any(v for _, v in items) else NOTHING

    def _dict(self, node: Node, scope: Scope) -> Referents:
        items: dict[object, Referents] = {}
        rest = NOTHING
        for key, value in node.parts[0]:
            values = self.of(value, scope)
            if key is None:
                rest |= elements(values)
            elif key.kind == "const":
                items[key.parts[0]] = values
            else:
                rest |= values
        found = tuple((k, v) for k, v in items.items() if v)
        return frozenset((Box(found, rest),)) if found or rest else NOTHING

    def _update(self, node: Node, scope: Scope) -> Referents:
        base, key, value = node.parts
        values, before = self.of(value, scope), self.of(base, scope)
        if key is None:
            return before | values
        added = Box(((key.parts[0], values),), NOTHING) if key.kind == "const" else Box((), values)
        return before | {added} if values else before

    def _comp(self, node: Node, scope: Scope) -> Referents:
        return boxed(self.of(node.parts[1][-1], scope))

    def _element(self, node: Node, scope: Scope) -> Referents:
        return elements(self.of(node.parts[0], scope))

    def _sub(self, node: Node, scope: Scope) -> Referents:
        base, index = node.parts
        key = index.parts[0] if index.kind == "const" else ...
        out = NOTHING
        for value in self.in_full(base, scope) if "__getitem__" in self.hot.names else self.of(base, scope):
            if isinstance(value, Box):
                out |= value.at(key)
            elif isinstance(value, Fn | Cls | Lib | Ext):
                out |= {value}  # a generic, or a kernel with its grid
            elif isinstance(value, Inst):
                method = self.project.find_method(value.cls, "__getitem__")
                if method is not None:
                    out |= self.results.of(method, None, value.cls, scope.depth)
        return out

    def _context(self, node: Node, scope: Scope) -> Referents:
        out = NOTHING
        for value in self.in_full(node.parts[0], scope):
            if isinstance(value, Inst):
                method = self.project.find_method(value.cls, "__enter__")
                out |= self.results.of(method, None, value.cls, scope.depth) if method is not None else {value}
            elif isinstance(value, Box):
                out |= value.all()  # what a generator yields
            elif isinstance(value, Obj):
                out |= {value}
        return out

    def _pass(self, node: Node, scope: Scope) -> Referents:
        return self.of(node.parts[0], scope)

    def _attr(self, node: Node, scope: Scope) -> Referents:
        return self.members.read(node, scope)

    def _call(self, node: Node, scope: Scope) -> Referents:
        return self.results.of_call(node, scope)


_HANDLERS: dict[str, Any] = {
    "param": Resolver._param,
    "free": Resolver._free,
    "global": Resolver._global,
    "import": Resolver._import,
    "def": Resolver._def,
    "class": Resolver._class,
    "phi": Resolver._phi,
    "bool": Resolver._bool,
    "tuple": Resolver._tuple,
    "list": Resolver._tuple,
    "set": Resolver._tuple,
    "dict": Resolver._dict,
    "update": Resolver._update,
    "comp": Resolver._comp,
    "element": Resolver._element,
    "sub": Resolver._sub,
    "context": Resolver._context,
    "star": Resolver._pass,
    "attr": Resolver._attr,
    "call": Resolver._call,
}
