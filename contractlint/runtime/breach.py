"""What a breach says: the same blocks as a finding of the static pass, for one call that is about to happen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contractlint.clauses import Judgement, Outcome
from contractlint.clauses.words import message
from contractlint.model.contract import Aspect, Clause, Effect
from contractlint.model.finding import Finding, Place, Report, Severity, Verdict
from contractlint.model.words import conditions, one_of, requirement
from contractlint.runtime.callsite import CallSite


class ContractBreach(Exception):
    """A call breaks a contract of the kernel library. Raised before the kernel is called; `findings` hold each breach."""

    def __init__(self, message: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message, findings)
        self.message = message
        self.findings = findings

    def __str__(self) -> str:
        return self.message


class ContractWarning(UserWarning):
    """A call breaks a contract of the kernel library, or passes what has no effect."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is called: for messages."""

    entry_point: str
    library: str
    release: str
    distribution: str = ""  # the library's name on the package index
    known_as: str = ""  # the release whose contracts are used, where the installed one has none

    @property
    def spoken(self) -> str:
        return f"{self.library} {self.release}".strip()


# Rule codes of the static pass, by aspect: a breach at run time is the same finding.
RULES: dict[Aspect, tuple[str, str]] = {
    Aspect.DTYPE: ("CL101", "argument-dtype"),
    Aspect.PRESENCE: ("CL202", "missing-argument"),
    Aspect.VALUE: ("CL401", "argument-value"),
    Aspect.LAYOUT: ("CL501", "argument-layout"),
    Aspect.SHAPE: ("CL501", "argument-layout"),
    Aspect.DEVICE: ("CL501", "argument-layout"),
    Aspect.ALLOCATION: ("CL601", "uninitialised-memory"),
    Aspect.SIZE: ("CL602", "memory-too-small"),
}

_CONSEQUENCE = {
    Effect.SILENT: "nothing is raised; the kernel computes with misread values",
    Effect.FAULT: "the kernel can access memory outside the tensor",
    Effect.RAISES: "the call raises",
    Effect.SLOW: "the call is slow",
}


def findings(
    judgements: Iterable[Judgement], subject: Subject, site: CallSite, *, portable: bool = False
) -> tuple[Finding, ...]:
    """A finding for each broken clause, and a warning for each argument that is passed in vain."""
    return tuple(_finding(one, subject, site, portable) for one in judgements)


def render(found: Iterable[Finding]) -> str:
    """The findings as text, as `contractlint check` prints them."""
    from contractlint.report.full import render_findings
    from contractlint.report.view import View

    return "\n" + render_findings(View(Report(), read=_read), tuple(found)).rstrip()


def _read(name: str) -> bytes:
    with open(name, "rb") as file:
        return file.read()


def _finding(one: Judgement, subject: Subject, site: CallSite, portable: bool) -> Finding:
    clause, frame = one.clause, site.frame
    code, rule = RULES[clause.aspect]
    mild = one.outcome is Outcome.IGNORED or clause.effect is Effect.SLOW
    place = Place(frame.file if portable else frame.path, frame.line, frame.column, frame.end_line, frame.end_column)
    when = f", when {conditions(clause)}" if clause.when else ""
    notes = [clause.note] if clause.note else []
    if clause.documented:
        notes.append(f"the library's documentation says: {clause.documented}")
    if subject.known_as:
        notes.append(f"contracts know no {subject.spoken}; those of {subject.known_as} were used")
    return Finding(
        code=code,
        rule=rule,
        severity=Severity.WARNING if mild else Severity.ERROR,
        verdict=Verdict.VIOLATED,
        place=place,
        function=frame.function,
        entry_point=subject.entry_point,
        parameter=clause.parameter,
        release=subject.release,
        effect=clause.effect.value,
        message=message(one, subject.entry_point, subject.spoken),
        remedy=_remedy(one),
        evidence=clause.evidence,
        contract=f"{clause.parameter}: {requirement(clause)}{when}  [{clause.releases or 'every release'}]",
        consequence=clause.consequence or _CONSEQUENCE[clause.effect],
        notes=tuple(notes),
    )


def _remedy(one: Judgement) -> str:
    clause = one.clause
    name = clause.parameter
    if one.outcome is Outcome.IGNORED:
        return f"leave `{name}` out, or use what it was meant to do elsewhere"
    if clause.aspect is Aspect.DTYPE:
        wanted = sorted(clause.dtypes)
        if len(wanted) == 1:
            return f"cast it before the call: `{name}.to(torch.{wanted[0]})`"
        return f"pass `{name}` as {one_of(wanted) if wanted else f'the dtype of `{clause.same_as}`'}"
    if clause.aspect is Aspect.DEVICE:
        return f"move it before the call: `{name}.to({clause.same_as}.device)`"
    return f"pass `{name}` as the contract says" + _HOW.get(_how(clause), "")


def _how(clause: Clause) -> str:
    return "contiguous" if clause.layout == "contiguous" else ""


_HOW = {"contiguous": ", for example with `.contiguous()`"}
