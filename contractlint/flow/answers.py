"""The answers of the evaluator: what is known, what is being evaluated, and what may still be spent on it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from contractlint.flow.nodes import intern_key
from contractlint.flow.values import Alt, Unknown, distinct

if TYPE_CHECKING:
    from contractlint.flow.frames import Frame
    from contractlint.flow.nodes import Node

T = TypeVar("T")
Computation = Callable[[], list[Alt]]

COMPLETE, EXHAUSTED = 0, 1  # what a result lacks: nothing, what the budget did not allow; higher bits as in `_bit`
MAX_DEPTH = 90
MAX_STEPS = 6_000
CALLEE_STEPS = 1_000
GUESS_STEPS = 500
MIN_SHARE = 100
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


class Answers:
    """What one analysis has found, each possibility once, under the setting of the query at hand."""

    def __init__(self) -> None:
        self.focus: frozenset[tuple[str, str]] = frozenset()
        self.assume: tuple[Assumption, ...] = ()
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
        self._limit = MAX_STEPS
        self._deepest = MAX_DEPTH

    # queries

    def ev(self, node: Node, frame: Frame) -> tuple[Alt, ...]:
        """All possibilities for a node in a frame."""
        raise NotImplementedError

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

    # what is kept

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


def _bit(depth: int) -> int:
    """What is being evaluated at a depth, as a bit of what a result lacks."""
    return 2 << depth
