"""The strides of a tensor expression, as far as the function that holds it shows them."""

from __future__ import annotations

from dataclasses import dataclass

from contractlint.flow.nodes import Node, render

CANONICAL, CONTIGUOUS, TRANSPOSED, CUT, UNKNOWN = "canonical", "contiguous", "transposed", "cut", "unknown"
SWAPPING = frozenset(("t", "transpose", "permute", "swapaxes", "swapdims", "movedim", "adjoint"))
SWAPPED = frozenset(("T", "mT", "H", "mH"))
RESHAPING = frozenset(("reshape", "view", "flatten", "ravel"))
KEEPING = frozenset(("to", "float", "half", "bfloat16", "detach", "cuda"))
FRESH = frozenset(("empty", "zeros", "ones", "full", "arange", "new_empty", "new_zeros", "new_ones", "new_full"))
MAX_DEPTH = 20


# What a layout clause may ask of strides: which of them break it, and how that is said.
BREAKING = {
    ("contiguous", TRANSPOSED): "is a transposed view",
    ("contiguous", CUT): "is a part of each row, and its rows lie apart",
    ("canonical strides", CONTIGUOUS): "keeps odd strides where a dimension has size 1",
}
KEPT = {"contiguous": (CANONICAL, CONTIGUOUS), "canonical strides": (CANONICAL,)}


@dataclass(frozen=True, slots=True)
class Strides:
    """How a tensor lies in memory, and the expression that decides it."""

    kind: str
    node: Node

    @property
    def text(self) -> str:
        return render(self.node)


def strides_of(node: Node, depth: int = 0) -> Strides:
    """The strides of an expression.

    `contiguous` leaves those of dimensions of size 1 as they were; `canonical` are those of a fresh tensor.
    """
    if depth > MAX_DEPTH:
        return Strides(UNKNOWN, node)
    if node.kind == "phi":
        arms = [strides_of(value, depth + 1) for _, value in node.parts[0]]
        kinds = {arm.kind for arm in arms}
        return arms[0] if len(kinds) == 1 else Strides(UNKNOWN, node)
    if node.kind == "attr":
        name = node.parts[1]
        return Strides(TRANSPOSED, node) if name in SWAPPED else Strides(UNKNOWN, node)
    if node.kind == "sub":
        return Strides(CUT if _cuts_rows(node.parts[1]) else UNKNOWN, node)
    if node.kind != "call" or node.parts[0].kind not in ("attr", "import", "global"):
        return Strides(UNKNOWN, node)
    function = node.parts[0]
    name = str(function.parts[-1])
    if name in FRESH:
        return Strides(CANONICAL, node)
    if function.kind != "attr":
        return Strides(UNKNOWN, node)
    base = function.parts[0]
    if name in SWAPPING:
        inner = strides_of(base, depth + 1)
        return Strides(UNKNOWN if inner.kind == TRANSPOSED else TRANSPOSED, node)
    if name == "contiguous":
        inner = strides_of(base, depth + 1)
        return Strides(CANONICAL if inner.kind == CANONICAL else CONTIGUOUS, node)
    if name in RESHAPING:
        inner = strides_of(base, depth + 1)
        return Strides(CANONICAL if inner.kind in (CANONICAL, CONTIGUOUS) else UNKNOWN, node)
    if name in KEEPING:
        inner = strides_of(base, depth + 1)
        return Strides(UNKNOWN, node) if inner.kind == CUT else inner  # a cast copies, and the copy has no gaps
    return Strides(UNKNOWN, node)


def _cuts_rows(index: Node) -> bool:
    """Whether `x[index]` takes a part of a dimension behind one of which it takes more than one place."""
    items = index.parts[0] if index.kind == "tuple" else ()
    several = False
    for item in items:
        if item.kind == "slice" and several and item.parts[0]:
            return True
        several = several or item.kind == "slice"
    return False
