"""Compiling a module of the library for what recipes use of it, and no more.

The CUTLASS MoE of Hopper has more than 180 sources: each dtype, with each size of tile that a tuner could choose. Dtypes
that nothing here passes are left out, and all tiles but the one that is taken without tuning. What refers to those finds
a function that throws; the library itself skips tiles that throw. The module is put where FlashInfer looks for those that
were compiled ahead.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from contractlint.exercise.inputs import resolve


@dataclass(frozen=True, slots=True)
class Cut:
    """What is left of a module.

    Args:
        maker: `module:function` of the library that describes the module.
        unwanted: an instantiation in which this is found is left out.
        tile: what an instantiation of a kernel has in it, when it is for the tile that is wanted.
    """

    maker: str
    unwanted: str
    tile: str


_FP4 = r"(?:__nv_fp4_e2m1|SafeFP4|Fp4Type)"


def _shape(*sizes: int | str) -> str:
    return f"cute::Shape<{', '.join(f'cute::Int<{size}>' for size in sizes)}>"


MODULES = {
    "fused_moe_90": Cut(
        "flashinfer.jit.fused_moe:gen_cutlass_fused_moe_sm90_module",
        # Other activations than bfloat16 and float8; 4-bit ones, 4-bit weights with nothing but a scale for each column,
        # and those with float8 activations that are Blackwell's; GEMMs that are not of experts.
        rf"\b(?:half|float|uint8_t|EpilogueOpBias)\b|{_FP4}, {_FP4}|Runner<__nv_fp8_e4m3, {_FP4}(?:, __nv_bfloat16)+>"
        r"|__nv_bfloat16, cutlass::uint4b_t|uint4b_t, __nv_bfloat16, __nv_fp8|kPostMma",
        # What is taken of 16-bit and 8-bit weights; of 4-bit ones, and what those ask how much memory they need.
        rf"\b128, 16, \d+, 1, 1, 1\b|{_shape(64, 16, '[0-9]+')}, {_shape(1, 1, 1)}, \S+Pingpong,"
        rf"|{_shape(128, 64, '(?:256|512)')}, {_shape(1, 1, 1)}, \S+Cooperative, \S+Cooperative,",
    )
}
_INSTANTIATION = re.compile(r"^[ \t]*(?:INSTANTIATE_\w+|template (?:class|void sm\d+_\w+))\b[^;]*;", re.MULTILINE)
_KERNEL = re.compile(r"INSTANTIATE_TMA|void sm\d")
LEFT_OUT = "left out when contractlint compiled this module"
_ABSENT = f"""#include "tensorrt_llm/common/tllmException.h"
extern "C" void contractlint_left_out() {{
  throw tensorrt_llm::common::TllmException("cut.py", 0, "{LEFT_OUT}");
}}
"""


def cut_sources(sources: Iterable[Path], folder: Path, cut: Cut) -> Iterator[Path]:
    """Write a copy for each instantiation that is wanted; sources without any instantiation stay what they are."""
    unwanted, tile = re.compile(cut.unwanted), re.compile(cut.tile)
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        text = source.read_text(encoding="utf-8")
        found = list(_INSTANTIATION.finditer(text)) if source.suffix == ".cu" else []
        if not found:
            yield source
        for number, match in enumerate(found):
            if unwanted.search(match[0]) or (_KERNEL.search(match[0]) and not tile.search(match[0])):
                continue
            copy = folder / f"{source.stem}_{number}.cu"
            left = _without(text, [m.span() for m in found if m is not match])
            if not copy.exists() or copy.read_text(encoding="utf-8") != left:  # what is older than its object is kept
                copy.write_text(left, encoding="utf-8")
            yield copy


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


def absent(symbols: Iterable[str]) -> str:
    """C++ that defines each of the symbols as a function that throws."""
    return _ABSENT + "".join(f'asm(".globl {name}\\n{name}: jmp contractlint_left_out");\n' for name in symbols)


def compile_module(name: str) -> Path:
    """Compile what is wanted of a module of the installed release, and put it where the library looks."""
    cut = MODULES[name]
    whole: Any = resolve(cut.maker)()
    folder = whole.build_dir.with_name(f"{name}_cut")
    sources = list(cut_sources(whole.sources, folder / "sources", cut))
    beside = sorted({source.parent for source in whole.sources})  # where copies find what their originals include
    spec = replace(
        whole,
        name=folder.name,
        sources=sources,
        extra_include_dirs=[*(whole.extra_include_dirs or ()), *beside],
        # Copies of one source all have what it defines besides its instantiations.
        extra_ldflags=[*(whole.extra_ldflags or ()), "-Wl,-z,muldefs"],
    )
    _build(spec)
    rest = folder / "sources" / "absent.cpp"
    rest.write_text(absent(_undefined(spec.jit_library_path)), encoding="utf-8")
    _build(replace(spec, sources=[*sources, rest]))
    place = Path(whole.aot_path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(spec.jit_library_path.read_bytes())
    return place


def _build(spec: Any) -> None:
    spec.write_ninja()
    spec.build(verbose=False)


def _undefined(library: Path) -> list[str]:
    """The symbols that a library wants of the sources that were left out."""
    command = ["nm", "-D", "--undefined-only", "-P", str(library)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted({line.split()[0] for line in lines if "tensorrt_llm" in line})


if __name__ == "__main__":
    for wanted in sys.argv[1:]:
        print(compile_module(wanted))
