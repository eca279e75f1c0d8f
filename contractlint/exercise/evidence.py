"""Evidence files: what was seen when the kernels of one release ran on one chip. Clauses cite them by name."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from contractlint.exercise.book import agrees, confirmed, said
from contractlint.exercise.machine import Machine
from contractlint.exercise.run import Result
from contractlint.model import words

SCHEMA = 1
_RAN_ON = ("device", "driver", "cuda", "torch", "date")


def name_of(machine: Machine, stage: str = "") -> str:
    """The name of an evidence file, as clauses cite it: `0.6.7-sm_90a`, or `0.6.7-sm_90a-routing` for a stage."""
    return "-".join(part for part in (machine.release, machine.architecture, stage) if part)


def heading(library: str, machine: Machine, date: str) -> dict[str, Any]:
    """What ran where and when: the keys that contracts need, and those that make it repeatable."""
    return {
        "schema": SCHEMA,
        "library": library,
        "release": machine.release,
        "capability": machine.capability,
        "device": machine.chip,
        "architecture": machine.architecture,
        "driver": machine.driver,
        "cuda": machine.cuda,
        "torch": machine.torch,
        "date": date,
    }


def write(
    folder: Path, library: str, machine: Machine, date: str, results: Sequence[Result], shared: Collection[str] = ()
) -> Path:
    """Write what was seen. Outcomes of entry points that did not run this time stay as they were.

    The file tells of one machine; outcomes from another one name theirs.

    Args:
        shared: entry points whose ranks shared GPUs; their outcomes say how many there were.
    """
    path = folder / f"{name_of(machine)}.json"
    ran = [result for result in results if result.answer is not None]
    fresh = {result.trial.entry_point for result in ran}
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    outcomes = [item for item in before.get("outcomes", ()) if item["entry_point"] not in fresh]
    now = heading(library, machine, date)
    main = {key: before.get(key, value) for key, value in now.items()}
    other = {key: now[key] for key in _RAN_ON if now[key] != main[key]}
    for result in ran:
        name = result.trial.entry_point
        few = {"gpus": machine.gpus} if name in shared else {}
        outcomes.append({"entry_point": name, **as_dict(result), **other, **few})
    shown = [item for item in before.get("confirmed", ()) if item["entry_point"] not in fresh]
    shown += [
        {
            "entry_point": clause.entry_point,
            "parameter": clause.parameter,
            "aspect": clause.aspect.value,
            "requirement": words.requirement(clause),
            **({"when": words.conditions(clause)} if clause.when else {}),
        }
        for clause in confirmed(results)
    ]
    document = {
        **main,
        "outcomes": sorted(outcomes, key=lambda item: str(item["entry_point"])),
        "confirmed": sorted(shown, key=lambda item: (str(item["entry_point"]), str(item["parameter"]))),
    }
    return save(path, document)


def save(path: Path, document: dict[str, Any]) -> Path:
    """Write one object, one outcome a line: such files are read and compared by people."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for key, value in document.items():
        if isinstance(value, list):
            items = ",\n".join(f"  {json.dumps(item, ensure_ascii=False)}" for item in value)
            lines.append(f' "{key}": [\n{items}\n ]')
        else:
            lines.append(f' "{key}": {json.dumps(value, ensure_ascii=False)}')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return path


def as_dict(result: Result) -> dict[str, Any]:
    """One call as data."""
    trial, answer = result.trial, result.answer
    record: dict[str, Any] = {"variant": trial.variant} if trial.variant else {}
    if trial.parameter:
        record["parameter"] = trial.parameter
    record["mutation"] = trial.mutation.value
    if trial.given:
        record["given"] = trial.given
    if trial.also:
        record["also"] = dict(trial.also)
    if answer is None:
        return record | {"outcome": None, "reason": result.reason}
    record |= {"outcome": answer.outcome.value, "contract": said(result), "agrees": agrees(result)}
    if answer.distance is not None:
        record |= {"distance": _finite(answer.distance), "tolerance": answer.tolerance}
    if answer.message:
        record["message"] = answer.message
    return record


def _finite(number: float) -> float | str:
    """Three digits; JSON has no infinity."""
    return float(f"{number:.3g}") if number != float("inf") else "inf"
