"""A small part of the fuzz run (`python -m bench.fuzz`): whatever a file holds, `check` ends with an answer."""

from __future__ import annotations

from bench.fuzz import fuzz


def test_mutated_projects_are_judged_or_said_to_be_unchecked() -> None:
    ended, wrong = fuzz(300, 7, None, lambda _: None)
    assert not wrong, wrong[0]
    assert sum(ended.values()) == 300
    assert set(ended) == {"findings", "unchecked", "clean"}
