"""Is a clause kept? One function for each aspect; `judge_call` asks all of them about a call."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from contractlint.clauses import shapes
from contractlint.clauses.conditions import all_hold, spellings
from contractlint.clauses.observed import Call, Kind, Observed
from contractlint.model.contract import Aspect, Clause
from contractlint.model.dtypes import DTYPES


class Outcome(Enum):
    """What became of a clause in a call. `IGNORED`: the argument was passed, and has no effect."""

    KEPT = "kept"
    BROKEN = "broken"
    IGNORED = "ignored"
    UNKNOWN = "unknown"
    APART = "does not apply"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome of one clause. `seen` says what the argument is, `reason` why nothing could be said."""

    clause: Clause
    outcome: Outcome
    seen: str = ""
    reason: str = ""


Sizes = Mapping[str, int]
_Found = tuple[Outcome, str, str]
_NOT_KNOWN: _Found = (Outcome.UNKNOWN, "", "it is not known what is passed")


def dtype_outcome(dtype: str, accepted: frozenset[str] | None) -> Outcome:
    """Whether a dtype is among those that are accepted; both may be unknown."""
    if not dtype or accepted is None:
        return Outcome.UNKNOWN
    return Outcome.KEPT if dtype in accepted else Outcome.BROKEN


def judge_argument(clause: Clause, value: Observed, call: Call | None = None) -> Judgement:
    """Judge one value as if the clause applied: for callers that know by themselves when it does."""
    if clause.aspect not in _ASPECTS:
        return Judgement(clause, Outcome.APART)
    return Judgement(clause, *_ASPECTS[clause.aspect](clause, value, call or Call({}), {}))


def accepted_dtypes(clause: Clause, call: Call) -> frozenset[str] | None:
    """The dtypes that a clause accepts in a call; None where it asks for that of an argument that is not known."""
    if not clause.same_as:
        return clause.dtypes
    twin = call.argument(clause.same_as)
    return frozenset((twin.dtype,)) if twin.kind is Kind.TENSOR and twin.dtype else None


def judge_call(clauses: Iterable[Clause], call: Call) -> list[Judgement]:
    """Judge every clause of an entry point, in order."""
    listed = list(clauses)
    applying = [all_hold(clause.when, call) for clause in listed]
    sizes = _sizes(listed, applying, call)
    return [_judge(clause, applies, call, sizes) for clause, applies in zip(listed, applying, strict=True)]


def _judge(clause: Clause, applies: bool | None, call: Call, sizes: Sizes) -> Judgement:
    if applies is False or clause.aspect not in _ASPECTS:
        return Judgement(clause, Outcome.APART)  # what callers must hand on is no matter of one call's arguments
    if clause.capabilities and not _on(clause.capabilities, call.capability):
        return Judgement(clause, Outcome.APART if call.capability else Outcome.UNKNOWN, reason="the chip is not known")
    outcome, seen, reason = _ASPECTS[clause.aspect](clause, call.argument(clause.parameter), call, sizes)
    if applies is None and outcome is not Outcome.KEPT:
        return Judgement(clause, Outcome.UNKNOWN, seen, "it is not known whether its condition holds")
    return Judgement(clause, outcome, seen, reason)


def _dtype(clause: Clause, value: Observed, call: Call, sizes: Sizes) -> _Found:
    if value.kind is Kind.NONE or not (clause.dtypes or clause.same_as):
        return Outcome.KEPT, "", ""
    if value.kind is not Kind.TENSOR:
        return Outcome.UNKNOWN, "", "it is no tensor" if value.kind is not Kind.UNKNOWN else value.reason
    accepted = accepted_dtypes(clause, call)
    return dtype_outcome(value.dtype, accepted), value.dtype, "" if accepted else f"{clause.same_as} is not known"


def _presence(clause: Clause, value: Observed, call: Call, sizes: Sizes) -> _Found:
    if value.kind is Kind.UNKNOWN:
        return _NOT_KNOWN
    absent = value.kind is Kind.NONE
    if clause.ignored:
        inert = absent or (value.kind is Kind.CONSTANT and value.value is False)
        return (Outcome.KEPT, "", "") if inert else (Outcome.IGNORED, "passed", "")
    return (Outcome.BROKEN, "None", "") if clause.required and absent else (Outcome.KEPT, "", "")


def _value(clause: Clause, value: Observed, call: Call, sizes: Sizes) -> _Found:
    words = spellings(value, call.members(clause.parameter))
    if words is None or value.kind is Kind.TENSOR:
        return _NOT_KNOWN
    if value.kind is Kind.NONE and "None" not in map(str, clause.values):
        return Outcome.KEPT, "", ""  # whether it may be left out is what a presence clause says
    seen = str(value.value) if str(value.value) in words and not call.members(clause.parameter) else _named(words)
    if clause.values and not any(str(wanted) in words for wanted in clause.values):
        return Outcome.BROKEN, seen, ""
    number = value.value
    if not isinstance(number, int | float):
        return Outcome.KEPT, "", ""
    low = clause.minimum is not None and number < clause.minimum
    high = clause.maximum is not None and number > clause.maximum
    odd = clause.multiple_of is not None and number % clause.multiple_of != 0
    return (Outcome.BROKEN, seen, "") if low or high or odd else (Outcome.KEPT, "", "")


def _named(words: frozenset[str]) -> str:
    """A name before a number."""
    return min(words, key=lambda text: (text.lstrip("-").isdigit(), text))


def _layout(clause: Clause, value: Observed, call: Call, sizes: Sizes) -> _Found:
    if value.kind is Kind.NONE:
        return Outcome.KEPT, "", ""
    if value.kind is not Kind.TENSOR:
        return _NOT_KNOWN
    reason = ""
    if clause.layout == "contiguous":
        if value.contiguous is False:
            return (
                Outcome.BROKEN,
                f"not contiguous, of shape {_spell(value.shape)} and strides {_spell(value.strides)}",
                "",
            )
        reason = "" if value.contiguous else "its strides are not known"
    elif clause.layout:
        reason = f"metadata do not show the layout {clause.layout}"
    if clause.strides:
        if value.strides is None:
            reason = "its strides are not known"
        else:
            kept, why = shapes.fits(clause.strides, value.strides, sizes)
            if kept is False:
                return Outcome.BROKEN, f"of strides {_spell(value.strides)}: {why}", ""
            reason = reason or ("" if kept else "not every size is known")
    if clause.alignment is not None:
        if value.address is None:
            reason = reason or "its address is not known"
        elif value.address % clause.alignment:
            return Outcome.BROKEN, f"at an address that is no multiple of {clause.alignment} bytes", ""
    return (Outcome.UNKNOWN, "", reason) if reason else (Outcome.KEPT, "", "")


def _shape(clause: Clause, value: Observed, call: Call, sizes: Sizes) -> _Found:
    if value.kind is Kind.NONE or not clause.shape:
        return Outcome.KEPT, "", ""
    if value.kind is not Kind.TENSOR or value.shape is None:
        return Outcome.UNKNOWN, "", "its shape is not known"
    kept, why = shapes.fits(clause.shape, value.shape, sizes)
    if kept is False:
        return Outcome.BROKEN, f"of shape {_spell(value.shape)}: {why}", ""
    return (Outcome.KEPT, "", "") if kept else (Outcome.UNKNOWN, "", "not every size is known")


def _device(clause: Clause, value: Observed, call: Call, sizes: Sizes) -> _Found:
    if value.kind is Kind.NONE:
        return Outcome.KEPT, "", ""
    twin = call.argument(clause.same_as)
    if value.kind is not Kind.TENSOR or not value.device:
        return Outcome.UNKNOWN, "", "its device is not known"
    if twin.kind is not Kind.TENSOR or not twin.device:
        return Outcome.UNKNOWN, "", f"the device of {clause.same_as} is not known"
    if value.device == twin.device:
        return Outcome.KEPT, "", ""
    return Outcome.BROKEN, f"on {value.device} while {clause.same_as} is on {twin.device}", ""


def _allocation(clause: Clause, value: Observed, call: Call, sizes: Sizes) -> _Found:
    if value.kind is Kind.NONE or not clause.asks_of_memory:
        return Outcome.KEPT, "", ""
    if clause.allocation == "zeroed" and value.fill == "zero":
        return Outcome.KEPT, "", ""
    if clause.allocation == "zeroed" and value.fill == "uninitialised":
        return Outcome.BROKEN, "uninitialised", ""
    return Outcome.UNKNOWN, "", "metadata do not show how it was allocated"


def _size(clause: Clause, value: Observed, call: Call, sizes: Sizes) -> _Found:
    if value.kind is Kind.NONE or clause.minimum is None:
        return Outcome.KEPT, "", ""
    size = value.size
    if size is None and value.shape is not None and value.dtype in DTYPES:
        size = math.prod(value.shape) * DTYPES[value.dtype].bits // 8
    if value.kind is not Kind.TENSOR or size is None:
        return Outcome.UNKNOWN, "", "its size is not known"
    return (Outcome.KEPT, "", "") if size >= clause.minimum else (Outcome.BROKEN, f"{size:,} bytes long", "")


_ASPECTS: dict[Aspect, Callable[[Clause, Observed, Call, Sizes], _Found]] = {
    Aspect.DTYPE: _dtype,
    Aspect.PRESENCE: _presence,
    Aspect.VALUE: _value,
    Aspect.LAYOUT: _layout,
    Aspect.SHAPE: _shape,
    Aspect.DEVICE: _device,
    Aspect.ALLOCATION: _allocation,
    Aspect.SIZE: _size,
}


def _sizes(clauses: list[Clause], applying: list[bool | None], call: Call) -> dict[str, int]:
    """The sizes that shapes speak of: numbers that are passed, then what tensors show, in the order of the clauses."""
    sizes = {
        name: value.value
        for name, value in call.arguments.items()
        if value.kind is Kind.CONSTANT and isinstance(value.value, int) and not isinstance(value.value, bool)
    }
    pairs = []
    for clause, applies in zip(clauses, applying, strict=True):
        value = call.argument(clause.parameter)
        if applies and clause.aspect is Aspect.SHAPE and clause.shape and value.shape is not None:
            pairs.append((clause.shape, value.shape))
    shapes.bind(pairs, sizes)
    return sizes


def _on(capabilities: str, capability: str) -> bool:
    """Whether `9.0, 10.x` names a chip."""
    major = f"{capability.partition('.')[0]}.x"
    return any(part.strip() in (capability, major) for part in capabilities.split(","))


def _spell(sizes: tuple[int, ...] | None) -> str:
    return "?" if sizes is None else f"[{', '.join(map(str, sizes))}]"
