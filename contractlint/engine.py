"""The work of one run: find the call sites, judge them, say what was found. `check` is the way in."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from contractlint.calls.sites import CallSite, Library, find_call_sites
from contractlint.flow.evaluate import Flow
from contractlint.flow.nodes import forget_keys
from contractlint.index.project import Project
from contractlint.index.store import ModuleStore
from contractlint.judge.dtype import DtypeJudgement, judge_dtype
from contractlint.judge.rows import dtype_row, rows, unjudged
from contractlint.judge.site import JudgedSite
from contractlint.model.finding import (
    CallSiteRow,
    Finding,
    Place,
    Report,
    Target,
    Unchecked,
)
from contractlint.rules.base import Context, ProjectContext
from contractlint.rules.registry import all_rules

if TYPE_CHECKING:
    from contractlint.catalog import Catalog
    from contractlint.model.paths import ApplyPathRow
    from contractlint.sources import Tree

Progress = Callable[[str, int, int], None]
MAX_RECURSION = 30_000


@dataclass
class Session:
    """What one run keeps while it works: the project, the evaluator, and the call sites of each library."""

    tree: Tree
    catalog: Catalog
    project: Project
    flow: Flow
    sites: dict[str, list[CallSite]]
    store: ModuleStore


def judge_tree(
    tree: Tree,
    catalog: Catalog,
    targets: Sequence[Target],
    strict: bool,
    pedantic: bool,
    cache: bool,
    progress: Progress | None,
    only: frozenset[str] = frozenset(),
    select: tuple[str, ...] = (),
    watch: Callable[[Project], None] | None = None,
) -> Report:
    """Judge every call site in a tree against every target.

    With `only`, those in these files, among all others; with `select`, by the rules whose codes begin so. `watch` is given
    the project at the end: what was asked of it decides whether a later change matters.
    """
    started = time.monotonic()
    with session(tree, catalog, targets, cache, progress) as run:
        report = Report(targets=list(targets), files=len(tree.files), root=str(tree.root))
        for alone, target in _each_alone(run, targets):
            _check_target(alone, target, report, strict, pedantic, progress, only, select)
        report.parsed = run.project.parsed
        report.unchecked = [Unchecked(file, reason) for file, reason in sorted(run.project.unreadable.items())]
        if watch is not None:
            watch(run.project)
    report.call_sites.sort(key=lambda r: (r.place.file, r.place.line, r.place.column, r.entry_point, r.release))
    report.arguments.sort(
        key=lambda r: (r.place.file, r.place.line, r.place.column, r.entry_point, r.parameter, r.release, r.aspect)
    )
    report.seconds = time.monotonic() - started
    return report


def follow_paths(
    tree: Tree, catalog: Catalog, targets: Sequence[Target], cache: bool, progress: Progress | None
) -> list[ApplyPathRow]:
    """The ways to every call site of every target, with the verdicts of its arguments."""
    from contractlint.judge.apply_paths import apply_paths, is_moe

    rows: list[ApplyPathRow] = []
    with session(tree, catalog, targets, cache, progress) as run:
        for alone, target in _each_alone(run, targets):
            for site in run.sites[target.library]:
                if not is_moe(site.entry_point) or not alone.flow.usable(site.fn):
                    continue
                judged = _judged(alone, site, target)
                judgements = _judge(judged)
                arguments = tuple(dtype_row(judged, j) for j in judgements.values())
                rows.extend(apply_paths(judged, arguments))
    return rows


def _each_alone(run: Session, targets: Sequence[Target]) -> Iterator[tuple[Session, Target]]:
    """The targets, each with an evaluator of its own: the answers for one release must not depend on which others are asked
    about."""
    for target in targets:
        yield replace(run, flow=run.flow.afresh()), target


@contextmanager
def session(
    tree: Tree, catalog: Catalog, targets: Sequence[Target], cache: bool, progress: Progress | None
) -> Iterator[Session]:
    """Set up a run. Values refer to each other in circles and live until its end, so collecting garbage in it is wasted."""
    collecting, recursion = gc.isenabled(), sys.getrecursionlimit()
    gc.disable()
    sys.setrecursionlimit(max(recursion, MAX_RECURSION))
    try:
        store = ModuleStore(_cache_folder() if cache else None, str(tree.root))
        if progress is not None:
            progress("reading", 0, 0)
        project = Project(tree, store, _tests(tree))
        enums = {name for t in targets for name in catalog.at(t.library, t.release).enums}
        flow = Flow(project, frozenset(enums), catalog.result_dtypes)
        if progress is not None:
            progress("finding calls", 0, 0)
        sites = {t.library: find_call_sites(flow, library_of(catalog, t.library)) for t in targets}
        yield Session(tree, catalog, project, flow, sites, store)
        store.save()
    finally:
        forget_keys()
        sys.setrecursionlimit(recursion)
        if collecting:
            gc.enable()


def _cache_folder() -> Path:
    from contractlint.catalog.cache import default_folder

    return default_folder()


def _tests(tree: Tree) -> frozenset[str]:
    from contractlint.sources.tree import is_test_file

    return frozenset(name for name in tree.files if is_test_file(name))


def library_of(catalog: Catalog, library: str) -> Library:
    """What the call-site finder needs of a library under contract."""
    short = {name.rpartition(".")[2]: name for name in catalog.names(library) if is_distinctive(name)}

    def returns(name: str) -> str:
        if catalog.library_of(name) is None:
            return catalog.hidden_result(library, name)
        signatures = catalog.signatures_of(name)
        return signatures[-1][1].returns if signatures else ""

    return Library(
        catalog.package(library),
        catalog.aliases(library).get,
        names=lambda: catalog.import_paths(library),
        entries=lambda: catalog.names(library),
        files=lambda: catalog.defining_files(library),
        short_names=short,
        returns=returns,
    )


def is_distinctive(entry_point: str) -> bool:
    """Whether the last part of a name alone suggests the entry point: a function of the public face, with a compound name."""
    owner, _, last = entry_point.rpartition(".")
    return (
        owner.count(".") < 2
        and last.count("_") >= 2
        and not last.startswith("_")
        and owner.rpartition(".")[2].islower()
    )


def _judged(session: Session, site: CallSite, target: Target) -> JudgedSite:
    view = session.catalog.at(target.library, target.release)
    canonical = view.canonical(site.spelled) if site.spelled else None
    if canonical is not None and canonical != site.entry_point:
        site = replace(site, entry_point=canonical)  # known by another name in this release
    return JudgedSite(session.flow, site, view, view.signature(site.entry_point))


def _judge(site: JudgedSite) -> dict[str, DtypeJudgement]:
    """Judge every parameter that has a dtype clause in this release."""
    if site.signature is None or site.site.reason or site.site.elsewhere:
        return {}
    out: dict[str, DtypeJudgement] = {}
    for parameter in site.parameters:
        judgement = judge_dtype(site, parameter.name)
        if judgement is not None:
            out[parameter.name] = judgement
    return out


def _check_target(
    session: Session,
    target: Target,
    report: Report,
    strict: bool,
    pedantic: bool,
    progress: Progress | None,
    only: frozenset[str],
    select: tuple[str, ...],
) -> None:
    rules = [rule for rule in all_rules() if not select or rule.code.startswith(select)]
    dtypes = any(rule.code.startswith("CL1") for rule in rules)
    sites = tuple(_judged(session, site, target) for site in session.sites[target.library])
    judged: list[tuple[JudgedSite, dict[str, DtypeJudgement]]] = []
    for index, one in enumerate(sites):
        if only and one.site.file not in only:
            continue
        if progress is not None:
            progress(f"judging {one.site.file}", index, len(sites))
        judged.append((one, _judge(one) if dtypes else {}))
        report.call_sites.append(_site_row(one))
        report.arguments.extend(dtype_row(one, j) for j in judged[-1][1].values())
    twins = tuple(judged)
    positions: dict[int, int] = {}
    findings: list[Finding] = []
    for one, judgements in judged:
        if one.site.reason or one.site.elsewhere:
            continue
        context = Context(one, judgements, twins, strict, pedantic, session.catalog.package(target.library), sites)
        for rule in rules:
            for finding in rule.check(context):
                positions[id(finding)] = _position(one, finding.parameter)
                findings.append(finding)
    if not select:  # after all else: what is asked first decides how far the budgets of later questions go
        report.arguments.extend(row for one, _ in judged for row in rows(one, sites))
    package = session.catalog.package(target.library)
    whole = ProjectContext(session.flow, session.catalog.at(target.library, target.release), package)
    report.findings.extend(_place(session, merged(findings, positions), positions))
    report.findings.extend(finding for rule in rules for finding in rule.check_project(whole))


def signature_findings(session: Session, target: Target) -> Iterator[Finding]:
    """What the rules about signatures say of every call site; nothing is judged for it."""
    rules = [rule for rule in all_rules() if rule.code.startswith("CL2")]
    for site in session.sites[target.library]:
        if not site.reason:
            context = Context(
                _judged(session, site, target), {}, (), False, False, session.catalog.package(target.library)
            )
            for rule in rules:
                yield from rule.check(context)


def merged(findings: Sequence[Finding], positions: dict[int, int]) -> list[Finding]:
    """One finding where several say the same of one argument, with all their paths; `positions` goes by identity."""
    out: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.place, finding.parameter, finding.release, finding.message)
        known = out.get(key)
        if known is None:
            out[key] = finding
            continue
        more = tuple(path for path in finding.paths if path not in known.paths)
        out[key] = joined = replace(known, paths=known.paths + more)
        positions[id(joined)] = positions.get(id(finding), -1)
    return list(out.values())


def _place(session: Session, findings: list[Finding], positions: dict[int, int]) -> list[Finding]:
    if not findings:
        return []
    from contractlint.placing import place

    return place(findings, session.tree.read, lambda f: positions.get(id(f), -1))


def _position(site: JudgedSite, parameter: str) -> int:
    for index, formal in enumerate(site.parameters):
        if formal.name == parameter:
            return index
    return -1


def _site_row(site: JudgedSite) -> CallSiteRow:
    call = site.site
    status = "unresolved" if call.reason else "bound"
    reason = call.reason or ("" if site.signature is not None else f"{site.release} does not have it")
    place = Place(call.file, call.line, call.column)
    return CallSiteRow(place, call.fn.qualname, call.entry_point, site.release, status, reason, tuple(unjudged(site)))
