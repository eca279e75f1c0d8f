"""Annotations for GitHub Actions: workflow commands, errors first because GitHub shows only the first ten of a kind."""

from __future__ import annotations

from contractlint.model.finding import Finding, Severity
from contractlint.report.summary import result_line, unchecked_lines
from contractlint.report.view import SEVERITIES, View

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render_github(view: View) -> str:
    """A workflow command for each finding, then the result as plain text for the log."""
    findings = sorted(view.active(), key=lambda finding: SEVERITIES.index(finding.severity))
    lines = [_command(view, finding) for finding in findings]
    lines += unchecked_lines(view)
    lines.append(result_line(view))
    return "\n".join(lines) + "\n"


def _command(view: View, finding: Finding) -> str:
    place = finding.place
    properties = {
        "file": view.name(place.file),
        "line": str(place.line),
        "endLine": str(place.end_line or place.line),
        "title": f"{finding.code} {finding.rule}",
    }
    # GitHub ignores columns of a span over several lines.
    if place.end_line in (0, place.line):
        properties["col"] = str(place.column)
        if place.end_column > place.column:
            properties["endColumn"] = str(place.end_column)
    text = finding.message
    if finding.paths and finding.paths[0]:
        origin = finding.paths[0][0]
        text += f"\nThe value comes from {view.name(origin.file)}:{origin.line}: {origin.what}"
    if finding.consequence:
        text += f"\nEffect: {finding.consequence}"
    if finding.remedy:
        text += f"\nRemedy: {finding.remedy}"
    order = ("file", "line", "col", "endLine", "endColumn", "title")
    written = ",".join(f"{key}={_property(properties[key])}" for key in order if key in properties)
    return f"::{_COMMANDS[finding.severity]} {written}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
