"""One run: from a tree, the contracts and the target releases to a report. Suppressions are applied by the caller.

Whatever decides the outcome is part of the name under which it is kept; a run with nothing changed reads the files, and no more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from contractlint.catalog.cache import default_folder
from contractlint.model.finding import Report, Target
from contractlint.results import digests_of, keep, kept, key_of, settings_of

if TYPE_CHECKING:
    from contractlint.catalog import Catalog
    from contractlint.index.project import Project
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
    mark: bytes = b"",
) -> Report:
    """Judge every call site in a tree against every target.

    Where all files are read anyway, the report says which of them hold the `mark` of comments that the caller looks for.
    """
    started = time.monotonic()
    if cache and catalog.fingerprint:
        report = _remembered(tree, catalog, targets, strict, pedantic, progress, mark)
    else:
        from contractlint.engine import judge_tree

        report = judge_tree(tree, catalog, targets, strict, pedantic, cache, progress)
    report.root = str(tree.root)
    report.seconds = time.monotonic() - started
    return report


def _remembered(
    tree: Tree,
    catalog: Catalog,
    targets: Sequence[Target],
    strict: bool,
    pedantic: bool,
    progress: Progress | None,
    mark: bytes,
) -> Report:
    """The report of the same input, that of an earlier run where nothing it looked at has changed, or a new one."""
    folder, settings = default_folder(), settings_of(catalog.fingerprint, targets, (strict, pedantic))
    digests, marked = digests_of(tree, mark)
    key = key_of(settings, tree.files, digests)
    report = kept(folder, key)
    if report is None:
        from contractlint.carry import carried

        report = carried(folder, settings, tree, digests)
    if report is None:
        from contractlint.carry import place_of, record_of
        from contractlint.engine import judge_tree

        def watch(project: Project) -> None:
            # A file that cannot be read has no number in the text index, and those behind it have others.
            if len(project.text.files) == len(tree.files):
                record_of(project, tree, digests, key).save(place_of(folder, settings, tree))

        report = judge_tree(tree, catalog, targets, strict, pedantic, True, progress, watch=watch)
        keep(folder, key, report)
    report.marked = marked if mark else None
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
