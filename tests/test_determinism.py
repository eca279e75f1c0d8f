"""The same tree gives the same report, byte for byte, whatever the order of its files, the hash seed and the cache."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

RELEASES = ("0.6.6", "0.6.7", "0.7.2.post1")

# Every way in which a run could notice an order: files that define the same method, a family of classes chosen by name,
# one attribute with many makers, several calls of an entry point, one argument with many origins.
PROJECT = {
    "engine/__init__.py": "",
    "engine/config.py": """\
from dataclasses import dataclass, field

import torch


@dataclass
class Quant:
    method: str = "fp8"
    bias_dtype: torch.dtype = torch.float32
    scales: dict = field(default_factory=dict)
""",
    "engine/experts.py": """\
from abc import ABC, abstractmethod

import torch

import flashinfer
from flashinfer.fused_moe import RoutingMethodType, trtllm_bf16_moe, trtllm_fp8_block_scale_moe


class Experts(ABC):
    @abstractmethod
    def apply(self, x, logits, bias):
        raise NotImplementedError


class Bf16Experts(Experts):
    def apply(self, x, logits, bias):
        return trtllm_bf16_moe(
            logits, bias, x, x, x, 8, 2, None, None, 128, 0, 8, None, RoutingMethodType.DeepSeekV3
        )


class Fp8Experts(Experts):
    def __init__(self, quant):
        self.quant = quant

    def apply(self, x, logits, bias):
        rest = {"n_group": 8, "topk_group": 4}
        rest.update(routed_scaling_factor=2.5)
        if self.quant.method == "fp8":
            rest["routing_method_type"] = RoutingMethodType.DeepSeekV3
        return trtllm_fp8_block_scale_moe(
            routing_logits=logits, routing_bias=bias, hidden_states=x, hidden_states_scale=self.quant.scales["x"],
            gemm1_weights=x, gemm1_weights_scale=x, gemm2_weights=x, gemm2_weights_scale=x, num_experts=8, top_k=2,
            intermediate_size=128, local_expert_offset=0, local_num_experts=8, **rest,
        )


class Decode(Experts):
    def __init__(self, quant):
        self.workspace = torch.empty(1 << 20, dtype=torch.uint8)
        self.wrapper = flashinfer.BatchDecodeWithPagedKVCacheWrapper(self.workspace)

    def apply(self, x, logits, bias):
        self.wrapper.plan(logits, logits, logits, 8, 8, 128, 16, no_such_option=1)
        return self.wrapper.run(x, bias)


EXPERTS = {"bf16": Bf16Experts, "fp8": Fp8Experts, "decode": Decode}


def experts_for(quant):
    return EXPERTS[quant.method](quant)
""",
    "engine/layer.py": """\
from engine.experts import experts_for


class MoE:
    def __init__(self, quant, bias=None):
        self.experts = experts_for(quant)
        self.bias = bias

    def forward(self, x, logits):
        return self.experts.apply(x, logits, bias=self.bias)


def unknown(ops, x):
    return ops.trtllm_bf16_moe(x)
""",
    **{
        f"engine/models/m{number}.py": f"""\
import torch

from engine.config import Quant
from engine.layer import MoE


class Block{number % 3}:
    def __init__(self, quant: Quant):
        self.bias = torch.empty(8, dtype={dtype})
        self.moe = MoE(quant, bias=self.bias)

    def forward(self, x, gate):
        return self.moe.forward(x, gate(x){".float()" if number % 2 else ""})
"""
        for number, dtype in enumerate(
            ("torch.float32", "torch.bfloat16", "torch.float16", "quant.bias_dtype", "torch.float32", "x.dtype") * 3
        )
    },
    "engine/broken.py": "def f(:\n    trtllm_bf16_moe()\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for name, text in PROJECT.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


# The command line, in folders whose entries the operating system gives in another order.
SHUFFLED = """\
import os, random, sys
from contractlint.cli import run

class Listing:
    def __init__(self, path="."):
        entries = list(listed(path))
        rng.shuffle(entries)
        self.entries = iter(entries)

    def __iter__(self):
        return self.entries

    def __next__(self):
        return next(self.entries)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    close = __exit__

listed, rng = os.scandir, random.Random(int(sys.argv[1]))
os.scandir = Listing
sys.exit(run(sys.argv[2:]))
"""


def check(root: Path, cache: Path, form: str, releases: Sequence[str] = RELEASES, *options: str, seed: int = 0) -> str:
    """What one process says of the project; `seed` decides its hashes and the order in which it is given the files."""
    command = [sys.executable, "-c", SHUFFLED, str(seed), "check", "--output-format", form, *options, str(root)]
    for release in releases:
        command += ["--release", release]
    environment = {**os.environ, "CONTRACTLINT_CACHE_DIR": str(cache), "PYTHONHASHSEED": str(seed)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root, check=False)
    assert not done.stderr
    return re.sub(r'("seconds": )[\d.]+', r"\g<1>0", done.stdout)


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that keeps compiled contracts for runs which keep nothing of the project."""
    return tmp_path_factory.mktemp("contracts")


@pytest.fixture(scope="module")
def expected(project: Path, contracts: Path) -> dict[str, str]:
    return {form: check(project, contracts, form, RELEASES, "--no-cache") for form in ("json", "full")}


def test_the_project_makes_a_run_say_much(expected: dict[str, str]) -> None:
    document = json.loads(expected["json"])
    assert {f["code"] for f in document["findings"]} >= {"CL101", "CL102"}
    assert {a["verdict"] for a in document["arguments"]} >= {"violated", "proved", "unproven"}
    assert len(document["unchecked"]) == 1
    assert max(len(finding["paths"]) for finding in document["findings"]) > 5


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("form", ["json", "full"])
def test_neither_hash_seed_nor_order_of_files_shows(
    form: str, seed: int, project: Path, expected: dict[str, str], contracts: Path
) -> None:
    assert check(project, contracts, form, RELEASES, "--no-cache", seed=seed) == expected[form]


def test_neither_a_cold_nor_a_warm_cache_shows(project: Path, expected: dict[str, str], tmp_path: Path) -> None:
    for seed in (0, 1):  # the second run is answered from what the first kept
        assert check(project, tmp_path, "json", seed=seed) == expected["json"]
        assert check(project, tmp_path, "full", seed=seed) == expected["full"]


def test_what_is_kept_of_a_run_for_one_release_does_not_show_in_another(
    project: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    for release in reversed(RELEASES):
        check(project, tmp_path, "json", [release])
    assert check(project, tmp_path, "json") == expected["json"]


def test_a_release_is_judged_alone_as_among_others(project: Path, expected: dict[str, str], contracts: Path) -> None:
    together = json.loads(expected["json"])
    backwards = json.loads(check(project, contracts, "json", RELEASES[::-1], "--no-cache"))
    for release in RELEASES:
        alone = of_release(json.loads(check(project, contracts, "json", [release], "--no-cache")), release)
        assert of_release(together, release) == alone
        assert of_release(backwards, release) == alone


def of_release(document: dict[str, Any], release: str) -> dict[str, list[dict[str, Any]]]:
    """What a report says for one release."""
    parts = ("call_sites", "arguments", "findings")
    return {part: [row for row in document[part] if row["release"] == release] for part in parts}
