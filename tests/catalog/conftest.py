"""A small library with five releases, which the tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest

from contractlint.catalog import Catalog, load_catalog

DATA = Path(__file__).parent / "data"
LIBRARY = DATA / "library"


@pytest.fixture
def demo(tmp_path: Path) -> Catalog:
    return load_catalog([LIBRARY], shipped=False, cache_folder=tmp_path)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load_catalog(cache_folder=tmp_path_factory.mktemp("cache"))
