"""
## What it does

Finds memory that has to be zero whenever a kernel begins, because it holds semaphores or counters, and that another call of the
library uses as scratch space.

## Why is this bad?

The first kernel leaves its counters at zero, so that zeroing them once is enough, as long as nobody else writes there. A kernel
that takes the same buffer for partial results leaves numbers behind. The next one begins with these: now and then results are
wrong, or it hangs, and only where both are used in one process.

Two calls share memory where both get what one line allocated, out of one place: a name of a module, or an attribute of an
object that can make both calls. Only memory that was made with zeros is looked at: for any other see CL601.

## Example

```python
self.workspace = torch.zeros(128 * 1024 * 1024, dtype=torch.uint8, device="cuda")
self.prefill = BatchPrefillWithPagedKVCacheWrapper(self.workspace)
...
trtllm_batch_decode_with_kv_cache(workspace_buffer=self.workspace, ...)
```

## Use instead

```python
self.prefill = BatchPrefillWithPagedKVCacheWrapper(torch.empty_like(self.workspace))
```

## Fix safety

It costs the memory of a second buffer.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.judge.memory import Sharing, sharings
from contractlint.model.contract import Aspect
from contractlint.model.finding import Finding, Severity
from contractlint.rules.base import Context, nearest_first, rule, way

CODE = "CL603"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each argument whose memory another call writes all over."""
    if context.site.signature is None:
        return
    for parameter in context.site.parameters:
        found = list(sharings(context.site, parameter.name, context.sites))
        if found:
            yield _finding(context, parameter.name, found)


def _finding(context: Context, parameter: str, found: list[Sharing]) -> Finding:
    site, first = context.site, found[0]
    other = first.site.site
    clause = next(c for c in site.view.clauses(site.site.entry_point, parameter, Aspect.ALLOCATION) if c.asks_of_memory)
    theirs = next(
        c
        for c in first.site.view.clauses(other.entry_point, first.parameter, Aspect.ALLOCATION)
        if not c.asks_of_memory and c.allocation
    )
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return context.finding(
        CODE,
        "shared-memory",
        parameter,
        Severity.WARNING,
        certain=False,
        clause=clause,
        message=(
            f"`{parameter}` is the memory that `{first.site.short_name}` at {other.file}:{other.line} gets as scratch "
            f"space{more}, but {context.name} needs zeros there whenever `{site.short_name}` begins"
        ),
        remedy=f"give `{first.site.short_name}` a buffer of its own",
        paths=(way(context, parameter, first.here),),
        evidence=(*nearest_first(clause.evidence, site.release), *nearest_first(theirs.evidence, site.release)),
        notes=(theirs.note,) if theirs.note else (),
    )


RULE = rule(CODE, "shared-memory", "Memory that must stay zero is scratch space of another call", check, __doc__ or "")
