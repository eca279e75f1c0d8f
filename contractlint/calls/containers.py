"""Containers, as far as they hold callables: what comes out of a list, a tuple, a dictionary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from contractlint.calls.referents import NOTHING, Box, Referents
from contractlint.flow.nodes import Node

if TYPE_CHECKING:
    from contractlint.calls.resolve import Resolver
from contractlint.calls.scope import Scope


def boxed(values: Referents) -> Referents:
    """A container of which every element can be each of the values."""
    return frozenset((Box((), values),)) if values else NOTHING


def spread(items: Iterable[tuple[object, Referents]]) -> Referents:
    """A container of containers: each element has these values at these positions."""
    found = tuple((key, values) for key, values in items if values)
    return boxed(frozenset((Box(found, NOTHING),))) if found else NOTHING


def elements(values: Referents) -> Referents:
    """Everything that lies in containers."""
    return NOTHING.union(*(v.all() for v in values if isinstance(v, Box)))


def _get(resolver: Resolver, boxes: Referents, node: Node, scope: Scope) -> Referents:
    args = node.parts[1]
    key = args[0].parts[0] if args and args[0].kind == "const" else ...
    out = NOTHING.union(*(v.at(key) for v in boxes if isinstance(v, Box)))
    return out | resolver.of(args[1], scope) if len(args) > 1 else out


def _all(resolver: Resolver, boxes: Referents, node: Node, scope: Scope) -> Referents:
    return boxes


def _items(resolver: Resolver, boxes: Referents, node: Node, scope: Scope) -> Referents:
    return spread([(1, elements(boxes))])


METHODS: dict[str, Any] = {
    "get": _get,
    "pop": _get,
    "setdefault": _get,
    "popleft": _get,
    "values": _all,
    "copy": _all,
    "items": _items,
}
