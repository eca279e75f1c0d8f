"""
## What it does

Finds calls that hand on a parameter which can be None, where another call of the same family replaces None by a value first,
and the entry point needs a value.

## Why is this bad?

Somebody met None there and mended one of the places. The other still raises, or lets the kernel read nothing, when the same
model takes that path.

## Example

```python
def apply_a(x, groups: int | None):
    groups = groups if groups is not None else 0
    return trtllm_fp8_per_tensor_scale_moe(n_group=groups, ...)


def apply_b(x, groups: int | None):
    return trtllm_fp8_block_scale_moe(n_group=groups, ...)
```

## Use instead

The same replacement in both, or an assertion in the one that cannot be reached with None.

## Fix safety

What stands for None is a question of meaning. Nothing is changed for you.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.flow.nodes import Node, render
from contractlint.flow.values import NoneValue
from contractlint.judge.site import JudgedSite
from contractlint.model.contract import Aspect, Clause, Effect
from contractlint.model.finding import Finding, Severity
from contractlint.rules.base import Context, rule

CODE = "CL304"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each argument that a sibling keeps from being None."""
    site = context.site
    if site.signature is None:
        return
    for parameter in site.parameters:
        required = [c for c in _clauses(site, parameter.name) if c.required]
        node = site.bound.arguments.get(parameter.name)
        if not required or node is None or node.kind != "param" or not _can_be_none(site, parameter.name):
            continue
        twin = _guarding(context, parameter.name)
        if twin is not None:
            yield _finding(context, parameter.name, required[0], node, *twin)


def _clauses(site: JudgedSite, parameter: str) -> tuple[Clause, ...]:
    return site.view.clauses(site.site.entry_point, parameter, Aspect.PRESENCE)


def _can_be_none(site: JudgedSite, parameter: str) -> bool:
    return any(isinstance(alt.value, NoneValue) for alt in site.values(parameter, steps=1_000))


def _guarding(context: Context, parameter: str) -> tuple[JudgedSite, str] | None:
    """A call of the family whose argument has another value in place of None, and what that argument is made of."""
    here = context.site
    for other in sorted(context.sites, key=lambda s: (s.site.file != here.site.file, s.site.file, s.site.line)):
        if other.site is here.site or other.signature is None or other.site.reason:
            continue
        if not here.family or other.family != here.family:
            continue
        node = other.bound.arguments.get(parameter)
        guarded = _replaces_none(node) if node is not None else None
        if guarded is not None:
            return other, render(guarded)
    return None


def _replaces_none(node: Node) -> Node | None:
    """What stands in for None: the tested value in `x if x is not None else 0` and `x or 0`."""
    if node.kind == "bool" and node.parts[0] == "or":
        first: Node = node.parts[1][0]
        return first
    if node.kind != "phi":
        return None
    for facts, value in node.parts[0]:
        for test, holds in facts:
            if test.kind != "cmp" or len(test.parts[1]) != 1:
                continue
            operator, right = test.parts[1][0]
            is_none = right.kind == "const" and right.parts[0] is None and operator in ("is", "is not")
            same = value.id == test.parts[0].id or (value.kind == "const" and value.parts[0] is None)
            if is_none and holds == (operator == "is") and not same:
                tested: Node = test.parts[0]
                return tested
    return None


def _finding(context: Context, parameter: str, clause: Clause, node: Node, other: JudgedSite, replaced: str) -> Finding:
    place = f"{other.site.file}:{other.site.line}"
    when = " and ".join(str(c) for c in clause.when)
    return context.finding(
        CODE,
        "sibling-guard",
        parameter,
        Severity.WARNING,
        certain=False,
        clause=clause,
        message=(
            f"`{parameter}` can be None here, while the sibling at {place} puts a value in place of `{replaced}` when that is "
            f"None; {context.name} needs one" + (f" when {when}" if when else "")
        ),
        remedy=f"treat None here as there, or assert that `{render(node)}` is not None",
        consequence=clause.consequence or ("the call raises" if clause.effect is Effect.RAISES else ""),
        notes=(),
    )


RULE = rule(
    CODE, "sibling-guard", "A call hands on what can be None, where its sibling puts a value", check, __doc__ or ""
)
