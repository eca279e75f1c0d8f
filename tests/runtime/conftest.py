"""What runs here needs torch; some of it real FlashInfer wheels, in folders named after their release.

`make test-runtime` installs both and says where they are in CONTRACTLINT_FLASHINFER.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.one_thread import one_thread as one_thread

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def library() -> Iterator[Any]:
    """The stand-in for 0.6.7 in place of the library."""
    from contractlint.testing import standin

    with standin("0.6.7") as found:
        yield found.package


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a Python program, with a release of the real library on its path where one is named."""

    def start(*command: str, release: str = "", env: dict[str, str] | None = None, timeout: int = 240) -> Any:
        path = [str(ROOT)]
        if release:
            path = [str(wheel(release)), str(wheel(release).parent / "deps"), *path]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CONTRACTLINT_MODE")},
            "PYTHONPATH": os.pathsep.join(path), "HOME": str(tmp_path), "OMP_NUM_THREADS": "1",
            "CONTRACTLINT_CACHE_DIR": str(ROOT / ".pytest_cache" / "contractlint"), **(env or {}),
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=timeout
        )

    return start


def wheel(release: str) -> Path:
    """The folder with a release of the real library; skips where there is none."""
    folder = Path(os.environ.get("CONTRACTLINT_FLASHINFER", "?")).resolve() / release
    if not (folder / "flashinfer").is_dir():
        pytest.skip(f"flashinfer-python {release} is not there; make test-runtime installs it")
    return folder
