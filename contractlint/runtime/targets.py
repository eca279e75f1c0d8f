"""Which functions stand behind the entry points of a contract, in the modules that are loaded now."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from dataclasses import dataclass
from typing import Any

_VARIADIC = 0x04 | 0x08


@dataclass(frozen=True, slots=True)
class Found:
    """What a name leads to: a function, or the reason why there is none. `pending`: its module is not loaded yet."""

    function: Any = None  # a types.FunctionType
    reason: str = ""
    pending: bool = False


def find(name: str) -> Found:
    """Look a dotted name up among loaded modules. Nothing is imported, and no lazy attribute is woken."""
    parts = name.split(".")
    for depth in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:depth]))
        if module is not None:
            return _inside(module, parts[depth:], ".".join(parts[:depth]))
    return Found(reason=f"{parts[0]} is not imported", pending=True)


def _inside(module: types.ModuleType, path: list[str], spelled: str) -> Found:
    found: object = module
    for part in path:
        space = vars(found) if isinstance(found, types.ModuleType) else None
        if space is not None:
            if part not in space:
                missing = f"{spelled} has no {part} here" if part == path[-1] else f"{spelled}.{part} is not loaded"
                return Found(reason=missing, pending=True)
            found = space[part]
        elif isinstance(found, type):
            owner = next((cls for cls in found.__mro__ if part in vars(cls)), None)
            if owner is None:
                return Found(reason=f"class {found.__name__} has no {part}")
            found = vars(owner)[part]
        else:
            return Found(reason=f"{spelled} is a {type(found).__name__}, which has no parts")
        spelled = f"{spelled}.{part}"
    return function_in(found)


def function_in(found: object) -> Found:
    """The function that runs when an object is called, where that is a Python function."""
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    if isinstance(found, type):
        found = vars(found).get("__init__")
    if isinstance(found, functools.partial):
        return Found(reason="it is a functools.partial")
    if isinstance(found, types.FunctionType):
        return Found(found)
    if isinstance(found, types.ModuleType):
        return Found(reason="a module of this name hides it")
    if hasattr(found, "cache_info"):
        return Found(reason="it is a functools.cache, which answers known calls itself")
    return Found(reason=f"it is a {type(found).__name__}, not a Python function")


def parameters_of(function: types.FunctionType) -> tuple[inspect.Parameter, ...]:
    """The parameters as callers see them: those of the innermost function that a decorator names."""
    return tuple(inspect.signature(function).parameters.values())


def forwards(function: types.FunctionType) -> bool:
    """Whether a function takes only `*args, **kwargs`, and stands for another that says what it takes."""
    code = function.__code__
    return code.co_argcount == 0 and code.co_flags & _VARIADIC == _VARIADIC and hasattr(function, "__wrapped__")
