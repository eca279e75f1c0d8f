"""Fake kernels over the real library, on the CPU: its own modules and names, under every order of arming and faking."""

from __future__ import annotations

import pytest

from tests.runtime.conftest import ROOT, Run

RELEASES = ("0.6.7", "0.7.2.post1")
HEAD = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import inspect, torch, flashinfer
from flashinfer.fused_moe import trtllm_fp8_block_scale_moe as early
import contractlint.runtime as R
from contractlint.testing import fakes
from tests.runtime.calls import moe_arguments
def call(bias):
    try: return str(tuple(early(**moe_arguments(torch, bias)).shape))
    except Exception as problem: return type(problem).__name__
"""


@pytest.mark.parametrize("release", RELEASES)
def test_the_installed_library_computes_on_cpu_and_meta_tensors(run: Run, release: str) -> None:
    body = f"""{HEAD}
x, w = torch.randn(4, 64).bfloat16(), torch.ones(64).bfloat16()
values, indices = torch.zeros(4, 2), torch.zeros(4, 2, dtype=torch.int32)
with fakes() as found:
    print(found.release, len(found.faked) > 60, len(found.missing))
    print(tuple(flashinfer.rmsnorm(x, w).shape), flashinfer.norm.rmsnorm(x.to("meta"), w.to("meta")).device)
    flashinfer.fused_moe.fused_topk_deepseek(torch.randn(4, 16), torch.randn(16), 4, 2, 2, 1.0, values, indices, skip_check=True)
    print(bool((values > 0).all()), call("bfloat16"))
    wrapper = flashinfer.BatchDecodeWithPagedKVCacheWrapper(torch.zeros(8, dtype=torch.uint8))
    print(type(wrapper).__module__, flashinfer.utils.get_compute_capability(torch.device("cpu")))
"""
    done = run("-c", body, release=release)
    assert done.stdout.splitlines() == [
        f"{release} True 0", "(4, 64) meta", "True (8, 256)", "flashinfer.decode (10, 0)"
    ], done.stderr  # fmt: skip


def test_faked_and_armed_in_any_order(run: Run) -> None:
    body = f"""{HEAD}
with fakes(misread=True), R.armed("assert"): print(call("float32"), call("bfloat16"))
with R.armed("assert"), fakes(misread=True): print(call("float32"), call("bfloat16"))
outer, inner = R.armed("assert"), fakes()
outer.__enter__(); inner.__enter__(); outer.__exit__(None, None, None); print(call("float32")); inner.__exit__(None, None, None)
"""
    done = run("-c", body, release="0.6.7")
    assert done.stdout.splitlines() == ["ContractBreach (8, 256)"] * 2 + ["(8, 256)"], done.stderr


def test_nothing_is_left_of_them(run: Run) -> None:
    body = f"""{HEAD}
def facts():
    functions = [f for f in vars(flashinfer).values() if inspect.isfunction(f)]
    return [(f.__code__, str(inspect.signature(f)), f.__doc__) for f in functions], set(early.__globals__)
before, signature, cached = facts(), inspect.signature(early), flashinfer.utils.get_compute_capability
with fakes():
    print(inspect.signature(early) == signature, flashinfer.fused_moe.trtllm_fp8_block_scale_moe is early)
print(before == facts(), flashinfer.utils.get_compute_capability is cached)
"""
    done = run("-c", body, release="0.6.7")
    assert done.stdout.split() == ["True"] * 4, done.stderr


def test_without_the_library_one_line_says_what_to_do(run: Run) -> None:
    body = "from contractlint.testing import fakes\ntry: fakes().__enter__()\nexcept Exception as p: print(type(p).__name__, p)"
    said = run("-c", body).stdout
    assert said.startswith("NotInstalled flashinfer cannot be imported here") and "`standin` needs no" in said
