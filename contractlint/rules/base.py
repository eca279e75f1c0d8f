"""What every rule is made of."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contractlint.flow.nodes import render
from contractlint.flow.values import Alt
from contractlint.judge.dtype import DtypeJudgement
from contractlint.judge.site import JudgedSite
from contractlint.model import words
from contractlint.model.contract import Clause, Evidence, EvidenceKind
from contractlint.model.finding import Finding, Place, Severity, Step, Verdict
from contractlint.model.words import spoken

if TYPE_CHECKING:
    from contractlint.catalog import ReleaseView
    from contractlint.flow.evaluate import Flow

_EXPRESSION = re.compile(r"(?!None\b)[A-Za-z_][\w.]{0,59}")


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule looks at: one call site under one release, its judgements, and those of all sites of that release."""

    site: JudgedSite
    judgements: dict[str, DtypeJudgement]
    twins: tuple[tuple[JudgedSite, dict[str, DtypeJudgement]], ...]
    strict: bool
    pedantic: bool
    library: str
    sites: tuple[JudgedSite, ...] = ()  # all of the project under this release, judged or not

    def finding(
        self,
        code: str,
        rule: str,
        parameter: str,
        severity: Severity,
        *,
        certain: bool,
        message: str,
        remedy: str,
        clause: Clause | None = None,
        effect: str = "",
        paths: tuple[tuple[Step, ...], ...] = (),
        evidence: tuple[Evidence, ...] | None = None,
        contract: str = "",
        consequence: str = "",
        notes: tuple[str, ...] | None = None,
    ) -> Finding:
        """A finding about this call, placed there; placing moves it to the argument later. What is not given, the clause says."""
        site = self.site.site
        if clause is not None:
            effect, contract = clause.effect.value, words.contract(clause)
            consequence = consequence or clause.consequence
            evidence = nearest_first(clause.evidence, self.site.release) if evidence is None else evidence
            notes = ((clause.note,) if clause.note else ()) if notes is None else notes
        return Finding(
            code=code,
            rule=rule,
            severity=severity,
            verdict=Verdict.VIOLATED if certain else Verdict.UNPROVEN,
            place=Place(site.file, site.line, site.column),
            function=site.fn.qualname,
            entry_point=site.entry_point,
            parameter=parameter,
            release=self.site.release,
            effect=effect,
            message=message,
            remedy=remedy,
            paths=paths,
            evidence=evidence or (),
            contract=contract,
            consequence=consequence,
            notes=notes or (),
        )

    def argument(self, parameter: str) -> str:
        """What the call passes for a parameter, as the code spells it where that is short; else the parameter's name."""
        node = self.site.bound.arguments.get(parameter) if self.site.signature is not None else None
        text = render(node) if node is not None else ""
        return text if _EXPRESSION.fullmatch(text) else parameter

    @property
    def name(self) -> str:
        """The library and release as they stand in a sentence: `flashinfer 0.6.7`."""
        return spoken(self.library, self.site.release)


@dataclass(frozen=True, slots=True)
class ProjectContext:
    """What a rule about the project as a whole looks at, under one release."""

    flow: Flow
    view: ReleaseView
    library: str

    @property
    def name(self) -> str:
        return spoken(self.library, self.view.release)

    def parameters_of(self, enum: str) -> tuple[str, ...]:
        """The parameters of entry points that hold a member of an enumeration."""
        return self.view.parameters_of(enum)


def nothing(_: object) -> Iterator[Finding]:
    """What a rule says that looks at something else."""
    return iter(())


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """One rule. `doc` is its page; `check` yields its findings for a call, `check_project` those for the whole."""

    code: str
    name: str
    summary: str
    doc: str
    check: Callable[[Context], Iterator[Finding]]
    check_project: Callable[[ProjectContext], Iterator[Finding]] = nothing


def rule(code: str, name: str, summary: str, check: Callable[[Context], Iterator[Finding]], doc: str) -> RuleInfo:
    """Make a rule; the page is the docstring of its module."""
    return RuleInfo(code, name, summary, inspect.cleandoc(doc), check)


def project_rule(
    code: str, name: str, summary: str, check: Callable[[ProjectContext], Iterator[Finding]], doc: str
) -> RuleInfo:
    """Make a rule about the project as a whole."""
    return RuleInfo(code, name, summary, inspect.cleandoc(doc), nothing, check)


def way(context: Context, parameter: str, alt: Alt) -> tuple[Step, ...]:
    """The steps of one value up to the call, each with its conditions once."""
    site = context.site.site
    last = Step(site.file, site.line, f"passed to `{context.site.short_name}` as `{parameter}`", alt.pending)
    return tuple(step._replace(condition=tuple(dict.fromkeys(step.condition))) for step in (*alt.steps, last))


def nearest_first(evidence: tuple[Evidence, ...], release: str) -> tuple[Evidence, ...]:
    """Evidence of the judged release, then what holds for all alike (issues, kernel runs), then that of other releases."""

    def rank(item: Evidence) -> int:
        if item.release == release:
            return 0
        return 1 if item.kind in (EvidenceKind.ISSUE, EvidenceKind.KERNEL_RUN) else 2

    return tuple(sorted(evidence, key=rank))
