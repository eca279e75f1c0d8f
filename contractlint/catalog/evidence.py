"""Evidence lines: `check launcher 0.6.4:1905 0.6.6:1948 "code that stands there"`.

A run of a kernel is cited by the name of its file: `kernel-run fused_topk_deepseek-h100 0.6.7 "int64 raises"`.

The quote is a piece of the cited line. With ` … ` between pieces, each is looked for at or below the one before it, so
a line that occurs once per class can be named by its class. Tools that meet a new release find the line again by the
quote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from pathlib import Path

from contractlint.catalog.runs import FOLDER, SUFFIX, Run
from contractlint.model.contract import Evidence, EvidenceKind

ELISION = " … "

_KINDS = {kind.value for kind in EvidenceKind}
_LINE = re.compile(
    r'(?P<kind>[\w-]+)\s+(?P<file>\S+)(?P<places>(?:\s+[^\s"]+)*)(?:\s+"(?P<quote>.*)")?\s*\Z', re.DOTALL
)
_PLACE = re.compile(r"(?P<release>[^\s:]+):(?P<line>\d+)\Z")


def parse_evidence(text: str, files: Mapping[str, str]) -> tuple[Evidence, ...]:
    """Return one Evidence for each release that the line cites. Raises ValueError, saying what is wrong."""
    match = _LINE.match(text)
    if match is None:
        raise ValueError("evidence reads: KIND FILE RELEASE:LINE … and optionally a quote in double quotes")
    kind = match["kind"]
    if kind not in _KINDS:
        raise ValueError(f"unknown kind of evidence {kind!r}")
    places = match["places"].split()
    if not places:
        raise ValueError("evidence names no release")
    quote = match["quote"] or ""
    if kind in (EvidenceKind.ISSUE.value, EvidenceKind.KERNEL_RUN.value):
        named = match["file"]
        where = Path(named).name.removesuffix(SUFFIX) if kind == EvidenceKind.KERNEL_RUN.value else named
        return tuple(Evidence(EvidenceKind(kind), place, where, quote) for place in places)
    file = files.get(match["file"], match["file"])
    if file == match["file"] and "." not in file:
        raise ValueError(f"unknown file {file!r}: it is neither a path nor a name under [files] in releases.toml")
    found = []
    for place in places:
        cited = _PLACE.match(place)
        if cited is None:
            raise ValueError(f"{place!r} is not RELEASE:LINE")
        found.append(Evidence(EvidenceKind(kind), cited["release"], f"{file}:{cited['line']}", quote))
    return tuple(found)


def wrong_run(item: Evidence, runs: Mapping[str, Run], subjects: Set[tuple[str, str]]) -> tuple[str, str]:
    """Say what is wrong with a kernel run that is cited, and the remedy; `subjects` are those it may tell of."""
    run = runs.get(item.where)
    if run is None:
        remedy = "`contractlint exercise --evidence` writes it; or correct the name"
        return f"there is no file {FOLDER}/{item.where}{SUFFIX} beside these contracts", remedy
    if run["release"] != item.release:
        return (
            f"{FOLDER}/{item.where}{SUFFIX} is of release {run['release']}, not {item.release}",
            "correct the release",
        )
    if subjects and not subjects & set(run["subjects"]):
        names = " or ".join(sorted(f"{entry}: {parameter}" for entry, parameter in subjects))
        return f"{FOLDER}/{item.where}{SUFFIX} has no outcome of {names}", "cite a run that mutates this parameter"
    return "", ""


def locate(quote: str, lines: list[str]) -> int | None:
    """Return the number of the first line that a quote names, or None."""
    start = 0
    for piece in quote.split(ELISION.strip()):
        piece = piece.strip()
        for index in range(start, len(lines)):
            if piece in lines[index]:
                start = index
                break
        else:
            return None
    return start + 1
