#!/usr/bin/env python3
"""Draw clauses at random, for somebody to hold against the code by hand.

    sample_clauses.py LIBRARY [--count 40] [--seed N] [--lines 4]

Each clause is drawn together with one of its releases. Printed is what it says, and every place of its evidence as it
stands in the published wheel of that release (fetched once), with the lines around it. The same seed draws the same
sample from the same contracts; without one a seed is made up, and printed.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from contractlint.catalog import load_catalog
from contractlint.catalog.ranges import members
from contractlint.drift.quotes import Quotes
from contractlint.drift.wheel import Wheel
from contractlint.model import words
from contractlint.model.contract import Clause
from contractlint.sources.package import fetch_wheel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--lines", type=int, default=4, help="lines of source to show before and after")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    catalog = load_catalog()
    releases = catalog.releases(options.library)
    drawn = random.Random(seed)
    names = sorted(name for name in catalog.entry_points if catalog.library_of(name) == options.library)
    known = [found for name in names for found in catalog.clauses_of(name)]
    sample = drawn.sample(known, min(options.count, len(known)))
    print(f"seed {seed}: {len(sample)} of {len(known):,} clauses of {options.library}")
    quotes: dict[str, Quotes] = {}
    for number, (mask, clause) in enumerate(sample, 1):
        release = drawn.choice(members(mask, releases))
        if release not in quotes:
            path = fetch_wheel(f"{options.library}=={release}")
            quotes[release] = Quotes(Wheel(path, options.library, catalog.package(options.library), release))
        print("\n".join(["", *_shown(number, clause, release, quotes[release], options.lines)]))


def _shown(number: int, clause: Clause, release: str, quotes: Quotes, around: int) -> list[str]:
    out = [
        f"{number:2}. {clause.entry_point} in {release}",
        f"    {words.contract(clause)}",
        f"    {words.enforcement(clause)}" + (f": {clause.consequence}" if clause.consequence else ""),
        f"    {clause.source}",
    ]
    seen = set()
    for item in clause.evidence:
        file = item.where.rpartition(":")[0]
        line = quotes.find(item) if item.note else None
        if line is None or (file, line) in seen:
            continue
        seen.add((file, line))
        out.append(f"    {item.kind.value} {file}:{line}")
        text = quotes.lines(file)
        for index in range(max(line - around, 1), min(line + around, len(text)) + 1):
            out.append(f"    {'>' if index == line else ' '}{index:6} {text[index - 1][:150]}")
    return out


if __name__ == "__main__":
    main()
