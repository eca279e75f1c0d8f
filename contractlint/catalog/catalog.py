"""The catalog: every contract of every library, and the view of one release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from contractlint.catalog.errors import UnknownLibrary, UnknownRelease
from contractlint.catalog.ranges import UNVERSIONED, specifier
from contractlint.catalog.signatures import place_of, spans_of
from contractlint.model.contract import (
    Aspect,
    Clause,
    Condition,
    Effect,
    Enforcement,
    EntryPoint,
    Evidence,
    EvidenceKind,
    KernelRun,
    Signature,
)


class _Lazy(Mapping[str, EntryPoint]):
    """Entry points by name, built when they are asked for: a run touches few of the many that are known."""

    def __init__(self, names: Mapping[str, Any], build: Callable[[str], EntryPoint]) -> None:
        self._names = names
        self._build = build
        self._built: dict[str, EntryPoint] = {}

    def __getitem__(self, name: str) -> EntryPoint:
        if name not in self._built:
            if name not in self._names:
                raise KeyError(name)
            self._built[name] = self._build(name)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


class Catalog:
    """Contracts of all libraries and releases. Made by `load_catalog`; everything in it is read-only."""

    def __init__(self, compiled: dict[str, dict[str, Any]], fingerprint: str = "") -> None:
        self.fingerprint = fingerprint  # names the content of all contract files, empty when unknown
        self._compiled = compiled
        self._home = {name: library for library, record in compiled.items() for name in record["entries"]}
        self._views: dict[tuple[str, int], ReleaseView] = {}
        self._clauses: dict[str, tuple[tuple[int, Clause], ...]] = {}
        self._signatures: dict[str, tuple[tuple[int, Signature], ...]] = {}
        self.entry_points: Mapping[str, EntryPoint] = _Lazy(self._home, self._entry_point)

    @property
    def libraries(self) -> tuple[str, ...]:
        """The libraries that contracts speak about, by their names on the package index."""
        return tuple(self._compiled)

    @property
    def unversioned(self) -> tuple[str, ...]:
        """The libraries without releases: kernels for which contracts give a signature, and nothing else is known."""
        return tuple(library for library in self.libraries if self.releases(library) == (UNVERSIONED,))

    def package(self, library: str) -> str:
        """Return the name under which a library is imported."""
        return str(self._record(library)["package"])

    def releases(self, library: str) -> tuple[str, ...]:
        """Return the known releases of a library, oldest first."""
        releases: tuple[str, ...] = self._record(library)["releases"]
        return releases

    def files(self, library: str) -> Mapping[str, str]:
        """Return the short names of files of a library, as evidence uses them."""
        files: Mapping[str, str] = self._record(library)["files"]
        return files

    def kernel_run(self, library: str, name: str) -> KernelRun | None:
        """Return what is known of a file of kernel runs, by the name that evidence cites."""
        fields = self._record(library)["runs"].get(name)
        return None if fields is None else KernelRun(name, **fields)

    def enum_names(self, library: str) -> tuple[str, ...]:
        """Return the enums whose members are known in some release of a library."""
        return tuple(self._record(library)["enums"])

    def wanted(self, library: str) -> tuple[str, ...]:
        """Return the patterns of entry points that should have a contract, or a reason why not."""
        return tuple(self._record(library)["scope"])

    def uncovered(self, library: str) -> tuple[tuple[str, str], ...]:
        """Return (pattern of entry points, why they have no contract)."""
        return tuple(self._record(library)["uncovered"])

    def canonical(self, dotted_name: str) -> str | None:
        """Return the canonical name of an entry point that is imported from any path, in any release."""
        for record in self._compiled.values():
            name = record["aliases"].get(dotted_name)
            if name is not None:
                return str(name)
        return None

    def result_dtypes(self, dotted_name: str) -> tuple[str, ...]:
        """Return the dtypes of the tensors that an entry point returns, empty where they are not known.

        They hold in every release: one may return more tensors than another, but none of another dtype.
        """
        name = self.canonical(dotted_name)
        if name is None:
            return ()
        entry = self._compiled[self._home[name]]["entries"][name]
        silent = entry["mask"]
        for mask, _, _, _ in entry["returns"]:
            silent &= ~mask
        found = sorted((dtypes for _, _, _, dtypes in entry["returns"]), key=len)
        longest: tuple[str, ...] = found[-1] if found and not silent else ()
        return longest if all(dtypes and longest[: len(dtypes)] == dtypes for dtypes in found) else ()

    def hidden_result(self, library: str, dotted_name: str) -> str:
        """Return the annotated result of a function outside of the public face, empty where it is not known.

        Such functions are imported by many paths; a name that only one of them has is enough.
        """
        results: Mapping[str, str] = self._record(library)["results"]
        if dotted_name in results:
            return results[dotted_name]
        last = f".{dotted_name.rpartition('.')[2]}"
        found = {returns for name, returns in results.items() if name.endswith(last)}
        return found.pop() if len(found) == 1 else ""

    def names(self, library: str) -> Iterable[str]:
        """Return the canonical names of the entry points of a library."""
        return tuple(self._record(library)["entries"])

    def defining_files(self, library: str) -> frozenset[str]:
        """Return the files of a library's package that define entry points, in any release."""
        spans = (span for entry in self._record(library)["entries"].values() for span in entry["spans"])
        return frozenset(place_of(steps).rpartition(":")[0] for _, steps in spans) - {""}

    def import_paths(self, library: str) -> Iterable[str]:
        """Return every name by which entry points of a library are known, in any release."""
        record = self._record(library)
        return (*record["entries"], *record["aliases"])

    def aliases(self, library: str) -> Mapping[str, str]:
        """Return the canonical name of an entry point of a library by every name that it is known by, in any release."""
        found: Mapping[str, str] = self._record(library)["aliases"]
        return found

    def library_of(self, entry_point: str) -> str | None:
        """Return the library of an entry point, by its canonical name."""
        return self._home.get(entry_point)

    def at(self, library: str, release: str) -> ReleaseView:
        """Return the contracts of one release. Raises UnknownLibrary or UnknownRelease."""
        releases = self.releases(library)
        if releases == (UNVERSIONED,):
            index = 0
        elif release in releases:
            index = releases.index(release)
        else:
            index = _find(library, release, releases)
        key = (library, index)
        if key not in self._views:
            self._views[key] = ReleaseView(self, library, releases[index], index, self._compiled[library])
        return self._views[key]

    def _record(self, library: str) -> dict[str, Any]:
        if library not in self._compiled:
            known = ", ".join(self._compiled) or "none"
            raise UnknownLibrary(f"No contracts are known for library {library!r}; known: {known}.")
        return self._compiled[library]

    def _entry_point(self, name: str) -> EntryPoint:
        return self.build(
            name,
            tuple(signature for _, signature in self.signatures_of(name)),
            tuple(clause for _, clause in self.clauses_of(name)),
        )

    def build(self, name: str, signatures: tuple[Signature, ...], clauses: tuple[Clause, ...]) -> EntryPoint:
        """Make an entry point with the given signatures and clauses; the rest is the same in every release."""
        library = self._home[name]
        entry = self._compiled[library]["entries"][name]
        meta = entry["meta"]
        return EntryPoint(
            name,
            (name, *entry["names"]),
            library,
            signatures,
            clauses,
            meta.get("capabilities", ""),
            meta.get("family", ""),
            meta.get("summary", ""),
            frozenset(meta.get("tags", ())),
        )

    def clauses_of(self, name: str) -> tuple[tuple[int, Clause], ...]:
        """Return (mask of releases, clause) of an entry point."""
        if name not in self._clauses:
            entry = self._compiled[self._home[name]]["entries"][name]
            self._clauses[name] = tuple((mask, _clause(name, fields)) for mask, fields in entry["clauses"])
        return self._clauses[name]

    def signatures_of(self, name: str) -> tuple[tuple[int, Signature], ...]:
        """Return (mask of releases, signature) of an entry point, oldest first."""
        if name not in self._signatures:
            record = self._compiled[self._home[name]]
            self._signatures[name] = tuple(_signatures(record["entries"][name], record))
        return self._signatures[name]


class ReleaseView:
    """The contracts of one release of one library."""

    def __init__(self, catalog: Catalog, library: str, release: str, index: int, record: dict[str, Any]) -> None:
        self.library = library
        self.release = release
        self._catalog = catalog
        self._bit = 1 << index
        self._record = record
        self._found: dict[str, tuple[Clause, ...]] = {}
        names = {name: None for name, entry in record["entries"].items() if entry["mask"] & self._bit}
        self.entry_points: Mapping[str, EntryPoint] = _Lazy(names, self._entry_point)
        self.enums: Mapping[str, Mapping[str, int]] = {
            enum: values for enum, spans in record["enums"].items() for mask, values in spans if mask & self._bit
        }

    def enum_of(self, parameter: str) -> str | None:
        """Return the enum whose members arguments of this name hold, whatever the entry point."""
        enum = self._record["enum_of"].get(parameter)
        return None if enum is None else str(enum)

    def parameters_of(self, enum: str) -> tuple[str, ...]:
        """Return the parameters that hold a member of an enum."""
        return tuple(name for name, held in self._record["enum_of"].items() if held == enum)

    def canonical(self, dotted_name: str) -> str | None:
        """Return the canonical name of an entry point that this release has."""
        name = self._catalog.canonical(dotted_name)
        return name if name in self.entry_points else None

    def signature(self, name: str) -> Signature | None:
        """Return the signature of an entry point, or None when this release does not have it."""
        if name not in self.entry_points:
            return None
        found = self._catalog.signatures_of(name)
        return next((signature for mask, signature in found if mask & self._bit), None)

    def ever_returned(self, name: str) -> frozenset[str]:
        """Return what an entry point returns, over all releases."""
        return frozenset(signature.returns for _, signature in self._catalog.signatures_of(name))

    def clauses(self, name: str, parameter: str | None = None, aspect: Aspect | None = None) -> tuple[Clause, ...]:
        """Return the clauses of an entry point in this release, those on one parameter or aspect when named.

        The evidence of each begins with that of this very release, or else of the release nearest to it.
        """
        if name not in self._found:
            found = self._catalog.clauses_of(name) if name in self.entry_points else ()
            self._found[name] = tuple(self._nearest_first(clause) for mask, clause in found if mask & self._bit)
        return tuple(
            clause
            for clause in self._found[name]
            if (parameter is None or clause.parameter == parameter) and (aspect is None or clause.aspect is aspect)
        )

    def result_layouts(self, name: str) -> tuple[Clause, ...]:
        """Return in which byte layouts the parts of an entry point's result lie, as clauses on `result[1]`."""
        entry = self._record["entries"].get(name)
        found = entry["layouts"] if entry is not None else ()
        return tuple(_clause(name, fields) for mask, fields in found if mask & self._bit)

    def _entry_point(self, name: str) -> EntryPoint:
        signature = self.signature(name)
        return self._catalog.build(name, (signature,) if signature else (), self.clauses(name))

    def _nearest_first(self, clause: Clause) -> Clause:
        releases = self._record["releases"]
        if len(clause.evidence) < 2 or self.release not in releases:
            return clause
        here = releases.index(self.release)

        def distance(item: Evidence) -> int:
            return abs(releases.index(item.release) - here) if item.release in releases else len(releases)

        return replace(clause, evidence=tuple(sorted(clause.evidence, key=distance)))


def _clause(name: str, fields: dict[str, Any]) -> Clause:
    plain = dict(fields)
    return Clause(
        entry_point=name,
        aspect=Aspect(plain.pop("aspect")),
        enforcement=Enforcement(plain.pop("enforcement")),
        effect=Effect(plain.pop("effect")),
        evidence=_evidence(plain.pop("evidence")),
        when=tuple(Condition(*condition) for condition in plain.pop("when")),
        dtypes=frozenset(plain.pop("dtypes", ())),
        lets_through=frozenset(plain.pop("lets_through", ())),
        documented_dtypes=frozenset(plain.pop("documented_dtypes", ())),
        **plain,
    )


def _evidence(items: tuple[tuple[str, str, str, str], ...]) -> tuple[Evidence, ...]:
    return tuple(Evidence(EvidenceKind(kind), release, where, note) for kind, release, where, note in items)


def _signatures(entry: dict[str, Any], record: dict[str, Any]) -> Iterator[tuple[int, Signature]]:
    """Yield a signature for each range of releases in which parameters and return stay the same."""
    releases = record["releases"]
    for mask, parsed, place in spans_of(entry["spans"]):
        if parsed is None:
            continue
        first = releases[(mask & -mask).bit_length() - 1]
        path = f"{record['package']}/{place}" if place else ""
        read = (Evidence(EvidenceKind.READ, first, path),) if path else ()
        rest = mask
        for returned_mask, returned, evidence, _ in entry["returns"]:
            part = mask & returned_mask
            if part:
                rest &= ~part
                yield part, Signature(specifier(part, releases), parsed[0], returned, read + _evidence(evidence))
        if rest:
            yield rest, Signature(specifier(rest, releases), parsed[0], parsed[1], read)


def _find(library: str, release: str, releases: tuple[str, ...]) -> int:
    """Find a release that is spelled differently (`v0.6.7`, `0.6.7post1`), or say which ones are near."""
    from packaging.version import InvalidVersion, Version

    try:
        wanted = Version(release)
    except InvalidVersion:
        raise UnknownRelease(
            f"{release!r} is not a version of {library}; contracts cover {releases[0]} to {releases[-1]}."
        ) from None
    versions = [Version(known) for known in releases]
    for index, version in enumerate(versions):
        if version == wanted or str(version) == wanted.public:
            return index
    older = [known for known, version in zip(releases, versions, strict=True) if version < wanted][-1:]
    newer = [known for known, version in zip(releases, versions, strict=True) if version > wanted][:1]
    nearest = " and ".join(older + newer)
    raise UnknownRelease(f"No contracts are known for {library} {release}; the nearest known releases are {nearest}.")
