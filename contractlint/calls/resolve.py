"""What a callee can be: walks value graphs backwards like `flow`, but keeps only names, classes and containers of them.

It does not tell objects of one class apart, nor one call of a function from another beyond a few levels, so it is cheap
enough for every call in every file that can hold one. What it says of parameters and of attributes that other objects set
comes from `Facts_`, which the search fills as it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contractlint.calls.annotations import Annotations
from contractlint.calls.containers import METHODS, boxed, elements, spread
from contractlint.calls.hot import HotNames
from contractlint.calls.known import Known
from contractlint.calls.library import Library
from contractlint.calls.values import (
    NOTHING,
    Bind,
    Box,
    Cls,
    Ext,
    Fn,
    Inst,
    Lib,
    Mod,
    Obj,
    Super,
    Text,
    Value,
    Values,
    carried,
    carries,
)
from contractlint.flow.binding import Bound, bind
from contractlint.flow.evaluate import Flow
from contractlint.flow.graph import expression_node
from contractlint.flow.invoke import lazy_reference
from contractlint.flow.nodes import Node
from contractlint.index.ir import Expr
from contractlint.index.project import Class, Function, Module

MAX_DEPTH = 60
MAX_CALLS = 6
MAX_OVERRIDES = 24
MAX_OUTSIDE = 8  # files that store under a name


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Where a node is evaluated: its function, what a followed call binds its parameters to, and the class of `self`."""

    fn: Function
    bound: dict[str, tuple[Node, Scope]] | None = None
    receiver: Class | None = None
    depth: int = 0
    called: bool = False  # what other calls pass does not count

    @property
    def key(self) -> int:
        return id(self) if self.bound or self.receiver is not None else int(self.called)


class Resolver:
    """Evaluates callees. Forget what it remembers (`forget`) whenever `known` has grown."""

    def __init__(self, flow: Flow, library: Library) -> None:
        self.flow = flow
        self.project = flow.project
        self.library = library
        self.known = Known()
        self.hot = HotNames(flow, library, self.known)
        self.annotations = Annotations(self)
        self._memo: dict[tuple[int, int, bool], Values] = {}
        self._kept: list[Scope] = []  # scopes whose identity is part of a key in the memo
        self._active: dict[tuple[int, int, bool], int] = {}
        self._only = False  # whether nothing but what is of the library is asked for
        self._cut = 1 << 30
        self._depth = 0
        self._named: dict[tuple[str, str], Values] = {}
        self._instance: dict[tuple[str, int, str], Values] = {}
        self._results: dict[tuple[str, int, Class | None, bool], Values] = {}
        self._by_name: dict[str, Values] = {}
        self._following: dict[tuple[str, int, Class | None, bool], int] = {}

    def forget(self) -> None:
        """Drop what was derived from facts that have changed."""
        self._memo.clear()
        self._kept.clear()
        self._named.clear()
        self._instance.clear()
        self._results.clear()
        self._by_name.clear()

    def carried(self, node: Node, scope: Scope) -> Values:
        """What of the library a node can be. Nothing is evaluated for what says no name that the library goes by."""
        return carried(self._asked(True, node, scope)) if self.hot.may_carry(node) else NOTHING

    def _in_full(self, node: Node, scope: Scope) -> Values:
        """Everything that a node can be, on the way to what of the library another one can be."""
        return self._asked(False, node, scope)

    def _asked(self, only_library: bool, node: Node, scope: Scope) -> Values:
        only, self._only = self._only, only_library
        try:
            return self.of(node, scope)
        finally:
            self._only = only

    def of(self, node: Node, scope: Scope) -> Values:
        """Everything that a node can be."""
        if node.kind == "const":
            value = node.parts[0]
            return frozenset((Text(value),)) if isinstance(value, str) and len(value) < 200 else NOTHING
        handler = _HANDLERS.get(node.kind)
        if handler is None:
            return NOTHING
        key = (node.id, scope.key, self._only)
        known = self._memo.get(key)
        if known is not None:
            return known
        if self._only and not self.hot.in_call(self.hot.may_carry, node, scope.fn, scope.bound):
            return NOTHING
        active = self._active.get(key)
        if active is not None:
            self._cut = min(self._cut, active)
            return NOTHING
        if self._depth > MAX_DEPTH:
            self._cut = -1
            return NOTHING
        outer, self._cut = self._cut, 1 << 30
        self._active[key] = self._depth
        self._depth += 1
        try:
            values: Values = handler(self, node, scope)
        finally:
            self._depth -= 1
            del self._active[key]
        if self._cut >= self._depth:
            self._memo[key] = values
            if scope.key:
                self._kept.append(scope)
            self._cut = outer
        else:
            # A circle that goes through something further out: that brings the rest itself.
            self._cut = min(outer, self._cut)
        return values

    # names

    def _param(self, node: Node, scope: Scope) -> Values:
        name, fn = node.parts[0], node.fn
        if scope.fn == fn and scope.bound is not None and name in scope.bound:
            return self.of(*scope.bound[name])
        owner = (scope.receiver if scope.fn == fn else None) or fn.owner
        if fn.is_method and fn.ir.params[0].name == name and owner is not None:
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

    def _free(self, node: Node, scope: Scope) -> Values:
        name, fn = node.parts[0], node.fn.parent
        while fn is not None:
            found = self.flow.graph(fn).names.get(name)
            if found is not None:
                return self.of(found, Scope(fn))
            fn = fn.parent
        return self.named(node.fn.module, name)

    def _global(self, node: Node, scope: Scope) -> Values:
        return self.named(node.fn.module, node.parts[0])

    def named(self, module: Module, name: str) -> Values:
        """What a name at the level of a module can be."""
        key = (module.file, name)
        known = self._named.get(key)
        if known is None:
            self._named[key] = NOTHING  # a module that imports from itself
            depth, self._depth = self._depth, 0
            only, self._only = self._only, False
            known = self._find_named(module, name)
            self._depth, self._only = depth, only
            self._named[key] = known
        return known

    def _find_named(self, module: Module, name: str) -> Values:
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

    def _annotated_only(self, module: Module, name: str) -> Values:
        """A name that a module declares (`platform: Platform`) and sets in ways that are not followed."""
        body = Function(module, 0)
        found = [s[3] for s in body.ir.body if s[0] == "ann" and s[2][0] == "name" and s[2][2] == name]
        return NOTHING.union(*(self.annotations.values(body, annotation) for annotation in found))

    def _import(self, node: Node, scope: Scope) -> Values:
        return self.imported(node.parts[0], node.parts[1])

    def imported(self, module: str, attribute: str | None) -> Values:
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

    def external(self, dotted: str) -> Values:
        """Something that lies outside of the project, or the kernel of a project that is named like an op."""
        return frozenset((Lib(dotted) if self.library.covers(dotted) else Ext(dotted),))

    def _def(self, node: Node, scope: Scope) -> Values:
        return frozenset((Fn(Function(node.fn.module, node.parts[0])),))

    def _class(self, node: Node, scope: Scope) -> Values:
        return frozenset((Cls(Class(node.fn.module, node.parts[0])),))

    def expression(self, fn: Function, expr: Expr) -> Values:
        """A default, or what stands in the body of a class, read at the level of the module."""
        body = Function(fn.module, 0)
        return self.of(expression_node(body, expr), Scope(body))

    # structure

    def _phi(self, node: Node, scope: Scope) -> Values:
        return NOTHING.union(*(self.of(alternative, scope) for _, alternative in node.parts[0]))

    def _bool(self, node: Node, scope: Scope) -> Values:
        return NOTHING.union(*(self.of(value, scope) for value in node.parts[1]))

    def _tuple(self, node: Node, scope: Scope) -> Values:
        items: list[tuple[object, Values]] = []
        rest = NOTHING
        for position, element in enumerate(node.parts[0]):
            if element.kind == "star":
                rest |= elements(self.of(element.parts[0], scope))
            else:
                items.append((position, self.of(element, scope)))
        if rest:
            return boxed(rest.union(*(v for _, v in items)))
        return frozenset((Box(tuple(items), NOTHING),)) if any(v for _, v in items) else NOTHING

    def _dict(self, node: Node, scope: Scope) -> Values:
        items: dict[object, Values] = {}
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

    def _update(self, node: Node, scope: Scope) -> Values:
        base, key, value = node.parts
        values, before = self.of(value, scope), self.of(base, scope)
        if key is None:
            return before | values
        added = Box(((key.parts[0], values),), NOTHING) if key.kind == "const" else Box((), values)
        return before | {added} if values else before

    def _comp(self, node: Node, scope: Scope) -> Values:
        return boxed(self.of(node.parts[1][-1], scope))

    def _element(self, node: Node, scope: Scope) -> Values:
        return elements(self.of(node.parts[0], scope))

    def _sub(self, node: Node, scope: Scope) -> Values:
        base, index = node.parts
        key = index.parts[0] if index.kind == "const" else ...
        out = NOTHING
        for value in self._in_full(base, scope) if "__getitem__" in self.hot.names else self.of(base, scope):
            if isinstance(value, Box):
                out |= value.at(key)
            elif isinstance(value, Fn | Cls | Lib | Ext):
                out |= {value}  # a generic, or a kernel with its grid
            elif isinstance(value, Inst):
                method = self.project.find_method(value.cls, "__getitem__")
                if method is not None:
                    out |= self.result(method, None, value.cls, scope.depth)
        return out

    def _context(self, node: Node, scope: Scope) -> Values:
        out = NOTHING
        for value in self._in_full(node.parts[0], scope):
            if isinstance(value, Inst):
                method = self.project.find_method(value.cls, "__enter__")
                out |= self.result(method, None, value.cls, scope.depth) if method is not None else {value}
            elif isinstance(value, Box):
                out |= value.all()  # what a generator yields
            elif isinstance(value, Obj):
                out |= {value}
        return out

    def _pass(self, node: Node, scope: Scope) -> Values:
        return self.of(node.parts[0], scope)

    # attributes

    def _attr(self, node: Node, scope: Scope) -> Values:
        base, name = node.parts
        bases = self._in_full(base, scope)
        values = NOTHING.union(*(self.attribute(value, name) for value in bases))
        if values or node.fn.module.is_test or not all(isinstance(value, Inst) for value in bases):
            return values  # what a test calls by the name of something in the product is most often a stand-in for it
        return self.by_name(name)

    def by_name(self, name: str) -> Values:
        """An attribute of an object of unknown class, where all classes that store the name keep the library's under it."""
        if name not in self._by_name:
            self._by_name[name] = NOTHING
            only, self._only = self._only, False
            self._by_name[name] = self._find_by_name(name)
            self._only = only
        return self._by_name[name]

    def _find_by_name(self, name: str) -> Values:
        owners = self.known.holders.get(name, [])
        text, writers = self.project.text, self.known.writers.get(name, set())
        if not (owners or writers) or text.is_common(name, "stores"):
            return NOTHING
        for module in self.project.modules_with(name, "stores"):
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
                    for r in self.flow.graph(Function(module, index)).stores
                    if r.attribute == name
                ):
                    continue
                if fn is None or not any(self.project.related(fn.owner, o) for o in owners if fn.owner is not None):
                    return NOTHING
        kept = self.known.attributes.get(name, {}).get(None, NOTHING)
        return kept.union(*(self.instance_attribute(owner, name) for owner in owners))

    def attribute(self, value: Value, name: str) -> Values:
        """What `value.name` can be."""
        if isinstance(value, Lib):
            member = self.library.member(value.name, name)
            return frozenset((Lib(member),)) if member is not None else NOTHING
        if isinstance(value, Obj):
            kept = self.known.attributes.get(name, {})
            method = self.library.method(value.cls, name)
            return (frozenset((Lib(method),)) if method else NOTHING) | kept.get(value.cls, NOTHING)
        if isinstance(value, Ext):
            return self.external(f"{value.name}.{name}")
        if isinstance(value, Mod):
            return self.imported(value.name, name)
        if isinstance(value, Cls):
            return self.instance_attribute(value.cls, name, on_class=True)
        if isinstance(value, Inst):
            return self.instance_attribute(value.cls, name)
        if isinstance(value, Super):
            return self._of_super(value.cls, name)
        if isinstance(value, Bind) and name == "func":
            return frozenset((value.target,))
        return NOTHING

    def instance_attribute(self, cls: Class, name: str, on_class: bool = False) -> Values:
        """What an attribute of an instance can be: a method, what is stored there, what is declared."""
        key = (cls.module.file, cls.index, f"{name}()" if on_class else name)
        known = self._instance.get(key)
        if known is None:
            self._instance[key] = NOTHING
            only, self._only = self._only, False
            known = self._instance[key] = self._on_instance(cls, name, on_class)
            self._only = only
        return known

    def _on_instance(self, cls: Class, name: str, on_class: bool) -> Values:
        method = self.project.find_method(cls, name)
        if method is not None:
            if method.decorated("property", "cached_property"):
                return self.result(method, None, cls, 1)
            bound = not on_class or method.decorated("classmethod")
            return frozenset((Fn(method, cls, bound and not method.decorated("staticmethod")),))
        values = NOTHING.union(*(self._stored(c, name) for c in self.project.mro(cls)))
        if not values:
            values = NOTHING.union(*(self._declared(c, name) for c in self.project.mro(cls)))
        for owner, kept in self.known.attributes.get(name, {}).items():
            if isinstance(owner, Class) and self.project.related(owner, cls):
                values |= kept
        if values:
            return values
        inherited = NOTHING.union(*(self._inherited(c, name) for c in self.project.mro(cls)))
        if inherited:
            return inherited
        below = self.project.subclasses(cls)[:MAX_OVERRIDES]
        values = NOTHING.union(*(self._stored(c, name) | self._declared(c, name) for c in below))
        return values or self._from_outside(cls, name)

    def _from_outside(self, cls: Class, name: str) -> Values:
        """What other code stores on an instance of a class (`layer.kernel = Kernel()`)."""
        if self.project.text.count(name, "stores") > MAX_OUTSIDE:
            return NOTHING
        out = NOTHING
        for fn in self.project.functions_with("stores", name):
            for record in self.flow.graph(fn).stores:
                if record.attribute == name:
                    owners = self.of(record.base, Scope(fn))
                    if any(isinstance(o, Inst) and self.project.related(o.cls, cls) for o in owners):
                        out |= self.of(record.value, Scope(fn))
        return out

    def _stored(self, cls: Class, name: str) -> Values:
        """What the methods of a class store under a name of their instance."""
        out = NOTHING
        for index in cls.module.ir.using(name, "stores"):
            fn = Function(cls.module, index)
            owner = fn
            while owner.ir.owner < 0 and owner.parent is not None:
                owner = owner.parent
            if owner.ir.owner != cls.index:
                continue
            for record in self.flow.graph(fn).stores:
                if record.attribute == name and _is_self(record.base, owner):
                    out |= self.of(record.value, Scope(fn))
                    if record.annotation is not None:
                        out |= self.annotations.values(fn, record.annotation)
        for index, nested in enumerate(cls.module.ir.classes):
            if nested.qualname == f"{cls.qualname}.{name}":
                out |= {Cls(Class(cls.module, index))}
        return out

    def _declared(self, cls: Class, name: str) -> Values:
        """What the body of a class says of a name: an assignment, an annotated field."""
        out = NOTHING
        body = Function(cls.module, 0)
        for stmt in cls.ir.body:
            if stmt[0] == "assign" and any(t[0] == "name" and t[2] == name for t in stmt[2]):
                out |= self.expression(body, stmt[3])
            elif stmt[0] == "ann" and stmt[2][0] == "name" and stmt[2][2] == name:
                if stmt[4] is not None:
                    out |= self.expression(body, stmt[4])
                out |= self.annotations.values(body, stmt[3])
        return out

    def _inherited(self, cls: Class, name: str) -> Values:
        return frozenset(Lib(f"{base}.{name}") for base in self.library_bases(cls))

    def library_bases(self, cls: Class) -> list[str]:
        """The direct bases of a class that are classes of the library."""
        if not cls.ir.bases:
            return []
        holder = Function(cls.module, max(cls.ir.parent, 0))
        names = []
        for base in cls.ir.bases:
            expr = base[2] if base[0] == "sub" else base
            for value in self.annotations.references(holder, expr):
                if isinstance(value, Lib):
                    names.append(value.name)
        return names

    def _of_super(self, cls: Class, name: str) -> Values:
        for current in self.project.mro(cls):
            if current != cls:
                method = current.method(name)
                if method is not None:
                    return frozenset((Fn(method, cls, True),))
            inherited = self._inherited(current, name)
            if inherited:
                return inherited
        return NOTHING

    # calls

    def _call(self, node: Node, scope: Scope) -> Values:
        function = node.parts[0]
        if function.kind == "attr" and function.parts[1] in METHODS:
            boxes = frozenset(v for v in self._in_full(function.parts[0], scope) if isinstance(v, Box))
            if boxes:
                of_boxes: Values = METHODS[function.parts[1]](self, boxes, node, scope)
                return of_boxes
        return NOTHING.union(*(self.called(value, node, scope) for value in self._in_full(function, scope)))

    def called(self, value: Value, node: Node, scope: Scope) -> Values:
        """What calling a value gives."""
        if isinstance(value, Lib):
            return frozenset(map(Obj, self.library.returned(value.name)))
        if isinstance(value, Fn):
            return self._result_of(value, node, scope)
        if isinstance(value, Cls):
            return frozenset((Inst(value.cls),))
        if isinstance(value, Bind):
            return self.called(value.target, node, scope)
        if isinstance(value, Inst):
            method = self.project.find_method(value.cls, "__call__") or self.project.find_method(value.cls, "forward")
            return self._result_of(Fn(method, value.cls, True), node, scope) if method is not None else NOTHING
        if isinstance(value, Ext):
            special = _FUNCTIONS.get(value.name)
            return self._special(special, node, scope) if special is not None else NOTHING
        return NOTHING

    def _special(self, special: Any, node: Node, scope: Scope) -> Values:
        only, self._only = self._only, False
        try:
            found: Values = special(self, node, scope)
            return found
        finally:
            self._only = only

    def _result_of(self, value: Fn, node: Node, scope: Scope) -> Values:
        wrapped = lazy_reference(node)
        if wrapped is not None and self.flow.is_external(wrapped):
            return self.external(wrapped)
        if scope.depth >= MAX_CALLS:
            return self.annotations.returned(value.fn)
        bound = bind(None, node, value.fn.ir.params, 1 if value.bound else 0)
        hot = self.hot
        given = {
            n: (a, scope)
            for n, a in bound.arguments.items()
            if hot.in_call(hot.may_tell, a, scope.fn, scope.bound) and self._tells(a, scope)
        }
        first = node.parts[1][0] if node.parts[1] else None
        kernels = NOTHING
        if first is not None and hot.in_call(hot.may_carry, first, scope.fn, scope.bound):
            values = self._in_full(first, scope)
            kernels = frozenset(v for v in values if isinstance(v, Lib) and self._is_function(v.name))
        out = self.result(value.fn, given, value.receiver, scope.depth)
        if not kernels or carries(out):
            return out
        only, self._only = self._only, False
        out = self.result(value.fn, given, value.receiver, scope.depth)
        self._only = only
        if not out or any(map(self._passes_through, out)):
            # Whatever it makes of a kernel that it is given, a wrapper stands for that kernel.
            return kernels
        return out

    def _passes_through(self, value: Value) -> bool:
        """Whether what a function returns can stand for a callable that it was given: it takes whatever comes, or is unknown."""
        if isinstance(value, Fn) and value.fn.parent is not None:
            return any(p.kind in ("vararg", "kwarg") for p in value.fn.ir.params)
        return isinstance(value, Ext)

    def _tells(self, argument: Node, scope: Scope) -> bool:
        """Whether an argument can decide what of the library a call gives. Only for these is a function followed anew."""
        if argument.kind == "phi":
            return any(self._tells(alternative, scope) for _, alternative in argument.parts[0])
        computed = argument.kind in ("call", "sub", "element")
        for value in self._asked(True, argument, scope) if computed else self._in_full(argument, scope):
            if isinstance(value, Text):
                if value.text.partition(".")[0] == self.library.import_name or value.text in self.library.last_parts:
                    return True
            elif carries((value,)) or (
                isinstance(value, Fn) and carries(self.result(value.fn, None, value.receiver, 0))
            ):
                return True
        return False

    def _is_function(self, name: str) -> bool:
        return self.library.callable(name) and not self.library.is_class(name)

    def result(
        self, fn: Function, given: dict[str, tuple[Node, Scope]] | None, receiver: Class | None, depth: int
    ) -> Values:
        """What a function returns: by its `return` statements and those of its overrides, else by its annotation."""
        if given:
            return self._result(fn, given, receiver, depth)
        if self._only and not self.hot.may_return(fn):
            stated = fn.ir.returns
            return self.annotations.returned(fn) if stated is not None and self.hot.says(stated) else NOTHING
        key = (fn.file, fn.index, receiver, self._only)
        known = self._results.get(key)
        if known is None:
            if key in self._following:
                self._cut = min(self._cut, self._following[key])
                return NOTHING
            self._following[key] = self._depth
            try:
                known = self._result(fn, None, receiver, 0)
            finally:
                del self._following[key]
            if self._cut >= self._depth:
                self._results[key] = known
        return known

    def _result(
        self, fn: Function, given: dict[str, tuple[Node, Scope]] | None, receiver: Class | None, depth: int
    ) -> Values:
        out = self._returned(fn, given, receiver, depth)
        if not out and fn.owner is not None and fn.ir.owner >= 0:
            for cls in self.project.subclasses(receiver or fn.owner)[:MAX_OVERRIDES]:
                method = cls.method(fn.name)
                if method is not None:
                    out |= self._returned(method, given, cls, depth)
        return out | self.annotations.returned(fn)

    def _returned(
        self, fn: Function, given: dict[str, tuple[Node, Scope]] | None, receiver: Class | None, depth: int
    ) -> Values:
        graph = self.flow.graph(fn)
        inner = Scope(fn, given or None, receiver if receiver != fn.owner else None, depth + 1, True)
        if graph.yields:
            return boxed(NOTHING.union(*(self.of(record.value, inner) for record in graph.yields)))
        return NOTHING.union(*(self.of(record.value, inner) for record in graph.returns))

    def binding(self, value: Fn | Cls, node: Node) -> tuple[Function | None, Bound] | None:
        """The parameters of a function or constructor of the project that a call's arguments reach."""
        if isinstance(value, Fn):
            return value.fn, bind(None, node, value.fn.ir.params, 1 if value.bound else 0)
        method = self.project.find_method(value.cls, "__init__")
        if method is not None:
            return method, bind(None, node, method.ir.params, 1)
        formals = self.flow.attributes.field_formals(value.cls)
        return (None, bind(None, node, formals, 0)) if formals else None


def _is_self(node: Node, fn: Function) -> bool:
    """Whether a node is the first parameter of a method, seen from the method or from a function within it."""
    if node.kind not in ("param", "free"):
        return False
    params = fn.ir.params
    return bool(params) and node.parts[0] == params[0].name


def _getattr(resolver: Resolver, node: Node, scope: Scope) -> Values:
    args = node.parts[1]
    if len(args) < 2:
        return NOTHING
    names = [v.text for v in resolver.of(args[1], scope) if isinstance(v, Text)]
    out = resolver.of(args[2], scope) if len(args) > 2 else NOTHING
    names = [name for name in names[:8] if name.isidentifier()]
    bases = resolver.of(args[0], scope)
    for value in bases:
        for name in names:
            if len(args) > 2 and isinstance(value, Obj) and resolver.library.lacks(value.cls, name):
                continue  # asked for, and not there
            out |= resolver.attribute(value, name)
    return out if bases else out.union(*(resolver.by_name(name) for name in names))


def _import_module(resolver: Resolver, node: Node, scope: Scope) -> Values:
    out = NOTHING
    for arg in node.parts[1][:1]:
        for value in resolver.of(arg, scope):
            if isinstance(value, Text) and all(part.isidentifier() for part in value.text.split(".")):
                resolver.library.saw_module(value.text)
                out |= resolver.imported(value.text, None)
    return out


def _partial(resolver: Resolver, node: Node, scope: Scope) -> Values:
    if not node.parts[1]:
        return NOTHING
    targets = resolver.of(node.parts[1][0], scope)
    return frozenset(Bind(t, node, scope.fn) for t in targets if isinstance(t, Lib | Fn))


def _first(resolver: Resolver, node: Node, scope: Scope) -> Values:
    """A function that gives back what it is given, or a decorator of it."""
    return resolver.of(node.parts[1][0], scope) if node.parts[1] else NOTHING


def _second(resolver: Resolver, node: Node, scope: Scope) -> Values:
    return resolver.of(node.parts[1][1], scope) if len(node.parts[1]) > 1 else NOTHING


def _super(resolver: Resolver, node: Node, scope: Scope) -> Values:
    fn: Function | None = scope.fn
    while fn is not None and fn.owner is None:
        fn = fn.parent
    return frozenset((Super(fn.owner),)) if fn is not None and fn.owner is not None else NOTHING


def _type(resolver: Resolver, node: Node, scope: Scope) -> Values:
    return frozenset(
        Cls(v.cls) if isinstance(v, Inst) else Lib(v.cls)
        for v in _first(resolver, node, scope)
        if isinstance(v, Inst | Obj)
    )


def _dict_of(resolver: Resolver, node: Node, scope: Scope) -> Values:
    out = NOTHING.union(*(resolver.of(arg, scope) for arg in node.parts[1]))
    items = tuple((k, resolver.of(v, scope)) for k, v in node.parts[2] if k)
    found = tuple((k, v) for k, v in items if v)
    return out | {Box(found, NOTHING)} if found else out


def _next(resolver: Resolver, node: Node, scope: Scope) -> Values:
    return elements(_first(resolver, node, scope))


def _zip(resolver: Resolver, node: Node, scope: Scope) -> Values:
    items = [(i, elements(resolver.of(arg, scope))) for i, arg in enumerate(node.parts[1])]
    return spread(items)


def _enumerate(resolver: Resolver, node: Node, scope: Scope) -> Values:
    return spread([(1, elements(_first(resolver, node, scope)))])


_FUNCTIONS: dict[str, Any] = {
    "builtins.getattr": _getattr,
    "importlib.import_module": _import_module,
    "builtins.__import__": _import_module,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "builtins.super": _super,
    "builtins.type": _type,
    "builtins.dict": _dict_of,
    "builtins.next": _next,
    "builtins.zip": _zip,
    "builtins.enumerate": _enumerate,
    "typing.cast": _second,
    **dict.fromkeys(
        [
            "builtins.list",
            "builtins.tuple",
            "builtins.set",
            "builtins.iter",
            "builtins.reversed",
            "builtins.sorted",
            "builtins.staticmethod",
            "copy.copy",
            "copy.deepcopy",
            "functools.cache",
            "functools.lru_cache",
            "torch.compile",
            "torch.compiler.disable",
            "torch._dynamo.disable",
            "torch.no_grad",
            "weakref.proxy",
        ],
        _first,
    ),
}

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

__all__ = ["Resolver", "Scope", "carries"]
