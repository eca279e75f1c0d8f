"""What becomes of a call whose arguments break clauses. Which they break, `contractlint.clauses` decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from contractlint import clauses
from contractlint.clauses import Judgement, Outcome, accepted_dtypes, judge_call
from contractlint.clauses.real import dtype_name, observe
from contractlint.clauses.words import message
from contractlint.model.contract import Aspect, Clause, Effect, Enforcement
from contractlint.testing.call import Call
from contractlint.testing.errors import ContractRaised, WouldFault
from contractlint.testing.misread import contiguous_bytes, reinterpret


def under_contract(call: Call) -> Call:
    """Return the call as the kernel of the release sees it.

    Raises:
        ContractRaised: a clause is broken that the library checks.
        WouldFault: one is broken that makes the kernel read where nothing is, and misreading was asked for.
    """
    arguments = dict(call.arguments)
    seen = observed(call)
    for one in judge_call(_judged(call), seen):
        if one.outcome is not Outcome.BROKEN:
            continue
        clause, value = one.clause, _element(call.arguments, one.clause.parameter)
        if _library_raises(clause, value):
            if call.settings.checks:
                raise ContractRaised(_message(one, call))
        elif call.settings.misread:
            if clause.effect is Effect.FAULT and clause.aspect in (Aspect.PRESENCE, Aspect.VALUE):
                raise WouldFault(_message(one, call))
            if isinstance(value, torch.Tensor) and value.device.type != "meta":
                _put(arguments, clause.parameter, _as_read(clause, value, seen))
    return replace(call, arguments=arguments)


def _judged(call: Call) -> list[Clause]:
    """The clauses that count. Arithmetic on sizes is no matter for a compiler that traces the call."""
    tracing = torch.compiler.is_compiling()
    return [c for c in call.view.clauses(call.entry_point) if not (tracing and (c.shape or c.strides))]


def observed(call: Call) -> clauses.Call:
    """The call as clauses see it, on the chip that the stand-in pretends to run on. Addresses of the CPU say nothing."""
    enums = {}
    for name in call.arguments:
        enum = call.view.enum_of(name)
        if enum is not None:
            enums[name] = call.view.enums.get(enum, {})
    seen = {name: observe(value) for name, value in call.arguments.items()}
    return clauses.Call(seen, enums, ".".join(map(str, call.settings.capability)))


def _library_raises(clause: Clause, value: Any) -> bool:
    """Whether the library itself stops this breach: a clause may be checked less strictly than the kernel reads."""
    if clause.lets_through:
        return isinstance(value, torch.Tensor) and dtype_name(value.dtype) not in clause.lets_through
    return clause.enforcement is not Enforcement.NONE and clause.effect is Effect.RAISES


def _as_read(clause: Clause, value: Tensor, seen: clauses.Call) -> Tensor:
    if clause.aspect is Aspect.LAYOUT and clause.layout == "contiguous":
        return contiguous_bytes(value)
    accepted = accepted_dtypes(clause, seen) or frozenset()
    name = clause.reads or (next(iter(accepted)) if len(accepted) == 1 else "")
    if clause.aspect is not Aspect.DTYPE or not name:
        return value
    return reinterpret(value, getattr(torch, name))


def _element(arguments: dict[str, Any], parameter: str) -> Any:
    """Return an argument, or an element of it: `topk_ids[1]`."""
    name, _, index = parameter.partition("[")
    value = arguments.get(name)
    if not index:
        return value
    position = int(index.rstrip("]"))
    return value[position] if isinstance(value, tuple | list) and position < len(value) else None


def _put(arguments: dict[str, Any], parameter: str, value: Any) -> None:
    name, _, index = parameter.partition("[")
    if index:
        items = list(arguments[name])
        items[int(index.rstrip("]"))] = value
        arguments[name] = tuple(items)
    else:
        arguments[name] = value


def _message(one: Judgement, call: Call) -> str:
    evidence = f" [{one.clause.evidence[0]}]" if one.clause.evidence else ""
    return message(one, call.entry_point, f"{call.view.library} {call.view.release}") + evidence
