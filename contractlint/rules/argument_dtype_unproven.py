"""
## What it does

Reports arguments under a dtype clause for which nothing proves that the clause is kept, although no breach was found either.

## Why is this bad?

Where the kernel checks nothing, the call site is the only place that can establish the dtype. The finding says how far the
value was followed and where the trail ends.

It is a warning where a breach would be silent or a fault, an error with `--strict`, and shown only with `--pedantic` where
the library raises by itself. A cast to one dtype is told there too, where another argument decides which dtype is wanted and
can have the value that wants another one: the code runs until a model comes with that value.

## Example

```python
def apply(self, bias):
    return trtllm_bf16_moe(routing_bias=bias, ...)      # `bias` comes from a place that cannot be followed
```

## Use instead

```python
def apply(self, bias):
    assert bias is None or bias.dtype == torch.bfloat16
    return trtllm_bf16_moe(routing_bias=bias, ...)
```

## Fix safety

An assertion or a cast at the call settles it. An assertion is the safer of the two: it changes no numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.flow.values import Alt
from contractlint.judge.dtype import DtypeJudgement
from contractlint.model.contract import Clause, Effect
from contractlint.model.finding import Finding, Severity
from contractlint.model.words import dtype_names, one_of
from contractlint.rules.base import Context, rule, way

CODE = "CL102"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each argument that is neither proved nor violated."""
    for parameter, judgement in context.judgements.items():
        if judgement.breaches or not judgement.doubts:
            continue
        clause = judgement.clause
        harmless = clause.effect in (Effect.RAISES, Effect.SLOW) and clause not in judgement.telling
        if harmless and not context.pedantic:
            continue
        severity = Severity.NOTE if harmless else Severity.ERROR if context.strict else Severity.WARNING
        yield _finding(context, parameter, judgement, clause, severity)


def _finding(
    context: Context, parameter: str, judgement: DtypeJudgement, clause: Clause, severity: Severity
) -> Finding:
    wanted = f"is {one_of(dtype_names(clause.dtypes))}" if clause.dtypes else f"has the dtype of `{clause.same_as}`"
    when = " and ".join(str(c) for c in clause.when)
    return context.finding(
        CODE,
        "argument-dtype-unproven",
        parameter,
        severity,
        certain=False,
        clause=clause,
        message=(
            f"nothing proves that `{parameter}` of `{context.site.short_name}` {wanted}"
            f"{' when ' + when if when else ''}: {judgement.reason}"
        ),
        remedy=_remedy(context, parameter, clause),
        paths=tuple(way(context, parameter, alt) for alt in _followed(judgement, clause)),
    )


def _followed(judgement: DtypeJudgement, clause: Clause) -> Iterator[Alt]:
    for c, _, alt in judgement.doubts:
        if c is clause and alt is not None and alt.path is not None:
            yield alt


def _remedy(context: Context, parameter: str, clause: Clause) -> str:
    argument = context.argument(parameter)
    dtypes = [f"torch.{name}" for name in dtype_names(clause.dtypes)]
    if not dtypes:
        return f"assert `{argument}.dtype == {context.argument(clause.same_as)}.dtype` before the call"
    if len(dtypes) > 1:
        return f"assert `{argument}.dtype in ({', '.join(dtypes)})` before the call"
    return f"assert `{argument}.dtype == {dtypes[0]}` before the call, or cast it there"


RULE = rule(
    CODE,
    "argument-dtype-unproven",
    "Nothing proves that an argument has the dtype the kernel reads",
    check,
    __doc__ or "",
)
