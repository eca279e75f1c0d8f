"""Measures which call sites are found: real engine releases against an inventory of theirs. See bench/README.md."""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
if __package__ in (None, ""):
    sys.path.insert(0, str(HERE.parent))

from bench.engines import Engine, WrongArchive, load_engines  # noqa: E402
from contractlint.catalog import Catalog, load_catalog  # noqa: E402
from contractlint.engine import Session, session, signature_findings  # noqa: E402
from contractlint.model.finding import Target  # noqa: E402
from contractlint.sources import SourceError, discover  # noqa: E402
from contractlint.sources.package import Package  # noqa: E402

INVENTORY = HERE / "inventory"
LIBRARY = "flashinfer-python"


class Row(NamedTuple):
    """One call of the library, as somebody found it: the place, the callee, and how the code reaches it."""

    file: str
    line: int
    column: int
    entry_point: str
    part: str
    how: str

    @property
    def short(self) -> str:
        return last_part(self.entry_point)


class Found(NamedTuple):
    """One call of the library, as the tool found it. `reason` says what of it could not be told."""

    file: str
    line: int
    column: int
    entry_point: str
    reason: str
    unresolved: bool


@dataclass(slots=True)
class Compared:
    """An inventory held against what was found."""

    engine: Engine
    release: str
    rows: list[Row]
    found: list[Found]
    indirect: set[tuple[str, int]]
    seconds: float
    signature: list[str] = field(default_factory=list)

    def hits(self, part: str = "") -> tuple[int, list[Row]]:
        """The calls that were found, and those that were not. A call with several callees counts once."""
        seen = self._places(self.found)
        calls: dict[tuple[str, int, int], list[Row]] = defaultdict(list)
        for row in self.rows:
            if not part or row.part == part:
                calls[row.file, row.line, row.column].append(row)
        missed = [
            rows[0] for rows in calls.values() if all((row.file, row.line, row.short) not in seen for row in rows)
        ]
        return len(calls) - len(missed), missed

    @staticmethod
    def _places(found: Iterable[Found]) -> set[tuple[str, int, str]]:
        return {(f.file, f.line, last_part(f.entry_point)) for f in found if not f.unresolved}

    def false(self) -> list[Found]:
        """What was found where the inventory has nothing of the kind."""
        known = {(row.file, row.line, row.short) for row in self.rows}
        return [
            f
            for f in self.found
            if not f.unresolved
            and (f.file, f.line, last_part(f.entry_point)) not in known
            and (f.file, f.line) not in self.indirect
        ]

    def looked_alike(self, row: Row) -> str:
        """What was said of a call that was missed."""
        said = [f.reason for f in self.found if f.unresolved and (f.file, f.line) == (row.file, row.line)]
        return said[0] if said else row.how


def last_part(name: str) -> str:
    """The name of a function or class; a constructor goes by its class."""
    return name.removesuffix(".__init__").rpartition(".")[2]


def known_as(catalog: Catalog, name: str) -> str:
    """The name by which contracts know what an inventory names by another path."""
    return catalog.canonical(name) or name


def read_inventory(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The trees of an inventory file, or of all files in a folder: `NAME-VERSION` → its calls."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    trees: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        trees.update(json.loads(file.read_text(encoding="utf-8")))
    return trees


def unpack_all(package: Package, folder: Path) -> Path:
    """Every Python file of a release's archive, tests and benchmarks too: inventories speak of them, `check` skips them."""
    target = folder / f"{package.name}-{package.version}"
    if target.is_dir():
        return target
    archive = package.root.parent / package.archive
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(target, [name for name in wheel.namelist() if name.endswith(".py")])
        return target
    with tarfile.open(archive) as bundle:
        for member in bundle:
            _, _, name = member.name.partition("/")  # the folder that everything is wrapped in
            if member.isfile() and name.endswith(".py") and ".." not in name and not name.startswith("."):
                file = bundle.extractfile(member)
                assert file is not None
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (target / name).write_bytes(file.read())
    return target


def compare(
    engine: Engine, rows: Sequence[Mapping[str, Any]], release: str, catalog: Catalog, bind: bool, sources: Path
) -> Compared:
    """Find the calls of one engine and hold the inventory against them."""
    package = engine.fetch()
    whole = unpack_all(package, sources)
    tree = discover([whole], root=whole)
    target = Target(LIBRARY, release or own_pin(package.root), "option")
    started = time.perf_counter()
    with session(tree, catalog, [target], cache=False, progress=None) as run:
        seconds = time.perf_counter() - started
        found = [
            Found(s.file, s.line, s.column - 1, s.entry_point, s.reason, bool(s.reason) and not s.foreign)
            for s in run.sites[LIBRARY]
        ]
        direct = [
            Row(r["file"], r["line"], r["col"], known_as(catalog, r["entry_point"]), r["part"], r["how_resolved"])
            for r in rows
            if not r.get("indirect")
        ]
        indirect = {(r["file"], r["line"]) for r in rows if r.get("indirect")}
        compared = Compared(engine, target.release, direct, found, indirect, seconds)
        if bind:
            compared.signature = list(_breaches(run, target))
    return compared


def own_pin(root: Path) -> str:
    """The release of the library that an engine's requirement files pin."""
    from contractlint.sources.pins import find_pins

    return next(pin.release for pin in find_pins(root, LIBRARY) if pin.release)


def _breaches(run: Session, target: Target) -> Iterator[str]:
    """What the rules about signatures say at the engine's own pin."""
    for finding in signature_findings(run, target):
        yield f"{finding.place.file}:{finding.place.line} {finding.entry_point} [{finding.code}] {finding.message}"


def table(results: Iterable[Compared]) -> Iterator[str]:
    """A Markdown table: for each tree and part of it, how many of the calls were found."""
    yield "| tree | library | part | calls | found | missed | recall | false | unresolved | seconds |"
    yield "|---|---|---|---:|---:|---:|---:|---:|---:|---:|"
    for result in results:
        parts = ["", *dict.fromkeys(row.part for row in result.rows)]
        unresolved = sum(f.unresolved for f in result.found)
        for part in parts:
            hits, missed = result.hits(part)
            total = hits + len(missed)
            rest = f"{len(result.false())} | {unresolved} | {result.seconds:.1f}" if not part else "| |"
            yield (
                f"| {result.engine.spec} | {result.release} | {part or 'all'} | {total} | {hits} | {len(missed)} "
                f"| {hits / max(total, 1):.1%} | {rest} |"
            )


def details(result: Compared) -> Iterator[str]:
    """Every miss with its reason, every false call, and what does not bind."""
    _, missed = result.hits()
    for row in missed:
        yield f"missed {result.engine.spec} {row.file}:{row.line} {row.entry_point}: {result.looked_alike(row)}"
    for found in result.false():
        yield f"false {result.engine.spec} {found.file}:{found.line} {found.entry_point}"
    for text in result.signature:
        yield f"signature {result.engine.spec} {text}"
    why = Counter(f.reason for f in result.found if f.unresolved)
    for reason, count in why.most_common():
        yield f"unresolved {result.engine.spec} {count} x {reason}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare what the command line asks for and print it as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.recall", description=__doc__)
    parser.add_argument("engines", nargs="*", metavar="NAME==VERSION", help="default: all that the inventory has")
    parser.add_argument("--inventory", type=Path, default=INVENTORY, help="file or folder (default: bench/inventory)")
    parser.add_argument("--release", default="", help="kernel library release (default: own pin)")
    parser.add_argument("--bind", action="store_true", help="also bind every call to its signature")
    parser.add_argument("--quiet", action="store_true", help="the table alone, without each miss")
    parser.add_argument("--sources", type=Path, help="keep the unpacked releases in this folder")
    options = parser.parse_args(arguments)
    if options.sources is None:
        with tempfile.TemporaryDirectory(prefix="contractlint-recall-") as folder:
            return _report(parser, options, Path(folder))
    return _report(parser, options, options.sources)


def _report(parser: argparse.ArgumentParser, options: argparse.Namespace, sources: Path) -> int:
    engines = load_engines()
    trees = read_inventory(options.inventory)
    specs = options.engines or [spec for spec in engines if spec.replace("==", "-") in trees]
    unknown = [spec for spec in specs if spec not in engines or spec.replace("==", "-") not in trees]
    if unknown:
        parser.error(f"not in engines.toml, or not in the inventory: {', '.join(unknown)}")
    catalog = load_catalog()
    results = []
    for spec in specs:
        try:
            results.append(
                compare(engines[spec], trees[spec.replace("==", "-")], options.release, catalog, options.bind, sources)
            )
        except (WrongArchive, SourceError) as problem:
            print(problem, file=sys.stderr)
            return 2
    print("\n".join(table(results)))
    if not options.quiet:
        print()
        for result in results:
            print("\n".join(details(result)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
