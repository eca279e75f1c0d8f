"""The pytest plugin: armed before conftests import an engine; the summary; what is required and not armed."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from contractlint.trace.reader import read_traces
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


def test_workers_of_xdist_are_armed_and_say_so(run: Run, project: Path) -> None:
    (project / "test_more.py").write_text(TEST.replace("float32", "bfloat16"))
    files = (*ARGUMENTS, "test_more.py", "-n", "2")
    done = run(*files, "--contractlint=assert", "--contractlint-require=trtllm_fp8_block_scale_moe")
    assert done.returncode == 1 and "1 failed, 1 passed" in done.stdout
    assert "entry points of flashinfer 0.6.7" in done.stdout and "(in 2 processes)" in done.stdout
    done = run(*files, "--contractlint=record", "--contractlint-require=nonsense")
    assert done.returncode == 1 and "2 passed" in done.stdout and "required, but not armed: nonsense" in done.stdout
    done = run(*files, "--contractlint=record", "--contractlint-require=trtllm_bf16_moe")
    assert done.returncode == 0 and "(in 2 processes)" in done.stdout
    rows = read_traces([project / "contractlint-trace"]).ordered()
    assert {row.function for row in rows} == {"test_apply"} and len({row.file for row in rows}) == 2


def test_every_option_has_a_twin_in_the_ini_file(run: Run, project: Path) -> None:
    (project / "pytest.ini").write_text(
        "[pytest]\ncontractlint = record\ncontractlint_trace = kept\ncontractlint_checks = dtype\n"
        "contractlint_require =\n    trtllm_bf16_moe\n    nonsense\n"
    )
    done = run(*ARGUMENTS)
    assert done.returncode == 1 and "required, but not armed: nonsense" in done.stdout
    assert "trtllm_bf16_moe:" not in done.stdout and read_traces([project / "kept"]).ordered()
    assert "contractlint: record (dtype), traces in " in done.stdout


def test_a_library_that_no_test_imports_is_no_library_under_contract(run: Run, tmp_path: Path) -> None:
    (tmp_path / "test_engine.py").write_text("def test_nothing(): pass\n")
    for more in ((), ("-n", "2")):
        done = run(*ARGUMENTS, *more, "--contractlint=assert", "--contractlint-require=trtllm_bf16_moe")
        assert done.returncode == 1 and "trtllm_bf16_moe: flashinfer was not imported" in done.stdout, done.stdout
        assert run(*ARGUMENTS, *more, "--contractlint=assert").returncode == 0


@pytest.mark.skipif(not INSTALLED, reason="contractlint is not installed here, so there is no plugin to leave out")
def test_the_plugin_can_be_left_out(run: Run, project: Path) -> None:
    assert run(*ARGUMENTS, "-p", "no:contractlint").returncode == 0
    done = run(*ARGUMENTS, "-p", "no:contractlint", "--contractlint=assert")
    assert done.returncode == 4 and "unrecognized arguments: --contractlint=assert" in done.stderr


def test_a_conftest_that_imports_the_real_library_early(run: Run, project: Path) -> None:
    (project / "conftest.py").write_text("from flashinfer.fused_moe import trtllm_fp8_block_scale_moe as kernel\n")
    (project / "test_engine.py").write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{TEST}")
    done = run(*ARGUMENTS, "--contractlint=assert", "-W", "ignore", release="0.6.7")
    assert done.returncode == 1 and "`routing_bias` of trtllm_fp8_block_scale_moe is float32" in done.stdout, (
        done.stderr
    )
