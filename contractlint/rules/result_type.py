"""
## What it does

Finds calls whose result is used as the type that another release returned: a list used as a tensor, or a tensor indexed like
a list.

## Why is this bad?

A method of a tensor on a list raises AttributeError. The other way round is worse: `result[0]` on a tensor is no error, it is
the first row.

## Example

```python
out = trtllm_mxint4_block_scale_moe(...).to(x.dtype)      # a list since flashinfer 0.6.5
```

## Use instead

```python
out = trtllm_mxint4_block_scale_moe(..., do_finalize=True)
if isinstance(out, (tuple, list)):
    out = out[0]
out = out.to(x.dtype)
```

## Fix safety

Taking element 0 is right only where the call finalises. Nothing is changed for you.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from contractlint.flow.nodes import Node
from contractlint.flow.values import Const
from contractlint.judge.site import JudgedSite
from contractlint.model.finding import Finding
from contractlint.rules.base import Context, rule
from contractlint.rules.signature import signature_finding

CODE = "CL205"
_CONDITIONAL = re.compile(r"^(?P<then>\w+) if (?P<not>not )?(?P<parameter>\w+) else (?P<other>\w+)$")
_LIST_METHODS = frozenset(
    ["append", "extend", "insert", "pop", "index", "count", "copy", "sort", "reverse", "remove", "clear"]
)


def check(context: Context) -> Iterator[Finding]:
    """A finding where the result's type in this release does not fit how the code uses it."""
    site = context.site
    if site.signature is None:
        return
    returned = result_type(site)
    call = site.site.record.node
    graph = site.flow.graph(site.site.fn)
    if returned == "list":
        for record in graph.calls:
            function = record.node.parts[0]
            if function.kind == "attr" and function.parts[0].id == call.id and function.parts[1] not in _LIST_METHODS:
                yield _finding(context, f"as a tensor (`.{function.parts[1]}(…)`)", "returns a list")
                return
    # An annotation may be wrong; that it changed tells that engines have to care.
    changed = len(site.view.ever_returned(site.site.entry_point)) > 1
    if returned == "Tensor" and changed and _indexed(graph.returns, call):
        yield _finding(context, "as a list (`[0]`)", "returns a tensor, of which that is the first row")


def _indexed(returns: list, call: Node) -> bool:  # type: ignore[type-arg]
    return any(
        r.value.kind == "sub" and r.value.parts[0].id == call.id and r.value.parts[1].kind == "const" for r in returns
    )


def result_type(site: JudgedSite) -> str:
    """What the call returns in this release (`Tensor`, `list`), empty when that depends on something unknown."""
    assert site.signature is not None
    returns = site.signature.returns.strip()
    conditional = _CONDITIONAL.match(returns)
    if conditional is None:
        return _simple(returns)
    node = site.argument(conditional["parameter"])
    values = (
        {a.value.value if isinstance(a.value, Const) else None for a in site.flow.query(node, site.frame())}
        if node
        else set()
    )
    if len(values) != 1 or not isinstance(next(iter(values)), bool):
        return ""
    holds = bool(values.pop()) != bool(conditional["not"])
    return _simple(conditional["then"] if holds else conditional["other"])


def _simple(text: str) -> str:
    if text.startswith(("list", "List")):
        return "list"
    return "Tensor" if text in ("Tensor", "torch.Tensor") else ""


def _finding(context: Context, used: str, returns: str) -> Finding:
    site = context.site
    assert site.signature is not None
    takes = any(p.name == "do_finalize" for p in site.parameters)
    finalize = " and pass `do_finalize=True`" if takes and not site.passed("do_finalize") else ""
    silent = "first row" in returns
    return signature_finding(
        context,
        CODE,
        "result-type",
        "",
        f"the result of `{site.short_name}` is used {used}, but {context.name} {returns}",
        f"unwrap the result where it is a list{finalize}",
        consequence="nothing is raised; one row stands for the whole result"
        if silent
        else "the call raises AttributeError",
        effect="silent" if silent else "raises",
    )


RULE = rule(CODE, "result-type", "A result is used as the type that another release returned", check, __doc__ or "")
