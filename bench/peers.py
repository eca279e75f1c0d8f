"""Measures `contractlint check` and other tools on the same engine, as whole processes in turns. See bench/README.md."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.check import MEGABYTE, Failed, Run, machine, median, timed
from bench.engines import Engine, load_engines
from contractlint.catalog.cache import default_folder

ADDED = b"\n_ADDED_BY_A_MEASUREMENT = 1\n"
CONTRACT = """\
[importlinter]
root_package = {package}

[importlinter:contract:one]
name = What all use does not use what is above it
type = layers
containers = {package}
layers =
    (entrypoints)
    (utils)
"""


@dataclass(frozen=True, slots=True)
class Tool:
    """One way to look at a tree.

    `{files}` in the command stands for the packages of the tree, or for its files that name the library where `few` says so;
    `{cache}` for a folder that is empty in the first run of a round, and that of the first in a second run (`again`) and in
    one after an edit (`edit`).
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    kinds: tuple[str, ...] = ("cold",)
    few: bool = False


# What is installed from the package index, in one environment apart from that of the tool.
REQUIREMENTS = ("ruff==0.17.6", "ty==0.0.108", "mypy==2.4.1", "fixit==2.2.1", "import-linter==2.16")
QUICK = ("cold", "again")
RUFF = {"RUFF_CACHE_DIR": "{cache}"}
PEERS = (
    Tool("ruff check", ("ruff", "check", "--isolated", "--quiet", "{files}"), RUFF, QUICK),
    Tool("ruff format --check", ("ruff", "format", "--isolated", "--check", "--quiet", "{files}"), RUFF, QUICK),
    Tool("ty check", ("ty", "check", "--exit-zero", "--output-format", "concise", "{files}"), {}),
    Tool("lint-imports", ("lint-imports", "--config", "{cache}/importlinter.ini", "--cache-dir", "{cache}"), {}, QUICK),
    Tool("fixit lint", ("fixit", "--quiet", "lint", "{files}"), {}, few=True),
    Tool("mypy", ("mypy", "--ignore-missing-imports", "--cache-dir", "{cache}", "{files}"), {}, QUICK),
)
OWN = Tool(
    "contractlint check",
    (sys.executable, "-m", "contractlint", "check", "--exit-zero", "--output-format", "json", "{files}"),
    {"CONTRACTLINT_CACHE_DIR": "{cache}"},
    ("cold", "again", "edit"),
)


def installed(requirements: Sequence[str]) -> Path:
    """The commands of the peers; installed at the first use into a folder beside the tool's cache."""
    folder = default_folder() / "peers"
    wanted = "\n".join((sys.version, *requirements))
    mark = folder / "installed.txt"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != wanted:
        print("installing the peers …", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *requirements], check=True)
        mark.write_text(wanted, encoding="utf-8")
    return folder / "bin"


class Round:
    """One turn of every tool on one tree."""

    def __init__(self, engine: Engine, tree: Path, packages: Sequence[str], commands: Path, limit: float) -> None:
        self.engine, self.tree, self.packages = engine, tree, packages
        self.commands, self.limit = commands, limit
        self.few = [str(path) for name in packages for path in _naming(tree / name, b"flashinfer")]

    def of(self, tool: Tool) -> Iterator[tuple[str, Run | None]]:
        """The runs of one tool, each with its kind; none where one did not end in time, and nothing after it."""
        with tempfile.TemporaryDirectory(prefix="contractlint-peer-") as cache:
            config = CONTRACT.format(package=self.packages[0])
            Path(cache, "importlinter.ini").write_text(config, encoding="utf-8")
            for kind in tool.kinds:
                run = self._edited(tool, cache) if kind == "edit" else self._run(tool, cache)
                yield kind, run
                if run is None:
                    return

    def _run(self, tool: Tool, cache: str) -> Run | None:
        files = self.few if tool.few else [str(self.tree / name) for name in self.packages]
        command = [part.format(cache=cache, files="") or file for part in tool.command for file in _each(part, files)]
        path = f"{self.commands}{os.pathsep}{os.environ['PATH']}"
        own = {name: value.format(cache=cache) for name, value in tool.environment.items()}
        environment = {**os.environ, "PATH": path, "PYTHONPATH": str(self.tree), **own}
        if tool is OWN:
            environment["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
        # Not from within the tree: its settings of other tools suppose that it is installed.
        run, code, _, said = timed(command, environment, Path(cache), self.limit)
        if code < 0:
            return None
        if code not in (0, 1):
            raise Failed(f"{' '.join(command)[:400]}\nended with {code}: {said.decode(errors='replace')[-2000:]}")
        print(f"{tool.name}: {run.wall:.2f} s, user {run.user:.2f} s", file=sys.stderr, flush=True)
        return run

    def _edited(self, tool: Tool, cache: str) -> Run | None:
        edited = self.tree / self.engine.edit
        before = edited.read_bytes()
        edited.write_bytes(before + ADDED)
        try:
            return self._run(tool, cache)
        finally:
            edited.write_bytes(before)


def _each(part: str, files: Sequence[str]) -> Sequence[str]:
    return files if part == "{files}" else ("",)


def _naming(folder: Path, word: bytes) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.py")) if word in path.read_bytes()]


def measured(engine: Engine, tools: Sequence[Tool], count: int, limit: float) -> Iterator[str]:
    """A Markdown table: what each kind of run of each tool took."""
    commands = installed(REQUIREMENTS)
    package = engine.fetch()
    runs: dict[tuple[str, str], list[Run]] = {}
    late: list[str] = []
    with tempfile.TemporaryDirectory(prefix="contractlint-peers-") as work:
        tree = Path(work) / engine.name
        shutil.copytree(package.root, tree)
        turn = Round(engine, tree, package.packages, commands, limit)
        for _ in range(count):
            for tool in tools:
                if tool.name in late:
                    continue
                for kind, run in turn.of(tool):
                    if run is None:
                        late.append(tool.name)
                    else:
                        runs.setdefault((tool.name, kind), []).append(run)
    few = {tool.name for tool in tools if tool.few}
    yield "| tool | cache | runs | wall s | user CPU s | peak MB |"
    yield "|---|---|---:|---:|---:|---:|"
    for (name, kind), each in runs.items():
        run = median(each)
        what = f"{name} ({len(turn.few)} files)" if name in few else name
        yield f"| {what} | {kind} | {len(each)} | {run.wall:.2f} | {run.user:.2f} | {run.peak / MEGABYTE:.0f} |"
    yield from (f"| {name} | | | more than {limit:.0f} | | |" for name in late)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for and print it as Markdown."""
    engines = load_engines()
    names = [tool.name for tool in PEERS]
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("engine", nargs="?", default="vllm==0.33.0", metavar="NAME==VERSION")
    parser.add_argument("-n", "--rounds", type=int, default=3, help="how often each has its turn (default: 3)")
    parser.add_argument("--peers", default=",".join(names), help=f"divided by commas; default: {','.join(names)}")
    parser.add_argument("--limit", type=float, default=600, help="seconds after which a run is given up (default: 600)")
    options = parser.parse_args(arguments)
    wanted = options.peers.split(",")
    unknown = [name for name in wanted if name not in names] + [e for e in (options.engine,) if e not in engines]
    if unknown:
        parser.error(f"not known: {', '.join(unknown)}")
    print(f"{machine()}\n\n{options.engine}; {', '.join(REQUIREMENTS)}\n", flush=True)
    tools = (OWN, *(tool for tool in PEERS if tool.name in wanted))
    try:
        print("\n".join(measured(engines[options.engine], tools, options.rounds, options.limit)))
    except Failed as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
