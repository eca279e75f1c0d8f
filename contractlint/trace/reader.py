"""Trace files as they are read: ours, and what FlashInfer writes of itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from contractlint.trace.foreign import Observation, read_foreign
from contractlint.trace.rows import VERSION, Row


class TraceError(Exception):
    """Something that should hold traces does not."""


@dataclass(slots=True)
class Trace:
    """What was read: rows by key, headers of processes, observations of others, and what was wrong with the files."""

    rows: dict[tuple[object, ...], Row] = field(default_factory=dict)
    headers: list[dict[str, Any]] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    files: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, row: Row) -> None:
        known = self.rows.get(row.key)
        self.rows[row.key] = row if known is None else known.joined(row)

    def ordered(self) -> list[Row]:
        """Rows by entry point and place."""
        return sorted(
            self.rows.values(), key=lambda r: (r.library, r.entry_point, r.file, r.line, r.release, str(r.key))
        )


def read_traces(paths: Iterable[Path]) -> Trace:
    """Read files and folders. Raises TraceError for a path that is not there or holds no trace."""
    trace = Trace()
    for path in paths:
        if not path.exists():
            raise TraceError(f"{path}: there is no such file or folder")
        before = (trace.files, len(trace.observations), len(trace.problems))
        for file in _files(path):
            _read(file, trace)
        if (trace.files, len(trace.observations), len(trace.problems)) == before:
            raise TraceError(f"{path}: holds neither a trace nor a log of FlashInfer (FLASHINFER_LOGLEVEL 3 or 10)")
    return trace


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        if "session.jsonl" in names:
            folders.clear()  # the folders beside it hold the same calls once more
            yield Path(folder, "session.jsonl")
            continue
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names) if name.endswith((".jsonl", ".json", ".txt", ".log")))


def _read(path: Path, trace: Trace) -> None:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError as problem:
        trace.problems.append(f"{path}: {problem.strerror}")
        return
    if text.startswith('{"trace":'):
        _read_own(path, text, trace)
        return
    found, problems = read_foreign(path, text)
    trace.problems += problems
    if found:
        trace.files += 1
        trace.observations += found


def _read_own(path: Path, text: str, trace: Trace) -> None:
    """A file may end in the middle of a line, where its process was killed or the disk was full."""
    lines = text.splitlines()
    header = _json(lines[0])
    version = header.get("trace") if header is not None else None
    if header is None or not isinstance(version, int):
        trace.problems.append(f"{path}:1: the header is damaged, so nothing of the file was read")
        return
    if version > VERSION:
        trace.problems.append(f"{path}: is a trace of a newer contractlint; update to read it")
        return
    trace.files += 1
    merged = header.get("merged", False)
    trace.headers += header.get("headers", []) if merged else [header]
    rows: dict[int, Row] = {}
    for number, line in enumerate(lines[1:], 2):
        data = _json(line)
        if data is None:
            if number != len(lines):
                trace.problems.append(f"{path}:{number}: is no JSON and was left out")
            continue
        try:
            if "entry_point" in data:
                row = Row.from_json(data)
                rows[int(data["id"])] = row if merged else replace(row, hosts=(str(header.get("host", "")),))
            else:
                rows[int(data["id"])] = replace(rows[int(data["id"])], count=int(data["count"]))
        except (KeyError, TypeError, ValueError):
            trace.problems.append(f"{path}:{number}: is no row of a trace and was left out")
    for row in rows.values():
        trace.add(row)


def _json(line: str) -> dict[str, Any] | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def dump_merged(trace: Trace) -> Iterator[str]:
    """One trace as lines, from everything that was read."""
    yield json.dumps({"trace": VERSION, "merged": True, "headers": trace.headers}, separators=(",", ":"))
    for number, row in enumerate(trace.ordered(), 1):
        yield json.dumps({"id": number, **row.to_json()}, separators=(",", ":"))
