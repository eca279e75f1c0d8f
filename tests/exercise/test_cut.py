"""What is left of a module's sources when only some dtypes and one tile of them are wanted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contractlint.exercise.cut import MODULES, Cut, absent, cut_sources

CUT = Cut("", "half", r"\b128, 16, \d+, 1, 1, 1\b")
KERNELS = """#include "launcher.inl"
#if defined(ENABLE_BF16)
        INSTANTIATE_TMA_WARP_SPECIALIZED_MOE_GEMM(Sm90, __nv_bfloat16,
        128, 16, 64, 1, 1, 1, false);
#endif
        INSTANTIATE_TMA_WARP_SPECIALIZED_MOE_GEMM(Sm90, __nv_bfloat16,
        128, 32, 64, 1, 1, 1, false);
        INSTANTIATE_TMA_WARP_SPECIALIZED_MOE_GEMM(Sm90, half,
        128, 16, 64, 1, 1, 1, false);
"""
RUNNERS = "template class Runner<half>;\ntemplate class Runner<__nv_bfloat16>;\ntemplate class Runner<float>;\n"


def test_each_wanted_instantiation_gets_a_source_of_its_own(tmp_path: Path) -> None:
    texts = {"kernels.cu": KERNELS, "runners.cu": RUNNERS, "log.cpp": "int log;\n", "plain.cu": "int plain;\n"}
    sources = [tmp_path / name for name in texts]
    for source in sources:
        source.write_text(texts[source.name])
    found = list(cut_sources(sources, tmp_path / "cut", CUT))
    assert [path.name for path in found] == ["kernels_0.cu", "runners_1.cu", "runners_2.cu", "log.cpp", "plain.cu"]
    kernel = found[0].read_text()
    assert kernel.count("INSTANTIATE") == 1 and "128, 16" in kernel and "half" not in kernel and "#endif" in kernel
    assert "Runner<float>" in found[2].read_text() and "bfloat16" not in found[2].read_text()
    assert found[3:] == sources[2:]


def test_what_is_left_out_throws_under_its_own_name() -> None:
    text = absent(["_ZN12tensorrt_llm3runEv"])
    assert 'asm(".globl _ZN12tensorrt_llm3runEv\\n_ZN12tensorrt_llm3runEv: jmp contractlint_left_out");' in text
    assert "throw tensorrt_llm::common::TllmException" in text


SHAPES = (
    "cute::Shape<cute::Int<{}>, cute::Int<{}>, cute::Int<{}>>, cute::Shape<cute::Int<1>, cute::Int<1>, cute::Int<1>>"
)
PINGPONG = "cutlass::gemm::KernelTmaWarpSpecializedPingpong, cutlass::epilogue::TmaWarpSpecializedCooperative,"
COOPERATIVE = PINGPONG.replace("Pingpong", "Cooperative")


@pytest.mark.parametrize(
    ("instantiation", "wanted"),
    [
        ("template class Runner<__nv_fp8_e4m3, cutlass::uint4b_t, __nv_bfloat16, __nv_bfloat16>;", True),
        ("template class Runner<__nv_bfloat16, cutlass::uint4b_t>;", False),  # a scale for each column alone
        ("template class Runner<__nv_bfloat16, __nv_fp4_e2m1>;", True),
        ("template class Runner<__nv_fp4_e2m1, __nv_fp4_e2m1, __nv_bfloat16>;", False),
        ("template class Runner<__nv_fp8_e4m3, Fp4Type, __nv_bfloat16>;", False),  # Blackwell's
        (
            "template class Runner<__nv_fp8_e4m3, Fp4Type, __nv_bfloat16, __nv_bfloat16, false, kHummingPreMmaE8M0>;",
            True,
        ),
        ("template class Runner<__nv_fp8_e4m3, Fp4Type, __nv_bfloat16, __nv_bfloat16, false, kPostMmaFp8Act>;", False),
        ("template class Runner<half, half>;", False),
    ],
)
def test_of_the_moe_only_what_recipes_pass_is_wanted(instantiation: str, wanted: bool) -> None:
    assert (re.search(MODULES["fused_moe_90"].unwanted, instantiation) is None) == wanted


@pytest.mark.parametrize(
    ("kernel", "wanted"),
    [
        ("INSTANTIATE_TMA(Sm90, __nv_bfloat16, NONE, 128, 16, 64, 1, 1, 1, false);", True),
        ("INSTANTIATE_TMA(Sm90, __nv_bfloat16, NONE, 128, 16, 64, 2, 1, 1, false);", False),
        (f"{SHAPES.format(64, 16, 128)}, {PINGPONG}", True),
        (f"{SHAPES.format(64, 32, 128)}, {PINGPONG}", False),
        (f"{SHAPES.format(128, 64, 256)}, {COOPERATIVE}", True),
        (f"{SHAPES.format(128, 64, 256)}, {PINGPONG}", False),
    ],
)
def test_of_the_tiles_of_the_moe_those_are_wanted_that_are_taken_without_tuning(kernel: str, wanted: bool) -> None:
    assert (re.search(MODULES["fused_moe_90"].tile, kernel) is not None) == wanted
