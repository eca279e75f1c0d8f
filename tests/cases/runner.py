"""Runs cases, and compares what they say with what was found."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from contractlint.catalog import Catalog, load_catalog
from contractlint.check import run_check
from contractlint.model.finding import Finding, Report, Target
from contractlint.sources import Tree
from tests.cases.reading import Case, Said

LIBRARY = "flashinfer-python"
HOUSE = Path(__file__).with_name("house.toml")
DTYPE = "dtype"
FINDINGS = ("error", "warning", "note")
VERDICTS = ("violated", "proved", "unproven", "unresolved")
_FINDING = re.compile(r"\[(CL\d+)\]\s*(\w*)")

Site = tuple[str, int]  # file and first line of a call


def run_case(case: Case, folder: Path, cache: Path) -> str:
    """Judge the project of a case; returns how what it says and what was found differ, empty where they agree."""
    for name, text in {**{name: case.source(name) for name in case.files}, **case.contracts}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    release = case.settings.get("release")
    contracts = [folder / name for name in case.contracts] or [HOUSE]
    catalog = load_catalog(contracts, shipped=release is not None, cache_folder=cache)
    report = run_check(
        Tree(folder, tuple(sorted(case.files))),
        catalog,
        [_target(catalog, release)],
        strict=bool(case.settings.get("strict")),
        pedantic=bool(case.settings.get("pedantic")),
        cache=False,
    )
    return _compare(case, report)


def _target(catalog: Catalog, release: str | None) -> Target:
    if release is not None:
        return Target(LIBRARY, release, "option")
    return Target(next(name for name in catalog.libraries if name != LIBRARY), "*", "option")


def _compare(case: Case, report: Report) -> str:
    only = case.settings.get("only")
    findings = [f for f in report.findings if only is None or f.parameter in only or f.code.startswith("CL2")]
    judged = [a for a in report.arguments if only is None or a.parameter in only]
    arguments = [a for a in judged if a.aspect == DTYPE]
    said = list(case.expectations())
    spans = _spans(case, report)
    rows: dict[tuple[Site, str], str] = {}
    sites: dict[Site, str] = {}
    wanted = {f"unchecked {name}" for name in case.settings.get("unchecked", ())}
    for s in said:
        site = max((p for p, end in spans.items() if p[0] == s.file and p[1] <= s.line <= end), default=None)
        if s.word in FINDINGS:
            wanted.add(_wanted_finding(s))
        if s.word == "bound" or (s.word == "unresolved" and not s.text):
            sites[site or (s.file, s.line)] = f"{s.word} {s.text}".strip()
            continue
        row = _wanted_row(s)
        if row is not None:
            # What a finding implies (unproven) gives way to what is said of the argument itself (unresolved).
            key = (site or (s.file, s.line), row[0])
            rows[key] = row[1] if s.word in VERDICTS else rows.get(key, row[1])
    wanted |= {f"{file}:{line} {text}" for ((file, line), _), text in rows.items()}
    wanted |= {f"{file}:{line} {text}" for (file, line), text in sites.items()}

    found = {f"{f.place} {f.severity.value} [{f.code}] {f.parameter}".rstrip() for f in findings}
    found |= {f"unchecked {u.file}" for u in report.unchecked}
    for a in judged:
        name = a.parameter if a.aspect == DTYPE else f"{a.parameter}.{a.aspect}"
        said_of_it = rows.get(((a.place.file, a.place.line), name))
        if said_of_it is not None or a.aspect == DTYPE:
            shows = "=" in (said_of_it or "")
            found.add(f"{a.place} {a.verdict.value} {name}" + (f" = {', '.join(a.dtypes)}" if shows else ""))
    spoken = {str(a.place) for a in arguments} | {str(f.call or f.place) for f in findings}
    for c in report.call_sites:
        text = sites.get((c.place.file, c.place.line))
        if text is not None or c.status != "bound" or str(c.place) not in spoken:
            found.add(f"{c.place} {c.status}" + (f" {c.entry_point}" if text and " " in text else ""))
    problems = [text for s in said for text in _unmet(s, said, findings)]
    return _difference(sorted(wanted, key=_order), sorted(found, key=_order), problems)


def _wanted_finding(s: Said) -> str:
    match = _FINDING.match(s.text)
    assert match, f"{s.file}:{s.line}: write `# {s.word}: [CL101] parameter`"
    return f"{s.file}:{s.line} {s.word} [{match[1]}] {match[2]}".rstrip()


def _wanted_row(s: Said) -> tuple[str, str] | None:
    """The parameter whose judgement an expectation speaks of, and the line it expects."""
    text, equals, dtypes = s.text.partition("=")
    verdict, parameter = s.word, text.strip()
    if s.word in FINDINGS:
        match = _FINDING.match(s.text)
        if match is None or not match[1].startswith("CL1"):
            return None
        verdict, parameter = "violated" if match[1] == "CL101" else "unproven", match[2]
    elif s.word not in VERDICTS:
        return None
    names = ", ".join(sorted(name.strip() for name in dtypes.split(",")))
    return parameter, f"{verdict} {parameter}" + (f" = {names}" if equals else "")


def _spans(case: Case, report: Report) -> dict[Site, int]:
    """The last line of every call site."""
    spans: dict[Site, int] = {}
    places = {(c.place.file, c.place.line, c.place.column) for c in report.call_sites}
    for name in {file for file, _, _ in places}:
        for node in ast.walk(ast.parse(case.files[name])):
            if isinstance(node, ast.Call) and (name, node.lineno, node.col_offset + 1) in places:
                spans[name, node.lineno] = node.end_lineno or node.lineno
    return spans


def _unmet(s: Said, said: Sequence[Said], findings: Sequence[Finding]) -> Iterator[str]:
    here = [f for f in findings if (f.place.file, f.place.line) == (s.file, s.line)]
    if s.word == "says":
        texts = [" | ".join((f.message, f.remedy, f.consequence, *f.notes)) for f in here]
        if not any(s.text in text for text in texts):
            yield f"{s.file}:{s.line} does not say {s.text!r}; it says {texts}"
    elif s.word == "path":
        marks = {m.text: (m.file, m.line) for m in said if m.word == "at"}
        steps = [marks.get(name.strip()) or _place(name.strip()) for name in s.text.split(",")]
        paths = [[(step.file, step.line) for step in path] for f in here for path in f.paths]
        if not any(_in_order(steps, path) for path in paths):
            shown = "".join(f"\n    {_arrows(path)}" for path in paths)
            yield f"{s.file}:{s.line} has no path {_arrows(steps)}; it has{shown or ' none'}"


def _place(text: str) -> Site:
    file, _, line = text.rpartition(":")
    assert line.isdigit(), f"no line is marked `# at: {text}`"
    return file, int(line)


def _arrows(path: Sequence[Site]) -> str:
    return " → ".join(f"{file}:{line}" for file, line in path)


def _in_order(steps: Sequence[Site], path: Sequence[Site]) -> bool:
    rest = iter(path)
    return all(step in rest for step in steps)


def _order(line: str) -> tuple[str, int, str]:
    match = re.match(r"(\S+?):(\d+) (.*)", line)
    return (match[1], int(match[2]), match[3]) if match else (line, 0, "")


def _difference(wanted: list[str], found: list[str], problems: list[str]) -> str:
    if wanted == found and not problems:
        return ""
    lines = [line for line in difflib.ndiff(wanted, found) if not line.startswith("?")] if wanted != found else []
    return "\n".join(["(- said, + found)", *lines, *problems])
