"""Contracts held against the sources of the library."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from contractlint.catalog import Catalog, ContractErrors, load_catalog
from contractlint.drift.compare import Drift, compare
from contractlint.drift.quotes import crosses
from contractlint.drift.wheel import Wheel, WheelError
from tests.drift.conftest import OPS_OLD, WHEELS, Run, Unpack, zipped

REAL = os.environ.get("CONTRACTLINT_WHEELS", "")
needs_wheels = pytest.mark.skipif(not REAL, reason="CONTRACTLINT_WHEELS does not name a folder of unpacked wheels")


def demo_wheel(path: Path, release: str = "") -> Wheel:
    return Wheel(path, "demo-kernels", "demo", release)


def told(drift: Drift) -> list[tuple[str, str]]:
    return [(difference.kind, difference.subject) for difference in drift.differences]


@pytest.mark.parametrize("release", ["1.0", "1.1", "2.0"])
def test_contracts_that_agree_are_clean(demo: Catalog, unpacked: Unpack, release: str) -> None:
    root = unpacked(release)
    for path in (root, root / "demo", zipped(root, release)):
        drift = compare(demo, demo_wheel(path, release))
        assert drift.differences == []
        assert (drift.release, drift.known) == (release, release)
        assert drift.entry_points == (1 if release == "2.0" else 2)
        assert drift.evidence >= 3 and drift.enums == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("demo/ops.py", "(x, bias, method", "(x, weight, bias, method", ("signature", "demo.moe")),
        ("demo/ops.py", "method=0", "method=1", ("signature", "demo.moe")),
        ("demo/ops.py", "def topk(scores, k=8)", "def topk(scores, *, k=8)", ("signature", "demo.topk")),
        ("demo/ops.py", "def topk(", "def other(", ("gone", "demo.topk")),
        ("demo/ops.py", "def topk(", "def other(", ("new", "demo.other")),
        ("demo/ops.py", "Grouped = 1", "Grouped = 7", ("enum", "Method.Grouped")),
        ("demo/ops.py", "    Unspecified = 2\n", "", ("enum", "Method.Unspecified")),
        ("demo/ops.py", "return run(x, bias)", "return run(x)", ("evidence", "demo.moe")),
        ("demo/data/csrc/launcher.cu", "x must be bfloat16", "x is wrong", ("evidence", "demo.moe")),
        ("demo/data/csrc/launcher.cu", "void launch", "\nvoid launch", ("evidence", "demo.moe")),
    ],
)
def test_each_difference_is_found(
    demo: Catalog, unpacked: Unpack, file: str, old: str, new: str, expected: tuple[str, str]
) -> None:
    text = WHEELS["1.0"][file]
    assert old in text
    drift = compare(demo, demo_wheel(unpacked("1.0", {file: text.replace(old, new)})))
    assert expected in told(drift)


def test_where_a_quote_moved_to_is_said(demo: Catalog, unpacked: Unpack) -> None:
    moved = {"demo/data/csrc/launcher.cu": "\n\n" + WHEELS["1.0"]["demo/data/csrc/launcher.cu"]}
    texts = [difference.text for difference in compare(demo, demo_wheel(unpacked("1.0", moved))).differences]
    assert "the quote stands on line 4: x must be bfloat16" in texts


def test_a_quote_does_not_count_in_another_function_than_it_names() -> None:
    lines = ["def one(", "    check(x)", "def two(", "    check(y)"]
    assert crosses("def one( … check(x)", lines) == ""
    assert crosses("def one( … check(y)", lines) == "def two("
    assert crosses("check(y)", lines) == ""


def test_a_newer_release_is_held_against_the_newest_known(demo: Catalog, unpacked: Unpack) -> None:
    files = {"demo/ops.py": WHEELS["2.0"]["demo/ops.py"] + "def fused_moe(x, *, scale): ...\n"}
    drift = compare(demo, demo_wheel(unpacked("3.0", files, like="2.0")))
    assert (drift.release, drift.known) == ("3.0", "2.0")
    assert told(drift) == [("new", "demo.fused_moe")]
    assert compare(demo, demo_wheel(unpacked("1.5", like="1.1"))).known == "1.1"
    lost = {"demo/data/csrc/launcher.cu": "// moved elsewhere\n"}
    found = compare(demo, demo_wheel(unpacked("4.0", lost, like="2.0"))).differences
    assert any("nothing it cites stands in 4.0" in difference.text for difference in found)


def covered(contracts: Path, folder: Path, text: str) -> Catalog:
    for file in contracts.glob("*.toml"):
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "uncovered.toml").write_text(text, encoding="utf-8")
    return load_catalog([folder], shipped=False, cache_folder=folder / "cache")


REASON = '[[reasons]]\nwhy = "no tensors"\nentry_points = '


@pytest.mark.parametrize(
    ("text", "expected", "superfluous"),
    [
        ('scope = ["demo.*"]\n', [("no-contract", "demo.topk")], []),
        ('scope = ["demo.m*"]\n', [], []),
        (f'scope = ["demo.*"]\n{REASON}["*.topk"]\n', [], []),
        (f'scope = ["demo.*"]\n{REASON}["demo.topk", "demo.moe"]\n', [], ["demo.moe"]),
    ],
)
def test_what_has_no_contract_needs_a_reason(
    contracts: Path, tmp_path: Path, unpacked: Unpack, text: str, expected: list[object], superfluous: list[str]
) -> None:
    folder = tmp_path / "book"
    folder.mkdir()
    drift = compare(covered(contracts, folder, text), demo_wheel(unpacked("1.0")))
    assert told(drift) == expected
    assert drift.superfluous == superfluous


def test_mistakes_in_reasons_are_reported(contracts: Path, tmp_path: Path) -> None:
    with pytest.raises(ContractErrors) as caught:
        covered(contracts, tmp_path, 'scop = []\n[[reasons]]\nwhy = "because"\n')
    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (1, "unknown key 'scop'"),
        (2, "a reason says `why`, and for which `entry_points`"),
    ]


def test_nothing_of_the_library_is_imported(demo: Catalog, unpacked: Unpack) -> None:
    files = {"demo/__init__.py": "raise SystemExit('imported')\nfrom .ops import *\n"}
    assert compare(demo, demo_wheel(unpacked("1.0", files))).differences == []
    assert "demo" not in sys.modules


def test_how_a_wheel_says_its_release(unpacked: Unpack, tmp_path: Path) -> None:
    assert demo_wheel(unpacked("1.0")).release == "1.0"
    metadata = {
        "demo_kernels-2.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: demo_kernels\nVersion: 2.0.post1\n"
    }
    root = unpacked("1.1", metadata)
    assert demo_wheel(root).release == "2.0.post1"
    plain = tmp_path / "plain"
    (plain / "demo").mkdir(parents=True)
    (plain / "demo" / "__init__.py").write_text("")
    with pytest.raises(WheelError, match="does not say which release"):
        demo_wheel(plain)
    (plain / "demo" / "_build_meta.py").write_text('__version__ = "7.0"\n')
    assert demo_wheel(plain).release == "7.0"
    (tmp_path / "no.whl").write_text("nonsense")
    for path, message in (
        (tmp_path / "no.whl", "is no wheel"),
        (tmp_path / "none", "no such file"),
        (tmp_path, "holds no"),
    ):
        with pytest.raises(WheelError, match=message):
            demo_wheel(path)


@pytest.fixture
def book(contracts: Path, contractlint: Run) -> tuple[str, str]:
    return "--contracts", str(contracts)


def test_command(contractlint: Run, book: tuple[str, str], unpacked: Unpack) -> None:
    one, two = unpacked("1.0"), unpacked("2.0")
    code, out, err = contractlint("contracts", "drift", "--wheel", one, "--wheel", zipped(two, "2.0"), *book)
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()][1:] == [
        ["1.0", "itself", "2", "6", "1", "3", "4", "0"],
        ["2.0", "itself", "1", "5", "1", "3", "4", "0"],
    ]
    changed = unpacked("1.1", {"demo/ops.py": OPS_OLD.replace("def topk", "def top_k")})
    code, out, _ = contractlint("contracts", "drift", "--wheel", changed, *book, "--format", "json")
    data = json.loads(out)["releases"][0]
    assert code == 1
    assert {item["kind"] for item in data["differences"]} == {"gone", "new"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "name what to compare with"),
        (["--wheel", "nowhere"], "no such file or folder"),
        (["--release", "nothing-known==1.0"], "No contracts are known for library"),
        (["--release", "newest"], "is no release"),
    ],
)
def test_what_cannot_be_told_is_exit_2(contractlint: Run, args: list[str], message: str) -> None:
    code, out, err = contractlint("contracts", "drift", *args)
    assert (code, out) == (2, "")
    assert message in err


def test_the_installed_release(
    contractlint: Run, book: tuple[str, str], unpacked: Unpack, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = contractlint("contracts", "drift", "--installed", *book)
    assert code == 2 and "not installed here" in err
    root = unpacked("1.0", {"demo_kernels-1.1.dist-info/METADATA": "Name: demo-kernels\nVersion: 1.0\n"})
    monkeypatch.syspath_prepend(str(root))
    code, out, _ = contractlint("contracts", "drift", "--installed", *book)
    assert code == 0 and out.splitlines()[1].startswith("1.0 ")


def test_a_published_release_is_fetched_once(
    contractlint: Run, book: tuple[str, str], unpacked: Unpack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for release in ("1.0", "1.1"):
        zipped(unpacked(release), release).rename(shelf / f"demo_kernels-{release}-py3-none-any.whl")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("CONTRACTLINT_CACHE_DIR", str(tmp_path / "cache"))
    args = ("contracts", "drift", "--release", "demo-kernels==1.1", "--against", "demo-kernels==1.0", *book)
    code, out, err = contractlint(*args)
    assert (code, err) == (0, "")
    assert "1.0 → 1.1: 2 leads for a human" in out
    for wheel in shelf.iterdir():
        wheel.unlink()
    assert contractlint(*args) == (code, out, err)
    code, _, err = contractlint("contracts", "drift", "--release", "demo-kernels==9.9", *book)
    assert code == 2 and "demo-kernels" in err


@needs_wheels
@pytest.mark.parametrize("release", ["0.6.6", "0.6.7.post3", "0.6.12", "0.7.2.post1"])
def test_the_shipped_contracts_agree_with_the_library(release: str, tmp_path: Path) -> None:
    catalog = load_catalog(cache_folder=tmp_path)
    drift = compare(catalog, Wheel(Path(REAL) / f"flashinfer-python-{release}", "flashinfer-python", "flashinfer"))
    assert drift.release == drift.known == release
    assert drift.differences == []
    assert drift.entry_points > 900 and drift.evidence > 100
