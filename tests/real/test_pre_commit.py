"""The hook as its users have it: the real `pre-commit`, in a git repository made from vLLM 0.19.1, at the next release.

The hook is installed from the files of this repository as they are now.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.engines import load_engines

pytestmark = pytest.mark.real

HERE = Path(__file__).parent.parent.parent
MODELS = "vllm/model_executor/models"

CONFIG = """\
repos:
  - repo: {hook}
    rev: {revision}
    hooks:
      - id: contractlint
        args: [--release, "0.6.7"]
"""

NEW_MODEL = """\
import torch
from torch import nn

from vllm.model_executor.layers.fused_moe import FusedMoE


class NewMoE(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.bias = nn.Parameter(torch.empty(config.n_experts, dtype=torch.{dtype}))
        self.experts = FusedMoE(
            num_experts=config.n_experts,
            top_k=config.top_k,
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            renormalize=True,
            use_grouped_topk=True,
            num_expert_group=config.n_group,
            topk_group=config.topk_group,
            scoring_func="sigmoid",
            e_score_correction_bias=self.bias,
        )
"""


@dataclass(frozen=True)
class Repository:
    """The engine under git, with the hook installed."""

    root: Path
    environment: dict[str, str]
    home: Path  # where pre-commit keeps the environments of hooks

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=check)

    def commit(self, files: Sequence[str]) -> tuple[bool, str]:
        """Try to commit; whether it was let through, and what the hook said. Nothing of it stays."""
        before = self.run("git", "rev-parse", "HEAD").stdout.strip()
        self.run("git", "add", *files)
        done = self.run("git", "commit", "--quiet", "--message", "a change", check=False)
        after = self.run("git", "rev-parse", "HEAD").stdout.strip()
        self.run("git", "reset", "--quiet", "--hard", before)
        return after != before, done.stdout + done.stderr


def _git(root: Path, *arguments: str, environment: dict[str, str]) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _committed(root: Path, environment: dict[str, str]) -> str:
    _git(root, "init", "--quiet", environment=environment)
    _git(root, "add", "--all", environment=environment)
    _git(root, "commit", "--quiet", "--message", "first", environment=environment)
    return _git(root, "rev-parse", "HEAD", environment=environment)


def _own_files(target: Path) -> None:
    """This repository's files, with what is not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (HERE / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HERE / name, target / name)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    base = tmp_path_factory.mktemp("pre-commit")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTEST"))},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "someone",
        "GIT_AUTHOR_EMAIL": "someone@example.org",
        "GIT_COMMITTER_NAME": "someone",
        "GIT_COMMITTER_EMAIL": "someone@example.org",
        "PRE_COMMIT_HOME": str(base / "home"),
        "CONTRACTLINT_CACHE_DIR": str(base / "cache"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    hook = base / "hook"
    _own_files(hook)
    revision = _committed(hook, environment)
    root = base / "vllm"
    shutil.copytree(load_engines()["vllm==0.19.1"].fetch().root, root)
    (root / ".pre-commit-config.yaml").write_text(CONFIG.format(hook=hook.as_uri(), revision=revision))
    _committed(root, environment)
    repository = Repository(root, environment, base / "home")
    repository.run(sys.executable, "-m", "pre_commit", "install", "--install-hooks")
    return repository


def test_it_installs_without_torch_and_without_the_library(engine: Repository) -> None:
    (python,) = engine.home.glob("repo*/py_env-*/bin/python")
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    installed = {line.partition("==")[0].lower() for line in listed.stdout.splitlines()}
    assert "contractlint" in installed
    assert not installed & {"torch", "flashinfer-python", "numpy"}
    assert len(installed - {"pip", "setuptools", "wheel"}) < 12


def test_an_innocent_commit_is_let_through(engine: Repository) -> None:
    with (engine.root / MODELS / "llama.py").open("a") as file:
        file.write("\n# A remark.\n")
    let_through, said = engine.commit([f"{MODELS}/llama.py"])
    assert let_through, said
    assert "Passed" in said


def test_a_new_model_with_an_uncast_bias_is_stopped_by_the_calls_that_will_read_it(engine: Repository) -> None:
    new = f"{MODELS}/new_moe.py"
    (engine.root / new).write_text(NEW_MODEL.format(dtype="float32"))
    let_through, said = engine.commit([new])
    assert not let_through
    assert f"1. {new}:10" in said
    assert "trtllm_fp8_moe.py" in said
    (engine.root / new).write_text(NEW_MODEL.format(dtype="bfloat16"))
    let_through, said = engine.commit([new])
    assert let_through, said
