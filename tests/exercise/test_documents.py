"""What is written beside the code is what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from contractlint.catalog import load_catalog
from contractlint.exercise.experts import SCHEMES
from contractlint.exercise.plan import make_plan
from contractlint.exercise.recipes import RECIPES, Member, Recipe
from contractlint.exercise.trials import MUTATIONS

ROOT = Path(__file__).parents[2]
FAMILY = [recipe for recipe in RECIPES if ".fused_moe.trtllm_" in recipe.entry_point]


def row(recipe: Recipe) -> str:
    """One line of the table in docs/exercise.md."""
    arguments = recipe.arguments
    unpacked = f"ids and weights ({recipe.releases})" if "topk_ids[0]" in arguments else "logits"
    experts = "packed" if "topk_ids" in arguments else unpacked
    scheme = recipe.reference.rpartition(":")[2]
    blocks = ", block-major" if SCHEMES[scheme].block_major else ""
    weights = f"{arguments['gemm1_weights'].dtype}, shuffled{blocks}"
    named = ("gemm1_weights_scale", "gemm1_per_channel_weight_scale", "output1_scales_scalar")
    scale = next((f"`{name}` {arguments[name].dtype}" for name in named if name in arguments), "none")
    name = recipe.entry_point.rpartition(".")[2]
    return f"| `{name}` | {scheme} | {experts} | {weights} | {scale} |"


def test_a_layout_that_is_named_is_that_of_the_weights() -> None:
    for recipe in FAMILY:
        layout = recipe.arguments.get("weight_layout")
        if layout is not None and isinstance(layout.value, Member):
            assert SCHEMES[recipe.reference.rpartition(":")[2]].block_major == (layout.value.name == "BlockMajorK")


def test_the_table_of_the_moe_family_is_that_of_the_recipes() -> None:
    text = (ROOT / "docs" / "exercise.md").read_text(encoding="utf-8")
    missing = [line for line in map(row, FAMILY) if line not in text]
    assert not missing, "docs/exercise.md lacks:\n" + "\n".join(missing)


def test_every_entry_point_of_the_moe_family_has_plan_inputs_reference_and_mutations() -> None:
    catalog = load_catalog()
    for release in ("0.6.7", "0.6.8", "0.7.2.post1"):
        plan = make_plan(catalog, "flashinfer-python", release, "10.3", MUTATIONS)
        family = [
            s for s in plan.subjects if s.entry.short_name.startswith("trtllm_") and s.entry.name.endswith("_moe")
        ]
        assert len(family) >= 10
        for subject in family:
            assert subject.runs and subject.recipe is not None, f"{subject.entry.name}: {subject.reason}"
            assert subject.recipe.prepare and subject.recipe.reference
            kinds = {trial.mutation.value for trial in subject.trials}
            assert {"conforming", "dtype", "layout"} <= kinds, subject.entry.name


def test_clauses_cite_exactly_what_the_evidence_confirms() -> None:
    command = [sys.executable, str(ROOT / "tools" / "cite_runs.py"), str(ROOT / "contracts"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout
