"""Which checks a public function reaches: its own, those of helpers in its module, and those behind the FFI."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from contractlint.drift.checks import Check, checks_in, python_checks
from contractlint.drift.cpp import Function, functions
from contractlint.drift.wheel import Wheel

_EXPORT = re.compile(r"TVM_FFI_DLL_EXPORT_TYPED_FUNC\(\s*(\w+)\s*,\s*([\w:]+)\s*\)")
_BASE = re.compile(r"\b(?:class|struct)\s+(\w+)(?:\s+final)?\s*:\s*(?:public\s+)?([\w:]+)")
_FunctionDef = ast.FunctionDef | ast.AsyncFunctionDef


def reached(wheel: Wheel, file: str, line: int) -> tuple[list[Check], list[Check]]:
    """Return the Python checks and the C++ checks that the function at a place may come to."""
    text = wheel.text(file) or ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    defined = {node.name: node for node in ast.walk(tree) if isinstance(node, _FunctionDef)}
    first = next((node for node in ast.walk(tree) if isinstance(node, _FunctionDef) and node.lineno == line), None)
    if first is None:
        return [], []
    names = _called(first, defined, _members(tree))
    of_module = python_checks(file, text)
    python = [check for check in of_module if check.function.rpartition(".")[2] in names]
    return python, list(_behind_ffi(wheel, names))


def _called(first: _FunctionDef, defined: dict[str, _FunctionDef], members: dict[str, str]) -> set[str]:
    """Return the names that a function mentions, and those that functions of its module do that it leads to."""
    found: set[str] = {first.name}
    pending: list[_FunctionDef] = [first]
    while pending:
        for name in _mentioned(pending.pop()):
            for known in {name, members.get(name, name)} - found:
                found.add(known)
                if known in defined:
                    pending.append(defined[known])
    return found


def _mentioned(function: _FunctionDef) -> Iterator[str]:
    """Yield the names in a function, its decorators included, without functions defined in it or handed out by it."""
    pending: list[ast.AST] = [*function.decorator_list, *function.body]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        if not (isinstance(node, _FunctionDef | ast.ClassDef) or _is_namespace(node)):
            pending += ast.iter_child_nodes(node)


def _members(tree: ast.AST) -> dict[str, str]:
    """Map the members of namespaces, `SimpleNamespace(run=run_op)`, to the functions that they hold."""
    return {
        keyword.arg: keyword.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _is_namespace(node)
        for keyword in node.keywords
        if keyword.arg and isinstance(keyword.value, ast.Name)
    }


def _is_namespace(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "SimpleNamespace"


def _behind_ffi(wheel: Wheel, called: set[str]) -> Iterator[Check]:
    """Yield the checks of the C++ functions that are exported under one of the names."""
    sources = [name for name in wheel.names if name.endswith((".cu", ".cpp", ".cc")) and "/csrc/" in name]
    wanted: dict[str, set[str]] = {}  # simple name of a C++ function → names under which it is exported
    for file in sources:
        for exported, target in _EXPORT.findall(wheel.text(file) or ""):
            if exported in called:
                wanted.setdefault(target.rpartition("::")[2], set()).add(exported)
    for file in sources if wanted else ():
        text = wheel.text(file) or ""
        if any(re.search(rf"\b{name}\s*\(", text) for name in wanted):
            there = list(functions(text))
            starts = [function for function in there if _simple(function) in wanted]
            for function in _closure(starts, there, text) if starts else ():
                yield from checks_in(file, function)


def _closure(starts: list[Function], there: list[Function], text: str) -> list[Function]:
    """Return the functions of a file that the first ones lead to by name; of methods, those of mentioned classes."""
    bases = {derived: base.rpartition("::")[2] for derived, base in _BASE.findall(text)}
    classes = {part for function in there for part in function.name.split("::")[:-1]}
    found = list(starts)
    mentioned: set[str] = set()
    while True:
        mentioned |= {token.text for function in found for token in function.body if token.word}
        allowed = mentioned & classes
        while more := {bases[name] for name in allowed if name in bases} - allowed:
            allowed |= more
        fresh = [
            function
            for function in there
            if function not in found and _simple(function) in mentioned and _owner(function, bases) in {"", *allowed}
        ]
        if not fresh:
            return sorted(found, key=lambda function: function.line)
        found += fresh


def _simple(function: Function) -> str:
    return function.name.rpartition("::")[2]


def _owner(function: Function, bases: dict[str, str]) -> str:
    """Return the class of a method, as far as it can be told from a namespace; empty for a plain function."""
    owner = function.name.rpartition("::")[0].rpartition("::")[2]
    return owner if owner in bases or owner in bases.values() or owner[:1].isupper() else ""
