"""Runs contractlint on published engines, one process for each engine and release, and keeps what it printed.

These tests download archives and take minutes, so they run when CONTRACTLINT_REAL=1 says so: `make test-real`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.engines import load_engines

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "real: runs on published engines; needs CONTRACTLINT_REAL=1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("CONTRACTLINT_REAL") == "1":
        return
    skip = pytest.mark.skip(reason="downloads engines and takes minutes; CONTRACTLINT_REAL=1 runs it")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(skip)


@dataclass(frozen=True)
class Checked:
    """What one run printed, and the sources that it looked at."""

    root: Path
    exit_code: int
    document: dict[str, Any]

    def rows(self, file: str, entry_point: str, parameter: str, aspect: str = "dtype") -> list[dict[str, Any]]:
        """The verdicts on a parameter at the calls of an entry point in a file, named by their last parts."""
        return [
            row
            for row in self.document["arguments"]
            if row["file"].endswith(f"/{file}")
            and row["entry_point"].endswith(f".{entry_point}")
            and row["parameter"] == parameter
            and row["aspect"] == aspect
        ]

    def findings(self, file: str = "", parameter: str = "", code: str = "") -> list[dict[str, Any]]:
        """What was found, by the last part of the file's name, the parameter, the beginning of the code."""
        return [
            found
            for found in self.document["findings"]
            if found["file"].endswith(f"/{file}" if file else "")
            and found["parameter"].startswith(parameter)
            and found["code"].startswith(code)
        ]

    def about(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """The findings about a judged argument: its own place is that of the call or of a line within it."""
        calls = [
            site["line"]
            for site in self.document["call_sites"]
            if site["file"] == row["file"] and site["line"] > row["line"]
        ]
        end = min(calls, default=sys.maxsize)
        return [
            found
            for found in self.findings(parameter=row["parameter"])
            if found["file"] == row["file"]
            and found["entry_point"] == row["entry_point"]
            and row["line"] <= found["line"] < end
        ]


Check = Callable[[str, str], Checked]


@pytest.fixture(scope="session")
def check() -> Check:
    """Check a pinned engine against a release, `""` for its own pin. Each pair is run once."""
    engines = load_engines()
    done: dict[tuple[str, str], Checked] = {}

    def run(spec: str, release: str) -> Checked:
        if (spec, release) not in done:
            package = engines[spec].fetch()
            command = [sys.executable, "-m", "contractlint", "check", "--package", spec, "--output-format", "json"]
            command += ["--release", release] if release else []
            process = subprocess.run(command, capture_output=True, text=True, check=False)
            assert process.returncode in (0, 1), process.stderr
            done[spec, release] = Checked(package.root, process.returncode, json.loads(process.stdout))
        return done[spec, release]

    return run
