"""What the routing stage is asked, and what it answers: which experts and which weights, against the reference."""

from __future__ import annotations

import multiprocessing
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from contractlint.exercise.routing.build import PART_NAMES
from contractlint.exercise.routing.door import Chosen, Door, Shape
from contractlint.model.contract import Outcome

if TYPE_CHECKING:
    from torch import Tensor

    from contractlint.reference.routing import Routing

# From 0.6.8 on a float32 bias is rounded to bfloat16 before it is added, which swaps experts that are almost as good.
RIGHT = 0.99
WEIGHTS_TOLERANCE = 0.03
SEED = 20260323
DRAWS = 8
TIME_LIMIT = 300.0  # seconds for one question, with the start of its process
# What misread logits make a kernel read beyond them stays inside memory of ours.
_GUARD = 4
_NO_GROUPS = replace(Shape(), groups=1, limited_groups=1)


@dataclass(frozen=True, slots=True)
class Setting:
    """What decides how far a misreading goes: how much biases differ, and what lies in memory behind a tensor.

    `behind` is `zeros`, as memory that was never written to has, or `alike`: more numbers of the same kind, as in a
    process that serves requests.
    """

    bias_spread: float
    behind: str


SETTINGS = (Setting(0.05, "zeros"), Setting(0.1, "alike"))


@dataclass(frozen=True, slots=True)
class Method:
    """A routing method and the kernels that route by it: the first of `parts` that a release has.

    `name` and `number` are those of the library's enum. The conforming call has logits of dtype `logits`.
    """

    name: str
    number: int
    parts: tuple[str, ...]
    shape: Shape = _NO_GROUPS
    biased: bool = False
    logits: str = "bfloat16"


METHODS = (
    Method("DeepSeekV3", 2, ("deepseek",), Shape(), biased=True, logits="float32"),
    Method("DeepSeekV3", 2, ("custom", "deepseek"), biased=True, logits="float32"),
    Method("MiniMax2", 7, ("custom",), replace(_NO_GROUPS, scale=1.0), biased=True, logits="float32"),
    Method("Default", 0, ("custom",)),
    Method("Renormalize", 1, ("custom", "renormalize")),
    Method("RenormalizeNaive", 4, ("custom", "renormalize")),
    Method("TopK", 5, ("custom", "renormalize")),
    Method("SigmoidRenorm", 6, ("custom",)),
    Method("Sigmoid", 8, ("custom",)),
    Method("TopKSigmoid", 9, ("custom",)),
    Method("Llama4", 3, ("llama4",), replace(_NO_GROUPS, experts=128, top_k=1)),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One call: a method, the dtypes of logits and bias (empty: none is passed), and which of them it is about."""

    method: Method
    logits: str
    bias: str = ""
    parameter: str = ""

    @property
    def given(self) -> str:
        """The dtype of the argument that it is about."""
        return self.bias if self.parameter == "routing_bias" else self.logits

    @property
    def facts(self) -> dict[str, str]:
        """What conditions of clauses may ask, by parameter."""
        return {
            "routing_method_type": self.method.name,
            "n_group": str(self.method.shape.groups),
            "use_routing_scales_on_input": "False",
        }

    def __str__(self) -> str:
        bias = f", {self.bias} bias" if self.bias else ""
        return f"{self.logits} logits{bias}"


def cases(method: Method) -> tuple[Case, ...]:
    """The calls of a method: each dtype of the logits, and of the bias where it has one."""
    if not method.biased:
        return tuple(Case(method, dtype, parameter="routing_logits") for dtype in ("bfloat16", "float32"))
    return (
        Case(method, method.logits, "bfloat16"),
        *(Case(method, method.logits, dtype, "routing_bias") for dtype in ("float32", "float16")),
        Case(method, "bfloat16", "bfloat16", "routing_logits"),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back in one setting.

    `overlaps` has the share of the reference's experts that were chosen, for each draw of logits and biases; `distance`
    is how far the weights are off, as a share of their size, in the worst draw.
    """

    case: Case
    setting: Setting = SETTINGS[0]
    overlaps: tuple[float, ...] = ()
    distance: float = 0.0
    keeps_bias_dtype: bool = False
    message: str = ""
    faulted: bool = False

    @property
    def overlap(self) -> float | None:
        """Of all draws together; None for an error."""
        return sum(self.overlaps) / len(self.overlaps) if self.overlaps else None

    @property
    def outcome(self) -> Outcome:
        """Right when the reference's experts are chosen, but for near ties, with the reference's weights."""
        if self.overlap is None:
            return Outcome.FAULTED if self.faulted else Outcome.RAISED
        right = self.overlap >= RIGHT and self.distance <= WEIGHTS_TOLERANCE
        return Outcome.ACCEPTED_RIGHT if right else Outcome.ACCEPTED_WRONG


@dataclass(frozen=True, slots=True)
class Question:
    """One case in one setting, and the kernels that answer it."""

    part: str
    case: Case
    setting: Setting
    seeds: tuple[int, ...]


def questions(parts: Collection[str], methods: Collection[str], seed: int = SEED, draws: int = DRAWS) -> list[Question]:
    """What is asked of a release that has these kernels and routes by these methods."""
    asked = []
    for method in METHODS:
        part = next((part for part in method.parts if part in parts), "")
        if part and method.name in methods:
            settings = SETTINGS if method.biased else SETTINGS[:1]
            seeds = tuple(range(seed, seed + draws))
            asked += [Question(part, case, setting, seeds) for case in cases(method) for setting in settings]
    return asked


def run(library: Path, methods: Collection[str]) -> Iterator[Answer]:
    """Ask everything on the current GPU; needs torch and a device.

    Questions are asked in a process of their own, and in a new one after each fault, so that none takes others down.
    """
    door = Door(library)
    waiting = questions([part for part in PART_NAMES if door.has(part)], methods)
    while waiting:
        for answer in _answers(library, waiting):
            waiting.pop(0)
            yield answer


def _answers(library: Path, waiting: Sequence[Question]) -> Iterator[Answer]:
    """The answers of one child process, up to its end."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_serve, args=(theirs, library, tuple(waiting)), daemon=True)
    child.start()
    theirs.close()
    try:
        for question in tuple(waiting):
            answer = Answer(question.case, question.setting, faulted=True, message="the process died")
            try:
                in_time = ours.poll(TIME_LIMIT)
                answer = ours.recv() if in_time else replace(answer, message=f"no answer within {TIME_LIMIT:g} s")
            except (EOFError, ConnectionResetError):
                pass
            yield answer
            if answer.faulted:
                return
    finally:
        ours.close()
        child.kill()
        child.join()


def _serve(connection: Connection, library: Path, asked: Sequence[Question]) -> None:
    """Answer one question after the other; the body of a child process."""
    door = Door(library)
    for question in asked:
        answer = _asked(door, question)
        connection.send(answer)
        if answer.faulted:
            return


def _asked(door: Door, question: Question) -> Answer:
    import torch

    case, setting, method = question.case, question.setting, question.case.method
    overlaps, worst, chosen = [], 0.0, Chosen(None)
    for seed in question.seeds:
        logits, bias = values(case, setting, seed)
        given = _guarded(logits, setting.behind)
        added = None if bias is None else _guarded(bias, setting.behind)
        chosen = door.choose(question.part, method.number, given, added, method.shape)
        if chosen.experts is None or chosen.weights is None:
            return Answer(case, setting, message=chosen.message, faulted=chosen.faulted)
        torch.cuda.synchronize()
        wanted = reference(method, logits, bias)
        overlaps.append(shared(chosen.experts.cpu(), wanted.experts))
        worst = max(worst, _away(chosen.weights.cpu(), wanted.weights))
    return Answer(case, setting, tuple(overlaps), worst, chosen.keeps_bias_dtype)


def values(case: Case, setting: Setting, seed: int) -> tuple[Tensor, Tensor | None]:
    """Logits `[tokens, experts]` of spread 1 and biases `[experts]`, in the dtypes of the case."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    shape = case.method.shape
    logits = torch.randn(shape.tokens, shape.experts, generator=generator).to(getattr(torch, case.logits))
    bias = torch.randn(shape.experts, generator=generator) * setting.bias_spread
    return logits, bias.to(getattr(torch, case.bias)) if case.bias else None


def reference(method: Method, logits: Tensor, bias: Tensor | None) -> Routing:
    """What the same values lead to."""
    from contractlint.reference.routing import Options, route

    shape = method.shape
    options = Options(
        bias=None if bias is None else bias.float(),
        groups=shape.groups,
        limited_groups=shape.limited_groups,
        scale=shape.scale,
    )
    return route(method.name, logits, shape.top_k, options)


def shared(chosen: Tensor, wanted: Tensor) -> float:
    """The share of wanted experts that were chosen, whatever their order."""
    hits = (chosen.unsqueeze(-1) == wanted.unsqueeze(-2)).any(-2)
    return float(hits.float().mean())


def _away(got: Tensor, want: Tensor) -> float:
    """How far weights are from what they should be, whatever their order."""
    ordered = [x.double().sort(-1).values for x in (got, want)]
    away = float((ordered[0] - ordered[1]).norm() / ordered[1].norm())
    return away if away == away else float("inf")


def _guarded(given: Tensor, behind: str) -> Tensor:
    """Put values on the GPU with memory of ours behind them."""
    import torch

    room = torch.zeros(given.numel() * _GUARD)
    if behind == "alike":
        room = torch.randn(room.numel(), generator=torch.Generator().manual_seed(1))
    placed = room.to(given.dtype).to("cuda")
    placed[: given.numel()] = given.flatten().to("cuda")
    return placed[: given.numel()].view(given.shape)
