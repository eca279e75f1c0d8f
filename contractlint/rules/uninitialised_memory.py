"""
## What it does

Finds memory from `torch.empty` and its like where the kernel needs zeros: workspaces that hold semaphores or counters.

## Why is this bad?

Fresh memory is often zero, so it works in tests. Once the allocator hands out used memory, counters begin at chance values:
results are wrong now and then, or the kernel hangs.

Memory that is zeroed in the function that allocates it is fine.

## Example

```python
workspace = torch.empty(128 * 1024 * 1024, dtype=torch.uint8, device="cuda")
trtllm_batch_decode_with_kv_cache(workspace_buffer=workspace, ...)
```

## Use instead

```python
workspace = torch.zeros(128 * 1024 * 1024, dtype=torch.uint8, device="cuda")
trtllm_batch_decode_with_kv_cache(workspace_buffer=workspace, ...)
```

## Fix safety

Zeroing once costs nothing that can be measured, and changes no result that was right.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.judge.clauses import Break
from contractlint.model.contract import Aspect
from contractlint.model.finding import Finding
from contractlint.rules.base import Context, rule
from contractlint.rules.clause import clause_findings, made_at

CODE = "CL601"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each argument that can be memory which nothing has written."""
    yield from clause_findings(context, CODE, "uninitialised-memory", Aspect.ALLOCATION, _message, _remedy)


def _message(context: Context, parameter: str, found: list[Break]) -> str:
    return f"`{parameter}` can be memory that nothing has written, but {context.name} needs zeros"


def _remedy(parameter: str, found: list[Break]) -> str:
    return f"allocate it with `torch.zeros`{made_at(found)}"


RULE = rule(CODE, "uninitialised-memory", "A kernel that needs zeros gets fresh memory", check, __doc__ or "")
