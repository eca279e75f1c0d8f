"""One run: from a tree, the contracts and the target releases to a report. Suppressions are applied by the caller.

Whatever decides the outcome is part of the name under which it is kept; a run with nothing changed reads the files, and no more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from contractlint.catalog.cache import default_folder
from contractlint.model.finding import Report, Target
from contractlint.results import key_of, remembered

if TYPE_CHECKING:
    from contractlint.catalog import Catalog
    from contractlint.model.paths import ApplyPathRow
    from contractlint.sources import Tree

Progress = Callable[[str, int, int], None]


def run_check(
    tree: Tree,
    catalog: Catalog,
    targets: Sequence[Target],
    *,
    strict: bool = False,
    pedantic: bool = False,
    jobs: int = 1,
    cache: bool = True,
    progress: Progress | None = None,
) -> Report:
    """Judge every call site in a tree against every target."""
    started = time.monotonic()

    def compute() -> Report:
        from contractlint.engine import judge_tree

        return judge_tree(tree, catalog, targets, strict, pedantic, cache, progress)

    if cache and catalog.fingerprint:
        key = key_of(tree, catalog.fingerprint, targets, (strict, pedantic))
        report = remembered(default_folder(), key, compute)
    else:
        report = compute()
    report.root = str(tree.root)
    report.seconds = time.monotonic() - started
    return report


def run_paths(
    tree: Tree,
    catalog: Catalog,
    targets: Sequence[Target],
    *,
    strict: bool = False,
    pedantic: bool = False,
    jobs: int = 1,
    cache: bool = True,
    progress: Progress | None = None,
) -> list[ApplyPathRow]:
    """The ways to every MoE call site of every target, with the verdicts of its arguments."""
    from contractlint.engine import follow_paths

    return follow_paths(tree, catalog, targets, cache, progress)
