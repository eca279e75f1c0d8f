"""What a run takes for a kernel call."""

from __future__ import annotations

from pathlib import Path

import pytest

from contractlint.catalog import load_catalog
from contractlint.check import run_check
from contractlint.engine import is_distinctive
from contractlint.model.finding import Target
from contractlint.sources import Tree


@pytest.mark.parametrize(
    ("entry_point", "distinctive"),
    [
        ("flashinfer.fused_moe.trtllm_bf16_moe", True),
        ("house.scale_by_bias", True),
        ("flashinfer.activation.silu", False),
        ("flashinfer.decode.BatchDecodeWrapper.run_with_plan", False),
        ("flashinfer.kda_kernels.kda_chunked.get_seq_len", False),
        ("flashinfer.comm._make_a_workspace", False),
    ],
)
def test_a_name_alone_suggests_a_kernel_when_it_is_compound_and_public(entry_point: str, distinctive: bool) -> None:
    assert is_distinctive(entry_point) is distinctive


SOURCE = """
import house
import torch
from flashinfer.fused_moe import trtllm_bf16_moe


def both(x, ops):
    house.scale_by_bias(x, torch.zeros(4, dtype=torch.float32))
    trtllm_bf16_moe(**x)
    ops.trtllm_fp8_block_scale_moe(x)
    ops.scale_by_bias(x)
"""


def test_each_library_has_its_own_calls(tmp_path: Path) -> None:
    (tmp_path / "layer.py").write_text(SOURCE, encoding="utf-8")
    house = Path(__file__).parent / "cases" / "house.toml"
    catalog = load_catalog([house], cache_folder=tmp_path / "cache")
    targets = [Target("flashinfer-python", "0.6.7", "option"), Target("house", "*", "option")]
    assert set(catalog.libraries) == {target.library for target in targets}
    report = run_check(Tree(tmp_path, ("layer.py",)), catalog, targets, strict=False, pedantic=False, cache=False)
    sites = [(row.place.line, row.entry_point.partition(".")[0], row.release, row.status) for row in report.call_sites]
    assert sites == [
        (8, "house", "*", "bound"),
        (9, "flashinfer", "0.6.7", "bound"),
        (10, "flashinfer", "0.6.7", "unresolved"),
        (11, "house", "*", "unresolved"),
    ]
    assert {(f.code, f.place.line) for f in report.findings if not f.code.startswith("CL102")} == {("CL101", 8)}
    unjudged = {row.entry_point.rpartition(".")[2]: row.unjudged for row in report.call_sites if row.status == "bound"}
    assert ("routing_bias", "shape") in unjudged["trtllm_bf16_moe"]  # no code shows a shape
    assert unjudged["scale_by_bias"] == ()
