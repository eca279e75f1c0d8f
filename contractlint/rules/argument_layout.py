"""
## What it does

Finds tensors whose layout is not the one that the kernel reads: a transposed view, or a part of each row, where it walks memory
in order, and `contiguous()` where it takes the strides themselves.

## Why is this bad?

Kernels that take an address read elements in the order of memory. A transposed view has the right shape and the wrong order;
nothing is raised. The rows of `table[:, :n]` lie as far apart as those of the whole table, unless `n` takes all of it; a
kernel that reckons with `n` reads other rows. `contiguous()` mends that, but leaves the strides of dimensions of size 1 as
they were; a kernel that builds a descriptor from strides then refuses them, and only for some batch sizes.

What is looked at is the function that holds the call.

## Example

```python
trtllm_fp8_block_scale_moe(hidden_states_scale=scale.t(), ...)
trtllm_batch_decode_with_kv_cache(query=query[:n].contiguous(), ...)
```

## Use instead

```python
trtllm_fp8_block_scale_moe(hidden_states_scale=scale.t().contiguous(), ...)
trtllm_batch_decode_with_kv_cache(query=query[:n].contiguous().reshape(query[:n].shape), ...)
```

## Fix safety

A copy costs time where the layout was right already. Whether the transposed or the original order is meant, only the caller
knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.judge.strides import BREAKING, CONTIGUOUS, CUT, TRANSPOSED, Strides, strides_of
from contractlint.model.contract import Aspect, Clause
from contractlint.model.finding import Finding, Severity
from contractlint.rules.base import Context, rule

CODE = "CL501"
REMEDIES = {
    CONTIGUOUS: "give it fresh strides: `.contiguous().reshape(shape)`",
    TRANSPOSED: "add `.contiguous()`",
    CUT: "add `.contiguous()`",
}


def check(context: Context) -> Iterator[Finding]:
    """One finding for each argument whose strides the code shows to be wrong."""
    site = context.site
    if site.signature is None:
        return
    for parameter in site.parameters:
        node = site.bound.arguments.get(parameter.name)
        if node is None:
            continue
        for clause in site.view.clauses(site.site.entry_point, parameter.name, Aspect.LAYOUT):
            if clause.when:
                continue
            found = strides_of(node)
            wrong = BREAKING.get((clause.layout, found.kind))
            if wrong is not None:
                yield _finding(context, parameter.name, clause, found, wrong)


def _finding(context: Context, parameter: str, clause: Clause, found: Strides, what: str) -> Finding:
    certain = found.kind == TRANSPOSED
    return context.finding(
        CODE,
        "argument-layout",
        parameter,
        Severity.ERROR if certain else Severity.WARNING,
        certain=certain,
        clause=clause,
        message=f"`{found.text}` {what}, but {context.name} needs `{parameter}` with {_wanted(clause)}",
        remedy=REMEDIES[found.kind],
        consequence=clause.consequence or "the call raises",
    )


def _wanted(clause: Clause) -> str:
    return "its elements in order" if clause.layout == "contiguous" else clause.layout


RULE = rule(CODE, "argument-layout", "A tensor does not lie in memory as the kernel reads it", check, __doc__ or "")
