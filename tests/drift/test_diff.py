"""What changes for callers between two releases."""

from __future__ import annotations

import json

import pytest

from contractlint.catalog import Catalog, load_catalog
from contractlint.catalog.signatures import parse_signature
from contractlint.drift.changes import Change, Kind
from contractlint.drift.diff import diff
from contractlint.drift.render import change_lines
from contractlint.drift.signatures import parameter_changes
from tests.drift.conftest import Run

FI = "flashinfer-python"
MOE = "flashinfer.fused_moe."


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load_catalog(cache_folder=tmp_path_factory.mktemp("cache"))


def kinds(before: str, after: str) -> dict[Kind, str]:
    found = parameter_changes("f", parse_signature(before)[0], parse_signature(after)[0])
    return {change.kind: change.parameter for change in found}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("(a, b=1)", "(a, b=1)", {}),
        ("(a: int, b=1)", "(a: Tensor, b=1)", {}),
        ("(a, b=1)", "(a, b=1, c=2)", {Kind.PARAMETER_ADDED: "c"}),
        ("(a, b=1)", "(a, c=2, b=1)", {Kind.PARAMETER_ADDED: "c", Kind.SHIFTED: "c"}),
        ("(a, b=1)", "(a, c, b=1)", {Kind.NOW_REQUIRED: "c", Kind.SHIFTED: "c"}),
        ("(a, b, c)", "(a, c)", {Kind.PARAMETER_REMOVED: "b", Kind.SHIFTED: "c"}),
        ("(a, b)", "(a)", {Kind.PARAMETER_REMOVED: "b"}),
        ("(a, b)", "(b, a)", {Kind.SHIFTED: "b"}),
        ("(a, b=1)", "(a, b)", {Kind.NOW_REQUIRED: "b"}),
        ("(a, b=1)", "(a, b=2)", {Kind.DEFAULT: "b"}),
        ("(a, b)", "(a, b=2)", {Kind.DEFAULT: "b"}),
        ("(a, b=1)", "(a, *, b=1)", {Kind.KIND_CHANGED: "b"}),
        ("(a, *, b=1)", "(a, *, c=1, b=1)", {Kind.PARAMETER_ADDED: "c"}),
    ],
)
def test_signatures(before: str, after: str, expected: dict[Kind, str]) -> None:
    assert kinds(before, after) == expected


def found(changes: list[Change], kind: Kind, parameter: str = "") -> Change:
    (change,) = [change for change in changes if change.kind is kind and change.parameter == parameter]
    return change


def test_clauses_and_enums(demo: Catalog) -> None:
    silent = found(diff(demo, "demo-kernels", "1.0", "1.1"), Kind.NARROWED_SILENTLY, "bias")
    assert (silent.before, silent.after, silent.when) == ("bfloat16 or float32", "bfloat16", "method is Grouped")
    assert "read as bfloat16" in silent.detail
    changes = diff(demo, "demo-kernels", "1.1", "2.0")
    assert found(changes, Kind.WIDENED, "bias").after == "bfloat16 or float32"
    assert found(changes, Kind.RENUMBERED, "Unspecified").detail == "2 is Ragged now"
    assert found(changes, Kind.MEMBER_ADDED, "Ragged").after == "2"
    assert found(changes, Kind.RETURNS).after == "list"
    assert found(changes, Kind.ENTRY_REMOVED).subjects == ("demo.topk",)
    assert found(changes, Kind.SHIFTED, "finalize").before == "out"
    checked = found(diff(demo, "demo-kernels", "1.0", "2.0"), Kind.NOW_CHECKED, "bias")
    assert "checked by the launcher" in checked.after
    unchecked = found(diff(demo, "demo-kernels", "2.0", "1.0"), Kind.NO_LONGER_CHECKED, "bias")
    assert "not checked" in unchecked.after
    assert not diff(demo, "demo-kernels", "1.1", "1.1")


def test_the_story_of_routing_bias(shipped: Catalog) -> None:
    family = {
        MOE + name for name in ("trtllm_bf16_moe", "trtllm_fp8_block_scale_moe", "trtllm_fp8_per_tensor_scale_moe")
    } | {MOE + "trtllm_fp4_block_scale_moe"}
    silently = [c for c in diff(shipped, FI, "0.6.6", "0.6.7") if c.kind is Kind.NARROWED_SILENTLY]
    lost = [c for c in silently if (c.parameter, c.aspect) == ("routing_bias", "dtype")]
    assert {name for c in lost for name in c.subjects} == family
    assert {(c.before, c.after, c.when) for c in lost} == {
        ("bfloat16 or float32", "bfloat16", "routing_method_type is DeepSeekV3")
    }
    changes = diff(shipped, FI, "0.6.7", "0.6.8")
    back = [c for c in changes if c.kind is Kind.WIDENED and (c.parameter, c.aspect) == ("routing_bias", "dtype")]
    assert {name for c in back for name in c.subjects} == family
    assert not [c for c in changes if c.kind is Kind.NARROWED_SILENTLY and c.parameter == "routing_bias"]


def test_what_had_no_effect_and_is_read_now_is_not_narrowed(shipped: Catalog) -> None:
    changes = [c for c in diff(shipped, FI, "0.6.12", "0.6.13", "trtllm_mxint4") if c.parameter == "gemm1_alpha"]
    assert {(c.kind, c.aspect) for c in changes} == {(Kind.CHANGED, "dtype"), (Kind.CHANGED, "presence")}


def test_a_new_parameter_does_not_put_old_calls_into_new_cases(shipped: Catalog) -> None:
    assert diff(shipped, FI, "0.6.6", "0.6.7", "flashinfer.mxfp8_quantize")[0].kind is not Kind.NARROWED_SILENTLY


def test_what_came_with_0_6_5(shipped: Catalog) -> None:
    changes = diff(shipped, FI, "0.6.4", "0.6.5", "trtllm_")
    added = found(changes, Kind.PARAMETER_ADDED, "do_finalize")
    assert MOE + "trtllm_bf16_moe" in added.subjects and MOE + "trtllm_mxint4_block_scale_moe" in added.subjects
    returns = {name: c.after for c in changes if c.kind is Kind.RETURNS for name in c.subjects}
    assert returns[MOE + "trtllm_mxint4_block_scale_moe"] == "list"
    assert returns[MOE + "trtllm_bf16_moe"] == "Tensor if do_finalize else list"
    shifted = [name for c in changes if c.kind is Kind.SHIFTED for name in c.subjects]
    assert MOE + "trtllm_bf16_moe" in shifted


@pytest.mark.parametrize(
    ("before", "after", "enum", "member", "value"),
    [
        ("0.6.7.post3", "0.6.8", "RoutingMethodType", "Unspecified", "8"),
        ("0.6.10.post1", "0.6.11", "RoutingMethodType", "Unspecified", "9"),
        ("0.6.12", "0.6.13", "ActivationType", "Identity", "8"),
    ],
)
def test_renumbered_enums(shipped: Catalog, before: str, after: str, enum: str, member: str, value: str) -> None:
    changes = [c for c in diff(shipped, FI, before, after) if c.kind is Kind.RENUMBERED and c.subjects == (enum,)]
    assert found(changes, Kind.RENUMBERED, member).after == value


def test_text_has_a_heading_for_each_kind_and_shortens_lists_of_names() -> None:
    added = [Change(Kind.ENTRY_ADDED, (f"demo.f{number:02}",)) for number in range(40)]
    lines = list(change_lines([Change(Kind.WIDENED, ("demo.Wrapper.run",), "x", "dtype", "float16", "any"), *added]))
    assert lines[1:4] == ["Widened: more is accepted", "  x dtype: float16 → any", "      in Wrapper.run"]
    assert lines[-1] == "  and 28 more: --all lists them"
    assert "  demo.f39" in change_lines(added, everything=True)


def test_command(contractlint: Run) -> None:
    code, out, err = contractlint("contracts", "diff", "0.6.6", "0.6.7", "--only", "trtllm_bf16_moe")
    assert (code, err) == (0, "")
    assert out.startswith("flashinfer-python 0.6.6 → 0.6.7: 1 change for callers\n\nNarrowed silently")
    assert "  routing_bias dtype, when routing_method_type is DeepSeekV3: bfloat16 or float32 → bfloat16\n" in out
    _, text, _ = contractlint("contracts", "diff", "0.6.6", "0.6.7", "--format", "json")
    data = json.loads(text)
    assert (data["library"], data["from"], data["to"]) == (FI, "0.6.6", "0.6.7")
    assert "narrowed-silently" in {change["kind"] for change in data["changes"]}
    code, _, err = contractlint("contracts", "diff", "0.6.6", "9.9")
    assert code == 2 and "9.9" in err
