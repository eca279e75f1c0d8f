"""Which clauses the arguments of a call break, and what that does to the call.

The conditions of clauses are the catalog's; here every value is known, so each holds or does not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from contractlint.catalog.catalog import ReleaseView
from contractlint.model.contract import Aspect, Clause, Condition, Effect, Enforcement
from contractlint.model.words import requirement
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
    for clause in call.view.clauses(call.entry_point):
        if not holds(clause.when, call.arguments, call.view) or not _broken(clause, call):
            continue
        value = _element(call.arguments, clause.parameter)
        if _library_raises(clause, value):
            if call.settings.checks:
                raise ContractRaised(_message(clause, call, value))
        elif call.settings.misread:
            if clause.effect is Effect.FAULT and clause.aspect in (Aspect.PRESENCE, Aspect.VALUE):
                raise WouldFault(_message(clause, call, value))
            if isinstance(value, torch.Tensor) and value.device.type != "meta":
                _put(arguments, clause.parameter, _as_read(clause, value, call))
    return replace(call, arguments=arguments)


def holds(when: tuple[Condition, ...], arguments: dict[str, Any], view: ReleaseView) -> bool:
    """Whether the arguments meet all conditions. Values are compared as they are spelled in contracts."""
    for condition in when:
        spelled = _spellings(condition.parameter, arguments.get(condition.parameter), view)
        if any(str(value) in spelled for value in condition.values) is condition.negated:
            return False
    return True


def _spellings(parameter: str, value: Any, view: ReleaseView) -> set[str]:
    if isinstance(value, torch.Tensor):
        return {dtype_name(value.dtype), "Tensor"}
    if isinstance(value, torch.dtype):
        return {dtype_name(value)}
    enum = view.enum_of(parameter)
    if enum is not None and isinstance(value, int) and not isinstance(value, bool):
        return {name for name, number in view.enums.get(enum, {}).items() if number == int(value)} | {str(int(value))}
    return {str(value)}


def dtype_name(dtype: torch.dtype) -> str:
    """Torch's name of a dtype, without `torch.`."""
    return str(dtype).removeprefix("torch.")


def _broken(clause: Clause, call: Call) -> bool:
    value = _element(call.arguments, clause.parameter)
    if clause.aspect is Aspect.PRESENCE:
        return bool(clause.required) and value is None
    if clause.aspect is Aspect.VALUE:
        return value is not None and not _accepted(clause, value, call.view)
    if not isinstance(value, torch.Tensor):
        return False
    if clause.aspect is Aspect.DTYPE:
        accepted = _dtypes(clause, call)
        return bool(accepted) and dtype_name(value.dtype) not in accepted
    return clause.aspect is Aspect.LAYOUT and clause.layout == "contiguous" and not value.is_contiguous()


def _dtypes(clause: Clause, call: Call) -> frozenset[str]:
    if not clause.same_as:
        return clause.dtypes
    other = _element(call.arguments, clause.same_as)
    return frozenset((dtype_name(other.dtype),)) if isinstance(other, torch.Tensor) else frozenset()


def _accepted(clause: Clause, value: Any, view: ReleaseView) -> bool:
    spelled = _spellings(clause.parameter, value, view)
    if clause.values:
        return any(str(item) in spelled for item in clause.values)
    if not isinstance(value, int | float):
        return True
    low = clause.minimum is None or value >= clause.minimum
    high = clause.maximum is None or value <= clause.maximum
    return low and high and (clause.multiple_of is None or value % clause.multiple_of == 0)


def _library_raises(clause: Clause, value: Any) -> bool:
    """Whether the library itself stops this breach: a clause may be checked less strictly than the kernel reads."""
    if clause.lets_through:
        return isinstance(value, torch.Tensor) and dtype_name(value.dtype) not in clause.lets_through
    return clause.enforcement is not Enforcement.NONE and clause.effect is Effect.RAISES


def _as_read(clause: Clause, value: Tensor, call: Call) -> Tensor:
    if clause.aspect is Aspect.LAYOUT:
        return contiguous_bytes(value)
    accepted = _dtypes(clause, call)
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


def _message(clause: Clause, call: Call, value: Any) -> str:
    is_ = dtype_name(value.dtype) if isinstance(value, torch.Tensor) else repr(value)
    evidence = f" [{clause.evidence[0]}]" if clause.evidence else ""
    return (
        f"{call.view.library} {call.view.release}, {call.entry_point}: {clause.parameter} is {is_}; "
        f"{clause.parameter}: {requirement(clause)}{evidence}"
    )
