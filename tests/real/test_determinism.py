"""A published engine gives the same report, whatever the order of its files, the hash seed, the cache and the other releases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.engines import load_engines
from tests.test_determinism import check, of_release

pytestmark = pytest.mark.real

ENGINE, RELEASES = "vllm==0.19.1", ("0.6.6", "0.6.7")


def test_one_engine_one_report(tmp_path: Path) -> None:
    root = load_engines()[ENGINE].fetch().root
    first = check(root, tmp_path, "json", RELEASES)
    assert check(root, tmp_path, "json", RELEASES, seed=1) == first
    assert check(root, tmp_path, "json", RELEASES, "--no-cache", seed=2) == first
    for release in RELEASES:
        alone = json.loads(check(root, tmp_path, "json", [release], "--no-cache"))
        assert of_release(json.loads(first), release) == of_release(alone, release)
