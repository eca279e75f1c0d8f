"""The routing stage, as far as it goes without a compiler and a GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contractlint.catalog import load_catalog
from contractlint.exercise.machine import Machine
from contractlint.exercise.routing.build import PART_NAMES, PARTS, CannotBuild, recipe
from contractlint.exercise.routing.show import routing_as_dict, routing_as_text, spoken_of
from contractlint.exercise.routing.stage import METHODS, SETTINGS, Answer, Case, Method, cases, questions
from contractlint.model.contract import Aspect, Clause, Condition, Effect, Enforcement, Outcome

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
    for part in PARTS:
        for number, names in enumerate(part.sources):
            made = recipe("0.6.7", package(tmp_path / f"{part.name}{number}", *names), tmp_path / "headers")
            assert made.sources[0] == part.door and part.door.is_file()
            assert [source.name for source in made.originals] == [Path(name).name for name in names]
            assert len(made.sources) == 1 + len(names)
            assert made.headers == headers


def test_what_is_missing_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CannotBuild, match="no routing sources"):
        recipe("0.6.7", tmp_path, tmp_path)
    with pytest.raises(CannotBuild, match=r"comes with flashinfer-cubin==0\.6\.7: .* --headers"):
        recipe("0.6.7", package(tmp_path, *PARTS[0].sources[0]), tmp_path)


def clause(
    dtypes: frozenset[str],
    enforcement: Enforcement = Enforcement.NONE,
    parameter: str = "routing_bias",
    when: tuple[Condition, ...] = (),
) -> Clause:
    effect = Effect.SILENT if enforcement is Enforcement.NONE else Effect.RAISES
    return Clause("lib.moe", parameter, Aspect.DTYPE, "", enforcement, effect, (), dtypes=dtypes, when=when)


DEEPSEEK = METHODS[0]
RENORMALIZE = next(method for method in METHODS if method.name == "Renormalize")


def answer(method: Method, logits: str, bias: str, parameter: str, *overlaps: float) -> Answer:
    return Answer(Case(method, logits, bias, parameter), SETTINGS[0], overlaps)


def answers(float32: float, float16: float) -> list[Answer]:
    return [
        answer(DEEPSEEK, "float32", "bfloat16", "", 1.0),
        answer(DEEPSEEK, "float32", "float32", "routing_bias", float32),
        answer(DEEPSEEK, "float32", "float16", "routing_bias", float16),
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
    assert "what the contracts say is not so:" in routing_as_text(document)


def test_what_the_launcher_refuses_is_not_asked_of_the_kernel() -> None:
    checked = clause(frozenset({"bfloat16", "float32"}), Enforcement.FFI)
    document = routing_as_dict("lib", MACHINE, "2026-01-02", answers(1.0, 0.2), [checked])
    assert [item["given"] for item in document["outcomes"]] == [
        "DeepSeekV3: float32 logits, float32 bias",
        "DeepSeekV3: float32 logits, bfloat16 bias",
    ]
    assert document["confirmed"] == []


def test_a_clause_is_judged_by_the_methods_that_its_conditions_name() -> None:
    of_deepseek = Condition("routing_method_type", ("DeepSeekV3",))
    others = Condition("routing_method_type", ("DeepSeekV3",), negated=True)
    logits = [
        clause(frozenset({"float32"}), parameter="routing_logits", when=(of_deepseek,)),
        clause(frozenset({"bfloat16"}), parameter="routing_logits", when=(others,)),
    ]
    seen = [
        answer(DEEPSEEK, "bfloat16", "bfloat16", "routing_logits", 0.08),
        answer(RENORMALIZE, "bfloat16", "", "routing_logits", 1.0),
        answer(RENORMALIZE, "float32", "", "routing_logits", 0.05),
    ]
    document = routing_as_dict("lib", MACHINE, "2026-01-02", seen, logits)
    assert [item["requirement"] for item in document["confirmed"]] == ["float32", "bfloat16"]
    assert {item["when"] for item in document["confirmed"]} == {
        "routing_method_type is DeepSeekV3",
        "routing_method_type is not DeepSeekV3",
    }


def test_draws_are_told_together_with_their_range() -> None:
    document = routing_as_dict(
        "lib", MACHINE, "d", [answer(DEEPSEEK, "float32", "float32", "routing_bias", 0.2, 0.4)], []
    )
    (item,) = document["measured"]
    assert (item["overlap"], item["lowest"], item["highest"], item["draws"]) == (0.3, 0.2, 0.4, 2)


def test_right_experts_with_other_weights_are_wrong() -> None:
    right = answer(RENORMALIZE, "bfloat16", "", "routing_logits", 1.0)
    assert right.outcome is Outcome.ACCEPTED_RIGHT
    assert replace(right, distance=0.5).outcome is Outcome.ACCEPTED_WRONG
    assert replace(right, overlaps=(), message="no").outcome is Outcome.RAISED
    assert replace(right, overlaps=(), faulted=True).outcome is Outcome.FAULTED


def test_each_method_goes_to_the_kernels_that_a_release_has() -> None:
    names = [method.name for method in METHODS]
    old = {(q.case.method.name, q.part) for q in questions(("deepseek", "renormalize", "llama4"), names)}
    new = {(q.case.method.name, q.part) for q in questions(("deepseek", "llama4", "custom"), names)}
    assert ("TopK", "renormalize") in old and ("TopK", "custom") in new
    assert {name for name, _ in old} == {"DeepSeekV3", "Renormalize", "RenormalizeNaive", "TopK", "Llama4"}
    assert {name for name, _ in new} == set(names)
    assert not questions((), names) and not questions(PART_NAMES, ())


def test_the_stage_knows_every_routing_method_of_the_newest_release() -> None:
    members = load_catalog().at("flashinfer-python", "0.7.2.post1").enums["RoutingMethodType"]
    known = {method.name: method.number for method in METHODS}
    assert known == {name: number for name, number in members.items() if name != "Unspecified"}


def test_logits_and_bias_are_asked_in_each_dtype() -> None:
    assert [(c.logits, c.bias) for c in cases(RENORMALIZE)] == [("bfloat16", ""), ("float32", "")]
    assert {(c.logits, c.bias) for c in cases(DEEPSEEK)} == {
        ("float32", "bfloat16"),
        ("float32", "float32"),
        ("float32", "float16"),
        ("bfloat16", "bfloat16"),
    }


def test_clauses_of_entry_points_that_are_given_experts_are_left_out() -> None:
    view = load_catalog().at("flashinfer-python", "0.6.7")
    found = spoken_of(clause for entry in view.entry_points.values() for clause in entry.clauses)
    assert {clause.parameter for clause in found} == {"routing_bias", "routing_logits"}
    assert not [clause for clause in found if "routed" in clause.entry_point]


def test_what_a_misreading_leaves_can_be_computed_before_it_is_measured() -> None:
    """0.6.7 reads every bias as bfloat16 and all logits as float32: with zeros behind, 8 % and 3 % stay right."""
    pytest.importorskip("torch")
    import torch

    from contractlint.exercise.routing.stage import DRAWS, SEED, reference, shared, values
    from contractlint.testing.misread import reinterpret

    def left(case: Case) -> float:
        found = []
        for seed in range(SEED, SEED + DRAWS):
            logits, bias = values(case, SETTINGS[0], seed)
            assert bias is not None
            read = reference(DEEPSEEK, reinterpret(logits, torch.float32), reinterpret(bias, torch.bfloat16))
            found.append(shared(read.experts, reference(DEEPSEEK, logits, bias).experts))
        return sum(found) / len(found)

    assert SETTINGS[0].behind == "zeros"
    assert left(Case(DEEPSEEK, "float32", "bfloat16")) == 1.0
    assert left(Case(DEEPSEEK, "bfloat16", "bfloat16")) == pytest.approx(0.08, abs=0.01)
    assert left(Case(DEEPSEEK, "float32", "float32")) == pytest.approx(0.03, abs=0.01)
