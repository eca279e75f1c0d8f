"""Choosing experts."""

from __future__ import annotations

from contractlint.exercise.recipes.base import Argument, Fill, Recipe, constant


def _product(experts: int, out: str) -> Recipe:
    """The router's matrix product, whose second matrix is stored by columns."""
    return Recipe(
        f"flashinfer.dsv3_ops.mm_M1_16_K7168_N{experts}",
        {"num_tokens": 7},
        {
            "mat_a": Argument(shape=("num_tokens", "7168")),
            "mat_b": Argument(Fill.SMALL, shape=("7168", str(experts)), by_columns=True),
            "out": Argument(Fill.EMPTY, out, ("num_tokens", str(experts))),
        },
        results=("out",),
        reference="contractlint.exercise.references:router_product",
        module="dsv3_router_gemm",
        compile_seconds=60,
    )


RECIPES = (
    _product(256, "float32"),
    _product(128, "bfloat16"),
    Recipe(
        "flashinfer.fused_moe.fused_topk_deepseek",
        {"num_tokens": 64, "num_experts": 256, "topk": 8},
        {
            "scores": Argument(dtype="float32"),
            "bias": Argument(Fill.SMALL, "float32"),
            "n_group": constant(8),
            "topk_group": constant(4),
            "topk": constant(8),
            "routed_scaling_factor": constant(2.5),
            "topk_values": Argument(Fill.EMPTY, "float32"),
            "topk_indices": Argument(Fill.EMPTY, "int32"),
            "routing_replay_out": Argument(Fill.EMPTY, "int16", ("num_tokens", "topk"), optional=True),
        },
        results=("topk_values", "topk_indices"),
        judge="contractlint.exercise.judges:chosen_experts",
        tolerance={"": 0.02},
        module="fused_topk_deepseek",
        compile_seconds=20,
    ),
    Recipe(
        "flashinfer.fused_moe.hash_topk",
        {"num_tokens": 64, "num_experts": 256, "topk": 8, "vocabulary": 128},
        {
            "router_logits": Argument(dtype="float32"),
            "input_ids": Argument(Fill.COUNTING, "int64"),
            "tid2eid": Argument(Fill.COUNTING, "int32"),
            "num_fused_shared_experts": constant(0),
        },
        results=("return", "return"),
        prepare="contractlint.exercise.prepare:expert_table",
        judge="contractlint.exercise.judges:hashed_experts",
        module="hash_topk",
        compile_seconds=30,
    ),
)
