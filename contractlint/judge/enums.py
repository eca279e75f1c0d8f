"""Copies of a library's enumerations in a project."""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.flow.evaluate import Flow
from contractlint.flow.parameters import is_enum
from contractlint.index.ir import Expr
from contractlint.index.project import Class


def copies_of(flow: Flow, enum: str) -> Iterator[tuple[Class, dict[str, int]]]:
    """Enumerations of the project under the library's name, with the members that are written as numbers."""
    for module in flow.project.modules_with(enum, "class"):
        if module.is_test:
            continue
        for index, ir in enumerate(module.ir.classes):
            cls = Class(module, index)
            if ir.name == enum and is_enum(flow, cls):
                yield cls, members(cls)


def members(cls: Class) -> dict[str, int]:
    """The members of an enumeration that are literals; `Name = (8,)` is a way to write 8."""
    found: dict[str, int] = {}
    for stmt in cls.ir.body:
        if stmt[0] == "assign" and len(stmt[2]) == 1 and stmt[2][0][0] == "name":
            number = _number(stmt[3])
            if number is not None:
                found[stmt[2][0][2]] = number
    return found


def _number(expr: Expr) -> int | None:
    if expr[0] == "tuple" and len(expr[2]) == 1:
        expr = expr[2][0]
    if expr[0] == "const" and isinstance(expr[2], int) and not isinstance(expr[2], bool):
        return int(expr[2])
    return None
