"""What each output format prints. `CONTRACTLINT_UPDATE_GOLDEN=1` writes the expected text anew; read the difference."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from contractlint.model.contract import Evidence, EvidenceKind
from contractlint.model.finding import CallSiteRow, Place, Report, Step, Target
from contractlint.report import View, render
from tests.report import sample

GOLDEN = Path(__file__).parent / "golden"


def view(report: Report | None = None) -> View:
    return View(report or sample.report(), read=sample.read, subject="engine 1.0")


@pytest.mark.parametrize(
    ("output_format", "file"),
    [
        ("full", "full.txt"),
        ("concise", "concise.txt"),
        ("github", "github.txt"),
        ("json", "report.json"),
        ("sarif", "report.sarif.json"),
    ],
)
def test_golden(output_format: str, file: str) -> None:
    text = render(view(), output_format)
    golden = GOLDEN / file
    if os.environ.get("CONTRACTLINT_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()
    assert render(view(), output_format) == text


def test_json_has_every_promised_key() -> None:
    document = json.loads(render(view(), "json"))
    promised = {
        "": ["schema", "tool", "targets", "call_sites", "arguments", "findings", "unchecked", "summary"],
        "tool": ["name", "version"],
        "targets": ["library", "release", "from"],
        "call_sites": ["file", "line", "column", "function", "entry_point", "release", "status", "reason"],
        "arguments": ["file", "line", "entry_point", "parameter", "release", "verdict", "dtypes", "reason"],
        "findings": [
            *("code", "rule", "severity", "verdict", "file", "line", "column", "end_line", "end_column", "function"),
            *("entry_point", "parameter", "release", "effect", "message", "remedy", "path", "evidence"),
            *("fingerprint", "suppressed"),
        ],
        "unchecked": ["file", "reason"],
        "summary": ["files", "parsed", "call_sites", "findings", "seconds"],
    }
    for key, names in promised.items():
        part = document[key] if key else document
        for item in part if isinstance(part, list) else [part]:
            assert set(names) <= set(item), key
    error = next(finding for finding in document["findings"] if finding["code"] == "CL101")
    assert [set(step) >= {"file", "line", "what"} for step in error["path"]] == [True] * 3
    assert error["paths"][0] == error["path"]
    assert document["summary"]["findings"] == {"error": 1, "warning": 1, "note": 1}


def test_two_ways_are_shown_and_the_rest_counted() -> None:
    paths = tuple((Step(sample.MODEL, 6, f"created by loader {number}"),) for number in range(5))
    report = sample.report()
    report.findings = [replace(sample.violated(), paths=paths)]
    text = render(view(report), "full")
    assert "(one of 5 ways)" in text
    assert "loader 1" in text
    assert "loader 2" not in text
    assert "and 3 more ways (--output-format json lists all)" in text
    assert len(json.loads(render(view(report), "json"))["findings"][0]["paths"]) == 5


def test_ways_that_join_the_first_are_shown_by_where_they_begin() -> None:
    hops = (Step(sample.MODEL, 9, "passed on"), Step(sample.LAYER, 7, "passed as routing_bias"))
    paths = tuple((Step(f"engine/model_{number}.py", 3, "makes it", ("n > 1",)), *hops) for number in range(12))
    report = sample.report()
    report.findings = [replace(sample.violated(), paths=paths)]
    text = render(view(report), "full")
    assert "and from 11 other places, joining at step 2:" in text
    assert "    - engine/model_8.py:3\n      when n > 1\n" in text
    assert "engine/model_9.py" not in text
    assert "and 3 more (--output-format json lists all)" in text
    assert text.count("passed on") == 1


def test_the_same_words_of_other_releases_are_shown_once() -> None:
    def read_in(release: str, line: int) -> Evidence:
        return Evidence(EvidenceKind.READ, release, f"csrc/runner.cu:{line}", "reads it as bfloat16")

    report = sample.report()
    report.findings = [replace(sample.violated(), evidence=(read_in("0.6.7", 120), read_in("0.6.6", 98)))]
    text = render(view(report), "full")
    assert "read 0.6.7 csrc/runner.cu:120" in text
    assert "0.6.6" not in text
    assert len(json.loads(render(view(report), "json"))["findings"][0]["evidence"]) == 2


def test_nothing_found_says_what_was_looked_at() -> None:
    report = sample.report()
    report.findings, report.unchecked, report.call_sites = [], [], report.call_sites[:1]
    text = render(view(report), "full")
    assert text == (
        "Searched 1,234 files of engine 1.0, parsed 2: 1 call site of kernel entry points, 1 bound to a signature, "
        "0 unresolved.\n"
        "Arguments judged: 0 proved, 1 violated, 1 unproven, 1 that could not be followed.\n"
        "No findings. Judged against flashinfer-python 0.6.7 (pinned in requirements/cuda.txt:12).\n"
        "What is not proved may still be wrong: --pedantic shows it, --strict makes it count.\n"
    )


@pytest.mark.parametrize("output_format", ["full", "concise", "github"])
def test_no_call_site_is_said(output_format: str) -> None:
    report = Report(targets=[Target("flashinfer-python", "0.6.7", "option")], files=3)
    text = render(View(report), output_format)
    assert "No call of a known kernel entry point in 3 files: nothing to judge." in text
    assert "flashinfer-python 0.6.7 (--release)" in text


def test_many_findings_end_in_a_list_of_the_errors() -> None:
    report = sample.report()
    errors = [replace(sample.violated(), place=Place(sample.LAYER, line)) for line in range(1, 8)]
    report.findings = errors[:2]
    assert "The errors in short:" not in render(view(report), "full")
    report.findings = errors
    text = render(view(report), "full")
    assert "The errors in short:\n  CL101  trtllm_fp8_block_scale_moe  routing_bias  engine/layer.py:1\n" in text
    assert "engine/layer.py:7\n\n" in text


def test_color_changes_nothing_else() -> None:
    import click

    colored = render(replace(view(), color=True), "full")
    assert "\x1b[31m" in colored
    assert click.unstyle(colored) == render(view(), "full")


def test_names_hold_from_the_working_directory() -> None:
    assert "\nlib/engine/layer.py:7:26: CL101" in render(replace(view(), prefix="lib/"), "concise")
    below = render(replace(view(), prefix="../", inside="engine/"), "concise")
    assert "\nlayer.py:7:26: CL101" in below
    assert "file=engine/layer.py" in render(view(), "github")


def test_a_report_without_sources_is_still_readable() -> None:
    text = render(View(sample.report()), "full")
    assert "1. engine/model.py:6  created as float32" in text
    assert "^" not in text


def test_many_unresolved_call_sites_are_cut_and_counted() -> None:
    report = Report(
        call_sites=[
            CallSiteRow(Place("a.py", line), "f", f"flashinfer.x{line}", "0.6.7", "unresolved", "computed")
            for line in range(1, 21)
        ]
    )
    text = render(View(report), "full")
    assert "a.py:8: flashinfer.x8: computed" in text
    assert "x9:" not in text
    assert "and 12 more (--pedantic or --output-format json show all)" in text
    assert "a.py:20" in render(View(report, pedantic=True), "full")


def test_github_escapes_what_would_end_a_command() -> None:
    report = sample.report()
    odd = replace(sample.violated(), place=Place("a,b:c.py", 1), message="50%\r\nnext", paths=(), consequence="")
    report.findings = [replace(odd, remedy="")]
    first = render(view(report), "github").splitlines()[0]
    assert first == "::error file=a%2Cb%3Ac.py,line=1,col=1,endLine=1,title=CL101 wrong-dtype::50%25%0D%0Anext"


def test_sarif_carries_what_the_json_does() -> None:
    """Every key of a finding has a place; ways are code flows, suppressions are suppressions."""
    (run,) = json.loads(render(view(), "sarif"))["runs"]
    document = json.loads(render(view(), "json"))
    assert len(run["results"]) == len(document["findings"])
    for result, found in zip(run["results"], document["findings"], strict=True):
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (result["ruleId"], result["level"]) == (found["code"], found["severity"])
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == found["code"]
        assert (region["startLine"], region["startColumn"]) == (found["line"], found["column"])
        assert (region["endLine"], region["endColumn"]) == (found["end_line"], found["end_column"])
        assert bool(result.get("suppressions")) is found["suppressed"]
        ways = [way["threadFlows"][0]["locations"] for way in result.get("codeFlows", [])]
        lines = [[step["location"]["physicalLocation"]["region"]["startLine"] for step in way] for way in ways]
        assert lines == [[step["line"] for step in path] for path in found["paths"]]
        assert all(found[key] == value for key, value in result["properties"].items())
        assert {"contract", "evidence", "effect", "remedy", "verdict"} <= set(result["properties"])
    assert run["properties"]["targets"] == document["targets"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "invalid syntax" in notification["message"]["text"]
