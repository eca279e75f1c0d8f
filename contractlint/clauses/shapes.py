"""Symbolic shapes: `[num_tokens, 2 * intermediate_size / 128]` against the sizes that tensors have."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import lru_cache

ANY = "_"
ELLIPSIS = "..."
LEAST = ">="  # before an expression: that size, or more

_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda left, right: Fraction(left // right),
    ast.Mod: operator.mod,
}


@lru_cache(maxsize=4096)
def parse(text: str) -> ast.expr | None:
    """The expression of one dimension, or None when it is none that can be computed."""
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


def value_of(text: str, sizes: Mapping[str, int]) -> Fraction | None:
    """What an expression comes to; None when it names a size that is not known."""
    node = parse(text)
    return None if node is None else _value(node, sizes)


def _value(node: ast.expr, sizes: Mapping[str, int]) -> Fraction | None:
    if isinstance(node, ast.Constant):
        return Fraction(node.value) if isinstance(node.value, int) else None
    if isinstance(node, ast.Name):
        return Fraction(sizes[node.id]) if node.id in sizes else None
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _value(node.left, sizes), _value(node.right, sizes)
        if left is None or right is None or (right == 0 and not isinstance(node.op, ast.Add | ast.Sub | ast.Mult)):
            return None
        return _OPERATORS[type(node.op)](left, right)
    return None


def expand(expressions: tuple[str, ...], rank: int) -> tuple[str, ...] | None:
    """One expression a dimension for a tensor of this rank; None when the rank does not fit."""
    if expressions[:1] == (ELLIPSIS,):
        missing = rank - (len(expressions) - 1)
        return None if missing < 0 else (ANY,) * missing + expressions[1:]
    return expressions if len(expressions) == rank else None


def bind(shapes: Iterable[tuple[tuple[str, ...], tuple[int, ...]]], sizes: dict[str, int]) -> None:
    """Learn sizes that stand alone in a dimension; what is known already stays, so that the first to say it counts."""
    for expressions, shape in shapes:
        for text, size in zip(expand(expressions, len(shape)) or (), shape, strict=False):
            if text != ANY and text.isidentifier():
                sizes.setdefault(text, size)


def fits(expressions: tuple[str, ...], shape: tuple[int, ...], sizes: Mapping[str, int]) -> tuple[bool | None, str]:
    """Whether a shape (or strides) is what the expressions say, and the dimension that is not, in words."""
    wanted = expand(expressions, len(shape))
    if wanted is None:
        return False, f"{len(shape)} dimensions instead of {len(expressions)}"
    known = True
    for index, (text, size) in enumerate(zip(wanted, shape, strict=True)):
        if text == ANY:
            continue
        least = text.startswith(LEAST)
        text = text.removeprefix(LEAST).strip()
        value = value_of(text, sizes)
        if value is None:
            known = False
        elif size < value if least else size != value:
            spelled = text if text.isdigit() else f"{text} = {value}"
            return False, f"dimension {index} is {size} instead of {'at least ' if least else ''}{spelled}"
    return (True, "") if known else (None, "")
