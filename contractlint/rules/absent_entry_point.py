"""
## What it does

Finds calls of entry points that the release does not have.

## Why is this bad?

The import or the attribute look-up raises; behind a guarded import the path is silently never taken.

It is a warning where the import stands under a guard (`try`, `hasattr`), since the engine may expect it.

## Example

```python
from flashinfer.fused_moe import trtllm_bf16_routed_moe      # not before flashinfer 0.6.5
```

## Use instead

Require a release that has it, or choose another path when it is absent.

## Fix safety

Nothing is changed for you.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.model.finding import Finding
from contractlint.rules.base import Context, rule
from contractlint.rules.signature import signature_finding

CODE = "CL204"


def check(context: Context) -> Iterator[Finding]:
    """A finding where the release does not have the entry point."""
    site = context.site
    if site.signature is not None or site.site.deep or not site.is_certain:
        return
    message = f"{context.name} has no `{site.site.entry_point}`"
    yield signature_finding(
        context,
        CODE,
        "absent-entry-point",
        "",
        message,
        "require a release that has it, or take another path when it is absent",
        evidence=(),
        consequence="importing it raises, or the guarded path is never taken",
    )


RULE = rule(
    CODE, "absent-entry-point", "A call names an entry point that the release does not have", check, __doc__ or ""
)
