"""Compare the contracts of a library with the library's own sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from contractlint.catalog import Catalog, ReleaseView, UnknownRelease
from contractlint.catalog.signatures import parse_signature
from contractlint.drift.api import Callable_, read_public
from contractlint.drift.changes import HEADINGS, Change, Kind
from contractlint.drift.diff import enum_changes
from contractlint.drift.enums import read_enum
from contractlint.drift.public import is_public
from contractlint.drift.quotes import Quotes
from contractlint.drift.signatures import parameter_changes
from contractlint.drift.wheel import Wheel
from contractlint.model.contract import Clause, Evidence, EvidenceKind, Signature

_CODE = (EvidenceKind.CHECK, EvidenceKind.READ)


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing that contracts and library do not agree on. `where` is a contract file, or a file of the library."""

    kind: str  # "evidence", "enum", "signature", "gone", "no-contract", "new"
    subject: str
    text: str
    where: str = ""


@dataclass(slots=True)
class Drift:
    """What was compared, and where it differs. `known` is the release whose contracts were taken for it."""

    library: str
    release: str
    known: str
    entry_points: int = 0
    parameters: int = 0
    enums: int = 0
    clauses: int = 0
    evidence: int = 0  # quotes that were found where, or as, contracts cite them
    differences: list[Difference] = field(default_factory=list)
    superfluous: list[str] = field(default_factory=list)  # names in uncovered.toml that have a contract by now


def compare(catalog: Catalog, wheel: Wheel) -> Drift:
    """Compare the contracts of the wheel's release with it; a newer release is held against the newest known one."""
    known = known_release(catalog, wheel.library, wheel.release)
    view = catalog.at(wheel.library, known)
    drift = Drift(wheel.library, wheel.release, known)
    found = read_public(wheel)
    new = _signatures(catalog, view, found, drift)
    _enums(catalog, view, wheel, drift)
    _evidence(catalog, view, wheel, drift)
    _coverage(catalog, view, new, drift)
    drift.differences.sort()
    return drift


def known_release(catalog: Catalog, library: str, release: str) -> str:
    """Return a release's own name among the known ones, or else the newest known one before it."""
    from packaging.version import Version

    try:
        return catalog.at(library, release).release
    except UnknownRelease:
        releases = catalog.releases(library)
        older = [other for other in releases if Version(other) <= Version(release)]
        return older[-1] if older else releases[0]


def _signatures(catalog: Catalog, view: ReleaseView, found: Iterable[Callable_], drift: Drift) -> list[Callable_]:
    """Compare signatures; return the callables that the contracts do not know in this release."""
    by_name: dict[str, list[Callable_]] = {}
    new = []
    for entry in found:
        names = {name for path in entry.names if (name := catalog.canonical(path)) in view.entry_points}
        for name in names:
            by_name.setdefault(str(name), []).append(entry)
        if not names:
            new.append(entry)
    for name in view.entry_points:
        signature = view.signature(name)
        if signature is None or not signature.evidence:
            continue  # written by hand in the contract itself: nothing was read from the library
        drift.entry_points += 1
        drift.parameters += len(signature.parameters)
        if name not in by_name:
            drift.differences.append(Difference("gone", name, f"not in {drift.release} any more"))
            continue
        candidates: list[list[Difference]] = [
            list(_signature_differences(name, signature, entry)) for entry in by_name[name]
        ]
        drift.differences += sorted(candidates, key=len)[0]
    return new


def _signature_differences(name: str, known: Signature, entry: Callable_) -> Iterator[Difference]:
    for change in parameter_changes(name, known.parameters, parse_signature(entry.signature)[0]):
        yield Difference("signature", name, in_words(change), entry.at)


def in_words(change: Change) -> str:
    """Say a change of a signature or an enum in one line."""
    if change.kind is Kind.SHIFTED:
        return f"positions moved: {change.after} stands where {change.before} stood"
    steps = " → ".join(part for part in (change.before, change.after) if part)
    label = HEADINGS[change.kind].partition(":")[0].lower()
    return f"{label}: {change.parameter}: {steps}" if not steps.startswith(change.parameter) else f"{label}: {steps}"


def _enums(catalog: Catalog, view: ReleaseView, wheel: Wheel, drift: Drift) -> None:
    for enum in catalog.enum_names(wheel.library):
        at, values = read_enum(wheel, enum)
        drift.enums += bool(values)
        for change in enum_changes({enum: view.enums.get(enum, {})}, {enum: values}):
            drift.differences.append(Difference("enum", f"{enum}.{change.parameter}", in_words(change), at))


def _evidence(catalog: Catalog, view: ReleaseView, wheel: Wheel, drift: Drift) -> None:
    book = Quotes(wheel)
    seen: set[Evidence] = set()
    for name in view.entry_points:
        clauses = view.clauses(name)
        signature = view.signature(name)
        cited = [item for clause in clauses for item in clause.evidence]
        cited += [item for item in (signature.evidence if signature and clauses else ()) if item.note]
        for item in cited:
            if item.release == wheel.release and item not in seen and item.kind in (*_CODE, EvidenceKind.DOC):
                seen.add(item)
                wrong = book.wrong(item)
                if wrong:
                    drift.differences.append(
                        Difference("evidence", name, f"{wrong}: {item.note or item.kind.value}", item.where)
                    )
        for clause in clauses:
            places = _places(clause)
            drift.clauses += 1
            if places and not any(map(book.stands, places)):
                what = f"{clause.parameter} {clause.aspect.value}: nothing it cites stands in {wheel.release}"
                text = f"{what}, such as {places[0].note!r}"
                drift.differences.append(Difference("evidence", name, text, clause.source))
    drift.evidence = book.found


def _places(clause: Clause) -> list[Evidence]:
    """The quotes that bear a clause: those of code, and documentation only where no code is cited."""
    quoted = [item for item in clause.evidence if item.note]
    code = [item for item in quoted if item.kind in _CODE]
    return code or [item for item in quoted if item.kind is EvidenceKind.DOC]


def _coverage(catalog: Catalog, view: ReleaseView, new: Iterable[Callable_], drift: Drift) -> None:
    """Every entry point that should have a contract has one, or a reason why not; what is new is told in any case."""
    wanted = catalog.wanted(drift.library)
    reasons = [pattern for pattern, _ in catalog.uncovered(drift.library)]
    for name in view.entry_points:
        if _matches(name, wanted) and not _matches(name, reasons) and not view.clauses(name):
            text = "neither a contract nor a reason in uncovered.toml why it has none"
            drift.differences.append(Difference("no-contract", name, text))
    drift.superfluous = [name for name in reasons if name in catalog.entry_points and catalog.clauses_of(name)]
    for entry in new:
        paths = [path for path in entry.names if is_public(path, entry.api)]
        name = min(paths, key=lambda path: (path.endswith(".__init__"), path.count("."), path))
        where = any(_matches(path, wanted) for path in entry.names)
        text = "new, and of a kind that should have a contract" if where else "new"
        drift.differences.append(Difference("new", name, f"{text}: {entry.signature}", entry.at))


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
