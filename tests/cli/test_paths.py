"""`contractlint paths`: each way to a kernel call."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from contractlint.model.finding import ArgumentRow, Place, Verdict
from contractlint.model.paths import ApplyPathRow
from tests.cli.conftest import Run

ENTRY = "flashinfer.fused_moe.kernel"
PLACE = Place("engine/layer.py", 1, 5)


@pytest.fixture(autouse=True)
def rows(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[ApplyPathRow]:
    """Replaces the static pass: one followed path, one that could not be resolved."""
    arguments = (
        ArgumentRow(PLACE, ENTRY, "logits", "0.6.7", Verdict.PROVED, ("float32",)),
        ArgumentRow(PLACE, ENTRY, "bias", "0.6.7", Verdict.VIOLATED, ("bfloat16", "float32")),
        ArgumentRow(PLACE, ENTRY, "scale", "0.6.7", Verdict.UNRESOLVED, (), "no caller found"),
        ArgumentRow(PLACE, ENTRY, "bias", "0.6.7", Verdict.PROVED, (), "", "presence"),
    )
    found = [
        ApplyPathRow(PLACE, ENTRY, ("Layer.forward", "Method.apply"), "fp8, per block", "0.6.7", arguments, "bound"),
        ApplyPathRow(Place("engine/other.py", 2), ENTRY, (), "", "0.6.7", (), "unresolved", "callee is computed"),
    ]
    monkeypatch.setattr("contractlint.check.run_paths", lambda *args, **options: list(found))
    return found


def test_each_call_is_shown_once_with_the_ways_to_it(contractlint: Run, rows: list[ApplyPathRow]) -> None:
    rows.insert(1, replace(rows[0], chain=("Other.forward", "Method.apply")))
    rows[1] = replace(rows[1], reason="no call of `Other.forward` was found")
    assert contractlint("paths") == (
        0,
        "engine/layer.py:1  kernel  [fp8, per block]\n"
        "    logits  proved      float32\n"
        "    bias    violated    bfloat16 or float32\n"
        "    scale   unresolved  no caller found\n"
        "    bias    proved      (presence)\n"
        "  2 ways, all through Method.apply\n"
        "    - Layer.forward\n"
        "    - Other.forward\n"
        "      begins there: no call of `Other.forward` was found\n"
        "\n"
        "engine/other.py:2  kernel\n"
        "  unresolved: callee is computed\n"
        "  way: no caller found\n"
        "\n"
        "3 ways to 2 calls of kernels for mixtures of experts.\n"
        "Arguments: 2 proved, 1 violated, 0 unproven and 1 unresolved. "
        "Judged against flashinfer-python 0.6.7 (pinned in pyproject.toml:3).\n",
        "",
    )


def test_json(contractlint: Run) -> None:
    code, out, _ = contractlint("paths", "--output-format", "json")
    document = json.loads(out)
    assert code == 0
    assert document["targets"][0]["release"] == "0.6.7"
    assert [row["status"] for row in document["paths"]] == ["bound", "unresolved"]
    assert document["paths"][0]["chain"] == ["Layer.forward", "Method.apply"]
    assert document["paths"][0]["arguments"][1] == {
        "parameter": "bias",
        "aspect": "dtype",
        "verdict": "violated",
        "dtypes": ["bfloat16", "float32"],
        "reason": "",
    }


def test_only_the_paths_of_a_file(contractlint: Run) -> None:
    _, out, _ = contractlint("paths", "engine/other.py")
    assert "engine/layer.py" not in out


def test_nothing_to_show_is_said(contractlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contractlint.check.run_paths", lambda *args, **options: [])
    assert contractlint("paths")[1] == "No call of a known kernel entry point in 4 files.\n"
