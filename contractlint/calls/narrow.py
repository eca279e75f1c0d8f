"""Which of the possible callees a test leaves: `isinstance(x, T)`, `f.func == kernel`."""

from __future__ import annotations

from contractlint.calls.referents import NOTHING, Bind, Cls, Inst, Lib, Obj, Referent, Referents
from contractlint.calls.resolve import Resolver
from contractlint.calls.scope import Scope
from contractlint.flow.nodes import Fact, Facts, Node


def callees(resolver: Resolver, node: Node, facts: Facts, scope: Scope) -> Referents:
    """What a callee can be where these facts hold."""
    if node.kind == "attr":
        base, name = node.parts
        known = resolver.of(base, scope)
        left = _instances(resolver, base, known, facts, scope)
        values = (
            NOTHING.union(*(resolver.members.of(v, name) for v in left)) if left != known else resolver.of(node, scope)
        )
    else:
        values = resolver.of(node, scope)
    before = values
    for fact in facts:
        values = _partials(resolver, node, values, fact, scope)
    if values == before and any(isinstance(v, Lib) for v in values) and node.kind == "attr":
        # A method that some code replaces on some objects is the method, unless a test says that it is not.
        values = frozenset(v for v in values if not isinstance(v, Bind))
    return values


def _instances(resolver: Resolver, base: Node, known: Referents, facts: Facts, scope: Scope) -> Referents:
    """The objects that tests of their class leave."""
    for test, holds in facts:
        if test.kind != "call" or len(test.parts[1]) != 2 or test.parts[1][0].id != base.id:
            continue
        function = test.parts[0]
        if function.kind in ("global", "free") and function.parts[0] == "hasattr" and holds:
            name = test.parts[1][1].parts[0] if test.parts[1][1].kind == "const" else ""
            known = frozenset(v for v in known if not (isinstance(v, Obj) and resolver.library.lacks(v.cls, name)))
            continue
        if function.kind not in ("global", "free") or function.parts[0] != "isinstance":
            continue
        types = resolver.of(test.parts[1][1], scope)
        types |= frozenset(t for box in types for t in getattr(box, "rest", ()))
        kept = frozenset(v for v in known if _is_one(resolver, v, types) == holds)
        if kept or not holds:
            known = kept
        elif types:
            known = frozenset(made for made in map(_instance, types) if made is not None)
    return known


def _is_one(resolver: Resolver, value: Referent, types: Referents) -> bool:
    if isinstance(value, Inst):
        return any(isinstance(t, Cls) and resolver.project.related(t.cls, value.cls) for t in types)
    if isinstance(value, Obj):
        canonical = resolver.library.canonical
        mine = canonical(value.cls) or value.cls
        return any(isinstance(t, Lib) and (canonical(t.name) or t.name) == mine for t in types)
    return False


def _instance(value: Referent) -> Referent | None:
    if isinstance(value, Cls):
        return Inst(value.cls)
    return Obj(value.name) if isinstance(value, Lib) else None


def _partials(resolver: Resolver, node: Node, values: Referents, fact: Fact, scope: Scope) -> Referents:
    """A test of `callee.func` tells a partial from what it replaced."""
    test, holds = fact
    if test.kind == "bool" and test.parts[0] == "and" and not holds:
        for part in test.parts[1]:
            values = _partials(resolver, node, values, (part, False), scope)
        return values
    if test.kind != "cmp" or len(test.parts[1]) != 1 or test.parts[1][0][0] not in ("==", "is"):
        return values
    left, right = test.parts[0], test.parts[1][0][1]
    if left.kind != "attr" or left.parts[1] != "func" or left.parts[0].id != node.id:
        return values
    targets = resolver.of(right, scope)
    chosen = frozenset(v for v in values if isinstance(v, Bind) and v.target in targets)
    return chosen if holds and chosen else values - chosen
