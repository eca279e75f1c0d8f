"""What a catalog answers about a library and its releases."""

from __future__ import annotations

from pathlib import Path

import pytest

from contractlint.catalog import Catalog, UnknownLibrary, UnknownRelease, load_catalog
from contractlint.model.contract import Aspect, Condition, Effect, Enforcement

LIBRARY = "demo-kernels"


def test_releases_are_ordered_oldest_first(demo: Catalog) -> None:
    assert demo.libraries == (LIBRARY,)
    assert demo.releases(LIBRARY) == ("1.0", "1.1", "1.1.post1", "1.2", "2.0")


def test_any_import_path_leads_to_the_canonical_name(demo: Catalog) -> None:
    assert demo.canonical("demo.ops.gemm") == "demo.gemm"
    assert demo.canonical("demo.gemm") == "demo.gemm"
    assert demo.canonical("demo.gem") is None


def test_an_entry_point_exists_only_in_its_releases(demo: Catalog) -> None:
    def names(release: str) -> set[str]:
        return set(demo.at(LIBRARY, release).entry_points)

    assert names("1.0") == {"demo.gemm", "demo.old"}
    assert names("1.2") == {"demo.gemm"}
    assert names("2.0") == {"demo.gemm", "demo.new"}
    assert demo.at(LIBRARY, "2.0").canonical("demo.old") is None
    assert demo.canonical("demo.old") == "demo.old"
    assert demo.at(LIBRARY, "2.0").signature("demo.old") is None


@pytest.mark.parametrize(
    ("release", "names", "returns", "releases"),
    [
        ("1.0", ["x", "weight", "bias", "method"], "Tensor", "<1.1"),
        ("1.1.post1", ["x", "weight", "bias", "fast", "method"], "Tensor", ">=1.1,<1.2"),
        ("2.0", ["x", "weight", "bias", "fast", "method", "scale"], "list", ">=1.2"),
    ],
)
def test_signature_of_a_release(demo: Catalog, release: str, names: list[str], returns: str, releases: str) -> None:
    signature = demo.at(LIBRARY, release).signature("demo.gemm")
    assert signature is not None
    assert [parameter.name for parameter in signature.parameters] == names
    assert signature.returns == returns
    assert signature.releases == releases
    assert signature.parameters[-1].kind == ("keyword" if release == "2.0" else "positional")


def test_a_declared_return_replaces_the_annotation(demo: Catalog) -> None:
    signature = demo.at(LIBRARY, "1.0").signature("demo.gemm")
    assert signature is not None
    assert [str(item) for item in signature.evidence] == ["read 1.0 demo/ops.py:3", "read 1.0 demo/ops.py:4"]


def test_clauses_of_a_release(demo: Catalog) -> None:
    view = demo.at(LIBRARY, "1.1.post1")
    (clause, *others) = view.clauses("demo.gemm", "weight", Aspect.DTYPE)
    assert clause.when == (Condition("method", ("Grouped",)), Condition("fast", (True,)))
    assert (clause.enforcement, clause.effect) == (Enforcement.NONE, Effect.FAULT)
    assert [str(other.when[0]) for other in others] == ["method is not Grouped", "method is Grouped"]
    assert all(other.same_as == "x" and other.enforcement is Enforcement.PYTHON for other in others)
    (plain,) = demo.at(LIBRARY, "2.0").clauses("demo.gemm", "weight")
    assert plain.when == ()


def test_shared_clauses_are_cut_to_the_releases_that_have_the_parameter(demo: Catalog) -> None:
    assert demo.at(LIBRARY, "1.1").clauses("demo.gemm", "scale") == ()
    (clause,) = demo.at(LIBRARY, "1.2").clauses("demo.gemm", "scale")
    assert clause.source.endswith("shared/common.toml:7")


def test_dtypes_have_their_canonical_names(demo: Catalog) -> None:
    (clause,) = demo.at(LIBRARY, "1.0").clauses("demo.gemm", "x")
    assert clause.dtypes == {"float16", "bfloat16"}


def test_what_the_documentation_says_holds_in_its_own_range(demo: Catalog) -> None:
    (before,) = demo.at(LIBRARY, "1.1").clauses("demo.gemm", "x")
    (after,) = demo.at(LIBRARY, "1.2").clauses("demo.gemm", "x")
    assert before.documented == "must be bfloat16"
    assert before.documented_dtypes == {"bfloat16"}
    assert after.documented == ""
    assert after.documented_dtypes == frozenset()


def test_evidence_of_the_nearest_release_comes_first(demo: Catalog) -> None:
    (clause,) = demo.at(LIBRARY, "2.0").clauses("demo.gemm", "x")
    assert str(clause.evidence[0]) == "check 2.0 demo/csrc/launcher.cu:22"
    assert clause.evidence[0].note == "x must be 16-bit"
    (clause,) = demo.at(LIBRARY, "1.0").clauses("demo.gemm", "x")
    assert clause.evidence[0].release == "1.0"


def test_enums_of_a_release(demo: Catalog) -> None:
    assert demo.at(LIBRARY, "1.1").enums["Method"] == {"Plain": 0, "Grouped": 1}
    assert demo.at(LIBRARY, "2.0").enums["Method"]["Ragged"] == 2
    assert demo.at(LIBRARY, "2.0").enum_of("method") == "Method"
    assert demo.at(LIBRARY, "2.0").enum_of("x") is None


@pytest.mark.parametrize("spelling", ["v1.1.post1", "1.1-1", "1.1post1", "1.1.post1+cu128"])
def test_a_release_may_be_spelled_differently(demo: Catalog, spelling: str) -> None:
    assert demo.at(LIBRARY, spelling).release == "1.1.post1"


@pytest.mark.parametrize(
    ("release", "words"),
    [
        ("1.5", "nearest known releases are 1.2 and 2.0"),
        ("9", "nearest known releases are 2.0"),
        ("0.1", "nearest known releases are 1.0"),
        ("latest", "not a version of demo-kernels"),
    ],
)
def test_an_unknown_release_names_its_neighbours(demo: Catalog, release: str, words: str) -> None:
    with pytest.raises(UnknownRelease, match=words) as caught:
        demo.at(LIBRARY, release)
    assert "\n" not in str(caught.value)


def test_an_unknown_library_names_those_that_are_known(demo: Catalog) -> None:
    with pytest.raises(UnknownLibrary, match="known: demo-kernels"):
        demo.releases("demo")


def test_entry_points_of_all_releases(demo: Catalog) -> None:
    entry = demo.entry_points["demo.gemm"]
    assert entry.names == ("demo.gemm", "demo.ops.gemm")
    assert [signature.releases for signature in entry.signatures] == ["<1.1", ">=1.1,<1.2", ">=1.2"]
    assert (entry.family, entry.summary, entry.library) == ("gemm", "Multiplies.", LIBRARY)
    assert "demo.nothing" not in demo.entry_points
    with pytest.raises(KeyError):
        demo.entry_points["demo.nothing"]


def test_a_kernel_of_ones_own_needs_one_file(tmp_path: Path) -> None:
    contract = tmp_path / "scale.toml"
    contract.write_text(
        """
entry_point = "engine.kernels.scale"
signature = "(x, factor, *, out=None)"

[parameters.factor.dtype]
accepts = "float32"
enforced = "none"
effect = "silent"
evidence = ['read engine/kernels.cu *:12']
""",
        encoding="utf-8",
    )
    catalog = load_catalog([contract], shipped=False, cache_folder=tmp_path / "cache")
    view = catalog.at("engine", "whatever")
    (clause,) = view.clauses("engine.kernels.scale", "factor")
    assert clause.dtypes == {"float32"}
    signature = view.signature("engine.kernels.scale")
    assert signature is not None
    assert [parameter.kind for parameter in signature.parameters] == ["positional", "positional", "keyword"]


def test_a_contract_of_ones_own_may_speak_about_a_shipped_library(tmp_path: Path) -> None:
    contract = tmp_path / "rope.toml"
    contract.write_text(
        """
entry_point = "flashinfer.apply_rope"

[parameters.q.layout]
accepts = "contiguous"
enforced = "none"
effect = "slow"
evidence = ['issue owner/engine#1 0.6.4']
""",
        encoding="utf-8",
    )
    catalog = load_catalog([contract], cache_folder=tmp_path / "cache")
    (clause,) = catalog.at("flashinfer-python", "0.7.2").clauses("flashinfer.apply_rope")
    assert clause.effect is Effect.SLOW


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ({"<0.6.11": ["uint8"], ">=0.6.11": ["uint8", "float32"]}, ("uint8", "float32")),
        ({"<0.6.11": ["uint8"], ">=0.6.11": ["int8", "float32"]}, ()),
        ({"<0.6.11": ["uint8"], ">=0.6.11": []}, ()),
        ({">=0.6.11": ["uint8"]}, ()),
    ],
)
def test_dtypes_of_results_hold_in_every_release(
    tmp_path: Path, ranges: dict[str, list[str]], expected: tuple[str, ...]
) -> None:
    parts = [
        f"[[returns]]\nreleases = {where!r}\nis = 'tuple'\ndtypes = {dtypes}\nevidence = ['issue owner/engine#1 {cited}']\n"
        for (where, dtypes), cited in zip(
            ranges.items(), ("0.6.4", "0.7.2") if len(ranges) > 1 else ("0.7.2",), strict=True
        )
    ]
    contract = tmp_path / "segment.toml"
    contract.write_text("entry_point = 'flashinfer.segment_packbits'\n" + "".join(parts), encoding="utf-8")
    catalog = load_catalog([contract], cache_folder=tmp_path / "cache")
    assert catalog.result_dtypes("flashinfer.quantization.segment_packbits") == expected
