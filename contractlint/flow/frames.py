"""Frames: where a node is evaluated, under which facts, and with what its function's parameters stand for."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from contractlint.flow.nodes import Facts, Node, intern_key, mentions, parameter_bit, speaks_of

if TYPE_CHECKING:
    from contractlint.flow.values import Alt
    from contractlint.index.project import Class, Function

MAX_FORKS = 5

Bindings = dict[str, "tuple[Node, Frame] | tuple[Alt, ...]"]


class Frame:
    """Where a node is evaluated: its function, the facts that hold there, and what its parameters are bound to.

    Without `bound`, a parameter stands for whatever its callers pass. `receiver` is the class of `self` when it is known.
    Two frames with the same `key` give the same values.
    """

    __slots__ = ("_about", "_bare", "_bits", "_given", "bound", "depth", "facts", "fn", "forks", "key", "receiver")

    def __init__(
        self, fn: Function, facts: Facts, bound: Bindings | None, receiver: Class | None, depth: int, forks: int
    ) -> None:
        self.fn, self.facts, self.bound, self.receiver = fn, facts, bound, receiver
        self.depth, self.forks = depth, forks
        shown = tuple([(test.id, holds) for test, holds in facts])
        links: Hashable = None
        if bound is not None:
            links = tuple(
                [
                    (name, (b[0].id, b[1].key) if len(b) == 2 and isinstance(b[1], Frame) else b)
                    for name, b in sorted(bound.items())
                ]
            )
        self.key: int = intern_key(("frame", fn, shown, links, receiver))
        self._bare: Frame | None = None
        # None stands for this frame: it must not refer to itself, since no garbage is collected.
        self._about: dict[int, Frame | None] | None = None
        self._given: dict[int, tuple[Facts, Frame | None]] | None = None
        self._bits: tuple[tuple[str, int], ...] | None = None

    @staticmethod
    def make(
        fn: Function,
        facts: Facts = (),
        bound: Bindings | None = None,
        receiver: Class | None = None,
        depth: int = 0,
        forks: int = 0,
    ) -> Frame:
        """A frame of a function."""
        return Frame(fn, facts, bound, receiver, depth, forks)

    def bare(self) -> Frame:
        """The same frame without facts: what a test compares is looked up apart from the branch that asks."""
        if not self.facts:
            return self
        if self._bare is None:
            self._bare = Frame(self.fn, (), self.bound, self.receiver, self.depth, 0)
        return self._bare

    def given(self, facts: Facts) -> Frame:
        """The same frame under more facts.

        A name assigned under one guard after another has two histories for each guard; only so many are kept apart.
        """
        if not facts or self.forks >= MAX_FORKS:
            return self
        if self._given is None:
            self._given = {}
        made = self._given.get(id(facts))
        if made is None:
            known = {(test.id, holds) for test, holds in self.facts}
            new = tuple([f for f in facts if (f[0].id, f[1]) not in known])
            frame = (
                Frame(self.fn, self.facts + new, self.bound, self.receiver, self.depth, self.forks + 1) if new else None
            )
            made = self._given[id(facts)] = facts, frame
        return made[1] or self

    def about(self, node: Node) -> Frame:
        """This frame with only what can bear on a node: facts that speak of a part of it, bindings that it uses.

        So a value is computed once for all the branches and calls that say nothing about it.
        """
        if (not self.facts and not self.bound) or node.fn is not self.fn:
            return self
        mask = mentions(node)
        if self._about is None:
            self._about = {}
        if mask not in self._about:
            self._about[mask] = self._narrowed(mask)
        return self._about[mask] or self

    def _narrowed(self, mask: int) -> Frame | None:
        if mask & 1:
            return None  # parts of another function
        facts = tuple([f for f in self.facts if f[0].fn is not self.fn or speaks_of(f[0]) & mask])
        for test, _ in facts:
            mask |= mentions(test)
        bound = self.bound
        if bound and not mask & 1:
            if self._bits is None:
                self._bits = tuple([(name, parameter_bit(self.fn, name)) for name in bound])
            kept = [name for name, bit in self._bits if bit & mask]
            bound = {name: bound[name] for name in kept} if len(kept) < len(bound) else bound
        if len(facts) == len(self.facts) and bound is self.bound:
            return None
        return Frame(self.fn, facts, bound, self.receiver, self.depth, self.forks)
