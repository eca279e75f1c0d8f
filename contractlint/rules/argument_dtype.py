"""
## What it does

Finds arguments whose dtype is one that the kernel, in the release that will run, does not read.

## Why is this bad?

Most kernel launchers take a raw pointer. A tensor of another dtype is then read as if it had the expected one: there is no
error, the numbers are simply different. FlashInfer 0.6.7 reads `routing_bias` as bfloat16 whatever it is; with a float32 bias
a DeepSeek model picks wrong experts and answers nonsense.

## Example

```python
bias = torch.empty(num_experts, dtype=torch.float32)
trtllm_fp8_block_scale_moe(routing_bias=bias, ...)
```

## Use instead

```python
trtllm_fp8_block_scale_moe(routing_bias=bias.to(torch.bfloat16), ...)
```

## Fix safety

A cast to a smaller dtype loses precision: two routing biases that differ only in their last bits become equal, and ties are
broken differently. Decide where the cast belongs; nothing is changed for you.

## Evidence

Each finding names the clause, its release range and the lines of the library that establish it.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.flow.values import Tensor
from contractlint.judge.dtype import Breach, DtypeJudgement, dtype_text
from contractlint.model.contract import Effect, Enforcement
from contractlint.model.finding import Finding, Severity, Step, Verdict
from contractlint.rules.base import Context, contract_text, rule

CODE = "CL101"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each argument that can break a dtype clause."""
    for parameter, judgement in context.judgements.items():
        clauses = {id(b.clause): b.clause for b in judgement.breaches}
        for clause in clauses.values():
            breaches = [b for b in judgement.breaches if b.clause is clause]
            yield _finding(context, parameter, judgement, sorted(breaches, key=_plainness))


def _plainness(breach: Breach) -> tuple[int, int, str, int]:
    """Ways with few conditions and steps explain best, and come first."""
    steps = breach.alt.steps
    origin = steps[0] if steps else None
    return (
        sum(len(step.condition) for step in steps),
        len(steps),
        origin.file if origin else "",
        origin.line if origin else 0,
    )


def _finding(context: Context, parameter: str, judgement: DtypeJudgement, breaches: list[Breach]) -> Finding:
    clause = breaches[0].clause
    return Finding(
        code=CODE,
        rule="argument-dtype",
        severity=Severity.ERROR,
        verdict=Verdict.VIOLATED,
        place=context.place(parameter),
        function=context.function,
        entry_point=context.site.site.entry_point,
        parameter=parameter,
        release=context.site.release,
        effect=clause.effect.value,
        message=message(context, parameter, breaches),
        remedy=_remedy(parameter, breaches),
        paths=tuple(value_path(context, parameter, b) for b in breaches),
        evidence=clause.evidence,
        contract=contract_text(clause, parameter),
        consequence=clause.consequence or _CONSEQUENCE[clause.effect],
        notes=tuple(_notes(context, parameter, judgement, breaches)),
    )


def message(context: Context, parameter: str, breaches: list[Breach]) -> str:
    """The fact in one sentence."""
    clause = breaches[0].clause
    is_ = " or ".join(dict.fromkeys(dtype_text(b.dtype) for b in breaches))
    wanted = " or ".join(sorted(clause.dtypes)) or f"the dtype of `{clause.same_as}`"
    verb = "requires" if clause.effect is Effect.RAISES else "reads"
    unchecked = " whatever it is" if verb == "reads" and clause.enforcement is Enforcement.NONE else ""
    when = " and ".join(str(c) for c in clause.when)
    condition = f" when {when}" if when else ""
    return f"`{parameter}` can be {is_}, but {context.name} {verb} {wanted}{unchecked}{condition}"


def value_path(context: Context, parameter: str, breach: Breach) -> tuple[Step, ...]:
    """The steps of one value up to the call."""
    site = context.site.site
    last = f"passed to `{context.site.short_name}` as `{parameter}`"
    return (*breach.alt.steps, Step(site.file, site.line, last, breach.alt.pending))


def _remedy(parameter: str, breaches: list[Breach]) -> str:
    wanted = sorted(breaches[0].clause.dtypes)
    if len(wanted) == 1:
        return f"cast it before the call, where it is not None: `{parameter}.to(torch.{wanted[0]})`"
    return f"pass `{parameter}` as {' or '.join(wanted)}"


def _notes(context: Context, parameter: str, judgement: DtypeJudgement, breaches: list[Breach]) -> Iterator[str]:
    clause = breaches[0].clause
    if clause.note:
        yield clause.note
    if clause.documented:
        yield f"the library's documentation says: {clause.documented}"
    because = tuple(dict.fromkeys(x for b in breaches for x in b.because))
    if because and clause.when:
        yield f"here {clause.when[0].parameter} can be {', '.join(because)}"
    yield from _elsewhere(judgement, breaches)
    yield from _twins(context, parameter)
    if judgement.doubts:
        yield f"not every way was followed to its end: {judgement.doubts[0][1]}"


def _elsewhere(judgement: DtypeJudgement, breaches: list[Breach]) -> Iterator[str]:
    """The other dtypes that the same line of code can give the value, with the conditions of each."""
    origins = {(b.alt.path.origin.file, b.alt.path.origin.line) for b in breaches if b.alt.path is not None}
    said: set[str] = set()
    for alt in judgement.proofs:
        if alt.path is None or not isinstance(alt.value, Tensor):
            continue
        origin = alt.path.origin
        if (origin.file, origin.line) not in origins:
            continue
        when = " and ".join(origin.condition) or "otherwise"
        text = f"{origin.file}:{origin.line} makes it {dtype_text(alt.value.dtype)} instead when {when}"
        if text not in said:
            said.add(text)
            yield text


def _twins(context: Context, parameter: str) -> Iterator[str]:
    """Other calls that establish the same clause: one was fixed, its twins were not."""
    for site, judgements in context.twins:
        other = judgements.get(parameter)
        if site is context.site or other is None or other.verdict is not Verdict.PROVED:
            continue
        casts = [a for a in other.proofs if a.steps and a.steps[-1].what.startswith("cast to")]
        if casts:
            step = casts[0].steps[-1]
            yield (
                f"`{site.short_name}` at {site.site.file}:{site.site.line} gets it right, {step.what} "
                f"({step.file}:{step.line}); its twin here does not"
            )


_CONSEQUENCE = {
    Effect.SILENT: "nothing is raised; the kernel computes with misread values",
    Effect.FAULT: "the kernel can access memory outside the tensor",
    Effect.RAISES: "the call raises",
    Effect.SLOW: "the call is slow",
}

RULE = rule(CODE, "argument-dtype", "An argument has a dtype that the kernel does not read", check, __doc__ or "")
