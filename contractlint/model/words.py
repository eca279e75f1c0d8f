"""Contracts in words: the one phrasing that findings, listings and documentation share."""

from __future__ import annotations

from collections.abc import Iterable

from contractlint.model.contract import Aspect, Clause, Effect, Enforcement, Parameter, Signature
from contractlint.model.dtypes import DTYPES

_ENFORCEMENT = {
    Enforcement.PYTHON: "checked in Python",
    Enforcement.FFI: "checked by the launcher",
    Enforcement.NONE: "not checked",
}
_EFFECT = {
    Effect.RAISES: "a breach raises",
    Effect.SILENT: "a breach gives wrong results without an error",
    Effect.FAULT: "a breach is an illegal memory access",
    Effect.SLOW: "a breach is slow",
}


def one_of(names: Iterable[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    found = list(names)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} or {found[-1]}" if found else "nothing"


def spoken(library: str, release: str) -> str:
    """A library and its release as they stand in a sentence: `flashinfer 0.6.7`, and one without releases by its name."""
    return library if release == "*" else f"{library} {release}".strip()


def dtype_names(dtypes: Iterable[str]) -> list[str]:
    """Dtype names in torch's order, narrow before wide."""
    order = {name: number for number, name in enumerate(DTYPES)}
    return sorted(dtypes, key=lambda name: (order.get(name, len(order)), name))


def requirement(clause: Clause) -> str:
    """What a clause asks of its parameter: `bfloat16 or float32`, `the dtype of scores`, `contiguous`."""
    if clause.aspect is Aspect.DTYPE:
        if clause.same_as:
            return f"the dtype of {clause.same_as}"
        return one_of(dtype_names(clause.dtypes)) if clause.dtypes else "any dtype"
    if clause.aspect is Aspect.PRESENCE:
        if clause.ignored:
            return "ignored, whatever is passed"
        return "must be passed and not be None" if clause.required else "may be None"
    if clause.aspect is Aspect.VALUE:
        return _value(clause)
    if clause.aspect is Aspect.LAYOUT:
        return _layout(clause)
    if clause.aspect is Aspect.SHAPE:
        return f"of shape [{', '.join(clause.shape)}]" if clause.shape else "any shape"
    if clause.aspect is Aspect.DEVICE:
        return f"on the device of {clause.same_as}"
    if clause.aspect is Aspect.FORWARDING:
        return "passed on where the caller has it"
    if clause.aspect is Aspect.SIZE:
        return f"at least {clause.minimum:,} bytes" if clause.minimum is not None else "any size"
    return clause.allocation if clause.asks_of_memory else "any memory"


def conditions(clause: Clause) -> str:
    """When a clause holds: `routing_method_type is DeepSeekV3 and routing_bias is not None`; empty for always."""
    return " and ".join(map(str, clause.when))


def contract(clause: Clause) -> str:
    """A clause with its parameter, its condition and where it holds, in one line."""
    when = f", when {conditions(clause)}" if clause.when else ""
    where = " ".join(part for part in (clause.releases or "every release", clause.capabilities) if part)
    return f"{clause.parameter}: {requirement(clause)}{when} ({where})"


def enforcement(clause: Clause) -> str:
    """Who checks a clause, what the check lets through all the same, and what a breach does."""
    checked = _ENFORCEMENT[clause.enforcement]
    if clause.lets_through:
        checked += f", which lets {one_of(dtype_names(clause.lets_through))} through"
    return f"{checked}; {_EFFECT[clause.effect]}"


def signature(name: str, found: Signature) -> str:
    """A signature as Python would write it, one parameter a line."""
    lines = [f"{name}("]
    keyword = False
    for parameter in found.parameters:
        if parameter.kind == "keyword" and not keyword:
            keyword = True
            lines.append("    *,")
        keyword = keyword or parameter.kind == "var_positional"
        lines.append(f"    {_parameter(parameter)},")
    lines.append(f") -> {found.returns}" if found.returns else ")")
    return "\n".join(lines)


def _parameter(parameter: Parameter) -> str:
    stars = {"var_positional": "*", "var_keyword": "**"}.get(parameter.kind, "")
    annotation = f": {parameter.annotation}" if parameter.annotation else ""
    if parameter.default is None:
        return f"{stars}{parameter.name}{annotation}"
    return f"{parameter.name}{annotation}{' = ' if annotation else '='}{parameter.default}"


def _layout(clause: Clause) -> str:
    parts = []
    if clause.layout:
        parts.append(clause.layout if clause.layout == "contiguous" else f"in the layout {clause.layout}")
    if clause.strides:
        parts.append(f"of strides [{', '.join(clause.strides)}]")
    if clause.alignment is not None:
        parts.append(f"at an address that is a multiple of {clause.alignment} bytes")
    return ", ".join(parts) or "any layout"


def _value(clause: Clause) -> str:
    parts = [one_of(map(str, clause.values))] if clause.values else []
    if clause.minimum is not None:
        parts.append(f"at least {clause.minimum:g}")
    if clause.maximum is not None:
        parts.append(f"at most {clause.maximum:g}")
    if clause.multiple_of is not None:
        parts.append(f"a multiple of {clause.multiple_of}")
    return ", ".join(parts) or "any value"
