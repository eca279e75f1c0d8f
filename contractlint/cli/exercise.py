"""`contractlint exercise`: run the kernels, to see whether what the contracts say is so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contractlint.cli.errors import Stop
from contractlint.cli.judge import open_catalog
from contractlint.cli.options import contracts_option

if TYPE_CHECKING:
    from contractlint.catalog import Catalog
    from contractlint.exercise.machine import Machine
    from contractlint.exercise.plan import Plan
    from contractlint.exercise.run import Result

_LIBRARY = "flashinfer-python"


@click.command("exercise")
@click.argument("entry_points", nargs=-1, metavar="[ENTRY_POINT]...")
@click.option("--release", metavar="RELEASE", help="Which release to plan for; what runs is what is installed.")
@click.option(
    "--mutate", metavar="KIND,…", help="Only these kinds: dtype, layout, presence, value, shape. Default: all."
)
@click.option("--plan", "only_plan", is_flag=True, help="Say what would run, and what not and why. Needs no GPU.")
@click.option("--chip", metavar="CAPABILITY", help="With --plan: for a chip of this compute capability, as in 10.0.")
@click.option("--stage", type=click.Choice(["routing"]), help="Run one stage of the trtllm MoE kernels by itself.")
@click.option(
    "--headers",
    type=click.Path(exists=True, path_type=Path),
    help="With --stage: folder of an unpacked flashinfer-cubin.",
)
@click.option(
    "--include", "includes", multiple=True, type=click.Path(path_type=Path), help="With --stage: more headers."
)
@click.option(
    "--compiled",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --stage: a library that was compiled before.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--evidence", "folder", type=click.Path(path_type=Path), help="Write evidence files into this folder.")
@click.option(
    "--jobs",
    default=1,
    type=click.IntRange(min=1),
    show_default=True,
    help="How many entry points run, and compile, at once.",
)
@click.option(
    "--time-limit",
    default=120.0,
    type=click.FloatRange(min=1.0),
    show_default=True,
    help="Seconds a call may take; compiling takes longer.",
)
@click.option(
    "--compile-limit",
    default=900.0,
    type=click.FloatRange(min=1.0),
    show_default=True,
    help="Seconds the first call of an entry point may take.",
)
@click.option("--share-gpu", is_flag=True, help="Let calls of several ranks share a GPU, where there are too few.")
@click.option("--fresh", is_flag=True, help="Do not resume an interrupted run.")
@contracts_option
def command(
    entry_points: tuple[str, ...],
    release: str | None,
    mutate: str | None,
    only_plan: bool,
    chip: str | None,
    stage: str | None,
    headers: Path | None,
    includes: tuple[Path, ...],
    compiled: Path | None,
    as_json: bool,
    folder: Path | None,
    jobs: int,
    time_limit: float,
    compile_limit: float,
    share_gpu: bool,
    fresh: bool,
    contracts: tuple[str, ...],
) -> int:
    """Run kernels with what the contracts allow and with what they forbid, and compare with references.

    Each call runs in a process of its own. Exit code 1 when a kernel does something else than its contract says, 2 when
    nothing could be run.
    """
    from contractlint.exercise.run import finished

    catalog = open_catalog([Path(path) for path in contracts])
    kinds = _kinds(mutate)
    _check_folder(folder)
    if stage and only_plan:
        raise Stop(
            "--plan speaks of entry points; --stage routing has no plan: it asks every routing method of the release"
        )
    if stage == "routing":
        return _routing(catalog, release, headers, includes, compiled, as_json, folder, jobs if jobs > 1 else 0)
    if only_plan:
        plan = _planned(catalog, release, chip, kinds, entry_points)
        _show_plan(plan, as_json)
        return 0
    machine = _machine(catalog, release)
    gpus = None if share_gpu else machine.gpus
    plan = _planned(catalog, machine.release, machine.capability, kinds, entry_points, gpus)
    heard: list[Result] = []
    try:
        results = _run(plan, machine, jobs, (compile_limit, time_limit), fresh, catalog.fingerprint, heard)
    except KeyboardInterrupt:
        _keep(folder, plan, machine, finished(plan, heard))
        raise
    _keep(folder, plan, machine, results)
    return _report(plan, machine, results, as_json)


def _check_folder(folder: Path | None) -> None:
    """Learn before the run, not after it, that its evidence has no place."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Stop(f"--evidence: {folder} is no folder that can be written ({problem.strerror})") from None


def _kinds(text: str | None) -> tuple[str, ...]:
    from contractlint.exercise.trials import MUTATIONS

    if text is None:
        return MUTATIONS
    kinds = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [kind for kind in kinds if kind not in MUTATIONS]
    if unknown:
        raise Stop(f"--mutate: no kind is called {unknown[0]!r}; there are {', '.join(MUTATIONS)}")
    return kinds


def _machine(catalog: Catalog, release: str | None) -> Machine:
    from contractlint.exercise.machine import NoMachine, probe

    try:
        machine = probe(_LIBRARY, catalog.package(_LIBRARY))
    except NoMachine as problem:
        raise Stop(str(problem)) from None
    if release not in (None, "installed", machine.release):
        raise Stop(f"{_LIBRARY} {machine.release} is installed, and exercise runs what is installed; install {release}")
    return machine


def _planned(
    catalog: Catalog,
    release: str | None,
    chip: str | None,
    kinds: tuple[str, ...],
    wanted: tuple[str, ...],
    gpus: int | None = None,
) -> Plan:
    from contractlint.catalog.errors import UnknownRelease
    from contractlint.exercise.machine import capability_of, installed_release
    from contractlint.exercise.plan import make_plan

    if release in (None, "installed"):
        release = installed_release(_LIBRARY) or catalog.releases(_LIBRARY)[-1]
    names = [_named(catalog, text) for text in wanted]
    try:
        return make_plan(catalog, _LIBRARY, str(release), capability_of(chip) if chip else "", kinds, names, gpus)
    except UnknownRelease as problem:
        raise Stop(str(problem)) from None
    except ValueError as problem:
        raise Stop(f"--chip: {problem}") from None


def _named(catalog: Catalog, text: str) -> str:
    found = catalog.canonical(text)
    if found is not None:
        return found
    from contractlint.exercise.recipes import ENTRY_POINTS

    known = {*ENTRY_POINTS, *(name for name, entry in catalog.entry_points.items() if entry.clauses)}
    names = sorted(name for name in known if name.endswith(f".{text}"))
    if not names:
        raise Stop(f"no contract speaks of {text!r}; contractlint contracts list shows what there is")
    return names[0]


def _show_plan(plan: Plan, as_json: bool) -> None:
    from contractlint.exercise import show

    click.echo(show.plan_as_json(plan) if as_json else show.plan_as_text(plan))


def _run(
    plan: Plan,
    machine: Machine,
    jobs: int,
    limits: tuple[float, float],
    fresh: bool,
    fingerprint: str,
    results: list[Result],
) -> list[Result]:
    """Run the plan; `results` gets each as it comes, so that the caller has them when the run is interrupted."""
    import platformdirs

    from contractlint.exercise.run import Children, Journal, count, run

    context = f"{machine.release} {machine.architecture} {machine.driver} {fingerprint}"
    name = hashlib.sha256(context.encode()).hexdigest()[:16]
    path = Path(platformdirs.user_cache_dir("contractlint")) / f"exercise-{name}.jsonl"
    if fresh:
        path.unlink(missing_ok=True)
    journal = Journal(path, context)
    total = count(plan.running)
    if len(journal):
        click.echo(f"resuming: {len(journal)} of {total} calls were answered before", err=True)
    with _told(total) as tell:

        def hear(result: Result) -> None:
            results.append(result)
            tell(result)

        try:
            children = Children(machine.capability)
            run(plan, children, journal, hear, first_limit=limits[0], limit=limits[1], jobs=jobs)
        except KeyboardInterrupt:
            click.echo(f"{len(results)} of {total} calls were answered; the same command goes on from there", err=True)
            raise
    journal.close()
    order = {trial.key: number for number, trial in enumerate(t for s in plan.running for t in s.trials)}
    return sorted(results, key=lambda result: order[result.trial.key])


@contextmanager
def _told(total: int) -> Iterator[_Told]:
    from contractlint.cli.progress import Progress

    with Progress(patience=0.0) as progress:
        yield _Told(total, progress)


class _Told:
    """Says how far a run is, and on what."""

    def __init__(self, total: int, progress: object) -> None:
        self._total = total
        self._done = 0
        self._progress = progress

    def __call__(self, result: Result) -> None:
        self._done += 1
        if callable(self._progress):
            self._progress(f"{result.trial.entry_point.rpartition('.')[2]}", self._done, self._total)


def _keep(folder: Path | None, plan: Plan, machine: Machine, results: list[Result]) -> None:
    from contractlint.exercise import evidence

    if folder is not None:
        shared = {s.entry.name for s in plan.running if s.recipe and s.recipe.ranks > machine.gpus}
        path = evidence.write(folder, plan.library, machine, date.today().isoformat(), results, shared)
        click.echo(f"evidence: {path}", err=True)


def _report(plan: Plan, machine: Machine, results: list[Result], as_json: bool) -> int:
    from contractlint.exercise import show
    from contractlint.exercise.book import disagreements

    today = date.today().isoformat()
    click.echo(show.run_as_json(plan, machine, today, results) if as_json else show.run_as_text(plan, machine, results))
    return 1 if disagreements(results) else 0


def _routing(
    catalog: Catalog,
    release: str | None,
    headers: Path | None,
    includes: tuple[Path, ...],
    compiled: Path | None,
    as_json: bool,
    folder: Path | None,
    jobs: int,
) -> int:
    from contractlint.exercise.evidence import name_of, save
    from contractlint.exercise.routing.build import CannotBuild, compile_library, find
    from contractlint.exercise.routing.show import routing_as_dict, routing_as_text, spoken_of
    from contractlint.exercise.routing.stage import run

    machine = _machine(catalog, release)
    try:
        library = compiled or compile_library(
            find(machine.release, catalog.package(_LIBRARY), headers, includes), machine.architecture, jobs=jobs
        )
    except CannotBuild as problem:
        raise Stop(str(problem)) from None
    view = catalog.at(_LIBRARY, machine.release)
    clauses = spoken_of(clause for entry in view.entry_points.values() for clause in entry.clauses)
    answers = run(library, tuple(view.enums["RoutingMethodType"]))
    try:
        document = routing_as_dict(_LIBRARY, machine, date.today().isoformat(), answers, clauses)
    except OSError as problem:
        raise Stop(str(problem)) from None
    if folder is not None:
        save(folder / f"{name_of(machine, stage='routing')}.json", document)
    click.echo(json.dumps(document, indent=2) if as_json else routing_as_text(document))
    return 1 if any(item.get("agrees") is False for item in document["outcomes"]) else 0
