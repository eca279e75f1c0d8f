"""One function under contract, with its own code or with a checker's."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass

from contractlint.runtime.breach import Subject
from contractlint.runtime.generate import Subject as Shape
from contractlint.runtime.generate import Writer
from contractlint.runtime.judge import Judge
from contractlint.runtime.library import Installed
from contractlint.runtime.settings import Settings
from contractlint.runtime.targets import forwards, parameters_of
from contractlint.swap import compile_like, swapped


@dataclass(frozen=True, slots=True)
class Contracted:
    """A function as checkers see it, and as messages speak of it."""

    shape: Shape
    spoken: Subject


def subject_of(number: int, name: str, function: types.FunctionType, found: Installed) -> Contracted:
    """What is known of a function under contract. Raises TypeError or ValueError when its signature cannot be read."""
    parameters = parameters_of(function)
    names = {parameter.name for parameter in parameters}
    clauses = tuple(
        clause for clause in found.view.clauses(name) if clause.forbids and clause.parameter.partition("[")[0] in names
    )
    enums = {}
    for parameter in names:
        enum = found.view.enum_of(parameter)
        if enum is not None and enum in found.view.enums:
            enums[parameter] = found.view.enums[enum]
    shape = Shape(number, parameters, clauses, enums, forwards(function))
    return Contracted(shape, Subject(name, found.package, found.release, found.library, found.known_as))


class Armed:
    """A function whose code is exchanged as settings come and go; what was compiled once is kept."""

    def __init__(self, function: types.FunctionType, subject: Contracted) -> None:
        self.subject = subject
        self._swapped = swapped(function)
        self._compiled: dict[Settings, tuple[types.CodeType, Mapping[str, object]]] = {}
        self._now: Settings | None = None

    def arm(self, settings: Settings, judge: Judge) -> None:
        """Run the checker that these settings ask for."""
        if self._now == settings:
            return
        if settings not in self._compiled:
            assert judge.hooks_made is not None
            writer = Writer(self.subject.shape, settings, judge.hooks_made, self._swapped.original)
            code = compile_like(self._swapped.code, writer.source(self._swapped.code))
            self._compiled[settings] = (code, writer.names)
        self._swapped.replace(*self._compiled[settings])
        self._now = settings

    def disarm(self) -> None:
        """Run the function's own code."""
        if self._now is not None:
            self._swapped.restore()
            self._now = None
