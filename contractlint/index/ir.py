"""The intermediate form: plain nested tuples, so that `marshal` can store and load them at a twentieth of a parse.

Expressions are `(kind, line, ...)`:

    name      id                                    attr      base, attribute
    call      function, args, keywords, column      const     value
    tuple     elements                              list      elements
    set       elements                              dict      ((key | None, value), ...)
    sub       base, index                           slice     lower, upper, step
    ifexp     test, then, otherwise                 bin       operator, left, right
    un        operator, operand                     cmp       left, ((operator, right), ...)
    bool      operator, values                      lambda    parameters, body
    comp      kind, elements, generators            walrus    name, value
    star      value                                 await     value
    yield     value | None                          fstring

Keywords are `(name | None, value)`; None stands for `**value`. `column` is that of the whole call, from 1.

Statements are `(kind, line, ...)`:

    assign    targets, value          ann       target, annotation, value | None
    aug       target, operator, value expr      value
    return    value | None            raise     value | None
    if        test, body, orelse      while     test, body, orelse
    for       target, iterable, body, orelse    with  ((value, target | None), ...), body
    try       body, handlers, orelse, final     assert    test
    del       targets                 def       function index        class     class index
    import    ((local name, module, attribute | None), ...)           star      module
    global    names                   break, continue, pass
    match     subject, ((pattern source, guard | None, body, capture names), ...)

Functions and classes are objects that parse their part of the text when they are asked about it.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

Expr: TypeAlias = tuple[Any, ...]
Stmt: TypeAlias = tuple[Any, ...]

FORMAT = 5


class ParamIR(NamedTuple):
    """One parameter. `kind` is one of `posonly`, `pos`, `vararg`, `kwonly`, `kwarg`."""

    name: str
    kind: str
    annotation: Expr | None
    default: Expr | None


def dotted(expr: Expr | None) -> str | None:
    """The dotted name that an expression spells (`a.b.c`), or None."""
    parts: list[str] = []
    while expr is not None and expr[0] == "attr":
        parts.append(expr[3])
        expr = expr[2]
    if expr is None or expr[0] != "name":
        return None
    parts.append(expr[2])
    return ".".join(reversed(parts))
