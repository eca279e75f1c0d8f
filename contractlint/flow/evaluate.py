"""The evaluator: walks value graphs backwards, across functions, and returns every possibility it finds.

It never claims more than it followed: whatever runs out (depth, steps, alternatives) becomes an `Unknown` with its reason.
"""

from __future__ import annotations

from collections.abc import Callable as Callable_
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from contractlint.flow.answers import EXHAUSTED, Answers
from contractlint.flow.conditions import contradicts, refine
from contractlint.flow.expressions import expression_node
from contractlint.flow.frames import Frame
from contractlint.flow.graph import build_graph
from contractlint.flow.nodes import Fact, Graph, Node, render_fact
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
)
from contractlint.index.ir import Expr
from contractlint.index.project import Class, External, Function, Package, Project, Reference
from contractlint.index.project import Value as ModuleLevel

if TYPE_CHECKING:
    from contractlint.flow.attributes import Attributes
    from contractlint.flow.callers import Callers

SPARE_STEPS = 16


class Flow(Answers):
    """One analysis of a project. Not safe for use by several threads."""

    def __init__(
        self,
        project: Project,
        enums: frozenset[str] = frozenset(),
        results: Callable_[[str], tuple[str, ...]] = lambda name: (),
    ) -> None:
        from contractlint.flow.attributes import Attributes
        from contractlint.flow.callers import Callers

        super().__init__()
        self.project = project
        self.enums = enums  # names of enumerations that libraries define
        self.results = results  # the dtypes that functions of libraries return
        self.attributes: Attributes = Attributes(self)
        self.callers: Callers = Callers(self)
        self.tests_count = False
        self._graphs: dict[Function, Graph] = {}
        self._spare = False

    def afresh(self) -> Flow:
        """The same analysis, of which nothing has been asked yet: by what is known already, budgets run out sooner or later."""
        other = Flow(self.project, self.enums, self.results)
        other._graphs = self._graphs
        return other

    # graphs

    def graph(self, fn: Function) -> Graph:
        """The value graph of a function, built once."""
        if fn not in self._graphs:
            self._graphs[fn] = build_graph(fn)
        return self._graphs[fn]

    def usable(self, fn: Function) -> bool:
        """Whether a function may serve as the source of a value: tests do not speak for package code."""
        return self.tests_count or not fn.module.is_test

    # evaluation

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
                out.append(alt.holding(replace(value, whole=False)) if value.whole else alt)
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
