"""What is left of a module's sources when only some dtypes and one tile of them are wanted."""

from __future__ import annotations

from pathlib import Path

from contractlint.exercise.cut import Cut, absent, cut_sources

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
