"""
## What it does

Finds calls that tests on the way reserve for chips on which the entry point does not run.

## Why is this bad?

The path is taken on exactly the chips where it fails, and on no other: tests elsewhere do not see it.

Looked at are tests in the function that holds the call: `is_device_capability(90)`, `is_device_capability_family(100)`,
`has_device_capability(100)`, `is_sm100_supported()`, `torch.cuda.get_device_capability()[0] == 9`.

## Example

```python
if is_sm90_supported():
    trtllm_bf16_moe(...)      # runs on 10.x
```

## Use instead

```python
if is_sm100_supported():
    trtllm_bf16_moe(...)
```

## Fix safety

Another test sends other chips down this path. Nothing is changed for you.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.judge.capability import reached, supported
from contractlint.model.finding import Finding, Severity
from contractlint.rules.base import Context, rule

CODE = "CL701"


def check(context: Context) -> Iterator[Finding]:
    """A finding where no chip that gets here runs the entry point."""
    site = context.site
    entry = site.view.entry_points.get(site.site.entry_point)
    runs = supported(entry.capabilities) if entry is not None else frozenset()
    if not runs or site.signature is None:
        return
    chips, tests = reached(site.frame().facts)
    if not tests or chips & runs:
        return
    runs_on = entry.capabilities if entry is not None else ""
    yield context.finding(
        CODE,
        "chip-guard",
        "",
        Severity.ERROR,
        certain=True,
        effect="raises",
        message=f"`{' and '.join(tests)}` leaves no chip on which `{site.short_name}` runs: {runs_on}",
        remedy="test for a chip that it runs on",
        evidence=site.signature.evidence,
        contract=f"{site.short_name} runs on {runs_on}",
        consequence="the call fails on every chip that takes this path",
    )


RULE = rule(CODE, "chip-guard", "A call is reserved for chips on which the kernel does not run", check, __doc__ or "")
