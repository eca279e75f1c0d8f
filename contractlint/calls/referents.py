"""What an expression can be, as far as it matters for who is called. No tensors, no numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contractlint.flow.nodes import Node
from contractlint.index.project import Class, Function


@dataclass(frozen=True, slots=True)
class Lib:
    """Something of the library by its dotted name: a module, a function, a class, a method."""

    name: str


@dataclass(frozen=True, slots=True)
class Obj:
    """An instance of a class of the library."""

    cls: str


@dataclass(frozen=True, slots=True)
class Ext:
    """Something from elsewhere by its dotted name (`functools.partial`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Mod:
    """A module or package of the project."""

    name: str


@dataclass(frozen=True, slots=True)
class Fn:
    """A function of the project; `receiver` is the class of the instance that it is bound to."""

    fn: Function
    receiver: Class | None = None
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Cls:
    """A class of the project."""

    cls: Class


@dataclass(frozen=True, slots=True)
class Inst:
    """An instance of a class of the project, or of one below it."""

    cls: Class


@dataclass(frozen=True, slots=True)
class Super:
    """`super()` in a method of a class."""

    cls: Class


@dataclass(frozen=True, slots=True)
class Bind:
    """A partial: the callable, and the call of `partial` with the function that it stands in."""

    target: Lib | Fn
    call: Node
    fn: Function


@dataclass(frozen=True, slots=True)
class Text:
    """A string constant."""

    text: str


@dataclass(frozen=True, slots=True)
class Box:
    """A container: what lies under known keys or positions, and what lies anywhere in it."""

    items: tuple[tuple[object, frozenset[Referent]], ...]
    rest: frozenset[Referent]

    def at(self, key: object) -> frozenset[Referent]:
        """What lies under a key; everything, where the key is not known."""
        for known, values in self.items:
            if known == key and type(known) is type(key):
                return values | self.rest
        return self.rest if self.items and key is not ... else self.all()

    def all(self) -> frozenset[Referent]:
        return self.rest.union(*(values for _, values in self.items))


Referent = Lib | Obj | Ext | Mod | Fn | Cls | Inst | Super | Bind | Text | Box
Referents = frozenset[Referent]
NOTHING: Referents = frozenset()


def carries(values: Iterable[Referent]) -> bool:
    """Whether something of the library is among the values, or in a container among them."""
    return any(isinstance(v, Lib | Obj | Bind) or (isinstance(v, Box) and carries(v.all())) for v in values)


def carried(values: Iterable[Referent]) -> Referents:
    """What of the values is of the library."""
    return frozenset(v for v in values if carries((v,)))
