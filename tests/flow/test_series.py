"""Sequences that are found while they are gone through."""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.flow.series import Series


def test_nothing_is_looked_for_before_it_is_needed_and_nothing_twice() -> None:
    looked: list[int] = []

    def search() -> Iterator[int]:
        for number in range(5):
            looked.append(number)
            yield number

    series = Series(search())
    first = iter(series)
    assert [next(first), next(first)] == [0, 1]
    assert looked == [0, 1]
    assert list(series) == [0, 1, 2, 3, 4]
    assert list(first) == [2, 3, 4]
    assert looked == [0, 1, 2, 3, 4]


def test_a_search_that_leads_back_to_itself_sees_what_is_found_so_far() -> None:
    seen: list[list[str]] = []

    def search() -> Iterator[str]:
        yield "a"
        seen.append(list(series))
        yield "b"

    series = Series(search())
    assert list(series) == ["a", "b"]
    assert seen == [["a"]]
