"""How time and memory of a cold `contractlint check` grow with a project. See bench/README.md."""

from __future__ import annotations

import argparse
import compileall
import math
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
if __package__ in (None, ""):
    sys.path.insert(0, str(HERE.parent))

import contractlint  # noqa: E402
from bench.check import MEGABYTE, Failed, Run, machine, run_once  # noqa: E402
from bench.engines import WrongArchive, load_engines  # noqa: E402
from contractlint.sources import SourceError  # noqa: E402

EIGHTHS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Point:
    """One project and the median run on it."""

    files: int
    call_sites: int
    run: Run


# What is left out of the whole: the name of a series, what its fit goes by, and which files a share takes.
SERIES: tuple[tuple[str, str, Callable[[bool], bool]], ...] = (
    ("a share of all files", "files", lambda calls: True),
    ("all files with call sites, a share of the others", "files", lambda calls: not calls),
    ("a share of the files with call sites, all others", "call_sites", lambda calls: calls),
)


def chosen(file: str, eighths: int) -> bool:
    """Whether a file is in a share of the whole. Smaller shares lie in larger ones; packages stay packages."""
    return file.endswith("__init__.py") or zlib.crc32(file.encode()) % 8 < eighths


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the least-squares line through the logarithms."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    middle_x, middle_y = (sum(column) / len(logs) for column in zip(*logs, strict=True))
    spread = sum((x - middle_x) ** 2 for x, _ in logs)
    return float(sum((x - middle_x) * (y - middle_y) for x, y in logs) / spread)


class Subject:
    """One engine release, of which parts are checked."""

    def __init__(self, tree: Path, packages: Sequence[str], releases: Sequence[str], count: int, work: Path) -> None:
        self.tree, self.packages, self.releases, self.count, self.work = tree, packages, releases, count, work
        self.calling: set[str] = set()  # files with call sites; known when the whole has been checked

    def point(self, wanted: Callable[[str], bool]) -> Point:
        """Check a project that has only the wanted ones of the Python files."""
        part = self.work / "part"

        def left_out(folder: str, names: list[str]) -> list[str]:
            within = Path(folder).relative_to(self.tree)
            return [name for name in names if name.endswith(".py") and not wanted((within / name).as_posix())]

        shutil.copytree(self.tree, part, ignore=left_out)
        command = [sys.executable, "-m", "contractlint", "check", "--output-format", "json"]
        for release in self.releases:
            command += ["--release", release]
        command += [str(part / name) for name in self.packages]
        runs = []
        for _ in range(self.count):
            with tempfile.TemporaryDirectory(dir=self.work) as cache:
                run, document = run_once(command, {**os.environ, "CONTRACTLINT_CACHE_DIR": cache})
            runs.append(run)
        shutil.rmtree(part)
        self.calling = self.calling or {self._in_tree(row["file"]) for row in document["call_sites"]}
        summary = document["summary"]
        return Point(summary["files"], summary["call_sites"], sorted(runs, key=lambda run: run.cpu)[len(runs) // 2])

    def share(self, eighths: int, of: Callable[[bool], bool]) -> Point:
        """Check a project with a share of some files and all others; `of` tells it from whether a file has call sites."""
        return self.point(lambda file: chosen(file, eighths) or not of(file in self.calling))

    def _in_tree(self, file: str) -> str:
        """A file as the report names it, from the top of the tree: the report's names start at what was checked."""
        places = [
            name for name in ("", *(f"{package}/" for package in self.packages)) if (self.tree / name / file).is_file()
        ]
        return f"{places[0]}{file}" if places else file


def measure(subject: Subject) -> Iterator[str]:
    """Markdown: a table for each series, with the exponents of its fits."""
    whole = subject.point(lambda file: True)
    empty = subject.point(lambda file: file.endswith("__init__.py"))
    yield f"A project of {empty.files} almost empty files takes {empty.run.cpu:.2f} s and {empty.run.peak / MEGABYTE:.0f} MB."
    for name, axis, shared in SERIES:
        points = [*(subject.share(eighths, shared) for eighths in EIGHTHS[:-1]), whole]
        yield from ("", f"**{name}**", "", "| files | call sites | CPU s | peak MB |", "|---:|---:|---:|---:|")
        for point in points:
            yield (
                f"| {point.files:,} | {point.call_sites:,} | {point.run.cpu:.2f} | {point.run.peak / MEGABYTE:.0f} |"
            )
        sizes = [float(getattr(point, axis)) for point in points]
        times = [point.run.cpu - empty.run.cpu for point in points]
        peaks = [float(point.run.peak - empty.run.peak) for point in points]
        if min(*times, *peaks, *sizes) > 0:
            time, memory = (exponent(list(zip(sizes, values, strict=True))) for values in (times, peaks))
            yield from ("", f"By {axis.replace('_', ' ')}: time to the power of {time:.2f}, memory of {memory:.2f}.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for and print it as Markdown."""
    engines = load_engines()
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("engine", nargs="?", default="vllm==0.33.0", metavar="NAME==VERSION")
    parser.add_argument("--release", action="append", default=[], help="kernel library release (default: own pin)")
    parser.add_argument("-n", "--runs", type=int, default=1, help="how often each is measured (default: 1)")
    options = parser.parse_args(arguments)
    if options.engine not in engines or options.runs < 1:
        parser.error(f"not known: {options.engine}" if options.runs > 0 else "--runs: at least 1")
    print(f"{machine()}\n", flush=True)
    compileall.compile_dir(Path(contractlint.__file__).parent, quiet=2)
    with tempfile.TemporaryDirectory(prefix="contractlint-bench-") as work:
        try:
            package = engines[options.engine].fetch()
            tree = Path(work) / "whole"
            shutil.copytree(package.root, tree)
            for line in measure(Subject(tree, package.packages, options.release, options.runs, Path(work))):
                print(line, flush=True)
        except (Failed, WrongArchive, SourceError) as problem:
            print(problem, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
