"""Abstract values: what an expression can denote, and the path by which each possibility got there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from contractlint.index.project import Class
from contractlint.model.finding import Step

if TYPE_CHECKING:
    from contractlint.flow.frames import Frame
    from contractlint.flow.nodes import Node
    from contractlint.index.project import External, Function

MAX_MADE = 6
"""So many objects of the project's classes are told apart in one place; more stand for any object of their class."""

DEFAULT = "default"
"""The dtype of a tensor made without one: torch's default dtype at that moment, which engines set to the model's dtype."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor. `dtype` is a torch name, `default`, or empty when unknown; then `reason` says why.

    `same_as` identifies the value whose dtype this one shares when that dtype is unknown (`x.to(y.dtype)`). `fill` says what
    its memory holds where it was allocated and nothing has computed it since: `zero`, `uninitialised` or `other`; `whole` that
    it is what was allocated, and neither a part nor another view of it.
    """

    dtype: str = ""
    reason: str = ""
    same_as: int = -1
    fill: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class NoneValue:
    """The value None; `until` names the method that puts a value in its place on first use, where it was read before that."""

    until: str = ""


@dataclass(frozen=True, slots=True)
class Const:
    """A Python constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an enumeration; `value` is its literal where the project defines it."""

    enum: str
    name: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Dtype:
    """A torch dtype object: a name, `default`, or unknown (empty), possibly that of a known value."""

    name: str
    same_as: int = -1
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """The call that made an object; two are the same when their nodes and frames are."""

    node: Node = field(compare=False)
    frame: Frame = field(compare=False)
    key: tuple[int, int]

    @classmethod
    def by(cls, node: Node, frame: Frame) -> Made:
        """The construction by a call, in a frame with only what bears on it."""
        about = frame.about(node)
        return cls(node, about, (node.id, about.key))


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of a class; of one of its subclasses where `exact` is False."""

    cls: Class | External
    exact: bool = False
    made: Made | None = None  # the call that made it, where one is known


@dataclass(frozen=True, slots=True)
class Callable:
    """A function, bound to the class of its receiver when it is a method."""

    target: Function | External
    receiver: Class | None = None
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Partial:
    """A callable with leading arguments and keywords already given."""

    target: Value
    args: tuple[tuple[Node, Frame], ...]
    keywords: tuple[tuple[str, Node, Frame], ...]


@dataclass(frozen=True, slots=True)
class ClassValue:
    """A class object."""

    cls: Class | External


@dataclass(frozen=True, slots=True)
class ModuleValue:
    """A module or package, of the project or not."""

    name: str


@dataclass(frozen=True, slots=True)
class Sequence_:
    """A tuple or list whose elements are known expressions."""

    items: tuple[tuple[Node, Frame], ...]
    kind: str = "tuple"


@dataclass(frozen=True, slots=True)
class Values:
    """A tuple or list whose elements are known values (the result of a torch function that returns several)."""

    items: tuple[tuple[Alt, ...], ...]
    open: bool = False  # of unknown length, every element like the one item


@dataclass(frozen=True, slots=True)
class Mapping_:
    """A dictionary made in the code; `node` is a dict, update or call of `dict`."""

    node: Node
    frame: Frame


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be followed, and why; `cls` is a class of which a test says that it is an instance."""

    reason: str
    cls: Class | None = None


Value = (
    Tensor | NoneValue | Const | Member | Dtype | Instance | Callable | Partial | ClassValue | ModuleValue | Sequence_
    | Values | Mapping_ | Unknown
)  # fmt: skip


class Path(NamedTuple):
    """The steps of a value, newest last, as a linked list that is cheap to extend."""

    step: Step
    before: Path | None
    origin: Step

    def steps(self) -> tuple[Step, ...]:
        out: list[Step] = []
        current: Path | None = self
        while current is not None:
            out.append(current.step)
            current = current.before
        return tuple(reversed(out))


# An attribute that an object stored on itself, and one that other code stored on it.
OWN, HANDED = 1, 2


class Alt(NamedTuple):
    """One possibility for a value.

    `pending` are conditions met since the last step; the next step carries them. `trail` names the (file, scope) pairs the
    value passed through, for judging other arguments along the same way. `guess` is set when the value was joined only
    because names agree.
    """

    value: Value
    path: Path | None = None
    pending: tuple[str, ...] = ()
    trail: frozenset[tuple[str, str]] = frozenset()
    guess: bool = False
    kept: int = 0  # it lay in an attribute on its way, where other objects of the class keep theirs: OWN or HANDED

    def at(self, file: str, line: int, what: str) -> Alt:
        """This possibility after one more step."""
        step = Step(file, line, what, self.pending)
        path = Path(step, self.path, step if self.path is None else self.path.origin)
        return Alt(self.value, path, (), self.trail, self.guess, self.kept)

    def given(self, conditions: tuple[str, ...]) -> Alt:
        """This possibility, under more conditions."""
        new = tuple(c for c in conditions if c not in self.pending)
        if not new:
            return self
        return Alt(self.value, self.path, (*self.pending, *new), self.trail, self.guess, self.kept)

    def through(self, file: str, scope: str) -> Alt:
        """This possibility, having passed through a function or class."""
        if (file, scope) in self.trail:
            return self
        return Alt(self.value, self.path, self.pending, self.trail | {(file, scope)}, self.guess, self.kept)

    def holding(self, value: Value) -> Alt:
        """Another value with the same history."""
        return Alt(value, self.path, self.pending, self.trail, self.guess, self.kept)

    def guessed(self) -> Alt:
        """This possibility, as one that was joined by name alone."""
        return self if self.guess else Alt(self.value, self.path, self.pending, self.trail, True, self.kept)

    def out_of_an_attribute(self, guess: bool, stored: int) -> Alt:
        """This possibility, having lain in an attribute (OWN or HANDED); a guess only where `guess` says so."""
        return Alt(self.value, self.path, self.pending, self.trail, guess, max(self.kept, stored))

    def out_of(self, container: Alt) -> Alt:
        """This possibility, as a part of a container that came under conditions and by a way of its own."""
        if not (container.pending or container.trail or container.guess or container.kept):
            return self
        return Alt(
            self.value,
            self.path,
            (*self.pending, *(c for c in container.pending if c not in self.pending)),
            self.trail | container.trail,
            self.guess or container.guess,
            self.kept or container.kept,
        )

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.path.steps() if self.path is not None else ()


def guessed(alts: Iterable[Alt]) -> list[Alt]:
    """The same possibilities, marked as not established."""
    return [alt.guessed() for alt in alts]


def distinct(alts: list[Alt], limit: int) -> tuple[tuple[Alt, ...], bool]:
    """One alternative for each value and origin, in order; and whether any were cut off by the limit."""
    if len(alts) < 2:
        return tuple(alts), False
    seen: dict[Any, Alt] = {}
    for alt in alts:
        origin = alt.path.origin if alt.path is not None else None
        key: Any
        try:
            key = (alt.value, origin)
            known = seen.get(key)
        except TypeError:
            key = (id(alt.value), origin)
            known = seen.get(key)
        if known is None or (known.guess and not alt.guess):
            seen[key] = alt
    result = tuple(seen.values())
    if len(result) > MAX_MADE:
        merged = [_merged(alt) for alt in result]
        if sum(old is not new for old, new in zip(result, merged, strict=True)) > MAX_MADE:
            return distinct(merged, limit)
    return result[:limit], len(result) > limit


def _merged(alt: Alt) -> Alt:
    """The same possibility, where it is an object of the project's as any object of its class."""
    value = alt.value
    if isinstance(value, Instance) and value.made is not None and isinstance(value.cls, Class):
        return alt.holding(replace(value, made=None))
    return alt
