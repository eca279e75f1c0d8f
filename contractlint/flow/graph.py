"""Build the value graph of one function by executing its statements over symbolic values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from contractlint.flow.nodes import CallRecord, Fact, Facts, Graph, Node, ReturnRecord, StoreRecord, quoted_store
from contractlint.index.ir import Expr, ParamIR, Stmt
from contractlint.index.project import Function

MAX_REPEATED = 2  # loops within loops beyond this are walked once


class _State:
    """Names and attribute stores at one point of the body. `alive` is False after return, raise, break or continue."""

    __slots__ = ("alive", "facts", "heap", "names")

    def __init__(self, names: dict[str, Node], heap: dict[int, Node], facts: Facts, alive: bool = True) -> None:
        self.names, self.heap, self.facts, self.alive = names, heap, facts, alive

    def fork(self, *facts: Fact) -> _State:
        return _State(dict(self.names), dict(self.heap), self.facts + facts, self.alive)

    def become(self, other: _State) -> None:
        self.names, self.heap, self.facts, self.alive = other.names, other.heap, other.facts, other.alive


def build_graph(fn: Function) -> Graph:
    """The value graph of a function, or of a module's body."""
    return _Builder(fn).build()


def expression_node(fn: Function, expr: Expr) -> Node:
    """One expression as a node, with names that stand at module level."""
    return _Builder(fn).expr(expr, _State({}, {}, ()))


class _Builder:
    def __init__(self, fn: Function) -> None:
        self.fn = fn
        self.graph = Graph(fn, [], [], [], {}, [])
        self.exits: list[list[_State]] = []
        self.fresh = 0
        self.loops = 0
        self._originals: dict[int, Node] = {}
        self._outer: set[str] = set()

    def build(self) -> Graph:
        body = self.fn.ir.body  # before the parameters, which would else be parsed on their own
        names = {p.name: self.node("param", p_line(self.fn, p), p.name, key=self._param_key(p.name))
                 for p in self.fn.ir.params}  # fmt: skip
        state = _State(names, {}, ())
        self.block(body, state)
        if state.alive:
            none = self.node("const", self.fn.ir.end_line, None)
            self.graph.returns.append(ReturnRecord(none, state.facts, self.fn.ir.end_line))
        self.graph.names = state.names
        return self.graph

    def _param_key(self, name: str) -> tuple[Any, ...]:
        return ("param", self.fn.file, self.fn.index, name)

    def node(self, kind: str, line: int, *parts: Any, key: Any = None) -> Node:
        return Node(kind, self.fn, line, *parts, key=key)

    def unique(self, kind: str, line: int, *parts: Any) -> Node:
        """A node that equals no other: a value that is new at every execution."""
        self.fresh += 1
        return self.node(kind, line, *parts, key=(kind, self.fn.file, self.fn.index, self.fresh))

    # statements

    def block(self, body: Iterable[Stmt], state: _State) -> None:
        for stmt in body:
            if not state.alive:
                return
            handler = getattr(self, "do_" + stmt[0], None)
            if handler is not None:
                handler(stmt, state)

    def do_assign(self, stmt: Stmt, state: _State) -> None:
        value = self.expr(stmt[3], state)
        for target in stmt[2]:
            self.assign(target, value, state, stmt[1])

    def do_ann(self, stmt: Stmt, state: _State) -> None:
        if stmt[4] is not None:
            self.assign(stmt[2], self.expr(stmt[4], state), state, stmt[1], stmt[3])
        elif stmt[2][0] == "attr":
            base = self.expr(stmt[2][2], state)
            none = self.unique("unknown", stmt[1], "only annotated")
            self.graph.stores.append(StoreRecord(base, stmt[2][3], none, state.facts, stmt[1], stmt[3]))

    def do_aug(self, stmt: Stmt, state: _State) -> None:
        old, right = self.expr(stmt[2], state), self.expr(stmt[4], state)
        self.assign(stmt[2], self.node("aug", stmt[1], stmt[3], old, right), state, stmt[1])

    def do_expr(self, stmt: Stmt, state: _State) -> None:
        value = self.expr(stmt[2], state)
        stored = quoted_store(value) if value.kind == "call" else None
        named = stored is not None and stored[1].kind == "const"
        if stored is not None and named and stored[0].kind in ("param", "attr", "phi", "call", "free", "global"):
            # What is read from the same place after it; who else reads it asks for the call.
            place = self.node("attr", stmt[1], stored[0], str(stored[1].parts[0]))
            self._originals.setdefault(place.id, place)
            state.heap[place.id] = stored[2]
            return
        if stmt[2][0] == "call" and stmt[2][2][0] == "attr" and value.kind == "call" and value.parts[0].kind == "attr":
            self.mutate(stmt[2], value, state)

    def mutate(self, expr: Expr, call: Node, state: _State) -> None:
        """A method called for its effect on a container: `kwargs.update(x=…)`, `items.append(x)`."""
        if expr[2][3] not in ("update", "append", "setdefault") or expr[2][2][0] not in ("name", "attr"):
            return
        base, line = call.parts[0].parts[0], call.line
        if expr[2][3] == "update":
            value = base
            for arg in call.parts[1]:
                value = self.node("update", line, value, None, arg)
            for name, arg in call.parts[2]:
                key = self.node("const", line, name) if name else None
                value = self.node("update", line, value, key, arg)
            self.assign(expr[2][2], value, state, line)
        elif expr[2][3] == "append" and base.kind == "list" and call.parts[1]:
            self.assign(expr[2][2], self.node("list", line, (*base.parts[0], call.parts[1][0])), state, line)
        elif expr[2][3] == "append" and call.parts[1]:
            self.graph.puts.append((base, call.parts[1][0]))

    def do_return(self, stmt: Stmt, state: _State) -> None:
        value = self.expr(stmt[2], state) if stmt[2] is not None else self.node("const", stmt[1], None)
        self.graph.returns.append(ReturnRecord(value, state.facts, stmt[1]))
        state.alive = False

    def do_raise(self, stmt: Stmt, state: _State) -> None:
        if stmt[2] is not None:
            self.expr(stmt[2], state)
        state.alive = False

    def do_assert(self, stmt: Stmt, state: _State) -> None:
        state.facts += self.facts(self.expr(stmt[2], state), True)
        if stmt[2] == ("const", stmt[1], False):
            state.alive = False

    def facts(self, test: Node, holds: bool) -> Facts:
        """The facts that follow from a test's outcome; conjunctions are taken apart."""
        if test.kind == "un" and test.parts[0] == "not":
            return self.facts(test.parts[1], not holds)
        if test.kind == "bool" and (test.parts[0] == "and") == holds:
            return tuple(f for part in test.parts[1] for f in self.facts(part, holds))
        return ((test, holds),)

    def do_if(self, stmt: Stmt, state: _State) -> None:
        test = self.expr(stmt[2], state)
        if test.kind == "const":
            self.block(stmt[3] if test.parts[0] else stmt[4], state)
            return
        if _type_checking(test):
            self.block(stmt[3], state)
            return
        yes, no = state.fork(*self.facts(test, True)), state.fork(*self.facts(test, False))
        self.block(stmt[3], yes)
        self.block(stmt[4], no)
        self.join(state, [(((test, True),), yes), (((test, False),), no)], stmt[1])

    def do_match(self, stmt: Stmt, state: _State) -> None:
        subject = self.expr(stmt[2], state)
        arms: list[tuple[Facts, _State]] = []
        for pattern, guard, body, names in stmt[3]:
            fact = (self.node("cmp", stmt[1], subject, (("matches", self.node("const", stmt[1], pattern)),)), True)
            arm = state.fork(fact)
            for name in names:
                arm.names[name] = self.unique("unknown", stmt[1], "bound by a match pattern")
            if guard is not None:
                self.expr(guard, arm)
            self.block(body, arm)
            arms.append(((fact,), arm))
        self.join(state, [*arms, ((), state.fork())], stmt[1])

    def do_for(self, stmt: Stmt, state: _State) -> None:
        iterable = self.expr(stmt[3], state)
        self.loop(stmt, state, lambda body: self.assign(stmt[2], self.element(iterable, stmt[1]), body, stmt[1]))

    def do_while(self, stmt: Stmt, state: _State) -> None:
        test = self.expr(stmt[2], state)
        self.loop(stmt, state, lambda body: setattr(body, "facts", body.facts + self.facts(test, True)))

    def loop(self, stmt: Stmt, state: _State, enter: Any) -> None:
        """One pass over the body stands for all; values before and after it both reach what follows."""
        body, orelse = (stmt[4], stmt[5]) if stmt[0] == "for" else (stmt[3], stmt[4])
        if self.loops < MAX_REPEATED and self._carries(body, state, enter):
            # What one round leaves is what the next begins with: names that change stand for both.
            once, marks = state.fork(), self._marks()
            self._round(once, body, enter)
            self._forget(marks)
            before, after = dict(state.names), once.names
            for name, value in before.items():
                if name in after and after[name].id != value.id:
                    state.names[name] = self.phi([((), value), ((), after[name])], stmt[1])
        inner = state.fork()
        ends = self._round(inner, body, enter)
        self.join(state, [((), state.fork()), ((), inner), *ends], stmt[1])
        self.block(orelse, state)

    def _round(self, inner: _State, body: Sequence[Stmt], enter: Any) -> list[tuple[Facts, _State]]:
        """One pass over a loop's body; the states in which `break` and `continue` leave it."""
        self.loops += 1
        enter(inner)
        self.exits.append([])
        self.block(body, inner)
        self.loops -= 1
        return [((), s) for s in self.exits.pop()]

    def _carries(self, body: Sequence[Stmt], state: _State, enter: Any) -> bool:
        """Whether a loop's body gives new values to names that exist before it."""
        return any(name in state.names for name in _assigned_within(body))

    def _marks(self) -> tuple[int, int, int, int]:
        graph = self.graph
        return len(graph.calls), len(graph.stores), len(graph.returns), len(graph.yields)

    def _forget(self, marks: tuple[int, int, int, int]) -> None:
        """Drop what a first pass over a loop recorded: the second one records it again."""
        graph = self.graph
        for records, mark in zip((graph.calls, graph.stores, graph.returns, graph.yields), marks, strict=True):
            del records[mark:]  # type: ignore[attr-defined]

    def element(self, iterable: Node, line: int) -> Node:
        return self.node("element", line, iterable)

    def do_break(self, stmt: Stmt, state: _State) -> None:
        if self.exits:
            self.exits[-1].append(state.fork())
        state.alive = False

    do_continue = do_break

    def do_with(self, stmt: Stmt, state: _State) -> None:
        for value, target in stmt[2]:
            manager = self.expr(value, state)
            if target is not None:
                self.assign(target, self.node("context", stmt[1], manager), state, stmt[1])
        self.block(stmt[3], state)

    def do_try(self, stmt: Stmt, state: _State) -> None:
        before = state.fork()
        self.block(stmt[2], state)
        self.block(stmt[4], state)
        arms: list[tuple[Facts, _State]] = [((), state.fork())]
        for kind, name, body in stmt[3]:
            text = f"except {_spell(kind)}" if kind else "except"
            fact = (self.node("cmp", stmt[1], self.node("const", stmt[1], text), ()), True)
            arm = before.fork(fact)
            if name:
                arm.names[name] = self.unique("unknown", stmt[1], "an exception")
            self.block(body, arm)
            arms.append(((fact,), arm))
        self.join(state, arms, stmt[1])
        self.block(stmt[5], state)

    def do_def(self, stmt: Stmt, state: _State) -> None:
        fn = Function(self.fn.module, stmt[2])
        if fn.ir.calls_when_defined:
            for decorator in fn.ir.decorators:
                self.expr(decorator, state)
            for param in fn.ir.params:
                if param.default is not None:
                    self.expr(param.default, state)
        state.names[fn.name] = self.node("def", stmt[1], stmt[2], key=("def", self.fn.file, stmt[2]))

    def do_class(self, stmt: Stmt, state: _State) -> None:
        cls = self.fn.module.ir.classes[stmt[2]]
        inner = state.fork()
        self.block(cls.body, inner)
        state.names[cls.name] = self.node("class", stmt[1], stmt[2], key=("class", self.fn.file, stmt[2]))

    def do_import(self, stmt: Stmt, state: _State) -> None:
        for local, module, attribute in stmt[2]:
            state.names[local] = self.node("import", stmt[1], module, attribute)

    def do_global(self, stmt: Stmt, state: _State) -> None:
        self._outer.update(stmt[2])

    def do_del(self, stmt: Stmt, state: _State) -> None:
        for target in stmt[2]:
            if target[0] == "name":
                state.names.pop(target[2], None)

    # joins

    def join(self, state: _State, arms: Sequence[tuple[Facts, _State]], line: int) -> None:
        """Merge the arms that reach the end into `state`; names that differ become phi nodes."""
        living = [(facts, arm) for facts, arm in arms if arm.alive]
        if not living:
            state.alive = False
            return
        shared = len(state.facts)
        if len(living) > 1:
            # What an arm asserted on its way holds for the values that come out of it.
            living = [((*facts, *(f for f in arm.facts[shared:] if f not in facts)), arm) for facts, arm in living]
        if len(living) == 1:
            state.become(living[0][1])
            return
        names: dict[str, Node] = {}
        for name in dict.fromkeys(n for _, arm in living for n in arm.names):
            values = [(facts, arm.names[name]) for facts, arm in living if name in arm.names]
            names[name] = self.phi(values, line)
        heap: dict[int, Node] = {}
        for key in dict.fromkeys(k for _, arm in living for k in arm.heap):
            if all(key in arm.heap for _, arm in living):
                heap[key] = self.phi([(facts, arm.heap[key]) for facts, arm in living], line)
            else:
                known = [(facts, arm.heap[key]) for facts, arm in living if key in arm.heap]
                original = self._originals.get(key)
                rest = [(facts, original) for facts, arm in living if key not in arm.heap and original is not None]
                heap[key] = self.phi([*known, *rest], line)
        common = [f for f in living[0][1].facts if all(f in arm.facts for _, arm in living[1:])]
        state.become(_State(names, heap, tuple(common)))

    def phi(self, values: list[tuple[Facts, Node]], line: int) -> Node:
        first = values[0][1]
        if all(value.id == first.id for _, value in values):
            return first
        return self.node("phi", line, tuple(values))

    # assignment

    def assign(self, target: Expr, value: Node, state: _State, line: int, annotation: Expr | None = None) -> None:
        kind = target[0]
        if kind == "name":
            state.names[target[2]] = value
            if target[2] in self._outer:
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

    def store(self, base: Node, name: str, value: Node, state: _State, line: int, annotation: Expr | None) -> None:
        if name == "data" and base.kind in ("attr", "param"):
            # `p.data = x` gives the parameter itself another dtype.
            if base.kind == "attr":
                self.store(base.parts[0], base.parts[1], value, state, line, annotation)
            return
        place = self.node("attr", line, base, name)
        self._originals.setdefault(place.id, place)
        state.heap[place.id] = value
        self.graph.stores.append(StoreRecord(base, name, value, state.facts, line, annotation))

    def unpack(self, targets: Sequence[Expr], value: Node, state: _State, line: int) -> None:
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

    def expr(self, expr: Expr, state: _State) -> Node:
        handler = getattr(self, "ex_" + expr[0], None)
        if handler is None:
            return self.unique("unknown", expr[1], "an expression that is not followed")
        result: Node = handler(expr, state)
        return result

    def ex_name(self, expr: Expr, state: _State) -> Node:
        name, line = expr[2], expr[1]
        value = state.names.get(name)
        if value is not None:
            return value
        if name in ("None", "True", "False"):
            return self.node("const", line, {"None": None, "True": True, "False": False}[name])
        if self.fn.ir.parent >= 0:
            return self.node("free", line, name, key=("free", self.fn.file, self.fn.index, name))
        return self.node("global", line, name, key=("global", self.fn.file, name))

    def ex_attr(self, expr: Expr, state: _State) -> Node:
        base = self.expr(expr[2], state)
        node = self.node("attr", expr[1], base, expr[3])
        return state.heap.get(node.id, node)

    def ex_call(self, expr: Expr, state: _State) -> Node:
        function = self.expr(expr[2], state)
        args = tuple(self.expr(a, state) for a in expr[3])
        keywords = tuple((k, self.expr(v, state)) for k, v in expr[4])
        node = self.node("call", expr[1], function, args, keywords)
        self.graph.calls.append(CallRecord(node, state.facts, expr[1], expr[5]))
        return node

    def ex_const(self, expr: Expr, state: _State) -> Node:
        return self.node("const", expr[1], expr[2])

    def ex_tuple(self, expr: Expr, state: _State) -> Node:
        return self.node(expr[0], expr[1], tuple(self.expr(e, state) for e in expr[2]))

    ex_list = ex_tuple
    ex_set = ex_tuple

    def ex_dict(self, expr: Expr, state: _State) -> Node:
        items = tuple((self.expr(k, state) if k is not None else None, self.expr(v, state)) for k, v in expr[2])
        return self.node("dict", expr[1], items)

    def ex_sub(self, expr: Expr, state: _State) -> Node:
        return self.node("sub", expr[1], self.expr(expr[2], state), self.expr(expr[3], state))

    def ex_slice(self, expr: Expr, state: _State) -> Node:
        for part in expr[2:]:
            if part is not None:
                self.expr(part, state)
        return self.node("slice", expr[1], any(part is not None for part in expr[2:]))

    def ex_ifexp(self, expr: Expr, state: _State) -> Node:
        test = self.expr(expr[2], state)
        yes = self.expr(expr[3], state.fork(*self.facts(test, True)))
        no = self.expr(expr[4], state.fork(*self.facts(test, False)))
        return self.phi([(((test, True),), yes), (((test, False),), no)], expr[1])

    def ex_bin(self, expr: Expr, state: _State) -> Node:
        return self.node("bin", expr[1], expr[2], self.expr(expr[3], state), self.expr(expr[4], state))

    def ex_un(self, expr: Expr, state: _State) -> Node:
        operand = self.expr(expr[3], state)
        if expr[2] == "-" and operand.kind == "const" and isinstance(operand.parts[0], int | float):
            return self.node("const", expr[1], -operand.parts[0])
        return self.node("un", expr[1], expr[2], operand)

    def ex_cmp(self, expr: Expr, state: _State) -> Node:
        left = self.expr(expr[2], state)
        return self.node("cmp", expr[1], left, tuple((op, self.expr(right, state)) for op, right in expr[3]))

    def ex_bool(self, expr: Expr, state: _State) -> Node:
        values: list[Node] = []
        inner = state
        for value in expr[3]:
            node = self.expr(value, inner)
            values.append(node)
            inner = inner.fork(*self.facts(node, expr[2] == "and"))
        return self.node("bool", expr[1], expr[2], tuple(values))

    def ex_lambda(self, expr: Expr, state: _State) -> Node:
        inner = state.fork()
        for param in expr[2]:
            inner.names[param[0]] = self.unique("unknown", expr[1], "a parameter of a lambda")
        return self.unique("lambda", expr[1], tuple(p[0] for p in expr[2]), self.expr(expr[3], inner))

    def ex_comp(self, expr: Expr, state: _State) -> Node:
        inner = state.fork()
        for target, iterable, tests in expr[4]:
            self.assign(target, self.element(self.expr(iterable, inner), expr[1]), inner, expr[1])
            for test in tests:
                inner.facts += self.facts(self.expr(test, inner), True)
        elements = [self.expr(e, inner) for e in expr[3]]
        return self.unique("comp", expr[1], expr[2], tuple(elements))

    def ex_walrus(self, expr: Expr, state: _State) -> Node:
        value = self.expr(expr[3], state)
        state.names[expr[2]] = value
        return value

    def ex_star(self, expr: Expr, state: _State) -> Node:
        return self.node("star", expr[1], self.expr(expr[2], state))

    def ex_await(self, expr: Expr, state: _State) -> Node:
        return self.expr(expr[2], state)

    def ex_yield(self, expr: Expr, state: _State) -> Node:
        value = self.expr(expr[2], state) if expr[2] is not None else self.node("const", expr[1], None)
        self.graph.yields.append(ReturnRecord(value, state.facts, expr[1]))
        return self.unique("unknown", expr[1], "sent into a generator")

    def ex_fstring(self, expr: Expr, state: _State) -> Node:
        for part in expr[2]:
            self.expr(part, state)  # for the calls in it
        return self.unique("fstring", expr[1])


def p_line(fn: Function, param: ParamIR) -> int:
    """The line of a parameter, as far as its annotation or default tells it."""
    for expr in (param.annotation, param.default):
        if expr is not None:
            return int(expr[1])
    return fn.ir.line


def _type_checking(test: Node) -> bool:
    return test.kind in ("global", "import", "attr") and test.parts[-1] == "TYPE_CHECKING"


def _spell(kind: Expr) -> str:
    if kind[0] == "tuple":
        return ", ".join(_spell(k) for k in kind[2])
    return str(kind[-1]) if kind[0] in ("name", "attr") else "…"


def _assigned_within(body: Iterable[Stmt]) -> set[str]:
    """Names that statements assign, those inside of other statements included."""
    names: set[str] = set()
    pending: list[Any] = list(body)
    while pending:
        item = pending.pop()
        if not isinstance(item, tuple) or not item:
            continue
        if item[0] == "assign" and len(item) == 4:
            names.update(t[2] for t in item[2] if t[0] == "name")
        elif item[0] in ("ann", "aug") and isinstance(item[2], tuple) and item[2][0] == "name":
            names.add(item[2][2])
        if item[0] in ("if", "for", "while", "with", "try", "match") or isinstance(item[0], tuple):
            pending.extend(part for part in item if isinstance(part, tuple))
    return names
