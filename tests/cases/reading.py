"""Reads cases: small projects in Markdown, with comments that say what the static pass must find in them.

README.md beside this file describes the format.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from contractlint.sources.toml import loads

SETTINGS = {"release", "only", "strict", "pedantic", "unchecked", "xfail"}
_WORDS = "error|warning|note|violated|proved|unproven|unresolved|bound|path|says|at"
_EXPECTATION = re.compile(rf"#\s*({_WORDS})\b:?\s*(.*?)\s*(?=#\s*(?:{_WORDS})\b|$)")
_COMMENT = re.compile(rf"\s*#\s*({_WORDS}|file)\b.*")


class Said(NamedTuple):
    """One expectation: the word, what follows it, and where it stands."""

    file: str
    line: int
    word: str
    text: str


@dataclass
class Case:
    """One project. `contracts` are those of its own; without any, the house kernel's holds."""

    name: str
    line: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    contracts: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def source(self, name: str) -> str:
        """A file as the engine sees it: what is expected of it must not help to find it."""
        return "".join(f"{_COMMENT.sub('', line)}\n" for line in self.files[name].splitlines())

    def expectations(self) -> Iterator[Said]:
        """What the comments say, in the order of the files."""
        for name, text in self.files.items():
            for number, line in enumerate(text.splitlines(), 1):
                for word, rest in _EXPECTATION.findall(line):
                    yield Said(name, number, word, rest)


def read_cases(path: Path) -> Iterator[Case]:
    """The cases of a file, one below each heading of level 2. What stands above the first heading is part of each."""
    shared = current = Case(path.stem)
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    for number, line in lines:
        if line.startswith("## "):
            if current is not shared:
                yield current
            name = line[3:].strip()
            current = Case(name, number, dict(shared.settings), dict(shared.contracts), dict(shared.files))
        elif line.startswith("```"):
            block = "".join(f"{text}\n" for _, text in itertools.takewhile(lambda each: each[1] != "```", lines))
            _add(current, line[3:].strip(), block, f"{path.name}:{number}")
    if current is not shared:
        yield current


def _add(case: Case, language: str, block: str, where: str) -> None:
    first = block.partition("\n")[0]
    name = first.removeprefix("# file:").strip() if first.startswith("# file:") else ""
    if language == "python" and name:
        case.files[name] = block
    elif language == "toml" and name:
        case.contracts[name] = block
    elif language == "toml":
        case.settings.update(loads(block))
        unknown = set(case.settings) - SETTINGS
        assert not unknown, f"{where}: unknown settings {sorted(unknown)}"
    else:
        raise AssertionError(f"{where}: a block is settings in toml, or a file that begins with `# file: NAME`")
