"""The references against those that FlashInfer ships itself: its traces' and its pure-torch helpers.

Their source is taken out of the wheel function by function, so that nothing of the library is imported.
"""

from __future__ import annotations

import ast
import math
import os
from pathlib import Path
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="the references are written in torch")

from contractlint.reference import activation, experts, layouts, norm, rope  # noqa: E402
from contractlint.reference import attention as attention_  # noqa: E402
from contractlint.reference import quantization as q  # noqa: E402
from contractlint.reference import routing as r  # noqa: E402
from contractlint.reference import sampling as s  # noqa: E402

WHEELS = os.environ.get("CONTRACTLINT_WHEELS", "")
RELEASE = "0.7.2.post1"
FOLDER = Path(WHEELS, f"flashinfer-python-{RELEASE}", "flashinfer")
pytestmark = pytest.mark.skipif(
    not WHEELS or not FOLDER.is_dir(),
    reason=f"CONTRACTLINT_WHEELS does not name a folder with an unpacked wheel (flashinfer-python-{RELEASE}/…)",
)


def theirs(file: str) -> dict[str, Any]:
    """The functions and the constants of a file of the wheel that stand on their own."""
    tree = ast.parse((FOLDER / file).read_text(encoding="utf-8"))
    names: dict[str, Any] = {"torch": torch, "math": math, "F": torch.nn.functional}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            node.decorator_list = []
            for argument in [*node.args.args, *node.args.kwonlyargs]:
                argument.annotation = None
        elif not isinstance(node, ast.Assign):
            continue
        try:
            exec(compile(ast.Module([node], []), file, "exec"), names)
        except (NameError, AttributeError, TypeError):
            continue  # needs what is not here, such as a trace template
    return names


def values(seed: int, *shape: int) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("tile, rows", [(128, 256), (64, 128), (128, 32)])
def test_row_orders(tile: int, rows: int) -> None:
    x = torch.zeros(rows, 8, dtype=torch.uint8)
    helpers = theirs("utils.py")
    assert torch.equal(layouts.shuffled_rows(rows, tile), helpers["get_shuffle_matrix_a_row_indices"](x, tile))
    core = theirs("fused_moe/core.py")
    assert torch.equal(layouts.gated_rows(rows), core["get_reorder_rows_for_gated_act_gemm_row_indices"](x))


def test_unshuffled_gated_weights() -> None:
    weights = values(0, 2, 64, 16)
    unshuffle = theirs("trace/templates/moe.py")["_trtllm_unshuffle_weight"]
    for gated in (True, False):
        assert torch.equal(layouts.unshuffle(weights, 128, gated=gated), unshuffle(weights, gated))


# TopK is not among them: theirs weighs all chosen experts alike, the kernel by their logits (RoutingCustomPolicy.cuh:
# NoOpPreprocess and NoOpPostprocess leave the scores that are written as weights).
ROUTINGS = {
    "DeepSeekV3": "ds_routing",
    "Default": "default_routing",
    "Renormalize": "renormalize_routing",
    "RenormalizeNaive": "renormalize_naive_routing",
    "Llama4": "llama4_routing",
}


@pytest.mark.parametrize("method", ROUTINGS)
def test_moe_with_block_scales(method: str) -> None:
    tokens, hidden, intermediate, count = 12, 256, 128, 16
    top_k = 1 if method == "Llama4" else 3
    logits, bias = values(1, tokens, count), values(2, count) / 4
    h, hs = q.quantize_fp8_groups(values(3, tokens, hidden))
    w1, s1 = q.quantize_fp8_blocks(values(4, count, 2 * intermediate, hidden) / 16)
    w2, s2 = q.quantize_fp8_blocks(values(5, count, hidden, intermediate) / 11)
    reference = theirs("trace/templates/moe.py")[f"_trtllm_fp8_block_scale_moe_{ROUTINGS[method]}_reference"]
    # Their references add the bias and apply the scale under every method; the kernels do so under DeepSeekV3 alone
    # (routing_runner: the other branches are given neither).
    grouped: dict[str, Any] = {"routing_bias": None, "routed_scaling_factor": None}
    if method == "DeepSeekV3":
        grouped = {"n_group": 4, "topk_group": 2, "routing_bias": bias, "routed_scaling_factor": 2.5}
    expected = reference(
        routing_logits=logits, hidden_states=h, hidden_states_scale=hs,
        gemm1_weights=w1, gemm1_weights_scale=s1, gemm2_weights=w2, gemm2_weights_scale=s2,
        top_k=top_k, local_expert_offset=0, **grouped,
    )  # fmt: skip
    routes = r.route(method, logits, top_k, r.Options(bias, 4, 2, 2.5), dtype=torch.float32)
    layer = experts.Layer(experts.fp8_blocks(w1, s1), experts.fp8_blocks(w2, s2), count, lambda x: x)
    found = experts.finalize(experts.compute(q.dequantize_fp8_groups(h, hs), routes, layer), routes)
    torch.testing.assert_close(found.float(), expected.float(), atol=3e-2, rtol=3e-2)


def test_the_standalone_router() -> None:
    logits, bias = values(1, 9, 256), values(2, 256) / 4
    reference = theirs("trace/templates/sampling.py")["_fused_topk_deepseek_reference"]
    weights, chosen = torch.empty(9, 8), torch.empty(9, 8, dtype=torch.int32)
    answer = reference(logits, bias, 8, 4, 8, 2.5, weights, chosen)
    weights, chosen = answer if isinstance(answer, tuple) else (weights, chosen)
    found = r.fused_topk_deepseek(logits, bias, 8, 4, 8, 2.5)
    order = chosen.long().sort(-1)
    mine = found.experts.long().sort(-1)
    assert torch.equal(order.values, mine.values)
    torch.testing.assert_close(weights.gather(-1, order.indices), found.weights.gather(-1, mine.indices))


def test_the_router_by_table() -> None:
    logits, table = values(1, 5, 32), torch.randint(0, 32, (100, 4), generator=torch.Generator().manual_seed(2))
    ids = torch.tensor([3, 99, 0, 3, 50])
    weights, chosen = theirs("trace/templates/moe.py")["_hash_topk_reference"](logits, ids, table, 1, 2.5)
    found = r.hash_topk(logits, ids, table, shared=1, scale=2.5)
    assert torch.equal(found.experts, chosen)
    torch.testing.assert_close(found.weights, weights)


def test_norms() -> None:
    x, weight, bias = values(1, 4, 64), values(3, 64), values(4, 64)
    file = theirs("trace/templates/norm.py")
    for name, found in (
        ("_rmsnorm_reference", norm.rmsnorm(x, weight, _eps(file["_rmsnorm_reference"]))),
        ("_gemma_rmsnorm_reference", norm.gemma_rmsnorm(x, weight, _eps(file["_gemma_rmsnorm_reference"]))),
    ):
        torch.testing.assert_close(found, file[name](x, weight).to(x.dtype))
    torch.testing.assert_close(
        norm.layernorm(x, weight, bias, _eps(file["_layernorm_reference"])),
        file["_layernorm_reference"](x, weight, bias),
    )


def _eps(function: Any) -> float:
    """The epsilon that their reference fixes in its body."""
    numbers = [c for c in function.__code__.co_consts if isinstance(c, float) and 0 < c < 1e-3]
    return numbers[0]


def test_rotations() -> None:
    query, key, positions = values(1, 5, 2, 32), values(2, 5, 1, 32), torch.tensor([0, 3, 9, 4, 1000])
    file = theirs("trace/templates/rope.py")
    for interleave in (True, False):
        for part in (None, 16):
            options: dict[str, Any] = {"rotary_dim": part, "interleave": interleave}
            expected = file["_apply_rope_pos_ids_reference"](query, key, positions, rope_scale=2.0, **options)
            for x, y in zip((query, key), expected, strict=True):
                torch.testing.assert_close(rope.apply(x, positions, scale=2.0, **options), y, atol=1e-4, rtol=1e-4)
            expected = file["_apply_llama31_rope_pos_ids_reference"](query, key, positions, **options)
            bent: dict[str, Any] = {"scale": 8.0, "theta": 5e5, "llama31": rope.Llama31()}
            for x, y in zip((query, key), expected, strict=True):
                torch.testing.assert_close(rope.apply(x, positions, **bent, **options), y, atol=1e-4, rtol=1e-4)


def test_sampling_filters() -> None:
    probs = values(1, 6, 40).softmax(-1)
    file = theirs("trace/templates/sampling.py")
    torch.testing.assert_close(
        s.renormalized(probs, s.top_p_kept(probs, 0.7)), file["_top_p_renorm_probs_reference"](probs, 0.7)
    )
    torch.testing.assert_close(
        s.renormalized(probs, s.top_k_kept(probs, 5)), file["_top_k_renorm_probs_reference"](probs, 5)
    )
    torch.testing.assert_close(s.top_k_masked(probs, 5), file["_top_k_mask_logits_reference"](probs, 5))
    torch.testing.assert_close(s.softmax(probs, 0.5), file["_softmax_reference"](probs, 0.5))


def test_activations() -> None:
    x = values(1, 4, 64)
    file = theirs("trace/templates/activation.py")
    torch.testing.assert_close(activation.silu_and_mul(x), file["_silu_and_mul_reference"](x))
    torch.testing.assert_close(activation.gelu_and_mul(x), file["_gelu_and_mul_reference"](x))
    torch.testing.assert_close(activation.gelu_tanh_and_mul(x), file["_gelu_tanh_and_mul_reference"](x))


def test_four_bit_codes() -> None:
    moe = theirs("trace/templates/moe.py")
    packed = torch.arange(256, dtype=torch.uint8).reshape(4, 64)
    assert torch.equal(q.from_e2m1(packed), moe["_unpack_fp4_e2m1"](packed))
    bytes_ = torch.arange(255, dtype=torch.uint8)
    torch.testing.assert_close(q.from_ue8m0(bytes_), moe["_ue8m0_to_float32"](bytes_))


def test_merging_states() -> None:
    v_a, v_b = values(1, 3, 2, 8), values(2, 3, 2, 8)
    s_a, s_b = values(3, 3, 2), values(4, 3, 2)
    v, total = theirs("trace/templates/cascade.py")["_merge_state_reference"](v_a, s_a, v_b, s_b)
    found = attention_.merge(v_a, s_a, v_b, s_b)
    torch.testing.assert_close(found[0], v)
    torch.testing.assert_close(found[1], total)
