"""Shows a report: for people (`full`, `concise`), for GitHub's annotations, and for programs (`json`, `sarif`).

Renderers know nothing of rules: what a finding says is in the finding.
"""

from __future__ import annotations

from contractlint.report.view import View

__all__ = ["FORMATS", "View", "render"]

FORMATS = ("full", "concise", "github", "json", "sarif")


def render(view: View, output_format: str) -> str:
    """The whole report as text, ending in a newline."""
    if output_format == "json":
        from contractlint.report.as_json import render_json

        return render_json(view)
    if output_format == "sarif":
        from contractlint.report.as_sarif import render_sarif

        return render_sarif(view)
    if output_format == "github":
        from contractlint.report.github import render_github

        return render_github(view)
    if output_format == "concise":
        from contractlint.report.concise import render_concise

        return render_concise(view)
    if output_format == "full":
        from contractlint.report.full import render_full

        return render_full(view)
    raise ValueError(f"no output format {output_format!r}")
