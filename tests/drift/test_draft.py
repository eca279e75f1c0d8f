"""Drafting a contract: what is found, where it comes from, and that a draft does not load before it is reviewed."""

from __future__ import annotations

from pathlib import Path

import pytest

from contractlint.catalog import ContractErrors, load_catalog, toml
from tests.drift.conftest import WHEELS, Run, Unpack

OPS = '''
from types import SimpleNamespace

def _check_scale(scale):
    if scale.dtype not in (torch.float32, torch.bfloat16):
        raise ValueError("scale must be float32 or bfloat16")

def get_module():
    def gemm_op(x, weight, scale, groups, out):
        module.gemm_run(x, weight, scale, groups, out)
    def other_op(x):
        assert x.dtype == torch.int64
        module.other_run(x)
    return SimpleNamespace(gemm=gemm_op, other=other_op)

@backend_requirement({}, common_check=_check_scale)
def gemm(x, weight, scale, groups=1, out=None, bias=None, mode: str = "fast"):
    """Multiply.

    Parameters
    ----------
    x : torch.Tensor
        Activations, ``bfloat16`` or ``fp16``.
    bias : torch.Tensor
        What is added, ``float32``.
    mode : str
        How, as in ``bfloat16`` kernels.

    Returns
    -------
    torch.Tensor
        The result in float64.
    """
    assert groups in (1, 2), "groups must be 1 or 2"
    if out.dtype is not torch.bfloat16:
        raise TypeError("out must be bfloat16")
    return get_module().gemm(x, weight, scale, groups, out)
'''
CPP = """
class Base {
 public:
  void check_base(Tensor weight) {
    TVM_FFI_ICHECK(weight.dtype() == dl_float8_e4m3fn) << "weight must be fp8";
  }
};
class Launcher : public Base {
 public:
  void check(Tensor x, Tensor weight) {
    CHECK_CONTIGUOUS(x);
    TVM_FFI_ICHECK_EQ(x.dtype(), dl_bfloat16);
    TVM_FFI_ICHECK_EQ(x.ndim(), 2) << "x must be 2D";
    check_base(weight);
  }
};
class Stranger {
 public:
  void check(Tensor x, Tensor weight) { TVM_FFI_ICHECK_EQ(x.dtype(), dl_int32); }
};
void gemm_launch(Tensor x, Tensor weight, Tensor scale, int64_t groups, Optional<Tensor> out) {
  TVM_FFI_ICHECK(out.has_value()) << "out must be given";
  Launcher().check(x, weight);
}
void other_launch(Tensor x) { TVM_FFI_ICHECK_EQ(x.dtype(), dl_int64); }
TVM_FFI_DLL_EXPORT_TYPED_FUNC(gemm_run, demo::gemm_launch);
TVM_FFI_DLL_EXPORT_TYPED_FUNC(other_run, demo::other_launch);
"""


@pytest.fixture
def text(contractlint: Run, contracts: Path, unpacked: Unpack) -> str:
    root = unpacked("2.0", {"demo/ops.py": WHEELS["2.0"]["demo/ops.py"] + OPS, "demo/data/csrc/gemm.cu": CPP})
    code, out, err = contractlint("contracts", "new", "gemm", "--wheel", root, "--contracts", contracts)
    assert (code, err) == (0, "")
    return out


def test_each_clause_has_its_source(text: str) -> None:
    document = toml.loads(text)
    assert text.startswith("#:schema ../schema.json\n")
    assert (document["entry_point"], document["summary"]) == ("demo.gemm", "Multiply.")
    found = {
        (parameter, aspect): {key: value for key, value in clause.items() if key not in ("evidence", "to_be_reviewed")}
        for parameter, aspects in document["parameters"].items()
        for aspect, clause in aspects.items()
    }
    assert found == {
        ("x", "layout"): {"accepts": "contiguous", "enforced": "ffi"},
        ("x", "dtype"): {"accepts": "bfloat16", "enforced": "ffi"},
        ("weight", "dtype"): {"accepts": "float8_e4m3fn", "enforced": "ffi"},
        ("scale", "dtype"): {"accepts": ["bfloat16", "float32"], "enforced": "python"},
        ("groups", "value"): {"accepts": [1, 2], "enforced": "python"},
        ("out", "dtype"): {"accepts": "bfloat16", "enforced": "python"},
        ("out", "presence"): {"required": True, "enforced": "ffi"},
        ("bias", "dtype"): {
            "accepts": "float32", "enforced": "none", "effect": "silent",
            "consequence": "the bytes are read as another dtype",
        },
    }  # fmt: skip
    assert "# demo/data/csrc/gemm.cu:13: x.ndim() == 2 (x must be 2D)\n" in text
    assert "# The documentation says: x : torch.Tensor Activations, ``bfloat16`` or ``fp16``.\n" in text
    assert text.count("to_be_reviewed = true  # drafted from") == len(found)
    weight = document["parameters"]["weight"]["dtype"]["evidence"]
    assert weight == ['check demo/data/csrc/gemm.cu 2.0:5 "weight must be fp8"']


def test_a_draft_loads_only_when_it_has_been_reviewed(text: str, contracts: Path, tmp_path: Path) -> None:
    signature = 'signature = "(x, weight, scale, groups=1, out=None, bias=None, mode=0)"\n'
    file = tmp_path / "gemm.toml"
    file.write_text(text.replace("entry_point", signature + "entry_point", 1), encoding="utf-8")
    with pytest.raises(ContractErrors) as caught:
        load_catalog([contracts, file], shipped=False, cache_folder=tmp_path / "cache")
    problems = caught.value.problems
    assert len(problems) == text.count("to_be_reviewed = true")
    assert problems[0].message == "this file is a draft"
    assert {problem.message.partition(" clause ")[2] for problem in problems[1:]} == {"is a draft"}
    lines = text.splitlines()
    assert all(lines[problem.line - 2].startswith("to_be_reviewed = true") for problem in problems)
    reviewed = "\n".join(line for line in file.read_text().splitlines() if not line.startswith("to_be_reviewed"))
    file.write_text(reviewed, encoding="utf-8")
    catalog = load_catalog([contracts, file], shipped=False, cache_folder=tmp_path / "cache")
    assert len(catalog.clauses_of("demo.gemm")) == len(problems) - 1


def test_a_draft_in_which_nothing_was_found_does_not_load_either(text: str, contracts: Path, tmp_path: Path) -> None:
    head = text.partition("\n[parameters")[0].replace("entry_point", 'signature = "(x)"\nentry_point', 1)
    file = tmp_path / "gemm.toml"
    file.write_text(head, encoding="utf-8")
    with pytest.raises(ContractErrors) as caught:
        load_catalog([contracts, file], shipped=False, cache_folder=tmp_path / "cache")
    (problem,) = caught.value.problems
    assert problem.message == "this file is a draft"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["gemm"], "name what to draft from"),
        (["nothing", "--wheel", "."], "has no public function or method 'nothing'"),
    ],
)
def test_what_cannot_be_drafted_is_said(
    contractlint: Run, contracts: Path, unpacked: Unpack, args: list[str], message: str
) -> None:
    root = unpacked("2.0")
    args = [str(root) if arg == "." else arg for arg in args]
    code, out, err = contractlint("contracts", "new", *args, "--contracts", contracts)
    assert (code, out) == (2, "")
    assert message in err
