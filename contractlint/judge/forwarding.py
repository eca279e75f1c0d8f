"""Values that a caller has and the call does not pass on: left out, or replaced by a literal, here or in a wrapper's call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from contractlint.clauses.conditions import met
from contractlint.flow.attributes import rooted_in_self
from contractlint.flow.frames import Frame
from contractlint.flow.nodes import Facts, Node, render
from contractlint.flow.parameters import annotation_classes
from contractlint.flow.values import Const, Instance, NoneValue
from contractlint.index.project import Class, Function
from contractlint.judge.conditions import Holds, outcome
from contractlint.judge.site import JudgedSite
from contractlint.model.contract import Aspect, Clause

MAX_WRAPPERS = 4
NEUTRAL = (None, False, True, 0, 1, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Omission:
    """One place where a parameter loses its value.

    `literal` is the source text written there, empty where nothing is passed at all. `names` are those under which the
    function that holds the place would keep the value, `assumed` what it asserts about the value.
    """

    parameter: str
    fn: Function
    line: int
    facts: Facts
    literal: str
    names: tuple[str, ...]
    assumed: str = ""

    @property
    def what(self) -> str:
        return f"`{self.literal}` is passed for `{self.parameter}`" if self.literal else "nothing is passed for it"


def clause_of(site: JudgedSite, parameter: str) -> Clause | None:
    """What the contract says of passing a parameter on, the clause whose condition may hold, if there is one."""
    clauses = site.view.clauses(site.site.entry_point, parameter, Aspect.FORWARDING)
    return max(clauses, key=lambda clause: outcome(site, clause.when).holds is not Holds.NO, default=None)


def is_moot(site: JudgedSite, parameter: str, clause: Clause | None) -> bool:
    """Whether nothing reads what a call passes for a parameter, so that it loses nothing by leaving it out."""
    if clause is not None and outcome(site, clause.when).holds is Holds.NO:
        return True
    presence = site.view.clauses(site.site.entry_point, parameter, Aspect.PRESENCE)
    return any(each.ignored and outcome(site, each.when).holds is Holds.YES for each in presence)


def matters(site: JudgedSite, clause: Clause, fn: Function) -> Holds:
    """Whether a clause's condition holds at a call, as far as the function that holds it, or its class, tells."""
    holds = outcome(site, clause.when).holds
    if holds in (Holds.YES, Holds.SOMETIMES) and fn.owner is not None and _spoken_against(site, clause, fn.owner):
        return Holds.UNKNOWN
    return holds


def _spoken_against(site: JudgedSite, clause: Clause, cls: Class) -> bool:
    """Whether a class names members of the enumeration that a condition is on, and none of them meets it."""
    for condition in clause.when:
        enum = site.view.enum_of(condition.parameter)
        members = site.view.enums.get(enum, {}) if enum is not None else {}
        named = {
            name
            for owner in site.flow.project.mro(cls)
            for index in owner.ir.methods.values()
            for _, name in _attributes_in(owner.module.ir.functions[index].body)
            if name in members
        }
        if named and not any(met(condition, frozenset((name,))) for name in named):
            return True
    return False


def names_of(parameter: str, clause: Clause | None) -> tuple[str, ...]:
    """The names under which callers keep the value of a parameter."""
    return (parameter, *(clause.known_as if clause is not None else ()))


def omissions(site: JudgedSite, parameter: str, clause: Clause | None) -> Iterator[Omission]:
    """Where the call, or a call of the wrappers around it, leaves a parameter without the value.

    Where the value was tested on the way, the code knows what it does. What it asserts, it does for one value only.
    """
    for gap in _omissions(site, parameter, names_of(parameter, clause), clause):
        if not any(_tested(gap.facts, name) for name in gap.names):
            yield gap
        elif assumed := _asserted(gap):
            yield replace(gap, assumed=assumed)


def _asserted(gap: Omission) -> str:
    """What a function asserts about the value that it does not pass on."""
    lines = {int(stmt[2][1]) for stmt in gap.fn.ir.body if stmt[0] == "assert"}
    for test, _ in gap.facts:
        if test.line in lines and any(_mentions(test, name) for name in gap.names):
            return render(test)
    return ""


def _omissions(site: JudgedSite, parameter: str, names: tuple[str, ...], clause: Clause | None) -> Iterator[Omission]:
    fn, line = site.site.fn, site.site.line
    node = site.bound.arguments.get(parameter)
    if node is None:
        if not (site.bound.splats or site.bound.stars):
            yield Omission(parameter, fn, line, site.frame().facts, "", names)
        return
    yield from _written(site, parameter, node, fn, line, site.frame().facts, names, 0, clause)


def _written(
    site: JudgedSite,
    parameter: str,
    node: Node,
    fn: Function,
    line: int,
    facts: Facts,
    names: tuple[str, ...],
    depth: int,
    clause: Clause | None,
) -> Iterator[Omission]:
    """The literals that are written for a value: at the call, or where a wrapper is called that hands its parameter on."""
    if node.kind == "const" and _neutral(node.parts[0]):
        yield Omission(parameter, fn, line, facts, repr(node.parts[0]), names)
    elif node.kind == "param" and depth < (MAX_WRAPPERS if clause is not None else 0):
        own = str(node.parts[0])
        names = tuple(dict.fromkeys((*names, own)))
        for passed in site.flow.callers.passed(fn, own, None):
            if passed.node is not None and not passed.guess and site.flow.usable(passed.fn):
                yield from _written(
                    site, parameter, passed.node, passed.fn, passed.line, passed.facts, names, depth + 1, clause
                )


def _neutral(value: object) -> bool:
    return any(value is item or (type(value) is type(item) and value == item) for item in NEUTRAL)


def unused_parameter(site: JudgedSite, gap: Omission) -> str:
    """The parameter of the function at a gap that carries the value and is not used there; empty when there is none."""
    flow, fn = site.flow, gap.fn
    names = (*gap.names, *_called_here(site, gap))
    for param in fn.ir.params:
        if param.name not in names or param.kind in ("vararg", "kwarg") or _tested(gap.facts, param.name):
            continue
        if _asked_elsewhere(site, fn, param.name):
            continue
        if param.name in _used_names(fn) and not (gap.literal and _elsewhere_only(site, gap, param.name)):
            continue
        node = Node("param", fn, gap.line, param.name, key=("param", fn.file, fn.index, param.name))
        alts = flow.query(node, Frame.make(fn, gap.facts), steps=600)
        only_neutral = all(
            isinstance(a.value, NoneValue) or (isinstance(a.value, Const) and _neutral(a.value.value)) for a in alts
        )
        # Where callers pass one neutral value and nothing else, nothing is lost.
        if not alts or not only_neutral or len({repr(a.value) for a in alts}) > 1:
            return param.name
    return ""


def gets_a_value(site: JudgedSite, gap: Omission, name: str) -> bool:
    """Whether some caller is seen to pass something else for a parameter than what stands at the gap."""
    fn = gap.fn
    node = Node("param", fn, gap.line, name, key=("param", fn.file, fn.index, name))
    alts = site.flow.query(node, Frame.make(fn, gap.facts), steps=600)
    return any(isinstance(a.value, Const) and not a.guess and not _neutral(a.value.value) for a in alts)


def _asked_elsewhere(site: JudgedSite, fn: Function, name: str) -> bool:
    """Whether another method of the class or its bases takes the same parameter and uses it: to tell what it supports, say."""
    if fn.owner is None:
        return False
    methods = (
        Function(owner.module, index)
        for owner in site.flow.project.mro(fn.owner)
        for index in owner.ir.methods.values()
    )
    return any(
        method != fn and any(p.name == name for p in method.ir.params) and name in _used_names(method)
        for method in methods
    )


def _called_here(site: JudgedSite, gap: Omission) -> Iterator[str]:
    """Parameters of the function that it hands on under one of the names elsewhere: this is what it calls the value."""
    for record in site.flow.graph(gap.fn).calls:
        for keyword, value in record.node.parts[2]:
            if keyword in gap.names and value.kind == "param":
                yield str(value.parts[0])


def _elsewhere_only(site: JudgedSite, gap: Omission, name: str) -> bool:
    """Whether a function hands a parameter on in another branch, where a literal stands in this one."""
    handed = {
        str(value.parts[0])
        for record in site.flow.graph(gap.fn).calls
        for keyword, value in record.node.parts[2]
        if value.kind == "param" and keyword in gap.names and record.line != gap.line
    }
    return name in handed


def _tested(facts: Facts, name: str) -> bool:
    return any(_mentions(test, name) for test, _ in facts)


def _mentions(node: object, name: str, depth: int = 0) -> bool:
    """Whether a test speaks of a name, as a variable or an attribute."""
    if isinstance(node, Node) and depth < 12:
        if node.kind in ("param", "free", "global", "attr") and node.parts[-1] == name:
            return True
        return any(_mentions(part, name, depth + 1) for part in node.parts)
    if isinstance(node, tuple):
        return any(_mentions(part, name, depth + 1) for part in node)
    return False


def _used_names(fn: Function) -> frozenset[str]:
    """Names that stand in the body of a function."""
    found: set[str] = set()
    pending: list[object] = [fn.ir.body]
    while pending:
        item = pending.pop()
        if not isinstance(item, tuple):
            continue
        if len(item) == 3 and item[0] == "name" and isinstance(item[2], str):
            found.add(item[2])
        if len(item) == 3 and item[0] == "def" and isinstance(item[2], int):
            pending.append(fn.module.ir.functions[item[2]].body)
        pending.extend(item)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Field:
    """An object at hand where the value is lost, and its field that holds it."""

    text: str  # as code there would write it: `self.config.activation`
    cls: Class
    name: str


def field_at_hand(site: JudgedSite, gap: Omission) -> Field | None:
    """An object in reach of a gap whose class has a field for the value."""
    for text, cls in _objects(site, gap):
        for name in gap.names:
            if _has_field(site, cls, name) and not _tested(gap.facts, name) and not _always_none(site, cls, name):
                return Field(f"{text}.{name}", cls, name)
    return None


def _objects(site: JudgedSite, gap: Omission) -> Iterator[tuple[str, Class]]:
    """Parameters by their annotations, and what the function takes from `self`."""
    flow, fn = site.flow, gap.fn
    for param in fn.ir.params:
        for cls in annotation_classes(flow, fn, param.annotation):
            if isinstance(cls, Class):
                yield param.name, cls
    if fn.is_method and fn.ir.params:
        me = fn.ir.params[0].name
        node = Node("param", fn, gap.line, me, key=("param", fn.file, fn.index, me))
        for attribute in dict.fromkeys(_taken_from(fn.ir.body, me)):
            read = Node("attr", fn, gap.line, node, attribute)
            classes = {a.value.cls for a in flow.callee(read, Frame.make(fn)) if isinstance(a.value, Instance)}
            found = [c for c in classes if isinstance(c, Class)]
            if len(found) == 1:
                yield f"{me}.{attribute}", found[0]
        if fn.owner is not None:
            yield me, fn.owner


def _taken_from(body: object, me: str) -> Iterator[str]:
    """Attributes of `self` that stand in a body."""
    yield from sorted(
        name for base, name in _attributes_in(body) if isinstance(base, tuple) and base[::2] == ("name", me)
    )


def _attributes_in(body: object) -> Iterator[tuple[object, str]]:
    """Every attribute that stands in a body, with what it is taken from."""
    pending: list[object] = [body]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            if len(item) == 4 and item[0] == "attr":
                yield item[2], str(item[3])
            pending.extend(item)


def _has_field(site: JudgedSite, cls: Class, name: str) -> bool:
    """Whether a class declares a field, or its methods store one on `self`."""
    family = set(site.flow.project.mro(cls))
    if any(name == field for current in family for field, *_ in current.ir.fields):
        return True
    for store in site.flow.attributes.stores.of(name):
        if store.fn.owner in family and store.base.kind == "param" and rooted_in_self(store.base, store.fn):
            return True
    return False


def _always_none(site: JudgedSite, cls: Class, name: str) -> bool:
    """Whether nothing ever puts a value into a field."""
    formals = [f for f in site.flow.attributes.field_formals(cls) if f.name == name]
    if not formals:
        return False
    fn = Function(cls.module, 0)
    base = Node("unknown", fn, cls.ir.line, "an object", key=("object", cls.module.file, cls.index))
    node = Node("attr", fn, cls.ir.line, base, name)
    with site.flow.asking(frozenset(), 600, ()):
        alts = site.flow.attributes.of_instance(Instance(cls), cls, base, name, Frame.make(fn), node)
    return bool(alts) and all(isinstance(a.value, NoneValue) for a in alts)
