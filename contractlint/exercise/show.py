"""Plans and runs as text and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from contractlint.exercise.book import agrees, confirmed, disagreements, said
from contractlint.exercise.evidence import as_dict, heading
from contractlint.exercise.machine import Machine, architecture
from contractlint.exercise.plan import Plan, Subject
from contractlint.exercise.run import Result
from contractlint.exercise.trials import Mutation, Trial


def plan_as_text(plan: Plan) -> str:
    """Entry point by mutation, what would run and what not and why."""
    where = f" on {architecture(plan.capability)}" if plan.capability else ", on chips that support it"
    lines = [f"{plan.library} {plan.release}{where}"]
    for subject in plan.running:
        assert subject.recipe is not None
        entry = subject.entry
        chips = f"  ({entry.capabilities})" if entry.capabilities and not plan.capability else ""
        lines.append(
            f"\n{subject.name}: {_calls(subject.trials)}, compiles for {_time(subject.recipe.compile_seconds)}{chips}"
        )
        lines += [f"  {_trial(trial)}" for trial in subject.trials]
    skipped = [subject for subject in plan.subjects if not subject.runs]
    if skipped:
        lines.append("\nnot run:")
        width = max(len(subject.name) for subject in skipped)
        lines += [f"  {subject.name:<{width}}  {subject.reason}" for subject in skipped]
    total = sum(len(subject.trials) for subject in plan.running)
    lines.append(
        f"\n{total} calls of {_entries(plan.running)} entry points would run, {_entries(skipped)} entry points would not; "
        f"compiling takes about {_time(plan.compile_seconds)} on 16 cores, once"
    )
    return "\n".join(lines)


def plan_as_json(plan: Plan) -> str:
    """The same as data."""
    subjects = [
        {
            "entry_point": subject.entry.name,
            "variant": subject.recipe.variant if subject.recipe else "",
            "runs": subject.runs,
            "reason": subject.reason,
            "capabilities": subject.entry.capabilities,
            "module": subject.recipe.module if subject.recipe else "",
            "compile_seconds": subject.recipe.compile_seconds if subject.recipe else None,
            "calls": [_trial_as_dict(trial) for trial in subject.trials],
        }
        for subject in plan.subjects
    ]
    document = {
        "schema": 1,
        "library": plan.library,
        "release": plan.release,
        "capability": plan.capability,
        "entry_points": subjects,
        "compile_seconds": plan.compile_seconds,
    }
    return json.dumps(document, indent=2)


def run_as_text(plan: Plan, machine: Machine, results: Sequence[Result]) -> str:
    """A table of outcomes, then what disagrees with the book, then the sums."""
    lines = [
        f"{plan.library} {machine.release} on {machine.chip} ({machine.architecture}), driver {machine.driver}",
        "",
    ]
    rows = [_row(result) for result in results]
    widths = [max(len(row[column]) for row in rows) for column in range(4)] if rows else [0] * 4
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows
    ]
    wrong = disagreements(results)
    if wrong:
        lines += ["", "what the contracts say is not so:", *(f"  {found.message}" for found in wrong)]
    skipped = [subject for subject in plan.subjects if not subject.runs]
    if skipped:
        lines += ["", "not run:", *(f"  {subject.name}: {subject.reason}" for subject in skipped)]
    outcomes = Counter(result.answer.outcome.value if result.answer else "not run" for result in results)
    counts = ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
    lines += [
        "",
        f"{len(results)} calls: {counts}",
        f"{len(confirmed(results))} clauses confirmed, {len(wrong)} disagreements, {_entries(skipped)} entry points not run",
    ]
    return "\n".join(lines)


def run_as_json(plan: Plan, machine: Machine, date: str, results: Sequence[Result]) -> str:
    """The same as data."""
    document = {
        **heading(plan.library, machine, date),
        "calls": [{"entry_point": result.trial.entry_point, **as_dict(result)} for result in results],
        "confirmed": [
            {"entry_point": clause.entry_point, "parameter": clause.parameter, "aspect": clause.aspect.value,
             "declared": clause.source}
            for clause in confirmed(results)
        ],
        "disagreements": [found.message for found in disagreements(results)],
        "not_run": [{"entry_point": s.entry.name, "reason": s.reason} for s in plan.subjects if not s.runs],
    }  # fmt: skip
    return json.dumps(document, indent=2)


def _row(result: Result) -> tuple[str, str, str, str, str]:
    trial, answer = result.trial, result.answer
    name = trial.entry_point.rpartition(".")[2] + (f" ({trial.variant})" if trial.variant else "")
    if answer is None:
        return name, _trial(trial), "not run", "", result.reason
    far = "" if answer.distance is None else f"{answer.distance:.2g}"
    verdict = "as the contract says" if agrees(result) else f"CONTRACT SAYS {said(result)}"
    return name, _trial(trial), answer.outcome.value, far, verdict


def _trial(trial: Trial) -> str:
    if trial.mutation is Mutation.NONE:
        return "conforming"
    also = "".join(f", {name} too" for name, _ in trial.also)
    return f"{trial.mutation.value}: {trial.parameter} = {trial.given}{also}"


def _trial_as_dict(trial: Trial) -> dict[str, Any]:
    return {
        "mutation": trial.mutation.value,
        "parameter": trial.parameter,
        "given": trial.given,
        "also": dict(trial.also),
        "expected": sorted(outcome.value for outcome in trial.expected),
    }


def _entries(subjects: Sequence[Subject]) -> int:
    """How many entry points; some have several recipes."""
    return len({subject.entry.name for subject in subjects})


def _calls(trials: Sequence[Trial]) -> str:
    return f"{len(trials)} call{'' if len(trials) == 1 else 's'}"


def _time(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
