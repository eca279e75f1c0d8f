"""Measures `contractlint check` on real engine releases, as whole processes. See bench/README.md."""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
if __package__ in (None, ""):
    sys.path.insert(0, str(HERE.parent))

import contractlint  # noqa: E402
from bench.engines import Engine, WrongArchive, load_engines  # noqa: E402
from contractlint.sources import SourceError  # noqa: E402

MEGABYTE = 1 << 20
# What each kind of run finds in the cache: nothing; everything; everything but what one changed file brings along.
KINDS = ("cold", "warm", "edit")


@dataclass(frozen=True, slots=True)
class Run:
    """One process, from its start to its end."""

    wall: float
    user: float  # seconds of CPU time outside of the system
    cpu: float  # with those in the system
    peak: int  # bytes


@dataclass(slots=True)
class Measured:
    """The runs on one engine, and what they found."""

    engine: Engine
    runs: dict[str, list[Run]] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)

    def median(self, kind: str) -> Run:
        return median(self.runs[kind])


def median(runs: Sequence[Run]) -> Run:
    """The medians of what several runs took."""
    return Run(
        statistics.median(run.wall for run in runs),
        statistics.median(run.user for run in runs),
        statistics.median(run.cpu for run in runs),
        int(statistics.median(run.peak for run in runs)),
    )


class Failed(Exception):
    """A run ended in another way than with a judgement."""


def measure(engine: Engine, releases: Sequence[str], kinds: Sequence[str], count: int, work: Path) -> Measured:
    """Check one engine again and again. Fetching, unpacking and copying it stand outside of every measurement."""
    package = engine.fetch()
    tree = work / engine.spec
    shutil.copytree(package.root, tree)
    command = [sys.executable, "-m", "contractlint", "check", "--output-format", "json"]
    for release in releases:
        command += ["--release", release]
    command += [str(tree / name) for name in package.packages]
    result = Measured(engine)
    for number in range(count):
        cache = work / f"{engine.spec}-cache-{number}"
        environment = {**os.environ, "CONTRACTLINT_CACHE_DIR": str(cache)}
        cold, document = run_once(command, environment)
        # A run that finds another outcome than the first measures something else.
        if result.document and _outcome(document) != _outcome(result.document):
            raise Failed(f"{engine.spec}: two cold runs found different things")
        result.document = document
        result.runs.setdefault("cold", []).append(cold)
        if "warm" in kinds:
            warm, again = run_once(command, environment)
            if _outcome(again) != _outcome(document):
                raise Failed(f"{engine.spec}: the warm run found something else than the cold one")
            result.runs.setdefault("warm", []).append(warm)
        if "edit" in kinds:
            edited = tree / engine.edit
            before = edited.read_bytes()
            edited.write_bytes(before + b"\n_ADDED_BY_A_MEASUREMENT = 1\n")
            try:
                run, again = run_once(command, environment)
            finally:
                edited.write_bytes(before)
            if _outcome(again) != _outcome(document):
                raise Failed(f"{engine.spec}: one added constant changed what was found")
            result.runs.setdefault("edit", []).append(run)
        shutil.rmtree(cache, ignore_errors=True)
    shutil.rmtree(tree, ignore_errors=True)
    return result


def run_once(command: Sequence[str], environment: dict[str, str]) -> tuple[Run, dict[str, Any]]:
    """Run one check: what it took, and what it found."""
    run, code, text, said = timed(command, environment, HERE.parent)
    if code not in (0, 1):
        raise Failed(f"{' '.join(command)}\nended with {code}: {said.decode(errors='replace').strip()}")
    return run, json.loads(text)


def timed(
    command: Sequence[str], environment: dict[str, str], folder: Path, limit: float = 3600
) -> tuple[Run, int, bytes, bytes]:
    """Run one process: what it took, its exit code (negative when it was ended after `limit` seconds), and what it printed.

    Its output goes to files, so that nothing here has to keep pace with it.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment, cwd=folder)
        ending = threading.Timer(limit, process.kill)
        ending.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        ending.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        # Linux counts kilobytes, macOS bytes.
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        run = Run(wall, usage.ru_utime, usage.ru_utime + usage.ru_stime, peak)
        return run, process.returncode, out.read(), err.read()


def _outcome(document: dict[str, Any]) -> tuple[object, ...]:
    findings = sorted(
        (finding["code"], finding["file"], finding["line"], finding["parameter"], finding["message"])
        for finding in document["findings"]
    )
    return (findings, len(document["call_sites"]), document["summary"]["arguments"])


def table(results: Sequence[Measured]) -> Iterator[str]:
    """Two Markdown tables: what it took, and what was found."""
    yield "| engine | cache | runs | wall s | CPU s | peak MB | wall / cold |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for result in results:
        cold = result.median("cold")
        for kind, runs in result.runs.items():
            run = result.median(kind)
            yield (
                f"| {result.engine.spec} | {kind} | {len(runs)} | {run.wall:.2f} | {run.cpu:.2f} "
                f"| {run.peak / MEGABYTE:.0f} | {run.wall / cold.wall:.2f} |"
            )
    yield ""
    yield "| engine | judged against | files | parsed | call sites | unresolved | errors | warnings | notes |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|"
    for result in results:
        summary = result.document["summary"]
        targets = ", ".join(f"{target['release']} ({target['from']})" for target in result.document["targets"])
        found = [summary["findings"].get(severity, 0) for severity in ("error", "warning", "note")]
        counts = [summary[key] for key in ("files", "parsed", "call_sites", "unresolved")]
        yield f"| {result.engine.spec} | {targets} | " + " | ".join(f"{number:,}" for number in counts + found) + " |"


def machine() -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{time.strftime('%Y-%m-%d')}, contractlint {contractlint.__version__}{_commit()}, "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, {memory:.0f} GB; load average before: {load}"
    )


def _commit() -> str:
    git = ["git", "-C", str(HERE.parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return f" ({subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()})"
    except (OSError, subprocess.CalledProcessError):
        return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for and print it as Markdown."""
    engines = load_engines()
    parser = argparse.ArgumentParser(prog="python -m bench.check", description=__doc__)
    parser.add_argument("engines", nargs="*", metavar="NAME==VERSION", help=f"default: all of {', '.join(engines)}")
    parser.add_argument("--release", action="append", default=[], help="kernel library release (default: own pin)")
    parser.add_argument("-n", "--runs", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument(
        "--kinds",
        default=",".join(KINDS),
        metavar="KINDS",
        help="of cold, warm and edit, divided by commas (default: all); cold is always run",
    )
    options = parser.parse_args(arguments)
    kinds = options.kinds.split(",")
    unknown = [name for name in options.engines if name not in engines] + [kind for kind in kinds if kind not in KINDS]
    if unknown or options.runs < 1:
        parser.error(f"not known: {', '.join(unknown)}" if unknown else "--runs: at least 1")
    print(machine(), flush=True)
    # The bytecode of the tool belongs to its installation, not to its first run.
    compileall.compile_dir(Path(contractlint.__file__).parent, quiet=2)
    results = []
    with tempfile.TemporaryDirectory(prefix="contractlint-bench-") as work:
        for name in options.engines or engines:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            try:
                results.append(measure(engines[name], options.release, kinds, options.runs, Path(work)))
            except (Failed, WrongArchive, SourceError) as problem:
                print(problem, file=sys.stderr)
                return 2
    print()
    print("\n".join(table(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
