"""The tools that write signatures and find evidence again, run on wheels made up for the purpose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contractlint.catalog import load_catalog

TOOLS = Path(__file__).resolve().parents[2] / "tools"

RELEASES = """
library = "demo-kernels"
package = "demo"
releases = ["1.0", "1.1", "2.0"]

[files]
launcher = "demo/data/launcher.cu"

[enums]
Method = ["method"]
"""
OLD = {
    "demo/__init__.py": "import contextlib\nwith contextlib.suppress(ImportError):\n    from .ops import *\n",
    "demo/ops/__init__.py": """
from ._impl import Wrapper, gemm
try:
    from .fast import topk
except ImportError:
    from .slow import topk
__all__ = ["gemm", "topk", "Wrapper"]
""",
    "demo/ops/_impl.py": """
from typing import TYPE_CHECKING, overload
if TYPE_CHECKING:
    from .slow import topk as hidden

@overload
def gemm(x: int) -> int: ...
@flashinfer_api
def gemm(x, weight, bias=None) -> Tensor:
    return x

class Base:
    def run(self, x, *, scale: float = 1.0): ...
    def _helper(self): ...

class Wrapper(Base):
    def __init__(self, workspace: "Tensor"): ...
    @staticmethod
    def size(n): ...
""",
    "demo/ops/fast.py": "@functools.cache\n@backend_requirement({}, check)\ndef topk(scores, k=8): ...\n",
    "demo/ops/slow.py": "def topk(scores): ...\n",
    "demo/tllm_enums.py": "class Method(IntEnum):\n    Plain = 0\n    Grouped = (1,)\n",
    "demo/data/launcher.cu": "class A {\n  check(x, float)\n};\nclass B {\n  int y;\n  check(x, half)\n};\n",
}
NEW = {
    **OLD,
    "demo/ops/_impl.py": OLD["demo/ops/_impl.py"].replace("weight, bias=None", "weight, fast=False, bias=None"),
    "demo/tllm_enums.py": OLD["demo/tllm_enums.py"] + "    Ragged = 2\n",
    "demo/data/launcher.cu": "\n\n" + OLD["demo/data/launcher.cu"].replace("check(x, half)", "check(x, bfloat16)"),
}
CONTRACT = """
entry_point = "demo.gemm"

[parameters.x.dtype]
accepts = "float16"
enforced = "ffi"
evidence = ['check launcher "class A … check(x, float)"', 'check launcher 1.0:99 "class B … check(x, half)"']
"""


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    for release, files in (("1.0", OLD), ("1.1", OLD), ("2.0", NEW)):
        for name, content in files.items():
            path = tmp_path / "wheels" / f"demo-kernels-{release}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    (contracts / "releases.toml").write_text(RELEASES, encoding="utf-8")
    run("extract_signatures.py", tmp_path)
    return tmp_path


def run(tool: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOLS / tool), str(folder / "wheels"), str(folder / "contracts"), *options]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check="--check" not in options)


def test_signatures_are_read_from_wheels(wheels: Path) -> None:
    catalog = load_catalog([wheels / "contracts"], shipped=False, cache_folder=wheels / "cache")
    assert set(catalog.entry_points) == {
        "demo.gemm",
        "demo.topk",
        "demo.Wrapper",
        "demo.Wrapper.run",
        "demo.Wrapper.size",
        "demo.ops.slow.topk",
    }
    assert catalog.canonical("demo.ops._impl.gemm") == "demo.gemm"
    assert catalog.canonical("demo.ops.Wrapper.__init__") == "demo.Wrapper"
    assert catalog.canonical("demo.ops.fast.topk") == "demo.topk"

    def names(release: str, name: str) -> list[str]:
        signature = catalog.at("demo-kernels", release).signature(name)
        assert signature is not None
        return [parameter.name for parameter in signature.parameters]

    assert names("1.1", "demo.gemm") == ["x", "weight", "bias"]
    assert names("2.0", "demo.gemm") == ["x", "weight", "fast", "bias"]
    assert names("1.0", "demo.topk") == ["scores", "k", "skip_check"]
    assert names("1.0", "demo.Wrapper") == ["workspace"]
    assert names("1.0", "demo.Wrapper.run") == ["x", "scale"]
    assert names("1.0", "demo.Wrapper.size") == ["n"]
    assert catalog.at("demo-kernels", "1.0").enums["Method"] == {"Plain": 0, "Grouped": 1}
    assert catalog.at("demo-kernels", "2.0").enums["Method"] == {"Plain": 0, "Grouped": 1, "Ragged": 2}


def test_only_changes_are_written(wheels: Path) -> None:
    lines = (wheels / "contracts" / "signatures.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index('["demo.gemm"]')
    assert lines[start + 2 : start + 4] == [
        '"1.0" = ["at ops/_impl.py:9", "(x, weight, bias=None) -> Tensor"]',
        '"2.0" = ["at ops/_impl.py:9", "+ fast = False @ before bias"]',
    ]


def test_evidence_is_found_again(wheels: Path) -> None:
    contract = wheels / "contracts" / "gemm.toml"
    contract.write_text(CONTRACT, encoding="utf-8")
    assert run("anchor_evidence.py", wheels, "--check").returncode == 1
    said = run("anchor_evidence.py", wheels).stdout
    text = contract.read_text(encoding="utf-8")
    assert 'check launcher 1.0:2 2.0:4 "class A … check(x, float)"' in text
    assert 'check launcher 1.0:6 1.1:6 "class B … check(x, half)"' in text
    assert "not in 2.0: class B … check(x, half)" in said
    assert run("anchor_evidence.py", wheels, "--check").returncode == 0


def test_evidence_does_not_leave_the_definition_it_names(wheels: Path) -> None:
    contract = wheels / "contracts" / "gemm.toml"
    contract.write_text(CONTRACT.replace("class B … check(x, half)", "class A … check(x, half)"), encoding="utf-8")
    assert "stands nowhere" in run("anchor_evidence.py", wheels).stdout
