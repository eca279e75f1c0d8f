"""A made-up library of three releases, as contracts and as wheels, which the tests of this folder share."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from contractlint.catalog import Catalog, load_catalog
from contractlint.cli import run

RELEASES = """
library = "demo-kernels"
package = "demo"
releases = ["1.0", "1.1", "2.0"]

[files]
ops = "demo/ops.py"
launcher = "demo/data/csrc/launcher.cu"

[enums]
Method = ["method"]
"""
ENUMS = """
[Method]
"1.0" = { Plain = 0, Grouped = 1, Unspecified = 2 }
"2.0" = { Plain = 0, Grouped = 1, Ragged = 2, Unspecified = 3 }
"""
SIGNATURES = """
["demo.moe"]
names = ["demo.ops.moe"]
"1.0" = ["at ops.py:7", "(x, bias, method=0, out=None)"]
"2.0" = ["at ops.py:8", "+ finalize = True @ before out"]

["demo.topk"]
names = ["demo.ops.topk"]
"1.0" = ["at ops.py:14", "(scores, k=8)"]
"1.1" = ["at ops.py:14", "~ k = 4"]
"2.0" = ["gone"]
"""
MOE = """
entry_point = "demo.moe"

[[returns]]
releases = "<2"
is = "Tensor"
evidence = ['read ops 1.0:11 1.1:11 "return run(x, bias)"']

[[returns]]
releases = ">=2"
is = "list"
evidence = ['read ops 2.0:12 "return [run(x, bias)]"']

[parameters.x.dtype]
accepts = "bfloat16"
enforced = "ffi"
evidence = ['check launcher 1.0:2 1.1:2 2.0:2 "x must be bfloat16"']

[[parameters.bias.dtype]]
releases = "==1.0"
when = { method = "Grouped" }
accepts = ["bfloat16", "float32"]
enforced = "none"
effect = "silent"
consequence = "read as float32"
evidence = ['read launcher 1.0:7 "data.mDtype = dtypeBias"']

[[parameters.bias.dtype]]
releases = "==1.1"
when = { method = "Grouped" }
accepts = "bfloat16"
enforced = "none"
effect = "silent"
consequence = "read as bfloat16"
evidence = ['read launcher 1.1:7 "data.mPtr = bias"']

[[parameters.bias.dtype]]
releases = ">=2"
when = { method = "Grouped" }
accepts = ["bfloat16", "float32"]
enforced = "ffi"
evidence = ['check launcher 2.0:3 "bias must be bfloat16 or float"']

[[parameters.bias.dtype]]
otherwise = true
accepts = "any"
evidence = ['read ops 1.0:7 1.1:7 2.0:8 "def moe("']
"""

INIT = "from .ops import *\n"
OPS_OLD = '''
from enum import IntEnum
class Method(IntEnum):
    Plain = 0
    Grouped = 1
    Unspecified = 2
def moe(x, bias, method=0, out=None):
    """Mixture of experts.

    bias: bfloat16 or float32."""
    return run(x, bias)


def topk(scores, k=8): ...
'''
LAUNCHER = """void launch(Tensor x, Tensor bias) {
  TVM_FFI_ICHECK(x.dtype() == dl_bfloat16) << "x must be bfloat16";
  TVM_FFI_ICHECK_EQ(bias.ndim(), 1) << "bias must be 1D";
}
void Runner::run(void* bias, btg::Dtype dtypeBias, int top_k) {
  Data data{top_k};
  data.mDtype = dtypeBias;
  data.mPtr = bias;
}
"""
WHEELS: dict[str, dict[str, str]] = {
    "1.0": {"demo/__init__.py": INIT, "demo/ops.py": OPS_OLD, "demo/data/csrc/launcher.cu": LAUNCHER},
}
WHEELS["1.1"] = {
    **WHEELS["1.0"],
    "demo/ops.py": OPS_OLD.replace("k=8", "k=4").replace("bfloat16 or float32", "bfloat16"),
    "demo/data/csrc/launcher.cu": LAUNCHER.replace("  data.mDtype = dtypeBias;\n", ""),
}
WHEELS["2.0"] = {
    **WHEELS["1.0"],
    "demo/ops.py": OPS_OLD.replace("    Unspecified = 2\n", "    Ragged = 2\n    Unspecified = 3\n")
    .replace("method=0, out", "method=0, finalize=True, out")
    .replace("return run(x, bias)", "return [run(x, bias)]")
    .replace("def topk(scores, k=8): ...\n", ""),
    "demo/data/csrc/launcher.cu": LAUNCHER.replace(
        '  TVM_FFI_ICHECK_EQ(bias.ndim(), 1) << "bias must be 1D";',
        "  TVM_FFI_ICHECK(bias.dtype() == dl_bfloat16 || bias.dtype() == dl_float32)"
        ' << "bias must be bfloat16 or float";',
    ),
}


@pytest.fixture(scope="session")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contracts") / "demo"
    folder.mkdir()
    files = {"releases": RELEASES, "enums": ENUMS, "signatures": SIGNATURES, "moe": MOE}
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def demo(contracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load_catalog([contracts], shipped=False, cache_folder=tmp_path_factory.mktemp("cache"))


Unpack = Callable[..., Path]


@pytest.fixture
def unpacked(tmp_path: Path) -> Unpack:
    """Write a made-up wheel as a folder; keyword `files` replaces some of its files."""

    def write(release: str, files: Mapping[str, str] | None = None, like: str = "") -> Path:
        root = tmp_path / f"demo-kernels-{release}"
        for name, text in {**WHEELS[like or release], **(files or {})}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        return root

    return write


def zipped(root: Path, release: str) -> Path:
    """Make a wheel of an unpacked one."""
    path = root.parent / f"demo_kernels-{release}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as bundle:
        for file in sorted(root.rglob("*")):
            if file.is_file():
                bundle.write(file, file.relative_to(root).as_posix())
    return path


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def contractlint(
    capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run a command line; gives the exit code, stdout and stderr."""
    monkeypatch.setenv("CONTRACTLINT_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "drift-cache"))

    def call(*args: str) -> tuple[int, str, str]:
        code = run([str(arg) for arg in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
