"""One line of progress on a terminal, for runs that take more than a second."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class Progress:
    """Call it with what is done, how much of it, of how much. Silent where stderr is no terminal."""

    def __init__(self, *, patience: float = 1.0) -> None:
        self._terminal = sys.stderr.isatty()
        self._next = time.monotonic() + patience
        self._shown = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self._terminal or time.monotonic() < self._next:
            return
        share = f" {done * 100 // total}%" if total else ""
        sys.stderr.write(f"\r\x1b[K{what}{share} …")
        sys.stderr.flush()
        self._shown = True
        self._next = time.monotonic() + 0.1

    def clear(self) -> None:
        """Take the line away again."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False
