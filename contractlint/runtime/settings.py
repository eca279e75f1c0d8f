"""How entry points are armed, and the environment variables that carry it to other processes."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

MODE = "CONTRACTLINT_MODE"
CHECKS = "CONTRACTLINT_CHECKS"
TRACE = "CONTRACTLINT_TRACE"
REQUIRE = "CONTRACTLINT_REQUIRE"
CONTRACTS = "CONTRACTLINT_CONTRACTS"
STATUS = (
    "CONTRACTLINT_STATUS"  # a folder in which each process says what it armed; `contractlint run` sets and reads it
)

DEFAULT_TRACE = "contractlint-trace"


class Mode(str, Enum):
    """What an armed entry point does with a call."""

    ASSERT = "assert"
    WARN = "warn"
    RECORD = "record"
    OFF = "off"


class Checks(str, Enum):
    """What a call is held against: dtypes alone, or every clause that metadata can show."""

    DTYPE = "dtype"
    ALL = "all"


class SettingsError(ValueError):
    """A setting has a value that means nothing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to arm. `trace` is the folder for traces: in mode record always, in the others where it is named."""

    mode: Mode = Mode.ASSERT
    checks: Checks = Checks.ALL
    trace: str = ""
    require: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()

    @staticmethod
    def make(
        mode: str | Mode = Mode.ASSERT,
        checks: str | Checks = Checks.ALL,
        trace: str | os.PathLike[str] = "",
        require: tuple[str, ...] = (),
        contracts: tuple[str, ...] = (),
    ) -> Settings:
        """Settings from words. Raises SettingsError for words that mean nothing."""
        chosen = _word(Mode, mode, "mode")
        folder = os.fspath(trace) or (DEFAULT_TRACE if chosen is Mode.RECORD else "")
        return Settings(
            chosen, _word(Checks, checks, "checks"), os.path.abspath(folder) if folder else "", require, contracts
        )

    @staticmethod
    def from_environment(environment: Mapping[str, str]) -> Settings | None:
        """The settings that the environment carries, None where it carries none. Raises SettingsError."""
        mode = environment.get(MODE, "")
        if not mode:
            return None
        return Settings.make(
            mode,
            environment.get(CHECKS) or Checks.ALL,
            environment.get(TRACE, ""),
            _listed(environment.get(REQUIRE, ""), ","),
            _listed(environment.get(CONTRACTS, ""), os.pathsep),
        )

    def to_environment(self, environment: MutableMapping[str, str]) -> None:
        """Write the settings where child processes find them."""
        values = {
            MODE: self.mode.value,
            CHECKS: self.checks.value,
            TRACE: self.trace,
            REQUIRE: ",".join(self.require),
            CONTRACTS: os.pathsep.join(os.path.abspath(folder) for folder in self.contracts),
        }
        for name, value in values.items():
            if value:
                environment[name] = value
            else:
                environment.pop(name, None)


_Words = TypeVar("_Words", Mode, Checks)

VARIABLES = (MODE, CHECKS, TRACE, REQUIRE, CONTRACTS)


def _listed(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def _word(kind: type[_Words], word: str | _Words, name: str) -> _Words:
    try:
        return kind(word)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise SettingsError(f"{name} {word!r} means nothing; write one of {known}") from None
