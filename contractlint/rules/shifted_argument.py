"""
## What it does

Finds positional arguments that carry the name of another parameter than the one they reach: the release has a parameter more,
or fewer, in front of it.

## Why is this bad?

Libraries insert parameters in the middle. flashinfer 0.6.0 put `o_data_type` into `plan`: every positional argument behind it
moved by one, and `data_type` arrived as the dtype of the output. Where types happen to fit, nothing is raised.

## Example

```python
def run(wrapper, data_type, sm_scale):
    wrapper.plan(indptr, indices, last_page_len, 8, 8, 128, 16, "NONE", -1, None, data_type, sm_scale)
```

## Use instead

Pass all but the first few arguments by keyword.

## Fix safety

Keywords change nothing where the positions were right, and put right what had moved.
"""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.flow.nodes import Node
from contractlint.flow.references import last_name
from contractlint.model.finding import Finding
from contractlint.rules.base import Context, rule
from contractlint.rules.signature import signature_finding

CODE = "CL206"


def check(context: Context) -> Iterator[Finding]:
    """A finding where positional arguments reach parameters of other names."""
    site = context.site
    if site.signature is None:
        return
    names = [p.name for p in site.parameters]
    moved: list[tuple[str, str]] = []
    for position, node in enumerate(_positional(site.call)):
        if position >= len(names):
            break
        own = _own_name(node)
        if own != names[position] and own in names and own not in site.bound.extra:
            moved.append((own, names[position]))
    if len(moved) < 2 and not _inserted(moved, names):
        return
    own, reached = moved[0]
    more = f", and {len(moved) - 1} more behind it" if len(moved) > 1 else ""
    yield signature_finding(
        context,
        CODE,
        "shifted-argument",
        reached,
        f"positional `{own}` reaches the parameter `{reached}` of `{site.short_name}` in {context.name}{more}",
        "pass them by keyword",
        consequence="where types happen to fit, nothing is raised and values change places",
        effect="silent",
    )


def _positional(call: Node) -> list[Node]:
    """The positional arguments up to the first `*`."""
    out: list[Node] = []
    for arg in call.parts[1]:
        if arg.kind == "star":
            break
        out.append(arg)
    return out


def _own_name(node: Node) -> str:
    """The name of a variable or attribute that is passed as it is."""
    return last_name(node) if node.kind in ("param", "attr", "global", "free") else ""


def _inserted(moved: list[tuple[str, str]], names: list[str]) -> bool:
    """Whether one argument alone was moved by one place: the parameter that it means is the next one."""
    return any(names.index(own) == names.index(reached) + 1 for own, reached in moved)


RULE = rule(
    CODE,
    "shifted-argument",
    "A positional argument reaches another parameter than the one it means",
    check,
    __doc__ or "",
)
