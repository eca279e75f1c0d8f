"""What a catalog holds, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from contractlint.catalog.catalog import Catalog
from contractlint.catalog.ranges import members


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over one library. A clause counts once, whatever the number of releases that it covers.

    `by_enforcement` and `by_effect` leave out the clauses that forbid nothing, of which there are `free`. `confirmed`
    counts pairs of a clause and a release in which running the kernel has confirmed it.
    """

    library: str
    releases: tuple[str, ...]
    entry_points: int
    with_contract: int
    clauses: int
    free: int
    evidence: int
    confirmed: int
    by_enforcement: dict[str, int]
    by_effect: dict[str, int]


def summarize(catalog: Catalog, library: str) -> Summary:
    """Count what a catalog holds of one library. Raises UnknownLibrary."""
    releases = catalog.releases(library)
    names = [name for name in catalog.entry_points if catalog.library_of(name) == library]
    found = [(mask, clause) for name in names for mask, clause in catalog.clauses_of(name)]
    binding = [clause for _, clause in found if clause.forbids]
    return Summary(
        library=library,
        releases=releases,
        entry_points=len(names),
        with_contract=sum(bool(catalog.clauses_of(name)) for name in names),
        clauses=len(found),
        free=len(found) - len(binding),
        evidence=sum(len(clause.evidence) for _, clause in found),
        confirmed=sum(len(clause.run_in.intersection(members(mask, releases))) for mask, clause in found),
        by_enforcement=_count(clause.enforcement.value for clause in binding),
        by_effect=_count(clause.effect.value for clause in binding),
    )


def _count(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))
