"""The routing stage, as far as it goes without a compiler and a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from contractlint.exercise.machine import Machine
from contractlint.exercise.routing.build import SOURCES, CannotBuild, recipe
from contractlint.exercise.routing.stage import Answer, Case
from contractlint.exercise.show import routing_as_dict
from contractlint.model.contract import Aspect, Clause, Effect, Enforcement, Outcome

MACHINE = Machine("a chip", "9.0", "1", "13.0", "2", "0.6.7")


def package(root: Path, *names: str) -> Path:
    for name in names:
        file = root / "data" / "csrc" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return root


def test_the_sources_of_each_layout_of_the_library_are_found(tmp_path: Path) -> None:
    headers = tmp_path / "headers" / "x" / "trtllmGen_bmm_export"
    headers.mkdir(parents=True)
    for number, names in enumerate(SOURCES):
        made = recipe("0.6.7", package(tmp_path / str(number), *names), tmp_path / "headers")
        assert [source.name for source in made.sources[1:]] == [Path(name).name for name in names]
        assert made.headers == headers


def test_what_is_missing_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CannotBuild, match="no routing sources"):
        recipe("0.6.7", tmp_path, tmp_path)
    with pytest.raises(CannotBuild, match=r"comes with flashinfer-cubin==0\.6\.7: .* --headers"):
        recipe("0.6.7", package(tmp_path, *SOURCES[0]), tmp_path)


def clause(dtypes: frozenset[str], enforcement: Enforcement = Enforcement.NONE) -> Clause:
    effect = Effect.SILENT if enforcement is Enforcement.NONE else Effect.RAISES
    return Clause("lib.moe", "routing_bias", Aspect.DTYPE, "", enforcement, effect, (), dtypes=dtypes)


def answers(float32: float, float16: float) -> list[Answer]:
    return [
        Answer(Case("float32", "bfloat16"), 1.0, False, False),
        Answer(Case("float32", "float32"), float32, False, False),
        Answer(Case("float32", "float16"), float16, False, False),
    ]


def test_a_misread_bias_confirms_that_only_bfloat16_is_read() -> None:
    document = routing_as_dict("lib", MACHINE, "2026-01-02", answers(0.03, 0.4), [clause(frozenset({"bfloat16"}))])
    assert [item["requirement"] for item in document["confirmed"]] == ["bfloat16"]
    wrong = [item for item in document["outcomes"] if item["outcome"] == Outcome.ACCEPTED_WRONG.value]
    assert [item["overlap"] for item in wrong] == [0.03, 0.4]


def test_a_bias_that_is_read_rightly_contradicts_it() -> None:
    document = routing_as_dict("lib", MACHINE, "2026-01-02", answers(0.998, 0.4), [clause(frozenset({"bfloat16"}))])
    assert document["confirmed"] == []
    assert [item["agrees"] for item in document["outcomes"] if "agrees" in item] == [False, True]


def test_what_the_launcher_refuses_is_not_asked_of_the_kernel() -> None:
    checked = clause(frozenset({"bfloat16", "float32"}), Enforcement.FFI)
    document = routing_as_dict("lib", MACHINE, "2026-01-02", answers(1.0, 0.2), [checked])
    assert [item["given"] for item in document["outcomes"]] == [
        "float32 logits, float32 bias",
        "float32 logits, bfloat16 bias",
    ]
    assert document["confirmed"] == []
