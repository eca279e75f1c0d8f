"""The memory behind a value: the call that allocates it, how large it is, and what else uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from contractlint.flow.frames import Frame
from contractlint.flow.nodes import Node
from contractlint.flow.references import last_name
from contractlint.flow.values import Alt, Const, Tensor
from contractlint.index.project import Class, Function
from contractlint.judge.conditions import Holds, outcome
from contractlint.judge.site import JudgedSite
from contractlint.model.contract import SCRATCH, Aspect
from contractlint.model.dtypes import DTYPES

STEPS = 2_000
# Functions and methods that allocate, whose first arguments are sizes; those that fill take one more.
FILLING = frozenset(("full", "new_full"))
SIZED = FILLING | {"empty", "zeros", "ones", "new_empty", "new_zeros", "new_ones"}


@dataclass(frozen=True, slots=True)
class Sharing:
    """A call that gets the same memory and writes all over it: its parameter, and the ways of the memory to both calls."""

    site: JudgedSite
    parameter: str
    here: Alt
    there: Alt


def allocator(site: JudgedSite, alt: Alt) -> Function | None:
    """The function in which a possibility begins."""
    if alt.path is None:
        return None
    origin = alt.path.origin
    module = site.flow.project.module_of_file(origin.file)
    return Function(module, module.ir.function_around(origin.line)) if module is not None else None


def size_of(site: JudgedSite, alt: Alt) -> int | None:
    """The bytes that a tensor has, where the call that allocates it says so in numbers."""
    fn = allocator(site, alt)
    if fn is None or alt.path is None or not isinstance(alt.value, Tensor) or not alt.value.whole:
        return None
    calls = [
        record.node
        for record in site.flow.graph(fn).calls
        if record.line == alt.path.origin.line and last_name(record.node.parts[0]) in SIZED
    ]
    info = DTYPES.get(alt.value.dtype)
    sizes = _sizes(site, calls[0], fn) if len(calls) == 1 else None
    return prod(sizes) * info.bits // 8 if sizes and info is not None else None


def _sizes(site: JudgedSite, call: Node, fn: Function) -> list[int] | None:
    """The size of each dimension that a call asks for: `torch.empty(8, 128)`, `torch.empty((8, 128))`, `size=…`."""
    function, args, keywords = call.parts
    given = list(args[:1] if last_name(function) in FILLING else args) or [
        value for name, value in keywords if name == "size"
    ]
    if len(given) == 1 and given[0].kind in ("tuple", "list"):
        given = list(given[0].parts[0])
    sizes: list[int] = []
    for node in given:
        alts = site.flow.query(node, Frame.make(fn), steps=STEPS)
        value = alts[0].value if len(alts) == 1 else None
        if not isinstance(value, Const) or not isinstance(value.value, int):
            return None
        sizes.append(value.value)
    return sizes


def sharings(site: JudgedSite, parameter: str, sites: Sequence[JudgedSite]) -> Iterator[Sharing]:
    """The calls that write all over memory which this one needs zero whenever it begins."""
    clauses = site.view.clauses(site.site.entry_point, parameter, Aspect.ALLOCATION)
    needs = [c for c in clauses if c.asks_of_memory and outcome(site, c.when).holds is not Holds.NO]
    if not needs or site.site.elsewhere:
        return
    here = [alt for alt in site.values(parameter, steps=STEPS) if _is_zeroed(alt)]
    for other in sites if here else ():
        for theirs in _scratched(other):
            for alt in other.values(theirs, steps=STEPS):
                mine = next((each for each in here if _is_zeroed(alt) and _same(site, each, other, alt)), None)
                if mine is not None:
                    yield Sharing(other, theirs, mine, alt)
                    break


def _is_zeroed(alt: Alt) -> bool:
    return isinstance(alt.value, Tensor) and alt.value.fill == "zero" and alt.path is not None and not alt.guess


def _scratched(site: JudgedSite) -> tuple[str, ...]:
    """The parameters of a call whose memory it writes all over."""
    if site.signature is None or site.site.reason or site.site.elsewhere:
        return ()
    found = site.view.clauses(site.site.entry_point, aspect=Aspect.ALLOCATION)
    return tuple(c.parameter for c in found if c.allocation == SCRATCH and outcome(site, c.when).holds is not Holds.NO)


def _same(site: JudgedSite, one: Alt, other_site: JudgedSite, other: Alt) -> bool:
    """Whether two ways bring the same memory, and not what the same line allocates for each of them.

    It is allocated in the body of a module, or in the function that makes both calls, or kept in one attribute of objects that
    can make both; the function that puts it there may make one of them.
    """
    fn = allocator(site, one)
    if fn is None or one.steps[0] != other.steps[0]:
        return False
    made_here = site.site.fn == fn, other_site.site.fn == fn
    if fn.index == 0 or all(made_here):
        return True
    if not _by_one_object(site, other_site):
        return False
    return any(made_here) or (one.steps[:2] == other.steps[:2] and bool(one.kept and other.kept))


def _by_one_object(site: JudgedSite, other: JudgedSite) -> bool:
    """Whether an object of one class makes both calls: neither is in a method that this class replaces."""
    one, two = site.site.fn.owner, other.site.fn.owner
    if one is None or two is None or not site.flow.project.related(one, two):
        return False
    cls = one if two in site.flow.project.mro(one) else two
    return _runs(site, cls, site.site.fn) and _runs(site, cls, other.site.fn)


def _runs(site: JudgedSite, cls: Class, method: Function) -> bool:
    """Whether a method is what an object of a class has under its name, or what that calls by `super()`."""
    for current in site.flow.project.mro(cls):
        own = current.method(method.name)
        if own == method:
            return True
        calls = site.flow.graph(own).calls if own is not None else ()
        if own is not None and not any(_is_super(record.node.parts[0], method.name) for record in calls):
            return False
    return False


def _is_super(callee: Node, name: str) -> bool:
    """`super().name`."""
    return (
        callee.kind == "attr"
        and callee.parts[1] == name
        and callee.parts[0].kind == "call"
        and last_name(callee.parts[0].parts[0]) == "super"
    )
