"""What a catalog holds, as data for `contracts validate` and `contracts show`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from contractlint.catalog.catalog import Catalog
from contractlint.model.contract import Aspect, Clause


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over a catalog. A clause counts once, whatever the number of releases it covers."""

    libraries: int
    releases: int
    entry_points: int
    with_contract: int
    clauses: int
    evidence: int
    by_enforcement: dict[str, int]
    by_effect: dict[str, int]


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """One clause in words: `routing_bias`, `dtype`, `bfloat16`, `==0.6.7.*`, `routing_method_type is DeepSeekV3`, …"""

    parameter: str
    aspect: str
    requirement: str
    releases: str
    condition: str
    enforcement: str
    effect: str
    consequence: str
    source: str


def summarize(catalog: Catalog) -> Summary:
    """Count what a catalog holds. `by_effect` and `by_enforcement` leave out clauses that forbid nothing."""
    clauses = [clause for name in _with_contract(catalog) for clause in _clauses(catalog, name)]
    binding = [clause for clause in clauses if forbids(clause)]
    return Summary(
        libraries=len(catalog.libraries),
        releases=sum(len(catalog.releases(library)) for library in catalog.libraries),
        entry_points=len(catalog.entry_points),
        with_contract=len(_with_contract(catalog)),
        clauses=len(clauses),
        evidence=sum(len(clause.evidence) for clause in clauses),
        by_enforcement=_count(clause.enforcement.value for clause in binding),
        by_effect=_count(clause.effect.value for clause in binding),
    )


def rows(catalog: Catalog, entry_point: str, release: str | None = None) -> tuple[ClauseRow, ...]:
    """Return the clauses of an entry point in words, of one release when it is named.

    Raises KeyError when there is no such entry point, UnknownRelease when there is no such release.
    """
    name = catalog.canonical(entry_point)
    if name is None:
        raise KeyError(entry_point)
    view = catalog if release is None else catalog.at(str(catalog.library_of(name)), release)
    clauses = _clauses(catalog, name) if isinstance(view, Catalog) else view.clauses(name)
    return tuple(
        ClauseRow(
            clause.parameter,
            clause.aspect.value,
            requirement(clause),
            clause.releases or "all",
            " and ".join(str(condition) for condition in clause.when),
            clause.enforcement.value,
            clause.effect.value,
            clause.consequence,
            clause.source,
        )
        for clause in clauses
    )


def requirement(clause: Clause) -> str:
    """Say in words what a clause asks for: `bfloat16 or float32`, `not None`, `multiple of 128`."""
    if clause.aspect is Aspect.DTYPE:
        return f"same as {clause.same_as}" if clause.same_as else " or ".join(sorted(clause.dtypes)) or "any"
    if clause.aspect is Aspect.PRESENCE:
        return "not None" if clause.required else "has no effect" if clause.ignored else "may be None"
    if clause.aspect is Aspect.VALUE:
        bounds = ((clause.minimum, "at least"), (clause.maximum, "at most"), (clause.multiple_of, "multiple of"))
        words = [f"{word} {bound}" for bound, word in bounds if bound is not None]
        return " or ".join(str(value) for value in clause.values) or " and ".join(words) or "any"
    if clause.aspect is Aspect.SHAPE:
        return f"[{', '.join(clause.shape)}]" if clause.shape else "any"
    return clause.layout or clause.allocation or "any"


def forbids(clause: Clause) -> bool:
    """Say whether a clause can be broken at all; `accepts = "any"` cannot."""
    return clause.ignored or requirement(clause) not in ("any", "may be None")


def _with_contract(catalog: Catalog) -> list[str]:
    return [name for name in catalog.entry_points if catalog.clauses_of(name)]


def _clauses(catalog: Catalog, name: str) -> tuple[Clause, ...]:
    return tuple(clause for _, clause in catalog.clauses_of(name))


def _count(words: object) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))  # type: ignore[call-overload]
