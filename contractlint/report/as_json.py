"""The report for programs. Version 1: keys may be added, none is removed or changes its meaning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from contractlint import __version__
from contractlint.model.finding import ArgumentRow, CallSiteRow, Finding, Step, Target
from contractlint.report.view import View, argument_counts, aspect_counts, severity_counts

SCHEMA = 1


def render_json(view: View) -> str:
    """One JSON object with everything the run found, proved, and could not check."""
    return json.dumps(document(view), indent=2, ensure_ascii=False) + "\n"


def document(view: View) -> dict[str, Any]:
    """Everything the run found, proved, and could not check, as data."""
    report = view.report
    return {
        "schema": SCHEMA,
        "tool": {"name": "contractlint", "version": __version__},
        "root": report.root,
        "subject": view.subject,
        "targets": [_target(target) for target in report.targets],
        "call_sites": [_call_site(row) for row in report.call_sites],
        "arguments": [_argument(row) for row in report.arguments],
        "findings": [finding_data(finding) for finding in report.findings],
        "unchecked": [
            {"file": entry.file, "reason": entry.reason, "line": entry.line or None} for entry in report.unchecked
        ],
        "summary": {
            "files": report.files,
            "parsed": report.parsed,
            "call_sites": len(report.call_sites),
            "unresolved": sum(row.status == "unresolved" for row in report.call_sites),
            "arguments": argument_counts(report),
            "aspects": aspect_counts(report),
            "findings": severity_counts(view.active()),
            "suppressed": sum(finding.suppressed for finding in report.findings),
            "seconds": round(report.seconds, 3),
        },
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "library": target.library,
        "release": target.release,
        "from": target.origin,
        "place": target.place or None,
    }


def _call_site(row: CallSiteRow) -> dict[str, Any]:
    return {
        "file": row.place.file,
        "line": row.place.line,
        "column": row.place.column,
        "function": row.function,
        "entry_point": row.entry_point,
        "release": row.release,
        "status": row.status,
        "reason": row.reason,
        "unjudged": {aspect: _of_aspect(row, aspect) for aspect in sorted({aspect for _, aspect in row.unjudged})},
    }


def _of_aspect(row: CallSiteRow, aspect: str) -> list[str]:
    """The parameters of which one aspect was not judged."""
    return sorted({parameter for parameter, about in row.unjudged if about == aspect})


def _argument(row: ArgumentRow) -> dict[str, Any]:
    return {
        "file": row.place.file,
        "line": row.place.line,
        "column": row.place.column,
        "entry_point": row.entry_point,
        "parameter": row.parameter,
        "release": row.release,
        "aspect": row.aspect,
        "verdict": row.verdict.value,
        "dtypes": list(row.dtypes),
        "reason": row.reason,
    }


def finding_data(finding: Finding) -> dict[str, Any]:
    """One finding as data."""
    place = finding.place
    paths = [_path(steps) for steps in finding.paths]
    return {
        "code": finding.code,
        "rule": finding.rule,
        "severity": finding.severity.value,
        "verdict": finding.verdict.value,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line or place.line,
        "end_column": place.end_column or place.column,
        "function": finding.function,
        "entry_point": finding.entry_point,
        "parameter": finding.parameter,
        "release": finding.release,
        "effect": finding.effect,
        "consequence": finding.consequence,
        "contract": finding.contract,
        "message": finding.message,
        "remedy": finding.remedy,
        "notes": list(finding.notes),
        "path": paths[0] if paths else [],
        "paths": paths,
        "evidence": [
            {"kind": item.kind.value, "release": item.release, "where": item.where, "note": item.note}
            for item in finding.evidence
        ],
        "fingerprint": finding.fingerprint,
        "suppressed": finding.suppressed,
        "suppression_reason": finding.suppression_reason,
    }


def _path(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [
        {"file": step.file, "line": step.line, "what": step.what, "condition": list(step.condition)} for step in steps
    ]
