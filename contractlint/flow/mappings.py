"""Values out of dictionaries and gathered arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contractlint.flow.binding import mapping_entries
from contractlint.flow.nodes import Node
from contractlint.flow.values import Alt, Mapping_, Unknown

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow
    from contractlint.flow.frames import Frame
    from contractlint.index.project import Class, Function


def lookup(flow: Flow, mapping: Mapping_, index: Node, frame: Frame) -> list[Alt]:
    """`mapping[index]`: the value of a constant key, else all values."""
    if index.kind == "const" and isinstance(index.parts[0], str):
        entries = mapping_entries(mapping.node)
        if entries is not None:
            node = entries.get(index.parts[0])
            return list(flow.ev(node, mapping.frame)) if node is not None else []
    return all_values(flow, mapping)


def all_values(flow: Flow, mapping: Mapping_) -> list[Alt]:
    """Every value that a dictionary display holds, for a key that is not known."""
    node = mapping.node
    if node.kind == "dict" and all(key is not None for key, _ in node.parts[0]) and len(node.parts[0]) <= 40:
        values = [alt for _, value in node.parts[0] for alt in flow.ev(value, mapping.frame)]
        return [alt.guessed() for alt in values]  # any of them, and nothing says which
    return [Alt(Unknown("a value from a dictionary whose keys are not followed"))]


def key_of(flow: Flow, alt: Alt, name: str) -> list[Alt]:
    """The value under a key of a dictionary that was evaluated; nothing where the key is certainly absent."""
    if isinstance(alt.value, Mapping_):
        entries = mapping_entries(alt.value.node)
        if entries is not None:
            node = entries.get(name)
            return list(flow.ev(node, alt.value.frame)) if node is not None else []
    return [Alt(Unknown(f"`{name}` would come from `**` arguments that are not followed"))]


def gathered(flow: Flow, frame: Frame, name: str, position: int | None) -> tuple[Alt, ...]:
    """What callers of the frame's function pass through its `*args` (by position) or `**kwargs` (by name)."""
    fn, receiver = frame.fn, frame.receiver
    return flow.once(("gathered", fn, name, position, receiver), lambda: _gathered(flow, fn, receiver, name, position))


def _gathered(flow: Flow, fn: Function, receiver: Class | None, name: str, position: int | None) -> list[Alt]:
    from contractlint.flow.binding import bind
    from contractlint.flow.frames import Frame
    from contractlint.flow.parameters import short

    out: list[Alt] = []
    for caller in flow.shares(flow.callers.reaching(fn, receiver), out):
        bound = bind(flow, caller.record.node, fn.ir.params, caller.skip)
        node = bound.extra.get(name) if position is None else None
        if position is not None and position < len(bound.rest):
            node = bound.rest[position]
        there = Frame.make(caller.fn, caller.record.facts, receiver=flow.callers.receiver_of(caller, fn, receiver))
        alts: tuple[Alt, ...] = ()
        if node is not None:
            alts = flow.guess(node, there) if caller.guess else flow.ev(node, there)
        elif bound.splats or bound.stars:
            alts = bound.from_splats(flow, name, there)
        for alt in alts:
            arrived = alt.through(*caller.fn.scope)
            if alt.path is not None:
                arrived = arrived.at(caller.fn.file, caller.record.line, f"passed to `{short(fn)}` as `{name}`")
            out.append(arrived.guessed() if caller.guess else arrived)
    return out
