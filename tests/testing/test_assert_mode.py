"""Assert mode stops the breach of 0.6.7 before it turns into wrong experts, and lets through what is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="a stand-in computes with torch")
runtime: Any = pytest.importorskip("contractlint.runtime", reason="assert mode is not there")

from contractlint.testing import standin  # noqa: E402
from tests.testing.layers import TOKENS, Prepared, fp8_block, whole_call  # noqa: E402

EXPERTS, NAME = 8, "flashinfer.fused_moe.trtllm_fp8_block_scale_moe"


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    assert runtime.status().settings is None


def arguments(bias: Any) -> tuple[Prepared, dict[str, Any]]:
    prepared = fp8_block()
    logits = torch.randn(TOKENS, EXPERTS, generator=torch.Generator().manual_seed(0))
    names: tuple[str, ...] = (
        "routing_logits",
        "routing_bias",
        "num_experts",
        "top_k",
        "n_group",
        "topk_group",
        "intermediate_size",
    )
    names += ("local_expert_offset", "local_num_experts", "routed_scaling_factor", "routing_method_type")
    given = whole_call(
        prepared, (*names, *prepared.arguments), routing_logits=logits, routing_bias=bias, routing_method_type=2,
        n_group=4, topk_group=2, routed_scaling_factor=2.5,
    )  # fmt: skip
    return prepared, given


def called(release: str, bias: Any, mode: str = "assert") -> Any:
    _, given = arguments(bias)
    with standin(release, misread=True) as library, runtime.armed(mode):
        assert mode == "off" or runtime.status().armed(NAME)
        return library.package.fused_moe.trtllm_fp8_block_scale_moe(**given)


BIAS = torch.rand(EXPERTS, generator=torch.Generator().manual_seed(1))


def test_a_float32_bias_raises_before_the_kernel_of_0_6_7_misreads_it() -> None:
    with pytest.raises(runtime.ContractBreach, match="routing_bias") as caught:
        called("0.6.7", BIAS)
    assert "float32" in str(caught.value)
    assert "test_assert_mode.py" in str(caught.value)


def test_without_assert_mode_the_same_call_returns_something_else() -> None:
    right, wrong = called("0.6.7", BIAS.bfloat16(), "off"), called("0.6.7", BIAS, "off")
    assert not torch.allclose(right, wrong, atol=0.1)


@pytest.mark.parametrize(
    "release, dtype", [("0.6.7", torch.bfloat16), ("0.6.6", torch.float32), ("0.6.8", torch.float32)]
)
def test_what_keeps_the_contract_computes(release: str, dtype: Any) -> None:
    torch.testing.assert_close(called(release, BIAS.to(dtype)), called("0.6.8", BIAS.to(dtype)))
