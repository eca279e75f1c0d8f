"""Plans and trials: what would be called, from the contracts alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contractlint.catalog import load_catalog
from contractlint.catalog.catalog import Catalog
from contractlint.cli import run as run_cli
from contractlint.exercise.inputs import UnknownSymbol, dimension
from contractlint.exercise.machine import capability_of
from contractlint.exercise.plan import Subject, capabilities, covers, make_plan
from contractlint.exercise.recipes import RECIPES
from contractlint.exercise.recipes.base import owner
from contractlint.exercise.trials import MUTATIONS, Trial
from contractlint.model.contract import Aspect, Outcome

LIBRARY = "flashinfer-python"
TOPK = "flashinfer.fused_moe.fused_topk_deepseek"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def one(
    catalog: Catalog, entry: str, release: str = "0.6.7", chip: str = "9.0", kinds: tuple[str, ...] = MUTATIONS
) -> Subject:
    return make_plan(catalog, LIBRARY, release, chip, kinds, [entry]).subjects[0]


def find(subject: Subject, parameter: str, given: str) -> Trial:
    return next(trial for trial in subject.trials if (trial.parameter, trial.given) == (parameter, given))


def test_a_dtype_that_others_follow_changes_with_them(catalog: Catalog) -> None:
    trial = find(one(catalog, TOPK), "scores", "bfloat16")
    assert trial.also == (("topk_values", "bfloat16"),)
    assert trial.conforms


def test_what_the_launcher_checks_is_expected_to_raise(catalog: Catalog) -> None:
    subject = one(catalog, TOPK)
    assert find(subject, "topk_values", "bfloat16").expected == {Outcome.RAISED}
    assert find(subject, "topk_indices", "int64").expected == {Outcome.RAISED}
    assert find(subject, "bias", "float16").conforms


def test_what_nobody_checks_is_expected_to_be_wrong(catalog: Catalog) -> None:
    assert find(one(catalog, TOPK), "scores", "transposed").expected == {Outcome.ACCEPTED_WRONG}


def test_the_book_of_another_release_expects_otherwise(catalog: Catalog) -> None:
    newer = one(catalog, TOPK, "0.7.2.post1")
    assert find(newer, "scores", "transposed").expected == {Outcome.RAISED}


def test_only_the_kinds_that_are_asked_for(catalog: Catalog) -> None:
    kinds = {trial.mutation.value for trial in one(catalog, TOPK, kinds=("layout",)).trials}
    assert kinds == {"conforming", "layout"}


def test_a_dimension_that_nothing_else_fixes_can_be_any(catalog: Catalog) -> None:
    trials = one(catalog, "flashinfer.softmax").trials
    assert not [trial for trial in trials if trial.given == "last dimension longer"]


def test_conditions_are_judged_with_the_defaults_of_the_release(catalog: Catalog) -> None:
    # In 0.6.8 the clause of global_scale holds for backend="cuda", which is the default.
    trial = find(one(catalog, "flashinfer.fp4_quantize", "0.6.8"), "global_scale", "bfloat16")
    assert trial.expected == {Outcome.ACCEPTED_WRONG}


def test_a_chip_that_cannot_run_it_is_told_with_the_reason(catalog: Catalog) -> None:
    subject = one(catalog, "flashinfer.fused_moe.trtllm_bf16_moe")
    assert not subject.runs
    assert re.fullmatch(r"needs sm_10x or sm_12x; this is sm_90a", subject.reason)
    assert one(catalog, "flashinfer.fused_moe.trtllm_bf16_moe", chip="10.0").runs


@pytest.mark.parametrize("chip", ["9.0", "sm_90a", "90", "SM_90"])
def test_chips_are_read_as_people_write_them(chip: str) -> None:
    assert capability_of(chip) == "9.0"
    assert capability_of("sm_103a") == "10.3"


def test_capabilities_are_read_with_their_releases() -> None:
    assert capabilities("9.0, 10.0; 10.7 from 0.6.16", "0.6.7") == ("9.0", "10.0")
    assert capabilities("9.0, 10.0; 10.7 from 0.6.16", "0.6.17") == ("9.0", "10.0", "10.7")
    assert capabilities("10.x; 12.x passes the check from 0.6.7 on", "0.6.6") == ("10.x",)
    assert covers(("10.x",), "10.3") and not covers(("10.x",), "9.0") and covers((), "9.0")


def test_every_recipe_is_of_an_entry_point_and_its_parameters(catalog: Catalog) -> None:
    for recipe in RECIPES:
        entry = catalog.entry_points[recipe.entry_point]
        known = {parameter.name for signature in entry.signatures for parameter in signature.parameters}
        assert {owner(name) for name in recipe.arguments} <= known, recipe.entry_point


def test_every_conforming_call_keeps_the_contract(catalog: Catalog) -> None:
    for release in ("0.6.7", "0.6.8", "0.7.2.post1"):
        for subject in make_plan(catalog, LIBRARY, release, "", MUTATIONS).running:
            assert subject.recipe is not None
            spoken = {trial.clause for trial in subject.trials if trial.clause is not None}
            for clause in spoken:
                argument = subject.recipe.arguments[clause.parameter]
                if clause.aspect is Aspect.DTYPE and clause.dtypes and argument.is_tensor:
                    given = argument.dtype
                    assert given in clause.dtypes, f"{release} {subject.recipe.entry_point} {clause.parameter} {given}"


def test_every_trtllm_moe_entry_point_of_the_book_has_a_recipe(catalog: Catalog) -> None:
    for release in ("0.6.7", "0.6.8"):
        plan = make_plan(catalog, LIBRARY, release, "10.0", MUTATIONS)
        family = [s for s in plan.subjects if re.search(r"fused_moe\.trtllm_.*_moe$", s.entry.name)]
        assert len(family) >= 10
        assert all(subject.runs for subject in family)


@pytest.mark.parametrize(
    ("text", "size"), [("2 * hidden_size", 8), ("hidden_size / 2", 2), ("hidden_size", 4), ("128", 128)]
)
def test_dimensions_are_computed_from_symbols(text: str, size: int) -> None:
    assert dimension(text, {"hidden_size": 4}) == size


def test_a_symbol_without_a_size_is_named() -> None:
    with pytest.raises(UnknownSymbol, match="'width'"):
        dimension("2 * width", {"hidden_size": 4})


def test_the_plan_says_what_would_run_and_what_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["exercise", "--plan", "--release", "0.6.7", "--chip", "9.0"]) == 0
    text = capsys.readouterr().out
    assert "dtype: topk_indices = int64" in text
    assert re.search(r"trtllm_bf16_moe +needs sm_10x or sm_12x; this is sm_90a", text)
    assert re.search(r"\d+ calls of \d+ entry points would run, .* compiling takes about", text)


def test_the_plan_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["exercise", "fused_topk_deepseek", "--plan", "--release", "0.6.8", "--json"]) == 0
    (subject,) = json.loads(capsys.readouterr().out)["entry_points"]
    assert subject["entry_point"] == TOPK
    assert {"mutation": "dtype", "parameter": "topk_indices", "given": "int64"}.items() <= next(
        call for call in subject["calls"] if call["given"] == "int64"
    ).items()


def test_planning_imports_neither_torch_nor_the_library() -> None:
    code = (
        "import sys\nfrom contractlint.cli import run\n"
        "assert run(['exercise', '--plan', '--release', '0.6.7']) == 0\n"
        "assert not {'torch', 'flashinfer'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=Path(__file__).parents[2])


def test_without_a_gpu_one_line_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["exercise"]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and "--plan" in said[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["exercise", "--plan", "--mutate", "dtpye"], "no kind is called 'dtpye'"),
        (["exercise", "nothing_like_it", "--plan"], "no contract speaks of 'nothing_like_it'"),
        (["exercise", "--plan", "--release", "9.9.9"], "9.9.9"),
        (["exercise", "--plan", "--chip", "banana"], "'banana' is no compute capability; write it like 9.0"),
        (["exercise", "--stage", "routing", "--plan"], "--stage routing has no plan"),
        (["exercise", "--evidence", "pyproject.toml"], "pyproject.toml is no folder that can be written"),
    ],
)
def test_bad_input_gets_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(arguments) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and words in said[0]
