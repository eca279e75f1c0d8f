"""Projects larger than most: what is common in them must not go unseen."""

from __future__ import annotations

from pathlib import Path

from contractlint.catalog import load_catalog
from contractlint.check import run_check
from contractlint.index.text import MOST_FILES
from contractlint.model.finding import Target
from contractlint.sources import Tree

HOUSE = Path(__file__).parent.parent / "cases" / "house.toml"
SOURCE = """
import torch
from house import scale_by_bias


def apply(x):
    return scale_by_bias(x, torch.zeros(4, dtype=torch.float32))
"""


def test_a_library_that_most_files_name(tmp_path: Path) -> None:
    names = tuple(f"engine/layer_{number:03}.py" for number in range(MOST_FILES + 20))
    (tmp_path / "engine").mkdir()
    for name in names:
        (tmp_path / name).write_text(SOURCE, encoding="utf-8")
    catalog = load_catalog([HOUSE], shipped=False, cache_folder=tmp_path / "cache")
    target = Target(catalog.libraries[0], "*", "option")
    report = run_check(Tree(tmp_path, names), catalog, [target], strict=False, pedantic=False, cache=False)
    assert [row.place.file for row in report.call_sites] == list(names)
    assert [finding.place.file for finding in report.findings if finding.code == "CL101"] == list(names)
