"""Find the call sites of a library's entry points in a project."""

from __future__ import annotations

from collections.abc import Callable as Function_
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contractlint.flow.callers import last_name, leaves
from contractlint.flow.evaluate import Flow
from contractlint.flow.frames import Frame
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
    partial: Partial | None = None  # arguments that a partial brings along
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
    modules = _modules(flow, library)
    kept = _kept_under(flow, modules, library)
    for module in modules:
        for index in range(len(module.ir.functions)):
            fn = Function(module, index)
            if _calls_anything(fn):
                for record in flow.graph(fn).calls:
                    for site in _resolve(flow, fn, record, library, kept):
                        found.setdefault((site.file, site.line, site.column, site.entry_point), site)
    return sorted(found.values(), key=lambda s: (s.file, s.line, s.column, s.entry_point))


def _modules(flow: Flow, library: Library) -> list[Module]:
    """Files that can hold call sites: those that name the library, and those that name what such a file makes of it.

    `from engine.kernels import scale` names the library nowhere, where `kernels` says `from house import scale_by as scale`.
    """
    project = flow.project
    chosen: dict[str, Module] = {}
    pending = list(project.modules_with(library.import_name))
    names: set[str] = set()
    while pending:
        module = pending.pop()
        if module.file in chosen:
            continue
        chosen[module.file] = module
        for name in _handed_on(flow, module, library):
            if name not in names and not project.text.is_common(name, "word"):
                names.add(name)
                pending.extend(project.modules_with(name, "word"))
    return [chosen[file] for file in sorted(chosen)]


def _handed_on(flow: Flow, module: Module, library: Library) -> Iterator[str]:
    """Module-level names of a file that are entry points of the library."""
    body = Function(module, 0)
    for name, bindings in module.bindings.items():
        if name.startswith("__") or all(b.kind in ("def", "class") for b in bindings):
            continue
        node = Node("global", body, bindings[0].line, name, key=("global", module.file, name))
        for alt in flow.callee(node, Frame.make(body)):
            value = alt.value.target if isinstance(alt.value, Partial) else alt.value
            if (
                isinstance(value, Callable)
                and isinstance(value.target, External)
                and library.canonical(value.target.name)
            ):
                yield name


def _kept_under(flow: Flow, modules: list[Module], library: Library) -> frozenset[str]:
    """Attribute names under which some object keeps an entry point (`self.run = house.scale_by`)."""
    names: set[str] = set()
    for module in modules:
        for index in sorted({i for users in module.ir.stores.values() for i in users}):
            fn = Function(module, index)
            for store in flow.graph(fn).stores:
                for leaf in leaves(store.value):
                    if leaf.kind in ("global", "import", "free", "attr") and _names_library(flow, fn, leaf, library):
                        names.add(store.attribute)
    return frozenset(names)


def _names_library(flow: Flow, fn: Function, node: Node, library: Library) -> bool:
    root = node
    while root.kind == "attr":
        root = root.parts[0]
    if root.kind not in ("global", "import", "free"):
        return False
    targets = (a.value.target for a in flow.callee(node, Frame.make(fn)) if isinstance(a.value, Callable))
    return any(isinstance(t, External) and library.canonical(t.name) is not None for t in targets)


def _calls_anything(fn: Function) -> bool:
    return any(fn.index in users for users in fn.module.ir.calls.values()) or fn.index == 0


def _resolve(
    flow: Flow, fn: Function, record: CallRecord, library: Library, kept: frozenset[str]
) -> Iterator[CallSite]:
    function = record.node.parts[0]
    if not _followed(function, library, kept):
        return
    names: dict[str, CallSite] = {}
    for facts, leaf in _arms(function):
        for alt in flow.callee(leaf, Frame.make(fn)):
            value = alt.value
            partial = value if isinstance(value, Partial) else None
            if isinstance(value, Partial):
                value = value.target
            dotted = _dotted(value, fn)
            canonical = library.canonical(dotted) if dotted else None
            if canonical is not None:
                names.setdefault(canonical, CallSite(fn, record, canonical, "", facts, partial, dotted))
    yield from names.values()
    if names:
        return
    short = last_name(function)
    looks_like = library.short_names.get(short)
    if looks_like is not None and function.kind in ("attr", "global", "import"):
        alts = flow.callee(function, Frame.make(fn))
        unknown = [a.value for a in alts if isinstance(a.value, Unknown)]
        if unknown and len(unknown) == len(alts):
            yield CallSite(fn, record, looks_like, f"`{short}` could not be resolved: {unknown[0].reason}")


def _dotted(value: object, fn: Function) -> str:
    """The dotted name of a callable: outside the project, or a kernel of the project itself (not called from within)."""
    if isinstance(value, Callable) and isinstance(value.target, External):
        return value.target.name
    if isinstance(value, Callable) and isinstance(value.target, Function) and value.target != fn:
        return f"{value.target.module.name}.{value.target.qualname}"
    return ""


def _arms(function: Node) -> Iterator[tuple[Facts, Node]]:
    """The possible callees, each with the facts under which it is the one."""
    if function.kind == "phi":
        for facts, alternative in function.parts[0]:
            for inner, leaf in _arms(alternative):
                yield facts + inner, leaf
    else:
        yield (), function


def _plain_root(node: Node) -> bool:
    """Whether a call or subscript starts at a name of the module: `kernel()(x)`, `KERNELS["scale"](x)`, `partial(f)(x)`."""
    while node.kind in ("call", "sub", "attr"):
        node = node.parts[0]
    return node.kind in ("global", "import", "free", "def", "dict")


def _followed(function: Node, library: Library, kept: frozenset[str]) -> bool:
    """Whether a callee expression is worth evaluating: names and module chains are; methods of objects only by name."""
    for leaf in leaves(function):
        root = leaf
        while root.kind == "attr":
            root = root.parts[0]
        if root.kind in ("global", "import", "free"):
            return True
        if last_name(leaf) in library.short_names or last_name(leaf) in kept:
            return True
        if leaf.kind in ("call", "sub") and _plain_root(leaf):
            return True
    return False
