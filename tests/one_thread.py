"""Small computations with torch, for which one thread is fastest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Where there is no torch, nothing here can run: `make test-runtime` installs it."""
    torch = pytest.importorskip("torch", reason="it computes with torch; make test-runtime installs it")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
