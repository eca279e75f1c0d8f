"""One module of an engine, run as it was published, with the rest of the engine left out.

The module itself is the engine's own file. What it imports of the engine is replaced by empty classes, which is enough
for the code between an apply method and the kernel; a test fails where it is not.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any


class _Empty(type):
    """A class that has every attribute: its name. Subclasses, unions, calls and comparisons work as for any class."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return f"{cls.__name__}.{name}"


class _EmptyModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _Empty(name, (), {"__init__": lambda self, *args, **kwargs: None})
        setattr(self, name, made)
        return made


class _Engine(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the wanted modules in the engine's sources, and answers for all others of the engine."""

    def __init__(self, root: Path, wanted: tuple[str, ...], instead: dict[str, Any]) -> None:
        self.root, self.wanted, self.instead = root, wanted, instead
        self.package = wanted[0].partition(".")[0]

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] != self.package:
            return None
        if name in self.wanted:
            file = self.root.joinpath(*name.split(".")).with_suffix(".py")
            return importlib.util.spec_from_file_location(name, file)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = _EmptyModule(spec.name)
        for name, value in self.instead.items():
            owner, _, last = name.rpartition(".")
            if owner == spec.name:
                setattr(module, last, value)
        return module

    def exec_module(self, module: ModuleType) -> None:
        return None


@contextmanager
def engine_module(root: Path, name: str, instead: dict[str, Any] | None = None) -> Iterator[ModuleType]:
    """Import one module of an engine from its sources; `instead` gives values for names that it imports."""
    finder = _Engine(root, (name,), instead or {})
    sys.meta_path.insert(0, finder)
    try:
        yield importlib.import_module(name)
    finally:
        sys.meta_path.remove(finder)
        for loaded in [m for m in sys.modules if m.partition(".")[0] == finder.package]:
            del sys.modules[loaded]
