"""
## What it does

Finds arguments that the entry point does not take in the release that will run, and positional arguments beyond its last.

## Why is this bad?

The call raises a TypeError, at the latest moment possible: when that path is first taken on that chip.

It is a warning where the argument is passed only under a condition (`if fast: kwargs["mode"] = 1`): engines look at the
release, or at the signature, before they pass what is new.

## Example

```python
trtllm_mxint4_block_scale_moe(..., do_finalize=True)      # flashinfer 0.6.4 has no `do_finalize`
```

## Use instead

Pass only what the pinned release takes, or raise the pin.

## Fix safety

Dropping an argument changes what the kernel does. Nothing is changed for you.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.model.finding import Finding
from contractlint.rules.base import Context, rule
from contractlint.rules.signature import signature_finding

CODE = "CL201"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each argument that the signature has no place for."""
    site = context.site
    if site.signature is None or not site.is_certain:
        return
    known = ", ".join(p.name for p in site.parameters)
    for name in site.bound.unknown:
        yield signature_finding(
            context,
            CODE,
            "unknown-argument",
            name,
            f"`{site.short_name}` of {context.name} has no parameter `{name}`",
            f"leave `{name}` out for this release, or require one that takes it; it takes {known}",
        )
    for name in dict.fromkeys(site.bound.doubtful):
        yield signature_finding(
            context,
            CODE,
            "unknown-argument",
            name,
            f"under a condition, the call passes `{name}`, and `{site.short_name}` of {context.name} has no such parameter",
            f"make sure that the condition never holds with this release; it takes {known}",
            consequence="the call raises TypeError where the condition holds",
            certain=False,
        )
    for name in site.bound.repeated:
        message = f"`{site.short_name}` gets `{name}` twice"
        yield signature_finding(context, CODE, "unknown-argument", name, message, f"pass `{name}` once")
    if site.bound.surplus:
        count = sum(p.kind.startswith("positional") for p in site.parameters)
        surplus = site.bound.surplus
        message = (
            f"`{site.short_name}` of {context.name} takes {count} positional arguments, the call passes {surplus} more"
        )
        yield signature_finding(context, CODE, "unknown-argument", "", message, "pass them by keyword")


RULE = rule(CODE, "unknown-argument", "A call passes an argument that the release does not take", check, __doc__ or "")
