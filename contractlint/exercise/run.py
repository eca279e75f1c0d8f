"""Running a plan: a child process for each call, a time limit, several entry points at once, and a journal to resume from."""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from contractlint.exercise.child import Answer, Request, serve
from contractlint.exercise.machine import CHIP, architecture
from contractlint.exercise.plan import Plan, Subject
from contractlint.exercise.trials import Trial, without_clause
from contractlint.model.contract import Outcome

COMPILE_LIMIT = 900.0  # the first call of a module compiles it
_WORSE = (Outcome.ACCEPTED_RIGHT, Outcome.RAISED, Outcome.ACCEPTED_WRONG, Outcome.HUNG, Outcome.FAULTED)
_GLANCE = 0.5  # seconds between two looks whether the run is to end
_NOTHING_TOLD = "the conforming call is not right, or could not be made, so nothing can be told from others"


@dataclass(frozen=True, slots=True)
class Result:
    """A trial and what it did; `answer` is None when it was not run, and `reason` says why."""

    trial: Trial
    answer: Answer | None
    reason: str = ""


Told = Callable[[Result], None]


class Journal:
    """What was answered so far, one line each, so that an interrupted run resumes."""

    def __init__(self, path: Path | None, context: str) -> None:
        """`context` names release, chip and contracts; answers of another context do not count."""
        self._path = path
        self._context = context
        self._lock = threading.Lock()
        self._known: dict[str, Answer] = {}
        self._torn = False
        if path is not None and path.exists():
            text = path.read_text(encoding="utf-8")
            self._torn = bool(text) and not text.endswith("\n")
            for line in text.splitlines():
                self._read(line)

    def __len__(self) -> int:
        return len(self._known)

    def get(self, trial: Trial) -> Answer | None:
        return self._known.get(trial.key)

    def add(self, trial: Trial, answer: Answer) -> None:
        """Keep an answer; what is kept survives the end of this process."""
        if self._path is None:
            return
        record = {
            "context": self._context,
            "key": trial.key,
            "answer": {**asdict(answer), "outcome": answer.outcome.value},
        }
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as stream:
                # A run that was killed while it wrote has left a piece of a line.
                stream.write(("\n" if self._torn else "") + json.dumps(record) + "\n")
                self._torn = False

    def close(self) -> None:
        """Forget everything: the run is complete."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _read(self, line: str) -> None:
        try:
            record = json.loads(line)
        except ValueError:
            return  # the line that was being written when the run was interrupted
        if record.get("context") == self._context:
            fields: dict[str, Any] = record["answer"]
            self._known[record["key"]] = Answer(**{**fields, "outcome": Outcome(fields["outcome"])})


class Interrupted(Exception):
    """The run is to end; what a child was doing does not count."""


class Children:
    """Starts a child for each call. Children are forked from a process that has torch and the library imported.

    A library that initialises the driver while it is imported cannot be forked. Then children are started from nothing,
    which takes long, so that one child answers several calls; it ends as soon as a call did anything but raise or be
    right.
    """

    def __init__(self, capability: str = "", method: str = "forkserver") -> None:
        if capability:
            # Without these the library asks the driver while it is imported, and PyTorch when it is asked for a GPU.
            os.environ.setdefault("FLASHINFER_CUDA_ARCH_LIST", _arch_list(architecture(capability)))
            os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
            os.environ[CHIP] = capability
        self.stopping = threading.Event()  # set it, and calls that are under way end without an answer
        self._local = threading.local()
        self._context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload(["contractlint.exercise.preload"])

    def ask(self, request: Request, limit: float) -> Answer | str:
        """Make one call in a child; a child that dies has faulted, one that does not end in time hangs.

        A text says why the call could not be made. Raises Interrupted once `stopping` is set.
        """
        return self._ask_ranks(request, limit) if request.recipe.ranks > 1 else self._ask_one(request, limit)

    def _ask_ranks(self, request: Request, limit: float) -> Answer | str:
        """Make one call with all its ranks; the answer is that of the rank that fared worst."""

        def ask(rank: int) -> Answer | str:
            try:
                return self._ask_one(replace(request, rank=rank, meeting=meeting), limit)
            finally:
                self.close()

        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(request.recipe.ranks) as pool:
            meeting = os.path.join(folder, "meeting")
            answers = list(pool.map(ask, range(request.recipe.ranks)))
        for answer in answers:
            if isinstance(answer, str):
                return answer
        made = [answer for answer in answers if isinstance(answer, Answer)]
        return max(made, key=lambda answer: (_WORSE.index(answer.outcome), answer.distance or 0.0))

    def _ask_one(self, request: Request, limit: float) -> Answer | str:
        answer = self._ask(request, limit)
        if answer is None:
            self._context = multiprocessing.get_context("spawn")
            answer = self._ask(request, limit)
        return answer or "cannot be called: PyTorch cannot initialise the GPU"

    def close(self) -> None:
        """End the child of this thread, where one is kept."""
        kept = getattr(self._local, "kept", None)
        self._local.kept = None
        if kept is not None:
            _end(*kept)

    def _ask(self, request: Request, limit: float) -> Answer | str | None:
        keeps = self._context.get_start_method() == "spawn"
        kept = getattr(self._local, "kept", None)
        if kept is None:
            ours, theirs = self._context.Pipe()
            child = self._context.Process(target=serve, args=(theirs,), daemon=True)
            child.start()
            theirs.close()
            kept = (child, ours)
        child, connection = kept
        answer: Answer | str | None
        try:
            connection.send(request)
            if not self._answered(connection, limit):
                answer = Answer(Outcome.HUNG, message=f"no answer within {limit:g} s", seconds=limit)
            else:
                answer = connection.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            child.join(10)
            answer = Answer(Outcome.FAULTED, message=f"the process died ({_died(child.exitcode)})")
        if self.stopping.is_set():
            self._local.kept = None
            _end(child, connection, patience=0.0)
            raise Interrupted
        if keeps and isinstance(answer, Answer) and answer.outcome in (Outcome.RAISED, Outcome.ACCEPTED_RIGHT):
            self._local.kept = kept
        else:
            self._local.kept = None
            _end(child, connection)
        return answer

    def _answered(self, connection: Any, limit: float) -> bool:
        """Wait for an answer, so long as nobody ends the run."""
        last = time.monotonic() + limit
        while not self.stopping.is_set():
            left = last - time.monotonic()
            if connection.poll(max(0.0, min(left, _GLANCE))):
                return True
            if left <= 0:
                return False
        return False


def _end(child: Any, connection: Any, patience: float = 2.0) -> None:
    connection.close()
    child.join(patience)
    if child.is_alive():
        child.kill()
        child.join()


def run(
    plan: Plan,
    children: Children,
    journal: Journal,
    told: Told,
    *,
    device: str = "cuda",
    library: str = "",
    limit: float = 120.0,
    first_limit: float = COMPILE_LIMIT,
    jobs: int = 1,
) -> None:
    """Run all trials of a plan; `told` hears of each result, one at a time. Entry points run beside one another.

    Args:
        limit: seconds that a call may take; `first_limit`: the same of an entry point's first call, which compiles.
    """
    lock = threading.Lock()

    def tell(result: Result) -> None:
        with lock:
            told(result)

    def one(subject: Subject) -> None:
        try:
            _run_subject(subject, children, journal, tell, device, library, (max(limit, first_limit), limit))
        finally:
            children.close()

    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        waiting = [pool.submit(one, subject) for subject in plan.running]
        try:
            for future in waiting:
                future.result()
        except BaseException:
            children.stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _run_subject(
    subject: Subject,
    children: Children,
    journal: Journal,
    told: Told,
    device: str,
    library: str,
    limits: tuple[float, float],
) -> None:
    assert subject.recipe is not None
    conforming = True
    for number, trial in enumerate(subject.trials):
        if not conforming:
            told(Result(trial, None, _NOTHING_TOLD))
            continue
        answer = journal.get(trial)
        if answer is None:
            request = Request(
                subject.recipe,
                without_clause(trial),
                subject.shapes,
                subject.present,
                device,
                library,
                subject.entry.names,
            )
            try:
                asked = children.ask(request, limits[number > 0])
            except Interrupted:
                return
            if isinstance(asked, str):
                told(Result(trial, None, asked))
                conforming = number > 0
                continue
            answer = asked
            journal.add(trial, answer)
        told(Result(trial, answer))
        conforming = number > 0 or answer.outcome is Outcome.ACCEPTED_RIGHT


def finished(plan: Plan, results: Iterable[Result]) -> list[Result]:
    """The results of entry points of which all calls were answered: of others nothing can be told."""
    found = list(results)
    keys = {result.trial.key for result in found}
    open_ones = {trial.entry_point for subject in plan.running for trial in subject.trials if trial.key not in keys}
    return [result for result in found if result.trial.entry_point not in open_ones]


def count(subjects: Iterable[Subject]) -> int:
    """How many calls there are."""
    return sum(len(subject.trials) for subject in subjects)


def _arch_list(architecture: str) -> str:
    """`sm_90a` → `9.0a`, as the library wants it."""
    number = architecture.removeprefix("sm_")
    digits = number.rstrip("abcdefghijklmnopqrstuvwxyz")
    return f"{digits[:-1]}.{number[len(digits) - 1 :]}"


def _died(code: int | None) -> str:
    import signal

    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
