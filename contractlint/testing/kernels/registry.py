"""The table of kernels of the stand-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contractlint.testing.call import Call

Compute = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Kernel:
    """What an entry point computes. `shapes` answers for meta tensors where `compute` needs values."""

    compute: Compute
    shapes: Compute | None = None


_TABLE: dict[str, Kernel] = {}


def kernel(*names: str, shapes: Compute | None = None) -> Callable[[Compute], Compute]:
    """Register a function as what these entry points compute."""

    def register(compute: Compute) -> Compute:
        for name in names:
            if name in _TABLE:
                raise ValueError(f"{name} is computed twice")
            _TABLE[name] = Kernel(compute, shapes)
        return compute

    return register


def find(name: str) -> Kernel | None:
    """Return the kernel of an entry point, by its name below the library's own."""
    return _TABLE.get(name)
