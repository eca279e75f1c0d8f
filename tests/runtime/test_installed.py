"""The wheel as users have it, in an environment of its own: processes are armed by what the wheel brings along.

Builds and installs the wheel, so it needs a package index; `make test-runtime` runs it. With CONTRACTLINT_RAY=1 Ray is
installed too, and its workers are tried.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.conftest import ROOT, wheel
from tests.runtime.test_flashinfer import PROCESSES

pytestmark = pytest.mark.skipif(
    "CONTRACTLINT_FLASHINFER" not in os.environ, reason="builds and installs the wheel; make test-runtime runs it"
)
CALL = "from calls import call"
Python = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel, and with torch and FlashInfer 0.6.7 of the one that tests run in."""
    import torch

    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], check=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    (built,) = folder.glob("contractlint-*.whl")
    more = ["ray"] if os.environ.get("CONTRACTLINT_RAY") else []
    subprocess.run([str(python), "-m", *pip[2:], "install", str(built), *more], check=True)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    paths = (wheel("0.6.7"), wheel("0.6.7").parent / "deps", Path(torch.__file__).parents[1])
    (site / "the_rest.pth").write_text("".join(f"{path}\n" for path in paths))
    return folder / "venv"


@pytest.fixture
def python(environment: Path, tmp_path: Path) -> Python:
    """Run the environment's Python, with nothing of this repository on its path but how to call a kernel."""
    shutil.copy(ROOT / "tests" / "runtime" / "calls.py", tmp_path)

    def run(*command: str, program: str = "python", **more: str) -> Any:
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("CONTRACTLINT_MODE", "PYTHON", "VIRTUAL"))}
        variables = {**kept, "HOME": str(tmp_path), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(tmp_path), **more}
        return subprocess.run(
            [str(environment / "bin" / program), *command],
            capture_output=True, text=True, env=variables, cwd=tmp_path, timeout=240,
        )  # fmt: skip

    return run


def test_the_wheel_is_what_runs(python: Python, environment: Path) -> None:
    done = python("-c", "import contractlint; print(contractlint.__file__)")
    assert done.stdout.startswith(str(environment)), done.stderr


def test_the_variable_alone_arms_a_program_and_whatever_it_starts(python: Python, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROCESSES.replace(PROCESSES.splitlines()[1], CALL).replace(
        f"body = {PROCESSES.splitlines()[1]!r}", f"body = {CALL!r}"))  # fmt: skip
    armed = python("program.py", CONTRACTLINT_MODE="assert")
    words = dict(line.split() for line in armed.stdout.splitlines())
    assert words == dict.fromkeys(("self", "fork", "spawn", "forkserver", "program"), "ContractBreach"), armed.stderr
    bare = python("program.py")
    assert {line.split()[1] for line in bare.stdout.splitlines()} == {"RuntimeError"}, bare.stderr


def test_run_arms_a_module(python: Python, environment: Path, tmp_path: Path) -> None:
    (tmp_path / "engine.py").write_text(f"{CALL}\nprint(call())")
    done = python(
        "run", "--require", "trtllm_fp8_block_scale_moe", "--", "python", "-m", "engine", program="contractlint",
        PATH=f"{environment / 'bin'}:{os.environ['PATH']}",
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout.strip() == "ContractBreach", done.stderr
    assert "entry points of flashinfer 0.6.7" in done.stderr


def test_vllm_arms_its_processes_by_the_plugin_when_the_variable_comes_late(python: Python, tmp_path: Path) -> None:
    """As in workers that get the driver's environment after they have started; by vLLM's own loader of plugins."""
    if not os.environ.get("CONTRACTLINT_REAL"):
        pytest.skip("downloads vLLM's sources; CONTRACTLINT_REAL=1 runs it")
    from bench.engines import load_engines

    source = load_engines()["vllm==0.19.1"].fetch().root / "vllm"
    package = tmp_path / "vllm"
    (package / "plugins").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    for name in ("envs.py", "plugins/__init__.py"):  # all that its loader needs
        shutil.copy(source / name, package / name)
    body = f"""
{CALL}; import os
from vllm.plugins import load_general_plugins
load_general_plugins() if {{late}} else None
os.environ["CONTRACTLINT_MODE"] = "assert"
import vllm.plugins; vllm.plugins.plugins_loaded = False
load_general_plugins(); print(call())"""
    for late in (False, True):
        done = python("-c", body.format(late=late))
        assert done.stdout.strip() == "ContractBreach", done.stderr
    assert python("-c", body.format(late=False), VLLM_PLUGINS="other").stdout.strip() == "RuntimeError"


def test_a_process_started_as_ray_starts_its_workers(python: Python, tmp_path: Path) -> None:
    """Ray's raylet starts `python -u default_worker.py --…` with the environment of the node: no fork, no spawn of ours."""
    (tmp_path / "default_worker.py").write_text(f"{CALL}\nprint(call())")
    body = """
import subprocess, sys, os
subprocess.run([sys.executable, "-u", "default_worker.py", "--node-ip-address=127.0.0.1"], env=dict(os.environ))"""
    assert python("-c", body, CONTRACTLINT_MODE="assert").stdout.strip() == "ContractBreach"


@pytest.mark.skipif("CONTRACTLINT_RAY" not in os.environ, reason="installs Ray; CONTRACTLINT_RAY=1 runs it")
def test_ray_workers_and_actors_are_armed(python: Python, tmp_path: Path) -> None:
    (tmp_path / "driver.py").write_text(f"""
import os, ray
from calls import call as here

@ray.remote
def task():
    {CALL}; return call()

@ray.remote
class Actor:
    def call(self):
        {CALL}; return call()

@ray.remote
def late():  # the variable comes when the worker runs already, as vLLM hands it on; its plugin arms the worker
    os.environ["CONTRACTLINT_MODE"] = "assert"
    from contractlint.runtime.startup import plugin
    plugin()
    {CALL}; return call()

given = {{"env_vars": {{"CONTRACTLINT_MODE": "assert"}}}} if os.environ.get("BY_RUNTIME_ENV") else None
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, runtime_env=given)
print(ray.get(task.remote()), ray.get(Actor.remote().call.remote()), ray.get(late.remote()))
""")
    for how in ({"CONTRACTLINT_MODE": "assert"}, {"BY_RUNTIME_ENV": "1"}):
        done = python("driver.py", **how)
        assert done.stdout.split()[-3:] == ["ContractBreach"] * 3, done.stderr[-2000:]
    done = python("driver.py")
    assert done.stdout.split()[-3:-1] == ["RuntimeError"] * 2 and done.stdout.split()[-1] == "ContractBreach"
