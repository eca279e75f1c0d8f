"""Sequences that are found while they are gone through, so that nobody looks for more than is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Series(Generic[T]):
    """What a search finds, kept as far as somebody went: all who go through it see the same items in the same order.

    A search that leads back to itself sees what is found so far.
    """

    __slots__ = ("_busy", "_known", "_search")

    def __init__(self, search: Iterable[T]) -> None:
        self._known: list[T] = []
        self._search = iter(search)
        self._busy = False

    def __iter__(self) -> Iterator[T]:
        at = 0
        while at < len(self._known) or self._more():
            yield self._known[at]
            at += 1

    @property
    def searching(self) -> bool:
        """Whether the search is under way further out, so that what is seen here may not be all."""
        return self._busy

    def _more(self) -> bool:
        if self._busy:
            return False
        self._busy = True
        try:
            for item in self._search:
                self._known.append(item)
                return True
            return False
        finally:
            self._busy = False
