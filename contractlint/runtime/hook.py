"""Hearing of modules when they have been loaded, of forks, and of the end of the process."""

from __future__ import annotations

import atexit
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
from collections.abc import Callable, Sequence

Listener = Callable[[str], None]

_loading: set[str] = set()


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the other finders find, and has modules of the packages that it knows tell when they are loaded."""

    def __init__(self, packages: frozenset[str], listener: Listener) -> None:
        self.packages, self.listener = packages, listener

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in self.packages:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                self._listen(spec)
                return spec
        return None

    def _listen(self, spec: importlib.machinery.ModuleSpec) -> None:
        loader = spec.loader
        execute = getattr(loader, "exec_module", None)
        if loader is None or execute is None:
            return

        def exec_module(module: types.ModuleType) -> None:
            # Only this attribute of this one loader is exchanged, and only until it has run.
            vars(loader).pop("exec_module", None)
            _loading.add(spec.name)
            try:
                execute(module)
            finally:
                _loading.discard(spec.name)
            self.listener(spec.name)

        try:
            loader.exec_module = exec_module  # type: ignore[method-assign]
        except AttributeError:
            return  # a loader of another make; what it loads is armed with the next module


_finder: _Finder | None = None


def install(packages: frozenset[str], listener: Listener) -> None:
    """Call `listener` after each module of these packages."""
    global _finder
    if _finder is None:
        _finder = _Finder(packages, listener)
        sys.meta_path.insert(0, _finder)
    else:
        _finder.packages, _finder.listener = packages, listener


def remove() -> None:
    """Listen no more."""
    global _finder
    if _finder is not None:
        if _finder in sys.meta_path:
            sys.meta_path.remove(_finder)
        _finder = None


def is_loading(module: str) -> bool:
    """Whether a module is being loaded right now."""
    return module in _loading


_ends: list[Callable[[], None]] = []
_forks: list[Callable[[], None]] = []


def at_end(action: Callable[[], None]) -> None:
    """Run an action when the process ends, also when multiprocessing ends it."""
    if action in _ends:
        return
    _ends.append(action)
    atexit.register(action)
    from multiprocessing import util

    # multiprocessing's children leave without atexit; their own finalisers run, and are forgotten when a child starts.
    def anew(_: object) -> None:
        util.Finalize(None, action, exitpriority=0)

    _anchors.append(_Anchor())
    util.register_after_fork(_anchors[-1], anew)
    util.Finalize(None, action, exitpriority=0)


def at_fork(action: Callable[[], None]) -> None:
    """Run an action in every forked child."""
    if action not in _forks and hasattr(os, "register_at_fork"):
        _forks.append(action)
        os.register_at_fork(after_in_child=action)


class _Anchor:
    """Something that lives as long as the process: multiprocessing keeps only weak references."""


_anchors: list[_Anchor] = []
