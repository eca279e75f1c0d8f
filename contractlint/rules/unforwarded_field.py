"""
## What it does

Finds calls that leave out a value, or pass a literal for it, although an object at hand has a field that holds it.

The contract says for which parameters the default means something of its own, and under which names engines keep the value.

## Why is this bad?

The kernel computes with its default. SGLang 0.5.12 passed `gemm1_clamp_limit=None` while the configuration of the runner
held the limit of the model: every model with a clamped SwiGLU was served with another activation.

It is a warning: whether the field can hold anything but the default on this path is not always seen. A test of the field on
the way to the call settles it. So does a call that passes the field for another parameter.

## Example

```python
@dataclass
class Config:
    activation: str = "silu"


def apply(x, config: Config):
    return cutlass_fused_moe(x, ...)
```

## Use instead

```python
def apply(x, config: Config):
    return cutlass_fused_moe(x, activation_type=ACTIVATIONS[config.activation], ...)
```

or, where the kernel cannot do it:

```python
def apply(x, config: Config):
    assert config.activation == "silu"
    return cutlass_fused_moe(x, ...)
```

## Fix safety

An assertion changes no numbers. Passing the value changes what is computed.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.flow.nodes import render
from contractlint.judge.forwarding import field_at_hand, unused_parameter
from contractlint.model.finding import Finding
from contractlint.rules.base import Context, rule
from contractlint.rules.forwarding import forwarding_finding, gaps, severity_of

CODE = "CL302"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each value that lies at hand and is not passed."""
    site = context.site
    for gap, clause in gaps(context):
        if clause is None or gap.assumed or unused_parameter(site, gap):
            continue
        field = field_at_hand(site, gap)
        if field is None or any(render(node) == field.text for node in site.bound.arguments.values()):
            continue
        what = f"`{gap.literal}` is passed for `{gap.parameter}`" if gap.literal else f"no `{gap.parameter}` is passed"
        yield forwarding_finding(
            context,
            CODE,
            "unforwarded-field",
            gap,
            clause,
            severity_of(clause, certain=False),
            f"{what} to `{site.short_name}`, while `{field.text}` holds a value for it",
            f"pass what `{field.text}` says, or assert that it is what the kernel assumes",
        )


RULE = rule(CODE, "unforwarded-field", "A call leaves out a value that an object at hand holds", check, __doc__ or "")
