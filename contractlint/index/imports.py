"""What import statements bind."""

from __future__ import annotations

import ast
import re
import sys

from contractlint.index.reading import parse

Import = tuple[str, str, "str | None"]
"""A local name, the module, and the attribute of it; None for the module itself."""

_COMMENT = re.compile(rb"#[^\n]*")
_NAMES = rb"(?:[\w\x80-\xff]+(?:\s+as\s+[\w\x80-\xff]+)?\s*,\s*)*[\w\x80-\xff]+(?:\s+as\s+[\w\x80-\xff]+)?\s*,?\s*"
_FROM = re.compile(rb"from\s+(\.*)\s*([\w\x80-\xff.]*)\s+import\s*\(?\s*(" + _NAMES + rb")\)?\s*")


def imported(text: bytes, package: str) -> tuple[Import, ...] | None:
    """What one import statement binds; None for text that is none."""
    plain = _COMMENT.sub(b" ", text).replace(b"\\\n", b" ")
    simple = _FROM.fullmatch(plain)
    if simple is not None:
        # One object for each name: the same are imported everywhere.
        names = [[*map(sys.intern, name.split())] for name in simple[3].decode().split(",")]
        module = sys.intern(absolute(simple[2].decode(), len(simple[1]), package))
        return tuple((name[-1], module, name[0]) for name in names if name)
    try:
        statements = parse(text.decode()).body
    except (SyntaxError, ValueError):
        return None
    out: list[Import] = []
    for node in statements:
        if isinstance(node, ast.Import):
            out.extend(imported_modules(node))
        elif isinstance(node, ast.ImportFrom) and node.names[0].name != "*":
            module = absolute(node.module, node.level, package)
            out.extend((a.asname or a.name, module, a.name) for a in node.names)
    return tuple(out)


def imported_modules(node: ast.Import) -> tuple[tuple[str, str, str | None], ...]:
    """What `import a.b, c as d` binds: (local name, module, None)."""
    return tuple(
        (a.asname or a.name.partition(".")[0], a.name if a.asname else a.name.partition(".")[0], None)
        for a in node.names
    )


def absolute(module: str | None, level: int, package: str) -> str:
    """The dotted name of the module that `from ..module import x` names in a package."""
    if not level:
        return module or ""
    parts = package.split(".") if package else []
    parts = parts[: len(parts) - (level - 1)] if level > 1 else parts
    return ".".join([*parts, *([module] if module else [])])
