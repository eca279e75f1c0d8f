"""The cache of modules: content decides, and whatever is wrong with the file costs only speed."""

from __future__ import annotations

from pathlib import Path

import pytest

from contractlint.index.ir import ModuleIR
from contractlint.index.store import ModuleStore

SOURCE = b"import torch\n\n\ndef f(x):\n    return x\n"


def cache_file(folder: Path) -> Path:
    return next(folder.glob("ir-*.bin"))


def test_what_was_built_once_is_loaded(tmp_path: Path) -> None:
    first = ModuleStore(tmp_path)
    module = first.load(SOURCE, "p")
    first.save()
    second = ModuleStore(tmp_path)
    assert second.load(SOURCE, "p") == module
    assert (first.built, second.built) == (1, 0)


def test_another_text_or_package_is_built_anew(tmp_path: Path) -> None:
    first = ModuleStore(tmp_path)
    first.load(SOURCE, "p")
    first.save()
    second = ModuleStore(tmp_path)
    second.load(SOURCE + b"# more\n", "p")
    second.load(SOURCE, "other")
    assert second.built == 2


def test_what_does_not_parse_is_a_reason_and_not_kept(tmp_path: Path) -> None:
    store = ModuleStore(tmp_path)
    assert store.load(b"def f(:\n", "p") == store.load(b"def f(:\n", "p")
    assert str(store.load(b"def f(:\n", "p")).startswith("does not parse: ")
    assert str(store.load(b"x = '\0'\n", "p")).startswith("does not parse: ")
    deep = b"x = " + b"(" * 5000 + b")" * 5000 + b"\n"
    assert str(store.load(deep, "p")).startswith("does not parse: ")


@pytest.mark.parametrize("damage", [b"", b"\0", b"garbage", b"[\x00\x00\x00\x00", b"i\x01\x00\x00\x00"])
def test_a_torn_cache_is_an_empty_one(tmp_path: Path, damage: bytes) -> None:
    first = ModuleStore(tmp_path)
    first.load(SOURCE, "p")
    first.save()
    cache_file(tmp_path).write_bytes(damage)
    second = ModuleStore(tmp_path)
    assert isinstance(second.load(SOURCE, "p"), ModuleIR)
    second.save()
    third = ModuleStore(tmp_path)
    third.load(SOURCE, "p")
    assert (second.built, third.built) == (1, 0)


@pytest.mark.parametrize("keep", [0, 1, 10, 50, -1])
def test_a_cache_cut_short_is_an_empty_one(tmp_path: Path, keep: int) -> None:
    first = ModuleStore(tmp_path)
    module = first.load(SOURCE, "p")
    first.save()
    whole = cache_file(tmp_path).read_bytes()
    cache_file(tmp_path).write_bytes(whole[:keep])
    assert ModuleStore(tmp_path).load(SOURCE, "p") == module


def test_a_folder_that_cannot_be_written_costs_only_speed(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    store = ModuleStore(blocked / "cache")
    assert isinstance(store.load(SOURCE, "p"), ModuleIR)
    store.save()
