"""What the findings about signatures share."""

from __future__ import annotations

from contractlint.model.contract import Evidence
from contractlint.model.finding import Finding, Severity
from contractlint.rules.base import Context, nearest_first


def signature_finding(
    context: Context,
    code: str,
    name: str,
    parameter: str,
    message: str,
    remedy: str,
    *,
    evidence: tuple[Evidence, ...] | None = None,
    consequence: str = "the call raises TypeError",
    effect: str = "raises",
    certain: bool = True,
) -> Finding:
    """A finding about how a call fits the signature of the release; a warning where it does not always come to that."""
    site = context.site
    if evidence is None:
        evidence = site.signature.evidence if site.signature is not None else ()
    releases = site.signature.releases if site.signature is not None else ""
    return context.finding(
        code,
        name,
        parameter,
        Severity.ERROR if certain else Severity.WARNING,
        certain=certain,
        effect=effect,
        message=message,
        remedy=remedy,
        evidence=nearest_first(evidence, site.release),
        contract=f"signature of {site.short_name}" + (f" ({releases})" if releases else ""),
        consequence=consequence,
    )
