"""What armed entry points call: the judging of calls that the filter did not let pass, and the keeping of traces."""

from __future__ import annotations

import importlib
import sys
import types
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contractlint.clauses import Call, Judgement, Kind, Outcome, judge_call
from contractlint.clauses.real import observe_call
from contractlint.clauses.words import message
from contractlint.model.contract import Aspect, Clause, Effect
from contractlint.model.words import contract
from contractlint.runtime import breach
from contractlint.runtime.callsite import NOWHERE, CallSite, Frame, Walker, imported_path
from contractlint.runtime.generate import Hooks, can_be_kept
from contractlint.runtime.generate import Subject as Shape
from contractlint.runtime.settings import Checks, Mode, Settings
from contractlint.trace.rows import Breach, Row

if TYPE_CHECKING:
    from contractlint.trace.writer import TraceWriter

MAX_FORMS = 50_000  # argument forms remembered as right; a program that makes more forgets the old ones


@dataclass(slots=True)
class Entry:
    """One armed function."""

    shape: Shape
    subject: breach.Subject
    versioned: bool = True


@dataclass
class Judge:
    """Judges calls. One for the process; entries are known by their number."""

    settings: Settings
    walker: Walker
    entries: dict[int, Entry] = field(default_factory=dict)
    writer: TraceWriter | None = None
    broken: int = 0
    unchecked: dict[tuple[str, str], int] = field(default_factory=dict)
    warned: set[tuple[object, ...]] = field(default_factory=set)
    traced: dict[tuple[object, ...], None] = field(default_factory=dict)
    _forwarded: dict[object, list[Any]] = field(default_factory=dict)
    _rows: list[list[Any]] = field(default_factory=list)
    _kept: list[object] = field(default_factory=list)  # code objects whose ids are keys
    _complained: bool = False

    def hooks(self) -> Hooks:
        """The functions that checkers call."""
        torch: Any = importlib.import_module("torch")  # only ever where a library that needs it is imported already
        slow, record, traced = _slow_hook(self), self.record, _traced_hook(self)
        return Hooks(slow, record, self.flush, traced, torch.compiler.is_compiling, sys._getframe, torch)

    # asserting and warning

    def judge(self, hooks: Hooks, number: int, key: object, values: tuple[object, ...], depth: int) -> None:
        """Judge a call that was not seen to be right. Raises ContractBreach in mode assert."""
        __tracebackhide__ = True  # pytest shows the engine's call, not this
        entry = self.entries[number]
        try:
            call = observe_call(entry.shape.names, values, entry.shape.enums, addresses=entry.shape.addressed)
            judgements = judge_call(self._held(entry), call)
            self._note_unchecked(entry, call)
            bad = [one for one in judgements if one.outcome in (Outcome.BROKEN, Outcome.IGNORED)]
            if self.settings.mode is Mode.ASSERT:
                bad = [one for one in bad if _grave(one)]
            if not bad:
                if can_be_kept(key) and key is not None:
                    if len(hooks.judged) >= MAX_FORMS:
                        hooks.judged.clear()
                    hooks.judged.add(key)
                return
            site = self.walker.site(sys._getframe(depth + 2))
            error = self._error(entry, bad, site)
        except Exception as problem:
            self._complain(entry, problem)
            return
        if error is not None:
            raise error

    def _held(self, entry: Entry) -> tuple[Clause, ...]:
        """The clauses that calls are held to."""
        if self.settings.checks is Checks.ALL:
            return entry.shape.clauses
        return tuple(clause for clause in entry.shape.clauses if clause.aspect is Aspect.DTYPE)

    def _error(self, entry: Entry, bad: list[Judgement], site: CallSite) -> breach.ContractBreach | None:
        if self.settings.mode is Mode.ASSERT:
            self.broken += 1
            found = breach.findings(bad, entry.subject, site)
            return breach.ContractBreach(breach.render(found), found)
        for one in bad:
            self._warn(entry, one, site)
        return None

    def _warn(self, entry: Entry, one: Judgement, site: CallSite) -> None:
        frame, clause = site.frame, one.clause
        key = (entry.subject.entry_point, clause.parameter, clause.aspect, frame.path, frame.line, frame.column)
        if key in self.warned:
            return
        self.warned.add(key)
        self.broken += _grave(one)
        text = breach.render(breach.findings([one], entry.subject, site))
        warnings.warn_explicit(text, breach.ContractWarning, frame.path, frame.line, module=frame.function)

    def _note_unchecked(self, entry: Entry, call: Call) -> None:
        for value in call.arguments.values():
            if value.kind is Kind.TENSOR and value.shape is None:
                key = (entry.subject.entry_point, value.reason or "its shape is not known")
                self.unchecked[key] = self.unchecked.get(key, 0) + 1
                return

    # recording

    def record(self, number: int, key: object, values: tuple[object, ...], frame: types.FrameType) -> None:
        """Take down a form of arguments that this call site has not been seen with."""
        entry = self.entries[number]
        try:
            self._record(entry, number, key, values, frame)
        except Exception as problem:
            self._complain(entry, problem)

    def _record(
        self, entry: Entry, number: int, key: object, values: tuple[object, ...], frame: types.FrameType
    ) -> None:
        assert self.hooks_made is not None
        direct = not self.walker.is_forwarder(frame.f_code)
        identity = key
        if not direct:
            chain = tuple((id(f.f_code), f.f_lasti) for f in self.walker.engine_frames(frame))[:1]
            identity = (key, chain)
            known = self._forwarded.get(identity)
            if known is not None and key is not None:
                known[0] += 1
                if known[0] >= known[1]:
                    self.flush(known)
                return
        call = observe_call(entry.shape.names, values, entry.shape.enums, addresses=entry.shape.addressed)
        site = self.walker.site(frame)
        row = self._row(entry, call, judge_call(entry.shape.clauses, call), site)
        assert self.writer is not None
        state: list[Any] = [1, 2, self.writer.row(row), 1]  # seen, when to write, number of the row, written
        self._rows.append(state)
        if key is None or not can_be_kept(key):
            return
        self._kept.append(frame.f_code)
        self._kept.extend(f.f_code for f in list(self.walker.engine_frames(frame))[:1])
        if direct:
            self.hooks_made.seen[key] = state
        else:
            self._forwarded[identity] = state

    hooks_made: Hooks | None = None

    def _row(self, entry: Entry, call: Call, judgements: list[Judgement], site: CallSite) -> Row:
        frame, subject = site.frame, entry.subject
        bad = [one for one in judgements if one.outcome in (Outcome.BROKEN, Outcome.IGNORED)]
        unknown = [one for one in judgements if one.outcome is Outcome.UNKNOWN]
        tensors = [v for v in call.arguments.values() if v.kind is Kind.TENSOR]
        return Row(
            library=subject.distribution,
            release=subject.release,
            entry_point=subject.entry_point,
            file=frame.file,
            line=frame.line,
            function=frame.function,
            path=frame.path,
            callers=tuple(f"{f} {f.function}" for f in site.callers),
            arguments=described(call),
            breaches=tuple(
                Breach(
                    one.clause.parameter,
                    one.clause.aspect.value,
                    message(one, subject.entry_point, subject.spoken),
                    one.clause.effect.value,
                    "error" if _grave(one) else "warning",
                )
                for one in bad
            ),
            unchecked=tuple(dict.fromkeys(f"{contract(one.clause)}: {one.reason}" for one in unknown)),
            status="fake" if any(v.shape is None for v in tensors) else "called",
            device=_device(tensors[0].device) if tensors else "",
            capability=call.capability,
        )

    def flush(self, state: list[Any]) -> None:
        """Write a count. The next is due when it has grown by a quarter, so that a killed process loses little."""
        state[1] = state[0] + max(1, state[0] // 4)
        if self.writer is not None and state[0] > state[3]:
            state[3] = state[0]
            self.writer.count(state[2], state[0])

    def finish(self) -> None:
        """Write what has been counted since."""
        for state in self._rows:
            self.flush(state)

    def forget(self) -> None:
        """In a forked child: what the parent has seen, the child has not."""
        self._rows.clear()
        self._forwarded.clear()
        if self.hooks_made is not None:
            self.hooks_made.seen.clear()
        if self.writer is not None:
            self.writer.forget()

    def note_trace(self, number: int) -> None:
        """Take down that a compiler traced a call: there is nothing to look at then, and no Python when it runs."""
        entry = self.entries[number]
        frame = _traced_frame() or NOWHERE
        key = (number, frame.file, frame.line)
        if key in self.traced:
            return
        self.traced[key] = None
        reason = "traced by torch.compile: dtypes alone were checked"
        mark = (entry.subject.entry_point, reason)
        self.unchecked[mark] = self.unchecked.get(mark, 0) + 1
        if self.writer is not None:
            subject = entry.subject
            self.writer.row(
                Row(
                    subject.distribution,
                    subject.release,
                    subject.entry_point,
                    frame.file,
                    frame.line,
                    frame.function,
                    path=frame.path,
                    status="traced",
                    unchecked=(reason,),
                )
            )

    def _complain(self, entry: Entry, problem: Exception) -> None:
        key = (entry.subject.entry_point, f"contractlint failed: {type(problem).__name__}: {problem}")
        self.unchecked[key] = self.unchecked.get(key, 0) + 1
        if not self._complained:
            self._complained = True
            print(f"contractlint: a call of {key[0]} was not checked ({key[1]}); please report it", file=sys.stderr)


def described(call: Call) -> Mapping[str, dict[str, Any]]:
    """The arguments of a call as a trace keeps them; what is None by default is left out."""
    return {name: _described(value) for name, value in call.arguments.items()}


def _described(value: Any) -> dict[str, Any]:
    if value.kind is Kind.TENSOR:
        data: dict[str, Any] = {"dtype": value.dtype}
        if value.shape is not None:
            data["shape"] = list(value.shape)
        if value.contiguous is False:
            data["contiguous"] = False
            data["strides"] = list(value.strides)
        if value.device:
            data["device"] = _device(value.device)
        return data
    if value.kind is Kind.SEQUENCE:
        return {"items": [_described(item) for item in value.items]}
    if value.kind is Kind.DTYPE:
        return {"value": f"torch.{value.dtype}"}
    if value.kind is Kind.UNKNOWN:
        return {"value": value.reason}
    return {"value": value.value}


def _device(name: str) -> str:
    """A device without its number: ranks of one run do the same on different ones."""
    return name.partition(":")[0]


_DISABLED = 1  # the frame that torch.compile's `disable` puts between


def _grave(one: Judgement) -> bool:
    return one.outcome is Outcome.BROKEN and one.clause.effect is not Effect.SLOW


def _slow_hook(judge: Judge) -> Any:
    """The way out of a checker. torch.compile must not look inside: where it meets a breach, the code runs eagerly."""

    untraced: list[Any] = []

    def slow(number: int, key: object, values: tuple[object, ...], depth: int) -> None:
        __tracebackhide__ = True
        assert judge.hooks_made is not None
        dynamo: Any = sys.modules.get("torch._dynamo")
        if dynamo is None or not hasattr(dynamo, "disable"):
            judge.judge(judge.hooks_made, number, key, values, depth)
            return
        if not untraced:
            untraced.append(dynamo.disable(judge.judge))
        untraced[0](judge.hooks_made, number, key, values, depth + _DISABLED)

    slow._torchdynamo_disable = True  # type: ignore[attr-defined]
    return slow


def _traced_hook(judge: Judge) -> Any:
    """What torch.compile runs once while it traces, and leaves out of the graph."""

    def traced(number: int) -> bool:
        judge.note_trace(number)
        return False

    traced._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return traced


def _traced_frame() -> Frame | None:
    """The place in the program that torch.compile is tracing."""
    guards: Any = sys.modules.get("torch._guards")
    if guards is None:
        return None
    try:
        stack = guards.TracingContext.extract_stack()
    except Exception:
        return None
    for item in reversed(stack):
        if "flashinfer" not in item.filename and "contractlint" not in item.filename:
            return Frame(imported_path(item.filename, ""), item.lineno or 0, item.name, item.filename)
    return None
