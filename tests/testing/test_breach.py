"""The bug of 0.6.7, in numbers: a float32 routing bias that is read as bfloat16 chooses other experts."""

from __future__ import annotations

from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="a stand-in computes with torch")

from contractlint.reference import routing as r  # noqa: E402
from contractlint.testing import Standin, WouldFault, standin  # noqa: E402

TOKENS, EXPERTS, TOP_K, GROUPS, LIMITED, SCALE = 32, 256, 8, 8, 4, 2.5
SIZE = 128  # hidden and intermediate


def inputs(seed: int = 0) -> tuple[Any, Any]:
    """Logits, and a float32 bias."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(TOKENS, EXPERTS, generator=generator) * 2
    return logits, torch.rand(EXPERTS, generator=generator) * 0.5


@pytest.fixture(scope="module")
def weights() -> dict[str, Any]:
    """Experts whose answer is their own number, in two digits of base 16."""
    first, second = torch.zeros(EXPERTS, 2 * SIZE, SIZE), torch.zeros(EXPERTS, SIZE, SIZE)
    first[:, :, 0] = 1.0
    number = torch.arange(EXPERTS) + 1
    second[:, 0, 0], second[:, 1, 0] = number % 16, number // 16
    hidden = torch.zeros(TOKENS, SIZE)
    hidden[:, 0] = 10.0
    return {
        "hidden_states": hidden.to(torch.float8_e4m3fn),
        "hidden_states_scale": torch.ones(1, TOKENS),
        "gemm1_weights": first.to(torch.float8_e4m3fn),
        "gemm1_weights_scale": torch.ones(EXPERTS, 2, 1),
        "gemm2_weights": second.to(torch.float8_e4m3fn),
        "gemm2_weights_scale": torch.ones(EXPERTS, 1, 1),
    }


def chosen(library: Standin, weights: dict[str, Any], logits: Any, bias: Any) -> Any:
    """The experts that the MoE entry point goes to."""
    rows, _, where = library.package.fused_moe.trtllm_fp8_block_scale_moe(
        logits, bias, **weights, num_experts=EXPERTS, top_k=TOP_K, n_group=GROUPS, topk_group=LIMITED,
        intermediate_size=SIZE, local_expert_offset=0, local_num_experts=EXPERTS, routed_scaling_factor=SCALE,
        routing_method_type=2, do_finalize=False,
    )  # fmt: skip
    answers = rows[where.long()].float().view(TOKENS, TOP_K, -1) / 100
    return (answers[..., 0].round() + 16 * answers[..., 1].round()).int() - 1


def reference(bias: Any, logits: Any) -> Any:
    return r.route("DeepSeekV3", logits, TOP_K, r.Options(bias, GROUPS, LIMITED, SCALE)).experts


@pytest.mark.parametrize("release", ["0.6.6", "0.6.7", "0.6.7.post3", "0.6.8", "0.7.2.post1"])
def test_a_bfloat16_bias_chooses_the_experts_of_the_reference(release: str, weights: dict[str, Any]) -> None:
    logits, bias = inputs()
    with standin(release, misread=True) as library:
        found = chosen(library, weights, logits, bias.bfloat16())
    assert r.overlap(found, reference(bias.bfloat16(), logits)) == 1.0


@pytest.mark.parametrize("release", ["0.6.6", "0.6.8", "0.7.2.post1"])
def test_a_float32_bias_chooses_the_experts_of_the_reference_outside_0_6_7(
    release: str, weights: dict[str, Any]
) -> None:
    logits, bias = inputs()
    with standin(release, misread=True) as library:
        assert r.overlap(chosen(library, weights, logits, bias), reference(bias, logits)) == 1.0


@pytest.mark.parametrize("release", ["0.6.7", "0.6.7.post3"])
def test_a_float32_bias_is_misread_in_0_6_7(release: str, weights: dict[str, Any]) -> None:
    """A bias read from the wrong bytes outweighs every score, so all tokens go to the same experts: 8 of 256 fit by
    chance, 3 %."""
    found = []
    with standin(release, misread=True) as library:
        for seed in range(16):
            logits, bias = inputs(seed)
            found.append(r.overlap(chosen(library, weights, logits, bias), reference(bias, logits)))
    assert 0.01 < sum(found) / len(found) < 0.06
    assert max(found) < 0.2


def test_without_misreading_a_float32_bias_is_what_it_is(weights: dict[str, Any]) -> None:
    logits, bias = inputs()
    with standin("0.6.7") as library:
        assert r.overlap(chosen(library, weights, logits, bias), reference(bias, logits)) == 1.0


def test_a_bias_of_any_other_dtype_is_read_as_float32_where_two_are_accepted(weights: dict[str, Any]) -> None:
    logits, bias = inputs()
    with standin("0.6.8", misread=True) as library:
        assert r.overlap(chosen(library, weights, logits, bias.half()), reference(bias, logits)) < 0.5


def test_a_bias_that_is_missing_where_the_kernel_reads_it_would_fault(weights: dict[str, Any]) -> None:
    logits, _ = inputs()
    with standin("0.6.7", misread=True) as library, pytest.raises(WouldFault, match="routing_bias"):
        chosen(library, weights, logits, None)


@pytest.mark.parametrize(
    "release, nan", [("0.6.7", False), ("0.6.12", True), ("0.6.15", False), ("0.7.2.post1", False)]
)
def test_without_groups_a_bias_that_swallows_all_scores_gave_nan_weights_around_0_6_12(
    release: str, nan: bool, weights: dict[str, Any]
) -> None:
    logits, bias = torch.full((TOKENS, EXPERTS), -10.0), torch.full((EXPERTS,), 1e4)
    with standin(release) as library:
        _, found, _ = library.package.fused_moe.trtllm_fp8_block_scale_moe(
            logits, bias, **weights, num_experts=EXPERTS, top_k=TOP_K, n_group=1, topk_group=1,
            intermediate_size=SIZE, local_expert_offset=0, local_num_experts=EXPERTS, routed_scaling_factor=SCALE,
            routing_method_type=2, do_finalize=False,
        )  # fmt: skip
    assert bool(found.isnan().any()) is nan
