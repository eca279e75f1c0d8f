"""The shipped contracts: model cases of the library, and whether their evidence stands where they say."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from contractlint.catalog import Catalog, ReleaseView
from contractlint.catalog.evidence import locate
from contractlint.catalog.summary import summarize
from contractlint.model import words
from contractlint.model.contract import Aspect, Clause, Effect, Enforcement, Evidence, EvidenceKind

LIBRARY = "flashinfer-python"
MOE = "flashinfer.fused_moe."
WHEELS = os.environ.get("CONTRACTLINT_WHEELS", "")

needs_wheels = pytest.mark.skipif(
    not WHEELS, reason="CONTRACTLINT_WHEELS does not name a folder of unpacked wheels (flashinfer-python-<release>/…)"
)


def clause_when(view: ReleaseView, name: str, parameter: str, aspect: Aspect, **case: object) -> Clause:
    """Return the one clause that applies when the other arguments have the given values."""
    found = [
        clause
        for clause in view.clauses(MOE + name, parameter, aspect)
        if all((case.get(test.parameter) in test.values) != test.negated for test in clause.when)
    ]
    assert len(found) == 1, found
    return found[0]


BIAS = [
    # release, entry point, accepted, enforced, effect: float32 bias for DeepSeekV3 routing
    ("0.6.4", "trtllm_fp8_block_scale_moe", {"bfloat16", "float32"}, "none", "silent"),
    ("0.6.6", "trtllm_bf16_moe", {"bfloat16", "float32"}, "none", "silent"),
    ("0.6.7", "trtllm_fp8_block_scale_moe", {"bfloat16"}, "none", "silent"),
    ("0.6.7.post3", "trtllm_bf16_moe", {"bfloat16"}, "none", "silent"),
    ("0.6.7", "trtllm_fp4_block_scale_moe", {"bfloat16"}, "none", "silent"),
    ("0.6.7", "trtllm_mxint4_block_scale_moe", {"bfloat16"}, "ffi", "raises"),
    ("0.6.8", "trtllm_fp8_block_scale_moe", {"bfloat16", "float32"}, "none", "silent"),
    ("0.6.8", "trtllm_fp4_block_scale_moe", {"bfloat16", "float32"}, "ffi", "raises"),
    ("0.6.17", "trtllm_fp8_block_scale_moe", {"bfloat16", "float32"}, "none", "silent"),
    ("0.6.17", "trtllm_mxint4_block_scale_moe", {"bfloat16"}, "ffi", "raises"),
    ("0.6.18", "trtllm_fp8_block_scale_moe", {"bfloat16", "float32"}, "ffi", "raises"),
    ("0.6.18", "trtllm_mxint4_block_scale_moe", {"bfloat16", "float32"}, "ffi", "raises"),
    ("0.7.2.post1", "trtllm_fp8_per_tensor_scale_moe", {"bfloat16", "float32"}, "ffi", "raises"),
]


@pytest.mark.parametrize(("release", "name", "accepted", "enforced", "effect"), BIAS)
def test_routing_bias(
    shipped: Catalog, release: str, name: str, accepted: set[str], enforced: str, effect: str
) -> None:
    view = shipped.at(LIBRARY, release)
    clause = clause_when(view, name, "routing_bias", Aspect.DTYPE, routing_method_type="DeepSeekV3", n_group=8)
    assert clause.dtypes == accepted
    assert (clause.enforcement, clause.effect) == (Enforcement(enforced), Effect(effect))


def test_the_bias_matters_only_where_routing_reads_it(shipped: Catalog) -> None:
    view = shipped.at(LIBRARY, "0.6.7")
    clause = clause_when(
        view, "trtllm_fp8_block_scale_moe", "routing_bias", Aspect.DTYPE, routing_method_type="Renormalize"
    )
    assert clause.dtypes == frozenset()


def test_the_documentation_of_the_bias_is_kept_apart(shipped: Catalog) -> None:
    for release, documented in (("0.6.6", {"bfloat16"}), ("0.6.12", {"bfloat16"}), ("0.6.13", set())):
        view = shipped.at(LIBRARY, release)
        clause = clause_when(
            view, "trtllm_bf16_moe", "routing_bias", Aspect.DTYPE, routing_method_type="DeepSeekV3", n_group=8
        )
        assert clause.documented_dtypes == documented
        assert clause.dtypes == {"bfloat16", "float32"}


@pytest.mark.parametrize(
    ("release", "name", "returns"),
    [
        ("0.6.4", "trtllm_mxint4_block_scale_moe", "Tensor"),
        ("0.6.5", "trtllm_mxint4_block_scale_moe", "list"),
        ("0.6.4", "trtllm_bf16_moe", "Tensor"),
        ("0.6.5", "trtllm_bf16_moe", "Tensor if do_finalize else list"),
        ("0.6.5", "trtllm_fp8_block_scale_moe", "Tensor if do_finalize else list"),
        ("0.6.13", "trtllm_fp8_block_scale_routed_moe", "Tensor if do_finalize and gemm1_lora_delta is None else list"),
        ("0.7.2.post1", "trtllm_fp4_block_scale_moe", "list"),
    ],
)
def test_what_is_really_returned(shipped: Catalog, release: str, name: str, returns: str) -> None:
    signature = shipped.at(LIBRARY, release).signature(MOE + name)
    assert signature is not None
    assert signature.returns == returns


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("flashinfer.trtllm_fp4_block_scale_moe", MOE + "trtllm_fp4_block_scale_moe"),
        ("flashinfer.fused_moe.core.trtllm_bf16_moe", MOE + "trtllm_bf16_moe"),
        ("flashinfer.dsv3_ops.fused_topk_deepseek", MOE + "fused_topk_deepseek"),
        ("flashinfer.cutlass_fused_moe", MOE + "cutlass_fused_moe"),
    ],
)
def test_import_paths(shipped: Catalog, path: str, canonical: str) -> None:
    assert shipped.canonical(path) == canonical


def test_keywords_that_a_decorator_adds_belong_to_the_signature(shipped: Catalog) -> None:
    signature = shipped.at(LIBRARY, "0.6.7").signature(MOE + "fused_topk_deepseek")
    assert signature is not None
    assert [p.name for p in signature.parameters if p.kind == "keyword"] == ["skip_check"]


def test_what_the_book_holds_is_counted(shipped: Catalog) -> None:
    summary = summarize(shipped, LIBRARY)
    assert summary.with_contract == len(list(_entry_points_with_clauses(shipped)))
    assert sum(summary.by_effect.values()) == sum(summary.by_enforcement.values()) == summary.clauses - summary.free


def test_what_can_be_broken_says_what_then_happens(shipped: Catalog) -> None:
    for name in _entry_points_with_clauses(shipped):
        for _, clause in shipped.clauses_of(name):
            if clause.forbids and clause.enforcement is Enforcement.NONE:
                assert clause.effect is not Effect.RAISES, (name, clause.source, words.requirement(clause))
                assert clause.consequence, (name, clause.source, words.requirement(clause))


@needs_wheels
def test_all_evidence_stands_where_it_says(shipped: Catalog) -> None:
    wrong = []
    for name in _entry_points_with_clauses(shipped):
        signatures = [signature for _, signature in shipped.signatures_of(name)]
        cited = [item for _, clause in shipped.clauses_of(name) for item in clause.evidence]
        for item in {*cited, *(item for signature in signatures for item in signature.evidence)}:
            if item.kind not in (EvidenceKind.ISSUE, EvidenceKind.KERNEL_RUN) and not _stands(item):
                wrong.append(f"{item}: {item.note}")
    assert not wrong, "\n".join(sorted(wrong))


@needs_wheels
def test_every_release_of_a_clause_has_its_evidence(shipped: Catalog) -> None:
    """Releases between those that are cited are covered too: some quote of the clause stands in each of them."""
    releases = shipped.releases(LIBRARY)
    wrong = []
    for name in _entry_points_with_clauses(shipped):
        for mask, clause in shipped.clauses_of(name):
            quotes = {(item.where.rpartition(":")[0], item.note) for item in clause.evidence if item.note}
            for index, release in enumerate(releases):
                if mask >> index & 1 and not any(_quoted(release, file, quote) for file, quote in quotes):
                    wrong.append(f"{clause.source} {clause.parameter} {clause.aspect.value}: nothing in {release}")
    assert not wrong, "\n".join(sorted(set(wrong)))


def _entry_points_with_clauses(catalog: Catalog) -> list[str]:
    return [name for name in catalog.entry_points if catalog.clauses_of(name)]


@cache
def _lines(release: str, file: str) -> tuple[str, ...]:
    path = Path(WHEELS) / f"{LIBRARY}-{release}" / file
    return tuple(path.read_text(encoding="utf-8", errors="replace").splitlines()) if path.is_file() else ()


def _stands(item: Evidence) -> bool:
    file, _, line = item.where.rpartition(":")
    lines = _lines(item.release, file)
    if not 0 < int(line) <= len(lines) or not lines[int(line) - 1].strip():
        return False
    return not item.note or locate(item.note, list(lines)) == int(line)


@cache
def _quoted(release: str, file: str, quote: str) -> bool:
    return locate(quote, list(_lines(release, file))) is not None
