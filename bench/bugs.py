"""Looks for known bugs in the engine releases that have them, and in the first that do not. See bench/README.md."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
if __package__ in (None, ""):
    sys.path.insert(0, str(HERE.parent))

import contractlint  # noqa: E402
from bench.engines import BUG_ENGINES, Engine, WrongArchive, load_engines  # noqa: E402
from contractlint.sources import SourceError  # noqa: E402
from contractlint.sources.toml import loads  # noqa: E402

BUGS = HERE / "bugs.toml"
LIBRARY = "flashinfer-python"
# What issue trackers and sources show, from the call outwards; R is for what only a run can show.
CLASSES = ("S1", "S2", "S3", "R")


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug, as bugs.toml states it."""

    id: str
    report: str
    what: str
    detect: str
    families: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    engine: str = ""
    bad: str = ""
    good: str = ""
    release: str = ""
    stands_for: str = ""
    calls: tuple[str, ...] = ()
    good_calls: tuple[str, ...] = ()
    fault: str = ""
    good_fault: str = ""
    not_run: str = ""
    missed: str = ""  # why the last run did not show it, where it did not
    note: str = ""  # what else is to be known of it, where it is shown


@dataclass(slots=True)
class Outcome:
    """What a run said of one bug: the findings on it, before and after it was mended."""

    bug: Bug
    bad: list[dict[str, Any]] = field(default_factory=list)
    good: list[dict[str, Any]] = field(default_factory=list)
    failed: str = ""

    @property
    def still(self) -> list[dict[str, Any]]:
        """What the first good release still has of the rules that found the bug."""
        codes = {finding["code"] for finding in self.bad}
        return [finding for finding in self.good if finding["code"] in codes]

    @property
    def shown(self) -> bool:
        """Found where it is, and not where it is no more."""
        return bool(self.bad) and not self.still and not self.failed

    @property
    def verdict(self) -> str:
        if self.bug.not_run:
            return "not run"
        if self.failed:
            return "failed"
        if self.shown:
            return "shown"
        return "not gone" if self.bad else "missed"


def load_bugs() -> list[Bug]:
    """Every bug of bugs.toml."""
    entries: list[dict[str, Any]] = loads(BUGS.read_text(encoding="utf-8"))["bug"]
    fields: list[dict[str, Any]] = [
        {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()} for entry in entries
    ]
    return [Bug(**each) for each in fields]


def judge(engine: Engine, release: str, families: tuple[str, ...], files: Sequence[str]) -> list[dict[str, Any]]:
    """The findings of some rules about calls in some files of an engine, judged within the whole engine."""
    from contractlint.catalog import load_catalog
    from contractlint.engine import judge_tree
    from contractlint.model.finding import Target
    from contractlint.sources import discover

    package = engine.fetch()
    tree = discover([package.root / name for name in package.packages], root=package.root)
    absent = sorted(set(files) - set(tree.files))
    if absent:
        raise SourceError(f"{engine.spec} has no {', '.join(absent)}")
    target = Target(LIBRARY, release, "option")
    report = judge_tree(
        tree, load_catalog([]), [target], False, False, True, None, only=frozenset(files), select=families
    )
    return [
        {
            "code": finding.code,
            "severity": finding.severity.value,
            "file": finding.place.file,
            "line": finding.place.line,
            "function": finding.function,
            "parameter": finding.parameter,
            "message": finding.message,
            "steps": sorted({(step.file, step.line) for path in finding.paths for step in path}),
        }
        for finding in report.findings
    ]


def on_the_fault(finding: dict[str, Any], bug: Bug, fault: str, root: Path) -> bool:
    """Whether a finding is the one that the bug deserves: of the right family, about the argument, at the faulty code."""
    if not finding["code"].startswith(bug.families) or finding["parameter"] not in bug.parameters:
        return False
    file, _, function = fault.partition("::")
    if finding["file"] == file and (f"{finding['function']}.".startswith(f"{function}.") or not finding["function"]):
        return True
    first, last = _span(root / file, function)
    places = [(finding["file"], finding["line"]), *map(tuple, finding["steps"])]
    return any(name == file and first <= line <= last for name, line in places)


def _span(path: Path, qualname: str) -> tuple[int, int]:
    """First and last line of a function or class; nothing where the file does not have it."""
    import ast

    if not path.exists():
        return 1, 0
    found: ast.AST = ast.parse(path.read_text(encoding="utf-8"))
    for part in qualname.split("."):
        inner = [
            node
            for node in ast.iter_child_nodes(found)
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == part
        ]
        if not inner:
            return 1, 0
        found = inner[-1]
    return found.lineno, found.end_lineno or found.lineno  # type: ignore[attr-defined]


def run(bugs: Sequence[Bug]) -> list[Outcome]:
    """Judge every engine release once for all bugs that concern it and the same release of the library."""
    outcomes = {bug.id: Outcome(bug) for bug in bugs}
    wanted: dict[tuple[str, str], set[str]] = {}
    families: dict[tuple[str, str], set[str]] = {}
    sides: list[tuple[Bug, str, str, tuple[str, ...], str]] = []
    for bug in bugs:
        if bug.not_run:
            continue
        for side, version in (("bad", bug.bad), ("good", bug.good)):
            moved = side == "good"
            files = (bug.good_calls if moved else ()) or bug.calls
            fault = (bug.good_fault if moved else "") or bug.fault
            spec = f"{bug.engine}=={version}"
            wanted.setdefault((spec, bug.release), set()).update(files)
            families.setdefault((spec, bug.release), set()).update(bug.families)
            sides.append((bug, side, spec, files, fault))
    engines = load_engines(BUG_ENGINES)
    found: dict[tuple[str, str], list[dict[str, Any]] | str] = {}
    for key in sorted(wanted):
        started = time.monotonic()
        found[key] = _in_its_own_process(*key, sorted(families[key]), sorted(wanted[key]))
        print(f"{key[0]} with {LIBRARY} {key[1]}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    for bug, side, spec, _, fault in sides:
        result = found[spec, bug.release]
        if isinstance(result, str):
            outcomes[bug.id].failed = result
            continue
        root = engines[spec].fetch().root
        getattr(outcomes[bug.id], side).extend(f for f in result if on_the_fault(f, bug, fault, root))
    return list(outcomes.values())


def _in_its_own_process(
    spec: str, release: str, families: Sequence[str], files: Sequence[str]
) -> list[dict[str, Any]] | str:
    """The findings, or why there are none; a process of its own gives back all memory."""
    command = [sys.executable, "-m", "bench.bugs", "--judge", spec, release, ",".join(families), *files]
    process = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent)
    if process.returncode:
        return (process.stderr.strip().splitlines() or ["no output"])[-1]
    found: list[dict[str, Any]] = json.loads(process.stdout)
    return found


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Two Markdown tables: how many of each class, and bug by bug."""
    yield "| class | bugs | can be run | shown | of all | of those that can be run |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name in CLASSES:
        here = [outcome for outcome in outcomes if outcome.bug.detect == name]
        runnable = [outcome for outcome in here if not outcome.bug.not_run]
        shown = sum(outcome.shown for outcome in here)
        yield (
            f"| {name} | {len(here)} | {len(runnable)} | {shown} | {_share(shown, len(here))} "
            f"| {_share(shown, len(runnable))} |"
        )
    yield ""
    yield "| bug | class | what | releases | against | outcome | how, or why not |"
    yield "|---|---|---|---|---|---|---|"
    for outcome in sorted(outcomes, key=lambda o: (o.bug.detect, o.bug.id)):
        bug = outcome.bug
        between = f"{bug.engine} {bug.bad} → {bug.good}" if bug.engine else ""
        against = bug.release + (f" ({bug.stands_for})" if bug.stands_for else "")
        yield (
            f"| {bug.id} {bug.report} | {bug.detect} | {bug.what} | {between} | {against} | {outcome.verdict} "
            f"| {_reason(outcome)} |"
        )


def _reason(outcome: Outcome) -> str:
    bug = outcome.bug
    if bug.not_run or outcome.failed:
        return bug.not_run or outcome.failed
    if outcome.still:
        first = outcome.still[0]
        return f"{first['code']} still at {first['file']}:{first['line']}. {bug.missed}".strip()
    if outcome.bad:
        first = outcome.bad[0]
        said = [f"{_codes(outcome.bad)} at {first['file'].rpartition('/')[2]}:{first['line']}"]
        if outcome.good:
            said.append(f"of the good one only {_codes(outcome.good)} is told: {outcome.good[0]['message']}")
        return "; ".join([*said, bug.note] if bug.note else said)
    return bug.missed


def _codes(findings: Sequence[dict[str, Any]]) -> str:
    return ", ".join(sorted({f"{finding['code']} ({finding['severity']})" for finding in findings}))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bugs that the command line names, or all, and print what was shown as Markdown."""
    bugs = load_bugs()
    parser = argparse.ArgumentParser(prog="python -m bench.bugs", description=__doc__)
    parser.add_argument("bugs", nargs="*", metavar="ID", help="default: all of bugs.toml")
    parser.add_argument("--json", metavar="FILE", help="keep the findings too")
    parser.add_argument("--judge", nargs="+", metavar="WHAT", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.judge:
        spec, release, families, *files = options.judge
        try:
            print(json.dumps(judge(load_engines(BUG_ENGINES)[spec], release, tuple(families.split(",")), files)))
        except (SourceError, WrongArchive) as problem:
            print(problem, file=sys.stderr)
            return 2
        return 0
    unknown = sorted(set(options.bugs) - {bug.id for bug in bugs})
    if unknown:
        parser.error(f"not known: {', '.join(unknown)}")
    outcomes = run([bug for bug in bugs if not options.bugs or bug.id in options.bugs])
    print(f"{time.strftime('%Y-%m-%d')}, contractlint {contractlint.__version__}\n")
    print("\n".join(table(outcomes)))
    if options.json:
        kept = [{**asdict(outcome), "verdict": outcome.verdict} for outcome in outcomes]
        Path(options.json).write_text(json.dumps(kept, indent=1, sort_keys=True), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
