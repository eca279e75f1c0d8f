"""Compiling a release's own routing sources, with plain C doors to them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_BACKEND = "fused_moe/trtllm_backend"
_RENORMALIZE = (
    "launchHistogramScoresKernel.cu",
    "launchInitExpertCounts.cu",
    "launchHistogramKernel.cu",
    "launchOffsetsKernel.cu",
)


@dataclass(frozen=True, slots=True)
class Part:
    """Kernels of the stage that have a door of their own.

    `sources` are files below `data/csrc`; the first row whose files all exist is this release's. What only runs for few
    tokens is not among them.
    """

    name: str
    sources: tuple[tuple[str, ...], ...]

    @property
    def door(self) -> Path:
        return Path(__file__).with_name(f"{self.name}.cu")


PARTS = (
    Part(
        "deepseek",
        (
            (
                f"{_BACKEND}/trtllm_fused_moe_routing_deepseek.cu",
                f"{_BACKEND}/routingDeepSeek/launchMainKernel.cu",
            ),
            (f"{_BACKEND}/trtllm_fused_moe_routing_deepseek.cu",),
            ("trtllm_fused_moe_routing_deepseek.cu",),
        ),
    ),
    Part(
        "renormalize",
        (
            (
                f"{_BACKEND}/trtllm_fused_moe_routing_renormalize.cu",
                *(f"{_BACKEND}/routingRenormalize/{name}" for name in _RENORMALIZE),
            ),
        ),
    ),
    Part("llama4", ((f"{_BACKEND}/trtllm_fused_moe_routing_llama4.cu",),)),
    Part(
        "custom",
        (
            (f"{_BACKEND}/trtllm_fused_moe_routing_custom_entry.cu",),
            (f"{_BACKEND}/trtllm_fused_moe_routing_custom.cu",),
        ),
    ),
)
# Sources of which only the sizes that the stage asks for are compiled, and what includes them so.
_NARROWED = {
    f"{_BACKEND}/routingRenormalize/launchHistogramScoresKernel.cu": "renormalize_scores.cu",
    f"{_BACKEND}/trtllm_fused_moe_routing_custom.cu": "custom_scores.cu",
}
PART_NAMES = tuple(part.name for part in PARTS)
_COMMON = Path(__file__).with_name("door.cuh")
# Where these sources look for the headers that `flashinfer-cubin` ships.
EXPORT = "flashinfer/trtllm/batched_gemm/trtllmGen_bmm_export"

_INCLUDES = ("include", "csrc", "csrc/nv_internal", "csrc/nv_internal/include")
_SYSTEM_INCLUDES = (
    "cutlass/include",
    "cutlass/tools/util/include",
    "spdlog/include",
)
# Releases that bring their own CCCL want it found before the toolkit's.
_FIRST_INCLUDES = ("cccl/libcudacxx/include", "cccl/cub", "cccl/thrust")
_DEFINES = ("TLLM_GEN_EXPORT_INTERFACE", "TLLM_ENABLE_CUDA", "ENABLE_BF16", "ENABLE_FP8", "ENABLE_FP4", "NDEBUG")


class CannotBuild(Exception):
    """The stage cannot be compiled here; the message says what is missing and how to mend it."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is compiled: the sources of one release, and where their headers are."""

    release: str
    sources: tuple[Path, ...]
    includes: tuple[Path, ...]
    system_includes: tuple[Path, ...]
    originals: tuple[Path, ...]  # the library's own among the sources, and those that ours include
    headers: Path  # the folder `trtllmGen_bmm_export` of `flashinfer-cubin`

    def flags(self, architecture: str, exported: Path) -> list[str]:
        """Flags of the compiler; `exported` is a folder in which `EXPORT` leads to the headers."""
        number = architecture.removeprefix("sm_")
        return [
            "-std=c++17",
            "-O3",
            f"-gencode=arch=compute_{number},code=sm_{number}",
            "--expt-relaxed-constexpr",
            "-static-global-template-stub=false",
            "-Xcompiler",
            "-fPIC",
            "-w",
            *(f"-D{name}" for name in _DEFINES),
            f"-I{exported}",
            *(f"-I{folder}" for folder in self.includes),
            *(part for folder in self.system_includes for part in ("-isystem", str(folder))),
        ]


def recipe(release: str, package: Path, headers: Path, more_includes: tuple[Path, ...] = ()) -> Recipe:
    """Find the routing sources in an unpacked wheel.

    Args:
        package: the folder `flashinfer` of the release.
        headers: a folder that holds `trtllmGen_bmm_export` somewhere below, as `flashinfer-cubin` of the release does.
        more_includes: where headers of tvm-ffi are, and those of cuBLAS when the CUDA toolkit has none.

    Raises:
        CannotBuild: sources or headers are not there.
    """
    data = package / "data"
    found = [part_files for part in PARTS if (part_files := _files(part, data / "csrc"))]
    if not found:
        raise CannotBuild(f"{package} holds no routing sources of the trtllm MoE kernels below data/csrc")
    exports = sorted(headers.rglob("trtllmGen_bmm_export"))
    if not exports:
        raise CannotBuild(
            f"{headers} holds no folder trtllmGen_bmm_export; it comes with flashinfer-cubin=={release}: "
            "install that, or name its unpacked folder with --headers"
        )
    return Recipe(
        release,
        tuple(file for compiled, _ in found for file in compiled),
        tuple(data / name for name in (*_INCLUDES, *_FIRST_INCLUDES) if (data / name).is_dir()),
        (*(data / name for name in _SYSTEM_INCLUDES), *more_includes),
        tuple(file for _, originals in found for file in originals),
        exports[0],
    )


def _files(part: Part, folder: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]] | None:
    """Return (what is compiled of a part, the door first; the library's own sources), None when a release has none."""
    for names in part.sources:
        originals = tuple(folder / name for name in names)
        if all(file.is_file() for file in originals):
            here = Path(__file__).parent
            compiled = (here / _NARROWED[name] if name in _NARROWED else folder / name for name in names)
            return (part.door, *compiled), originals
    return None


def compile_library(made: Recipe, architecture: str, *, cache: Path | None = None, jobs: int = 0) -> Path:
    """Compile a recipe for one architecture (`sm_90a`); return the shared library. Compiled ones are kept.

    Takes a minute or two where each source has a core; `jobs` are compiled at once (0: as many as there are cores). A
    build that was interrupted goes on with the sources that are left.

    Raises:
        CannotBuild: there is no nvcc, or it fails (the message ends with its first error).
    """
    nvcc = shutil.which("nvcc") or _toolkit_nvcc()
    if nvcc is None:
        raise CannotBuild(
            "nvcc is not on PATH: the routing stage is compiled from source, so it needs the CUDA toolkit"
        )
    folder = (cache or Path(platformdirs.user_cache_dir("contractlint"))) / "routing" / _key(made, architecture)
    library = folder / f"routing-{made.release}-{architecture}.so"
    if library.exists():
        return library
    link = folder / "include" / EXPORT
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(made.headers.resolve())
    flags = made.flags(architecture, folder / "include")
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        objects = list(pool.map(lambda source: _compiled(nvcc, flags, source, folder, made.release), made.sources))
    # What follows the choice of experts is left out. Those symbols are never reached, so they are looked up lazily.
    part = library.with_suffix(".part")
    subprocess.run([nvcc, "-shared", "-o", part, *objects, "-Xlinker", "-z,lazy"], check=True, capture_output=True)
    part.rename(library)
    for target in objects:
        target.unlink()
    return library


def _compiled(nvcc: str, flags: list[str], source: Path, folder: Path, release: str) -> Path:
    """Compile one source, unless an interrupted build did so before."""
    target = folder / f"{source.stem}.o"
    if target.exists():
        return target
    part = target.with_suffix(".part.o")
    done = subprocess.run(
        [nvcc, *flags, "-c", str(source), "-o", str(part)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotBuild(f"nvcc cannot compile {source.name} of {release}: {_first_error(done.stderr)}")
    part.rename(target)
    return target


def _key(made: Recipe, architecture: str) -> str:
    digest = hashlib.sha256(architecture.encode())
    for source in (*made.sources, *made.originals, _COMMON):
        digest.update(source.read_bytes())
    return f"{made.release}-{architecture}-{digest.hexdigest()[:12]}"


def _toolkit_nvcc() -> str | None:
    home = os.environ.get("CUDA_HOME") or os.environ.get("CUDA_PATH") or "/usr/local/cuda"
    path = Path(home) / "bin" / "nvcc"
    return str(path) if path.exists() else None


def _first_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if "error" in line]
    return lines[0] if lines else (text.strip().splitlines() or ["no message"])[-1]


def find(release: str, package: str, headers: Path | None, more_includes: tuple[Path, ...] = ()) -> Recipe:
    """Make the recipe of the installed release; headers come from the installed `flashinfer-cubin` unless named.

    Raises:
        CannotBuild: the library, or the headers, are not installed.
    """
    root = _folder(package)
    if root is None:
        raise CannotBuild(f"the package {package} is not installed, so there are no routing sources to compile")
    found = headers or _folder("flashinfer_cubin")
    if found is None:
        raise CannotBuild(
            f"the routing sources need headers of flashinfer-cubin=={release}, which is not installed: install it, or "
            "name its unpacked folder with --headers"
        )
    ffi = _folder("tvm_ffi")
    return recipe(release, root, found, (*more_includes, *([ffi / "include"] if ffi else [])))


def _folder(package: str) -> Path | None:
    from importlib.util import find_spec

    spec = find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0]) if places else None
