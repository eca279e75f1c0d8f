"""The release gate: leads on what signatures and contracts cannot show, ranked, for a human to look at."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from contractlint.catalog import Catalog, ReleaseView
from contractlint.catalog.signatures import parse_signature
from contractlint.drift.api import Callable_, read_public
from contractlint.drift.checks import Check, checks_in, python_checks
from contractlint.drift.compare import known_release
from contractlint.drift.cpp import Function, functions
from contractlint.drift.docs import dtype_words, parameter_texts
from contractlint.drift.public import INTERNAL
from contractlint.drift.quotes import Quotes
from contractlint.drift.wheel import Wheel
from contractlint.model.contract import Aspect

_CPP = (".cu", ".cuh", ".h", ".hpp", ".cc", ".cpp", ".inl")
_FOREIGN = re.compile(r"/data/(cutlass|spdlog|cccl|cub|thrust|3rdparty|third_party)/")
_DTYPE_NAME = re.compile(r"dtype|data_?type", re.I)
_DTYPE_TYPE = re.compile(r"(^|\W)(Dtype|DLDataType|ScalarType|cudaDataType(_t)?|nvinfer1::DataType)\b")
_MOE = re.compile(r"moe|expert|rout", re.I)

# How much a human wants to see each kind of lead; dtypes and MoE make it more.
_WEIGHT = {
    "unused-dtype": 100,
    "vanished-check": 50,
    "widened-check": 45,
    "changed-evidence": 40,
    "docstring": 35,
    "narrowed-check": 25,
    "vanished-with-its-function": 10,
}
HEADINGS = {
    "unused-dtype": "takes a dtype and no longer uses it",
    "vanished-check": "a check is gone",
    "widened-check": "a check admits more",
    "changed-evidence": "a line that contracts cite has changed",
    "docstring": "the documentation names other dtypes",
    "narrowed-check": "a check admits less",
    "vanished-with-its-function": "a check is gone with its function",
}


@dataclass(frozen=True, slots=True)
class Lead:
    """Something that a human should look at. `where` is a place in the newer release, if that has it."""

    score: int
    kind: str
    where: str
    subject: str
    before: str
    after: str = ""


@dataclass(slots=True)
class _Sources:
    """What one release has in the files that differ between the two."""

    functions: dict[str, list[tuple[str, Function]]]
    checks: dict[str, list[Check]]


def leads(catalog: Catalog, old: Wheel, new: Wheel) -> list[Lead]:
    """Return what changed between two releases that a human should look at, the weightiest first."""
    changed = _changed(old, new)
    before, after = _sources(old, changed), _sources(new, changed)
    found = [*_unused(before, after), *_checks(before, after), *_documentation(old, new)]
    found += _evidence(catalog, old, new)
    return sorted(set(found), key=lambda lead: (-lead.score, lead.where, lead.subject, lead.before))


def _changed(old: Wheel, new: Wheel) -> list[str]:
    names = {name for wheel in (old, new) for name in wheel.names if _relevant(name, wheel.package)}
    return sorted(name for name in names if old.read(name) != new.read(name))


def _relevant(name: str, package: str) -> bool:
    if name.endswith(".py"):
        return name.split("/")[1] not in {*INTERNAL, "data"}
    return name.endswith(_CPP) and not _FOREIGN.search(name)


def _sources(wheel: Wheel, names: Iterable[str]) -> _Sources:
    found = _Sources({}, {})
    for name in names:
        text = wheel.text(name)
        if text is None:
            continue
        if name.endswith(".py"):
            for check in python_checks(name, text):
                found.checks.setdefault(f"{name}:{check.function}", []).append(check)
            continue
        for function in functions(text):
            found.functions.setdefault(function.name, []).append((name, function))
            found.checks.setdefault(function.name, []).extend(checks_in(name, function))
    return found


def _unused(before: _Sources, after: _Sources) -> Iterator[Lead]:
    """Yield dtype parameters that a function of the same name used in the older release and now only takes."""
    for name, definitions in after.functions.items():
        used = {
            parameter.name
            for _, function in before.functions.get(name, ())
            for parameter in function.parameters
            if function.uses(parameter.name)
        }
        for file, function in definitions:
            for parameter in function.parameters:
                dtype = _DTYPE_NAME.search(parameter.name) or _DTYPE_TYPE.search(parameter.type)
                if dtype and parameter.name in used and not function.uses(parameter.name):
                    text = f"{parameter.type} {parameter.name}"
                    yield _lead("unused-dtype", f"{file}:{parameter.line}", name, text)


def _checks(before: _Sources, after: _Sources) -> Iterator[Lead]:
    everywhere = {(check.condition, check.message) for checks in after.checks.values() for check in checks}
    for name, checks in before.checks.items():
        now = after.checks.get(name, [])
        still = {check.condition for check in now}
        gone = [check for check in checks if check.condition not in still]
        fresh = [check for check in now if check.condition not in {check.condition for check in checks}]
        for check in gone:
            twin = _twin(check, fresh)
            if twin is not None:
                fresh.remove(twin)
                yield from _compared(check, twin)
            elif (check.condition, check.message) not in everywhere:
                there = name in after.functions or bool(now)
                kind = "vanished-check" if there else "vanished-with-its-function"
                yield _lead(kind, f"{check.file}:{check.line}", check.function, _said(check))


def _twin(check: Check, others: Sequence[Check]) -> Check | None:
    """Find the check that took another one's place: the same message, or else the same subject."""
    for other in others:
        if check.message and check.message == other.message:
            return other
    return next((other for other in others if check.subject == other.subject), None)


def _compared(old: Check, new: Check) -> Iterator[Lead]:
    was, now = old.alternatives, new.alternatives
    if was < now or (len(dtype_words(new.condition)) > len(dtype_words(old.condition)) and len(now) >= len(was)):
        kind = "widened-check"
    elif now < was or dtype_words(new.condition) != dtype_words(old.condition):
        kind = "narrowed-check"
    else:
        return
    yield _lead(kind, f"{new.file}:{new.line}", new.function, _said(old), _said(new))


def _said(check: Check) -> str:
    return f"{check.condition}: {check.message}" if check.message else check.condition


def _documentation(old: Wheel, new: Wheel) -> Iterator[Lead]:
    """Yield parameters whose documentation names other dtypes than before."""
    before = {name: entry for entry in read_public(old) for name in entry.names}
    seen: set[str] = set()
    for entry in read_public(new):
        was = next((before[name] for name in sorted(entry.names) if name in before), None)
        if was is None or was.doc == entry.doc or entry.at in seen:
            continue
        seen.add(entry.at)
        name = min(entry.names, key=lambda path: (path.count("."), path))
        texts, now = _texts(was), _texts(entry)
        for parameter in texts.keys() & now.keys():
            lost, new_words = dtype_words(texts[parameter]), dtype_words(now[parameter])
            if lost != new_words:
                where = f"{new.package}/{entry.at}"
                words = (", ".join(sorted(lost)) or "none", ", ".join(sorted(new_words)) or "none")
                yield _lead("docstring", where, f"{name}: {parameter}", *words)


def _texts(entry: Callable_) -> dict[str, str]:
    return parameter_texts(entry.doc, [parameter.name for parameter in parse_signature(entry.signature)[0]])


def _evidence(catalog: Catalog, old: Wheel, new: Wheel) -> Iterator[Lead]:
    """Yield cited lines that keep their quote and changed around it; a fingerprint names each state of the line."""
    view: ReleaseView = catalog.at(new.library, known_release(catalog, new.library, old.release))
    here, there = Quotes(old), Quotes(new)
    for name in view.entry_points:
        for clause in view.clauses(name):
            for item in clause.evidence:
                was, now = (here.find(item), there.find(item)) if item.note else (None, None)
                if was is None or now is None:
                    continue
                file = item.where.rpartition(":")[0]
                first, second = (
                    " ".join(lines(file)[at - 1].split()) for lines, at in ((here.lines, was), (there.lines, now))
                )
                if first != second:
                    marked = (f"{first} [{fingerprint(first)}]", f"{second} [{fingerprint(second)}]")
                    bonus = 20 if clause.aspect is Aspect.DTYPE else 0
                    lead = _lead("changed-evidence", f"{file}:{now}", clause.parameter, *marked)
                    yield Lead(lead.score + bonus, lead.kind, lead.where, lead.subject, lead.before, lead.after)


def fingerprint(line: str) -> str:
    """Return a short mark of a line that does not change with its spacing."""
    return hashlib.sha256(" ".join(line.split()).encode()).hexdigest()[:8]


def _lead(kind: str, where: str, subject: str, before: str, after: str = "") -> Lead:
    score = _WEIGHT[kind]
    if kind.endswith(("-check", "-function")) and (dtype_words(before) | dtype_words(after) or "dtype" in before):
        score += 30
    if _MOE.search(where) or _MOE.search(subject):
        score += 15
    return Lead(score, kind, where, subject, before, after)
