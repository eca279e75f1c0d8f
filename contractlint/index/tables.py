"""The per-file name tables: in which functions a name is called, stored as an attribute, used as a value, or quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contractlint.index.ir import ClassIR, Expr, FunctionIR, Stmt

Table = dict[str, tuple[int, ...]]


def name_tables(
    functions: Sequence[FunctionIR], classes: Sequence[ClassIR], bodies: Mapping[int, tuple[Stmt, ...]]
) -> tuple[Table, Table, Table, Table]:
    """Return the tables (calls, stores, refs, strings) over all functions of one file.

    A class body counts as part of the function that holds the class, function 0 being the module.
    """
    collector = _Collector()
    for index, function in enumerate(functions):
        # Decorators and defaults run where the function is defined, not in it.
        collector.current = max(function.parent, 0)
        for decorator in function.decorators:
            collector.visit(decorator)
        for param in function.params:
            if param.default is not None:
                collector.visit(param.default)
        collector.current = index
        collector.visit_all(bodies[index])
    for cls in classes:
        collector.current = max(cls.parent, 0)
        for expr in (*cls.bases, *cls.decorators):
            collector.visit(expr)
        collector.visit_all(cls.body)
    return tuple({k: tuple(sorted(v)) for k, v in t.items()} for t in collector.tables)  # type: ignore[return-value]


class _Collector:
    def __init__(self) -> None:
        self.current = 0
        self.calls: dict[str, set[int]] = {}
        self.stores: dict[str, set[int]] = {}
        self.refs: dict[str, set[int]] = {}
        self.strings: dict[str, set[int]] = {}

    @property
    def tables(self) -> tuple[dict[str, set[int]], ...]:
        return (self.calls, self.stores, self.refs, self.strings)

    def add(self, table: dict[str, set[int]], name: str) -> None:
        table.setdefault(name, set()).add(self.current)

    def visit_all(self, items: Any) -> None:
        for item in items:
            if isinstance(item, tuple):
                if item and isinstance(item[0], str) and len(item) > 1 and isinstance(item[1], int):
                    self.visit(item)
                else:
                    self.visit_all(item)

    def visit(self, node: Expr) -> None:
        kind = node[0]
        if kind == "name":
            self.add(self.refs, node[2])
        elif kind == "attr":
            self.add(self.refs, node[3])
            self.visit(node[2])
        elif kind == "call":
            self._call(node)
        elif kind in ("assign", "ann", "aug"):
            self._store(node)
        elif kind in ("def", "class", "import", "star", "global", "const", "fstring"):
            pass
        else:
            self.visit_all(node[2:])

    def _call(self, node: Expr) -> None:
        function = node[2]
        if function[0] == "name":
            self.add(self.calls, function[2])
        elif function[0] == "attr":
            self.add(self.calls, function[3])
            self.visit(function[2])
        else:
            self.visit(function)
        for arg in node[3]:
            self._argument(arg)
        for _, value in node[4]:
            self._argument(value)

    def _argument(self, value: Expr) -> None:
        if value[0] == "const":
            if isinstance(value[2], str) and len(value[2]) < 200:
                self.add(self.strings, value[2])
        else:
            self.visit(value)

    def _store(self, node: Expr) -> None:
        targets = node[2] if node[0] == "assign" else (node[2],)
        for target in targets:
            for leaf in _leaves(target):
                if leaf[0] == "attr":
                    self.add(self.stores, leaf[3])
                    self.visit(leaf[2])
                else:
                    self.visit_all((leaf,) if leaf[0] != "name" else ())
        values = node[3:] if node[0] != "aug" else node[4:]
        self.visit_all(values)


def _leaves(target: Expr) -> list[Expr]:
    if target[0] in ("tuple", "list"):
        return [leaf for element in target[2] for leaf in _leaves(element)]
    return [target[2]] if target[0] == "star" else [target]
