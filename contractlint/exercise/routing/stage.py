"""What the routing stage is asked, and what it answers: which experts, against the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contractlint.exercise.routing.door import Door, Shape
from contractlint.model.contract import Outcome

if TYPE_CHECKING:
    from torch import Tensor

# From 0.6.8 on a float32 bias is rounded to bfloat16 before it is added, which swaps experts that are almost as good.
RIGHT = 0.99
SEED = 20260323
# Logits and biases as a trained router has them: choices depend on both.
_BIAS_SPREAD = 0.1
# What misread logits make a kernel read beyond them stays inside memory of ours.
_GUARD = 4


@dataclass(frozen=True, slots=True)
class Case:
    """Arguments of one call: the dtypes of logits and bias."""

    logits: str
    bias: str

    @property
    def parameter(self) -> str:
        """Which argument differs from float32 logits and a bfloat16 bias; empty for none."""
        if self.logits != "float32":
            return "routing_logits"
        return "routing_bias" if self.bias != "bfloat16" else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `overlap` is the share of the reference's experts that were chosen, 1.0 for all of them."""

    case: Case
    overlap: float | None
    keeps_bias_dtype: bool
    keeps_logits_dtype: bool
    message: str = ""

    @property
    def given(self) -> str:
        """The dtype of the argument that differs."""
        return self.case.logits if self.case.parameter == "routing_logits" else self.case.bias

    @property
    def outcome(self) -> Outcome:
        """Right when the reference's experts are chosen, but for near ties."""
        if self.overlap is None:
            return Outcome.RAISED
        return Outcome.ACCEPTED_RIGHT if self.overlap >= RIGHT else Outcome.ACCEPTED_WRONG


CASES = (
    Case("float32", "bfloat16"),
    Case("float32", "float32"),
    Case("float32", "float16"),
    Case("bfloat16", "bfloat16"),
)


def run(library: Path, shape: Shape | None = None, seed: int = SEED) -> Iterator[Answer]:
    """Run every case on the current GPU; needs torch and a device."""
    import torch

    sizes = shape or Shape()
    door = Door(library)
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(sizes.tokens, sizes.experts, generator=generator)
    bias = torch.randn(sizes.experts, generator=generator) * _BIAS_SPREAD
    for case in CASES:
        given = _guarded(logits.to(getattr(torch, case.logits)))
        added = _guarded(bias.to(getattr(torch, case.bias)))
        chosen = door.choose(given, added, sizes)
        torch.cuda.synchronize()
        overlap = None
        if chosen.experts is not None:
            wanted = reference(given.cpu(), added.cpu(), sizes)
            overlap = shared(chosen.experts.cpu(), wanted)
        yield Answer(case, overlap, chosen.keeps_bias_dtype, chosen.keeps_logits_dtype, chosen.message)


def reference(logits: Tensor, bias: Tensor, shape: Shape) -> Tensor:
    """The experts that the same values lead to, int32 `[tokens, top_k]`."""
    from contractlint.reference.routing import Options, route

    options = Options(bias=bias.float(), groups=shape.groups, limited_groups=shape.limited_groups, scale=shape.scale)
    return route("DeepSeekV3", logits, shape.top_k, options).experts


def shared(chosen: Tensor, wanted: Tensor) -> float:
    """The share of wanted experts that were chosen, whatever their order."""
    hits = (chosen.unsqueeze(-1) == wanted.unsqueeze(-2)).any(-2)
    return float(hits.float().mean())


def _guarded(values: Tensor) -> Tensor:
    """Put values on the GPU, with more of their like behind them, as memory of a process that serves requests has."""
    import torch

    room = torch.randn(values.numel() * _GUARD, generator=torch.Generator().manual_seed(1)).to(values.dtype).to("cuda")
    room[: values.numel()] = values.flatten().to("cuda")
    return room[: values.numel()].view(values.shape)
