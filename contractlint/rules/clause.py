"""What the findings about broken clauses on presence, value and allocation share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contractlint.judge.clauses import SHAKY, Break, judge
from contractlint.model.contract import Aspect
from contractlint.model.finding import Finding, Severity
from contractlint.rules.base import Context, way

Message = Callable[[Context, str, list[Break]], str]
Remedy = Callable[[str, list[Break]], str]


def clause_findings(
    context: Context, code: str, name: str, aspect: Aspect, message: Message, remedy: Remedy
) -> Iterator[Finding]:
    """One finding for each clause on this aspect that some value can break."""
    site = context.site
    if site.signature is None:
        return
    for parameter in site.parameters:
        judgement = judge(site, parameter.name, aspect)
        if judgement is None:
            continue
        found = [each for each in judgement.breaks if not each.vague or context.strict or context.pedantic]
        for clause in {id(each.clause): each.clause for each in found}.values():
            here = [each for each in found if each.clause is clause]
            certain = [each for each in here if each.certain]
            telling = [each for each in here if each.telling]
            harmless = clause.effect in SHAKY and not telling
            if not certain and harmless and not context.pedantic:
                continue
            severity = Severity.ERROR if certain else _doubtful(context, harmless)
            shown = sorted(certain or telling or here, key=lambda each: (len(each.alt.steps), each.what))
            doubt = "" if certain else f"; {shown[0].doubt}"
            yield context.finding(
                code,
                name,
                parameter.name,
                severity,
                certain=bool(certain),
                clause=clause,
                message=message(context, parameter.name, shown) + doubt,
                remedy=remedy(parameter.name, shown),
                paths=tuple(way(context, parameter.name, each.alt) for each in shown if each.alt.steps),
            )


def made_at(found: list[Break]) -> str:
    """` at file:line`, where the first value was made; empty where that is not known."""
    origin = found[0].alt.steps[0] if found[0].alt.steps else None
    return f" at {origin.file}:{origin.line}" if origin is not None else ""


def _doubtful(context: Context, harmless: bool) -> Severity:
    if harmless:
        return Severity.NOTE
    return Severity.ERROR if context.strict else Severity.WARNING
