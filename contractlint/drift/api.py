"""Read the public callables of a wheel, without importing it.

`read_package(wheel)` parses every module, follows re-exports, and returns each function, constructor and method
under all the import paths that lead to it. Decorators are ignored, with one exception: those that add keywords.
"""

from __future__ import annotations

import ast
import gc
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from contractlint.drift.public import is_public
from contractlint.drift.wheel import Wheel

# Decorator name → keyword-only parameters that it adds to whatever it wraps.
ADDED_KEYWORDS = {"backend_requirement": ("skip_check: bool = False",)}

# The decorator that marks a function as public, and how deep in the package to look for functions without it.
API_DECORATOR = "flashinfer_api"
DEPTH = 2

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(slots=True)
class Callable_:
    """One function, method or constructor: its signature as text, where it stands, the paths that lead to it."""

    signature: str
    at: str
    api: bool = False
    doc: str = ""
    names: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Module:
    """The top-level bindings of one module."""

    name: str
    path: str
    is_package: bool
    definitions: dict[str, Definition] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    exported: list[str] | None = None


class Modules:
    """The modules of a package. Those deep inside are only parsed when a re-export leads to them."""

    def __init__(self, wheel: Wheel, skip: tuple[str, ...]) -> None:
        self._wheel = wheel
        self._package = wheel.package
        self._paths: dict[str, str] = {}
        self._parsed: dict[str, Module | None] = {}
        self.first: list[str] = []
        for file in wheel.names:
            relative = PurePosixPath(file).relative_to(wheel.package)
            if relative.suffix != ".py" or relative.parts[0] in skip or "tests" in relative.parts:
                continue
            parts = (wheel.package, *relative.with_suffix("").parts)
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            self._paths[name] = file
            shallow = len(relative.parts) <= DEPTH or relative.name == "__init__.py"
            if shallow or API_DECORATOR.encode() in (wheel.read(file) or b""):
                self.first.append(name)

    def get(self, name: str) -> Module | None:
        if name not in self._parsed:
            self._parsed[name] = self._parse(name) if name in self._paths else None
        return self._parsed[name]

    def definition(self, home: tuple[str, str]) -> Definition:
        module = self.get(home[0])
        assert module is not None
        return module.definitions[home[1]]

    def _parse(self, name: str) -> Module | None:
        path = self._paths[name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                tree = ast.parse(self._wheel.read(path) or b"")
            except (SyntaxError, ValueError):
                return None
        module = Module(name, path.removeprefix(f"{self._package}/"), path.endswith("/__init__.py"))
        _bind(tree.body, module, weak=False)
        return module


@lru_cache(maxsize=2)  # the two wheels of a comparison: several questions are asked of each
def read_public(wheel: Wheel) -> tuple[Callable_, ...]:
    """Return the callables of a wheel that other people call."""
    collecting = gc.isenabled()
    gc.disable()  # syntax trees are many objects without cycles: collecting them while they grow takes most of the time
    try:
        return tuple(entry for entry in read_package(wheel) if any(is_public(name, entry.api) for name in entry.names))
    finally:
        if collecting:
            gc.enable()


def read_package(wheel: Wheel, skip: tuple[str, ...] = ("data",)) -> list[Callable_]:
    """Return the callables of a wheel, ignoring the subfolders of its package named in `skip`."""
    modules = Modules(wheel, skip)
    paths: dict[tuple[str, str], set[str]] = {}
    for module in filter(None, map(modules.get, modules.first)):
        for name in _bound_names(module, modules, set()):
            home = _resolve(module.name, name, modules, set())
            if home is not None:
                paths.setdefault(home, set()).add(f"{module.name}.{name}")
    found: dict[tuple[str, str], Callable_] = {}
    for home in paths:
        definition = modules.definition(home)
        for suffix, owner, function in _callables(definition, home, modules, 0):
            key = (owner, f"{function.name}:{function.lineno}")
            entry = found.get(key)
            if entry is None:
                text = signature_text(function, method=bool(suffix))
                entry = found[key] = Callable_(text, f"{_path_of(modules, owner)}:{function.lineno}", _is_api(function))
                entry.doc = ast.get_docstring(function) or ""
            entry.names.update(path + suffix for path in paths[home])
            if suffix == ".__init__":
                entry.names.update(paths[home])
    return list(found.values())


def signature_text(function: ast.FunctionDef | ast.AsyncFunctionDef, *, method: bool) -> str:
    """Return `(a: T, b=1, *, c) -> R`, without `self`, and with the keywords that decorators add."""
    decorators = {_decorator_name(node) for node in function.decorator_list}
    arguments = function.args
    if method and "staticmethod" not in decorators:
        receivers = arguments.posonlyargs or arguments.args
        del receivers[:1]
    for decorator in sorted(decorators & ADDED_KEYWORDS.keys()):
        for text in ADDED_KEYWORDS[decorator]:
            extra = ast.parse(f"def f(*, {text}): ...").body[0]
            assert isinstance(extra, ast.FunctionDef)
            arguments.kwonlyargs += extra.args.kwonlyargs
            arguments.kw_defaults += extra.args.kw_defaults
    returns = f" -> {ast.unparse(function.returns)}" if function.returns is not None else ""
    return f"({ast.unparse(arguments)}){returns}"


def _path_of(modules: Modules, name: str) -> str:
    module = modules.get(name)
    return module.path if module is not None else ""


def _bind(body: list[ast.stmt], module: Module, *, weak: bool) -> None:
    """Record what statements bind at the top level; `weak` bindings (fallbacks) never replace others."""
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                if any(_decorator_name(node) == "overload" for node in statement.decorator_list):
                    continue
                if not (weak and _is_bound(module, statement.name)):
                    module.imports.pop(statement.name, None)
                    module.definitions[statement.name] = statement
            case ast.ImportFrom():
                _bind_import(statement, module, weak=weak)
            case ast.If():
                if "TYPE_CHECKING" not in ast.unparse(statement.test):
                    _bind(statement.body, module, weak=weak)
                    _bind(statement.orelse, module, weak=True)
            case ast.With():
                _bind(statement.body, module, weak=weak)
            case ast.Try():
                _bind(statement.body, module, weak=weak)
                for handler in statement.handlers:
                    _bind(handler.body, module, weak=True)
                _bind(statement.orelse + statement.finalbody, module, weak=weak)
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Name(id=source)):
                if source in module.definitions:
                    module.definitions[target] = module.definitions[source]
                elif source in module.imports:
                    module.imports[target] = module.imports[source]
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List() as value):
                module.exported = [
                    e.value for e in value.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)
                ]


def _bind_import(statement: ast.ImportFrom, module: Module, *, weak: bool) -> None:
    parts = module.name.split(".")
    if statement.level:
        keep = len(parts) - statement.level + (1 if module.is_package else 0)
        source = ".".join(parts[:keep] + ([statement.module] if statement.module else []))
    else:
        source = statement.module or ""
    for alias in statement.names:
        if alias.name == "*":
            module.stars.append(source)
            continue
        bound = alias.asname or alias.name
        if weak and _is_bound(module, bound):
            continue
        module.definitions.pop(bound, None)
        module.imports[bound] = (source, alias.name)


def _is_bound(module: Module, name: str) -> bool:
    return name in module.definitions or name in module.imports


def _bound_names(module: Module, modules: Modules, seen: set[str]) -> set[str]:
    if module.name in seen:
        return set()
    seen.add(module.name)
    names = set(module.definitions) | set(module.imports)
    for star in module.stars:
        source = modules.get(star)
        if source is not None:
            exported = source.exported
            names.update(
                exported
                if exported is not None
                else (n for n in _bound_names(source, modules, seen) if not n.startswith("_"))
            )
    return {name for name in names if not name.startswith("_")}


def _resolve(module: str, name: str, modules: Modules, seen: set[tuple[str, str]]) -> tuple[str, str] | None:
    """Follow re-exports of `module.name` to the module and name of its definition, inside the package only."""
    here = modules.get(module)
    if (module, name) in seen or here is None:
        return None
    seen.add((module, name))
    if name in here.definitions:
        return module, name
    if name in here.imports:
        return _resolve(*here.imports[name], modules, seen)
    for star in here.stars:
        found = _resolve(star, name, modules, seen)
        if found is not None:
            return found
    return None


def _callables(
    definition: Definition, home: tuple[str, str], modules: Modules, depth: int
) -> Iterator[tuple[str, str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield (suffix, defining module, function): a function itself, or the public methods of a class, inherited too."""
    if not isinstance(definition, ast.ClassDef):
        yield "", home[0], definition
        return
    own: set[str] = set()
    for statement in definition.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            hidden = statement.name.startswith("_") and statement.name not in ("__init__", "__call__")
            decorators = {_decorator_name(node) for node in statement.decorator_list}
            own.add(statement.name)
            if not hidden and not decorators & {"property", "setter", "overload"}:
                yield f".{statement.name}", home[0], statement
    for base in definition.bases if depth < 4 else ():
        if isinstance(base, ast.Name):
            parent = _resolve(home[0], base.id, modules, set())
            if parent is not None and isinstance(modules.definition(parent), ast.ClassDef):
                for suffix, owner, function in _callables(modules.definition(parent), parent, modules, depth + 1):
                    if suffix[1:] not in own:
                        own.add(suffix[1:])
                        yield suffix, owner, function


def _is_api(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(_decorator_name(node) == API_DECORATOR for node in function.decorator_list)


def _decorator_name(node: ast.expr) -> str:
    while isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
