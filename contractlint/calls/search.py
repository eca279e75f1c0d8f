"""Which functions can hold a call of the library, and what is called in them.

It starts at the files that import the library, and goes where its names go: to modules that import them from there, to
readers of attributes that keep them, to callers of functions that return them, into functions that are passed them. What
none of that reaches is never looked into.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from contractlint.calls.containers import boxed
from contractlint.calls.frontier import Frontier
from contractlint.calls.library import Library
from contractlint.calls.referents import NOTHING, Cls, Ext, Fn, Inst, Obj, Referents, carries
from contractlint.calls.resolve import Resolver
from contractlint.calls.scope import Scope
from contractlint.flow.evaluate import Flow
from contractlint.flow.nodes import STORING_CALLS, CallRecord, Node
from contractlint.index.ir import Expr
from contractlint.index.project import Class, Function, Module

MAX_ROUNDS = 12
# Libraries of so few entry points are looked for by the names of these as well.
FEW = 64


class Search:
    """One search. After `run`, `functions` are those that were looked into, and `resolver` knows what reaches them."""

    def __init__(self, flow: Flow, library: Library) -> None:
        self.flow = flow
        self.project = flow.project
        self.library = library
        self.resolver = Resolver(flow, library)
        self.hot = self.resolver.hot
        self.frontier = Frontier(self.resolver)
        self.functions: dict[tuple[str, int], Function] = {}
        self._given: dict[tuple[str, int], Referents] = {}

    def run(self) -> None:
        """Look into all functions that can matter, until nothing new is learnt."""
        self._seed()
        for _ in range(MAX_ROUNDS):
            if not self.frontier.pending:
                return
            batch, self.frontier.pending = self.frontier.pending, {}
            self.frontier.changed = False
            for key in sorted(batch):
                fn = self.functions[key] = batch[key]
                self._look_into(fn)
            if self.frontier.changed:
                self.resolver.forget()

    def forget(self) -> None:
        """Drop what was remembered on the way. Its parts refer to each other in circles, and no garbage is collected."""
        self.resolver.forget()
        self.hot.forget()

    @cached_property
    def calls_instances(self) -> bool:
        """Whether calling an instance of a class of the project can call the library; known when the search is done."""
        bases = {base for cls in self.hot.classes for base in self.resolver.members.library_bases(cls)}
        return any(self.library.canonical(f"{base}.__call__") is not None for base in bases)

    # where to begin

    def _seed(self) -> None:
        for module in self._importers():
            if any(
                star == self.library.import_name or star.startswith(f"{self.library.import_name}.")
                for star in module.stars
            ):
                self.hot.wild.add(module.file)
                self.frontier.activate_all(module)
                continue
            self.frontier.add(Function(module, 0))
            names = self._library_names(module)
            self.hot.add(*names)
            self.frontier.activate_uses(module, names)
            self.frontier.activate(module, module.ir.quoting(self.library.import_name))
            self.frontier.declared_with(module, names)
        if len(self.library.last_parts) <= FEW:
            self.hot.add(*self.library.last_parts)
            for name in sorted(self.library.last_parts):
                for module in self._modules_with(name):
                    self.frontier.add(Function(module, 0))
                    self.frontier.activate_uses(module, {name})

    def _importers(self) -> Iterator[Module]:
        """Files that import the library, or name it in quotes."""
        name = self.library.import_name
        if self.library.is_scattered or not self.flow.is_external(name):
            return
        for module in self._modules_with(name, "imports"):
            if module.ir.is_python:
                yield module

    def _modules_with(self, name: str, use: str = "word") -> Iterator[Module]:
        for index in self.project.text.files_with_all(((name, use),)):
            yield self.project.module_at(index)

    def _library_names(self, module: Module) -> set[str]:
        """Names that import statements of a file bind to something in the library."""
        names: set[str] = set()
        for _, (local, source, attribute) in module.ir.imports():
            dotted = source if attribute is None else f"{source}.{attribute}"
            if self.flow.is_external(source) and self.library.covers(dotted):
                self.library.saw_module(source)
                names.add(local)
        return names

    # what a function does with what it has

    def _look_into(self, fn: Function) -> None:
        graph, scope = self.flow.graph(fn), Scope(fn)
        for record in graph.calls:
            self._pass_on(fn, record, scope)
        for store in graph.stores:
            values = self.resolver.carried(store.value, scope)
            if values:
                self._stored(fn, store.base, store.attribute, values, scope)
            elif store.annotation is not None and self._is_stated(fn, store.annotation):
                self._stored(fn, store.base, store.attribute, NOTHING, scope)
        for base, value in graph.puts:
            values = self.resolver.carried(value, scope)
            if values:
                self._put(fn, base, boxed(values), scope)
        for name, value in graph.outer:
            values = self.resolver.carried(value, scope)
            if values:
                self.frontier.learn_variable(fn.module, name, values)
        returned = NOTHING.union(*(self.resolver.carried(r.value, scope) for r in (*graph.returns, *graph.yields)))
        if returned and returned != self._given.get((fn.file, fn.index)):
            again = (fn.file, fn.index) in self._given
            self._given[fn.file, fn.index] = returned
            self.frontier.follow_function(fn, again)
        self._nested(fn, scope)
        if fn.index == 0:
            for name, node in graph.names.items():
                if self.hot.may_carry(node) and carries(self.resolver.named(fn.module, name)):
                    self.frontier.follow_name(fn.module, name)
            for index, ir in enumerate(fn.module.ir.classes):
                if not self.hot.names.isdisjoint(ir.header_words) and self.resolver.members.library_bases(
                    Class(fn.module, index)
                ):
                    self.frontier.follow_class(Class(fn.module, index))

    def _is_stated(self, fn: Function, annotation: Expr) -> bool:
        return self.hot.says(annotation) and carries(self.resolver.annotations.values(fn, annotation))

    def _nested(self, fn: Function, scope: Scope) -> None:
        """Functions within this one that use its names for something of the library."""
        module, names = fn.module, self.flow.graph(fn).names
        if fn.index == 0:
            return
        for index in module.ir.nested(fn.index):
            if (fn.file, index) in self.functions:
                continue
            words = module.ir.words(index)
            for name, node in names.items():
                if name in words and self.resolver.carried(node, scope):
                    self.frontier.add(Function(module, index))

    def _pass_on(self, fn: Function, record: CallRecord, scope: Scope) -> None:
        """What a call passes to a function or a constructor of the project, or stores by a quoted name."""
        _, args, keywords = record.node.parts
        if not any(self.resolver.carried(a, scope) for a in (*args, *(v for _, v in keywords))):
            return
        for value in self.resolver.of(record.node.parts[0], scope):
            target = value
            if isinstance(value, Inst):
                method = self.project.find_method(value.cls, "__call__") or self.project.find_method(
                    value.cls, "forward"
                )
                if method is None:
                    continue
                target = Fn(method, value.cls, True)
            if isinstance(target, Fn | Cls):
                self._bind(target, record.node, scope)
            elif isinstance(target, Ext) and target.name.rpartition(".")[2] in STORING_CALLS:
                self._store_quoted(fn, target.name.rpartition(".")[2], args, scope)

    def _store_quoted(self, fn: Function, name: str, args: tuple[Node, ...], scope: Scope) -> None:
        base_at, name_at, value_at = STORING_CALLS[name]
        if base_at == 0 and len(args) > value_at and args[name_at].kind == "const":
            values = self.resolver.carried(args[value_at], scope)
            if values and isinstance(args[name_at].parts[0], str):
                self._stored(fn, args[0], args[name_at].parts[0], values, scope)

    def _bind(self, target: Fn | Cls, node: Node, scope: Scope) -> None:
        found = self.resolver.results.binding(target, node)
        if found is None:
            return
        fn, bound = found
        for name, argument in bound.arguments.items():
            values = self.resolver.carried(argument, scope)
            if not values:
                continue
            if fn is not None:
                self.frontier.learn_parameter(fn, name, values)
            elif isinstance(target, Cls):
                self.frontier.learn_attribute(name, target.cls, values)
        if fn is not None and bound.rest:
            gathered = NOTHING.union(*(self.resolver.carried(a, scope) for a in bound.rest))
            name = next((p.name for p in fn.ir.params if p.kind == "vararg"), "")
            if gathered and name:
                self.frontier.learn_parameter(fn, name, boxed(gathered))
        if fn is not None and bound.extra:
            gathered = NOTHING.union(*(self.resolver.carried(a, scope) for a in bound.extra.values()))
            name = next((p.name for p in fn.ir.params if p.kind == "kwarg"), "")
            if gathered and name:
                self.frontier.learn_parameter(fn, name, boxed(gathered))

    def _stored(self, fn: Function, base: Node, name: str, values: Referents, scope: Scope) -> None:
        owners = self.resolver.of(base, scope)
        own = self._own_class(fn)
        if values:
            self.resolver.known.writers.setdefault(name, set()).add((fn.file, fn.index))
        for owner in owners:
            if isinstance(owner, Inst | Cls):
                if owner.cls == own:
                    self.frontier.follow_attribute(name, owner.cls)
                elif values:
                    self.frontier.learn_attribute(name, owner.cls, values)
            elif isinstance(owner, Obj) and values:
                self.frontier.learn_attribute(name, owner.cls, values)
        if not owners and values:
            self.frontier.learn_attribute(name, None, values)

    def _own_class(self, fn: Function) -> Class | None:
        current: Function | None = fn
        while current is not None and current.owner is None:
            current = current.parent
        return current.owner if current is not None else None

    def _put(self, fn: Function, base: Node, values: Referents, scope: Scope) -> None:
        """Something of the library is put into a container that an object or a module keeps."""
        if base.kind == "attr":
            owners = {o.cls for o in self.resolver.of(base.parts[0], scope) if isinstance(o, Inst | Cls)}
            for owner in owners:
                self.frontier.learn_attribute(base.parts[1], owner, values)
            if not owners:
                self.frontier.learn_attribute(base.parts[1], None, values)
        elif base.kind == "global":
            self.frontier.learn_variable(fn.module, base.parts[0], values)
