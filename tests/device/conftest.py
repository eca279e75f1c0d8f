"""Tests on real kernels: they need an NVIDIA GPU and FlashInfer, and skip without. `make test-device` runs them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

# Read when the library is imported. The contracts of norms speak of the CUDA kernels.
os.environ.setdefault("FLASHINFER_USE_CUDA_NORM", "1")
os.environ.setdefault("MAX_JOBS", "4")


@pytest.fixture(scope="session", autouse=True)
def device() -> Iterator[Any]:
    """The GPU, with every kernel compiled: all at once, because a compiler takes half a minute for each."""
    torch = pytest.importorskip("torch", reason="kernels are called with torch")
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    pytest.importorskip("flashinfer", reason="flashinfer-python is not installed", exc_type=ImportError)
    from tests.device.kernels import KERNELS, Kernel

    def compiled(kernel: Kernel) -> None:
        with suppress(Exception):  # its own tests say so
            kernel.function()(**kernel.arguments())

    with ThreadPoolExecutor(len(KERNELS)) as pool:
        list(pool.map(compiled, KERNELS))
    torch.cuda.synchronize()
    yield torch.cuda.get_device_name()


def pytest_report_header() -> list[str]:
    """What the results are worth nothing without."""
    try:
        import flashinfer
        import torch
    except ImportError as problem:
        return [f"device: {problem}"]
    if not torch.cuda.is_available():
        return ["device: no GPU here"]
    return [f"device: {torch.cuda.get_device_name()}, torch {torch.__version__}, flashinfer {flashinfer.__version__}"]
