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

Functions, classes and modules are small tuples too; the accessors below name their fields.
"""

from __future__ import annotations

import marshal
from typing import Any, NamedTuple, TypeAlias

Expr: TypeAlias = tuple[Any, ...]
Stmt: TypeAlias = tuple[Any, ...]

FORMAT = 3


class ParamIR(NamedTuple):
    """One parameter. `kind` is one of `posonly`, `pos`, `vararg`, `kwonly`, `kwarg`."""

    name: str
    kind: str
    annotation: Expr | None
    default: Expr | None


class FunctionIR(NamedTuple):
    """One function. `owner` is the index of its class, `parent` of its enclosing function, each -1 when there is none.

    `code` holds the statements as `marshal` writes them: most functions are never looked into, and tuples take ten times
    the memory.
    """

    name: str
    qualname: str
    line: int
    end_line: int
    params: tuple[ParamIR, ...]
    decorators: tuple[Expr, ...]
    returns: Expr | None
    code: bytes
    owner: int
    parent: int

    @property
    def body(self) -> tuple[Stmt, ...]:
        """The statements, loaded anew at every call."""
        return marshal.loads(self.code)  # type: ignore[no-any-return]


class ClassIR(NamedTuple):
    """One class. `methods` maps a name to a function index; `fields` are annotated names with their defaults."""

    name: str
    qualname: str
    line: int
    bases: tuple[Expr, ...]
    decorators: tuple[Expr, ...]
    body: tuple[Stmt, ...]
    methods: dict[str, int]
    fields: tuple[tuple[str, Expr | None, Expr | None, int], ...]
    parent: int


class ModuleIR(NamedTuple):
    """One file. Function 0 is the module's own body.

    The tables say in which functions a name occurs: `calls` as the last name of a callee, `stores` as a stored attribute,
    `refs` as a value, `strings` as a string constant in a call's arguments.
    """

    functions: tuple[FunctionIR, ...]
    classes: tuple[ClassIR, ...]
    calls: dict[str, tuple[int, ...]]
    stores: dict[str, tuple[int, ...]]
    refs: dict[str, tuple[int, ...]]
    strings: dict[str, tuple[int, ...]]


def pack(module: ModuleIR) -> tuple[Any, ...]:
    """The module as bare tuples and dictionaries that `marshal` accepts."""
    functions = tuple((*f[:4], tuple(tuple(p) for p in f.params), *f[5:]) for f in module.functions)
    return (
        functions,
        tuple(tuple(c) for c in module.classes),
        module.calls,
        module.stores,
        module.refs,
        module.strings,
    )


def unpack(data: tuple[Any, ...]) -> ModuleIR:
    """The inverse of `pack`."""
    functions = tuple(FunctionIR._make((*f[:4], tuple(ParamIR(*p) for p in f[4]), *f[5:])) for f in data[0])
    return ModuleIR(functions, tuple(ClassIR(*c) for c in data[1]), *data[2:])


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
