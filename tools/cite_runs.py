#!/usr/bin/env python3
"""Let clauses cite the kernel runs that confirm them.

    cite_runs.py CONTRACTS [--check]

CONTRACTS is the folder that holds `evidence` and the folders of the libraries. Each clause that a file under `evidence`
lists as confirmed gets a line `kernel-run NAME RELEASE "what it showed"`; a citation that no file confirms any more is
taken out. With --check nothing is written, and the exit status says whether something would be.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from contractlint.catalog import load_catalog
from contractlint.model import words

Place = tuple[str, int]  # contract file, line of the clause's table
_CITATION = re.compile(r"""\s*(?:'kernel-run [^']*'|"kernel-run (?:[^"\\]|\\.)*"),?""")
_DID = {
    "accepted-right": "right",
    "accepted-wrong": "wrong without an error",
    "raised": "raised",
    "faulted": "faulted",
    "hung": "hung",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contracts", type=Path)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    citations = collect(args.contracts)
    changed = 0
    for path in sorted(args.contracts.glob("*/**/*.toml")):
        found = {line: lines for (file, line), lines in citations.items() if path.as_posix().endswith(file)}
        before = path.read_text(encoding="utf-8")
        after = rewrite(before, found)
        if after != before:
            changed += 1
            if not args.check:
                path.write_text(after, encoding="utf-8")
    total = sum(map(len, citations.values()))
    print(
        f"{total} citations at {len(citations)} clauses; {changed} files {'would change' if args.check else 'changed'}"
    )
    return 1 if args.check and changed else 0


def collect(contracts: Path) -> dict[Place, list[str]]:
    """The lines to cite, by where clauses are declared."""
    catalog = load_catalog()
    found: dict[Place, dict[str, str]] = defaultdict(dict)
    for path in sorted((contracts / "evidence").glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        view = catalog.at(document["library"], document["release"])
        for item in document.get("confirmed", ()):
            for clause in view.clauses(item["entry_point"], item["parameter"]):
                same = clause.aspect.value == item["aspect"] and words.requirement(clause) == item["requirement"]
                if same and _held(clause, item):
                    file, _, line = clause.source.rpartition(":")
                    text = f'kernel-run {path.stem} {document["release"]} "{shown(document, item)}"'
                    found[file, int(line)].setdefault(f"{path.stem}", text)
    return {place: list(lines.values()) for place, lines in found.items()}


def _held(clause: Any, item: dict[str, Any]) -> bool:
    """Whether the clause is the one that was in force in the run, where several ask the same under other conditions."""
    return bool(words.conditions(clause) == item.get("when", ""))


def shown(document: dict[str, Any], item: dict[str, Any]) -> str:
    """What the calls about one clause did: `float16 right; float32 and float64 raised`."""
    groups: dict[str, list[str]] = defaultdict(list)
    for outcome in document["outcomes"]:
        about = (outcome["entry_point"], outcome.get("parameter")) == (item["entry_point"], item["parameter"])
        # The routing stage answers for several clauses about the same parameter, and says which.
        same = outcome.get("when", item.get("when")) == item.get("when")
        if about and same and outcome.get("mutation") == item["aspect"]:
            groups[_DID[outcome["outcome"]]].append(str(outcome["given"]).replace('"', "").replace("'", ""))
    return "; ".join(f"{_listed(given)}: {did}" for did, given in groups.items())


def _listed(given: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(given))


def rewrite(text: str, citations: dict[int, list[str]]) -> str:
    """Replace the citations of runs in a contract file; `citations` are by the line of the clause's table."""
    lines = text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines, 1) if line.startswith("[")]
    for number, start in enumerate(starts):
        end = starts[number + 1] - 1 if number + 1 < len(starts) else len(lines)
        body = "".join(lines[start:end])
        opening = re.search(r"^evidence = \[", body, re.MULTILINE)
        if opening is None:
            continue
        closing = _end_of_list(body, opening.end())
        inner = _CITATION.sub("", body[opening.end() : closing])
        for citation in citations.get(start, ()):
            inner = _with(inner, f"'{citation}'")
        changed = body[: opening.end()] + inner + body[closing:]
        lines[start:end] = [changed, *[""] * (end - start - 1)]
    return "".join(lines)


def _with(inner: str, citation: str) -> str:
    stripped = inner.rstrip()
    if "\n" in inner:
        return f"{stripped.rstrip(',')},\n  {citation},\n"
    return f"{stripped.rstrip(',')}, {citation}"


def _end_of_list(text: str, start: int) -> int:
    """The position of the bracket that closes a list of strings."""
    quote = ""
    for position in range(start, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "]":
            return position
    raise ValueError("a list of evidence is not closed")


if __name__ == "__main__":
    sys.exit(main())
