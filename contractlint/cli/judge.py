"""What `check` and `paths` do first: the tree, the contracts, the releases."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contractlint.cli.errors import Stop
from contractlint.cli.progress import Progress
from contractlint.cli.scope import Scope, gather
from contractlint.cli.targets import choose_targets
from contractlint.model.finding import Target

if TYPE_CHECKING:
    from contractlint.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a judgement needs."""

    scope: Scope
    catalog: Catalog
    targets: list[Target]


def prepare(
    paths: Sequence[str], package: str | None, releases: Sequence[str], contracts: Sequence[str], progress: Progress
) -> Case:
    """Bring together what a command's arguments name; Stop says what cannot be had."""
    scope = gather(paths, package, progress)
    catalog = open_catalog([*scope.config.contracts, *map(Path, contracts)])
    return Case(scope, catalog, choose_targets(releases, scope.config, scope.tree.root, catalog))


def open_catalog(folders: Sequence[Path]) -> Catalog:
    """The shipped contracts and those of the given folders."""
    from contractlint.catalog import load_catalog

    for folder in folders:
        if not folder.exists():
            raise Stop(f"{folder}: no such folder of contracts")
    with contract_problems():
        return load_catalog(folders)


@contextmanager
def contract_problems() -> Iterator[None]:
    """Turn mistakes in contracts into lines, all of them."""
    from contractlint.catalog import ContractErrors

    try:
        yield
    except ContractErrors as errors:
        raise Stop("\n".join(problem_line(problem) for problem in errors.problems)) from None


def problem_line(problem: Any) -> str:
    """One mistake in a contract file, on one line."""
    remedy = f"; {problem.remedy}" if problem.remedy else ""
    return f"{problem.file}:{problem.line}: {problem.message}{remedy}"


def worker_count() -> int:
    """How many processes this one may keep busy."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
