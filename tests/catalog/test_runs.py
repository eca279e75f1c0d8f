"""Kernel runs as evidence: the files that contracts cite, and what is said when a file and a citation disagree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contractlint.catalog import Catalog, ContractErrors, load_catalog

RUN: dict[str, Any] = {
    "library": "demo-kernels",
    "release": "1.0",
    "capability": "9.0",
    "device": "NVIDIA H100 80GB HBM3",
    "date": "2026-11-25T12:00:00Z",
    "outcomes": [
        {"entry_point": "demo.ops.scale", "parameter": None, "outcome": "accepted-right"},
        {"entry_point": "demo.ops.scale", "parameter": "factor", "outcome": "raised", "message": "factor"},
    ],
}
RELEASES = 'library = "demo-kernels"\npackage = "demo"\nreleases = ["1.0", "2.0"]\n'
CONTRACT = """\
entry_point = "demo.ops.scale"
signature = "(x, factor)"

[parameters.PARAMETER.dtype]
accepts = "float32"
enforced = "ffi"
evidence = ['kernel-run NAME RELEASE "every other dtype raised"']
"""


def book(folder: Path, run: object = RUN, **words: str) -> Catalog:
    """Write a book of one contract and one file of runs, and load it."""
    words = {"PARAMETER": "factor", "NAME": "scale-h100", "RELEASE": "1.0"} | words
    text = CONTRACT
    for key, word in words.items():
        text = text.replace(key, word)
    (folder / "demo").mkdir()
    (folder / "evidence").mkdir()
    (folder / "demo" / "releases.toml").write_text(RELEASES, "utf-8")
    (folder / "demo" / "scale.toml").write_text(text, "utf-8")
    (folder / "evidence" / "scale-h100.json").write_text(run if isinstance(run, str) else json.dumps(run), "utf-8")
    return load_catalog([folder], shipped=False, cache_folder=folder / "cache")


@pytest.mark.parametrize("name", ["scale-h100", "scale-h100.json", "evidence/scale-h100.json"])
def test_a_run_confirms_a_clause_in_its_release(tmp_path: Path, name: str) -> None:
    catalog = book(tmp_path, NAME=name)
    ((_, clause),) = catalog.clauses_of("demo.ops.scale")
    assert clause.run_in == {"1.0"}
    (item,) = clause.evidence
    run = catalog.kernel_run("demo-kernels", item.where)
    assert run is not None
    assert (run.device, run.capability, run.release) == ("NVIDIA H100 80GB HBM3", "9.0", "1.0")
    assert ("demo.ops.scale", "factor") in run.subjects


def test_a_file_of_its_own_finds_the_runs_beside_it(tmp_path: Path) -> None:
    book(tmp_path)
    files = [tmp_path / "demo" / "releases.toml", tmp_path / "demo" / "scale.toml"]
    catalog = load_catalog(files, shipped=False, cache_folder=tmp_path / "cache")
    assert catalog.kernel_run("demo-kernels", "scale-h100") is not None


def test_a_run_that_changes_is_read_again(tmp_path: Path) -> None:
    book(tmp_path)
    (tmp_path / "evidence" / "scale-h100.json").write_text(json.dumps(RUN | {"device": "NVIDIA B200"}), "utf-8")
    catalog = load_catalog([tmp_path], shipped=False, cache_folder=tmp_path / "cache")
    run = catalog.kernel_run("demo-kernels", "scale-h100")
    assert run is not None
    assert run.device == "NVIDIA B200"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"NAME": "scale-b200"}, "there is no file evidence/scale-b200.json beside these contracts"),
        ({"RELEASE": "2.0"}, "evidence/scale-h100.json is of release 1.0, not 2.0"),
        ({"PARAMETER": "x"}, "evidence/scale-h100.json has no outcome of demo.ops.scale: x"),
    ],
)
def test_a_citation_that_the_file_does_not_bear_out_is_a_mistake(
    tmp_path: Path, words: dict[str, str], message: str
) -> None:
    with pytest.raises(ContractErrors) as caught:
        book(tmp_path, **words)
    (problem,) = caught.value.problems
    assert (problem.message, problem.line) == (message, 7)
    assert problem.file.endswith("scale.toml")
    assert problem.remedy


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("{", "not JSON"),
        ("[]", "is one JSON object"),
        ({**RUN, "device": None}, "'device' must be text"),
        ({**RUN, "capability": "hopper"}, "'capability' must be text"),
        ({**RUN, "outcomes": []}, "'outcomes' must be a list"),
        (
            {**RUN, "outcomes": [*RUN["outcomes"], {"entry_point": "demo.ops.scale", "outcome": "fine"}]},
            "outcome 3 needs",
        ),
    ],
)
def test_a_file_that_is_no_run_is_a_mistake(tmp_path: Path, run: object, message: str) -> None:
    with pytest.raises(ContractErrors) as caught:
        book(tmp_path, run)
    assert any(message in problem.message and "scale-h100.json" in problem.file for problem in caught.value.problems)
