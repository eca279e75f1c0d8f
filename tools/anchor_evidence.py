#!/usr/bin/env python3
"""Find the cited lines of contracts again, by the quotes that evidence carries.

    anchor_evidence.py WHEELS CONTRACTS [--check]

Evidence is written by hand without places, `check launcher "must be bfloat16"`; this fills in where that stands in the
first and the last release of the clause's range and at each landmark between, and says in which releases it stands
nowhere. With --check nothing is written, and the exit status says whether something would be.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from contractlint.catalog import toml
from contractlint.catalog.evidence import locate
from contractlint.catalog.positions import KeyPath, key_lines
from contractlint.catalog.ranges import describe, matching, members
from contractlint.catalog.signatures import spans_of
from contractlint.drift.quotes import crosses

# Releases cited wherever a range holds them: enough to check a clause by hand without citing every release.
LANDMARKS = ("0.6.4", "0.6.6", "0.6.7", "0.6.7.post3", "0.6.8", "0.6.12", "0.6.18", "0.7.2.post1")
ANCHORED = re.compile(r'(?P<head>(?:check|read|doc)\s+(?P<file>\S+))(?:\s+[^\s"]+)*\s+"(?P<quote>.*)"\Z')


class Wheels:
    def __init__(self, root: Path, library: dict[str, object]) -> None:
        self.root, self.name = root, library["library"]
        self.releases: tuple[str, ...] = tuple(library["releases"])  # type: ignore[arg-type]
        self.files: dict[str, str] = library.get("files", {})  # type: ignore[assignment]

    @cache  # noqa: B019  (one instance, one run)
    def lines(self, file: str, release: str) -> list[str] | None:
        path = self.root / f"{self.name}-{release}" / self.files.get(file, file)
        return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else None

    def find(self, file: str, quote: str, release: str) -> int | None:
        lines = self.lines(file, release)
        number = None if lines is None else locate(quote, lines)
        return None if number is None or crosses(quote, lines or []) else number


class Presence:
    """In which releases the parameters exist that a clause is about: its own, or those that are like a shared table."""

    def __init__(self, contracts: Path, releases: tuple[str, ...]) -> None:
        self.masks: dict[tuple[str, str], int] = {}  # (file, parameter or table) → releases
        self.entry: dict[str, int] = {}
        signatures = toml.loads((contracts / "signatures.toml").read_text(encoding="utf-8"))
        shared = {path.stem: toml.loads(path.read_text("utf-8")) for path in (contracts / "shared").glob("*.toml")}
        for path in contracts.glob("*.toml"):
            table = toml.loads(path.read_text(encoding="utf-8"))
            steps = signatures.get(table.get("entry_point", ""))
            if steps is None:
                continue
            starts = sorted((releases.index(key), value) for key, value in steps.items() if key != "names")
            ends = [start for start, _ in starts[1:]] + [len(releases)]
            spans = [((1 << end) - (1 << start), value) for (start, value), end in zip(starts, ends, strict=True)]
            for mask, parsed, _ in spans_of(spans):
                self.entry[path.name] = self.entry.get(path.name, 0) | (mask if parsed else 0)
                for parameter in parsed[0] if parsed else ():
                    declared = table.get("parameters", {}).get(parameter.name, {})
                    self._add(path.name, parameter.name, mask)
                    while like := declared.get("like"):
                        file, _, key = like.partition(".")
                        self._add(f"shared/{file}.toml", key, mask)
                        declared = shared[file][key]

    def _add(self, file: str, key: str, mask: int) -> None:
        self.masks[file, key] = self.masks.get((file, key), 0) | mask

    def of(self, path: Path, here: KeyPath) -> int:
        """Return the releases in which the clause at `here` can apply."""
        if path.parent.name == "shared":
            return self.masks.get((f"shared/{path.name}", str(here[0])), 0)
        if here[0] == "parameters":
            return self.masks.get((path.name, str(here[1]).partition("[")[0]), 0)
        return self.entry.get(path.name, 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("contracts", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="do not list releases in which a quote stands nowhere")
    options = parser.parse_args()
    library = toml.loads((options.contracts / "releases.toml").read_text(encoding="utf-8"))
    wheels = Wheels(options.wheels, library)
    present = Presence(options.contracts, wheels.releases)
    changed = False
    for path in sorted(options.contracts.rglob("*.toml")):
        if path.name in ("releases.toml", "enums.toml", "signatures.toml", "results.toml"):
            continue
        before = path.read_text(encoding="utf-8")
        after = anchor(before, path, wheels, present, quiet=options.quiet)
        if after != before:
            changed = True
            if options.check:
                print(f"{path}: evidence is out of date")
            else:
                path.write_text(after, encoding="utf-8")
    return 1 if changed and options.check else 0


def anchor(text: str, path: Path, wheels: Wheels, presence: Presence, *, quiet: bool) -> str:
    """Return the text of a contract file with the places of its evidence brought up to date."""
    lines = text.split("\n")
    positions = key_lines(text)
    for here, releases, evidence in clauses(toml.loads(text), ()):
        mask = matching(releases, wheels.releases) & presence.of(path, here)
        scope = members(mask, wheels.releases)
        for index, item in enumerate(evidence):
            match = ANCHORED.match(item)
            if match is None:
                continue
            found = {release: wheels.find(match["file"], match["quote"], release) for release in scope}
            present = [release for release in scope if found[release] is not None]
            number = positions.get((*here, "evidence", index), positions[(*here, "evidence")]) - 1
            if not present:
                print(f"{path}:{number + 1}: stands nowhere: {item}")
                continue
            missing = [r for r in scope if found[r] is None]
            if missing and not quiet:
                gone = describe(sum(1 << wheels.releases.index(r) for r in missing), wheels.releases)
                print(f"{path}:{number + 1}: not in {gone}: {match['quote']}")
            cited = [r for r in present if r in LANDMARKS or r in (present[0], present[-1])]
            places = " ".join(f"{release}:{found[release]}" for release in cited)
            renewed = f'{match["head"]} {places} "{match["quote"]}"'
            if item not in lines[number]:
                raise ValueError(f"{path}:{number + 1}: write this evidence as one literal string")
            lines[number] = lines[number].replace(item, renewed, 1)
    return "\n".join(lines)


def clauses(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, str, list[str]]]:
    """Yield (path, range, evidence) of everything that carries evidence."""
    if isinstance(value, dict):
        if "evidence" in value:
            evidence = value["evidence"]
            yield path, value.get("releases", ""), evidence if isinstance(evidence, list) else [evidence]
        for key, item in value.items():
            yield from clauses(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from clauses(item, (*path, index))


if __name__ == "__main__":
    sys.exit(main())
