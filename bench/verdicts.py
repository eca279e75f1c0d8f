"""Compares verdicts on the arguments of MoE calls with what reading the engines by hand says. See bench/README.md."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
if __package__ in (None, ""):
    sys.path.insert(0, str(HERE.parent))

from bench.engines import WrongArchive, load_engines  # noqa: E402
from contractlint.catalog.catalog import ReleaseView  # noqa: E402
from contractlint.catalog.loader import load_catalog  # noqa: E402
from contractlint.model.contract import Aspect, Effect  # noqa: E402
from contractlint.sources import SourceError  # noqa: E402

INVENTORY = HERE / "inventory" / "moe" / "arguments.json"
LIBRARY = "flashinfer-python"
UPGRADE = "0.6.7"  # the release that read routing_bias in another way than its callers stored it
SILENT = (Effect.SILENT, Effect.FAULT)
DECIDED = ("proved", "violated")

# What each verdict may not be, by what was found by hand. `sometimes` breaks the clause under circumstances that the
# engine lets its user choose; `open` was not settled by hand, so that no verdict on it counts as wrong.
WRONG = {
    "holds": ("violated",),
    "breaks": ("proved",),
    "raises": ("proved",),
    "sometimes": ("proved",),
    "open": (),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One argument, as read by hand and as judged."""

    file: str
    line: int
    entry_point: str
    parameter: str
    passed: str
    hand: str
    dtype: str
    verdict: str
    dtypes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def wrong(self) -> bool:
        return self.verdict in WRONG[self.hand]


class Failed(Exception):
    """A run ended in another way than with a judgement."""


def document_of(spec: str, releases: Sequence[str], kept: Path | None) -> dict[str, Any]:
    """What `check` says of an engine; from the folder of kept documents where it has been run already."""
    path = kept / f"{spec.replace('==', '-')}.json" if kept is not None else None
    if path is None or not path.is_file():
        load_engines()[spec].fetch()
        command = [sys.executable, "-m", "contractlint", "check", "--package", spec, "--output-format", "json"]
        command += [part for release in releases for part in ("--release", release)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent, check=False)
        if done.returncode not in (0, 1):
            raise Failed(f"{' '.join(command)}\nended with {done.returncode}: {done.stderr.strip()}")
        if path is None:
            return dict(json.loads(done.stdout))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(done.stdout, encoding="utf-8")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    judged = {target["release"] for target in document["targets"]}
    if not judged >= set(releases):
        raise Failed(f"{path} was made for {', '.join(sorted(judged))}, not for {', '.join(releases)}")
    return document


def compare(calls: Sequence[dict[str, Any]], document: dict[str, Any], view: ReleaseView) -> Iterator[Compared]:
    """Every argument of the inventory that a clause speaks of whose breach goes unseen, with the verdict on it."""
    rows = {
        (row["file"], row["line"], row["entry_point"].rpartition(".")[2], row["parameter"]): row
        for row in document["arguments"]
        if row["release"] == view.release and row["aspect"] == Aspect.DTYPE.value
    }
    for call in calls:
        short = call["entry_point"].rpartition(".")[2]
        entry_point = view.canonical(call["entry_point"]) or call["entry_point"]
        for parameter, read in call["arguments"].items():
            hand = read.get(view.release, "open")
            clauses = view.clauses(entry_point, parameter, Aspect.DTYPE)
            asked = any(c.effect in SILENT and (c.dtypes or c.same_as) and not c.ignored for c in clauses)
            if hand == "absent" or not asked:
                continue
            row = rows.get((call["file"], call["line"], short, parameter))
            yield Compared(
                call["file"],
                call["line"],
                short,
                parameter,
                read["passed"],
                hand,
                read["dtype"],
                row["verdict"] if row else "missing",
                tuple(row["dtypes"]) if row else (),
                row["reason"] if row else "the call was not found, or not bound",
            )


def table(results: dict[tuple[str, str], list[Compared]]) -> Iterator[str]:
    """One line for each engine and release, then what is wrong, then what is not decided."""
    yield "| engine | release | arguments | proved | violated | unproven | unresolved | missing | decided | wrong |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for (spec, release), compared in results.items():
        count = Counter(one.verdict for one in compared)
        decided = sum(count[verdict] for verdict in DECIDED)
        share = f"{100 * decided / len(compared):.0f} %" if compared else "-"
        columns = [count[v] for v in ("proved", "violated", "unproven", "unresolved", "missing")]
        wrong = sum(one.wrong for one in compared)
        yield f"| {spec} | {release} | {len(compared)} | {' | '.join(map(str, columns))} | {share} | {wrong} |"
    for title, chosen in (("Wrong", _is_wrong), ("Not decided", _is_open)):
        yield f"\n## {title}\n"
        for (spec, release), compared in results.items():
            for one in filter(chosen, compared):
                place = f"{one.file.rpartition('/')[2]}:{one.line}"
                yield (
                    f"- {spec} against {release}, {place} `{one.entry_point}`: `{one.parameter}` (`{one.passed}`) is "
                    f"{one.verdict} ({', '.join(one.dtypes) or 'no dtype'}); by hand: {one.hand}, {one.dtype}. {one.reason}"
                )


def _is_wrong(one: Compared) -> bool:
    return one.wrong


def _is_open(one: Compared) -> bool:
    return one.verdict not in DECIDED


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare what the command line asks for and print it as Markdown. Exit code: 0, 1 when a verdict is wrong, 2."""
    inventory = json.loads(INVENTORY.read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(prog="python -m bench.verdicts", description=__doc__)
    parser.add_argument("engines", nargs="*", metavar="NAME==VERSION", help=f"default: all of {', '.join(inventory)}")
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help="keep the documents of `check` here, and use them")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.engines if name not in inventory]
    if unknown:
        parser.error(f"not known: {', '.join(unknown)}")
    catalog = load_catalog()
    results: dict[tuple[str, str], list[Compared]] = {}
    for spec in options.engines or inventory:
        releases = (inventory[spec]["pin"], UPGRADE)
        try:
            document = document_of(spec, releases, options.kept)
        except (Failed, WrongArchive, SourceError) as problem:
            print(problem, file=sys.stderr)
            return 2
        for release in releases:
            calls, view = inventory[spec]["calls"], catalog.at(LIBRARY, release)
            results[spec, release] = list(compare(calls, document, view))
    print("\n".join(table(results)))
    return 1 if any(one.wrong for compared in results.values() for one in compared) else 0


if __name__ == "__main__":
    sys.exit(main())
