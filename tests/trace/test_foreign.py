"""What FlashInfer writes of itself, as its releases write it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contractlint.catalog import load_catalog
from contractlint.trace.evidence import rows_of
from contractlint.trace.reader import read_traces
from contractlint.trace.rows import Row

LOG = """\
================================================================================
[2026-11-25 17:20:38] FlashInfer API Logging - System Information
================================================================================
FlashInfer version: 0.6.7
PyTorch version: 2.13.0+cpu
================================================================================

================================================================================
[2026-11-25 17:20:41] FlashInfer API Call: trtllm_fp8_block_scale_moe
--------------------------------------------------------------------------------
Positional input arguments:
  arg[0]:
    Tensor(
      shape=(8, 16)
      stride=(16, 1)
      dtype=torch.float32
      device=cuda:0
      requires_grad=False
      is_contiguous=True
    )
  arg[1]:
    Tensor(
      shape=(16,)
      stride=(1,)
      dtype=torch.float32
      device=cuda:0
      requires_grad=False
      is_contiguous=True
    )
Keyword input arguments:
  num_experts=
    16
  routing_method_type=
    RoutingMethodType.DeepSeekV3 (value=2)
Default parameters (not explicitly provided):
  enable_pdl= [DEFAULT]
    None
"""
TENSOR = {"shape": [16], "dtype": "torch.float32", "stride": [1], "device": "cpu"}
SESSION = {
    "function_name": "trtllm_fp8_block_scale_moe",
    "module": "flashinfer.fused_moe.core",
    "input_metadata": {"kwarg_routing_method_type": 2},
    "tensor_details": {"arg_0": {**TENSOR, "shape": [8, 16], "stride": [16, 1]}, "kwarg_routing_bias": TENSOR},
    "function_signature": "(routing_logits: torch.Tensor, routing_bias: Optional[torch.Tensor], kind: E = <E.A: 1>) -> Tensor",
    "versions": {"flashinfer": "0.6.7"},
    "execution_status": "inputs_saved",
}
DUMP = {
    "name": "moe",
    "tags": ["fi_api:flashinfer.fused_moe.core.trtllm_fp8_block_scale_moe"],
    "axes": {"num_experts": {"type": "const", "value": 16}, "seq_len": {"type": "var"}},
    "inputs": {"routing_bias": {"shape": ["num_experts"], "dtype": "float32"},
               "routing_logits": {"shape": ["seq_len", "num_experts"], "dtype": "float32"}},
}  # fmt: skip


def rows(path: Path, text: str, release: str = "") -> tuple[list[Row], list[str]]:
    path.write_text(text)
    trace = read_traces([path])
    return rows_of(trace.observations, load_catalog(), "flashinfer-python", release)


def broken(found: list[Row]) -> list[str]:
    breaches = [breach for row in found for breach in row.breaches if breach.severity == "error"]
    return [breach.parameter for breach in breaches if breach.aspect == "dtype"]


def test_a_text_log_shows_the_breach(tmp_path: Path) -> None:
    found, problems = rows(tmp_path / "fi.txt", LOG)
    assert not problems and broken(found) == ["routing_bias"]
    assert found[0].arguments["routing_method_type"] == {"value": 2} and found[0].device == "cuda"


def test_a_session_log_shows_it_and_counts_a_call_once(tmp_path: Path) -> None:
    lines = [json.dumps(SESSION), json.dumps({**SESSION, "execution_status": "completed"})]
    found, problems = rows(tmp_path / "session.jsonl", "\n".join(lines))
    assert not problems and len(found) == 1 and broken(found) == ["routing_bias"]
    assert found[0].arguments["routing_logits"]["shape"] == [8, 16]


def test_a_trace_dump_is_read_and_what_it_does_not_show_is_not_judged(tmp_path: Path) -> None:
    found, problems = rows(tmp_path / "moe.json", json.dumps(DUMP), "0.6.7")
    assert not problems and found[0].arguments["routing_bias"] == {"dtype": "float32", "shape": [16]}
    assert not broken(found) and any("routing_bias" in text for text in found[0].unchecked)


@pytest.mark.parametrize("release, parameters", [("0.6.8", []), ("0.6.7", ["routing_bias"])])
def test_a_log_without_a_release_needs_one(tmp_path: Path, release: str, parameters: list[str]) -> None:
    text = LOG.replace("FlashInfer version: 0.6.7\n", "")
    assert "name it with --release" in rows(tmp_path / "fi.log", text)[1][0]
    assert broken(rows(tmp_path / "fi.log", text, release)[0]) == parameters
