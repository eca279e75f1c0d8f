"""Progress shows on a terminal only, and only when a run takes its time."""

from __future__ import annotations

import io
import sys

import pytest

from contractlint.cli.progress import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_long_run_shows_what_it_does_and_cleans_up(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress(patience=0) as progress:
        progress("reading", 1, 4)
    assert terminal.getvalue() == "\r\x1b[Kreading 25% …\r\x1b[K"


def test_a_short_run_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress() as progress:
        progress("reading", 1, 4)
    assert terminal.getvalue() == ""


def test_a_pipe_is_never_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with Progress(patience=0) as progress:
        progress("reading", 1, 4)
    assert pipe.getvalue() == ""
