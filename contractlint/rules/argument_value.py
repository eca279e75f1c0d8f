"""
## What it does

Finds arguments whose value is not one that the entry point takes: a member of an enumeration or a literal outside of the
accepted ones, a number out of bounds, None where a value is needed. Conditions on other arguments count.

## Why is this bad?

Some of it raises at the first step. Some does not: up to flashinfer 0.6.7 the DeepSeekV3 routing divides by `n_group`, and
nobody looks whether it was given.

It is an error where the code shows the value, a warning where a breach would be silent or a fault and it is not known whether
the value meets the condition, and hidden where the library raises by itself and other values reach the call too.

## Example

```python
trtllm_bf16_moe(routing_method_type=RoutingMethodType.DeepSeekV3, n_group=None, ...)
```

## Use instead

```python
assert num_expert_group is not None
trtllm_bf16_moe(routing_method_type=RoutingMethodType.DeepSeekV3, n_group=num_expert_group, ...)
```

## Fix safety

An assertion changes no numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.judge.clauses import Break
from contractlint.model.contract import Aspect
from contractlint.model.finding import Finding
from contractlint.model.words import requirement
from contractlint.rules.base import Context, rule
from contractlint.rules.clause import clause_findings

CODE = "CL401"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each clause that a value can break."""
    for aspect in (Aspect.PRESENCE, Aspect.VALUE):
        yield from clause_findings(context, CODE, "argument-value", aspect, _message, _remedy)


def _message(context: Context, parameter: str, found: list[Break]) -> str:
    what = " or ".join(dict.fromkeys(each.what for each in found))
    clause = found[0].clause
    when = " and ".join(str(c) for c in clause.when)
    wanted = "a value" if clause.aspect is Aspect.PRESENCE else requirement(clause)
    return f"`{parameter}` can be {what}, but {context.name} needs {wanted}" + (f" when {when}" if when else "")


def _remedy(parameter: str, found: list[Break]) -> str:
    clause = found[0].clause
    if clause.aspect is Aspect.PRESENCE:
        return f"pass `{parameter}`, or assert before the call that it is not None"
    return f"pass {requirement(clause)}"


RULE = rule(CODE, "argument-value", "An argument has a value that the entry point does not take", check, __doc__ or "")
