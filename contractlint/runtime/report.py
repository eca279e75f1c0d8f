"""What each process says of itself, for whoever started it: one small file a process in a folder of statuses."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from contractlint.runtime import arming, hook


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """One process: what it armed, in words; required entry points that it did not arm; breaches that it saw."""

    pid: int
    lines: tuple[str, ...]
    missing: tuple[str, ...]
    imported: bool
    broken: int


def watch(folder: str) -> None:
    """Say in `folder` what becomes of this process: as soon as something is armed, and at its end."""
    if not folder:
        return

    def write() -> None:
        _write(folder)

    arming.on_change(write)
    hook.at_end(write)


def read(folder: str) -> Iterator[ProcessReport]:
    """What the processes said, by process number."""
    with suppress(OSError):
        for name in sorted(os.listdir(folder)):
            try:
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    data = json.load(file)
                yield ProcessReport(
                    data["pid"], tuple(data["lines"]), tuple(data["missing"]), data["imported"], data["broken"]
                )
            except (OSError, ValueError, KeyError):
                continue


def _write(folder: str) -> None:
    found = arming.status()
    data = {
        "pid": os.getpid(),
        "lines": found.lines(),
        "missing": list(found.missing()),
        "imported": bool(found.libraries),
        "broken": found.broken,
    }
    path = os.path.join(folder, f"{os.getpid()}.json")
    try:
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(data, file)
        os.replace(f"{path}.new", path)
    except OSError as problem:
        print(f"contractlint: the status of this process is not kept: {problem}", file=sys.stderr)
