"""One line a finding, in the form that editors and problem matchers read."""

from __future__ import annotations

from contractlint.report.summary import result_line, unchecked_lines
from contractlint.report.view import View


def render_concise(view: View) -> str:
    """`path:line:column: CODE message` for each finding, then one line with the result."""
    lines = []
    for finding in view.active():
        place = finding.place
        message = " ".join(finding.message.split())
        lines.append(f"{view.name(place.file)}:{place.line}:{place.column}: {finding.code} {message}")
    lines += unchecked_lines(view)
    lines.append(result_line(view))
    return "\n".join(lines) + "\n"
