"""Build the value graph of one function by executing its statements over symbolic values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from contractlint.flow.expressions import Expressions, State
from contractlint.flow.nodes import Facts, Graph, Node, ReturnRecord, StoreRecord, parameter_key, quoted_store
from contractlint.index.ir import Expr, ParamIR, Stmt
from contractlint.index.project import Function

MAX_REPEATED = 2  # loops within loops beyond this are walked once


def build_graph(fn: Function) -> Graph:
    """The value graph of a function, or of a module's body."""
    return _Builder(fn).build()


class _Builder(Expressions):
    def __init__(self, fn: Function) -> None:
        super().__init__(fn)
        self.exits: list[list[State]] = []
        self.loops = 0

    def build(self) -> Graph:
        fn = self.fn
        body = fn.ir.body  # before the parameters, which would else be parsed on their own
        state = State(
            {p.name: self.node("param", p_line(fn, p), p.name, key=parameter_key(fn, p.name)) for p in fn.ir.params},
            {},
            (),
        )
        self.block(body, state)
        if state.alive:
            none = self.node("const", self.fn.ir.end_line, None)
            self.graph.returns.append(ReturnRecord(none, state.facts, self.fn.ir.end_line))
        self.graph.names = state.names
        return self.graph

    # statements

    def block(self, body: Iterable[Stmt], state: State) -> None:
        for stmt in body:
            if not state.alive:
                return
            handler = getattr(self, "do_" + stmt[0], None)
            if handler is not None:
                handler(stmt, state)

    def do_assign(self, stmt: Stmt, state: State) -> None:
        value = self.expr(stmt[3], state)
        for target in stmt[2]:
            self.assign(target, value, state, stmt[1])

    def do_ann(self, stmt: Stmt, state: State) -> None:
        if stmt[4] is not None:
            self.assign(stmt[2], self.expr(stmt[4], state), state, stmt[1], stmt[3])
        elif stmt[2][0] == "attr":
            base = self.expr(stmt[2][2], state)
            none = self.unique("unknown", stmt[1], "only annotated")
            self.graph.stores.append(StoreRecord(base, stmt[2][3], none, state.facts, stmt[1], stmt[3]))

    def do_aug(self, stmt: Stmt, state: State) -> None:
        old, right = self.expr(stmt[2], state), self.expr(stmt[4], state)
        self.assign(stmt[2], self.node("aug", stmt[1], stmt[3], old, right), state, stmt[1])

    def do_expr(self, stmt: Stmt, state: State) -> None:
        value = self.expr(stmt[2], state)
        stored = quoted_store(value) if value.kind == "call" else None
        named = stored is not None and stored[1].kind == "const"
        if stored is not None and named and stored[0].kind in ("param", "attr", "phi", "call", "free", "global"):
            # What is read from the same place after it; who else reads it asks for the call.
            place = self.node("attr", stmt[1], stored[0], str(stored[1].parts[0]))
            self.originals.setdefault(place.id, place)
            state.heap[place.id] = stored[2]
            return
        if stmt[2][0] == "call" and stmt[2][2][0] == "attr" and value.kind == "call" and value.parts[0].kind == "attr":
            self.mutate(stmt[2], value, state)

    def mutate(self, expr: Expr, call: Node, state: State) -> None:
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

    def do_return(self, stmt: Stmt, state: State) -> None:
        value = self.expr(stmt[2], state) if stmt[2] is not None else self.node("const", stmt[1], None)
        self.graph.returns.append(ReturnRecord(value, state.facts, stmt[1]))
        state.alive = False

    def do_raise(self, stmt: Stmt, state: State) -> None:
        if stmt[2] is not None:
            self.expr(stmt[2], state)
        state.alive = False

    def do_assert(self, stmt: Stmt, state: State) -> None:
        state.facts += self.facts(self.expr(stmt[2], state), True)
        if stmt[2] == ("const", stmt[1], False):
            state.alive = False

    def do_if(self, stmt: Stmt, state: State) -> None:
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

    def do_match(self, stmt: Stmt, state: State) -> None:
        subject = self.expr(stmt[2], state)
        arms: list[tuple[Facts, State]] = []
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

    def do_for(self, stmt: Stmt, state: State) -> None:
        iterable = self.expr(stmt[3], state)
        self.loop(stmt, state, lambda body: self.assign(stmt[2], self.element(iterable, stmt[1]), body, stmt[1]))

    def do_while(self, stmt: Stmt, state: State) -> None:
        test = self.expr(stmt[2], state)
        self.loop(stmt, state, lambda body: setattr(body, "facts", body.facts + self.facts(test, True)))

    def loop(self, stmt: Stmt, state: State, enter: Any) -> None:
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

    def _round(self, inner: State, body: Sequence[Stmt], enter: Any) -> list[tuple[Facts, State]]:
        """One pass over a loop's body; the states in which `break` and `continue` leave it."""
        self.loops += 1
        enter(inner)
        self.exits.append([])
        self.block(body, inner)
        self.loops -= 1
        return [((), s) for s in self.exits.pop()]

    def _carries(self, body: Sequence[Stmt], state: State, enter: Any) -> bool:
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

    def do_break(self, stmt: Stmt, state: State) -> None:
        if self.exits:
            self.exits[-1].append(state.fork())
        state.alive = False

    do_continue = do_break

    def do_with(self, stmt: Stmt, state: State) -> None:
        for value, target in stmt[2]:
            manager = self.expr(value, state)
            if target is not None:
                self.assign(target, self.node("context", stmt[1], manager), state, stmt[1])
        self.block(stmt[3], state)

    def do_try(self, stmt: Stmt, state: State) -> None:
        before = state.fork()
        self.block(stmt[2], state)
        self.block(stmt[4], state)
        arms: list[tuple[Facts, State]] = [((), state.fork())]
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

    def do_def(self, stmt: Stmt, state: State) -> None:
        fn = Function(self.fn.module, stmt[2])
        if fn.ir.calls_when_defined:
            for decorator in fn.ir.decorators:
                self.expr(decorator, state)
            for param in fn.ir.params:
                if param.default is not None:
                    self.expr(param.default, state)
        state.names[fn.name] = self.node("def", stmt[1], stmt[2], key=("def", self.fn.file, stmt[2]))

    def do_class(self, stmt: Stmt, state: State) -> None:
        cls = self.fn.module.ir.classes[stmt[2]]
        inner = state.fork()
        self.block(cls.body, inner)
        state.names[cls.name] = self.node("class", stmt[1], stmt[2], key=("class", self.fn.file, stmt[2]))

    def do_import(self, stmt: Stmt, state: State) -> None:
        for local, module, attribute in stmt[2]:
            state.names[local] = self.node("import", stmt[1], module, attribute)

    def do_global(self, stmt: Stmt, state: State) -> None:
        self.outer.update(stmt[2])

    def do_del(self, stmt: Stmt, state: State) -> None:
        for target in stmt[2]:
            if target[0] == "name":
                state.names.pop(target[2], None)

    # joins

    def join(self, state: State, arms: Sequence[tuple[Facts, State]], line: int) -> None:
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
                original = self.originals.get(key)
                rest = [(facts, original) for facts, arm in living if key not in arm.heap and original is not None]
                heap[key] = self.phi([*known, *rest], line)
        common = [f for f in living[0][1].facts if all(f in arm.facts for _, arm in living[1:])]
        state.become(State(names, heap, tuple(common)))


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
