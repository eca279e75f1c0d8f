"""The checkers that are written for armed functions, against the clause evaluator, over the whole book of contracts.

A checker is a filter: what it lets pass, the evaluator must let pass, and what it stops, the evaluator must call broken.
Arguments are drawn from what the clauses speak of: what they accept, what lies just outside, and what is nothing of the kind.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch: Any = pytest.importorskip("torch", reason="entry points are armed where torch is")

from contractlint.catalog import load_catalog  # noqa: E402
from contractlint.clauses import Outcome, judge_call  # noqa: E402
from contractlint.clauses.real import observe_call  # noqa: E402
from contractlint.model.contract import Aspect, Clause, Effect  # noqa: E402
from contractlint.runtime import Checks, ContractBreach, armed, status  # noqa: E402
from contractlint.testing.package import Package, loaded  # noqa: E402

RELEASES = ("0.6.7", "0.7.2.post1")
EXAMPLES = 10 if "CONTRACTLINT_FLASHINFER" in os.environ else 3  # make test-runtime takes its time
OTHERS = ("float32", "bfloat16", "float16", "float8_e4m3fn", "uint8", "int32", "int64")
SIZES = (1, 2, 4, 8, 128)


@cache
def view(release: str) -> Any:
    return load_catalog().at("flashinfer-python", release)


def entry_points() -> Iterator[tuple[str, str]]:
    for release in RELEASES:
        for name in view(release).entry_points:
            if any(clause.forbids for clause in view(release).clauses(name)):
                yield release, name


@contextmanager
def library(release: str) -> Iterator[Any]:
    """The library's functions with their signatures, that do nothing."""
    package = Package(view(release), "flashinfer", lambda *_: None, {})
    before = {name: sys.modules.pop(name) for name in loaded("flashinfer")}
    sys.modules.update(package.modules)
    try:
        yield package.modules["flashinfer"]
    finally:
        for name in list(loaded("flashinfer")):
            del sys.modules[name]
        sys.modules.update(before)


def function_of(release: str, name: str) -> Any:
    from contractlint.runtime import targets

    for alias in view(release).entry_points[name].names:
        found = targets.find(alias).function
        if found is not None:
            return found
    raise LookupError(name)


def tensors(clauses: list[Clause], whole: bool) -> st.SearchStrategy[Any]:
    """Tensors as clauses speak of them, and others. `whole`: of the shape that a clause gives."""
    accepted = sorted({dtype for clause in clauses for dtype in clause.dtypes})
    shapes = [clause.shape for clause in clauses if clause.shape] or [("a", "b")]

    @st.composite
    def draw_one(draw: Any) -> Any:
        dtype = getattr(torch, draw(st.sampled_from([*accepted, *accepted, *OTHERS])))
        wanted = draw(st.sampled_from(shapes))
        rank = sum(text != "..." for text in wanted) + (0 if whole else draw(st.integers(0, 1)))
        sizes = [draw(st.sampled_from(SIZES)) for _ in range(rank)]
        device = draw(st.sampled_from(("cpu", "cpu", "meta")))
        made = torch.empty(*sizes, dtype=dtype, device=device)
        spread = draw(st.booleans()) if rank else False
        return torch.empty(*sizes, 2, dtype=dtype, device=device)[..., 0] if spread else made

    return draw_one()


def plain(clauses: list[Clause], conditions: set[object], members: dict[str, int] | None) -> st.SearchStrategy[Any]:
    """Numbers, members and words as clauses and conditions speak of them, and their neighbours."""
    pool: list[Any] = [None, True, False, 0, 1, 3, 128, "nonsense"]
    for value in [*conditions, *(value for clause in clauses for value in clause.values)]:
        known = members.get(value) if members is not None and isinstance(value, str) else None
        pool += [value if known is None else known, getattr(torch, value, value) if isinstance(value, str) else value]
        pool.append(value)
    for clause in clauses:
        for bound in (clause.minimum, clause.maximum, clause.multiple_of):
            if bound is not None:
                pool += [int(bound) - 1, int(bound), int(bound) + 1, 2 * int(bound)]
    pool += list((members or {}).values())
    return st.sampled_from(pool)


def arguments(release: str, name: str, formals: list[inspect.Parameter]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments for all parameters of an entry point."""
    found = view(release).clauses(name)
    drawn: dict[str, Any] = {}
    for formal in formals:
        parameter = formal.name
        own = [clause for clause in found if clause.parameter == parameter]
        parts = [clause for clause in found if clause.parameter.startswith(f"{parameter}[")]
        asked = {v for clause in found for c in clause.when if c.parameter == parameter for v in c.values}
        enum = view(release).enum_of(parameter)
        members = dict(view(release).enums.get(enum, {})) if enum is not None else None
        spoken = (Aspect.DTYPE, Aspect.SHAPE, Aspect.LAYOUT, Aspect.DEVICE, Aspect.ALLOCATION)
        is_tensor = any(clause.aspect in spoken for clause in own) or "Tensor" in str(formal.annotation)
        if parts:
            drawn[parameter] = st.one_of(st.none(), st.lists(tensors(parts, True), max_size=4).map(tuple))
        elif is_tensor:
            drawn[parameter] = st.one_of(tensors(own, True), tensors(own, False), st.none())
        else:
            drawn[parameter] = plain(own, asked, members)
    return st.fixed_dictionaries(drawn)


@pytest.mark.parametrize("checks", [Checks.ALL, Checks.DTYPE], ids=lambda checks: checks.value)
@pytest.mark.parametrize("release, name", list(entry_points()))
def test_a_checker_stops_what_the_evaluator_calls_broken_and_nothing_else(
    release: str, name: str, checks: Checks
) -> None:
    with library(release), armed("assert", checks=checks):
        assert status().armed(name), name
        function = function_of(release, name)
        held = [
            clause for clause in view(release).clauses(name) if checks is Checks.ALL or clause.aspect is Aspect.DTYPE
        ]
        formals = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
        formals = [p for p in formals if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        names = tuple(p.name for p in formals)
        owner = (object(),) if "self" in inspect.signature(function).parameters else ()
        enums = {n: view(release).enums[e] for n in names if (e := view(release).enum_of(n)) in view(release).enums}

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(arguments(release, name, formals))
        def same(passed: dict[str, Any]) -> None:
            seen = observe_call(names, tuple(passed[n] for n in names), enums, addresses=True)
            broken = [j.clause for j in judge_call(held, seen) if j.outcome is Outcome.BROKEN]
            grave = [clause for clause in broken if clause.effect is not Effect.SLOW]
            for _ in range(2):  # the second call may be answered from memory
                try:
                    function(*owner, **passed)
                    raised = []
                except ContractBreach as breach:
                    raised = [finding.parameter for finding in breach.findings]
                assert raised == [clause.parameter for clause in grave]

        same()
