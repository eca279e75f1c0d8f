"""One call of an entry point of the stand-in, as its implementation sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from contractlint.catalog.catalog import ReleaseView


@dataclass(frozen=True, slots=True)
class Settings:
    """How a stand-in behaves.

    Args:
        misread: read memory as the kernels do where a contract is broken silently.
        checks: raise where the library itself would.
        capability: the compute capability that the stand-in pretends to run on.
    """

    misread: bool = False
    checks: bool = True
    capability: tuple[int, int] = (10, 0)


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of a call by name, with defaults filled in; an attribute gives one of them.

    A parameter that the release does not have is None, so that one implementation serves all releases.
    """

    entry_point: str
    view: ReleaseView
    settings: Settings
    arguments: dict[str, Any]
    owner: Any = None  # the object whose method is called

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.arguments.get(name)

    def get(self, name: str, default: Any) -> Any:
        """Return an argument, or `default` when it is None or the release has no such parameter."""
        value = self.arguments.get(name)
        return default if value is None else value

    def member(self, parameter: str, enum: str, default: str) -> str:
        """Return the name of the enum member that an argument holds, `default` without the argument.

        Raises ValueError when the release's enum has no such member.
        """
        value = self.arguments.get(parameter)
        if value is None:
            return default
        members = self.view.enums.get(enum, {})
        for name, number in members.items():
            if number == int(value):
                return name
        raise ValueError(f"{parameter}={value!r} is no member of {enum} in {self.view.library} {self.view.release}")

    def tensors(self) -> Iterator[Tensor]:
        """Every tensor among the arguments, also those in tuples and lists."""
        for value in self.arguments.values():
            yield from _tensors(value)

    @property
    def on_meta(self) -> bool:
        """Whether a tensor has no data, so that only shapes and dtypes can be computed."""
        return any(tensor.device.type == "meta" for tensor in self.tensors())


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _tensors(item)


def into(output: Tensor | None, result: Tensor) -> Tensor:
    """Write a result where the caller wants it (keeping what the caller's tensor is), or return it as it is."""
    if output is None:
        return result
    if output.device.type != "meta":
        output.copy_(result)
    return output
