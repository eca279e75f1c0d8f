"""The modules and classes of the stand-in, made from the names and signatures that the contracts know."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from enum import IntEnum
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import torch

from contractlint.catalog.catalog import ReleaseView
from contractlint.testing.callables import HANDLER, make_function

Handler = Callable[[str, Any, dict[str, Any]], Any]

# Where the library exports its enums, below its own name.
ENUM_HOMES = ("", "tllm_enums", "fused_moe", "fused_moe.core", "fp4_quantization", "quantization", "utils")


class StandinModule(ModuleType):
    """A module of the stand-in. What the contracts do not know is missing, and says so."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"the stand-in for {self.__dict__.get('_standin_release', self.__name__)} has no {self.__name__}.{name}: "
            "the contracts know no entry point of that name in this release"
        )


class Package:
    """All modules of one release of a library. `modules` is what goes into `sys.modules`."""

    def __init__(self, view: ReleaseView, package: str, handler: Handler, extras: dict[str, Any]) -> None:
        self.view = view
        self.name = package
        self.handler = handler
        self.modules: dict[str, StandinModule] = {}
        self._classes: dict[str, type] = {}
        self._module(package)
        self.enums = {name: IntEnum(name, dict(members)) for name, members in view.enums.items()}
        self._names = {"torch": torch, **self.enums}
        entries = list(view.entry_points)
        self._find_classes(entries)
        for entry in entries:  # an entry point's own name counts before other paths to it
            self._add_methods(entry, (entry,))
        for entry in entries:
            self._add_methods(entry, self._names_of(entry))
        for entry in entries:
            self._add_function(entry)
        for name, enum in self.enums.items():
            for home in ENUM_HOMES:
                self._set(f"{package}.{home}.{name}" if home else f"{package}.{name}", enum, keep=True)
        for name, value in extras.items():
            self._set(f"{package}.{name}", value)

    def _names_of(self, entry: str) -> tuple[str, ...]:
        return self.view.entry_points[entry].names

    def _find_classes(self, entries: list[str]) -> None:
        """Make each class once: paths at which one entry point is found under one class name are one class."""
        for entry in entries:
            paths: dict[str, list[str]] = {}
            for name in self._names_of(entry):
                owner = _class_of(name)
                if owner:
                    paths.setdefault(owner.rpartition(".")[2], []).append(owner)
            for same in paths.values():
                made = next((self._classes[path] for path in same if path in self._classes), None)
                made = made or self._class(same[0])
                for path in same:
                    if path not in self._classes:
                        self._classes[path] = made
                        self._set(path, made)

    def _add_methods(self, entry: str, paths: tuple[str, ...]) -> None:
        """Put a method, or the constructor, on every class that has it."""
        for path in paths:
            owner = _class_of(path)
            if owner:
                name = "__init__" if owner == path else path.rpartition(".")[2]
                cls = self._classes[owner]
                if name not in cls.__dict__:
                    setattr(cls, name, self._function(entry, name, cls.__module__, method=True))

    def _add_function(self, entry: str) -> None:
        made = None
        for path in self._names_of(entry):
            parts = path.split(".")
            if any(_capital(part) for part in parts):
                continue
            if made is None:
                made = self._function(entry, parts[-1], ".".join(parts[:-1]), method=False)
            self._set(path, made)

    def _function(self, entry: str, name: str, module: str, *, method: bool) -> Any:
        signature = self.view.signature(entry)
        if signature is None:
            raise KeyError(f"{entry} has no signature in {self.view.release}")
        function = make_function(entry, name, signature, vars(self._module(module)), self._names, method=method)
        function.__qualname__ = name
        function.__doc__ = f"Stand-in for `{entry}` of {self.view.library} {self.view.release}."
        return function

    def _class(self, path: str) -> type:
        module, _, name = path.rpartition(".")
        return type(name, (), {"__module__": module, "__doc__": f"Stand-in for `{path}`."})

    def _set(self, path: str, value: Any, *, keep: bool = False) -> None:
        module, _, name = path.rpartition(".")
        if module not in self.modules and keep:
            return
        namespace = vars(self._module(module))
        # A function wins over a submodule of its name, as in the library.
        if not keep or name not in namespace:
            namespace[name] = value

    def _module(self, name: str) -> StandinModule:
        if name in self.modules:
            return self.modules[name]
        module = StandinModule(name)
        module.__spec__ = ModuleSpec(name, None, is_package=True)
        module.__path__ = []
        # A path of its own, below which all functions are: tools that look for the caller skip the library's folder.
        root = f"/<stand-in {self.view.library} {self.view.release}>"
        module.__file__ = "/".join((root, *name.split("."), "__init__.py"))
        vars(module)["__version__"] = self.view.release
        vars(module)["_standin_release"] = f"{self.view.library} {self.view.release}"
        vars(module)[HANDLER] = self.handler
        self.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            vars(self._module(parent)).setdefault(last, module)
        return module


def _class_of(path: str) -> str:
    """Return the path of the class that a dotted path is, or is in; some methods are capital too, so the first one."""
    parts = path.split(".")
    return next((".".join(parts[: i + 1]) for i, part in enumerate(parts) if _capital(part)), "")


def _capital(name: str) -> bool:
    return name.lstrip("_")[:1].isupper()


def loaded(package: str) -> Iterator[str]:
    """The names under which a package and its modules are loaded now."""
    for name in list(sys.modules):
        if name == package or name.startswith(f"{package}."):
            yield name
