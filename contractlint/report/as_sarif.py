"""The report as SARIF 2.1.0, for code scanning services and editors.

The ways of a value are code flows. What SARIF has no place for is under `properties`, named as in the JSON report.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from contractlint import __version__
from contractlint.model.finding import Finding, Place, Severity, Step
from contractlint.report.as_json import document, finding_data
from contractlint.report.view import View

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
# What the result itself says in SARIF's own words.
_SAID = frozenset(
    ("code", "rule", "severity", "file", "line", "column", "end_line", "end_column", "message", "path", "paths",
     "fingerprint", "suppressed", "suppression_reason")
)  # fmt: skip


def render_sarif(view: View) -> str:
    """One SARIF log with one run."""
    report = document(view)
    rules = {finding.code: finding.rule for finding in view.report.findings}
    order = sorted(rules)
    driver = {
        "name": "contractlint",
        "version": __version__,
        "rules": [{"id": code, "name": rules[code]} for code in order],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _unchecked(view)}],
        "results": [_result(view, finding, order.index(finding.code)) for finding in view.report.findings],
        "properties": {key: report[key] for key in ("subject", "targets", "call_sites", "arguments", "summary")},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _result(view: View, finding: Finding, rule: int) -> dict[str, Any]:
    text = finding.message + (f"\nEffect: {finding.consequence}" if finding.consequence else "")
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": text + (f"\nRemedy: {finding.remedy}" if finding.remedy else "")},
        "locations": [_location(view, finding.place, finding.function)],
        "partialFingerprints": {"contractlint/v1": finding.fingerprint},
        "properties": {key: value for key, value in finding_data(finding).items() if key not in _SAID},
    }
    flows = [_flow(view, path) for path in finding.paths if path]
    if flows:
        result["codeFlows"] = flows
    if finding.suppressed:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.suppression_reason}]
    return result


def _flow(view: View, path: Sequence[Step]) -> dict[str, Any]:
    return {"threadFlows": [{"locations": [{"location": _step(view, step)} for step in path]}]}


def _step(view: View, step: Step) -> dict[str, Any]:
    when = f" (when {' and '.join(step.condition)})" if step.condition else ""
    location = {"artifactLocation": _artifact(view, step.file), "region": {"startLine": step.line}}
    return {"physicalLocation": location, "message": {"text": f"{step.what}{when}"}}


def _location(view: View, place: Place, function: str) -> dict[str, Any]:
    region = {"startLine": place.line, "startColumn": place.column}
    if place.end_line:
        region |= {"endLine": place.end_line, "endColumn": place.end_column}
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": _artifact(view, place.file), "region": region}}
    if function:
        location["logicalLocations"] = [{"fullyQualifiedName": function, "kind": "function"}]
    return location


def _unchecked(view: View) -> list[dict[str, Any]]:
    return [
        {
            "level": "warning",
            "message": {"text": f"not checked: {entry.reason}"},
            "locations": [_location(view, Place(entry.file, entry.line or 1), "")],
        }
        for entry in view.report.unchecked
    ]


def _artifact(view: View, file: str) -> dict[str, str]:
    return {"uri": quote(view.name(file)), "uriBaseId": "%SRCROOT%"}
