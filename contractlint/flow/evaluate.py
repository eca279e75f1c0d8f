"""The evaluator: walks value graphs backwards, across functions, and returns every possibility it finds.

It never claims more than it followed: whatever runs out (depth, steps, alternatives) becomes an `Unknown` with its reason.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable as Callable_
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from contractlint.flow.conditions import contradicts, refine
from contractlint.flow.frames import Frame
from contractlint.flow.graph import build_graph, expression_node
from contractlint.flow.nodes import Fact, Graph, Node, intern_key, render_fact
from contractlint.flow.values import (
    Alt,
    Callable,
    ClassValue,
    Const,
    Instance,
    Mapping_,
    Member,
    ModuleValue,
    NoneValue,
    Sequence_,
    Tensor,
    Unknown,
    Value,
    Values,
    distinct,
)
from contractlint.index.ir import Expr
from contractlint.index.project import Class, External, Function, Package, Project, Reference
from contractlint.index.project import Value as ModuleLevel

if TYPE_CHECKING:
    from contractlint.flow.attributes import Attributes
    from contractlint.flow.callers import Callers

T = TypeVar("T")
Computation = Callable_[[], list[Alt]]

COMPLETE, EXHAUSTED = 0, 1  # what a result lacks: nothing, what the budget did not allow; higher bits as in `_bit`
MAX_DEPTH = 90
MAX_STEPS = 6_000
CALLEE_STEPS = 1_000
GUESS_STEPS = 500
MIN_SHARE = 100
SPARE_STEPS = 16
MAX_ALTERNATIVES = 96
OUT_OF_STEPS = Alt(Unknown("the budget of steps for one argument ran out"))


@dataclass(frozen=True, slots=True)
class Assumption:
    """A name is (not) one of these values, as `conditions.comparable` spells them."""

    name: str
    values: tuple[Any, ...]
    negated: bool = False


class Tentative(NamedTuple):
    """A result that lacks something: what was being evaluated when it was found (`asked`), or what the budget did not allow.

    It serves again where the same is being evaluated, and no more steps and levels are left than it was found with.
    """

    alts: tuple[Alt, ...]
    exhausted: bool
    asked: tuple[Hashable, ...]
    steps: int
    levels: int


class Flow:
    """One analysis of a project. Not safe for use by several threads."""

    def __init__(
        self,
        project: Project,
        enums: frozenset[str] = frozenset(),
        results: Callable_[[str], tuple[str, ...]] = lambda name: (),
    ) -> None:
        from contractlint.flow.attributes import Attributes
        from contractlint.flow.callers import Callers

        self.project = project
        self.enums = enums  # names of enumerations that libraries define
        self.results = results  # the dtypes that functions of libraries return
        self.attributes: Attributes = Attributes(self)
        self.callers: Callers = Callers(self)
        self.focus: frozenset[tuple[str, str]] = frozenset()
        self.assume: tuple[Assumption, ...] = ()
        self.tests_count = False
        self._graphs: dict[Function, Graph] = {}
        self._memo: dict[Hashable, tuple[Alt, ...]] = {}
        self._mode = 0
        self._tentative: dict[Hashable, Tentative] = {}
        self.light = False
        self.guessing = False
        self.deciding = False  # whether a test asks, which one possibility that is not known leaves open
        self.settled = True  # whether the last structural answer needed nothing that was still being evaluated
        self._active: dict[Hashable, int] = {}
        self._cut = COMPLETE
        self._depth = 0
        self._steps = 0
        self._spare = False
        self._limit = MAX_STEPS
        self._deepest = MAX_DEPTH

    def starting_point(self) -> dict[Hashable, tuple[Alt, ...]]:
        """What is known now, for `start_from`."""
        return dict(self._memo)

    def start_from(self, known: dict[Hashable, tuple[Alt, ...]]) -> None:
        """Forget what was evaluated since: by what is known already, budgets run out sooner or later."""
        self._memo = dict(known)

    # graphs

    def graph(self, fn: Function) -> Graph:
        """The value graph of a function, built once."""
        if fn not in self._graphs:
            self._graphs[fn] = build_graph(fn)
        return self._graphs[fn]

    def usable(self, fn: Function) -> bool:
        """Whether a function may serve as the source of a value: tests do not speak for package code."""
        return self.tests_count or not fn.module.is_test

    # queries

    def query(
        self,
        node: Node,
        frame: Frame,
        focus: frozenset[tuple[str, str]] = frozenset(),
        steps: int = MAX_STEPS,
        assume: tuple[Assumption, ...] = (),
    ) -> tuple[Alt, ...]:
        """Evaluate with a fresh budget of steps.

        With `focus`, callers and stores in those scopes are preferred. `assume` says what certain names are, wherever the way
        of the value meets a test of them: `self.experts.routing_method_type == DeepSeekV3` in a model speaks of the same
        routing method as the argument `routing_method_type` of the call.
        """
        with self.asking(focus, steps, assume):
            return self.ev(node, frame)

    @contextmanager
    def asking(self, focus: frozenset[tuple[str, str]], steps: int, assume: tuple[Assumption, ...]) -> Iterator[None]:
        """The setting of one query."""
        self.focus, self.assume, self._mode = focus, assume, intern_key(("mode", focus, assume))
        self._steps, self._limit = 0, steps
        try:
            yield
        finally:
            self.focus, self.assume, self._mode = frozenset(), (), 0

    def guess(self, node: Node, frame: Frame) -> tuple[Alt, ...]:
        """Evaluate what was joined by name alone. One guess on another would lead anywhere, so a second one is not taken."""
        if self.guessing:
            return (Alt(Unknown("it was reached by name alone, twice over")),)
        self.guessing = True
        try:
            with self.at_most(GUESS_STEPS):
                return self.ev(node, frame)
        finally:
            self.guessing = False

    def callee(self, node: Node, frame: Frame) -> tuple[Alt, ...]:
        """What a callee expression can be, with a small budget of its own."""
        self._steps, self._limit = 0, CALLEE_STEPS
        return self.brief(node, frame)

    def structural(self, node: Node, frame: Frame) -> tuple[Alt, ...]:
        """`brief` for facts about the project that are kept (who calls what): neither what the query at hand has left to
        spend nor what it asks for must decide them."""
        spent = self._steps, self._limit, self._deepest, self._cut
        asked = self.focus, self.assume, self._mode, self.guessing, self.deciding
        self._steps, self._limit, self._deepest, self._cut = 0, CALLEE_STEPS, self._depth + MAX_DEPTH, COMPLETE
        self.focus, self.assume, self._mode, self.guessing, self.deciding = frozenset(), (), 0, False, False
        try:
            return self.brief(node, frame)
        finally:
            self.settled = self._cut <= EXHAUSTED
            self._steps, self._limit, self._deepest, self._cut = spent
            self.focus, self.assume, self._mode, self.guessing, self.deciding = asked

    def decisive(self, node: Node, frame: Frame) -> tuple[Alt, ...]:
        """The possibilities as far as a test needs them: all, or some with one that is not known among them."""
        if self.deciding:
            return self.ev(node, frame) if self.focus else self.brief(node, frame)
        self.deciding = True
        try:
            return self.ev(node, frame) if self.focus else self.brief(node, frame)
        finally:
            self.deciding = False

    def brief(self, node: Node, frame: Frame) -> tuple[Alt, ...]:
        """Evaluate without asking what callers pass: enough for callees, classes of receivers and constants."""
        if self.light:
            return self.ev(node, frame)
        self.light = True
        try:
            return self.ev(node, frame)
        finally:
            self.light = False

    def ev(self, node: Node, frame: Frame) -> tuple[Alt, ...]:
        """All possibilities for a node in a frame."""
        if node.kind == "const":
            value = node.parts[0]
            return (Alt(NoneValue() if value is None else Const(value)),)
        frame = frame.about(node)
        key = (node.id, frame.key, self._mode, self.light, self.guessing, self.deciding)
        known = self._known(key)
        if known is not None:
            return known if self._steps <= self._limit else self._last_word(node, frame) or known
        return self._evaluated(key, lambda: self._refined(node, frame))

    def _refined(self, node: Node, frame: Frame) -> list[Alt]:
        alts = refine(self, self._followed(node, frame), node, frame)
        if self._cut & EXHAUSTED and (last := self._last_word(node, frame)):
            self._cut &= ~EXHAUSTED
            return list(last)
        return alts

    def _last_word(self, node: Node, frame: Frame) -> tuple[Alt, ...]:
        """What a cast says where the budget has run out: its dtype stands in the code, whatever is cast."""
        from contractlint.flow.invoke import fixed_cast

        if node.kind != "call" or self._spare:
            return ()
        limit, self._limit, self._spare = self._limit, self._steps + SPARE_STEPS, True
        try:
            return tuple(fixed_cast(self, node, frame, look=False))
        finally:
            self._limit, self._spare = limit, False

    def _followed(self, node: Node, frame: Frame) -> list[Alt]:
        handler = getattr(self, "_ev_" + node.kind, None)
        return list(handler(node, frame)) if handler else [Alt(Unknown("an expression that is not followed"))]

    def once(self, what: Hashable, compute: Computation) -> tuple[Alt, ...]:
        """Possibilities that do not depend on who asks, computed once under a name of their own."""
        key = (what, self._mode, self.light, self.guessing, self.deciding)
        known = self._known(key)
        return known if known is not None else self._evaluated(key, compute)

    def _known(self, key: Hashable) -> tuple[Alt, ...] | None:
        """What is known without evaluating anything: kept results, nothing for what is being evaluated, exhaustion."""
        known = self._memo.get(key)
        if known is not None:
            return known
        tentative = self._tentative.get(key)
        if tentative is not None and self._serves(tentative):
            # It lacks what was being evaluated when it was found, and so does all that is made of it.
            self._cut |= tentative.exhausted
            for other in tentative.asked:
                self._cut |= _bit(self._active[other])
            return tentative.alts
        active = self._active.get(key)
        if active is not None:
            self._cut |= _bit(active)
            return ()
        if self._depth > self._deepest:
            self._cut |= EXHAUSTED
            return (Alt(Unknown("the chain of calls is deeper than the analysis follows")),)
        self._steps += 1
        if self._steps > self._limit:
            self._cut |= EXHAUSTED
            return (OUT_OF_STEPS,)
        return None

    def _serves(self, tentative: Tentative) -> bool:
        if tentative.exhausted and (
            self._limit - self._steps > 4 * tentative.steps or self._deepest - self._depth > tentative.levels
        ):
            return False
        return all(other in self._active for other in tentative.asked)

    def _evaluated(self, key: Hashable, compute: Computation) -> tuple[Alt, ...]:
        outer, steps = self._cut, self._limit - self._steps
        self._cut = COMPLETE
        self._active[key] = self._depth
        self._depth += 1
        try:
            alts = compute()
        finally:
            self._depth -= 1
            del self._active[key]
        result, cut_off = distinct(alts, MAX_ALTERNATIVES)
        if cut_off:
            result = (*result, Alt(Unknown("more possibilities than the analysis keeps")))
        self._cut &= ~_bit(self._depth)
        if self._cut == COMPLETE:
            # Nothing that is still being evaluated further out was needed: the result is complete.
            self._memo[key] = result
        else:
            # Cut at something further out, which brings the rest itself, or by the budget.
            asked = tuple([other for other, depth in self._active.items() if self._cut & _bit(depth)])
            exhausted, levels = bool(self._cut & EXHAUSTED), self._deepest - self._depth
            self._tentative[key] = Tentative(result, exhausted, asked, steps, levels)
        self._cut |= outer
        return result

    def open(self, alts: Iterable[Alt]) -> bool:
        """Whether a test that asks stays open whatever else is found: one of the possibilities is not known."""
        return self.deciding and any(isinstance(alt.value, Unknown) for alt in alts)

    @property
    def circular(self) -> bool:
        """Whether what is being evaluated asked for something that is still being evaluated further out: nothing that it
        finds empty is then known to be so, and the outer evaluation brings the rest."""
        return self._cut > EXHAUSTED

    def shares(self, items: Iterable[T], out: list[Alt]) -> Iterator[T]:
        """Go through ways of a value, granting each its fair share of the steps that are left, so that none starves the rest.

        `out` gathers what they bring. It ends where that leaves a test open, and, saying so, where no steps are left.
        """
        limit, coming = self._limit, iter(items)
        waiting: deque[T] = deque()
        try:
            while not self.open(out):
                left = limit - self._steps
                # More ways than there are smallest shares need not be known: each gets one.
                waiting.extend(islice(coming, max(left // MIN_SHARE + 1 - len(waiting), not waiting)))
                if not waiting:
                    return
                if left < 0:
                    self._cut |= EXHAUSTED
                    out.append(OUT_OF_STEPS)
                    return
                self._limit = min(limit, self._steps + max(left // len(waiting), MIN_SHARE))
                yield waiting.popleft()
        finally:
            self._limit = limit

    @contextmanager
    def at_most(self, steps: int) -> Iterator[None]:
        """Bound what a part of a query may spend."""
        limit = self._limit
        self._limit = min(limit, self._steps + steps)
        try:
            yield
        finally:
            self._limit = limit

    # names

    def _ev_param(self, node: Node, frame: Frame) -> list[Alt]:
        from contractlint.flow.parameters import parameter

        return parameter(self, node, frame)

    def _ev_free(self, node: Node, frame: Frame) -> list[Alt]:
        name, fn = node.parts[0], frame.fn.parent
        while fn is not None:
            found = self.graph(fn).names.get(name)
            if found is not None:
                return list(self.ev(found, Frame.make(fn, receiver=frame.receiver)))
            fn = fn.parent
        return self.globals(node, name)

    def _ev_global(self, node: Node, frame: Frame) -> list[Alt]:
        return self.globals(node, node.parts[0])

    def globals(self, node: Node, name: str) -> list[Alt]:
        """A module-level name, or a builtin."""
        refs = self.project.resolve(node.fn.module, name)
        return self.references(refs) if refs else [Alt(Callable(External(f"builtins.{name}")))]

    def _ev_import(self, node: Node, frame: Frame) -> list[Alt]:
        module, attribute = node.parts
        return self.references(self.project.resolve_dotted(f"{module}.{attribute}" if attribute else module))

    def references(self, refs: list[Reference]) -> list[Alt]:
        """The values of resolved names."""
        out: list[Alt] = []
        for ref in refs:
            if isinstance(ref, Function):
                out.append(Alt(Callable(ref)))
            elif isinstance(ref, Class):
                out.append(Alt(ClassValue(ref)))
            elif isinstance(ref, Package):
                out.append(Alt(ModuleValue(ref.name)))
            elif isinstance(ref, External):
                out.append(Alt(external_value(ref.name)))
            elif isinstance(ref, ModuleLevel):
                out.extend(self.module_value(ref))
        return out or [Alt(Unknown("a name that is not found"))]

    def module_value(self, ref: ModuleLevel) -> list[Alt]:
        """A module-level variable: what the module's body leaves it at."""
        body = Function(ref.module, 0)
        for name, bindings in ref.module.bindings.items():
            if any(b.value is ref.expr for b in bindings):
                node = self.graph(body).names.get(name)
                if node is not None:
                    return list(self.ev(node, Frame.make(body)))
        return [Alt(Unknown("a module-level name that is deleted"))]

    def _ev_def(self, node: Node, frame: Frame) -> list[Alt]:
        return [Alt(Callable(Function(node.fn.module, node.parts[0]), frame.receiver))]

    def _ev_class(self, node: Node, frame: Frame) -> list[Alt]:
        return [Alt(ClassValue(Class(node.fn.module, node.parts[0])))]

    # functions

    def result(self, fn: Function, bound: dict[str, Any], receiver: Class | None = None, depth: int = 1) -> list[Alt]:
        """What a function returns for given arguments; `bound` maps names to `(node, frame)` or to alternatives."""
        graph = self.graph(fn)
        if graph.yields:
            return [Alt(Unknown(f"`{fn.qualname}` is a generator"))]
        frame = Frame.make(fn, (), bound, receiver, depth)
        out: list[Alt] = []
        for record in graph.returns:
            if contradicts(self, record.facts, frame):
                continue
            texts = tuple(condition_text(fact) for fact in record.facts)
            for alt in self.ev(record.value, frame.given(record.facts)):
                out.append(alt.given(texts))
            if self.open(out):
                break
        return out  # nothing where the function only raises

    def expression(self, fn: Function, expr: Expr) -> list[Alt]:
        """The value of a default or class-level expression, evaluated at module level."""
        if expr[0] == "const":
            return [Alt(NoneValue() if expr[2] is None else Const(expr[2]))]
        body = Function(fn.module, 0)
        return list(self.ev(expression_node(body, expr), Frame.make(body)))

    def is_external(self, dotted: str) -> bool:
        """Whether a dotted name lies outside the project."""
        return not self.project.has_package(dotted.partition(".")[0])

    # structure

    def _ev_missing(self, node: Node, frame: Frame) -> list[Alt]:
        return []

    def _ev_phi(self, node: Node, frame: Frame) -> list[Alt]:
        out: list[Alt] = []
        for facts, alternative in node.parts[0]:
            if contradicts(self, facts, frame):
                continue
            texts = tuple(condition_text(fact) for fact in facts)
            out.extend(alt.given(texts) for alt in self.ev(alternative, frame.given(facts)))
            if self.open(out):
                break
        return out

    def _ev_tuple(self, node: Node, frame: Frame) -> list[Alt]:
        return [Alt(Sequence_(tuple((e, frame) for e in node.parts[0]), node.kind))]

    _ev_list = _ev_tuple
    _ev_set = _ev_tuple

    def _ev_dict(self, node: Node, frame: Frame) -> list[Alt]:
        return [Alt(Mapping_(node, frame))]

    def _ev_update(self, node: Node, frame: Frame) -> list[Alt]:
        base, key = node.parts[0], node.parts[1]
        if key is None or (key.kind == "const" and isinstance(key.parts[0], str)):
            return [Alt(Mapping_(node, frame))]
        # `x[0] = y`: a tensor stays what it is.
        alts = self.ev(base, frame)
        kept = [alt for alt in alts if isinstance(alt.value, Tensor | Unknown)]
        return kept if len(kept) == len(alts) else [*kept, Alt(Mapping_(node, frame))]

    def _ev_element(self, node: Node, frame: Frame) -> list[Alt]:
        out: list[Alt] = []
        for alt in self.ev(node.parts[0], frame):
            out.extend(self.items(alt, "an element of a loop over it"))
        return out

    def items(self, alt: Alt, what: str) -> list[Alt]:
        """All elements of a container."""
        value = alt.value
        if isinstance(value, Sequence_):
            return [a.out_of(alt) for item, frame in value.items for a in self.ev(item, frame)]
        if isinstance(value, Values):
            return [a.out_of(alt) for item in value.items for a in item]
        if isinstance(value, Tensor):
            return [alt]
        if isinstance(value, NoneValue):
            return []
        return [Alt(Unknown(f"{what} is not followed"), alt.path)]

    def _ev_sub(self, node: Node, frame: Frame) -> list[Alt]:
        base, index = node.parts
        out: list[Alt] = []
        position = index.parts[0] if index.kind == "const" else None
        for alt in self.ev(base, frame):
            value = alt.value
            if isinstance(value, Tensor):
                out.append(alt)
            elif isinstance(value, Values) and value.open:
                out.extend(a.out_of(alt) for a in value.items[0])
            elif isinstance(value, Sequence_) and isinstance(position, int):
                if -len(value.items) <= position < len(value.items):
                    out.extend(a.out_of(alt) for a in self.ev(*value.items[position]))
            elif isinstance(value, Values) and isinstance(position, int):
                if -len(value.items) <= position < len(value.items):
                    out.extend(a.out_of(alt) for a in value.items[position])
            elif isinstance(value, Mapping_):
                from contractlint.flow.mappings import lookup

                out.extend(lookup(self, value, index, frame))
            elif not isinstance(value, NoneValue):
                out.extend(self.items(alt, "an element of it") if not isinstance(value, Unknown) else [alt])
        return out

    def _ev_context(self, node: Node, frame: Frame) -> list[Alt]:
        alts = self.ev(node.parts[0], frame)
        return [a if isinstance(a.value, Instance) else Alt(Unknown("what a context manager gives")) for a in alts]

    def _ev_star(self, node: Node, frame: Frame) -> list[Alt]:
        return list(self.ev(node.parts[0], frame))

    def _ev_unknown(self, node: Node, frame: Frame) -> list[Alt]:
        return [Alt(Unknown(node.parts[0]))]

    def _ev_member(self, node: Node, frame: Frame) -> list[Alt]:
        return [Alt(Member("", node.parts[0]))]

    def _ev_fstring(self, node: Node, frame: Frame) -> list[Alt]:
        return [Alt(Unknown("a formatted string"))]

    def _ev_comp(self, node: Node, frame: Frame) -> list[Alt]:
        kind, elements = node.parts
        if kind == "dict" or len(elements) != 1:
            return [Alt(Unknown("a comprehension"))]
        # A list of which every element is like the one that is written down.
        found = self.ev(elements[0], frame)
        return [alt.holding(Values(((alt,),), open=True)) for alt in found if _is_part(alt.value)] + [
            Alt(Unknown("a comprehension"), alt.path) for alt in found if not _is_part(alt.value)
        ]

    def _ev_lambda(self, node: Node, frame: Frame) -> list[Alt]:
        return [Alt(Unknown("a lambda"))]

    # operators and calls

    def _ev_attr(self, node: Node, frame: Frame) -> list[Alt]:
        return self.attributes.read(node, frame)

    def _ev_call(self, node: Node, frame: Frame) -> list[Alt]:
        from contractlint.flow.invoke import call

        return call(self, node, frame)

    def _ev_bool(self, node: Node, frame: Frame) -> list[Alt]:
        from contractlint.flow.conditions import truth

        operator, values = node.parts
        out: list[Alt] = []
        for i, value in enumerate(values):
            last = i == len(values) - 1
            for alt in self.ev(value, frame):
                known = truth(alt.value)
                if last or known is None or known == (operator == "or"):
                    out.append(alt)
        return out

    def _ev_un(self, node: Node, frame: Frame) -> list[Alt]:
        from contractlint.flow.operators import unary

        return unary(self, node, frame)

    def _ev_bin(self, node: Node, frame: Frame) -> list[Alt]:
        from contractlint.flow.operators import binary

        return binary(self, node, frame)

    def _ev_aug(self, node: Node, frame: Frame) -> list[Alt]:
        from contractlint.flow.operators import augmented

        return augmented(self, node, frame)

    def _ev_cmp(self, node: Node, frame: Frame) -> list[Alt]:
        from contractlint.flow.operators import comparison

        return comparison(self, node, frame)


def _bit(depth: int) -> int:
    """What is being evaluated at a depth, as a bit of what a result lacks."""
    return 2 << depth


def _is_part(value: Value) -> bool:
    """Whether a list of such values says something: tensors, and what is known of each."""
    return isinstance(value, Tensor | Values)


def external_value(name: str) -> Value:
    """Something imported from outside, as a value: torch dtypes are known, the rest is a callable by name."""
    from contractlint.flow.torch_model import dtype_object

    known = dtype_object(name)
    return known if known is not None else Callable(External(name))


def condition_text(fact: Fact) -> str:
    """A fact as shown in a path; an exception handler shows as itself."""
    node, _ = fact
    if node.kind == "cmp" and not node.parts[1]:
        return str(node.parts[0].parts[0])
    return render_fact(fact)
