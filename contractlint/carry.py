"""Carry the report of an earlier run over to a tree that has changed where that run did not look.

A run leaves a record: what it asked of the text of all files, and what it looked at in each that it opened. After a change,
the files that differ from those of the run are asked the same. Where every answer is what it was, the outcome is what it was,
and only lines moved.
"""

from __future__ import annotations

import hashlib
import marshal
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from contractlint.catalog.cache import write
from contractlint.model.finding import Finding, Place, Report, Step
from contractlint.results import keep, kept, key_of

if TYPE_CHECKING:
    from contractlint.index.project import Project
    from contractlint.sources import Tree

MOST_CHANGED = 40
KEPT = 8

Lines = dict[str, dict[int, int]]


class _Moved(Exception):
    """A line that is spoken of is none of those that were looked at."""


@dataclass(slots=True)
class Record:
    """What one run looked at.

    `looked` is by the file's number, with the package that its relative imports start from; each as `marshal` writes it,
    since only those of changed files are ever read. `words` lists all names in all files.
    """

    report: str
    files: tuple[str, ...]
    digests: list[bytes]
    found: dict[tuple[str, str], tuple[int, ...]]
    found_all: dict[tuple[tuple[str, str], ...], tuple[int, ...]]
    looked: dict[int, bytes]
    troubled: tuple[str, ...]
    words: bytes

    def save(self, path: Path) -> None:
        write(path, marshal.dumps(tuple(getattr(self, part.name) for part in fields(self))), keep=KEPT)

    @classmethod
    def load(cls, path: Path) -> Record | None:
        try:
            return cls(*marshal.loads(path.read_bytes()))
        except (OSError, EOFError, ValueError, TypeError):
            return None


def record_of(project: Project, tree: Tree, digests: Sequence[bytes], report: str) -> Record:
    """What a run has looked at so far."""
    from contractlint.index.looked import look

    looked = {index: marshal.dumps((module.ir.package, tuple(look(module.ir)))) for index, module in project.opened()}
    text = project.text
    unreadable = tuple(project.unreadable)
    return Record(report, tree.files, list(digests), text.found, text.found_all, looked, unreadable, text.words)


def place_of(folder: Path, settings: str, tree: Tree) -> Path:
    """Where the record of the last run over a tree lies."""
    return folder / f"run-{hashlib.sha256(f'{settings}{tree.root}'.encode()).hexdigest()[:32]}.bin"


def carried(folder: Path, settings: str, tree: Tree, digests: Sequence[bytes]) -> Report | None:
    """The report of the last run over a tree, if what has changed since does not matter to it."""
    record = Record.load(place_of(folder, settings, tree))
    if record is None or record.files != tree.files:
        return None
    changed = [index for index, digest in enumerate(digests) if digest != record.digests[index]]
    if len(changed) > MOST_CHANGED or any(tree.files[index] in record.troubled for index in changed):
        return None
    report = kept(folder, record.report)
    if report is None:
        return None
    try:
        sources = {index: tree.read(tree.files[index]) for index in changed}
        report = _moved(report, {tree.files[index]: _lines(record, sources, index) for index in changed})
    except (_Moved, OSError):
        return None
    keep(folder, key_of(settings, tree.files, digests), report)
    return report


def _lines(record: Record, sources: dict[int, bytes], index: int) -> dict[int, int]:
    """Where the lines of one of the changed files have gone; raises `_Moved` where the change may matter."""
    from contractlint.index.looked import Looked, moved
    from contractlint.index.text import TextOf

    def is_new(name: str) -> bool:
        text = name.encode()
        return b"\0%b\0" % text not in record.words and sum(source.count(text) for source in sources.values()) == 1

    source = sources[index]
    if not TextOf(source).answers(index, record.found, record.found_all):
        raise _Moved
    if index not in record.looked:
        return {}
    package, looked = marshal.loads(record.looked[index])
    lines = moved(Looked(*looked), source, package, is_new)
    if lines is None:
        raise _Moved
    return lines


# moving lines


def _moved(report: Report, lines: Lines) -> Report:
    """A report that speaks of the lines as they stand now."""
    move = _Mover(lines)
    return replace(
        report,
        call_sites=[
            replace(row, place=move.place(row.place), reason=move.text(row.reason)) for row in report.call_sites
        ],
        arguments=[replace(row, place=move.place(row.place), reason=move.text(row.reason)) for row in report.arguments],
        findings=[move.finding(finding) for finding in report.findings],
    )


class _Mover:
    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        files = "|".join(re.escape(file) for file in lines)
        self.spoken = re.compile(rf"(?<![\w/.-])({files}):(\d+)")

    def line(self, file: str, line: int) -> int:
        moves = self.lines.get(file)
        if moves is None or not line:
            return line
        if line not in moves:
            raise _Moved
        return moves[line]

    def place(self, place: Place) -> Place:
        if place.file not in self.lines:
            return place
        end = self.line(place.file, place.end_line) if place.end_line else 0
        return replace(place, line=self.line(place.file, place.line), end_line=end)

    def text(self, text: str) -> str:
        return self.spoken.sub(lambda m: f"{m[1]}:{self.line(m[1], int(m[2]))}", text)

    def step(self, step: Step) -> Step:
        return step._replace(line=self.line(step.file, step.line), what=self.text(step.what))

    def finding(self, finding: Finding) -> Finding:
        return replace(
            finding,
            place=self.place(finding.place),
            call=self.place(finding.call) if finding.call is not None else None,
            message=self.text(finding.message),
            remedy=self.text(finding.remedy),
            consequence=self.text(finding.consequence),
            notes=tuple(self.text(note) for note in finding.notes),
            paths=tuple(tuple(self.step(step) for step in path) for path in finding.paths),
        )
