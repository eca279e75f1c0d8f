"""In which byte layout a tensor lies that a kernel of the library has made, as that call's arguments decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contractlint.flow.values import Alt
from contractlint.judge.conditions import Holds, outcome
from contractlint.judge.site import JudgedSite
from contractlint.model.contract import Aspect, Clause

STEPS = 2_000
VIEWS = frozenset(("view", "reshape", "flatten", "ravel", "contiguous"))


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A tensor that lies otherwise than a clause asks, with the call that made it and what says how that lays it out."""

    clause: Clause
    alt: Alt
    maker: JudgedSite
    made: Clause


def mismatches(site: JudgedSite, parameter: str, sites: Sequence[JudgedSite]) -> Iterator[Mismatch]:
    """What reaches a parameter from a call that certainly makes another layout than the one that is certainly read."""
    for clause in site.view.clauses(site.site.entry_point, parameter, Aspect.LAYOUT):
        known = _makers(site, clause.layout, sites)
        if not known:
            continue
        for alt in _unviewed(site, parameter):
            maker = known.get((alt.path.origin.file, alt.path.origin.line)) if alt.path is not None else None
            if maker is None or alt.guess or outcome(site, clause.when, alt.trail).holds is not Holds.YES:
                continue
            made = _made(maker, alt)
            if made is not None and made.layout != clause.layout:
                yield Mismatch(clause, alt, maker, made)


def _unviewed(site: JudgedSite, parameter: str) -> tuple[Alt, ...]:
    """The possibilities for an argument before it is viewed as another dtype or shape, which moves no byte."""
    node = site.bound.arguments[parameter]
    while node.kind == "call" and node.parts[0].kind == "attr" and node.parts[0].parts[1] in VIEWS:
        node = node.parts[0].parts[0]
    return site.flow.query(node, site.frame(), steps=STEPS)


def _makers(site: JudgedSite, layout: str, sites: Sequence[JudgedSite]) -> dict[tuple[str, int], JudgedSite]:
    """The calls of what can make a tensor in a layout, by their places: only of those the layout is known."""
    return {
        (other.site.file, other.site.line): other
        for other in sites
        if other.signature is not None
        and not other.site.reason
        and any(made.layout == layout for made in site.view.result_layouts(other.site.entry_point))
    }


def _made(maker: JudgedSite, alt: Alt) -> Clause | None:
    """What a call makes on the way that a value took; None where its arguments do not decide it."""
    for made in maker.view.result_layouts(maker.site.entry_point):
        if outcome(maker, made.when, alt.trail).holds is Holds.YES:
            return made
    return None
