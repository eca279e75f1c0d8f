"""The release gate: what a human should look at before a new release is trusted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from contractlint.catalog import Catalog, load_catalog
from contractlint.drift.checks import Check, cpp_checks, python_checks
from contractlint.drift.cpp import functions
from contractlint.drift.docs import dtype_words, parameter_texts
from contractlint.drift.gate import Lead, leads
from contractlint.drift.wheel import Wheel
from tests.drift.conftest import LAUNCHER, WHEELS, Run, Unpack

REAL = os.environ.get("CONTRACTLINT_WHEELS", "")
needs_wheels = pytest.mark.skipif(not REAL, reason="CONTRACTLINT_WHEELS does not name a folder of unpacked wheels")

SOURCE = r"""
#include <x>
#define MACRO(a) \
  void not_a_function(int a) { }
namespace a::b {
/* void commented(int x) { } */
struct Data { int mTopK{0}; float values[3] = {1, 2, 3}; };
enum class Kind : int { A = 0, B };
template <typename T, int N = (1 << 2)>
__global__ void __launch_bounds__(256) kernel(T const* __restrict__ in, int (&size)[N], void* out = nullptr) {
  if (in) { out[0] = in[1]; }
}
class Runner {
 public:
  explicit Runner(int32_t tile, btg::Dtype dtypeAct) : mTile{tile}, mOther(dtypeAct) {}
  void run(std::map<int, float> table, int) const noexcept { auto f = [&](int x) { return x; }; f(table[1]); }
  struct Inner { void deep(int y) {} };
  int declared(int z);
 private:
  int mTile;
};
auto Runner::outside(DLDataType dtype, bool flag) -> int { (void)flag; return R"raw({ ")raw" + '{' + 1'000; }
}  // namespace a::b
extern "C" { static inline int plain(int q) { return 0; } }
Tensor result = make({1, 2});
int last() { return 1; }
"""


def test_functions_of_a_source() -> None:
    found = {function.name: function for function in functions(SOURCE)}
    assert {name: [parameter.name for parameter in function.parameters] for name, function in found.items()} == {
        "a::b::kernel": ["in", "size", "out"],
        "a::b::Runner::Runner": ["tile", "dtypeAct"],
        "a::b::Runner::run": ["table"],
        "a::b::Runner::Inner::deep": ["y"],
        "a::b::Runner::outside": ["dtype", "flag"],
        "plain": ["q"],
        "last": [],
    }
    assert found["a::b::kernel"].line == SOURCE[: SOURCE.index("kernel(")].count("\n") + 1
    used = {name: [p.name for p in function.parameters if function.uses(p.name)] for name, function in found.items()}
    assert used["a::b::kernel"] == ["in", "out"]
    assert used["a::b::Runner::Runner"] == ["tile", "dtypeAct"]
    assert used["a::b::Runner::outside"] == []
    assert found["a::b::Runner::Runner"].parameters[1].type == "btg::Dtype"


def test_a_source_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    for end in range(len(SOURCE)):
        for piece in (SOURCE[:end], SOURCE[end:], SOURCE[:end] + SOURCE[end + 1 :]):
            list(functions(piece))


def test_checks_of_cpp() -> None:
    text = """void f(T x) {
  TVM_FFI_ICHECK(x.dtype() == dl_bfloat16 || x.dtype() == dl_float32) << "x is " << "wrong";
  TVM_FFI_ICHECK_EQ(x.size(0), n) << "rows";
  FLASHINFER_CHECK(topK <= 22, "too many ", topK);
  CHECK_CONTIGUOUS(x);
  FLASHINFER_CUDA_CHECK(cudaGetLastError());
}"""
    assert [(check.line, check.condition, check.message) for check in cpp_checks("f.cu", text)] == [
        (2, "x.dtype()== dl_bfloat16 || x.dtype()== dl_float32", "x is  wrong"),
        (3, "x.size(0) == n", "rows"),
        (4, "topK <= 22", "too many"),
        (5, "CHECK_CONTIGUOUS(x)", ""),
    ]


def test_checks_of_python() -> None:
    text = """
class A:
    def f(self, x):
        assert x.ndim == 2, "two"
        if x.dtype not in (torch.float16, torch.bfloat16):
            raise ValueError(f"bad {x}")
        elif not ok:
            raise TypeError("nope")
"""
    assert [(check.function, check.condition, check.message) for check in python_checks("f.py", text)] == [
        ("A.f", "x.ndim == 2", "two"),
        ("A.f", "x.dtype in (torch.float16, torch.bfloat16)", "bad"),
        ("A.f", "ok", "nope"),
    ]


def test_alternatives_and_subject_of_a_check() -> None:
    check = Check("f", 1, "f", "(x.dtype() == a || x.dtype() == b)")
    assert check.alternatives == {"x.dtype() == a", "x.dtype() == b"}
    assert check.subject == "x.dtype()"


def test_words_of_dtypes() -> None:
    assert dtype_words("dl_bfloat16, bf16 or torch.float32") == {"bfloat16", "float32"}
    assert dtype_words("half of the float16_t values, torch.float8_e4m3fn") == {"float16", "float8_e4m3fn"}
    assert dtype_words("xbf16x halfway int") == frozenset()
    doc = "Do it.\n\nArgs:\n    x (Tensor): bf16\n        or fp32.\n    `scale`: fp32\n\nReturns:\n    fp8"
    assert parameter_texts(doc, ["x", "scale"]) == {
        "x": "    x (Tensor): bf16\n        or fp32.\n",
        "scale": "    `scale`: fp32",
    }


def demo_leads(demo: Catalog, unpacked: Unpack, old: str, new: str) -> list[Lead]:
    return leads(demo, *(Wheel(unpacked(release), "demo-kernels", "demo") for release in (old, new)))


def test_a_dtype_that_is_no_longer_used_comes_first(demo: Catalog, unpacked: Unpack) -> None:
    first, *others = demo_leads(demo, unpacked, "1.0", "1.1")
    assert (first.kind, first.subject, first.before) == ("unused-dtype", "Runner::run", "btg::Dtype dtypeBias")
    assert first.where == "demo/data/csrc/launcher.cu:5"
    assert [(lead.kind, lead.subject, lead.before, lead.after) for lead in others] == [
        ("docstring", "demo.moe: bias", "bfloat16, float32", "bfloat16")
    ]


def test_a_dtype_that_was_never_used_is_no_lead(demo: Catalog, unpacked: Unpack) -> None:
    assert "unused-dtype" not in {lead.kind for lead in demo_leads(demo, unpacked, "1.1", "1.1")}
    assert "unused-dtype" not in {lead.kind for lead in demo_leads(demo, unpacked, "1.1", "2.0")}


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("x.dtype() == dl_bfloat16", "x.dtype() == dl_bfloat16 || x.dtype() == dl_float32", "widened-check"),
        ("x.dtype() == dl_bfloat16", "x.dtype() == dl_float16", "narrowed-check"),
        ('  TVM_FFI_ICHECK_EQ(bias.ndim(), 1) << "bias must be 1D";\n', "", "vanished-check"),
        ("void launch(Tensor x, Tensor bias)", "void start(Tensor x, Tensor bias)", ""),
    ],
)
def test_checks(demo: Catalog, unpacked: Unpack, old: str, new: str, kind: str) -> None:
    assert old in LAUNCHER
    before = Wheel(unpacked("1.0"), "demo-kernels", "demo", "1.0")
    after = Wheel(
        unpacked("1.1", {**WHEELS["1.0"], "demo/data/csrc/launcher.cu": LAUNCHER.replace(old, new)}),
        "demo-kernels",
        "demo",
    )
    kinds = {lead.kind for lead in leads(demo, before, after) if lead.kind != "changed-evidence"}
    assert kinds == ({kind} if kind else set())


def test_a_cited_line_that_changed_around_its_quote(demo: Catalog, unpacked: Unpack) -> None:
    changed = LAUNCHER.replace("x.dtype() == dl_bfloat16", "is_bfloat16(x)")
    before = Wheel(unpacked("1.0"), "demo-kernels", "demo", "1.0")
    after = Wheel(unpacked("1.1", {"demo/data/csrc/launcher.cu": changed}), "demo-kernels", "demo")
    (lead,) = [lead for lead in leads(demo, before, after) if lead.kind == "changed-evidence"]
    assert lead.where == "demo/data/csrc/launcher.cu:2"
    assert "is_bfloat16(x)" in lead.after and lead.before[-10:] != lead.after[-10:]


def test_command(contractlint: Run, contracts: Path, unpacked: Unpack) -> None:
    args = ("contracts", "drift", "--wheel", unpacked("1.1"), "--against", unpacked("1.0"), "--contracts", contracts)
    code, out, err = contractlint(*args)
    assert (code, err) == (0, "")
    assert "1.0 → 1.1: 2 leads for a human, the weightiest first\n" in out
    assert "  1. takes a dtype and no longer uses it: Runner::run\n     demo/data/csrc/launcher.cu:5\n" in out
    _, out, _ = contractlint(*args, "--format", "json")
    (gate,) = json.loads(out)["gates"]
    assert (gate["from"], gate["to"], gate["leads"][0]["kind"]) == ("1.0", "1.1", "unused-dtype")


@needs_wheels
def test_the_bias_of_0_6_7(tmp_path: Path) -> None:
    catalog = load_catalog(cache_folder=tmp_path)
    old, new = (
        Wheel(Path(REAL) / f"flashinfer-python-{release}", "flashinfer-python", "flashinfer")
        for release in ("0.6.6", "0.6.7")
    )
    ranked = leads(catalog, old, new)
    unused = [lead for lead in ranked if lead.kind == "unused-dtype"]
    assert unused == ranked[:1]
    assert unused[0].before == "btg::Dtype dtypeBias"
    assert unused[0].where == "flashinfer/data/csrc/trtllm_fused_moe_runner.cu:59"
