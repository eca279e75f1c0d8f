"""Other code in the same function.

Callers hold functions in module attributes, tables, default arguments, partials, caches and class bodies. Replacing the code
inside the function reaches all of them at once, early or late, and leaves the object, its attributes, its signature, its
pickled name and its documentation as they are; putting the code back leaves no trace.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Mapping
from typing import Any


def original_of(function: types.FunctionType) -> types.FunctionType:
    """A function of its own that runs the present code of another one."""
    copy = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__qualname__ = function.__qualname__
    copy.__module__ = function.__module__
    return copy


def compile_like(model: types.CodeType, source: str) -> types.CodeType:
    """Compile one `def` to code that can stand in for `model`: same free variables, name, file and first line.

    File and line keep tracebacks and `inspect.getsource` on the library's own text.
    """
    tree = ast.parse(source)
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    if model.co_freevars:
        # A closure can only take code that names as many variables. The names are read where nothing ever runs.
        reads: list[ast.expr] = [ast.Name(name, ast.Load()) for name in model.co_freevars]
        never = ast.If(ast.Constant(0), [ast.Expr(ast.Tuple(reads, ast.Load()))], [])
        definition.body.insert(0, never)
        cells = [ast.arg(name) for name in model.co_freevars]
        arguments = ast.arguments(
            posonlyargs=[], args=cells, vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
        )
        outer = ast.FunctionDef(
            name="_outer", args=arguments, body=[definition], decorator_list=[], returns=None, type_comment=None
        )
        if "type_params" in ast.FunctionDef._fields:
            vars(outer)["type_params"] = []
        tree.body = [outer]
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr | ast.arg | ast.keyword | ast.excepthandler):
            node.lineno = node.end_lineno = 1
            node.col_offset = node.end_col_offset = 0
    compiled = compile(tree, model.co_filename, "exec")
    code = next(item for item in compiled.co_consts if isinstance(item, types.CodeType))
    if model.co_freevars:
        code = next(item for item in code.co_consts if isinstance(item, types.CodeType))
    changes: dict[str, Any] = {"co_firstlineno": model.co_firstlineno, "co_name": model.co_name}
    if hasattr(model, "co_qualname"):
        changes["co_qualname"] = model.co_qualname
    return code.replace(**changes)


class Swapped:
    """A function whose code can be exchanged and put back, in two layers: a checker in front, and a body behind it.

    `original` runs the body: the function's own code, or the fake that was put in its place. `names` are what new code may
    refer to, in the module's globals.
    """

    def __init__(self, function: types.FunctionType) -> None:
        self.function = function
        self.own = function.__code__
        self.original = original_of(function)
        self._front: types.CodeType | None = None
        self._names: dict[str, frozenset[str]] = {}  # layer → names in the globals

    @property
    def code(self) -> types.CodeType:
        """The function's own code, whatever runs in its place."""
        return self.own

    def replace(self, code: types.CodeType, names: Mapping[str, object]) -> None:
        """Run `code` in front of the body."""
        self._know("front", names)
        self._front = code
        self.function.__code__ = code

    def restore(self) -> None:
        """Run the body alone."""
        self._front = None
        self.function.__code__ = self.original.__code__
        self._know("front", {})

    def replace_body(self, code: types.CodeType, names: Mapping[str, object]) -> None:
        """Run `code` in place of the function's own."""
        self._know("body", names)
        self.original.__code__ = code
        if self._front is None:
            self.function.__code__ = code

    def restore_body(self) -> None:
        """Run the function's own code again, behind a checker where there is one."""
        self.original.__code__ = self.own
        if self._front is None:
            self.function.__code__ = self.own
        self._know("body", {})

    def _know(self, layer: str, names: Mapping[str, object]) -> None:
        space = self.function.__globals__
        space.update(names)
        for name in self._names.get(layer, frozenset()) - names.keys():
            space.pop(name, None)
        self._names[layer] = frozenset(names)


def swapped(function: types.FunctionType) -> Swapped:
    """The one `Swapped` of a function, for all who exchange its code."""
    known = _SWAPPED.get(id(function))
    if known is None:
        known = _SWAPPED[id(function)] = Swapped(function)
    return known


_SWAPPED: dict[int, Swapped] = {}  # keeps the functions alive, so that no id is used twice
