"""Python's operators on tensors."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Lifted, Python, Retyped, Rule
from contractlint.torch_semantics.table import BOTH, IN_PLACE, SELF, flat

_PROMOTED = Rule(BOTH, layout="preserves")
_COMPARED = Rule(Retyped(BOTH, "bool"), layout="preserves")

BINARY: dict[str, Rule] = {
    **dict.fromkeys(("+", "-", "*", "//", "%", "**", "&", "|", "^", "<<", ">>"), _PROMOTED),
    "/": Rule(Lifted(BOTH, "float"), layout="preserves"),
    "@": Rule(flat(SELF)),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _COMPARED),
    **dict.fromkeys(("is", "is not", "in", "not in"), Rule(Python("bool"))),
}
# `x += y` writes into x.
BINARY.update({f"{op}=": IN_PLACE for op in ("+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>")})
BINARY["@="] = BINARY["@"]  # tensors have no in-place product, so Python falls back to the plain one

UNARY: dict[str, Rule] = {
    "-": Rule(SELF, layout="preserves"),
    "+": Rule(SELF, aliases=True, layout="preserves"),
    "~": Rule(SELF, layout="preserves"),
    "not": Rule(Python("bool")),
}
