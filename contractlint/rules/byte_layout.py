"""
## What it does

Finds scales that one kernel writes in one byte layout and another reads in a different one: swizzled in blocks of 128x4 where
rows in order are read, or the reverse.

## Why is this bad?

The bytes are the same, and often their number too; only their places differ. Nothing is raised, and every block is scaled with
the scale of another one. Of flashinfer's kernels for mixtures of experts, those of CUTLASS read the swizzled layout and those of
TensorRT-LLM the linear one, while the quantisers write the swizzled one unless told otherwise.

It is a warning: code between the two calls that rearranges the bytes by hand is not recognised. It is silent where a flag of the
quantiser is not known, or the scales come by a way that was not followed for certain.

## Example

```python
x, scale = mxfp8_quantize(x)
trtllm_fp8_block_scale_moe(hidden_states=x, hidden_states_scale=scale, fp8_quantization_type=Fp8QuantizationType.MxFp8, ...)
```

## Use instead

```python
x, scale = mxfp8_quantize(x, is_sf_swizzled_layout=False)
trtllm_fp8_block_scale_moe(hidden_states=x, hidden_states_scale=scale, fp8_quantization_type=Fp8QuantizationType.MxFp8, ...)
```

## Fix safety

The values do not change, only where they lie.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.judge.byte_layout import Mismatch, mismatches
from contractlint.model.finding import Finding, Severity
from contractlint.model.words import conditions
from contractlint.rules.base import Context, nearest_first, rule, way

CODE = "CL502"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each argument that lies otherwise than it is read."""
    if context.site.signature is None:
        return
    for parameter in context.site.bound.arguments:
        found = list(mismatches(context.site, parameter, context.sites))
        if found:
            yield _finding(context, parameter, found)


def _finding(context: Context, parameter: str, found: list[Mismatch]) -> Finding:
    site, first = context.site, found[0]
    maker = first.maker.site
    when = conditions(first.made)
    return context.finding(
        CODE,
        "byte-layout",
        parameter,
        Severity.WARNING,
        certain=False,
        clause=first.clause,
        message=(
            f"`{parameter}` is read as {first.clause.layout}, but `{first.maker.short_name}` at {maker.file}:{maker.line} "
            f"makes it {first.made.layout}{', since ' + when if when else ''}"
        ),
        remedy=f"have `{first.maker.short_name}` make it {first.clause.layout}",
        paths=tuple(way(context, parameter, each.alt) for each in found),
        evidence=(
            *nearest_first(first.clause.evidence, site.release),
            *nearest_first(first.made.evidence, site.release),
        ),
    )


RULE = rule(CODE, "byte-layout", "Scales lie in another byte layout than the kernel reads", check, __doc__ or "")
