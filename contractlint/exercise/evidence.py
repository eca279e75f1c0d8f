"""Evidence files: what was seen when kernels ran, one file for an entry point and a chip."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contractlint.exercise.book import agrees, confirmed, said
from contractlint.exercise.machine import Machine
from contractlint.exercise.run import Result
from contractlint.model import words

SCHEMA = 1


def name_of(entry_point: str, architecture: str) -> str:
    """The name of an evidence file, as clauses cite it: `fused_topk_deepseek.sm_90a`."""
    return f"{entry_point.rpartition('.')[2]}.{architecture}"


def write(folder: Path, machine: Machine, date: str, results: Sequence[Result]) -> list[Path]:
    """Write what was seen, one file for each entry point; runs of other releases in the same files stay."""
    by_entry: dict[str, list[Result]] = {}
    for result in results:
        by_entry.setdefault(result.trial.entry_point, []).append(result)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for entry_point, found in sorted(by_entry.items()):
        if all(result.answer is None for result in found):
            continue
        path = folder / f"{name_of(entry_point, machine.architecture)}.json"
        runs = [run for run in _runs(path) if run["release"] != machine.release]
        runs.append(_run(machine, date, found))
        document = {"schema": SCHEMA, "entry_point": entry_point, "architecture": machine.architecture, "runs": runs}
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _runs(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    runs: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["runs"]
    return runs


def _run(machine: Machine, date: str, results: Sequence[Result]) -> dict[str, Any]:
    return {
        **{key: value for key, value in machine.as_dict().items() if key != "capability"},
        "date": date,
        "confirmed": sorted({f"{clause.parameter} {clause.aspect.value}" for clause in confirmed(results)}),
        "calls": [as_dict(result) for result in results if result.answer is not None],
    }


def as_dict(result: Result) -> dict[str, Any]:
    """One call as data."""
    trial, answer = result.trial, result.answer
    record: dict[str, Any] = {"mutation": trial.mutation.value}
    if trial.parameter:
        record |= {"parameter": trial.parameter, "given": trial.given}
    if trial.also:
        record["also"] = dict(trial.also)
    if trial.clause is not None:
        record |= {"requirement": words.requirement(trial.clause), "contract": said(result)}
    if answer is None:
        return record | {"outcome": None, "reason": result.reason}
    record |= {"outcome": answer.outcome.value, "agrees": agrees(result)}
    if answer.distance is not None:
        record |= {"distance": _finite(answer.distance), "tolerance": answer.tolerance}
    if answer.message:
        record["message"] = answer.message
    return record


def _finite(number: float) -> float | str:
    """Three digits; JSON has no infinity."""
    return float(f"{number:.3g}") if number != float("inf") else "inf"
