"""Calls that FlashInfer describes, held against contracts, as rows of a trace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from contractlint.catalog import UnknownRelease
from contractlint.clauses import Call, Judgement, Kind, Observed, Outcome, judge_call
from contractlint.clauses.words import message
from contractlint.model.contract import Clause, Effect
from contractlint.model.words import contract
from contractlint.trace.foreign import Observation
from contractlint.trace.rows import Breach, Row

if TYPE_CHECKING:
    from contractlint.catalog import Catalog, ReleaseView


def rows_of(
    observations: Iterable[Observation], catalog: Catalog, library: str, release: str
) -> tuple[list[Row], list[str]]:
    """Rows for the calls of entry points under contract, and what could not be told, each thing once.

    `release` stands in where a log does not say which one ran.
    """
    rows: list[Row] = []
    problems: dict[str, None] = {}
    for seen in observations:
        known = seen.release or release
        if not known:
            problems[f"a {seen.source} does not say which release ran; name it with --release"] = None
            continue
        try:
            view = catalog.at(library, known)
        except UnknownRelease as problem:
            problems[str(problem)] = None
            continue
        name = _entry_point(seen, view)
        if name is not None:
            rows.append(_row(seen, name, view, catalog.package(library)))
    return rows, list(problems)


def _entry_point(seen: Observation, view: ReleaseView) -> str | None:
    """The entry point that a function name means, by its module where the log has it."""
    full = view.canonical(f"{seen.module}.{seen.function}") if seen.module else None
    if full is not None:
        return full if view.clauses(full) else None
    fitting = [name for name in view.entry_points if name.endswith(f".{seen.function}") and view.clauses(name)]
    return fitting[0] if len(fitting) == 1 else None


def _row(seen: Observation, name: str, view: ReleaseView, package: str) -> Row:
    arguments = _arguments(seen, name, view)
    enums = {}
    for parameter in arguments:
        enum = view.enum_of(parameter)
        if enum is not None and enum in view.enums:
            enums[parameter] = view.enums[enum]
    call = Call(arguments, enums)
    clauses = [c for c in view.clauses(name) if c.forbids and _looked_at(c, seen, arguments)]
    judgements = judge_call(clauses, call)
    return Row(
        library=view.library,
        release=view.release,
        entry_point=name,
        file="",
        line=0,
        function="",
        arguments={parameter: _described(value) for parameter, value in arguments.items()},
        breaches=tuple(_breach(one, name, package, view) for one in judgements if _bad(one)),
        unchecked=tuple(
            dict.fromkeys(f"{contract(j.clause)}: {j.reason}" for j in judgements if j.outcome is Outcome.UNKNOWN)
        ),
        device=next((v.device.partition(":")[0] for v in arguments.values() if v.device), ""),
        source=seen.source,
    )


def _looked_at(clause: Clause, seen: Observation, arguments: dict[str, Observed]) -> bool:
    return seen.complete or clause.parameter.partition("[")[0] in arguments


def _arguments(seen: Observation, name: str, view: ReleaseView) -> dict[str, Observed]:
    """Arguments by parameter: positional ones by the log's own signature, else by that of the release."""
    signature = view.signature(name)
    parameters = seen.parameters or tuple(p.name for p in signature.parameters if signature) if signature else ()
    positional = seen.positional
    if parameters[:1] == ("self",):
        parameters, positional = parameters[1:], positional[1:]
    found = {p: value for p, value in zip(parameters, positional, strict=False) if value.reason or value.kind}
    return {**{n: v for n, v in seen.named.items() if n not in found}, **found}


def _bad(one: Judgement) -> bool:
    return one.outcome in (Outcome.BROKEN, Outcome.IGNORED)


def _breach(one: Judgement, name: str, package: str, view: ReleaseView) -> Breach:
    clause = one.clause
    mild = one.outcome is Outcome.IGNORED or clause.effect is Effect.SLOW
    text = message(one, name, f"{package} {view.release}")
    return Breach(clause.parameter, clause.aspect.value, text, clause.effect.value, "warning" if mild else "error")


def _described(value: Observed) -> dict[str, Any]:
    if value.kind is Kind.TENSOR:
        data: dict[str, Any] = {"dtype": value.dtype}
        if value.shape is not None:
            data["shape"] = list(value.shape)
        if value.contiguous is False:
            data["contiguous"] = False
        return data
    if value.kind is Kind.UNKNOWN:
        return {"value": value.reason}
    return {"value": f"torch.{value.dtype}" if value.kind is Kind.DTYPE else value.value}
