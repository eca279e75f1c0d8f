"""What a run reports: call sites, judged arguments, findings with the path of the value, and what was not checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

from contractlint.model.contract import Evidence


class Verdict(str, Enum):
    """The outcome for one argument under one clause."""

    VIOLATED = "violated"
    UNPROVEN = "unproven"
    PROVED = "proved"
    UNRESOLVED = "unresolved"


class Severity(str, Enum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """A span in a source file. Lines and columns start at 1; `file` is relative to the checked root, with `/`."""

    file: str
    line: int
    column: int = 1
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Step(NamedTuple):
    """One step of a value's path, origin first: where it happened and what happened there.

    `condition` holds the source text of tests under which the step is taken, outermost first.
    """

    file: str
    line: int
    what: str
    condition: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """The release that a run judges against, and where that choice came from (`option`, `pin`, `installed`).

    From `contracts` it is that of a library without releases: `*`.
    """

    library: str
    release: str
    origin: str
    place: str = ""  # for a pin: file:line of the requirement


@dataclass(frozen=True, slots=True)
class CallSiteRow:
    """One call site in the report.

    `unjudged` are aspects of its arguments, `("hidden_states", "shape")`, on which there are clauses and code shows nothing.
    """

    place: Place
    function: str
    entry_point: str
    release: str
    status: str  # "bound" or "unresolved"
    reason: str = ""
    unjudged: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ArgumentRow:
    """One judged argument in the report; a row for every clause aspect that was judged."""

    place: Place
    entry_point: str
    parameter: str
    release: str
    verdict: Verdict
    dtypes: tuple[str, ...] = ()
    reason: str = ""
    aspect: str = "dtype"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `message` states the fact, `remedy` what to do; `paths` explain how the value got there.

    `paths` are alternatives, each one origin first. `effect` is the Effect value of the clause, empty where none applies.
    """

    code: str
    rule: str
    severity: Severity
    verdict: Verdict
    place: Place
    function: str
    entry_point: str
    parameter: str
    release: str
    effect: str
    message: str
    remedy: str
    paths: tuple[tuple[Step, ...], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    contract: str = ""  # the clause in words, with its release range
    consequence: str = ""  # what happens, in words
    notes: tuple[str, ...] = ()
    call: Place | None = None  # the whole call; suppressions on any of its lines apply
    suppressed: bool = False
    suppression_reason: str = ""

    @property
    def fingerprint(self) -> str:
        """Stable under moved lines: rule, file, function, entry point, parameter, release and contract decide it."""
        parts = (
            self.code, self.place.file, self.function, self.entry_point, self.parameter, self.release, self.contract
        )  # fmt: skip
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def with_suppression(self, reason: str) -> Finding:
        return replace(self, suppressed=True, suppression_reason=reason)


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A file or call that could not be checked, and why."""

    file: str
    reason: str
    line: int = 0


@dataclass(slots=True)
class Report:
    """Everything one `check` run says."""

    targets: list[Target] = field(default_factory=list)
    call_sites: list[CallSiteRow] = field(default_factory=list)
    arguments: list[ArgumentRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    files: int = 0
    parsed: int = 0
    seconds: float = 0.0
    root: str = ""
    marked: tuple[str, ...] | None = (
        None  # the files that hold the mark that the caller asked for; None where nobody looked
    )
