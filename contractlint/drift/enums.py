"""Read the members of an enum from a wheel, without importing it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from contractlint.drift.wheel import Wheel

# Where enums of the library stand that many modules share; it counts before any copy elsewhere.
_SHARED = ("tllm_enums.py", "fused_moe/core.py", "fp4_quantization.py")


def read_enum(wheel: Wheel, name: str) -> tuple[str, dict[str, int]]:
    """Return (`file:line`, members) of an enum, or ("", {}) where the release has none of this name."""
    for file in _candidates(wheel):
        source = wheel.text(file) or ""
        if not re.search(rf"^class {re.escape(name)}\(", source, re.M):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef) and node.name == name:
                return f"{file.removeprefix(f'{wheel.package}/')}:{node.lineno}", dict(_members(node))
    return "", {}


def _candidates(wheel: Wheel) -> Iterator[str]:
    start = f"{wheel.package}/"
    shared = [start + file for file in _SHARED]
    yield from (file for file in shared if file in wheel.names)
    for file in sorted(wheel.names, key=lambda file: (file.count("/"), file)):
        if file.endswith(".py") and file not in shared and not file.startswith(f"{start}data/"):
            yield file


def _members(node: ast.ClassDef) -> Iterator[tuple[str, int]]:
    """Yield the members whose values are plain integers."""
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=member)], value=ast.Constant(value=int() as value)):
                yield member, value
            case ast.Assign(targets=[ast.Name(id=member)], value=ast.Tuple(elts=[ast.Constant(value=int() as value)])):
                yield member, value
