"""The report of an earlier run serves again exactly where a new one would say the same."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import contractlint.engine
from contractlint.catalog import Catalog, load_catalog
from contractlint.check import run_check
from contractlint.model.finding import Report, Target
from contractlint.sources import Tree
from tests.cases.reading import Case, read_cases

CASES = Path(__file__).parent / "cases"
HOUSE = CASES / "house.toml"
EDITS = 6


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load_catalog([HOUSE], shipped=False, cache_folder=tmp_path_factory.mktemp("catalog"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACTLINT_CACHE_DIR", str(tmp_path / "cache"))


def judged(root: Path, catalog: Catalog, cache: bool, release: str = "*") -> Report:
    names = tuple(sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py")))
    report = run_check(Tree(root, names), catalog, [Target(catalog.libraries[0], release, "option")], cache=cache)
    report.seconds = report.parsed = 0
    return report


def said(report: Report) -> list[object]:
    return [*report.call_sites, *report.arguments, *report.findings, *report.unchecked]


def edited(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    match rng.randrange(9):
        case 0:
            lines.insert(at, "# a remark")
        case 1:
            lines.insert(at, "")
        case 2:
            lines.insert(at, f"_NEW_{rng.randrange(99)} = {rng.randrange(99)}")
        case 3:
            lines.append(f"_NEW_{rng.randrange(99)} = None  # nobody knows it")
        case 4:
            del lines[at]
        case 5:
            lines.insert(at, lines[at])
        case 6:
            lines[at] = re.sub(r"float32|bfloat16", "float16", lines[at])
        case 7:
            words = re.findall(r"[A-Za-z_]\w+", text)
            lines[at] = re.sub(r"[A-Za-z_]\w+", rng.choice(words), lines[at], count=1) if words else lines[at]
        case _:
            lines.append("\n\ndef added(x):\n    y = x.float()\n    return y\n")
    return "\n".join(lines)


@pytest.mark.parametrize("file", sorted(set(CASES.glob("*.md")) - {CASES / "README.md"}), ids=lambda path: path.stem)
def test_after_any_change_the_report_is_that_of_a_new_run(file: Path, tmp_path: Path, house: Catalog) -> None:
    rng = random.Random(file.stem)
    for number, case in enumerate(read_cases(file)):
        if case.contracts or case.settings.get("release"):
            continue
        root = tmp_path / str(number)
        write(case, root)
        judged(root, house, cache=True)
        for _ in range(EDITS):
            changed = root / rng.choice(list(case.files))
            changed.write_text(edited(changed.read_text(encoding="utf-8"), rng), encoding="utf-8")
            carried, fresh = judged(root, house, cache=True), judged(root, house, cache=False)
            assert "\n".join(map(repr, said(carried))) == "\n".join(map(repr, said(fresh))), changed.read_text()


def write(case: Case, root: Path) -> None:
    for name in case.files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(case.source(name), encoding="utf-8")


KERNEL = """\
import torch
from house import scale_by_bias

LIMIT = 3


def unrelated(y):
    return y + 1


def apply(x):
    bias = torch.zeros(4, dtype=torch.float32)

    return scale_by_bias(x, bias)
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3\n", "# a remark\nLIMIT = 3\n"),
        ("LIMIT = 3\n", "LIMIT = 3\n_FRESH = 4\n"),
        ("    bias = ", "    # how it is made:\n\n    bias = "),
        ("return y + 1", "return y - 100"),
        ("return y + 1", "y = 2 * y\n    return y"),
    ],
)
def test_a_change_where_nothing_was_looked_at_costs_no_new_run(
    old: str, new: str, tmp_path: Path, house: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    file = root / "engine.py"
    file.write_text(KERNEL, encoding="utf-8")
    assert judged(root, house, cache=True).findings
    file.write_text(KERNEL.replace(old, new), encoding="utf-8")
    fresh = judged(root, house, cache=False)
    assert fresh.findings

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("judged anew")

    monkeypatch.setattr(contractlint.engine, "judge_tree", fail)
    assert judged(root, house, cache=True) == fresh
    assert judged(root, house, cache=True) == fresh  # and it is kept


def test_a_change_that_is_undone_leaves_the_record_as_it_was(
    tmp_path: Path, house: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    file = root / "engine.py"
    file.write_text(KERNEL, encoding="utf-8")
    judged(root, house, cache=True)
    monkeypatch.setattr(contractlint.engine, "judge_tree", lambda *_, **__: pytest.fail("judged anew"))
    for name in ("_FRESH", "_OTHER"):
        file.write_text(KERNEL.replace("LIMIT = 3\n", f"LIMIT = 3\n{name} = 4\n"), encoding="utf-8")
        assert judged(root, house, cache=True).findings
        file.write_text(KERNEL, encoding="utf-8")
        assert judged(root, house, cache=True).findings


@pytest.mark.parametrize("first", ["before", "after", "together"])
def test_a_new_constant_that_another_file_speaks_of_is_looked_at(
    first: str, tmp_path: Path, house: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the other file spoke of it at the run, began to since, or begins to with the same change."""
    root = tmp_path / "tree"
    root.mkdir()
    remark, constant = "# _FRESH is made in engine.py\n", KERNEL.replace("LIMIT = 3\n", "LIMIT = 3\n_FRESH = 4\n")
    (root / "engine.py").write_text(KERNEL, encoding="utf-8")
    (root / "other.py").write_text(remark if first == "before" else "", encoding="utf-8")
    judged(root, house, cache=True)
    if first == "after":
        (root / "other.py").write_text(remark, encoding="utf-8")
        judged(root, house, cache=True)
    (root / "other.py").write_text(remark, encoding="utf-8")
    (root / "engine.py").write_text(constant, encoding="utf-8")
    runs: list[Tree] = []
    judge = contractlint.engine.judge_tree

    def counted(tree: Tree, *arguments: Any, **options: Any) -> Report:
        runs.append(tree)
        return judge(tree, *arguments, **options)

    monkeypatch.setattr(contractlint.engine, "judge_tree", counted)
    judged(root, house, cache=True)
    assert runs


def test_a_new_file_is_looked_at(tmp_path: Path, house: Catalog) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "engine.py").write_text(KERNEL, encoding="utf-8")
    before = judged(root, house, cache=True)
    (root / "second.py").write_text(KERNEL, encoding="utf-8")
    assert len(judged(root, house, cache=True).findings) == 2 * len(before.findings)


REMARK = """\
# flashinfer is called elsewhere


def apply(x, weight):
    return rmsnorm(x, weight)
"""
IMPORTING = """\
from flashinfer import rmsnorm


def apply(x, weight):
    return rmsnorm(x, weight)
"""


def test_a_file_that_only_spoke_of_the_library_begins_to_call_it(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    shipped = load_catalog([], cache_folder=tmp_path / "catalog")
    (root / "engine.py").write_text(REMARK, encoding="utf-8")
    assert not judged(root, shipped, cache=True, release="0.6.7").call_sites
    (root / "engine.py").write_text(IMPORTING, encoding="utf-8")
    after = judged(root, shipped, cache=True, release="0.6.7")
    assert [row.entry_point for row in after.call_sites] == ["flashinfer.rmsnorm"]
    assert after == judged(root, shipped, cache=False, release="0.6.7")


def test_a_file_that_cannot_be_read_moves_no_other_into_its_place(tmp_path: Path, house: Catalog) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "a.py").symlink_to(root / "nowhere")
    (root / "b.py").write_text("def unrelated(y):\n    return y\n", encoding="utf-8")
    (root / "c.py").write_text(KERNEL, encoding="utf-8")
    assert judged(root, house, cache=True).findings
    (root / "c.py").write_text(KERNEL.replace("float32", "bfloat16"), encoding="utf-8")
    assert judged(root, house, cache=True) == judged(root, house, cache=False)


def test_a_line_that_looks_like_a_constant_and_is_an_argument_counts(tmp_path: Path, house: Catalog) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    source = "from house import scale_by_bias\n\nscale_by_bias(\n)\n"
    (root / "engine.py").write_text(source, encoding="utf-8")
    judged(root, house, cache=True)
    (root / "engine.py").write_text(source.replace("(\n", "(\nunheard_of = 3\n"), encoding="utf-8")
    assert judged(root, house, cache=True) == judged(root, house, cache=False)


def test_a_run_that_carries_a_report_over_loads_nothing_that_judges(tmp_path: Path) -> None:
    """With a suppression in the tree it needs the codes of the rules, and with them everything."""
    file = tmp_path / "tree" / "engine.py"
    file.parent.mkdir()
    text = (
        "import torch\n"
        "from flashinfer.fused_moe import trtllm_bf16_moe\n\n\n"
        "def run(logits, bias):\n"
        "    return trtllm_bf16_moe(logits.float(), bias)\n"
    )
    code = (
        "import sys\n"
        "from contractlint.cli import run\n"
        "run(['check', '--release', '0.6.7', '--output-format', 'json', sys.argv[1]])\n"
        "print(sorted({'contractlint.engine', 'contractlint.rules.registry', 'libcst'} & set(sys.modules)), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, str(file.parent)]
    environment = {**os.environ, "PYTHONPATH": str(Path(contractlint.engine.__file__).parents[1])}
    outcomes, loaded = [], []
    for added in ("", "\n# a remark\n", "\n# contractlint: ignore[CL777] no such rule\n"):
        text += added
        file.write_text(text)
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        outcomes.append([finding["code"] for finding in json.loads(ended.stdout)["findings"]])
        loaded.append(ended.stderr)
    assert outcomes[0] and outcomes[1] == outcomes[0] and set(outcomes[2]) - set(outcomes[0]) == {"CL903"}
    assert "contractlint.rules.registry" in loaded[0] and "contractlint.rules.registry" in loaded[2]
    assert loaded[1].strip() == "[]"
