"""Properties of release ranges, conditions and signature steps, and of the shipped contracts as a whole."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from contractlint.catalog import Catalog, conditions
from contractlint.catalog.ranges import bits, describe, everything, matching, members, specifier
from contractlint.catalog.schema import Conditions
from contractlint.catalog.signatures import Parsed, apply_steps, changes, parse_signature, render
from contractlint.model.contract import Clause, Condition, Parameter

RELEASES = (
    "0.6.4",
    "0.6.6",
    "0.6.7",
    "0.6.7.post1",
    "0.6.7.post3",
    "0.6.8",
    "0.6.10",
    "0.7.0rc1",
    "0.7.0",
    "0.7.0.post1",
)
OPERATORS = (">=", "<", "<=", ">", "!=", "==")

one_specifier = st.builds(
    lambda operator, release: operator + release, st.sampled_from(OPERATORS), st.sampled_from(RELEASES)
)
wildcards = st.sampled_from(["==0.6.7.*", "!=0.6.7.*", "==0.6.*", "~=0.6.7", ""])
specifiers = st.one_of(one_specifier, wildcards)


@given(specifiers, specifiers)
def test_a_comma_means_both(left: str, right: str) -> None:
    both = ",".join(part for part in (left, right) if part)
    assert matching(both, RELEASES) == matching(left, RELEASES) & matching(right, RELEASES)


@given(st.sampled_from(RELEASES))
def test_opposite_operators_split_the_releases(release: str) -> None:
    for operator, opposite in ((">=", "<"), ("<=", ">"), ("==", "!=")):
        assert matching(operator + release, RELEASES) & matching(opposite + release, RELEASES) == 0
    # `>0.6.7` does not admit 0.6.7.post1, nor `<0.7.0` its candidates, so only equality leaves none out.
    assert matching(f"=={release}", RELEASES) | matching(f"!={release}", RELEASES) == everything(RELEASES)


@given(specifiers)
def test_a_mask_says_what_the_specifier_says(text: str) -> None:
    wanted = [release for release in RELEASES if SpecifierSet(text).contains(release, prereleases=True)]
    assert list(members(matching(text, RELEASES), RELEASES)) == wanted


@given(st.integers(0, len(RELEASES) - 1), st.integers(0, len(RELEASES) - 1))
def test_a_run_of_releases_has_a_specifier(first: int, last: int) -> None:
    stable = tuple(release for release in RELEASES if "rc" not in release)
    first, last = sorted((first % len(stable), last % len(stable)))
    mask = (1 << last + 1) - (1 << first)
    assert matching(specifier(mask, stable), stable) == mask


@given(st.integers(0, everything(RELEASES)))
def test_bits_and_members_agree(mask: int) -> None:
    assert [RELEASES[index] for index in bits(mask)] == list(members(mask, RELEASES))
    assert bool(describe(mask, RELEASES)) == bool(mask)


METHODS = ("Default", "DeepSeekV3", "MiniMax2")
DOMAINS: Mapping[str, tuple[object, ...]] = {
    "method": METHODS,
    "n_group": (None, 0, 1),
    "fast": (True, False),
}
tests = st.one_of(
    [
        st.tuples(
            st.just(name), st.lists(st.sampled_from(values), min_size=1, unique_by=repr).map(tuple), st.booleans()
        )
        for name, values in DOMAINS.items()
    ]
)
conjunctions = st.lists(tests, min_size=1, max_size=3, unique_by=lambda test: test[0]).map(tuple)


@given(st.lists(conjunctions, max_size=3))
def test_otherwise_is_what_no_condition_covers(groups: list[Conditions]) -> None:
    pieces = conditions.complement(groups)
    everywhere: list[Conditions] = [((name, values, False),) for name, values in DOMAINS.items()]
    for case in conditions.cases([*groups, *everywhere], {"method": METHODS}):
        covered = any(conditions.holds(group, case) for group in groups)
        assert sum(conditions.holds(piece, case) for piece in pieces) == (0 if covered else 1)


parameter_names = st.sampled_from(["x", "weight", "bias", "scale", "out", "method", "fast", "topk"])
annotation_texts = st.sampled_from(["", "Tensor", "Tensor | None", "Optional[int]", "Literal['a', 'b']"])
defaults: st.SearchStrategy[str | None] = st.sampled_from([None, "None", "1.0", "Method.Plain", "'a | b'"])


@st.composite
def signatures(draw: st.DrawFn) -> Parsed:
    chosen = draw(st.lists(parameter_names, unique=True, max_size=6))
    split = draw(st.integers(0, len(chosen)))
    parameters = []
    optional = False
    for index, name in enumerate(chosen):
        default = draw(defaults)
        kind = "positional" if index < split else "keyword"
        optional = kind == "positional" and (optional or default is not None)
        parameters.append(
            Parameter(name, kind, "None" if optional and default is None else default, draw(annotation_texts))
        )
    return tuple(parameters), draw(st.sampled_from(["", "Tensor", "list[Tensor]"]))


def text_of(signature: Parsed) -> str:
    parts = [render(parameter) for parameter in signature[0] if parameter.kind == "positional"]
    keywords = [render(parameter) for parameter in signature[0] if parameter.kind == "keyword"]
    returns = f" -> {signature[1]}" if signature[1] else ""
    return f"({', '.join([*parts, *(['*'] if keywords else []), *keywords])}){returns}"


@given(signatures())
def test_a_signature_reads_back(signature: Parsed) -> None:
    assert parse_signature(text_of(signature)) == signature


@given(signatures(), signatures())
def test_steps_lead_from_one_signature_to_the_next(before: Parsed, after: Parsed) -> None:
    assert apply_steps(before, changes(before, after, text_of(after))) == after
    assert apply_steps(before, changes(before, None, "")) is None


def conjunction(clause: Clause) -> Conditions:
    return tuple((test.parameter, test.values, test.negated) for test in clause.when)


def test_every_case_of_every_release_has_one_requirement(shipped: Catalog) -> None:
    for library in shipped.libraries:
        for release in shipped.releases(library):
            view = shipped.at(library, release)
            for name in view.entry_points:
                groups: dict[tuple[str, str], list[Clause]] = {}
                for clause in view.clauses(name):
                    groups.setdefault((clause.parameter, clause.aspect.value), []).append(clause)
                for key, clauses in groups.items():
                    tested = {test.parameter for clause in clauses for test in clause.when}
                    enums = {p: tuple(view.enums[e]) for p in tested if (e := view.enum_of(p)) is not None}
                    for case in conditions.cases(map(conjunction, clauses), enums):
                        holding = [clause for clause in clauses if conditions.holds(conjunction(clause), case)]
                        # Where no forwarding clause applies, there is nothing to pass on.
                        allowed = (0, 1) if key[1] == "forwarding" else (1,)
                        assert len(holding) in allowed, (name, release, key, case)


def test_clauses_speak_about_parameters_that_exist(shipped: Catalog) -> None:
    for library in shipped.libraries:
        for release in shipped.releases(library):
            view = shipped.at(library, release)
            for name in view.entry_points:
                clauses = view.clauses(name)
                if not clauses:
                    continue
                signature = view.signature(name)
                assert signature is not None
                known = {parameter.name for parameter in signature.parameters}
                for clause in clauses:
                    assert clause.parameter.partition("[")[0] in known, (name, release, clause.parameter)
                    assert all(test.parameter in known for test in clause.when), (name, release, clause.when)
                    assert clause.evidence, (name, release, clause.parameter)


def test_conditions_read_as_words() -> None:
    assert str(Condition("method", ("DeepSeekV3", "MiniMax2"), True)) == "method is not DeepSeekV3 or MiniMax2"
