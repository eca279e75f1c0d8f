"""Runs `check` over mutated Python and looks for a crash, a hang, or an outcome that is none. See bench/README.md."""

from __future__ import annotations

import argparse
import random
import re
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
if __package__ in (None, ""):
    sys.path.insert(0, str(HERE.parent))

from contractlint.catalog import Catalog, load_catalog  # noqa: E402
from contractlint.check import run_check  # noqa: E402
from contractlint.model.finding import Target  # noqa: E402
from contractlint.report import View, render  # noqa: E402
from contractlint.sources import Tree  # noqa: E402
from tests.cases.reading import read_cases  # noqa: E402

CASES = HERE.parent / "tests" / "cases"
LIMIT = 20  # seconds for one case
# What makes a text odd: layouts, strings that look like code, half a statement, bytes that no encoding knows.
ODD = (
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "\\",
    '"""',
    "'''",
    '"',
    "#",
    "\t",
    "\f",
    "\r\n",
    "\r",
    "\x00",
    "\ufeff",
    "é",
    "\U0001d535",
    "\n\n",
    " = ",
    ", ",
    "*",
    "**",
    "@",
    "lambda: ",
    "async ",
    "await ",
    "yield ",
    "def f():\n",
    "class X(X):\n",
    "return\n",
    "global x\n",
    "if True: ",
    "else:\n",
    "try:\n",
    "match x:\n",
    "case _:\n",
    "with x as y:\n",
    "for x in x:\n",
    "x := ",
    "del x\n",
    "f'{x!r}'",
    "import house\n",
    "from house import *\n",
    "from . import x\n",
    "scale_by_bias(",
    "scale_by_bias = scale_by_bias\n",
    "self",
    "super()",
    "# -*- coding: latin-1 -*-\n",
    "# -*- coding: nothing -*-\n",
    "pass\n",
    "    ",
    "        ",
    "...",
    "0x",
    "1e999",
    "not ",
    "x.y.z",
)


class Hung(Exception):
    """A case took longer than it may."""


def mutated(text: str, other: str, rng: random.Random) -> str:
    """A text with one change."""
    lines = text.split("\n")
    at, place = rng.randrange(len(lines)), rng.randrange(len(text) + 1)
    match rng.randrange(10):
        case 0:
            del lines[at]
        case 1:
            lines.insert(rng.randrange(len(lines)), lines[at])
        case 2:
            there = rng.randrange(len(lines))
            lines[at], lines[there] = lines[there], lines[at]
        case 3:
            return text[:place] + rng.choice(ODD) + text[place:]
        case 4:
            return text[:place] + text[place + rng.randrange(1, 30) :]
        case 5:
            lines[at] = rng.choice(("", " ", "    ", "\t")) + lines[at].lstrip()
        case 6:
            words = re.findall(r"\w+", text) or ["x"]
            lines[at] = re.sub(r"\w+", rng.choice(words), lines[at], count=1)
        case 7:
            start = rng.randrange(len(other) + 1)
            return text[:place] + other[start : start + rng.randrange(200)] + text[place:]
        case 8:
            lines[at : at + rng.randrange(6)] = []
        case _:
            lines.insert(at, rng.choice(ODD))
    return "\n".join(lines)


def texts(extra: Path | None) -> Iterator[dict[str, str]]:
    """The projects to start from: the cases of the tests, and the smaller files of a folder, each alone."""
    for file in sorted(set(CASES.glob("*.md")) - {CASES / "README.md"}):
        for case in read_cases(file):
            if not case.contracts and not case.settings.get("release"):
                yield {name: case.source(name) for name in case.files}
    for path in sorted(extra.rglob("*.py")) if extra is not None else ():
        if 0 < path.stat().st_size < 20_000:
            yield {
                "engine/real.py": path.read_text(encoding="utf-8", errors="surrogateescape"),
                "engine/__init__.py": "",
            }


def run(project: dict[str, str], folder: Path, catalog: Catalog, release: str) -> str:
    """Check a project as the command does; a word for how it ended."""
    for name, text in project.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode("utf-8", errors="surrogateescape"))
    tree = Tree(folder, tuple(sorted(project)))
    target = Target(catalog.libraries[0], release, "option")
    report = run_check(tree, catalog, [target], strict=True, pedantic=True, cache=False)
    render(View(report, read=tree.read, subject="", prefix=""), "json")
    return "findings" if report.findings else "unchecked" if report.unchecked else "clean"


def fuzz(
    cases: int, seed: int, extra: Path | None, say: Callable[[str], None], limit: int = 0
) -> tuple[Counter[str], list[str]]:
    """Run so many cases, each for so many seconds at most; how they ended, and what went wrong."""
    rng, ended, wrong = random.Random(seed), Counter[str](), list[str]()
    with tempfile.TemporaryDirectory() as work:
        house = load_catalog([CASES / "house.toml"], shipped=False, cache_folder=Path(work, "catalog"))
        book = load_catalog([], cache_folder=Path(work, "catalog"))
        release = book.releases(book.libraries[0])[-1]
        projects = list(texts(extra))
        for number in range(cases):
            project = dict(rng.choice(projects))
            for _ in range(rng.randrange(1, 4)):
                name = rng.choice(list(project))
                project[name] = mutated(project[name], rng.choice(list(rng.choice(projects).values())), rng)
            folder = Path(work, str(number % 64))
            signal.alarm(limit)
            signal.alarm(LIMIT)
            try:
                real = "engine/real.py" in project
                ended[run(project, folder, book if real else house, release if real else "*")] += 1
            except Exception:
                wrong.append(f"case {number}: {traceback.format_exc(limit=-3)}\n{project}")
            finally:
                signal.alarm(0)
                for name in project:
                    (folder / name).unlink(missing_ok=True)
            if number % 1000 == 999:
                say(f"{number + 1} cases, {len(wrong)} wrong")
    return ended, wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="mutate its Python files, too")
    asked = parser.parse_args()

    def hung(*_: object) -> None:
        raise Hung(f"more than {LIMIT} s")

    signal.signal(signal.SIGALRM, hung)
    started = time.process_time()
    ended, wrong = fuzz(asked.cases, asked.seed, asked.real, lambda text: print(text, file=sys.stderr), LIMIT)
    spent = time.process_time() - started
    print(
        f"{asked.cases} cases, seed {asked.seed}, {spent:.0f} s of CPU: {dict(sorted(ended.items()))}, {len(wrong)} wrong"
    )
    for text in wrong[:5]:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
