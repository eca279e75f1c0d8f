"""Release ranges as sets of known releases, held as bit masks: bit i stands for the i-th release, oldest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

# A library without releases (a kernel that lives in the caller's own tree) has this one, and every release means it.
UNVERSIONED = "*"


def everything(releases: Sequence[str]) -> int:
    """Return the mask of all releases."""
    return (1 << len(releases)) - 1


def members(mask: int, releases: Sequence[str]) -> tuple[str, ...]:
    """Return the releases of a mask, oldest first."""
    return tuple(release for index, release in enumerate(releases) if mask >> index & 1)


def bits(mask: int) -> Iterator[int]:
    """Yield the indices of a mask, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


@lru_cache(maxsize=4096)
def matching(specifier: str, releases: tuple[str, ...]) -> int:
    """Return the mask of the releases that a PEP 440 specifier admits.

    Raises ValueError when the specifier is malformed.
    """
    if not specifier:
        return everything(releases)
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        parsed = SpecifierSet(specifier)
    except InvalidSpecifier as error:
        raise ValueError(str(error)) from error
    return sum(1 << index for index, release in enumerate(releases) if parsed.contains(release, prereleases=True))


def describe(mask: int, releases: Sequence[str]) -> str:
    """Name the releases of a mask in words: `0.6.4 to 0.6.6, 0.6.8`."""
    runs: list[list[str]] = []
    last = -2
    for index in bits(mask):
        if index == last + 1:
            runs[-1][1:] = [releases[index]]
        else:
            runs.append([releases[index]])
        last = index
    return ", ".join(" to ".join(run) for run in runs)


def specifier(mask: int, releases: Sequence[str]) -> str:
    """Return a specifier for a contiguous mask; the newest known release leaves the range open."""
    if not mask or mask == everything(releases):
        return ""
    first, last = next(bits(mask)), mask.bit_length() - 1
    parts = []
    if first:
        parts.append(f">={releases[first]}")
    if last + 1 < len(releases):
        parts.append(f"<{releases[last + 1]}")
    return ",".join(parts)
