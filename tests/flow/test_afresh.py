"""What was asked before does not decide how far a budget goes: each release is judged with an evaluator that knows nothing."""

from __future__ import annotations

from pathlib import Path

from contractlint.catalog import load_catalog
from contractlint.engine import session
from contractlint.flow.evaluate import Flow
from contractlint.flow.frames import Frame
from contractlint.model.finding import Target
from contractlint.sources import Tree
from tests.test_determinism import PROJECT

RELEASE = "0.6.7"
BUDGETS = range(1, 120, 9)


def test_a_small_budget_brings_the_same_whatever_was_asked_before(tmp_path: Path) -> None:
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    catalog = load_catalog(cache_folder=tmp_path / "cache")
    target = Target("flashinfer-python", RELEASE, "option")
    with session(Tree(tmp_path, tuple(sorted(PROJECT))), catalog, [target], False, None) as run:
        asked = [
            (argument, Frame.make(site.fn))
            for site in run.sites[target.library]
            for argument in (*site.record.node.parts[1], *(value for _, value in site.record.node.parts[2]))
        ]

        def answers(flow: Flow, steps: int) -> list[object]:
            return [flow.query(node, frame, steps=steps) for node, frame in asked]

        first = {steps: answers(run.flow.afresh(), steps) for steps in BUDGETS}
        assert len(set(map(str, first.values()))) > 5  # budgets that do run out
        answers(run.flow, max(BUDGETS))
        for steps in BUDGETS:
            assert answers(run.flow.afresh(), steps) == first[steps]
