"""
## What it does

Finds parameters of a function that have the name of a kernel's parameter, or another name for the same value, and do not
reach the kernel: the function never uses them, or passes a literal in their place.

## Why is this bad?

Callers believe that they set something. The kernel computes with its default, and nothing is raised. With
`routed_scaling_factor` left out, vLLM 0.21.0 answered 0.38 of gsm8k with a DeepSeek model instead of 0.90.

It is an error where a contract says what the default means and some caller is seen to pass another value, a warning
otherwise; a warning, too, where the contract says under which routing method the value counts, and the class names others
only. A test of the parameter on the way to the call settles it: the branch was chosen knowing the value. So does another
method of the class that takes the parameter and uses it, to tell what it supports.

## Example

```python
def apply(self, x, routed_scaling_factor=None):
    return trtllm_bf16_moe(hidden_states=x, ...)
```

## Use instead

```python
def apply(self, x, routed_scaling_factor=None):
    return trtllm_bf16_moe(hidden_states=x, routed_scaling_factor=routed_scaling_factor, ...)
```

## Fix safety

Passing the value changes what is computed, to what callers asked for. Nothing is changed for you.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.judge.forwarding import gets_a_value, unused_parameter
from contractlint.model.finding import Finding
from contractlint.rules.base import Context, rule
from contractlint.rules.forwarding import forwarding_finding, gaps, known_to_matter, severity_of

CODE = "CL301"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each parameter that stops short of the kernel."""
    for gap, clause in gaps(context):
        name = "" if gap.assumed else unused_parameter(context.site, gap)
        if not name:
            continue
        where = f"`{gap.fn.qualname}` takes `{name}`"
        kernel = f"`{context.site.short_name}`"
        if gap.literal:
            message = f"{where}, but `{gap.literal}` is passed to {kernel} for `{gap.parameter}`"
        else:
            message = f"{where} and does not use it: {kernel} gets no `{gap.parameter}`"
        yield forwarding_finding(
            context,
            CODE,
            "unforwarded-parameter",
            gap,
            clause,
            severity_of(clause, gets_a_value(context.site, gap, name) and known_to_matter(context, gap, clause)),
            message,
            f"pass it on: `{gap.parameter}={name}`",
        )


RULE = rule(CODE, "unforwarded-parameter", "A parameter of the caller does not reach the kernel", check, __doc__ or "")
