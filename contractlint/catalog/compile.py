"""Read contract folders into one plain structure of tuples and dicts, which the catalog keeps and the cache stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from contractlint.catalog import signatures, toml
from contractlint.catalog.errors import ContractErrors, ContractProblem, Problems
from contractlint.catalog.evidence import parse_evidence
from contractlint.catalog.positions import KeyPath, key_lines
from contractlint.catalog.ranges import UNVERSIONED, everything, matching, members
from contractlint.catalog.resolve import Record, Scope, apply_documented, presence, resolve_group
from contractlint.catalog.runs import SUFFIX, Run, read_run
from contractlint.catalog.schema import (
    ENTRY_KEYS,
    RETURN_KEYS,
    Draft,
    Table,
    dtypes,
    flag,
    read_documented,
    read_parameter,
    read_result_layout,
    strings,
    text,
    unknown_keys,
)

# Files of a library folder that are not contracts.
RELEASES, ENUMS, SIGNATURES, SHARED = "releases.toml", "enums.toml", "signatures.toml", "shared"
RESULT = "result"  # what clauses on the layout of a result call it
UNCOVERED, RESULTS = "uncovered.toml", "results.toml"
SPECIAL = {RELEASES, ENUMS, SIGNATURES, UNCOVERED, RESULTS}

Compiled = dict[str, dict[str, Any]]  # library → its record


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One contract file: how messages name it, its folder, and what it holds."""

    name: str
    path: Path
    content: bytes


@dataclass(slots=True)
class _Document:
    source: SourceFile
    table: dict[str, Any]
    problems: Problems


@dataclass(slots=True)
class _Compiler:
    sink: list[ContractProblem] = field(default_factory=list)
    libraries: Compiled = field(default_factory=dict)
    folders: dict[Path, str] = field(default_factory=dict)  # folder of a releases.toml → library
    shared: dict[tuple[Path, str], _Document] = field(default_factory=dict)
    runs: dict[Path, dict[str, Run]] = field(default_factory=dict)  # folder that holds `evidence` → runs by name


def compile_files(files: Sequence[SourceFile]) -> Compiled:
    """Return the compiled libraries. Raises ContractErrors with every problem of every file."""
    compiler = _Compiler()
    for source in files:
        if source.path.suffix == SUFFIX:
            _run(source, compiler)
    texts = [source for source in files if source.path.suffix != SUFFIX]
    documents = [document for source in texts if (document := _parse(source, compiler.sink))]
    for document in documents:
        if document.source.path.name == RELEASES:
            _library(document, compiler)
    for document in documents:
        path = document.source.path
        if path.parent.name == SHARED:
            compiler.shared[path.parent.parent, path.stem] = document
        elif path.name in (ENUMS, SIGNATURES, UNCOVERED, RESULTS):
            library = compiler.libraries.get(compiler.folders.get(path.parent, ""))
            if library is not None and path.name == ENUMS:
                _enums(document, library)
            elif library is not None and path.name == UNCOVERED:
                _uncovered(document, library)
            elif library is not None and path.name == RESULTS:
                _results(document, library)
            elif library is not None:
                _signatures(document, library)
    for document in documents:
        if document.source.path.name not in SPECIAL and document.source.path.parent.name != SHARED:
            _entry(document, compiler)
    if compiler.sink:
        raise ContractErrors(compiler.sink)
    return compiler.libraries


def _parse(source: SourceFile, sink: list[ContractProblem]) -> _Document | None:
    try:
        content = source.content.decode("utf-8")
        table = toml.loads_flat(content) if source.path.name == SIGNATURES else toml.loads(content)
    except UnicodeDecodeError:
        sink.append(ContractProblem(source.name, 1, "the file is not UTF-8"))
        return None
    except toml.TOMLDecodeError as error:
        message, _, place = str(error).partition(" (at line ")
        line = int(place.split(",")[0]) if place[:1].isdigit() else content.count("\n") + 1
        sink.append(ContractProblem(source.name, line, f"not TOML: {message[:1].lower()}{message[1:]}"))
        return None
    # Positions of the machine-written files are only wanted when something is wrong, which their writer prevents.
    lines = {} if source.path.name == SIGNATURES else key_lines(content)
    return _Document(source, table, Problems(source.name, lines, sink))


def _run(source: SourceFile, compiler: _Compiler) -> None:
    wrong: list[str] = []
    run = read_run(source.content, wrong)
    remedy = "see docs/contracts.md, or let `contractlint exercise --evidence` write the file"
    compiler.sink += [ContractProblem(source.name, 1, message, remedy) for message in wrong]
    if run is not None:
        compiler.runs.setdefault(source.path.parent.parent, {})[source.path.stem] = run


def _library(document: _Document, compiler: _Compiler) -> None:
    table, problems = document.table, document.problems
    unknown_keys(table, {"library", "package", "releases", "files", "enums"}, (), problems)
    name = text(table, "library", (), problems)
    if not name:
        problems.add((), "releases.toml names no library", 'add library = "name-on-the-package-index"')
        return
    if name in compiler.libraries:
        problems.add(("library",), f"library {name!r} is declared twice", "keep one releases.toml for it")
        return
    compiler.folders[document.source.path.parent] = name
    compiler.libraries[name] = _new_library(
        text(table, "package", (), problems) or name, strings(table, "releases", (), problems) or (UNVERSIONED,)
    )
    library = compiler.libraries[name]
    library["files"] = dict(table.get("files", {}))
    library["enum_of"] = {parameter: enum for enum, names in table.get("enums", {}).items() for parameter in names}


def _new_library(package: str, releases: tuple[str, ...]) -> dict[str, Any]:
    return {
        "package": package, "releases": releases, "files": {}, "enum_of": {}, "enums": {}, "entries": {}, "aliases": {},
        "scope": (), "uncovered": (), "runs": {}, "results": {},
    }  # fmt: skip


def _enums(document: _Document, library: dict[str, Any]) -> None:
    for enum, by_release in document.table.items():
        spans = _by_change(by_release, (enum,), library["releases"], document.problems)
        library["enums"][enum] = tuple((mask, values) for mask, values in spans)


def _uncovered(document: _Document, library: dict[str, Any]) -> None:
    """Read which entry points should have a contract, and why some of them have none."""
    table, problems = document.table, document.problems
    unknown_keys(table, {"scope", "reasons"}, (), problems)
    library["scope"] = strings(table, "scope", (), problems)
    reasons = table.get("reasons", [])
    found = []
    for index, item in enumerate(reasons if isinstance(reasons, list) else [reasons]):
        path: KeyPath = ("reasons", index) if isinstance(reasons, list) else ("reasons",)
        if not isinstance(item, Mapping):
            problems.add(path, "`reasons` must be an array of tables", "write [[reasons]]")
            continue
        unknown_keys(item, {"why", "entry_points"}, path, problems)
        why, patterns = text(item, "why", path, problems), strings(item, "entry_points", path, problems)
        if not why or not patterns:
            problems.add(path, "a reason says `why`, and for which `entry_points`", "add what is missing")
        found += [(pattern, why) for pattern in patterns]
    library["uncovered"] = tuple(found)


def _results(document: _Document, library: dict[str, Any]) -> None:
    """Read what functions outside of the public face return."""
    for name, table in document.table.items():
        unknown_keys(table, {"returns", "at", "releases"}, (name,), document.problems)
        library["results"][name] = text(table, "returns", (name,), document.problems)


def _signatures(document: _Document, library: dict[str, Any]) -> None:
    for name, table in document.table.items():
        names = tuple(table.get("names", ()))
        spans = _by_change(
            {key: value for key, value in table.items() if key != "names"},
            (name,),
            library["releases"],
            document.problems,
        )
        _add_entry(library, name, names, tuple((mask, tuple(steps)) for mask, steps in spans))


def _add_entry(library: dict[str, Any], name: str, names: tuple[str, ...], spans: tuple[tuple[int, Any], ...]) -> None:
    present = sum(mask for mask, steps in spans if signatures.GONE not in steps)
    library["entries"][name] = {
        "names": names,
        "mask": present,
        "spans": spans,
        "returns": (),
        "layouts": (),
        "clauses": (),
        "meta": {},
    }
    library["aliases"].update(dict.fromkeys((name, *names), name))


def _by_change(table: Table, path: KeyPath, releases: tuple[str, ...], problems: Problems) -> list[tuple[int, Any]]:
    """Turn {release: value} into (mask, value): each value holds until the next release that is named."""
    starts: list[tuple[int, Any]] = []
    for release, value in table.items():
        if release in releases:
            starts.append((releases.index(release), value))
        else:
            problems.add((*path, release), f"{release!r} is not a known release", "see releases.toml")
    starts.sort(key=lambda item: item[0])
    ends = [index for index, _ in starts[1:]] + [len(releases)]
    return [((1 << end) - (1 << start), value) for (start, value), end in zip(starts, ends, strict=True)]


def _entry(document: _Document, compiler: _Compiler) -> None:
    table, problems = document.table, document.problems
    unknown_keys(table, ENTRY_KEYS, (), problems)
    name = text(table, "entry_point", (), problems)
    if not name:
        problems.add((), "the file names no entry point", 'add entry_point = "package.module.function"')
        return
    library = _library_of(document, name, compiler)
    canonical = library["aliases"].get(name, name)
    inline = text(table, "signature", (), problems)
    if canonical not in library["entries"]:
        if not inline:
            problems.add(
                ("entry_point",),
                f"no signature is known for {name!r}",
                'add signature = "(x, y, *, z=None)" to this file',
            )
            inline = _assumed(document, compiler)
        _add_entry(library, name, (), ((everything(library["releases"]), (inline,)),))
    if flag(table, "to_be_reviewed", (), problems):
        remedy = "compare each parameter with the code, then delete this key"
        problems.add(("to_be_reviewed",), "this file is a draft", remedy)
    entry = library["entries"][canonical]
    if entry["meta"]:
        problems.add(
            ("entry_point",), f"{canonical} already has a contract in {entry['meta']['file']}", "merge the two"
        )
        return
    try:
        parsed = signatures.spans_of(entry["spans"])
    except ValueError as error:
        problems.add(("signature",), str(error), 'write it like "(x, y, *, z=None)"')
        parsed = signatures.spans_of(((everything(library["releases"]), (_assumed(document, compiler),)),))
    entry["meta"] = {key: text(table, key, (), problems) for key in ("summary", "family", "capabilities")}
    entry["meta"] |= {"tags": strings(table, "tags", (), problems), "file": document.source.name}
    spans = [(mask, {p.name: p for p in found[0]}) for mask, found, _ in parsed if found is not None]
    runs = {k: run for folder in document.source.path.parents for k, run in compiler.runs.get(folder, {}).items()}
    library["runs"] |= runs
    scope = Scope(
        library["releases"], library["files"], library["enum_of"], library["enums"], spans, presence(spans), runs,
        frozenset((canonical, *entry["names"])),
    )  # fmt: skip
    entry["returns"] = tuple(_returns(table, scope, entry["mask"], problems))
    entry["layouts"] = tuple(_layouts(table, scope, entry["mask"], problems))
    entry["clauses"] = tuple(_clauses(document, scope, compiler))


def _assumed(document: _Document, compiler: _Compiler) -> str:
    """A signature with all that contracts speak of, so that the rest of a file without a good one is judged, too."""
    return signatures.with_all_of([document.table, *(shared.table for shared in compiler.shared.values())])


def _library_of(document: _Document, entry_point: str, compiler: _Compiler) -> dict[str, Any]:
    """Find the library of a contract file: as it says itself, by its folder, by the package, or a new one."""
    named = text(document.table, "library", (), document.problems)
    if not named:
        parents = document.source.path.parents
        named = next((compiler.folders[folder] for folder in parents if folder in compiler.folders), "")
    package = entry_point.partition(".")[0]
    if not named:
        named = next((n for n, record in compiler.libraries.items() if record["package"] == package), package)
    if named not in compiler.libraries:
        compiler.libraries[named] = _new_library(package, (UNVERSIONED,))
    return compiler.libraries[named]


def _clauses(document: _Document, scope: Scope, compiler: _Compiler) -> list[Record]:
    table, problems = document.table, document.problems
    parameters = table.get("parameters", {})
    if not isinstance(parameters, Mapping):
        problems.add(("parameters",), "`parameters` must be a table of parameters")
        return []
    records: list[Record] = []
    for name, declared in parameters.items():
        path: KeyPath = ("parameters", name)
        if _base(name) not in scope.present:
            message = f"{name!r} is not a parameter of this entry point in any release"
            problems.add(path, message, _near(name, scope.present))
            continue
        own = read_parameter(declared, path, problems)
        shared = _shared(declared, path, document, compiler, ()) if isinstance(declared, Mapping) else {}
        found: list[Record] = []
        for aspect in {**shared, **own}:
            drafts = own[aspect] if aspect in own else shared[aspect]
            if drafts:
                found += resolve_group(drafts, name, scope, own=aspect in own)
        if isinstance(declared, Mapping):
            found = apply_documented(found, read_documented(declared, path, problems), name, scope)
        records += found
    return records


def _base(name: str) -> str:
    """Return the parameter of `topk_ids[1]`, which stands for the second element of a tuple argument."""
    return name.partition("[")[0]


def _shared(
    declared: Table, path: KeyPath, document: _Document, compiler: _Compiler, seen: tuple[str, ...]
) -> dict[str, list[Draft]]:
    """Return the drafts that `like = "file.table"` points to, in the `shared` folder beside the contract file."""
    like = text(declared, "like", path, document.problems)
    if not like:
        return {}
    file, _, key = like.partition(".")
    folder = document.source.path.parent
    folder = folder.parent if folder.name == SHARED else folder
    target = next((compiler.shared[f, file] for f in (folder, *compiler.folders) if (f, file) in compiler.shared), None)
    table = target.table.get(key) if target is not None else None
    if target is None or table is None or like in seen:
        remedy = f"it means table [{key}] of {SHARED}/{file}.toml"
        document.problems.add((*path, "like"), f"`like` points to {like!r}, which does not exist", remedy)
        return {}
    drafts = read_parameter(table, (key,), target.problems)
    if isinstance(table, Mapping):
        drafts = {**_shared(table, (key,), target, compiler, (*seen, like)), **drafts}
    return drafts


def _returns(table: Table, scope: Scope, present: int, problems: Problems) -> list[tuple[Any, ...]]:
    """Read what the entry point really returns, by range: the type, its evidence, and the dtypes of its tensors."""
    found: list[tuple[Any, ...]] = []
    declared = table.get("returns", [])
    covered = 0
    for index, item in enumerate(declared if isinstance(declared, list) else [declared]):
        path: KeyPath = ("returns", index) if isinstance(declared, list) else ("returns",)
        if not isinstance(item, Mapping):
            problems.add(path, "`returns` must be a table or an array of tables", 'returns = { is = "Tensor", … }')
            continue
        unknown_keys(item, RETURN_KEYS, path, problems)
        evidence = []
        try:
            mask = matching(text(item, "releases", path, problems), scope.releases) & present
            for line in strings(item, "evidence", path, problems):
                evidence += [(e.kind.value, e.release, e.where, e.note) for e in parse_evidence(line, scope.files)]
        except ValueError as error:
            problems.add(path, str(error))
            continue
        if not evidence:
            problems.add(path, "this return has no evidence", "cite the line that returns")
        if mask & covered:
            problems.add(
                path, f"two returns apply in {', '.join(members(mask & covered, scope.releases))}", "narrow one"
            )
        outside = [e[1] for e in evidence if e[1] not in members(mask, scope.releases)]
        if outside:
            problems.add(path, f"evidence cites {', '.join(outside)}, outside the range", "widen the range or move it")
        covered |= mask
        found.append((mask, text(item, "is", path, problems), tuple(evidence), dtypes(item, "dtypes", path, problems)))
    return found


def _layouts(table: Table, scope: Scope, present: int, problems: Problems) -> list[Record]:
    """Read in which byte layout the parts of the result lie, as clauses on `result[1]`: one for each release and case."""
    scope = replace(scope, present={**scope.present, RESULT: present})
    drafts: dict[str, list[Draft]] = {}
    for index, item in enumerate(table.get("layouts", [])):
        part, draft = read_result_layout(item, ("layouts", index), problems)
        drafts.setdefault(part, []).append(draft)
    return [record for part, group in drafts.items() for record in resolve_group(group, part, scope, own=True)]


def _near(name: str, known: Mapping[str, int]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else ""
