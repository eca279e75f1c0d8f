"""A call that reaches a function, and what it passes for one of its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contractlint.flow.binding import Bound
from contractlint.flow.nodes import CallRecord, Facts, Node
from contractlint.flow.values import Alt
from contractlint.index.project import Class, Function

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow


@dataclass(frozen=True, slots=True)
class Caller:
    """One call that can reach a function. `skip` leading parameters are bound by the call itself (`self`)."""

    fn: Function
    record: CallRecord
    skip: int
    guess: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """What one caller passes for one parameter: a node, or nothing, or a reason why it cannot be told."""

    fn: Function
    line: int
    facts: Facts
    node: Node | None
    missing: bool = False
    reason: str = ""
    guess: bool = False
    receiver: Class | None = None
    bound: Bound | None = None
    name: str = ""

    def values(self, flow: Flow) -> tuple[Alt, ...]:
        """The possibilities for the argument, in the caller's frame."""
        from contractlint.flow.frames import Frame

        frame = Frame.make(self.fn, self.facts, receiver=self.receiver)
        if self.node is not None:
            return flow.guess(self.node, frame) if self.guess else flow.ev(self.node, frame)
        assert self.bound is not None
        return self.bound.from_splats(flow, self.name, frame)
