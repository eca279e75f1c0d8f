"""The hook's promise, with the real static pass: a commit to a producer is judged by the call that it feeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run

LAYER = """
import torch
from flashinfer.fused_moe import trtllm_fp8_block_scale_moe


class Experts:
    def __init__(self, bias):
        self.bias = bias

    def apply(self, x, logits):
        return trtllm_fp8_block_scale_moe(
            routing_logits=logits.to(torch.float32),
            routing_bias=self.bias,
            hidden_states=x,
            hidden_states_scale=None,
            gemm1_weights=None,
            gemm1_weights_scale=None,
            gemm2_weights=None,
            gemm2_weights_scale=None,
            num_experts=8,
            top_k=2,
            n_group=1,
            topk_group=1,
            intermediate_size=64,
            local_expert_offset=0,
            local_num_experts=8,
            routed_scaling_factor=1.0,
            routing_method_type=2,
        )
"""
MODEL = """
import torch
from engine.layer import Experts


class Model:
    def __init__(self, n):
        self.bias = torch.nn.Parameter(torch.empty(n, dtype=torch.{dtype}))
        self.experts = Experts(self.bias)
"""


@pytest.fixture
def engine(project: Path) -> Path:
    """A kernel call fed by one model that is right."""
    (project / "engine" / "layer.py").write_text(LAYER)
    (project / "engine" / "model.py").write_text(MODEL.format(dtype="bfloat16"))
    return project


def test_an_innocent_commit_passes(engine: Path, contractlint: Run) -> None:
    (engine / "engine" / "other.py").write_text("y = 3\n")
    code, out, err = contractlint("check", "engine/other.py")
    assert (code, err) == (0, "")
    assert "No findings." in out


def test_a_commit_that_adds_a_producer_of_the_wrong_dtype_is_stopped(engine: Path, contractlint: Run) -> None:
    (engine / "engine" / "new_model.py").write_text(MODEL.format(dtype="float32"))
    code, out, _ = contractlint("check", "engine/new_model.py")
    assert code == 1
    assert "--> engine/layer.py:13:" in out
    assert "1. engine/new_model.py:8" in out


def test_it_does_not_stop_the_next_commit_to_another_file(engine: Path, contractlint: Run) -> None:
    (engine / "engine" / "new_model.py").write_text(MODEL.format(dtype="float32"))
    assert contractlint("check", "engine/other.py")[0] == 0
    assert contractlint("check")[0] == 1
