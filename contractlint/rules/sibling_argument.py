"""
## What it does

Finds calls that leave out a value, or pass a literal for it, where another call of the same family of kernels passes it.

The contract says for which parameters the default means something of its own.

## Why is this bad?

Kernels of one family are called from places that are copies of each other. When one was mended, or got a new argument, and
its twins were not, models answer differently by quantisation scheme. It is a note where only speed suffers, and where the
function asserts the one value for which leaving it out is right: its twin serves models that this one refuses.

## Example

```python
def apply_fp8(x, activation_type):
    return trtllm_fp8_block_scale_moe(x, activation_type=activation_type, ...)


def apply_bf16(x):
    return trtllm_bf16_moe(x, ...)
```

## Use instead

Pass it in both, or suppress the finding with the reason why this path needs no other value.

## Fix safety

Passing the value changes what is computed. Nothing is changed for you.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.flow.nodes import render
from contractlint.judge.forwarding import Omission, field_at_hand, unused_parameter
from contractlint.judge.site import JudgedSite
from contractlint.model.contract import Clause, Effect
from contractlint.model.finding import Finding, Severity
from contractlint.rules.base import Context, rule
from contractlint.rules.forwarding import forwarding_finding, gaps, severity_of

CODE = "CL303"


def check(context: Context) -> Iterator[Finding]:
    """One finding for all that one twin of the call passes and the call does not."""
    site = context.site
    found: dict[tuple[str, int, bool, str], list[tuple[Omission, Clause, str]]] = {}
    for gap, clause in gaps(context):
        if clause is None or (not gap.assumed and (unused_parameter(site, gap) or field_at_hand(site, gap))):
            continue
        twin = _passing(context, gap)
        if twin is not None:
            other, text = twin
            key = (other.site.file, other.site.line, clause.effect is Effect.SLOW, gap.assumed)
            found.setdefault(key, []).append((gap, clause, text))
    for (file, line, slow, assumed), missing in found.items():
        gap, clause, text = missing[0]
        what = " and ".join(
            f"`{each.literal}` for `{each.parameter}`" if each.literal else f"no `{each.parameter}`"
            for each, _, _ in missing
        )
        names = ", ".join(f"`{each.parameter}`" for each, _, _ in missing)
        only = f" and works only where `{assumed}`" if assumed else ""
        yield forwarding_finding(
            context,
            CODE,
            "sibling-argument",
            gap,
            clause,
            Severity.NOTE if assumed else severity_of(clause, certain=False),
            f"this call of `{site.short_name}` passes {what}{only}; its sibling at {file}:{line} passes `{text}`",
            f"pass {names} here too" + ("" if slow or assumed else ", or assert what makes it needless"),
        )


def _passing(context: Context, gap: Omission) -> tuple[JudgedSite, str] | None:
    """A call that passes a value, and what it passes.

    Where nothing is passed, any call of the family counts; a literal was somebody's decision, and only another call of the
    same entry point speaks against it. Against a flag that is written out, a wrapper that leaves it to its callers does not.
    """
    here = context.site
    found: list[tuple[bool, str, int, JudgedSite, str]] = []
    for other in context.sites:
        if other.site is here.site or other.signature is None or other.site.reason:
            continue
        same = other.site.entry_point == here.site.entry_point
        if not same and (gap.literal or not here.family or other.family != here.family):
            continue
        node = other.bound.arguments.get(gap.parameter)
        left_to_callers = node is not None and node.kind == "param" and gap.literal in ("True", "False")
        if node is None or node.kind == "const" or left_to_callers or not other.flow.usable(other.site.fn):
            continue
        found.append((not same, other.site.file, other.site.line, other, render(node)))
    if not found:
        return None
    best = min(found, key=lambda item: item[:3])
    return best[3], best[4]


RULE = rule(CODE, "sibling-argument", "A call leaves out what another call of its family passes", check, __doc__ or "")
