"""Runs on stand-ins on the CPU, in child processes as on a GPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from contractlint.catalog import load_catalog
from contractlint.exercise.book import agrees, confirmed, disagreements
from contractlint.exercise.child import Answer, CannotCall, Request, perform
from contractlint.exercise.evidence import write
from contractlint.exercise.machine import CHIP, Machine
from contractlint.exercise.plan import Plan, make_plan
from contractlint.exercise.run import Children, Interrupted, Journal, Result, run
from contractlint.model.contract import Outcome

STANDINS = "tests.exercise.standins"
MACHINE = Machine("a stand-in", "9.0", "", "", "", "0.6.7")


def plan(*names: str, kinds: tuple[str, ...] = ("dtype",)) -> Plan:
    return make_plan(
        load_catalog(), "flashinfer-python", "0.6.7", "9.0", kinds, [f"flashinfer.{name}" for name in names]
    )


def outcomes(made: Plan, journal: Journal | None = None, limit: float = 60.0) -> list[Result]:
    found: list[Result] = []
    run(made, Children(), journal or Journal(None, ""), found.append, device="cpu", library=STANDINS, limit=limit)
    return found


@pytest.fixture(scope="module")
def rmsnorm() -> list[Result]:
    return outcomes(plan("rmsnorm", kinds=("dtype", "shape")))


def of(results: list[Result], parameter: str, given: str) -> Result:
    return next(r for r in results if (r.trial.parameter, r.trial.given) == (parameter, given))


def test_right_and_wrong_are_told_apart(rmsnorm: list[Result]) -> None:
    right, wrong = of(rmsnorm, "input", "float16").answer, of(rmsnorm, "weight", "float32").answer
    assert right is not None and right.outcome is Outcome.ACCEPTED_RIGHT
    assert wrong is not None and wrong.outcome is Outcome.ACCEPTED_WRONG
    assert wrong.distance is not None and wrong.tolerance is not None and wrong.distance > 10 * wrong.tolerance


def test_an_error_is_told_with_its_message(rmsnorm: list[Result]) -> None:
    raised = of(rmsnorm, "weight", "one dimension more").answer
    assert raised is not None and raised.outcome is Outcome.RAISED
    assert raised.message == "RuntimeError: weight must be a 1D tensor"


def test_clauses_that_were_broken_and_did_what_they_say_are_confirmed(rmsnorm: list[Result]) -> None:
    assert all(agrees(result) for result in rmsnorm)
    assert {(clause.parameter, clause.aspect.value) for clause in confirmed(rmsnorm)} == {
        ("input", "dtype"),
        ("weight", "dtype"),
        ("weight", "shape"),
        ("out", "dtype"),
    }


def test_a_kernel_that_is_wrong_by_itself_shows_nothing_else() -> None:
    results = outcomes(plan("silu_and_mul"))
    assert [result.answer is None for result in results] == [False] + [True] * (len(results) - 1)
    assert not confirmed(results)
    (found,) = disagreements(results)
    assert found.message.startswith(
        "flashinfer.silu_and_mul: the conforming call: contract says right, kernel was wrong"
    )


def test_a_fault_takes_nothing_else_down() -> None:
    results = outcomes(plan("gemma_rmsnorm"), limit=5.0)
    found = {r.trial.given: r.answer.outcome for r in results if r.answer and r.trial.parameter in ("input", "weight")}
    assert found["float16"] is Outcome.HUNG  # of the weight
    dead = of(results, "input", "float32").answer
    assert dead is not None and dead.outcome is Outcome.FAULTED and "SIGSEGV" in dead.message


def test_what_is_not_so_is_a_finding() -> None:
    results = outcomes(plan("gelu_and_mul"))
    (found, *_) = [one for one in disagreements(results) if one.result.trial.parameter == "out"]
    assert "contract says silent, kernel raised: RuntimeError: out must have the dtype of input" in found.message


def test_an_interrupted_run_resumes(tmp_path: Path) -> None:
    path, made = tmp_path / "journal.jsonl", plan("rmsnorm")
    first, second = made.subjects[0].trials[:2]
    journal = Journal(path, "0.6.7")
    journal.add(first, Answer(Outcome.ACCEPTED_RIGHT, 0.0, 0.1))
    journal.add(second, Answer(Outcome.RAISED, message="as it was before"))
    path.write_text(path.read_text() + '{"context": "0.6.7", "ke')  # killed while it wrote
    results = outcomes(made, Journal(path, "0.6.7"))
    assert results[1].answer is not None and results[1].answer.message == "as it was before"
    assert len(Journal(path, "0.6.7")) == len(made.subjects[0].trials)
    assert len(Journal(path, "0.6.8")) == 0


def test_evidence_tells_each_call_and_keeps_other_entry_points(rmsnorm: list[Result], tmp_path: Path) -> None:
    path = tmp_path / "0.6.7-sm_90a.json"
    path.write_text(json.dumps({"outcomes": [{"entry_point": "flashinfer.other", "outcome": "raised"}]}))
    assert write(tmp_path, "flashinfer-python", MACHINE, "2026-01-02", rmsnorm) == path
    document = json.loads(path.read_text())
    assert (document["release"], document["capability"], document["date"]) == ("0.6.7", "9.0", "2026-01-02")
    assert {item["entry_point"] for item in document["outcomes"]} == {"flashinfer.other", "flashinfer.rmsnorm"}
    weight = next(
        item for item in document["outcomes"] if item.get("given") == "float32" and item["parameter"] == "weight"
    )
    assert weight["outcome"] == "accepted-wrong" and weight["contract"] == "silent" and weight["agrees"]


def test_a_call_that_cannot_be_made_says_nothing_of_the_kernel() -> None:
    made = plan("merge_state")  # the stand-ins have none of that name
    results = outcomes(made)
    assert {result.answer for result in results} == {None}
    assert results[0].reason.startswith("cannot be called: ") and "merge_state" in results[0].reason
    assert not confirmed(results) and not disagreements(results)


def test_an_entry_point_is_found_under_its_other_names() -> None:
    (subject,) = plan("rmsnorm").subjects
    assert subject.recipe is not None
    moved = replace(subject.recipe, entry_point="tests.exercise.no_such_module.rmsnorm")
    request = Request(moved, subject.trials[0], subject.shapes, subject.present, "cpu", names=(f"{STANDINS}.rmsnorm",))
    assert perform(request).outcome is Outcome.ACCEPTED_RIGHT
    with pytest.raises(CannotCall, match="the library has no"):
        perform(replace(request, names=()))


def test_an_interrupt_ends_the_run_at_once_and_leaves_no_false_answers(tmp_path: Path) -> None:
    made = plan("gemma_rmsnorm")  # hangs for a minute on each breach of the weight
    journal, children, seen = Journal(tmp_path / "journal.jsonl", "0.6.7"), Children(), list[Result]()

    def hear(result: Result) -> None:
        seen.append(result)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(made, children, journal, hear, device="cpu", library=STANDINS, limit=60.0)
    kept = Journal(tmp_path / "journal.jsonl", "0.6.7")
    assert len(kept) == len(seen) == 2 and children.stopping.is_set()
    assert all(kept.get(result.trial) == result.answer for result in seen)
    with pytest.raises(Interrupted):
        children.ask(Request(made.subjects[0].recipe, seen[0].trial, {}, frozenset(), "cpu", STANDINS), 60.0)  # type: ignore[arg-type]


def test_what_was_cut_out_of_a_module_was_not_called_and_says_nothing() -> None:
    results = outcomes(plan("layernorm"))
    absent = of(results, "input", "float16")
    assert absent.answer is None and "left out" in absent.reason
    assert not any(found.result is absent for found in disagreements(results))


def test_a_clause_is_confirmed_by_what_was_called(rmsnorm: list[Result]) -> None:
    told = [replace(r, answer=None) if r.trial.given == "float64" else r for r in rmsnorm]
    assert len(confirmed(told)) == len(confirmed(rmsnorm))
    silent = [r if r.trial.mutation.value == "conforming" else replace(r, answer=None) for r in rmsnorm]
    assert not confirmed(silent)


def test_evidence_says_where_ranks_shared_a_gpu(rmsnorm: list[Result], tmp_path: Path) -> None:
    for shared in ((), ("flashinfer.rmsnorm",)):
        document = json.loads(write(tmp_path, "flashinfer-python", MACHINE, "", rmsnorm, shared).read_text())
        assert {item.get("gpus") for item in document["outcomes"]} == ({1} if shared else {None})


def test_a_library_that_asks_for_the_chip_while_it_is_imported_does_not_ask_the_driver(tmp_path: Path) -> None:
    (tmp_path / "flashinfer.py").write_text(
        "import torch\nfound = torch.cuda.get_device_capability(0)\ntorch.cuda._lazy_init = None\n"
    )
    code = (
        "import contractlint.exercise.preload, flashinfer, torch; print(flashinfer.found, torch.cuda.is_initialized())"
    )
    environment = {**os.environ, CHIP: "9.0", "PYTHONPATH": os.pathsep.join((str(tmp_path), *sys.path))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "(9, 0) False"
