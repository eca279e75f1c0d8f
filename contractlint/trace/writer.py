"""Traces as they are written: one file a process, appended to, each line in one write.

A full or read-only disk costs the trace and one warning, never the run.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from contractlint.trace.rows import VERSION, Row


class TraceWriter:
    """Appends rows and counts to a file of this process alone."""

    def __init__(self, folder: str, header: Callable[[], dict[str, Any]]) -> None:
        self.folder = folder
        self.path = ""
        self._header = header
        self._handle = -1
        self._dead = False
        self._rows = 0

    def open(self) -> None:
        """Create the file and write the header, if that is not done yet."""
        if self._handle >= 0 or self._dead:
            return
        name = f"trace-{socket.gethostname()}-{os.getpid()}-{time.time_ns() // 1000}.jsonl"
        path = os.path.join(self.folder, name)
        try:
            os.makedirs(self.folder, exist_ok=True)
            self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | _CLOEXEC, 0o644)
        except OSError as problem:
            self._give_up(problem)
            return
        self.path = path
        self._write({"trace": VERSION, "host": socket.gethostname(), "pid": os.getpid(), **self._header()})

    def row(self, row: Row) -> int:
        """Write a new row; its number is what counts refer to."""
        self.open()
        self._rows += 1
        self._write({"id": self._rows, **row.to_json()})
        return self._rows

    def count(self, number: int, count: int) -> None:
        """Say how often a row was seen so far."""
        self._write({"id": number, "count": count})

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def forget(self) -> None:
        """In a forked child: the file is the parent's."""
        self.close()
        self.path, self._rows, self._dead = "", 0, False

    def _write(self, data: dict[str, Any]) -> None:
        if self._handle < 0 or self._dead:
            return
        line = json.dumps(data, separators=(",", ":"), default=str).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._handle, line) :]
        except OSError as problem:
            self._give_up(problem)

    def _give_up(self, problem: OSError) -> None:
        self._dead = True
        self.close()
        reason = problem.strerror or str(problem)
        print(f"contractlint: no more is traced in {self.folder}: {reason}; the run goes on", file=sys.stderr)


_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
