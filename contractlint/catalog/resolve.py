"""From drafts to clauses of one parameter: ranges become releases, and each case has exactly one requirement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from contractlint.catalog import conditions as cases
from contractlint.catalog.evidence import parse_evidence, wrong_run
from contractlint.catalog.ranges import bits, describe, everything, matching
from contractlint.catalog.runs import Run
from contractlint.catalog.schema import Conditions, Draft
from contractlint.model.contract import Evidence, EvidenceKind, Parameter
from contractlint.model.dtypes import canonical

# (mask of releases, field values of a Clause): what the compiled catalog stores.
Record = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Scope:
    """What clauses of one entry point are judged against."""

    releases: tuple[str, ...]
    files: Mapping[str, str]
    enum_of: Mapping[str, str]
    enums: Mapping[str, Sequence[tuple[int, Mapping[str, int]]]]
    spans: Sequence[tuple[int, Mapping[str, Parameter]]]  # signatures of the entry point, by mask
    present: Mapping[str, int] = field(default_factory=dict)  # parameter → mask of releases that have it
    runs: Mapping[str, Run] = field(default_factory=dict)  # kernel runs that contracts here may cite, by name
    names: frozenset[str] = frozenset()  # of the entry point, under every import path

    def releases_of(self, parameter: str) -> int:
        """Return the releases that have a parameter; `topk_ids[1]`, an element of it, exists where it does."""
        return self.present.get(parameter.partition("[")[0], 0)

    def members(self, enum: str, index: int) -> Mapping[str, int]:
        return next((values for mask, values in self.enums.get(enum, ()) if mask >> index & 1), {})


def presence(spans: Sequence[tuple[int, Mapping[str, Parameter]]]) -> dict[str, int]:
    """Return for each parameter the mask of releases whose signature has it."""
    found: dict[str, int] = {}
    for mask, parameters in spans:
        for name in parameters:
            found[name] = found.get(name, 0) | mask
    return found


def resolve_group(drafts: Sequence[Draft], parameter: str, scope: Scope, *, own: bool) -> list[Record]:
    """Return the clauses of one aspect of one parameter.

    `own` says that the entry point's file states them itself: ranges must then fit the parameter, while shared clauses
    are cut to the releases in which the parameter exists.
    """
    masks = [_mask(draft, parameter, scope, own=own) for draft in drafts]
    evidence = [_evidence(draft, scope, parameter, own=own) for draft in drafts]
    for draft, mask in zip(drafts, masks, strict=True):
        _check_conditions(draft, mask, scope)
    if not all(isinstance(mask, int) for mask in masks):
        return []
    _check_partition(drafts, masks, parameter, scope)
    records: list[Record] = []
    for draft, mask, cited in zip(drafts, masks, evidence, strict=True):
        for part, when in _variants(draft, mask or 0, drafts, masks):
            fields = {
                **draft.fields,
                "parameter": parameter,
                "aspect": draft.aspect,
                "releases": draft.releases,
                "when": when,
                "evidence": cited,
                "source": f"{draft.problems.file}:{draft.problems.line(draft.path)}",
            }
            records.append((part, fields))
    return records


def apply_documented(records: list[Record], statements: Sequence[Draft], parameter: str, scope: Scope) -> list[Record]:
    """Add to clauses what the documentation says in some of their releases."""
    for statement in statements:
        cited = _evidence(statement, scope, parameter, own=True)
        try:
            mask = matching(statement.releases, scope.releases)
        except ValueError as error:
            statement.problems.add((*statement.path, "releases"), str(error))
            continue
        found: list[Record] = []
        for covered, fields in records:
            if fields["aspect"] != statement.aspect or not covered & mask:
                found.append((covered, fields))
                continue
            found.append((covered & mask, {**fields, **statement.fields, "evidence": fields["evidence"] + cited}))
            if covered & ~mask:
                found.append((covered & ~mask, fields))
        records = found
    return records


def _mask(draft: Draft, parameter: str, scope: Scope, *, own: bool) -> int | None:
    try:
        mask = matching(draft.releases, scope.releases)
    except ValueError:
        draft.problems.add(
            (*draft.path, "releases"),
            f"{draft.releases!r} is not a PEP 440 specifier",
            'write it like ">=0.6.7,<0.6.8"',
        )
        return None
    here = (*draft.path, "releases")
    if not mask:
        draft.problems.add(
            here, f"no known release is in {draft.releases!r}", "see releases.toml for those that are known"
        )
        return None
    present = scope.releases_of(parameter)
    if own and draft.ranged and mask & ~present:
        lacking = describe(mask & ~present, scope.releases)
        draft.problems.add(
            here, f"{parameter} does not exist in {lacking}", "narrow the range to the releases that have it"
        )
    return mask & present


def _evidence(draft: Draft, scope: Scope, parameter: str, *, own: bool) -> tuple[tuple[str, str, str, str], ...]:
    try:
        allowed = matching(draft.releases, scope.releases)
    except ValueError:
        allowed = everything(scope.releases)
    found = []
    for index, line in enumerate(draft.evidence):
        here = (*draft.path, "evidence", index)
        try:
            parsed = parse_evidence(line, scope.files)
        except ValueError as error:
            draft.problems.add(here, str(error), 'as in: check launcher 0.6.4:1905 "text of that line"')
            continue
        for item in parsed:
            if item.kind is EvidenceKind.KERNEL_RUN:
                subjects = {(name, parameter.partition("[")[0]) for name in scope.names}
                if not own and _is_of_another(item, scope, subjects):
                    continue  # what is shared was seen on another entry point, and is not confirmed for this one
                message, remedy = wrong_run(item, scope.runs, subjects)
                if message:
                    draft.problems.add(here, message, remedy)
            found.append((item.kind.value, item.release, item.where, item.note))
            if item.release not in scope.releases:
                draft.problems.add(
                    here, f"evidence cites {item.release}, which is not a known release", "see releases.toml"
                )
            elif not allowed >> scope.releases.index(item.release) & 1:
                draft.problems.add(
                    here,
                    f"evidence cites {item.release}, which is outside the clause's range {draft.releases!r}",
                    "widen the range or move the evidence to the clause that it belongs to",
                )
    return tuple(found)


def _is_of_another(item: Evidence, scope: Scope, subjects: Set[tuple[str, str]]) -> bool:
    """Whether a run that exists tells of other entry points than this one."""
    run = scope.runs.get(item.where)
    return run is not None and run["release"] == item.release and not subjects & set(run["subjects"])


def _check_conditions(draft: Draft, mask: int | None, scope: Scope) -> None:
    for parameter, values, negated in draft.when:
        here = (*draft.path, "unless" if negated else "when", parameter)
        present = scope.releases_of(parameter)
        if not present:
            draft.problems.add(here, f"condition on {parameter!r}, which is not a parameter of this entry point")
            continue
        if mask and mask & ~present:
            draft.problems.add(here, f"{parameter} does not exist in {describe(mask & ~present, scope.releases)}")
        enum = scope.enum_of.get(parameter)
        if enum is not None:
            known = {name for index in bits(mask or 0) for name in scope.members(enum, index)}
            for value in values:
                if isinstance(value, str) and value not in known and mask:
                    draft.problems.add(here, f"{enum} has no member {value!r} in these releases")
        elif not _takes_text(parameter, scope):
            for value in values:
                if isinstance(value, str) and canonical(value) is None:
                    draft.problems.add(
                        here, f"{value!r} is neither a dtype nor an enum member, and {parameter} is no string"
                    )


def _takes_text(parameter: str, scope: Scope) -> bool:
    for _, parameters in scope.spans:
        annotation = parameters[parameter].annotation if parameter in parameters else ""
        if "str" in annotation or "Literal" in annotation:
            return True
    return False


def _check_partition(drafts: Sequence[Draft], masks: Sequence[int | None], parameter: str, scope: Scope) -> None:
    """Report releases and cases that have no clause, or more than one."""
    first = drafts[0]
    found: dict[tuple[str, int], int] = {}  # (message, index of the draft that it concerns) → releases
    verdicts: dict[tuple[object, ...], list[tuple[str, int]]] = {}
    universe = scope.releases_of(parameter)
    if "[" in parameter:  # an element of a tuple exists only where clauses say so
        universe &= sum({1 << index for mask in masks for index in bits(mask or 0)})
    for index in bits(universe):
        active = [number for number, mask in enumerate(masks) if (mask or 0) >> index & 1]
        names = {p for number in active for p, _, _ in drafts[number].when if p in scope.enum_of}
        members = {p: tuple(scope.members(scope.enum_of[p], index)) for p in sorted(names)}
        key = (tuple(active), tuple(members.items()))
        if key not in verdicts:
            verdicts[key] = list(_judge(drafts, active, members))
        for verdict in verdicts[key]:
            found[verdict] = found.get(verdict, 0) | 1 << index
    for (message, number), mask in found.items():
        what = f"{first.aspect} of {parameter}: {message} in {describe(mask, scope.releases)}"
        remedy = (
            "add a clause, or one with `otherwise = true`" if message.startswith("no clause") else "narrow one of them"
        )
        drafts[number].problems.add(drafts[number].path, what, remedy)


def _judge(drafts: Sequence[Draft], active: list[int], members: Mapping[str, Sequence[str]]) -> list[tuple[str, int]]:
    if not active:
        return [("no clause applies", 0)]
    conditional = [number for number in active if drafts[number].when]
    otherwise = [number for number in active if drafts[number].otherwise]
    always = [number for number in active if number not in conditional and number not in otherwise]
    if (always and len(active) > 1) or len(otherwise) > 1:
        return [("more than one clause applies", active[-1])]
    if otherwise and not conditional:
        return [("`otherwise` has no conditional clause beside it", otherwise[0])]
    if always:
        return []
    for case in cases.cases([drafts[number].when for number in conditional], members):
        matched = [number for number in conditional if cases.holds(drafts[number].when, case)]
        if len(matched) > 1:
            return [(f"more than one clause applies when {cases.describe(case)},", matched[-1])]
        # Where no condition of a forwarding clause holds, there is nothing to pass on.
        if not matched and not otherwise and drafts[0].aspect != "forwarding":
            return [(f"no clause applies when {cases.describe(case)},", active[0])]
    return []


def _variants(
    draft: Draft, mask: int, drafts: Sequence[Draft], masks: Sequence[int | None]
) -> list[tuple[int, Conditions]]:
    """Return (releases, conditions): `otherwise` becomes the complement of the conditions beside it in each release."""
    if not mask:
        return []
    if not draft.otherwise:
        return [(mask, draft.when)]
    beside: dict[tuple[Conditions, ...], int] = {}
    for index in bits(mask):
        conditions = tuple(
            other.when for other, there in zip(drafts, masks, strict=True) if other.when and (there or 0) >> index & 1
        )
        beside[conditions] = beside.get(conditions, 0) | 1 << index
    return [(part, when) for conditions, part in beside.items() for when in cases.complement(conditions)]
