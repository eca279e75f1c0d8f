"""Functions of Python and of its library that hand callables on: what calling each of them gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contractlint.calls.containers import elements, spread
from contractlint.calls.referents import NOTHING, Bind, Box, Cls, Fn, Inst, Lib, Obj, Referents, Super, Text
from contractlint.flow.nodes import Node
from contractlint.index.project import Function

if TYPE_CHECKING:
    from contractlint.calls.resolve import Resolver
    from contractlint.calls.scope import Scope


def _getattr(resolver: Resolver, node: Node, scope: Scope) -> Referents:
    args = node.parts[1]
    if len(args) < 2:
        return NOTHING
    names = [v.text for v in resolver.of(args[1], scope) if isinstance(v, Text)]
    out = resolver.of(args[2], scope) if len(args) > 2 else NOTHING
    names = [name for name in names[:8] if name.isidentifier()]
    bases = resolver.of(args[0], scope)
    for value in bases:
        for name in names:
            if len(args) > 2 and isinstance(value, Obj) and resolver.library.lacks(value.cls, name):
                continue  # asked for, and not there
            out |= resolver.members.of(value, name)
    return out if bases else out.union(*(resolver.members.by_name(name) for name in names))


def _import_module(resolver: Resolver, node: Node, scope: Scope) -> Referents:
    out = NOTHING
    for arg in node.parts[1][:1]:
        for value in resolver.of(arg, scope):
            if isinstance(value, Text) and all(part.isidentifier() for part in value.text.split(".")):
                resolver.library.saw_module(value.text)
                out |= resolver.imported(value.text, None)
    return out


def _partial(resolver: Resolver, node: Node, scope: Scope) -> Referents:
    if not node.parts[1]:
        return NOTHING
    targets = resolver.of(node.parts[1][0], scope)
    return frozenset(Bind(t, node, scope.fn) for t in targets if isinstance(t, Lib | Fn))


def _first(resolver: Resolver, node: Node, scope: Scope) -> Referents:
    """A function that gives back what it is given, or a decorator of it."""
    return resolver.of(node.parts[1][0], scope) if node.parts[1] else NOTHING


def _second(resolver: Resolver, node: Node, scope: Scope) -> Referents:
    return resolver.of(node.parts[1][1], scope) if len(node.parts[1]) > 1 else NOTHING


def _super(resolver: Resolver, node: Node, scope: Scope) -> Referents:
    fn: Function | None = scope.fn
    while fn is not None and fn.owner is None:
        fn = fn.parent
    return frozenset((Super(fn.owner),)) if fn is not None and fn.owner is not None else NOTHING


def _type(resolver: Resolver, node: Node, scope: Scope) -> Referents:
    return frozenset(
        Cls(v.cls) if isinstance(v, Inst) else Lib(v.cls)
        for v in _first(resolver, node, scope)
        if isinstance(v, Inst | Obj)
    )


def _dict_of(resolver: Resolver, node: Node, scope: Scope) -> Referents:
    out = NOTHING.union(*(resolver.of(arg, scope) for arg in node.parts[1]))
    items = tuple((k, resolver.of(v, scope)) for k, v in node.parts[2] if k)
    found = tuple((k, v) for k, v in items if v)
    return out | {Box(found, NOTHING)} if found else out


def _next(resolver: Resolver, node: Node, scope: Scope) -> Referents:
    return elements(_first(resolver, node, scope))


def _zip(resolver: Resolver, node: Node, scope: Scope) -> Referents:
    items = [(i, elements(resolver.of(arg, scope))) for i, arg in enumerate(node.parts[1])]
    return spread(items)


def _enumerate(resolver: Resolver, node: Node, scope: Scope) -> Referents:
    return spread([(1, elements(_first(resolver, node, scope)))])


FUNCTIONS: dict[str, Any] = {
    "builtins.getattr": _getattr,
    "importlib.import_module": _import_module,
    "builtins.__import__": _import_module,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "builtins.super": _super,
    "builtins.type": _type,
    "builtins.dict": _dict_of,
    "builtins.next": _next,
    "builtins.zip": _zip,
    "builtins.enumerate": _enumerate,
    "typing.cast": _second,
    **dict.fromkeys(
        [
            "builtins.list",
            "builtins.tuple",
            "builtins.set",
            "builtins.iter",
            "builtins.reversed",
            "builtins.sorted",
            "builtins.staticmethod",
            "copy.copy",
            "copy.deepcopy",
            "functools.cache",
            "functools.lru_cache",
            "torch.compile",
            "torch.compiler.disable",
            "torch._dynamo.disable",
            "torch.no_grad",
            "weakref.proxy",
        ],
        _first,
    ),
}
