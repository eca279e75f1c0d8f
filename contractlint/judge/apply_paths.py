"""Apply paths: the ways from a layer's forward down to a call site."""

from __future__ import annotations

import re
from collections.abc import Iterator

from contractlint.flow.evaluate import Flow
from contractlint.flow.parameters import short
from contractlint.index.project import Function
from contractlint.judge.site import JudgedSite
from contractlint.model.finding import ArgumentRow, Place
from contractlint.model.paths import ApplyPathRow

MAX_CHAINS = 24
MAX_LENGTH = 16

# How code names quantisation schemes, most specific first; matched against the names along the way and the entry point.
SCHEMES: tuple[tuple[str, str], ...] = (
    (r"mx_?int4", "MXINT4"),
    (r"nv_?fp4", "NVFP4"),
    (r"mx_?fp4", "MXFP4"),
    (r"mx_?fp8", "MXFP8"),
    (r"per_?tensor", "FP8 per-tensor"),
    (r"per_?channel", "FP8 per-channel"),
    (r"fp8_block|block_?scale.*fp8|fp8.*block_?scale", "FP8 block-scale"),
    (r"fp4", "FP4"),
    (r"fp8", "FP8"),
    (r"unquantized|bf16", "unquantised bf16"),
)


def is_moe(entry_point: str) -> bool:
    """Whether an entry point computes, routes or moves experts, going by its name."""
    name = entry_point.rpartition(".")[2].lower()
    return "moe" in name or "topk" in name or "grouped_gemm" in name


def apply_paths(site: JudgedSite, arguments: tuple[ArgumentRow, ...]) -> Iterator[ApplyPathRow]:
    """One row for each way to a call site; a site that nothing is seen to call is a row too."""
    call = site.site
    status = "unresolved" if call.reason else "bound"
    for chain, reason in chains(site.flow, call.fn):
        names = tuple(short(fn) for fn in chain)
        yield ApplyPathRow(
            Place(call.file, call.line, call.column),
            call.entry_point,
            names,
            scheme(names, call.entry_point),
            site.release,
            arguments,
            status,
            call.reason or reason,
        )


def scheme(names: tuple[str, ...], entry_point: str) -> str:
    """The quantisation scheme as the code names it: the function nearest the call decides, the entry point comes last."""
    for text in (*reversed(names), entry_point):
        for pattern, label in SCHEMES:
            if re.search(pattern, text, re.IGNORECASE):
                return label
    return ""


def chains(flow: Flow, target: Function) -> list[tuple[tuple[Function, ...], str]]:
    """The ways up from a function, each with the reason where it ends before a layer's forward.

    What lies above a function is listed in full once; other ways that join it share the first.
    """
    expanded: dict[Function, list[tuple[tuple[Function, ...], str]]] = {}

    def above(fn: Function, below: tuple[Function, ...]) -> list[tuple[tuple[Function, ...], str]]:
        if is_layer_forward(flow, fn) and below:
            return [((fn,), "")]
        if fn in expanded:
            return [((*way, fn), reason) for way, reason in expanded[fn][:1]] or [((fn,), "")]
        if len(below) >= MAX_LENGTH:
            return [((fn,), f"the way above `{short(fn)}` is longer than the analysis follows")]
        callers = _callers(flow, fn, (*below, fn))
        if not callers:
            return [((fn,), "" if is_layer_forward(flow, fn) else f"no call of `{short(fn)}` was found")]
        found: list[tuple[tuple[Function, ...], str]] = []
        for caller in callers:
            found.extend(above(caller, (*below, fn)))
            if len(found) >= MAX_CHAINS:
                break
        expanded[fn] = found
        return [((*way, fn), reason) for way, reason in found]

    return above(target, ())[:MAX_CHAINS]


def _callers(flow: Flow, fn: Function, below: tuple[Function, ...]) -> list[Function]:
    """Functions that call it, without tests, without what is already on the way.

    Calls that were joined by the name alone count only where there is no other.
    """
    seen: dict[Function, bool] = {}
    for caller in flow.callers.of(fn):
        if caller.fn not in below and caller.fn.index != 0 and flow.usable(caller.fn):
            seen[caller.fn] = seen.get(caller.fn, True) and caller.guess
    certain = [caller for caller, guess in seen.items() if not guess]
    return sorted(certain or seen, key=lambda f: (f.file, f.ir.line))


def is_layer_forward(flow: Flow, fn: Function) -> bool:
    """Whether a function is the forward of a torch module."""
    owner = fn.owner
    return owner is not None and fn.name.startswith("forward") and flow.attributes.is_module(owner)
