"""The cache of modules: content decides, and whatever is wrong with the file costs only speed."""

from __future__ import annotations

from pathlib import Path

import pytest

from contractlint.index.module import ModuleIR
from contractlint.index.store import ModuleStore

SOURCE = b"import torch\n\n\ndef f(x):\n    return x\n"


def said(module: ModuleIR) -> list[object]:
    return [(f.name, f.params, f.body) for f in module.functions]


def cache_file(folder: Path) -> Path:
    return next(folder.glob("ir-*.bin"))


def test_what_was_built_once_is_loaded(tmp_path: Path) -> None:
    first = ModuleStore(tmp_path)
    module = said(first.load(SOURCE, "p"))
    first.save()
    second = ModuleStore(tmp_path)
    assert said(second.load(SOURCE, "p")) == module
    assert (first.built, second.built) == (1, 0)


def test_another_text_or_package_is_built_anew(tmp_path: Path) -> None:
    first = ModuleStore(tmp_path)
    said(first.load(SOURCE, "p"))
    first.save()
    second = ModuleStore(tmp_path)
    said(second.load(SOURCE + b"# more\n", "p"))
    said(second.load(SOURCE, "other"))
    assert second.built == 2


@pytest.mark.parametrize("source", [b"def f(:\n", b"x = '\0'\n", b"x = " + b"(" * 5000 + b")" * 5000 + b"\n"])
def test_what_does_not_parse_is_a_reason_and_not_kept(tmp_path: Path, source: bytes) -> None:
    store = ModuleStore(tmp_path)
    module = store.load(source, "p")
    assert module.verify() is None and module.trouble.startswith("does not parse: ")
    assert all(function.body == () for function in module.functions)
    store.save()
    assert not list(tmp_path.glob("ir-*.bin"))


def test_more_of_a_file_is_kept_when_more_was_asked(tmp_path: Path) -> None:
    first = ModuleStore(tmp_path)
    assert first.load(SOURCE, "p").functions[0].body
    first.save()
    second = ModuleStore(tmp_path)
    said(second.load(SOURCE, "p"))
    second.save()
    third = ModuleStore(tmp_path)
    said(third.load(SOURCE, "p"))
    assert (second.built, third.built) == (1, 0)


@pytest.mark.parametrize("damage", [b"", b"\0", b"garbage", b"[\x00\x00\x00\x00", b"i\x01\x00\x00\x00"])
def test_a_torn_cache_is_an_empty_one(tmp_path: Path, damage: bytes) -> None:
    first = ModuleStore(tmp_path)
    said(first.load(SOURCE, "p"))
    first.save()
    cache_file(tmp_path).write_bytes(damage)
    second = ModuleStore(tmp_path)
    assert said(second.load(SOURCE, "p"))
    second.save()
    third = ModuleStore(tmp_path)
    said(third.load(SOURCE, "p"))
    assert (second.built, third.built) == (1, 0)


@pytest.mark.parametrize("keep", [0, 1, 10, 50, -1])
def test_a_cache_cut_short_is_an_empty_one(tmp_path: Path, keep: int) -> None:
    first = ModuleStore(tmp_path)
    module = said(first.load(SOURCE, "p"))
    first.save()
    whole = cache_file(tmp_path).read_bytes()
    cache_file(tmp_path).write_bytes(whole[:keep])
    assert said(ModuleStore(tmp_path).load(SOURCE, "p")) == module


def test_a_folder_that_cannot_be_written_costs_only_speed(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    store = ModuleStore(blocked / "cache")
    assert said(store.load(SOURCE, "p"))
    store.save()
