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

from contractlint.flow.values import Alt, Tensor
from contractlint.judge.dtype import Breach, DtypeJudgement, dtype_text
from contractlint.model.contract import Clause, Effect, Enforcement
from contractlint.model.finding import Finding, Severity, Verdict
from contractlint.model.words import dtype_names, one_of
from contractlint.rules.base import Context, rule, way

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
    return context.finding(
        CODE,
        "argument-dtype",
        parameter,
        Severity.ERROR,
        certain=True,
        clause=clause,
        message=message(context, parameter, breaches),
        remedy=_remedy(context, parameter, judgement, clause),
        paths=tuple(way(context, parameter, b.alt) for b in breaches),
        consequence=clause.consequence or _CONSEQUENCE[clause.effect],
        notes=tuple(_notes(context, parameter, judgement, breaches)),
    )


def message(context: Context, parameter: str, breaches: list[Breach]) -> str:
    """The fact in one sentence."""
    clause = breaches[0].clause
    is_ = " or ".join(dict.fromkeys(dtype_text(b.dtype) for b in breaches))
    when = " and ".join(str(c) for c in clause.when)
    return f"`{parameter}` of `{context.site.short_name}` can be {is_}, but {context.name} {_demand(clause)}" + (
        f" when {when}" if when else ""
    )


def _demand(clause: Clause) -> str:
    """What the library does about the dtype, as the end of a sentence."""
    wanted = one_of(dtype_names(clause.dtypes)) if clause.dtypes else f"the dtype of `{clause.same_as}`"
    if clause.effect is Effect.RAISES:
        return f"requires {wanted}"
    unchecked = ", without a check," if clause.enforcement is Enforcement.NONE else ""
    if len(clause.dtypes) > 1:
        return f"takes only {wanted}{unchecked.rstrip(',')}"
    return f"reads it{unchecked} as {wanted}"


def _remedy(context: Context, parameter: str, judgement: DtypeJudgement, clause: Clause) -> str:
    wanted = dtype_names(clause.dtypes)
    argument = context.argument(parameter)
    if not wanted and clause.same_as:
        return f"give it the dtype of the other: `{argument}.to({context.argument(clause.same_as)}.dtype)`"
    if len(wanted) != 1:
        return f"pass `{argument}` as {one_of(wanted)}"
    unless = ", where it is not None" if "None" in judgement.dtypes else ""
    return f"cast it before the call{unless}: `{argument}.to(torch.{wanted[0]})`"


def _notes(context: Context, parameter: str, judgement: DtypeJudgement, breaches: list[Breach]) -> Iterator[str]:
    clause = breaches[0].clause
    if clause.note:
        yield clause.note
    if clause.documented:
        yield f"the library's documentation says: {clause.documented}"
    yield from _because(clause, breaches)
    yield from _elsewhere(judgement, breaches)
    yield from _twins(context, parameter, clause)
    if judgement.doubts:
        yield f"another way is not certain: {judgement.doubts[0][1]}"


def _because(clause: Clause, breaches: list[Breach]) -> Iterator[str]:
    """The values for which the clause's condition holds, where the condition does not name them itself."""
    named = {str(value) for c in clause.when if not c.negated for value in c.values}
    because = [x for x in dict.fromkeys(x for b in breaches for x in b.because) if x not in named]
    if because and len(clause.when) == 1:
        yield f"here {clause.when[0].parameter} can be {one_of(because)}"


def _elsewhere(judgement: DtypeJudgement, breaches: list[Breach]) -> Iterator[str]:
    """The other dtypes that the same line of code can give the value, with the conditions of each."""
    origins = {(b.alt.path.origin.file, b.alt.path.origin.line) for b in breaches if b.alt.path is not None}
    broken = {b.dtype for b in breaches}
    said: set[str] = set()
    for alt in judgement.proofs:
        if alt.path is None or not isinstance(alt.value, Tensor) or alt.value.dtype in broken:
            continue
        origin = alt.path.origin
        if (origin.file, origin.line) not in origins:
            continue
        conditions = " and ".join(dict.fromkeys(origin.condition))
        when = f" when {conditions}" if conditions else ""
        text = f"{origin.file}:{origin.line} can make it {dtype_text(alt.value.dtype)} too{when}"
        if text not in said:
            said.add(text)
            yield text


def _twins(context: Context, parameter: str, clause: Clause) -> Iterator[str]:
    """Other calls that cast what they pass for the same parameter: one was fixed, its twins were not."""
    fixed: list[str] = []
    for site, judgements in context.twins:
        other = judgements.get(parameter)
        if site is context.site or other is None or other.verdict is not Verdict.PROVED:
            continue
        casts = [a for a in other.proofs if _is_cast(a, clause)]
        if casts:
            step = casts[0].steps[-1]
            fixed.append(
                f"`{site.short_name}` ({site.site.file}:{site.site.line}; {step.what} at {step.file}:{step.line})"
            )
    if fixed:
        yield f"one was fixed, its twin was not: `{parameter}` is right at {' and at '.join(fixed)}"


def _is_cast(alt: Alt, clause: Clause) -> bool:
    last = alt.steps[-1].what if alt.steps else ""
    return any(last.startswith(f"cast to {dtype}") for dtype in clause.dtypes)


_CONSEQUENCE = {
    Effect.SILENT: "nothing is raised; the kernel computes with misread values",
    Effect.FAULT: "the kernel can access memory outside the tensor",
    Effect.RAISES: "the call raises",
    Effect.SLOW: "the call is slow",
}

RULE = rule(CODE, "argument-dtype", "An argument has a dtype that the kernel does not read", check, __doc__ or "")
