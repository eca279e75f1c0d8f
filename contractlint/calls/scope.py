"""Where a node is evaluated."""

from __future__ import annotations

from dataclasses import dataclass

from contractlint.flow.nodes import Node
from contractlint.index.project import Class, Function


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
