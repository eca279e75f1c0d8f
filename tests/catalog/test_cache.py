"""Compiled contracts are kept on disk, and a cache that is broken or missing changes nothing but the time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contractlint.catalog import cache, load_catalog
from contractlint.catalog.positions import key_lines

LIBRARY = Path(__file__).parent / "data" / "library"


def load(folder: Path) -> int:
    return len(load_catalog([LIBRARY], shipped=False, cache_folder=folder).entry_points)


def kept(stored: Path) -> object:
    """What a cache file holds; how that is spelled in bytes differs with what else a process has in memory."""
    return cache.load(stored.stem.removeprefix("catalog-"), stored.parent)


def test_a_second_load_reads_what_the_first_one_stored(tmp_path: Path) -> None:
    assert load(tmp_path) == 3
    (stored,) = tmp_path.iterdir()
    before = stored.stat().st_mtime_ns
    assert load(tmp_path) == 3
    assert stored.stat().st_mtime_ns == before


@pytest.mark.parametrize("damage", [b"", b"contractlint catalog 1\n", b"\0" * 200])
def test_a_corrupt_file_is_written_anew(tmp_path: Path, damage: bytes) -> None:
    load(tmp_path)
    (stored,) = tmp_path.iterdir()
    good = kept(stored)
    stored.write_bytes(damage)
    assert kept(stored) is None
    assert load(tmp_path) == 3
    assert kept(stored) == good


def test_a_truncated_file_is_written_anew(tmp_path: Path) -> None:
    load(tmp_path)
    (stored,) = tmp_path.iterdir()
    good, content = kept(stored), stored.read_bytes()
    stored.write_bytes(content[: len(content) // 2])
    assert kept(stored) is None
    assert load(tmp_path) == 3
    assert kept(stored) == good


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    assert load(blocked / "cache") == 3


def test_a_changed_contract_has_another_key() -> None:
    assert cache.key_of([("a", b"x")]) != cache.key_of([("a", b"y")])
    assert cache.key_of([("a", b"x")]) != cache.key_of([("b", b"x")])
    assert cache.key_of([("a", b"xy"), ("b", b"")]) != cache.key_of([("a", b"x"), ("b", b"y")])


def test_old_files_are_removed(tmp_path: Path) -> None:
    for number in range(12):
        cache.store(f"key{number}", {"number": number}, tmp_path)
    assert len(list(tmp_path.iterdir())) == 8
    assert cache.load("key11", tmp_path) == {"number": 11}


def test_a_warm_load_parses_nothing_and_imports_no_kernel_library(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from contractlint.catalog import load_catalog\n"
        "catalog = load_catalog()\n"
        "catalog.at('flashinfer-python', '0.6.7').clauses('flashinfer.fused_moe.trtllm_bf16_moe')\n"
        "names = {'tomllib', 'tomli', 'packaging', 'torch', 'flashinfer', 'contractlint.catalog.compile'}\n"
        "print(sorted(names & set(sys.modules)))\n"
    )
    root = str(Path(cache.__file__).resolve().parents[2])
    environment = {**os.environ, "CONTRACTLINT_CACHE_DIR": str(tmp_path), "PYTHONPATH": root}
    runs = [
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert "contractlint.catalog.compile" in runs[0].stdout
    assert runs[1].stdout.strip() == "[]"


def test_lines_of_keys() -> None:
    text = """# comment = 1
a = 1
"b.c" . d = '''
[x]
'''
[table.sub]  # [no]
list = [
  "one, two = 3",  # "
  { k = 1, l = [2,
    3] },
]
[[table.rows]]
x = 1
[[table.rows]]
y.z = "\\"#"
"""
    lines = key_lines(text)
    assert lines["a",] == 2
    assert lines["b.c", "d"] == 3
    assert lines["table", "sub", "list"] == 7
    assert lines["table", "sub", "list", 0] == 8
    assert lines["table", "sub", "list", 1, "l", 1] == 10
    assert lines["table", "rows", 0, "x"] == 13
    assert lines["table", "rows", 1, "y", "z"] == 15
