"""Expressions as nodes: what they denote where names and attributes stand for the values that reach them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contractlint.flow.nodes import CallRecord, Fact, Facts, Graph, Node, ReturnRecord, StoreRecord
from contractlint.index.ir import Expr
from contractlint.index.project import Function


class State:
    """Names and attribute stores at one point of a body. `alive` is False after return, raise, break or continue."""

    __slots__ = ("alive", "facts", "heap", "names")

    def __init__(self, names: dict[str, Node], heap: dict[int, Node], facts: Facts, alive: bool = True) -> None:
        self.names, self.heap, self.facts, self.alive = names, heap, facts, alive

    def fork(self, *facts: Fact) -> State:
        return State(dict(self.names), dict(self.heap), self.facts + facts, self.alive)

    def become(self, other: State) -> None:
        self.names, self.heap, self.facts, self.alive = other.names, other.heap, other.facts, other.alive


def expression_node(fn: Function, expr: Expr) -> Node:
    """One expression as a node, with names that stand at module level."""
    return Expressions(fn).expr(expr, State({}, {}, ()))


class Expressions:
    """Builds the nodes of one function; `graph` records the calls, stores and yields that are met on the way.

    `originals` are the nodes of places that were stored to, by id; `outer` the names that `global` and `nonlocal` declare.
    """

    def __init__(self, fn: Function) -> None:
        self.fn = fn
        self.graph = Graph(fn, [], [], [], {}, [])
        self.fresh = 0
        self.originals: dict[int, Node] = {}
        self.outer: set[str] = set()

    def node(self, kind: str, line: int, *parts: Any, key: Any = None) -> Node:
        return Node(kind, self.fn, line, *parts, key=key)

    def unique(self, kind: str, line: int, *parts: Any) -> Node:
        """A node that equals no other: a value that is new at every execution."""
        self.fresh += 1
        return self.node(kind, line, *parts, key=(kind, self.fn.file, self.fn.index, self.fresh))

    def facts(self, test: Node, holds: bool) -> Facts:
        """The facts that follow from a test's outcome; conjunctions are taken apart."""
        if test.kind == "un" and test.parts[0] == "not":
            return self.facts(test.parts[1], not holds)
        if test.kind == "bool" and (test.parts[0] == "and") == holds:
            return tuple(f for part in test.parts[1] for f in self.facts(part, holds))
        return ((test, holds),)

    def element(self, iterable: Node, line: int) -> Node:
        return self.node("element", line, iterable)

    def phi(self, values: list[tuple[Facts, Node]], line: int) -> Node:
        first = values[0][1]
        if all(value.id == first.id for _, value in values):
            return first
        return self.node("phi", line, tuple(values))

    # assignment

    def assign(self, target: Expr, value: Node, state: State, line: int, annotation: Expr | None = None) -> None:
        kind = target[0]
        if kind == "name":
            state.names[target[2]] = value
            if target[2] in self.outer:
                self.graph.outer.append((target[2], value))
        elif kind in ("tuple", "list"):
            self.unpack(target[2], value, state, line)
        elif kind == "attr":
            base = self.expr(target[2], state)
            self.store(base, target[3], value, state, line, annotation)
        elif kind == "sub":
            base, index = self.expr(target[2], state), self.expr(target[3], state)
            if target[2][0] in ("name", "attr"):
                key = index if index.kind == "const" else None
                if key is not None:
                    self.assign(target[2], self.node("update", line, base, key, value), state, line)
                else:
                    self.graph.puts.append((base, value))
        elif kind == "star":
            self.assign(target[2], self.unique("unknown", line, "the rest of an unpacking"), state, line)

    def store(self, base: Node, name: str, value: Node, state: State, line: int, annotation: Expr | None) -> None:
        if name == "data" and base.kind in ("attr", "param"):
            # `p.data = x` gives the parameter itself another dtype.
            if base.kind == "attr":
                self.store(base.parts[0], base.parts[1], value, state, line, annotation)
            return
        place = self.node("attr", line, base, name)
        self.originals.setdefault(place.id, place)
        state.heap[place.id] = value
        self.graph.stores.append(StoreRecord(base, name, value, state.facts, line, annotation))

    def unpack(self, targets: Sequence[Expr], value: Node, state: State, line: int) -> None:
        starred = any(t[0] == "star" for t in targets)
        exact = value.kind in ("tuple", "list") and len(value.parts[0]) == len(targets) and not starred
        for i, target in enumerate(targets):
            if exact:
                self.assign(target, value.parts[0][i], state, line)
            elif starred and i >= next(j for j, t in enumerate(targets) if t[0] == "star"):
                self.assign(target, self.unique("unknown", line, "unpacked behind a star"), state, line)
            else:
                self.assign(target, self.node("sub", line, value, self.node("const", line, i)), state, line)

    # expressions

    def expr(self, expr: Expr, state: State) -> Node:
        handler = _HANDLERS.get(expr[0])
        if handler is None:
            return self.unique("unknown", expr[1], "an expression that is not followed")
        result: Node = handler(self, expr, state)
        return result

    def ex_name(self, expr: Expr, state: State) -> Node:
        name, line = expr[2], expr[1]
        value = state.names.get(name)
        if value is not None:
            return value
        if name in ("None", "True", "False"):
            return self.node("const", line, {"None": None, "True": True, "False": False}[name])
        if self.fn.ir.parent >= 0:
            return self.node("free", line, name, key=("free", self.fn.file, self.fn.index, name))
        return self.node("global", line, name, key=("global", self.fn.file, name))

    def ex_attr(self, expr: Expr, state: State) -> Node:
        base = self.expr(expr[2], state)
        node = self.node("attr", expr[1], base, expr[3])
        return state.heap.get(node.id, node)

    def ex_call(self, expr: Expr, state: State) -> Node:
        function = self.expr(expr[2], state)
        args = tuple(self.expr(a, state) for a in expr[3])
        keywords = tuple((k, self.expr(v, state)) for k, v in expr[4])
        node = self.node("call", expr[1], function, args, keywords)
        self.graph.calls.append(CallRecord(node, state.facts, expr[1], expr[5]))
        return node

    def ex_const(self, expr: Expr, state: State) -> Node:
        return self.node("const", expr[1], expr[2])

    def ex_tuple(self, expr: Expr, state: State) -> Node:
        return self.node(expr[0], expr[1], tuple(self.expr(e, state) for e in expr[2]))

    ex_list = ex_tuple
    ex_set = ex_tuple

    def ex_dict(self, expr: Expr, state: State) -> Node:
        items = tuple((self.expr(k, state) if k is not None else None, self.expr(v, state)) for k, v in expr[2])
        return self.node("dict", expr[1], items)

    def ex_sub(self, expr: Expr, state: State) -> Node:
        return self.node("sub", expr[1], self.expr(expr[2], state), self.expr(expr[3], state))

    def ex_slice(self, expr: Expr, state: State) -> Node:
        for part in expr[2:]:
            if part is not None:
                self.expr(part, state)
        return self.node("slice", expr[1], any(part is not None for part in expr[2:]))

    def ex_ifexp(self, expr: Expr, state: State) -> Node:
        test = self.expr(expr[2], state)
        yes = self.expr(expr[3], state.fork(*self.facts(test, True)))
        no = self.expr(expr[4], state.fork(*self.facts(test, False)))
        return self.phi([(((test, True),), yes), (((test, False),), no)], expr[1])

    def ex_bin(self, expr: Expr, state: State) -> Node:
        return self.node("bin", expr[1], expr[2], self.expr(expr[3], state), self.expr(expr[4], state))

    def ex_un(self, expr: Expr, state: State) -> Node:
        operand = self.expr(expr[3], state)
        if expr[2] == "-" and operand.kind == "const" and isinstance(operand.parts[0], int | float):
            return self.node("const", expr[1], -operand.parts[0])
        return self.node("un", expr[1], expr[2], operand)

    def ex_cmp(self, expr: Expr, state: State) -> Node:
        left = self.expr(expr[2], state)
        return self.node("cmp", expr[1], left, tuple((op, self.expr(right, state)) for op, right in expr[3]))

    def ex_bool(self, expr: Expr, state: State) -> Node:
        values: list[Node] = []
        inner = state
        for value in expr[3]:
            node = self.expr(value, inner)
            values.append(node)
            inner = inner.fork(*self.facts(node, expr[2] == "and"))
        return self.node("bool", expr[1], expr[2], tuple(values))

    def ex_lambda(self, expr: Expr, state: State) -> Node:
        inner = state.fork()
        for param in expr[2]:
            inner.names[param[0]] = self.unique("unknown", expr[1], "a parameter of a lambda")
        return self.unique("lambda", expr[1], tuple(p[0] for p in expr[2]), self.expr(expr[3], inner))

    def ex_comp(self, expr: Expr, state: State) -> Node:
        inner = state.fork()
        for target, iterable, tests in expr[4]:
            self.assign(target, self.element(self.expr(iterable, inner), expr[1]), inner, expr[1])
            for test in tests:
                inner.facts += self.facts(self.expr(test, inner), True)
        elements = [self.expr(e, inner) for e in expr[3]]
        return self.unique("comp", expr[1], expr[2], tuple(elements))

    def ex_walrus(self, expr: Expr, state: State) -> Node:
        value = self.expr(expr[3], state)
        state.names[expr[2]] = value
        return value

    def ex_star(self, expr: Expr, state: State) -> Node:
        return self.node("star", expr[1], self.expr(expr[2], state))

    def ex_await(self, expr: Expr, state: State) -> Node:
        return self.expr(expr[2], state)

    def ex_yield(self, expr: Expr, state: State) -> Node:
        value = self.expr(expr[2], state) if expr[2] is not None else self.node("const", expr[1], None)
        self.graph.yields.append(ReturnRecord(value, state.facts, expr[1]))
        return self.unique("unknown", expr[1], "sent into a generator")

    def ex_fstring(self, expr: Expr, state: State) -> Node:
        for part in expr[2]:
            self.expr(part, state)  # for the calls in it
        return self.unique("fstring", expr[1])


_HANDLERS: dict[str, Any] = {name[3:]: handler for name, handler in vars(Expressions).items() if name[:3] == "ex_"}
