"""A call site bound against the signature of one release."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from contractlint.calls.sites import CallSite
from contractlint.flow.answers import MAX_STEPS, Assumption
from contractlint.flow.binding import Bound, bind, missing
from contractlint.flow.evaluate import Flow
from contractlint.flow.frames import Frame
from contractlint.flow.nodes import Fact, Node
from contractlint.flow.values import Alt
from contractlint.model.contract import Parameter, Signature

if TYPE_CHECKING:
    from contractlint.catalog import ReleaseView

T = TypeVar("T")

_KINDS = {
    "positional": "pos",
    "positional_only": "posonly",
    "keyword": "kwonly",
    "var_positional": "vararg",
    "var_keyword": "kwarg",
}


class Formal(NamedTuple):
    """A parameter of a library signature, as binding wants it."""

    name: str
    kind: str


@dataclass(eq=False)
class JudgedSite:
    """One call site and one release. `signature` is None when the release does not have the entry point."""

    flow: Flow
    site: CallSite
    view: ReleaseView
    signature: Signature | None
    _answers: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @property
    def release(self) -> str:
        return self.view.release

    @property
    def short_name(self) -> str:
        return self.site.entry_point.rpartition(".")[2]

    @cached_property
    def family(self) -> str:
        """The word that kernels of one kind share, empty where the contract has none."""
        entry = self.view.entry_points.get(self.site.entry_point)
        return entry.family if entry is not None else ""

    @cached_property
    def bound(self) -> Bound:
        """The call's arguments under the release's signature."""
        assert self.signature is not None
        formals = [Formal(p.name, _KINDS.get(p.kind, "pos")) for p in self.signature.parameters]
        return bind(self.flow, self.call, formals, facts=self.site.facts)

    @cached_property
    def call(self) -> Node:
        """The call with what a partial brings along; its nodes keep their meaning only within the same function."""
        call, partial = self.site.record.node, self.site.partial
        if partial is None:
            return call
        args = (*(node for node, _ in partial.args), *call.parts[1])
        keywords = (*((name, node) for name, node, _ in partial.keywords), *call.parts[2])
        return Node("call", call.fn, call.line, call.parts[0], args, keywords)

    @cached_property
    def is_certain(self) -> bool:
        """Whether the call is of this entry point: where it can be another one too, it is of one that it fits."""
        for rival in self.site.rivals:
            signature = self.view.signature(rival)
            if signature is not None:
                other = replace(self.site, entry_point=rival, rivals=())
                judged = JudgedSite(self.flow, other, self.view, signature)
                if not judged.bound.error and not judged.missing():
                    return False
        return True

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return self.signature.parameters if self.signature is not None else ()

    def missing(self) -> list[str]:
        """Required parameters that the call certainly leaves out."""
        if self.site.incomplete:
            return []
        return missing(self.bound, [p.name for p in self.parameters if p.required])

    def frame(self, *facts: tuple[Node, bool]) -> Frame:
        """The frame of the call, under more facts."""
        return Frame.make(self.site.fn, self.site.record.facts + self.site.facts + facts)

    def argument(self, name: str) -> Node | None:
        """What is passed for a parameter: the argument, the default's value when nothing is, None when it cannot be told."""
        node = self.bound.arguments.get(name)
        if node is not None:
            return node
        if self.bound.splats or self.bound.stars:
            return None
        return self.default(name)

    def values(
        self,
        name: str,
        facts: tuple[Fact, ...] = (),
        focus: frozenset[tuple[str, str]] = frozenset(),
        steps: int = MAX_STEPS,
        assume: tuple[Assumption, ...] = (),
    ) -> tuple[Alt, ...]:
        """The possibilities for a parameter, out of `*` and `**` arguments too."""
        asked = (name, tuple([(test.id, holds) for test, holds in facts]), focus, steps, assume)
        return self.once(asked, lambda: self._values(name, facts, focus, steps, assume))

    def once(self, what: Hashable, compute: Callable[[], T]) -> T:
        """An answer about this call, worked out once."""
        if what not in self._answers:
            self._answers[what] = compute()
        found: T = self._answers[what]
        return found

    def _values(
        self,
        name: str,
        facts: tuple[Fact, ...],
        focus: frozenset[tuple[str, str]],
        steps: int,
        assume: tuple[Assumption, ...],
    ) -> tuple[Alt, ...]:
        node, frame = self.argument(name), self.frame(*facts)
        if node is not None:
            return self.flow.query(node, frame, focus, steps, assume)
        with self.flow.asking(focus, steps, assume):
            return self.bound.from_splats(self.flow, name, frame)

    def default(self, name: str) -> Node | None:
        """The default of a parameter, when it is a constant or a member of one of the library's enumerations."""
        parameter = next((p for p in self.parameters if p.name == name), None)
        if parameter is None or parameter.default is None:
            return None
        fn, line = self.site.fn, self.site.line
        enum, _, member = parameter.default.removesuffix(".value").partition(".")
        if member in self.view.enums.get(enum, {}):
            return Node("member", fn, line, member)
        try:
            return Node("const", fn, line, ast.literal_eval(parameter.default))
        except (ValueError, SyntaxError):
            return None

    def passed(self, name: str) -> bool:
        """Whether the call itself gives the parameter, at least sometimes."""
        return name in self.bound.arguments
