"""What can be wrong with contract files, and with what is asked of a catalog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class ContractProblem:
    """One mistake in one contract file: where it stands, what is wrong, how to mend it."""

    file: str
    line: int
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}: {self.message}"
        return f"{text}; {self.remedy}" if self.remedy else text


class ContractErrors(Exception):
    """Every problem of every contract file that was read, ordered by file and line."""

    def __init__(self, problems: Iterable[ContractProblem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownLibrary(LookupError):
    """No contract file speaks about the library that was asked for."""


class UnknownRelease(LookupError):
    """The release that was asked for is not in the library's list."""


class Problems:
    """Collects problems of one file; `at` finds the line of a key path."""

    def __init__(self, file: str, lines: dict[tuple[str | int, ...], int], sink: list[ContractProblem]) -> None:
        self.file = file
        self._lines = lines
        self._sink = sink

    def line(self, path: tuple[str | int, ...]) -> int:
        """Return the line of the key at `path`, or of its nearest parent that has one."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return 1

    def add(self, path: tuple[str | int, ...], message: str, remedy: str = "") -> None:
        self._sink.append(ContractProblem(self.file, self.line(path), message, remedy))
