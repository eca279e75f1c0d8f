"""On real releases of FlashInfer, which import without a GPU: every alias, every order of imports, every kind of process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.runtime.conftest import ROOT, Run

RELEASES = ("0.6.7", "0.7.2.post1")
CALLS = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.runtime.calls import call"

ALIASES = """
import importlib, json, types
import contractlint.runtime as R
from contractlint.runtime import arming
if {early}: R.arm(R.Settings.make("assert"))
import flashinfer
if not {early}: R.arm(R.Settings.make("assert"))
view = arming._STATE.libraries["flashinfer-python"].view
missed, seen = [], 0
for library in R.status().libraries:
    for name in library.armed:
        for alias in view.entry_points[name].names:
            found = arming.targets.find(alias).function
            if found is not None:
                seen += 1
                if not any(n.startswith("_contractlint_") for n in found.__code__.co_names + found.__code__.co_freevars):
                    missed.append(alias)
print(json.dumps({{"lines": R.status().lines(), "missed": missed, "seen": seen}}))
"""


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("release", RELEASES)
def test_every_alias_is_armed_whatever_comes_first(run: Run, release: str, early: bool) -> None:
    done = run("-c", ALIASES.format(early=early), release=release)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["missed"] == [] and said["seen"] >= 60
    assert said["lines"][0].startswith("armed ") and f"entry points of flashinfer {release}" in said["lines"][0]
    assert "no checker" not in said["lines"][0] and "not armed: " in said["lines"][0]  # comm needs what is not here


@pytest.mark.parametrize(
    "release, raised", [("0.6.7", "ContractBreach"), ("0.6.8", "RuntimeError"), ("0.7.2.post1", "RuntimeError")]
)
def test_a_float32_bias_is_stopped_only_where_it_is_misread(run: Run, release: str, raised: str) -> None:
    body = (
        f"import contractlint.runtime as R; R.arm(R.Settings.make('assert')); {CALLS}; print(call(), call('bfloat16'))"
    )
    done = run("-c", body, release=release)
    assert done.stdout.split() == [raised, "RuntimeError"], done.stderr


PROCESSES = f"""
{CALLS}
import multiprocessing, subprocess, sys
def report(queue): queue.put(call())
if __name__ == "__main__":
    print("self", call())
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        child = context.Process(target=report, args=(queue,))
        child.start(); print(method, queue.get(timeout=100)); child.join()
    body = {CALLS!r} + "; print('program', call())"
    sys.stdout.flush()
    subprocess.run([sys.executable, "-c", body])
"""


def test_run_reaches_every_child_process(run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("run")
    program = folder / "program.py"
    program.write_text(PROCESSES)
    done = run(
        "-m", "contractlint", "run", "--trace", str(folder / "traces"), "--require", "trtllm_fp8_block_scale_moe",
        "--", sys.executable, str(program), release="0.6.7",
    )  # fmt: skip
    words = dict(line.split() for line in done.stdout.splitlines())
    assert words == dict.fromkeys(("self", "fork", "spawn", "forkserver", "program"), "ContractBreach"), done.stderr
    assert done.returncode == 0 and "entry points of flashinfer 0.6.7" in done.stderr
    shown = run("-m", "contractlint", "trace", "show", str(folder / "traces"))
    assert shown.returncode == 1 and "5 calls of 1 entry point" in shown.stdout


def test_what_a_recorded_run_saw_before_kill_9_can_be_read(run: Run, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"{CALLS}\nimport os, signal\nfor _ in range(3): call()\nos.kill(os.getpid(), signal.SIGKILL)\n")
    traces = str(tmp_path / "traces")
    done = run(
        "-m", "contractlint", "run", "--mode", "record", "--trace", traces, "--", sys.executable, str(program),
        release="0.6.7",
    )  # fmt: skip
    assert done.returncode in (-9, 137), done.stderr
    shown = run("-m", "contractlint", "trace", "show", traces)
    assert "3 calls of 1 entry point" in shown.stdout, shown.stdout + shown.stderr
    assert run("-m", "contractlint", "trace", "merge", traces, "-o", str(tmp_path / "merged.jsonl")).returncode == 0


def test_the_environment_alone_arms_a_process_whose_engine_loads_plugins(run: Run) -> None:
    body = f"from contractlint.runtime.startup import plugin; plugin(); plugin(); {CALLS}; print(call())"
    assert run("-c", body, release="0.6.7", env={"CONTRACTLINT_MODE": "assert"}).stdout.strip() == "ContractBreach"
    assert run("-c", body, release="0.6.7").stdout.strip() == "RuntimeError"


def test_an_unknown_release_gets_the_nearest_contracts_and_that_is_said(run: Run) -> None:
    body = f"""
import flashinfer; flashinfer.__version__ = "0.6.7.post9"
import contractlint.runtime as R
print(R.arm(R.Settings.make("assert")).lines()[0]); {CALLS}; print(call())"""
    done = run("-c", body, release="0.6.7")
    first, last = done.stdout.splitlines()
    assert "contracts know no such release; those of 0.6.7.post3 are used" in first and last == "ContractBreach"


def test_wrappers_of_the_library_keep_their_attributes(run: Run) -> None:
    body = """
import contractlint.runtime as R, flashinfer, inspect, json
f = flashinfer.fused_moe.fused_topk_deepseek
def facts(): return [str(inspect.signature(f)), sorted(vars(f)), f.__doc__, inspect.getsource(f)]
before = facts()
R.arm(R.Settings.make("assert"))
print(before == facts(), "is_compute_capability_supported" in vars(f))"""
    assert run("-c", body, release="0.6.7").stdout.split() == ["True", "True"]


def test_without_the_library_one_line_says_so(run: Run) -> None:
    done = run(
        "-m", "contractlint", "run", "--require", "trtllm_bf16_moe", "--", __import__("sys").executable, "-c", "1"
    )
    assert done.returncode == 2
    assert "no process imported a library under contract" in done.stderr and "Traceback" not in done.stderr
