"""Find the call sites of a library's entry points in a project."""

from __future__ import annotations

from collections.abc import Callable as Function_
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contractlint.flow.callers import last_name, leaves
from contractlint.flow.evaluate import Flow, Frame
from contractlint.flow.invoke import lazy_reference
from contractlint.flow.nodes import CallRecord, Facts, Node
from contractlint.flow.values import Callable, Partial, Unknown
from contractlint.index.project import External, Function, Module


@dataclass(frozen=True, slots=True)
class Library:
    """What finding call sites needs to know of a kernel library.

    `import_name` is its top-level package; `canonical` maps any import path of an entry point to its canonical name;
    `short_names` are the last parts of all entry points, mapped to a canonical name.
    """

    import_name: str
    canonical: Function_[[str], str | None]
    short_names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CallSite:
    """One call of an entry point. `reason` is set where the callee looks like one but could not be resolved."""

    fn: Function
    record: CallRecord
    entry_point: str
    reason: str = ""
    facts: Facts = ()
    given: tuple[tuple[str, Node], ...] = ()
    spelled: str = ""  # the import path by which the engine names it

    @property
    def line(self) -> int:
        return self.record.line

    @property
    def column(self) -> int:
        return self.record.column

    @property
    def file(self) -> str:
        return self.fn.file


def find_call_sites(flow: Flow, library: Library) -> list[CallSite]:
    """All call sites in the project, in order of file and line."""
    found: dict[tuple[str, int, int, str], CallSite] = {}
    for module in _candidates(flow, library):
        for index in range(len(module.ir.functions)):
            fn = Function(module, index)
            for site in _in_function(flow, fn, library):
                found.setdefault((site.file, site.line, site.column, site.entry_point), site)
    return sorted(found.values(), key=lambda s: (s.file, s.line, s.column, s.entry_point))


def _candidates(flow: Flow, library: Library) -> Iterator[Module]:
    yield from flow.project.modules_with(library.import_name)


def _in_function(flow: Flow, fn: Function, library: Library) -> Iterator[CallSite]:
    if not _could_call(fn, library):
        return
    for record in flow.graph(fn).calls:
        yield from _resolve(flow, fn, record, library)


def _could_call(fn: Function, library: Library) -> bool:
    """A cheap look before the graph is built: does the function call anything that may be an entry point?"""
    module = fn.module
    return any(fn.index in users for users in module.ir.calls.values())


def _resolve(flow: Flow, fn: Function, record: CallRecord, library: Library) -> Iterator[CallSite]:
    function = record.node.parts[0]
    if not _followed(function, library):
        return
    names: dict[str, tuple[Facts, str]] = {}
    for facts, leaf in _arms(function):
        for alt in flow.callee(leaf, Frame.make(fn)):
            value = alt.value
            if isinstance(value, Partial):
                value = value.target
            if isinstance(value, Callable) and isinstance(value.target, External):
                canonical = library.canonical(value.target.name)
                if canonical is not None:
                    names.setdefault(canonical, (facts, value.target.name))
    for canonical, (facts, spelled) in names.items():
        yield CallSite(fn, record, canonical, facts=facts, spelled=spelled)
    if names:
        return
    short = last_name(function)
    looks_like = library.short_names.get(short)
    if looks_like is not None and function.kind in ("attr", "global", "import"):
        alts = flow.callee(function, Frame.make(fn))
        unknown = [a.value for a in alts if isinstance(a.value, Unknown)]
        if unknown and len(unknown) == len(alts):
            yield CallSite(fn, record, looks_like, f"`{short}` could not be resolved: {unknown[0].reason}")


def _arms(function: Node) -> Iterator[tuple[Facts, Node]]:
    """The possible callees, each with the facts under which it is the one."""
    if function.kind == "phi":
        for facts, alternative in function.parts[0]:
            for inner, leaf in _arms(alternative):
                yield facts + inner, leaf
    else:
        yield (), function


def _followed(function: Node, library: Library) -> bool:
    """Whether a callee expression is worth evaluating: names and module chains are; methods of objects only by name."""
    for leaf in leaves(function):
        root = leaf
        while root.kind == "attr":
            root = root.parts[0]
        if root.kind in ("global", "import", "free"):
            return True
        if last_name(leaf) in library.short_names:
            return True
        if leaf.kind == "call" and lazy_reference(leaf) is not None:
            return True
    return False
