"""What every renderer is given: a report, and how to show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from contractlint.model.contract import Aspect
from contractlint.model.finding import Finding, Report, Severity, Verdict

DTYPE = Aspect.DTYPE.value
SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def _no_source(name: str) -> bytes:
    raise FileNotFoundError(name)


@dataclass(frozen=True, slots=True)
class View:
    """A report and how to show it.

    `subject` names what was checked; `prefix` goes before file names so that they hold from the working directory,
    which is `inside` the root where that is set; `focus` is how many files were asked for, of a project judged whole.
    """

    report: Report
    read: Callable[[str], bytes] = _no_source
    subject: str = ""
    prefix: str = ""
    inside: str = ""
    color: bool = False
    focus: int = 0
    pedantic: bool = False

    def name(self, file: str) -> str:
        """A file's name as shown to people."""
        if self.inside and file.startswith(self.inside):
            return file[len(self.inside) :]
        return f"{self.prefix}{file}"

    def active(self) -> list[Finding]:
        """Findings that are not suppressed, in the report's order."""
        return [finding for finding in self.report.findings if not finding.suppressed]

    def line(self, file: str, number: int) -> str | None:
        """One line of a source file, without its end; None when it cannot be read."""
        try:
            lines = self.read(file).decode("utf-8", "replace").splitlines()
        except OSError:
            return None
        return lines[number - 1] if 0 < number <= len(lines) else None


def severity_counts(findings: list[Finding]) -> dict[str, int]:
    """How many findings of each severity, all severities named."""
    counts = Counter(finding.severity for finding in findings)
    return {severity.value: counts[severity] for severity in SEVERITIES}


def argument_counts(report: Report, aspect: str = DTYPE) -> dict[str, int]:
    """How many arguments have each verdict on one aspect, their dtype where no other is named; all verdicts named."""
    counts = Counter(row.verdict for row in report.arguments if row.aspect == aspect)
    return {verdict.value: counts[verdict] for verdict in Verdict}


def aspect_counts(report: Report) -> dict[str, dict[str, int]]:
    """The same for every other aspect that was judged."""
    aspects = sorted({row.aspect for row in report.arguments} - {DTYPE})
    return {aspect: argument_counts(report, aspect) for aspect in aspects}


def plural(count: int, noun: str) -> str:
    """`1 file`, `2 files`, `2 processes`."""
    ending = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}{ending}"


def listing(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
