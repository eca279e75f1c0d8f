"""What would be run on a chip, and what would not and why. Needs neither torch nor a GPU."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet

from contractlint.catalog import Catalog
from contractlint.exercise.machine import architecture
from contractlint.exercise.recipes import ENTRY_POINTS, Recipe, recipes_of
from contractlint.exercise.trials import Trial, trials
from contractlint.model.contract import SEVERAL_GPUS, Aspect, Clause, EntryPoint

_FIRST = re.compile(r"\bfrom (\d[\w.]*\d)")
_CAPABILITY = re.compile(r"\b\d+\.(?:\d+|x)\b")


@dataclass(frozen=True, slots=True)
class Subject:
    """One entry point of a plan: its trials, or why none is made."""

    entry: EntryPoint
    recipe: Recipe | None
    clauses: tuple[Clause, ...]
    present: frozenset[str]
    trials: tuple[Trial, ...]
    reason: str = ""  # why it does not run; empty when it does

    @property
    def runs(self) -> bool:
        return not self.reason

    @property
    def name(self) -> str:
        """The entry point, and which of its recipes, where there are several."""
        variant = self.recipe.variant if self.recipe else ""
        return f"{self.entry.name} ({variant})" if variant else self.entry.name

    @property
    def shapes(self) -> dict[str, tuple[str, ...]]:
        """What the contract says of shapes, by parameter."""
        return {clause.parameter: clause.shape for clause in self.clauses if clause.aspect is Aspect.SHAPE}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run of one release on one chip."""

    library: str
    release: str
    capability: str  # empty when no chip is named
    subjects: tuple[Subject, ...]

    @property
    def running(self) -> tuple[Subject, ...]:
        return tuple(subject for subject in self.subjects if subject.runs)

    @property
    def compile_seconds(self) -> int:
        """About how long compiling takes on 16 cores, one module after the other."""
        modules = {subject.recipe.module: subject.recipe.compile_seconds for subject in self.running if subject.recipe}
        return sum(modules.values())


def make_plan(
    catalog: Catalog,
    library: str,
    release: str,
    capability: str,
    mutations: Iterable[str],
    wanted: Sequence[str] = (),
    gpus: int | None = None,
) -> Plan:
    """Plan the trials of a release on a chip.

    Args:
        wanted: canonical names of entry points; empty for all that have clauses or a recipe.
        gpus: how many the machine has; None where that is not asked.
    """
    view = catalog.at(library, release)
    kinds = frozenset(mutations)
    names = wanted or [name for name, entry in view.entry_points.items() if entry.clauses or name in ENTRY_POINTS]
    subjects = []
    for name in sorted(names):
        entry = view.entry_points.get(name)
        if entry is not None:
            subjects += [
                _subject(entry, recipe, release, capability, kinds, gpus) for recipe in _recipes(name, release)
            ]
    return Plan(library, release, capability, tuple(subjects))


def _recipes(name: str, release: str) -> Sequence[Recipe | None]:
    """The recipes that a release can follow; None when there is none."""
    usable = [
        recipe
        for recipe in recipes_of(name)
        if not recipe.releases or SpecifierSet(recipe.releases).contains(release, prereleases=True)
    ]
    return usable or [None]


def _subject(
    entry: EntryPoint, recipe: Recipe | None, release: str, capability: str, kinds: frozenset[str], gpus: int | None
) -> Subject:
    present = frozenset(parameter.name for signature in entry.signatures for parameter in signature.parameters)
    needed = capabilities(entry.capabilities, release)
    reason = ""
    if capability and not covers(needed, capability):
        reason = f"needs {' or '.join(map(architecture, needed))}; this is {architecture(capability)}"
    if recipe is not None and gpus is not None and gpus < recipe.ranks:
        reason = "; ".join(part for part in (reason, f"needs {recipe.ranks} GPUs; this machine has {gpus}") if part)
    if recipe is None:
        several = "needs two GPUs or more" if SEVERAL_GPUS in entry.tags else ""
        reason = "; ".join(part for part in (reason, several, "no recipe says how to call it") if part)
        return Subject(entry, None, entry.clauses, present, (), reason)
    clauses = tuple(
        clause
        for clause in entry.clauses
        if not capability or covers(capabilities(clause.capabilities, release), capability)
    )
    defaults = {
        parameter.name: parameter.default
        for signature in entry.signatures
        for parameter in signature.parameters
        if parameter.default is not None
    }
    made = tuple(trials(recipe, clauses, kinds, present, defaults))
    return Subject(entry, recipe, clauses, present, made, reason)


def capabilities(text: str, release: str) -> tuple[str, ...]:
    """Read the compute capabilities of a contract for a release.

    `"9.0, 10.x; 10.3 from 0.6.8"` means 9.0 and all of 10 in every release, and 10.3 from 0.6.8 on.
    """
    found: list[str] = []
    for part in text.split(";"):
        first = _FIRST.search(part)
        if first and not SpecifierSet(f">={first[1]}").contains(release, prereleases=True):
            continue
        found += _CAPABILITY.findall(part if first is None else part[: first.start()])
    return tuple(dict.fromkeys(found))


def covers(needed: Sequence[str], capability: str) -> bool:
    """Whether a chip is among those that an entry point supports; all are, where none is named."""
    major = capability.partition(".")[0]
    return not needed or capability in needed or f"{major}.x" in needed
