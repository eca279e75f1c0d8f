"""
## What it does

Finds calls that leave out a parameter which the entry point requires in the release that will run.

## Why is this bad?

The call raises a TypeError when that path is first taken.

## Example

```python
trtllm_bf16_moe(routing_logits=logits, hidden_states=x)
```

## Use instead

Pass every parameter without a default; `contractlint contracts show ENTRY_POINT --release R` lists them.

## Fix safety

What to pass is a question of meaning. Nothing is changed for you.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.model.finding import Finding
from contractlint.rules.base import Context, rule
from contractlint.rules.signature import signature_finding

CODE = "CL202"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each required parameter that certainly gets nothing."""
    site = context.site
    if site.signature is None or not site.is_certain:
        return
    for name in site.missing():
        message = f"`{site.short_name}` of {context.name} requires `{name}`, and the call does not pass it"
        yield signature_finding(context, CODE, "missing-argument", name, message, f"pass `{name}`")


RULE = rule(CODE, "missing-argument", "A call leaves out what the release requires", check, __doc__ or "")
