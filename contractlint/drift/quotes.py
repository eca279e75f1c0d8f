"""The quotes of evidence, looked up in a wheel."""

from __future__ import annotations

import re
from functools import cache

from contractlint.catalog.evidence import ELISION, locate
from contractlint.drift.wheel import Wheel
from contractlint.model.contract import Evidence

# A line that begins a class or function, at the top level or (in Python) inside a function that registers it.
_SCOPE = re.compile(r"class \w|(?:    )?def \w|(?:Array<Tensor>|Tensor) \w+\(")


class Quotes:
    """Looks up quotes of evidence in a wheel."""

    def __init__(self, wheel: Wheel) -> None:
        self._wheel = wheel
        self.lines = cache(lambda file: (wheel.text(file) or "").splitlines())
        self._stand: set[tuple[str, str]] = set()
        self._locate = cache(self._look_up)

    def find(self, item: Evidence) -> int | None:
        """Return the line on which the quote of an item stands in this wheel, wherever it was cited."""
        line: int | None = self._locate(item.where.rpartition(":")[0], item.note)
        return line

    @property
    def found(self) -> int:
        """How many different quotes were found."""
        return len(self._stand)

    def _look_up(self, file: str, quote: str) -> int | None:
        lines = self.lines(file)
        line = locate(quote, lines)
        if line is not None and crosses(quote, lines):
            return None
        if line is not None:
            self._stand.add((file, quote))
        return line

    def stands(self, item: Evidence) -> bool:
        return self.find(item) is not None

    def wrong(self, item: Evidence) -> str:
        """Say what is wrong with a place that is cited of this very release; empty when it says what it said."""
        file, _, number = item.where.rpartition(":")
        lines = self.lines(file)
        if not lines:
            return "the file is not there"
        if not item.note:
            inside = 0 < int(number) <= len(lines) and lines[int(number) - 1].strip()
            return "" if inside else "the line is empty"
        found = self.find(item)
        if found is None:
            return "the quote stands nowhere"
        return "" if found == int(number) else f"the quote stands on line {found}"


def crosses(quote: str, lines: list[str]) -> str:
    """Return the definition that begins between the first and the last piece of a quote, if any.

    Such a quote is found in another function than the one that it names, and says nothing.
    """
    first, elision, _ = quote.partition(ELISION.strip())
    start, end = (locate(first, lines), locate(quote, lines)) if elision else (None, None)
    if start is None or end is None:
        return ""
    return next((line.strip() for line in lines[start : end - 1] if _SCOPE.match(line)), "")
