"""What every rule is made of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contractlint.judge.dtype import DtypeJudgement
from contractlint.judge.site import JudgedSite
from contractlint.model.contract import Clause
from contractlint.model.finding import Finding, Place


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule looks at: one call site under one release, its judgements, and those of all sites of that release."""

    site: JudgedSite
    judgements: dict[str, DtypeJudgement]
    twins: tuple[tuple[JudgedSite, dict[str, DtypeJudgement]], ...]
    strict: bool
    pedantic: bool
    library: str

    def place(self, parameter: str = "") -> Place:
        """The call; rules name it, and placing moves it to the argument later."""
        site = self.site.site
        return Place(site.file, site.line, site.column)

    @property
    def function(self) -> str:
        return self.site.site.fn.qualname

    @property
    def name(self) -> str:
        """The library and release as they stand in a sentence: `flashinfer 0.6.7`."""
        return f"{self.library} {self.site.release}"


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """One rule. `doc` is its page, `check` yields its findings for a context."""

    code: str
    name: str
    summary: str
    doc: str
    check: Callable[[Context], Iterator[Finding]]


def rule(code: str, name: str, summary: str, check: Callable[[Context], Iterator[Finding]], doc: str) -> RuleInfo:
    """Make a rule; the page is the docstring of its module."""
    return RuleInfo(code, name, summary, inspect.cleandoc(doc), check)


def contract_text(clause: Clause, parameter: str) -> str:
    """A clause in words: `routing_bias: bfloat16 (flashinfer ==0.6.7.*), when routing_method_type is DeepSeekV3`."""
    if clause.same_as:
        what = f"same dtype as `{clause.same_as}`"
    elif clause.dtypes:
        what = " or ".join(sorted(clause.dtypes))
    elif clause.required:
        what = "must be passed"
    else:
        what = clause.aspect.value
    when = " and ".join(str(c) for c in clause.when)
    return (
        f"{parameter}: {what}"
        + (f" when {when}" if when else "")
        + (f"  [{clause.releases}]" if clause.releases else "")
    )
