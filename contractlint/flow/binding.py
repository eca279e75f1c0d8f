"""Python's argument rules over value graphs: which node reaches which parameter, `*` and `**` expanded where they can be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from contractlint.flow.nodes import Facts, Node
from contractlint.flow.values import Alt, Sequence_, Unknown

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow
    from contractlint.flow.frames import Frame


class Formal(Protocol):
    """A parameter: `kind` is `posonly`, `pos`, `vararg`, `kwonly` or `kwarg`."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...


@dataclass(slots=True)
class Bound:
    """The outcome of binding one call.

    `splats` are `**mappings` whose keys could not be listed, `stars` `*sequences` likewise (with the position they start
    at). `error` is the first breach of Python's rules, as a clause without subject (`has no parameter x`).
    """

    arguments: dict[str, Node] = field(default_factory=dict)
    extra: dict[str, Node] = field(default_factory=dict)
    rest: list[Node] = field(default_factory=list)
    splats: list[Node] = field(default_factory=list)
    stars: list[tuple[Node, int]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)  # no such parameter, and passed only under a condition
    repeated: list[str] = field(default_factory=list)
    surplus: int = 0
    formals: Sequence[Formal] = ()

    @property
    def error(self) -> str:
        """The first thing that Python would refuse, empty when there is none."""
        if self.unknown:
            return f"has no parameter `{self.unknown[0]}`"
        if self.repeated:
            return f"gets `{self.repeated[0]}` twice"
        if self.surplus:
            return f"takes {self.surplus} positional arguments fewer"
        return ""

    def from_splats(self, flow: Flow, name: str, frame: Frame) -> tuple[Alt, ...]:
        """What `*args` or `**kwargs` bring to a parameter that no argument names."""
        from contractlint.flow.mappings import gathered, key_of

        out: list[Alt] = []
        for splat in self.splats:
            if _is_parameter(splat, frame, "kwarg"):
                out.extend(gathered(flow, frame, name, None))
                continue
            for alt in flow.ev(splat, frame):
                out.extend(key_of(flow, alt, name))
        position = [f.name for f in self.formals].index(name) if name in [f.name for f in self.formals] else -1
        for star, start in self.stars:
            if position < start or position < 0:
                continue
            if _is_parameter(star, frame, "vararg"):
                out.extend(gathered(flow, frame, name, position - start))
                continue
            for alt in flow.ev(star, frame):
                if isinstance(alt.value, Sequence_) and position - start < len(alt.value.items):
                    out.extend(flow.ev(*alt.value.items[position - start]))
        return tuple(out) or (Alt(Unknown(f"`{name}` comes out of `*` or `**` arguments that are not followed")),)


def _is_parameter(node: Node, frame: Frame, kind: str) -> bool:
    return node.kind == "param" and any(p.name == node.parts[0] and p.kind == kind for p in frame.fn.ir.params)


def bind(flow: Flow | None, call: Node, formals: Sequence[Formal], skip: int = 0, facts: Facts = ()) -> Bound:
    """Bind a call's arguments to formal parameters; the first `skip` ones are bound already (`self`).

    `facts` are known to hold: of a dictionary that was made in several branches, they rule branches out.
    """
    bound = Bound(formals=formals[skip:])
    positional = [f for f in formals[skip:] if f.kind in ("posonly", "pos")]
    names = {f.name for f in formals[skip:] if f.kind in ("pos", "kwonly")}
    gathers = any(f.kind == "vararg" for f in formals)
    swallows = any(f.kind == "kwarg" for f in formals)
    position = 0
    for arg in call.parts[1]:
        if arg.kind == "star":
            inner = arg.parts[0]
            if inner.kind in ("tuple", "list"):
                for item in inner.parts[0]:
                    position = _positional(bound, item, position, positional, gathers)
                continue
            bound.stars.append((inner, position))
            break
        position = _positional(bound, arg, position, positional, gathers)
    for name, value in call.parts[2]:
        if name is not None:
            _keyword(bound, name, value, names, swallows)
            continue
        entries = mapping_entries(value, 0, facts)
        if entries is None:
            bound.splats.append(value)
            continue
        for key, node in entries.items():
            _keyword(bound, key, node, names, swallows)
    return bound


def _positional(bound: Bound, arg: Node, position: int, positional: Sequence[Formal], gathers: bool) -> int:
    if position < len(positional):
        bound.arguments[positional[position].name] = arg
    elif gathers:
        bound.rest.append(arg)
    else:
        bound.surplus += 1
    return position + 1


def _keyword(bound: Bound, name: str, value: Node, names: Iterable[str], swallows: bool) -> None:
    if name in names:
        if name in bound.arguments:
            bound.repeated.append(name)
        bound.arguments[name] = value
    elif swallows:
        bound.extra[name] = value
    elif can_be_missing(value):
        bound.doubtful.append(name)
    else:
        bound.unknown.append(name)


def missing(bound: Bound, required: Iterable[str]) -> list[str]:
    """Required parameters that certainly get nothing (an unexpanded `*` or `**` might bring them)."""
    if bound.splats or bound.stars:
        return []
    return [name for name in required if name not in bound.arguments]


# dictionaries as they are built up


def mapping_entries(node: Node, depth: int = 0, facts: Facts = ()) -> dict[str, Node] | None:
    """Key → value node of a dictionary built in the same function; None when its keys cannot be listed.

    Keys set under a condition map to a phi whose other arm is a `missing` node.
    """
    if depth > 40:
        return None
    kind, parts = node.kind, node.parts
    if kind == "dict":
        return _merged(((k, v) for k, v in parts[0]), depth, facts)
    if kind == "update":
        base = mapping_entries(parts[0], depth + 1, facts)
        added = _merged([(parts[1], parts[2])], depth, facts)
        return None if base is None or added is None else {**base, **added}
    if kind == "call" and parts[0].kind == "global" and parts[0].parts[0] == "dict":
        given = [(None, a) for a in parts[1]]
        named = [(Node("const", node.fn, node.line, k) if k else None, v) for k, v in parts[2]]
        return _merged([*given, *named], depth, facts)
    if kind in ("bin", "aug") and parts[0] == "|":
        left, right = mapping_entries(parts[1], depth + 1, facts), mapping_entries(parts[2], depth + 1, facts)
        return None if left is None or right is None else {**left, **right}
    if kind == "phi":
        possible = [(given, alternative) for given, alternative in parts[0] if not _ruled_out(given, facts)]
        arms = [(given, mapping_entries(alternative, depth + 1, facts)) for given, alternative in possible]
        if any(entries is None for _, entries in arms):
            return None
        names = dict.fromkeys(name for _, entries in arms for name in entries or ())
        return {name: _joined(node, name, arms) for name in names}
    return None


def _merged(pairs: Iterable[tuple[Node | None, Node]], depth: int, facts: Facts) -> dict[str, Node] | None:
    out: dict[str, Node] = {}
    for key, value in pairs:
        if key is None:
            inner = mapping_entries(value, depth + 1, facts)
            if inner is None:
                return None
            out.update(inner)
        elif key.kind == "const" and isinstance(key.parts[0], str):
            out[key.parts[0]] = value
        else:
            return None
    return out


def _ruled_out(given: Facts, facts: Facts) -> bool:
    """Whether a branch is taken only where a fact does not hold."""
    return any(test.id == known.id and holds != true for test, holds in given for known, true in facts)


def _joined(node: Node, name: str, arms: list[tuple[Facts, dict[str, Node] | None]]) -> Node:
    values = [(f, (e or {}).get(name) or Node("missing", node.fn, node.line, name)) for f, e in arms]
    first = values[0][1]
    if all(v.id == first.id for _, v in values):
        return first
    return Node("phi", node.fn, node.line, tuple(values))


def can_be_missing(node: Node) -> bool:
    """Whether a bound node stands for an argument that is only sometimes passed."""
    if node.kind == "phi":
        return any(can_be_missing(alternative) for _, alternative in node.parts[0])
    return node.kind == "missing"
