"""Files of kernel runs, `evidence/NAME.json`: what really happened when the kernels of one release ran on one chip.

`contractlint exercise --evidence` writes them. Here they are read for what contracts rely on; other keys are free.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from contractlint.model.contract import Outcome

FOLDER, SUFFIX = "evidence", ".json"
OUTCOMES = tuple(outcome.value for outcome in Outcome)
_TEXTS = {
    "library": (r"\S+", "flashinfer-python"),
    "release": (r"\S+", "0.6.7"),
    "capability": (r"\d+\.\d+[a-z]?", "9.0"),
    "device": (r".+", "NVIDIA H100 80GB HBM3"),
    "date": (r"\d{4}-\d\d-\d\d.*", "2026-11-25"),
}

Run = dict[str, Any]  # the keys of _TEXTS, and `subjects`: (entry point, parameter) of each outcome


def read_run(content: bytes, problems: list[str]) -> Run | None:
    """Return what contracts need of a file of kernel runs; says in `problems` what is wrong with it."""
    try:
        table = json.loads(content)
    except ValueError as error:
        problems.append(f"not JSON: {error}")
        return None
    if not isinstance(table, Mapping):
        problems.append("a file of kernel runs is one JSON object")
        return None
    run: Run = {}
    for key, (form, example) in _TEXTS.items():
        value = table.get(key)
        if not isinstance(value, str) or not re.fullmatch(form, value):
            problems.append(f'{key!r} must be text, as in "{example}"')
        run[key] = value
    run["subjects"] = tuple(sorted(_subjects(table.get("outcomes"), problems)))
    return run


def _subjects(outcomes: object, problems: list[str]) -> Iterator[tuple[str, str]]:
    if not isinstance(outcomes, list) or not outcomes:
        problems.append("'outcomes' must be a list with one object for each run")
        return
    seen: set[tuple[str, str]] = set()
    for number, item in enumerate(outcomes, 1):
        entry = item.get("entry_point") if isinstance(item, Mapping) else None
        if not isinstance(entry, str) or item.get("outcome") not in OUTCOMES:
            problems.append(f"outcome {number} needs an 'entry_point', and as 'outcome' one of {', '.join(OUTCOMES)}")
            continue
        subject = (entry, str(item.get("parameter") or ""))
        if subject not in seen:
            seen.add(subject)
            yield subject
