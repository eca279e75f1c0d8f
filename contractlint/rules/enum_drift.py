"""
## What it does

Finds copies of the library's enumerations whose members have other numbers than those of the release that will run.

## Why is this bad?

Kernels take enumerations as integers. Libraries insert members in the middle: flashinfer 0.6.11 gave `RoutingMethodType` a
`Sigmoid = 8`, which vLLM's copy still called `Unspecified`. What the engine then asks for is not what the kernel does, and
nothing is raised.

A copy that lacks members, or adds some that no kernel gets, is fine. It is an error where a member of the library has
another number, a note where a member of the copy's own has the number of one of the library's.

## Example

```python
class RoutingMethodType(IntEnum):
    Default = 0
    Renormalize = 1
    Unspecified = 8      # Sigmoid since flashinfer 0.6.11
```

## Use instead

```python
from flashinfer.fused_moe import RoutingMethodType
```

or a copy per release, with a test that compares it with the library's.

## Fix safety

Numbers that were stored or sent elsewhere change their meaning with the copy. Nothing is changed for you.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contractlint.index.project import Class
from contractlint.judge.enums import copies_of
from contractlint.model.finding import Finding, Place, Severity, Verdict
from contractlint.rules.base import ProjectContext, project_rule

CODE = "CL402"


def check(context: ProjectContext) -> Iterator[Finding]:
    """One finding for each copy that disagrees with the release."""
    for enum, members in sorted(context.view.enums.items()):
        for cls, copied in copies_of(context.flow, enum):
            wrong = {name: number for name, number in copied.items() if members.get(name, number) != number}
            by_number = {number: name for name, number in members.items()}
            taken = {
                name: by_number[number]
                for name, number in copied.items()
                if name not in members and number in by_number
            }
            if wrong or taken:
                yield _finding(context, enum, cls, members, wrong, taken)


def _finding(
    context: ProjectContext,
    enum: str,
    cls: Class,
    members: Mapping[str, int],
    wrong: Mapping[str, int],
    taken: Mapping[str, str],
) -> Finding:
    by_number = {number: name for name, number in members.items()}
    said = [
        f"`{name} = {number}`, which is {members[name]} there"
        + (f" ({number} is {by_number[number]})" if number in by_number else "")
        for name, number in wrong.items()
    ]
    said += [f"`{name}`, whose number is that of {other} there" for name, other in taken.items()]
    parameters = ", ".join(f"`{name}`" for name in context.parameters_of(enum))
    return Finding(
        code=CODE,
        rule="enum-drift",
        severity=Severity.ERROR if wrong else Severity.NOTE,
        verdict=Verdict.VIOLATED if wrong else Verdict.UNPROVEN,
        place=Place(cls.module.file, cls.ir.line),
        function=cls.qualname,
        entry_point="",
        parameter=context.parameters_of(enum)[0] if context.parameters_of(enum) else "",
        release=context.view.release,
        effect="silent",
        message=f"`{cls.name}` is no longer that of {context.name}: it has {'; '.join(said)}",
        remedy=f"import `{enum}` from {context.library}, or bring the copy up to date",
        contract=f"{enum}: {', '.join(f'{name} = {number}' for name, number in members.items())}",
        consequence=f"the kernel does something else than {parameters or 'the argument'} asks for",
    )


RULE = project_rule(
    CODE, "enum-drift", "A copied enumeration has other numbers than the library's", check, __doc__ or ""
)
