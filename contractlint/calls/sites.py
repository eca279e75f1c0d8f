"""Find the call sites of a library's entry points in a project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from contractlint.calls.library import Library
from contractlint.calls.narrow import callees
from contractlint.calls.referents import Bind, Cls, Ext, Fn, Inst, Lib, Obj, Referent, Referents
from contractlint.calls.resolve import Resolver
from contractlint.calls.scope import Scope
from contractlint.calls.search import Search
from contractlint.flow.evaluate import Flow
from contractlint.flow.frames import Frame
from contractlint.flow.nodes import CallRecord, Facts, Node, render
from contractlint.flow.references import last_name
from contractlint.flow.values import Callable, Partial
from contractlint.index.project import External, Function


@dataclass(frozen=True, slots=True)
class CallSite:
    """One call of an entry point. `reason` is set where the callee looks like one but could not be resolved.

    `foreign` is set where the callee is certain, but nothing is known of its signature.
    """

    fn: Function
    record: CallRecord
    entry_point: str
    reason: str = ""
    facts: Facts = ()
    partial: Partial | None = None  # arguments that a partial brings along
    partial_call: Node | None = None  # the call that made the partial
    made: Node | None = None  # the same, of the site that is the making itself
    spelled: str = ""  # the import path by which the engine names it
    foreign: bool = False
    rivals: tuple[str, ...] = ()
    deep: bool = False  # in a part of the library that is not followed through all releases
    elsewhere: bool = False  # a partial of which the call is a call site, too: its arguments are judged there
    incomplete: bool = False  # a partial: the rest of the arguments comes later

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
    search = Search(flow, library)
    search.run()
    found: dict[tuple[str, int, int, str], CallSite] = {}
    for fn in search.functions.values():
        for record in flow.graph(fn).calls:
            for site in _sites(search, library, fn, record):
                found.setdefault((site.file, site.line, site.column, site.entry_point), site)
    called = {id(site.partial_call) for site in found.values() if site.partial_call is not None}
    for key, site in found.items():
        if site.incomplete and id(site.made) in called:
            found[key] = replace(site, elsewhere=True)
    places = {(file, line, column) for file, line, column, _ in found}
    for site in _lookalikes(search, library):
        if (site.file, site.line, site.column) not in places:
            found.setdefault((site.file, site.line, site.column, site.entry_point), site)
    search.forget()
    # A definition is parsed apart from the rest of its file; what that says of calls counts where all of it is Python.
    whole = [site for site in found.values() if site.fn.module.ir.is_python]
    return sorted(whole, key=lambda s: (s.file, s.line, s.column, s.entry_point))


def _sites(search: Search, library: Library, fn: Function, record: CallRecord) -> Iterator[CallSite]:
    """The entry points that one call can be of."""
    scope, resolver = Scope(fn), search.resolver
    takes_it = any(map(search.hot.may_carry, record.node.parts[1][:1]))
    for facts, leaf in _arms(record.node.parts[0]):
        if not (search.calls_instances or search.hot.may_carry(leaf) or (takes_it and _may_be_partial(leaf))):
            continue
        found = callees(resolver, leaf, record.facts + facts, scope)
        for value in sorted(found, key=repr):
            partial, making, name = None, None, ""
            if isinstance(value, Bind):
                partial, making, value = _partial(value), value.call, value.target
            if value == Ext("functools.partial"):
                yield from _partials(resolver, library, fn, record, facts)
            elif not _hands_on(resolver, leaf, record.node):
                name = _called_name(resolver, library, fn, value, record)
            if name:
                site = replace(_site(library, fn, record, name, facts, partial), partial_call=making)
                yield replace(site, rivals=_rivals(library, site, found)) if len(found) > 1 else site


def _may_be_partial(callee: Node) -> bool:
    """Whether a callee can be `functools.partial`, by its name or another that an import gives it."""
    return callee.kind in ("global", "free", "import") or (callee.kind == "attr" and callee.parts[1] == "partial")


def _rivals(library: Library, site: CallSite, found: Referents) -> tuple[str, ...]:
    """The other entry points that the same callee can be, where nothing tells which."""
    names = {library.canonical(v.name) for v in found if isinstance(v, Lib)}
    return tuple(sorted(name for name in names if name is not None and name != site.entry_point))


def _site(
    library: Library, fn: Function, record: CallRecord, name: str, facts: Facts, partial: Partial | None
) -> CallSite:
    canonical = library.canonical(name)
    if canonical is None and library.of_one_below(name):
        owner, _, method = name.rpartition(".")
        what = f"`{owner}` is not known to have `{method}`; a class below it may"
        return CallSite(fn, record, name, what, facts, partial, spelled=name)
    if canonical is None:
        what = f"what `{name}` takes is not known"
        return CallSite(fn, record, name, what, facts, partial, spelled=name, foreign=True)
    if not library.tracked(name) and name.startswith(library.import_name):
        return CallSite(fn, record, canonical, "", facts, partial, spelled=name, deep=True)
    return CallSite(fn, record, canonical, "", facts, partial, spelled=name)


def _partials(
    resolver: Resolver, library: Library, fn: Function, record: CallRecord, facts: Facts
) -> Iterator[CallSite]:
    """`partial(kernel, …)`: some of the arguments of a call that is made elsewhere."""
    _, args, keywords = record.node.parts
    for value in sorted(resolver.of(args[0], Scope(fn)) if args else (), key=repr):
        if isinstance(value, Lib) and library.callable(value.name):
            node = Node("call", fn, record.line, args[0], args[1:], keywords)
            shown = CallRecord(node, record.facts, record.line, record.column)
            yield replace(_site(library, fn, shown, value.name, facts, None), incomplete=True, made=record.node)


def _hands_on(resolver: Resolver, callee: Node, call: Node) -> bool:
    """Whether a function calls what it was given with nothing but what it was given: `fn(*args, **kwargs)` in a wrapper."""
    _, args, keywords = call.parts
    own = [a for a in args if a.kind != "star"] + [k for k, _ in keywords if k is not None]
    return bool(args or keywords) and not own and _is_passed(resolver, callee)


def _is_passed(resolver: Resolver, callee: Node) -> bool:
    """Whether a callee is a parameter, of this function or of one around it."""
    if callee.kind == "phi":
        return any(_is_passed(resolver, alternative) for _, alternative in callee.parts[0])
    holder = callee.fn.parent if callee.kind == "free" else None
    while holder is not None:
        found = resolver.flow.graph(holder).names.get(callee.parts[0])
        if found is not None:
            return _is_passed(resolver, found)
        holder = holder.parent
    return callee.kind == "param"


def _called_name(resolver: Resolver, library: Library, fn: Function, value: Referent, record: CallRecord) -> str:
    """The dotted name of the entry point that calling a value calls, empty when it is none."""
    if isinstance(value, Lib):
        return value.name if library.callable(value.name) else ""
    if isinstance(value, Obj):
        for method in ("__call__", "forward"):
            if library.canonical(f"{value.cls}.{method}") is not None:
                return f"{value.cls}.{method}"
        return "" if library.known_class(value.cls) else f"{value.cls}.__call__"
    if isinstance(value, Fn):
        own = f"{value.fn.module.name}.{value.fn.qualname}"
        return own if value.fn != fn and library.canonical(own) is not None else ""
    if isinstance(value, Cls) and resolver.project.find_method(value.cls, "__init__") is None:
        for cls in resolver.project.mro(value.cls):
            for base in resolver.members.library_bases(cls):
                return f"{base}.__init__"
    if isinstance(value, Inst) and resolver.project.find_method(value.cls, "__call__") is None:
        for cls in resolver.project.mro(value.cls):
            for base in resolver.members.library_bases(cls):
                if library.canonical(f"{base}.__call__") is not None:
                    return f"{base}.__call__"
    return ""


def _partial(value: Bind) -> Partial:
    frame = Frame.make(value.fn)
    args = tuple((a, frame) for a in value.call.parts[1][1:])
    keywords = tuple((k, v, frame) for k, v in value.call.parts[2] if k)
    target = value.target.name if isinstance(value.target, Lib) else ""
    return Partial(Callable(External(target)), args, keywords)


def _lookalikes(search: Search, library: Library) -> Iterator[CallSite]:
    """Calls by the name of an entry point of something that could not be resolved."""
    project, resolver = search.project, search.resolver
    for name in sorted(library.short_names):
        for index in project.text.files_with_all(((name, "calls"),)):
            module = project.module_at(index)
            for number in module.ir.using(name, "calls"):
                fn = Function(module, number)
                for record in search.flow.graph(fn).calls:
                    function = record.node.parts[0]
                    if last_name(function) != name or function.kind not in ("attr", "global", "import"):
                        continue
                    reason = _unknown(resolver, function, Scope(fn))
                    if reason:
                        text = f"`{name}` could not be resolved: {reason}"
                        yield CallSite(fn, record, library.short_names[name], text)


def _unknown(resolver: Resolver, function: Node, scope: Scope) -> str:
    """Why a callee is not known, empty where it is known to be something."""
    values = resolver.of(function, scope)
    if any(not (isinstance(v, Ext) and v.name.startswith("builtins.")) for v in values):
        return ""
    base = function
    while base.kind in ("attr", "sub", "call"):
        base = base.parts[0]
    text = render(function.parts[0]) if function.kind == "attr" else render(function)
    if base.kind == "param":
        return f"what `{text}` is depends on what is passed as `{base.parts[0]}`, and no call was found that passes it"
    return f"nothing was found that says what `{text}` is"


def _arms(function: Node) -> Iterator[tuple[Facts, Node]]:
    """The possible callees, each with the facts under which it is the one."""
    if function.kind == "phi":
        for facts, alternative in function.parts[0]:
            for inner, leaf in _arms(alternative):
                yield facts + inner, leaf
    else:
        yield (), function


__all__ = ["CallSite", "Library", "find_call_sites"]
