"""Arming and disarming the entry points of this process."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from contractlint.runtime import hook, targets
from contractlint.runtime.armed import Armed, subject_of
from contractlint.runtime.callsite import Walker
from contractlint.runtime.judge import Entry, Judge
from contractlint.runtime.library import Installed, folder_of, installed, open_catalog, shipped_packages
from contractlint.runtime.settings import Checks, Mode, Settings


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """What became of one library: entry points that are armed, and those that are not, each with the reason."""

    library: str
    spoken: str
    known_as: str
    armed: tuple[str, ...]
    not_armed: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        total = len(self.armed) + len(self.not_armed)
        text = f"armed {len(self.armed)} of {total} entry points of {self.spoken}"
        if self.known_as:
            text += f" (contracts know no such release; those of {self.known_as} are used)"
        if self.not_armed:
            text += "; not armed: " + "; ".join(self._grouped())
        return text

    def _grouped(self) -> Iterator[str]:
        """Names by reason: many are missing for the same one."""
        reasons: dict[str, list[str]] = {}
        for name, reason in self.not_armed:
            reasons.setdefault(reason, []).append(name.rpartition(f"{self.package}.")[2] or name)
        for reason, names in reasons.items():
            yield f"{', '.join(names)} because {reason}"

    @property
    def package(self) -> str:
        return self.spoken.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Status:
    """What this process is armed with, and what it could not check."""

    settings: Settings | None = None
    libraries: tuple[LibraryStatus, ...] = ()
    absent: tuple[str, ...] = ()
    unchecked: tuple[tuple[str, str, int], ...] = ()
    broken: int = 0

    def armed(self, name: str) -> bool:
        """Whether an entry point is armed, by its full name, the name alone, or any import path."""
        return any(_same(name, known) for library in self.libraries for known in library.armed)

    def missing(self) -> tuple[str, ...]:
        """The required entry points that are not armed, each with the reason."""
        required = self.settings.require if self.settings is not None else ()
        return tuple(f"{name}: {self._why(name)}" for name in required if not self.armed(name))

    def _why(self, name: str) -> str:
        for library in self.libraries:
            for known, reason in library.not_armed:
                if _same(name, known):
                    return reason
            if library.library:
                return f"no contract of {library.spoken} speaks of it"
        return f"{' and '.join(self.absent) or 'the library'} was not imported"

    def lines(self) -> list[str]:
        """The status for people."""
        out = [str(library) for library in self.libraries]
        if not self.libraries and self.absent:
            out.append(f"{' and '.join(self.absent)} was not imported, so nothing is armed")
        out += [f"not checked: {what} ({reason}), {count} times" for what, reason, count in self.unchecked]
        return out


@dataclass
class _State:
    """The process's one state."""

    stack: list[Settings] = field(default_factory=list)
    catalog: Any = None
    contracts: tuple[str, ...] = ()
    functions: dict[int, Armed] = field(default_factory=dict)
    judges: dict[Settings, Judge] = field(default_factory=dict)
    reasons: dict[str, dict[str, str]] = field(default_factory=dict)  # library → entry point → why not, "" when armed
    libraries: dict[str, Installed] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    listeners: list[Callable[[], None]] = field(default_factory=list)  # told when something new may be armed
    modules: dict[str, int] = field(default_factory=dict)  # library → the module object that was seen last
    failed: dict[int, str] = field(default_factory=dict)  # function → why no checker could be written for it

    @property
    def settings(self) -> Settings | None:
        return self.stack[-1] if self.stack else None


_STATE = _State()


def arm(settings: Settings) -> Status:
    """Arm what is loaded now, and what is loaded later, in this process."""
    with _STATE.lock:
        _STATE.stack.append(settings)
        if settings.mode is not Mode.OFF:
            _open(settings)
            hook.install(frozenset(_STATE.catalog.package(name) for name in _STATE.catalog.libraries), on_load)
        _arm_all()
        _apply()
    return status()


def arm_later(settings: Settings) -> None:
    """Arm when a library is imported, and do next to nothing until then: for processes that may never import one."""
    packages = shipped_packages()
    if settings.contracts or any(package in sys.modules for package in packages):
        arm(settings)
        return
    with _STATE.lock:
        _STATE.stack.append(settings)
        if settings.mode is not Mode.OFF:
            hook.install(packages, on_load)


def disarm() -> None:
    """Undo the last `arm`: what was armed before is armed again, or every function has its own code back."""
    with _STATE.lock:
        if _STATE.settings is not None:
            finish()
            _STATE.stack.pop()
        _apply()
        if not _STATE.stack:
            hook.remove()


@contextmanager
def armed(
    mode: str | Mode = Mode.ASSERT,
    *,
    checks: str | Checks = Checks.ALL,
    trace: str | os.PathLike[str] = "",
    require: tuple[str, ...] = (),
    contracts: tuple[str, ...] = (),
) -> Iterator[Status]:
    """Arm this process for a while. Raises NotArmed when a required entry point is not armed."""
    found = arm(Settings.make(mode, checks, trace, require, contracts))
    try:
        missing = found.missing()
        if missing:
            raise NotArmed(f"not armed: {'; '.join(missing)}")
        yield found
    finally:
        disarm()


class NotArmed(RuntimeError):
    """An entry point that must be armed is not."""


def status() -> Status:
    """What is armed, and what could not be checked so far."""
    state = _STATE
    libraries = []
    for library, found in state.libraries.items():
        reasons = state.reasons[library]
        on = tuple(name for name, reason in reasons.items() if not reason)
        off = tuple((name, reason) for name, reason in reasons.items() if reason)
        libraries.append(LibraryStatus(library, found.spoken, found.known_as, on, off))
    absent = ()
    if state.catalog is not None:
        names = (state.catalog.package(name) for name in state.catalog.libraries if name not in state.libraries)
        absent = tuple(names)
    unchecked: dict[tuple[str, str], int] = {}
    for judge in state.judges.values():
        for key, count in judge.unchecked.items():
            unchecked[key] = unchecked.get(key, 0) + count
    listed = tuple((name, reason, count) for (name, reason), count in unchecked.items())
    broken = sum(judge.broken for judge in state.judges.values())
    return Status(state.settings, tuple(libraries), absent, listed, broken)


def on_change(listener: Callable[[], None]) -> None:
    """Call `listener` when something may have been armed."""
    _STATE.listeners.append(listener)


def finish() -> None:
    """Write what has been counted and not been written."""
    for judge in _STATE.judges.values():
        judge.finish()


def on_load(module: str) -> None:
    """A module of a library has been loaded: arm what it brings. Whatever fails here, the import goes on."""
    with _STATE.lock:
        settings = _STATE.settings
        if settings is None or settings.mode is Mode.OFF or hook.is_loading(module.partition(".")[0]):
            return
        try:
            _open(settings)
            _arm_all()
            _apply()
        except Exception as problem:
            print(f"contractlint: {module} is not armed: {type(problem).__name__}: {problem}", file=sys.stderr)
            return
    for listener in _STATE.listeners:
        listener()


def refresh() -> None:
    """Arm what has come since without being imported: a stand-in that was put in the place of a library."""
    if _STATE.settings is None or _STATE.catalog is None:
        return
    now = {name: id(sys.modules.get(_STATE.catalog.package(name))) for name in _STATE.catalog.libraries}
    if now != _STATE.modules:
        _STATE.modules = now
        on_load("")


def forget_parent() -> None:
    """In a forked child: start a trace of its own."""
    for judge in _STATE.judges.values():
        judge.forget()


def _open(settings: Settings) -> None:
    if _STATE.catalog is None or _STATE.contracts != settings.contracts:
        _STATE.catalog = open_catalog(settings.contracts)
        _STATE.contracts = settings.contracts


def _arm_all() -> None:
    """Find the functions of every library that is loaded whole."""
    if _STATE.catalog is None:
        return
    for library in _STATE.catalog.libraries:
        if hook.is_loading(_STATE.catalog.package(library)):
            continue
        found = installed(_STATE.catalog, library)
        if found is None:
            continue
        _STATE.libraries[library] = found
        reasons = _STATE.reasons.setdefault(library, {})
        for name in sorted(found.view.entry_points):
            if any(clause.forbids for clause in found.view.clauses(name)):
                reasons[name] = _find(found, name)


def _find(found: Installed, name: str) -> str:
    """Find the functions behind every name of an entry point; the reason when there is none."""
    reason = ""
    hit = False
    for alias in found.view.entry_points[name].names:
        one = targets.find(alias)
        if one.function is None:
            if not reason or (alias == name and not one.pending):
                reason = one.reason
            continue
        hit = True
        if id(one.function) not in _STATE.functions:
            try:
                subject = subject_of(len(_STATE.functions) + 1, name, one.function, found)
            except (TypeError, ValueError) as problem:
                return f"its signature cannot be read: {problem}"
            _STATE.functions[id(one.function)] = Armed(one.function, subject)
        elif reason_before := _STATE.failed.get(_STATE.functions[id(one.function)].subject.shape.number):
            return reason_before
    return "" if hit else reason


def _apply() -> None:
    """Give every function the code that the present settings ask for."""
    settings = _STATE.settings
    for one in _STATE.functions.values():
        if settings is None or settings.mode is Mode.OFF:
            one.disarm()
        else:
            judge = _judge(settings, one)
            try:
                one.arm(settings, judge)
            except Exception as problem:
                _fail(one, f"no checker could be written: {type(problem).__name__}: {problem}")


def _fail(one: Armed, reason: str) -> None:
    """Take down that a function could not be armed. The others are."""
    for reasons in _STATE.reasons.values():
        if one.subject.spoken.entry_point in reasons:
            reasons[one.subject.spoken.entry_point] = reason
            _STATE.failed[one.subject.shape.number] = reason


def _judge(settings: Settings, one: Armed) -> Judge:
    if settings not in _STATE.judges:
        folders = [folder_of(f.package) for f in _STATE.libraries.values() if f.versioned]
        judge = Judge(settings, Walker(tuple(folder for folder in folders if folder)))
        judge.hooks_made = judge.hooks()
        if settings.trace:
            from contractlint.trace.writer import TraceWriter

            judge.writer = TraceWriter(settings.trace, _header)
            hook.at_end(finish)
            hook.at_fork(forget_parent)
        _STATE.judges[settings] = judge
    judge = _STATE.judges[settings]
    judge.entries.setdefault(one.subject.shape.number, Entry(one.subject.shape, one.subject.spoken))
    return judge


def _header() -> dict[str, Any]:
    from contractlint import __version__

    found = status()
    torch: Any = sys.modules.get("torch")
    return {
        "tool": __version__,
        "mode": found.settings.mode.value if found.settings else "",
        "python": sys.version.split()[0],
        "torch": getattr(torch, "__version__", ""),
        "command": [os.path.basename(sys.argv[0]) if sys.argv else "", *sys.argv[1:4]],
        "libraries": [
            {
                "library": one.library,
                "release": _STATE.libraries[one.library].release,
                "contracts": one.known_as or _STATE.libraries[one.library].release,
                "armed": list(one.armed),
                "not_armed": [list(pair) for pair in one.not_armed],
            }
            for one in found.libraries
        ],
    }


def _same(wanted: str, known: str) -> bool:
    """Whether a name means an entry point: in full, or its last part."""
    return wanted == known or wanted == known.rpartition(".")[2] or _canonical(wanted) == known


def _canonical(name: str) -> str | None:
    return _STATE.catalog.canonical(name) if _STATE.catalog is not None else None
