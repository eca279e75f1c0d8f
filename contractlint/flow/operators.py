"""Operators over abstract values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contractlint.flow.nodes import Node
from contractlint.flow.values import Alt, Const, NoneValue, Sequence_, Tensor, Unknown

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow
    from contractlint.flow.frames import Frame


def unary(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    """`-x`, `~x`, `not x`."""
    from contractlint.flow.conditions import decide

    operator, operand = node.parts
    if operator == "not":
        outcome = decide(flow, node, frame)
        return [Alt(Const(outcome))] if outcome is not None else [Alt(Unknown("a truth value"))]
    return [a if isinstance(a.value, Tensor | Unknown) else Alt(Unknown("a number")) for a in flow.ev(operand, frame)]


def binary(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    """Arithmetic: torch's promotion where a tensor takes part."""
    from contractlint.flow.torch_model import combine

    operator, left, right = node.parts
    lefts, rights = flow.ev(left, frame), flow.ev(right, frame)
    pairs = [(a.value, b.value) for a in lefts for b in rights]
    joined = [
        Alt(Sequence_(a.items + b.items, a.kind))
        for a, b in pairs
        if isinstance(a, Sequence_) and isinstance(b, Sequence_)
    ]
    if operator == "+" and joined and len(joined) == len(pairs):
        return joined
    return combine(operator, lefts, rights, node, frame)


def augmented(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    """`x += y`: a tensor keeps its own dtype."""
    left = node.parts[1]
    out: list[Alt] = []
    rest = False
    for alt in flow.ev(left, frame):
        if isinstance(alt.value, Tensor):
            out.append(alt)
        elif not isinstance(alt.value, NoneValue):
            rest = True
    return out + (binary(flow, Node("bin", node.fn, node.line, *node.parts), frame) if rest else [])


def comparison(flow: Flow, node: Node, frame: Frame) -> list[Alt]:
    """A comparison: a truth value, or a tensor of them."""
    from contractlint.flow.conditions import decide

    outcome = decide(flow, node, frame)
    if outcome is not None:
        return [Alt(Const(outcome))]
    left, pairs = node.parts
    if pairs and pairs[0][0] in ("==", "!=", "<", "<=", ">", ">="):
        for alt in flow.ev(left, frame):
            if isinstance(alt.value, Tensor):
                return [Alt(Tensor("bool")).at(frame.fn.file, node.line, "a comparison makes a bool tensor")]
    return [Alt(Unknown("a truth value"))]
