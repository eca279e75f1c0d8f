"""What the findings about values that are not passed on share."""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.judge.conditions import Holds
from contractlint.judge.forwarding import Omission, clause_of, is_moot, matters, omissions
from contractlint.model.contract import Clause, Effect
from contractlint.model.finding import Finding, Severity, Step
from contractlint.model.words import conditions
from contractlint.rules.base import Context


def gaps(context: Context) -> Iterator[tuple[Omission, Clause | None]]:
    """Every place where a parameter of the call, or of a wrapper around it, goes without the value."""
    site = context.site
    if site.signature is None or not site.flow.usable(site.site.fn):
        return
    for parameter in site.parameters:
        if parameter.kind.startswith("var"):
            continue
        clause = clause_of(site, parameter.name)
        if is_moot(site, parameter.name, clause):
            continue
        for gap in omissions(site, parameter.name, clause):
            yield gap, clause


def severity_of(clause: Clause | None, certain: bool) -> Severity:
    """How much it matters: slow is a note; what is silently wrong an error where the code itself shows it."""
    if clause is not None and clause.effect is Effect.SLOW:
        return Severity.NOTE
    return Severity.ERROR if certain and clause is not None else Severity.WARNING


def known_to_matter(context: Context, gap: Omission, clause: Clause | None) -> bool:
    """Whether the code shows the condition of a clause to hold, where it has one."""
    return clause is not None and matters(context.site, clause, gap.fn) in (Holds.YES, Holds.SOMETIMES)


def forwarding_finding(
    context: Context,
    code: str,
    name: str,
    gap: Omission,
    clause: Clause | None,
    severity: Severity,
    message: str,
    remedy: str,
) -> Finding:
    """A finding about a value that the caller has and the call does not pass on."""
    site = context.site
    path = []
    notes: tuple[str, ...] = ()
    if clause is not None and clause.when and not known_to_matter(context, gap, clause):
        notes = (
            f"it matters when {conditions(clause)}, which is not known here; an assertion would settle it",
            clause.note,
        )
    if (gap.fn, gap.line) != (site.site.fn, site.site.line):
        path = [
            Step(gap.fn.file, gap.line, f"`{gap.fn.qualname}` writes `{gap.literal}` for it"),
            Step(site.site.file, site.site.line, f"passed to `{site.short_name}` as `{gap.parameter}`"),
        ]
    return context.finding(
        code,
        name,
        gap.parameter,
        severity,
        certain=severity is Severity.ERROR,
        clause=clause,
        message=message,
        remedy=remedy,
        paths=(tuple(path),) if path else (),
        evidence=clause.evidence if clause is not None else site.signature.evidence if site.signature else (),
        contract=f"signature of {site.short_name}",
        consequence="" if clause is not None else "the kernel computes with its default",
        notes=tuple(filter(None, notes)),
    )
