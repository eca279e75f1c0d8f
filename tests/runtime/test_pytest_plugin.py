"""The pytest plugin: armed before conftests import an engine; the summary; what is required and not armed."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.runtime.conftest import ROOT, Run

CONFTEST = """
import sys
sys.path.insert(0, {root!r})
from contractlint.testing import install
library = install("0.6.7")
import flashinfer                       # what an engine does when a conftest imports it
from flashinfer.fused_moe import trtllm_fp8_block_scale_moe as kernel
"""
TEST = """
import torch
from conftest import kernel
from tests.runtime.calls import moe_arguments
def test_apply():
    kernel(**moe_arguments(torch, "float32"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST.format(root=str(ROOT)))
    (tmp_path / "test_engine.py").write_text(TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


# An installed contractlint brings its plugin along; naming it once more is an error.
INSTALLED = any(each.value == "contractlint.pytest_plugin" for each in entry_points(group="pytest11"))
NAMED = () if INSTALLED else ("-p", "contractlint.pytest_plugin")
ARGUMENTS = ("-m", "pytest", *NAMED, "-p", "no:cacheprovider", "test_engine.py")


def test_a_green_test_turns_red(run: Run, project: Path) -> None:
    assert run(*ARGUMENTS).returncode == 0
    done = run(*ARGUMENTS, "--contractlint=assert")
    assert done.returncode == 1 and "reads" in done.stdout and "routing_bias" in done.stdout
    assert "entry points of flashinfer 0.6.7" in done.stdout


def test_the_ini_file_does_the_same(run: Run, project: Path) -> None:
    (project / "pytest.ini").write_text("[pytest]\ncontractlint = assert\n")
    assert run(*ARGUMENTS).returncode == 1
    assert run(*ARGUMENTS, "--contractlint=off").returncode == 0


def test_what_is_required_must_be_armed(run: Run, project: Path) -> None:
    done = run(*ARGUMENTS, "--contractlint=record", "--contractlint-require=nonsense")
    assert done.returncode == 1 and "required, but not armed: nonsense" in done.stdout
    assert run(*ARGUMENTS, "--contractlint=record", "--contractlint-require=trtllm_bf16_moe").returncode == 0


def test_a_mode_that_means_nothing_is_one_line(run: Run, project: Path) -> None:
    done = run(*ARGUMENTS, "--contractlint=asert")
    assert done.returncode == 4 and "'asert' is no mode" in done.stderr and "Traceback" not in done.stderr
