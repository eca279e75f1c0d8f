"""What changed in the clauses of a parameter: compared case by case, since each case has one clause in a release."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace

from contractlint.catalog import ReleaseView
from contractlint.catalog.conditions import OTHER, cases, holds
from contractlint.drift.changes import Change, Kind
from contractlint.model import words
from contractlint.model.contract import Aspect, Clause, Effect, Enforcement

_Case = Mapping[str, object]
_NARROWER = (Kind.NARROWED_SILENTLY, Kind.NARROWED_CHECKED)


def clause_changes(name: str, old: ReleaseView, new: ReleaseView) -> Iterator[Change]:
    """Yield the changed clauses of an entry point that both releases have."""
    before, after = _grouped(old.clauses(name)), _grouped(new.clauses(name))
    # What had no effect could be anything: that it is read now is a change, but no call that was right is wrong.
    unread = {
        parameter
        for (parameter, aspect), clauses in before.items()
        if aspect is Aspect.PRESENCE and all(clause.ignored for clause in clauses)
    }
    for key in before:
        for change in _compare(name, before[key], after[key], old, new) if key in after else ():
            idle = key[0] in unread and change.kind in _NARROWER
            yield replace(change, kind=Kind.CHANGED) if idle else change


def _grouped(clauses: Iterable[Clause]) -> dict[tuple[str, Aspect], list[Clause]]:
    found: dict[tuple[str, Aspect], list[Clause]] = {}
    for clause in clauses:
        found.setdefault((clause.parameter, clause.aspect), []).append(clause)
    return found


def _compare(
    name: str, before: Sequence[Clause], after: Sequence[Clause], old: ReleaseView, new: ReleaseView
) -> Iterator[Change]:
    found: dict[Change, list[_Case]] = {}
    sources: dict[Change, str] = {}
    known = list(_cases(name, [*before, *after], old, new))
    for case in known:
        was, now = _clause_in(before, case), _clause_in(after, case)
        change = _change(name, was, now) if was is not None and now is not None else None
        if change is not None and now is not None:
            found.setdefault(change, []).append(case)
            sources.setdefault(change, now.source)
    for change, where in found.items():
        yield replace(change, when=_when(where, known), source=sources[change])


def _cases(name: str, clauses: Iterable[Clause], old: ReleaseView, new: ReleaseView) -> Iterator[_Case]:
    """Yield the cases that conditions tell apart and that calls of both releases can be in.

    Enum members that only one of the releases has do not count. Where only one of them has the parameter that a
    condition tests, calls of the other are in the case of its default.
    """
    conditions = [_conditions(clause) for clause in clauses]
    members: dict[str, tuple[str, ...]] = {}
    absent: dict[str, set[object]] = {}
    for parameter in {test[0] for tests in conditions for test in tests}:
        enum = old.enum_of(parameter)
        if enum is not None:
            here, there = old.enums.get(enum, {}), new.enums.get(enum, {})
            members[parameter] = tuple(member for member in here if member in there)
            absent[parameter] = set(here) ^ set(there)
    found = [
        case
        for case in cases(conditions, members)
        if not any(value in absent.get(parameter, ()) for parameter, value in case.items())
    ]
    for parameter, default in _one_sided(name, old, new).items():
        domain = {case[parameter] for case in found if parameter in case}
        wanted = default if default in domain else OTHER
        found = [case for case in found if case.get(parameter, wanted) == wanted or wanted not in domain]
    yield from found


def _one_sided(name: str, old: ReleaseView, new: ReleaseView) -> dict[str, object]:
    """Return the parameters that only one of the releases has, with their defaults as conditions write them."""
    sides = [view.signature(name) for view in (old, new)]
    before, after = ({p.name: p for p in side.parameters} if side else {} for side in sides)
    found: dict[str, object] = {}
    for parameter in {**before, **after}.values():
        if parameter.name in before and parameter.name in after:
            continue
        text = parameter.default or "None"
        try:
            found[parameter.name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            found[parameter.name] = text.removesuffix(".value").rpartition(".")[2]
    return {key: value for key, value in found.items() if isinstance(value, Hashable)}


def _conditions(clause: Clause) -> tuple[tuple[str, tuple[object, ...], bool], ...]:
    return tuple((test.parameter, test.values, test.negated) for test in clause.when)


def _clause_in(clauses: Sequence[Clause], case: _Case) -> Clause | None:
    return next((clause for clause in clauses if holds(_conditions(clause), case)), None)


def _when(where: Sequence[_Case], known: Sequence[_Case]) -> str:
    """Say in which cases, as few tests on arguments as will do; empty for every case."""
    if len(where) == len(known):
        return ""
    domain = {key: list(dict.fromkeys(case[key] for case in known)) for key in where[0]}
    return "; or ".join(" and ".join(tests) for tests in _conjunctions(where, domain))


def _conjunctions(where: Sequence[_Case], domain: Mapping[str, Sequence[object]]) -> list[list[str]]:
    """Return conjunctions of tests that together hold in exactly these cases; values with the same rest go together."""
    if not domain:
        return [[]]
    key, *others = domain
    rests: dict[object, list[_Case]] = {}
    for case in where:
        rests.setdefault(case[key], []).append({other: case[other] for other in others})
    grouped: dict[tuple[tuple[object, ...], ...], list[object]] = {}
    for value, cases_left in rests.items():
        grouped.setdefault(tuple(tuple(case.values()) for case in cases_left), []).append(value)
    found = []
    for values in grouped.values():
        test = _test(key, values, domain[key])
        for tests in _conjunctions(rests[values[0]], {other: domain[other] for other in others}):
            found.append([test, *tests] if test else tests)
    return found


def _test(key: str, values: Sequence[object], domain: Sequence[object]) -> str:
    if len(values) == len(domain):
        return ""
    if OTHER in values:
        return f"{key} is not {words.one_of(str(value) for value in domain if value not in values)}"
    return f"{key} is {words.one_of(map(str, values))}"


def _change(name: str, was: Clause, now: Clause) -> Change | None:
    kind = _kind(was, now)
    if kind is None:
        return None
    detail = ""
    if now.forbids and kind in (Kind.NARROWED_SILENTLY, Kind.NARROWED_CHECKED, Kind.NO_LONGER_CHECKED, Kind.CHANGED):
        detail = words.enforcement(now) + (f": {' '.join(now.consequence.split())}" if now.consequence else "")
    elif kind is Kind.WIDENED and _checked(was) and not _checked(now) and now.forbids:
        detail = f"and what is left is {words.enforcement(now)}"
    before, after = words.requirement(was), words.requirement(now)
    if kind in (Kind.NOW_CHECKED, Kind.NO_LONGER_CHECKED) and before == after:
        before, after = f"{before}, {words.enforcement(was)}", f"{after}, {words.enforcement(now)}"
    return Change(kind, (name,), now.parameter, now.aspect.value, before, after, "", detail)


def _kind(was: Clause, now: Clause) -> Kind | None:
    relation = _relation(was, now)
    if relation == "same":
        if not now.forbids or _checked(was) == _checked(now):
            return None
        return Kind.NOW_CHECKED if _checked(now) else Kind.NO_LONGER_CHECKED
    if relation == "wider":
        return Kind.WIDENED
    if relation == "narrower":
        lost = was.dtypes - now.dtypes
        passes = bool(lost & now.lets_through) or (not was.dtypes and bool(now.lets_through))
        silent = not _checked(now) and now.effect is not Effect.RAISES
        return Kind.NARROWED_SILENTLY if silent or passes else Kind.NARROWED_CHECKED
    return Kind.CHANGED


def _checked(clause: Clause) -> bool:
    return clause.enforcement is not Enforcement.NONE


def _relation(was: Clause, now: Clause) -> str:
    """Say whether what is accepted now is the "same", "wider", "narrower" or "other"."""
    if words.requirement(was) == words.requirement(now):
        return "same"
    if was.ignored:
        return "other"
    if not now.forbids:
        return "wider"
    if not was.forbids:
        return "narrower"
    if was.aspect is Aspect.DTYPE and was.dtypes and now.dtypes:
        return _sets(was.dtypes, now.dtypes)
    if was.aspect is Aspect.PRESENCE:
        return "narrower"  # what was read is ignored now
    if was.aspect is Aspect.VALUE:
        return _values(was, now)
    return "other"


def _sets(was: Set[object], now: Set[object]) -> str:
    return "same" if was == now else "wider" if was < now else "narrower" if now < was else "other"


def _values(was: Clause, now: Clause) -> str:
    verdicts = {
        _sets(set(was.values), set(now.values)) if was.values and now.values else _free(was.values, now.values),
        _bound(was.minimum, now.minimum, 1),
        _bound(was.maximum, now.maximum, -1),
        _multiple(was.multiple_of, now.multiple_of),
    } - {"same"}
    return verdicts.pop() if len(verdicts) == 1 else "other" if verdicts else "same"


def _free(was: object, now: object) -> str:
    return "narrower" if now and not was else "wider" if was and not now else "same"


def _bound(was: float | None, now: float | None, sign: int) -> str:
    if was is None or now is None:
        return "same" if was == now else "narrower" if was is None else "wider"
    return "same" if was == now else "narrower" if (now - was) * sign > 0 else "wider"


def _multiple(was: int | None, now: int | None) -> str:
    if was is None or now is None or was == now:
        return "same" if was == now else "narrower" if was is None else "wider"
    return "narrower" if now % was == 0 else "wider" if was % now == 0 else "other"
