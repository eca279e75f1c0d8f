"""Change points of the MoE contracts beside the trtllm family: what each release wants, and what a breach does."""

from __future__ import annotations

import pytest

from contractlint.catalog import Catalog
from contractlint.model.contract import Aspect, Clause, Effect, Enforcement

LIBRARY = "flashinfer-python"
FP8 = "float8_e4m3fn"
SCALES_FOR_SM90 = "fused_moe.interleave_moe_scales_for_sm90_mixed_gemm"
NVFP4 = {"backend": "cuda", "sf_use_ue8m0": False}
PLAIN, PER_TOKEN = ({"backend": "cuda", "per_token_activation": flag} for flag in (False, True))
HALF = {"bfloat16", "float16"}


def the_clause(catalog: Catalog, release: str, name: str, parameter: str, aspect: Aspect, **case: object) -> Clause:
    """Return the one clause that applies when the other arguments have the given values."""
    found = [
        clause
        for clause in catalog.at(LIBRARY, release).clauses("flashinfer." + name, parameter, aspect)
        if all((case.get(test.parameter) in test.values) != test.negated for test in clause.when)
    ]
    assert len(found) == 1, found
    return found[0]


DTYPES = [
    # release, entry point, parameter, other arguments, accepted, enforced, effect
    ("0.6.0", "fp4_quantize", "global_scale", {"sf_use_ue8m0": False}, {"float32"}, "none", "silent"),
    ("0.6.12", "fp4_quantize", "global_scale", NVFP4, {"float32"}, "none", "silent"),
    ("0.6.12", "fp4_quantize", "global_scale", {"backend": "cute-dsl"}, set(), "none", "raises"),
    ("0.6.13", "fp4_quantize", "global_scale", {"backend": "cuda"}, set(), "none", "raises"),
    ("0.6.12", "nvfp4_quantize", "a_global_sf", PLAIN, {"float32"}, "none", "silent"),
    ("0.6.12", "nvfp4_quantize", "a_global_sf", PER_TOKEN, set(), "none", "raises"),
    ("0.7.2.post1", "mxfp8_quantize", "input", {"backend": "cuda"}, HALF, "ffi", "raises"),
    ("0.6.8", "scaled_fp4_grouped_quantize", "mask", {}, {"int32"}, "ffi", "raises"),
    ("0.6.15.post1", SCALES_FOR_SM90, "scales", {}, {"uint8"}, "python", "raises"),
    ("0.6.16", SCALES_FOR_SM90, "scales", {}, set(), "none", "raises"),
    ("0.6.17", SCALES_FOR_SM90, "scales", {}, {"uint8"}, "python", "raises"),
    ("0.6.17", "fused_moe.cute_dsl_fused_moe_nvfp4", "x", {}, {"uint8"}, "none", "silent"),
    ("0.6.18", "fused_moe.cute_dsl_fused_moe_nvfp4", "x", {"quant_mode": "w4a4"}, {"uint8"}, "python", "raises"),
    ("0.6.13", "comm.moe_a2a_combine", "payload", {}, {*HALF, "float32"}, "ffi", "raises"),
    ("0.6.14", "comm.moe_a2a_combine", "payload", {}, {*HALF, "float32", FP8}, "ffi", "raises"),
]  # fmt: skip


@pytest.mark.parametrize(("release", "name", "parameter", "case", "accepted", "enforced", "effect"), DTYPES)
def test_dtypes(
    shipped: Catalog,
    release: str,
    name: str,
    parameter: str,
    case: dict[str, object],
    accepted: set[str],
    enforced: str,
    effect: str,
) -> None:
    clause = the_clause(shipped, release, name, parameter, Aspect.DTYPE, **case)
    assert clause.dtypes == accepted
    assert (clause.enforcement, clause.effect) == (Enforcement(enforced), Effect(effect))


QUANT_SCALES = [
    # release, type of input, type of weights, MXFP8 activations, the types of the scales
    ("0.6.4", FP8, FP8, False, ["float32"] * 4),
    ("0.6.4", FP8, FP8, True, ["float32"] * 4),
    ("0.6.6", FP8, FP8, True, ["int32", "float32", "int32", "float32"]),
    ("0.6.0", FP8, "int64", False, ["int32", "float32", "float32", "int32", "float32"]),
    ("0.7.2.post1", FP8, "int64", True, ["int32", "float32", "int32", "float32"]),
    ("0.6.12", "uint8", "int64", False, ["float32", "int32", "float32", "float32", "int32", "float32"]),
    ("0.6.12", "bfloat16", "bfloat16", False, []),
]


@pytest.mark.parametrize(("release", "activations", "weights", "mxfp8", "wanted"), QUANT_SCALES)
def test_quant_scales_of_cutlass(
    shipped: Catalog, release: str, activations: str, weights: str, mxfp8: bool, wanted: list[str]
) -> None:
    case = {
        "input": activations,
        "fc1_expert_weights": weights,
        "use_mxfp8_act_scaling": mxfp8,
        "use_deepseek_fp8_block_scale": False,
    }
    for index in range(6):
        parameter = f"quant_scales[{index}]"
        clause = the_clause(shipped, release, "fused_moe.cutlass_fused_moe", parameter, Aspect.DTYPE, **case)
        assert clause.dtypes == ({wanted[index]} if index < len(wanted) else set())


def test_scales_of_cutlass_that_nothing_applies(shipped: Catalog) -> None:
    case = {"input": "bfloat16", "fc1_expert_weights": FP8, "use_deepseek_fp8_block_scale": False}
    clause = the_clause(shipped, "0.6.12", "fused_moe.cutlass_fused_moe", "quant_scales", Aspect.PRESENCE, **case)
    assert clause.ignored
    assert clause.effect is Effect.SILENT


@pytest.mark.parametrize(
    ("release", "swizzled", "layout"),
    [
        ("0.6.7.post3", None, "swizzled 128x4"),
        ("0.6.8", True, "swizzled 128x4"),
        ("0.6.8", False, "linear"),
    ],
)
def test_layout_of_input_scales(shipped: Catalog, release: str, swizzled: bool | None, layout: str) -> None:
    clause = the_clause(
        shipped, release, "fused_moe.cutlass_fused_moe", "input_sf", Aspect.LAYOUT, swizzled_input_sf=swizzled
    )
    assert clause.layout == layout


@pytest.mark.parametrize(("release", "effect"), [("0.6.6", Effect.SILENT), ("0.6.7", Effect.RAISES)])
def test_the_linear_layout_of_nvfp4_quantize(shipped: Catalog, release: str, effect: Effect) -> None:
    """Before 0.6.7 layout_linear is taken for layout_128x4; then it is honoured, and the clause forbids nothing."""
    clause = the_clause(shipped, release, "nvfp4_quantize", "sfLayout", Aspect.VALUE, do_shuffle=False)
    assert clause.effect is effect
    assert bool(clause.values) is (effect is Effect.SILENT)
    assert "layout_linear" not in clause.values


def test_router_weights_of_the_finalize_all_reduce_share_a_dtype_with_the_residual(shipped: Catalog) -> None:
    for release in ("0.6.0", "0.7.2.post1"):
        name = "comm.trtllm_moe_finalize_allreduce_fusion"
        clause = the_clause(shipped, release, name, "expert_scale_factor", Aspect.DTYPE)
        assert clause.same_as == "residual_in"
        assert clause.effect is Effect.SILENT
