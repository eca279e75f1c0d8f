"""Apply paths: the ways by which engine code reaches a call site."""

from __future__ import annotations

from dataclasses import dataclass

from contractlint.model.finding import ArgumentRow, Place


@dataclass(frozen=True, slots=True)
class ApplyPathRow:
    """One way to one call site.

    `chain` are the functions from the layer's forward to the one that holds the call, `scheme` the quantisation scheme as far
    as the code names it. `status` is that of the call site; `reason` says what is missing where the way could not be followed.
    """

    place: Place
    entry_point: str
    chain: tuple[str, ...]
    scheme: str
    release: str
    arguments: tuple[ArgumentRow, ...]
    status: str
    reason: str = ""
