"""
## What it does

Finds buffers that are smaller than the entry point needs whatever the other arguments are: the size stands in numbers where
the buffer is allocated, and the contract says the least that is used.

## Why is this bad?

Kernels are handed an address. Some launchers count what they give out and raise; others cut the buffer in two at a fixed place
and leave the rest to the kernel, which then writes behind its end.

A size that is computed, or read from a configuration, is not judged, and neither is what more a large batch needs.

## Example

```python
workspace = torch.zeros(1024 * 1024, dtype=torch.uint8, device="cuda")
trtllm_batch_decode_with_kv_cache(workspace_buffer=workspace, ...)
```

## Use instead

```python
workspace = torch.zeros(128 * 1024 * 1024, dtype=torch.uint8, device="cuda")
trtllm_batch_decode_with_kv_cache(workspace_buffer=workspace, ...)
```

## Fix safety

It costs memory alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.judge.clauses import Break
from contractlint.model.contract import Aspect
from contractlint.model.finding import Finding
from contractlint.model.words import requirement
from contractlint.rules.base import Context, rule
from contractlint.rules.clause import clause_findings, made_at

CODE = "CL602"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each argument that can be smaller than what is used of it."""
    yield from clause_findings(context, CODE, "memory-too-small", Aspect.SIZE, _message, _remedy)


def _message(context: Context, parameter: str, found: list[Break]) -> str:
    return f"`{parameter}` can be {found[0].what}, but {context.name} needs {requirement(found[0].clause)}"


def _remedy(parameter: str, found: list[Break]) -> str:
    return f"allocate {requirement(found[0].clause)}{made_at(found)}"


RULE = rule(CODE, "memory-too-small", "A buffer is smaller than the kernel needs", check, __doc__ or "")
