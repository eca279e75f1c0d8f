"""An apply path of a published engine, run on the CPU against the stand-in: the bug in the engine's own code."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="a stand-in computes with torch")

from bench.engines import load_engines  # noqa: E402
from contractlint.reference import quantization as q  # noqa: E402
from contractlint.testing import standin  # noqa: E402
from tests.real.engine_module import engine_module  # noqa: E402

pytestmark = pytest.mark.real

ENGINE = "vllm==0.19.1"
MODULE = "vllm.model_executor.layers.fused_moe.experts.trtllm_fp8_moe"
CONFIG = "vllm.model_executor.layers.fused_moe.config"
TOKENS, HIDDEN, INTERMEDIATE, EXPERTS, TOP_K, GROUPS, LIMITED = 16, 256, 128, 64, 8, 8, 4


class Layer:
    """A block-quantised layer with DeepSeekV3 routing, and what the engine's apply method is given for it."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(1)
        self.hidden = torch.randn(TOKENS, HIDDEN, generator=generator)
        self.w1, self.s1 = q.quantize_fp8_blocks(torch.randn(EXPERTS, 2 * INTERMEDIATE, HIDDEN, generator=generator))
        self.w2, self.s2 = q.quantize_fp8_blocks(torch.randn(EXPERTS, HIDDEN, INTERMEDIATE, generator=generator))
        self.logits = torch.randn(TOKENS, EXPERTS, generator=generator) * 2
        self.bias = torch.rand(EXPERTS, generator=generator) * 0.5

    def apply(self, release: str, bias: Any, watched: Callable[[], Any] = nullcontext) -> Any:
        """Run the engine's `apply` with the stand-in for a release underneath, inside the context that is given."""
        root = load_engines()[ENGINE].fetch().root
        with standin(release, misread=True) as library:
            methods = library.package.fused_moe.RoutingMethodType
            with engine_module(root, MODULE, {f"{CONFIG}.RoutingMethodType": methods}) as engine:
                experts = engine.TrtLlmFp8ExpertsMonolithic(
                    SimpleNamespace(
                        routing_method=methods.DeepSeekV3, experts_per_token=TOP_K, hidden_dim=HIDDEN,
                        intermediate_size_per_partition=INTERMEDIATE, num_local_experts=EXPERTS,
                        moe_parallel_config=SimpleNamespace(ep_rank=0), is_act_and_mul=True,
                    ),
                    SimpleNamespace(block_shape=[128, 128], is_per_tensor=False, w1_scale=self.s1, w2_scale=self.s2),
                )  # fmt: skip
                code, scale = q.quantize_fp8_groups(self.hidden)
                with watched():
                    return experts.apply(
                        code, self.w1, self.w2, self.logits.bfloat16(), engine.MoEActivation.SILU, EXPERTS, None,
                        scale.t(), False, num_expert_group=GROUPS, e_score_correction_bias=bias,
                        routed_scaling_factor=2.5, topk_group=LIMITED,
                    ).float()  # fmt: skip


@pytest.fixture(scope="module")
def layer() -> Layer:
    return Layer()


@pytest.fixture(scope="module")
def right(layer: Layer) -> Any:
    """What the layer computes where the bias is read as what it is."""
    return layer.apply("0.6.8", layer.bias.bfloat16())


def distance(found: Any, expected: Any) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("release", ["0.6.6", "0.6.7", "0.6.8"])
def test_the_engine_computes_the_same_with_a_bfloat16_bias_in_every_release(
    release: str, layer: Layer, right: Any
) -> None:
    assert distance(layer.apply(release, layer.bias.bfloat16()), right) < 0.01


@pytest.mark.parametrize("release, broken", [("0.6.6", False), ("0.6.7", True), ("0.6.8", False)])
def test_the_engine_computes_something_else_with_a_float32_bias_in_0_6_7(
    release: str, broken: bool, layer: Layer, right: Any
) -> None:
    found = distance(layer.apply(release, layer.bias), right)
    assert found > 0.8 if broken else found < 0.2


def test_assert_mode_stops_the_engine_before_the_kernel_and_names_its_file(layer: Layer) -> None:
    runtime: Any = pytest.importorskip("contractlint.runtime", reason="assert mode is not there")
    with pytest.raises(runtime.ContractBreach, match="routing_bias") as caught:
        layer.apply("0.6.7", layer.bias, lambda: runtime.armed("assert"))
    assert "trtllm_fp8_moe.py" in str(caught.value)
    assert "_apply_block_scale" in str(caught.value)
    layer.apply("0.6.8", layer.bias, lambda: runtime.armed("assert"))
