"""What happens in a child process: one call, compared with its reference."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from contractlint.exercise.cut import LEFT_OUT
from contractlint.exercise.inputs import build, resolve
from contractlint.exercise.recipes.base import INTEGER_TOLERANCE, TOLERANCE, Fill, Recipe
from contractlint.exercise.trials import Trial
from contractlint.model.contract import Outcome

if TYPE_CHECKING:
    from torch import Tensor

_FAULTS = (
    "CUDA error",
    "illegal memory access",
    "misaligned address",
    "device-side assert",
    "unspecified launch failure",
    "illegal instruction",
    "WouldFault",  # what a stand-in raises where the kernel would read outside of memory
)
_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Request:
    """All that a child needs. `library` is the module in which entry points are looked up by their last names."""

    recipe: Recipe
    trial: Trial
    shapes: Mapping[str, tuple[str, ...]]
    present: frozenset[str]
    device: str = "cuda"
    library: str = ""  # a module that stands in for the library; empty for the library itself
    names: tuple[str, ...] = ()  # under which the library may have the entry point, besides its canonical name
    rank: int = 0  # of this process, where several call together
    meeting: str = ""  # the file at which they meet; empty where one calls alone


class CannotCall(Exception):
    """The call could not be made, or not be judged; that says nothing of the kernel. The message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call did. `distance` is from the reference, as a share of its size; None where nothing was compared."""

    outcome: Outcome
    distance: float | None = None
    tolerance: float | None = None
    message: str = ""
    seconds: float = 0.0


def serve(connection: Connection) -> None:
    """Answer requests until the other end closes; the body of a child process.

    A text instead of an answer says why the call could not be made. The answer None says that nothing can be called
    here, because the driver was initialised before the fork.
    """

    # An interrupt at the terminal reaches the whole group of processes; the parent ends its children itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            request: Request = connection.recv()
        except EOFError:
            return
        if request.device == "cuda" and not _has_gpu():
            connection.send(None)
            return
        try:
            connection.send(perform(request))
        except CannotCall as problem:
            connection.send(str(problem))


def _has_gpu() -> bool:
    """Whether this process can use the GPU: not where it was forked from one that has used the driver."""
    import torch

    try:
        torch.cuda.init()
    except RuntimeError:
        return False
    return True


def perform(request: Request) -> Answer:
    """Make one call and say what it did. Raises CannotCall when it could not be made."""
    import torch

    started = time.monotonic()
    try:
        if request.meeting:
            from contractlint.exercise.collective import join

            join(request.rank, request.recipe.ranks, request.meeting, request.device)
        call = find(request)
        arguments = build(request.recipe, request.shapes, request.trial, request.present, request.device)
    except Exception as problem:
        raise CannotCall(f"cannot be called: {said(problem)}") from problem
    before = {name: _copied(value) for name, value in arguments.items()}
    try:
        returned = call(**arguments)
        if request.device == "cuda":
            torch.cuda.synchronize()
    except Exception as problem:
        text = said(problem)
        if LEFT_OUT in text:
            raise CannotCall(f"cannot be called: {LEFT_OUT}") from problem
        outcome = Outcome.FAULTED if any(fault in text for fault in _FAULTS) else Outcome.RAISED
        return Answer(outcome, message=text, seconds=time.monotonic() - started)
    try:
        results = _results(request, returned, arguments)
    except Exception as problem:
        raise CannotCall(f"the result is not where the recipe says: {said(problem)}") from problem
    distance, tolerance, message = compare(request.recipe, results, before)
    outcome = Outcome.ACCEPTED_RIGHT if distance is not None and distance <= tolerance else Outcome.ACCEPTED_WRONG
    return Answer(outcome, distance, tolerance, message, time.monotonic() - started)


def find(request: Request) -> Any:
    """Return the entry point, or what calls it as the recipe says."""
    if request.library:
        return resolve(f"{request.library}:{request.recipe.entry_point.rpartition('.')[2]}")
    if request.recipe.call:
        return resolve(request.recipe.call)
    for place in (request.recipe.entry_point, *request.names):
        module, _, name = place.rpartition(".")
        try:
            return resolve(f"{module}:{name}")
        except (ImportError, AttributeError):
            continue  # releases move entry points, and keep some of the old names
    raise LookupError(f"the library has no {' or '.join(dict.fromkeys((request.recipe.entry_point, *request.names)))}")


def said(problem: Exception) -> str:
    """The first lines of an error, on one line."""
    text = " ".join(line.strip() for line in str(problem).strip().splitlines() if line.strip())
    return f"{type(problem).__name__}: {text}"[:_MESSAGE]


def compare(recipe: Recipe, results: list[Tensor], arguments: Mapping[str, Any]) -> tuple[float | None, float, str]:
    """Return (distance from the reference, tolerance, what else is to be said)."""
    try:
        if recipe.judge:
            return float(resolve(recipe.judge)(results, arguments)), recipe.tolerance.get("", INTEGER_TOLERANCE), ""
        wanted = resolve(recipe.reference)(**arguments)
    except Exception as problem:
        return None, 0.0, f"accepted; the reference has no answer to it ({said(problem)})"
    expected = list(wanted) if isinstance(wanted, tuple) else [wanted]
    worst, allowed = 0.0, 0.0
    for got, want in zip(results, expected, strict=False):
        name = str(got.dtype).removeprefix("torch.")
        limit = recipe.tolerance.get("", TOLERANCE.get(name, INTEGER_TOLERANCE))
        away = distance(got, want)
        if away / limit >= (worst / allowed if allowed else -1):
            worst, allowed = away, limit
    if len(results) != len(expected):
        return None, 0.0, f"{len(results)} results where the reference has {len(expected)}"
    return worst, allowed, ""


def distance(got: Tensor, want: Tensor) -> float:
    """How far a result is from what it should be: of numbers as a share of their size, of integers the share that differs."""
    import math

    import torch

    if tuple(got.shape) != tuple(want.shape):
        return math.inf
    if not got.dtype.is_floating_point:
        return float((got.to(torch.int64) != want.to(torch.int64)).double().mean())
    given, wanted = got.double(), want.double()
    same = torch.isinf(wanted) & (given == wanted)
    given, wanted = given.masked_fill(same, 0.0), wanted.masked_fill(same, 0.0)
    away = float((given - wanted).norm() / wanted.norm().clamp_min(1e-12))
    return away if math.isfinite(away) else math.inf


def _results(request: Request, returned: Any, arguments: Mapping[str, Any]) -> list[Tensor]:
    """What the caller looks at: where the trial is about the tensor that takes the result, that tensor."""
    parts = list(returned) if isinstance(returned, (tuple, list)) else [returned]
    about = request.recipe.arguments.get(request.trial.parameter)
    takes = about is not None and about.fill is Fill.EMPTY and about.optional and len(request.recipe.results) == 1
    found = []
    for name in request.recipe.results:
        value = parts.pop(0) if name == "return" else arguments[name]
        given = arguments.get(request.trial.parameter)
        found.append((given if takes and given is not None else value).detach().cpu())
    return found


def _copied(value: Any) -> Any:
    import torch

    if isinstance(value, torch.Tensor):
        return value.detach().cpu().clone()
    if isinstance(value, (tuple, list)):
        return type(value)(_copied(item) for item in value)
    return value
