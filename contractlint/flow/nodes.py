"""Nodes of a value graph: what a local expression denotes, with names replaced by the values that reach them.

Two nodes have the same `id` when they are the same expression over the same values, so a guard on `x.dtype` is recognised
wherever that `x` is used. An id is a hash of what the node consists of: nothing has to be kept to give it again.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contractlint.index.project import Function

_IDS: dict[Hashable, int] = {}
_LINES: dict[int, int] = {}  # one object for each line number: every node has one
_BITS: dict[
    Function, dict[int, int]
] = {}  # of each function: a bit for each node, by id; bit 0 stands for other functions
_ID_BITS = (1 << 60) - 1  # what fits into two digits of a Python integer


def intern_key(key: Hashable) -> int:
    """The number of a structural key; the same for equal keys within one process."""
    return _IDS.setdefault(key, len(_IDS))


def forget_keys() -> None:
    """Drop all keys, at the end of a run."""
    for kept in (_IDS, _LINES, _BITS):
        kept.clear()


def structural_id(key: Hashable) -> int:
    """A number for the key of a node. That two of the half million of a large engine get the same by chance has a
    probability of 1 to 10 million; keeping the keys to exclude it would take more memory than the nodes themselves.
    """
    return hash(key) & _ID_BITS


class Node:
    """One value. `kind` decides what `parts` holds:

    const      (value,)                    param     (name,)
    free       (name,)  enclosing function global    (name,)
    import     (module, attribute | None)  attr      (base, name)
    call       (function, args, keywords)  sub       (base, index)
    phi        ((facts, node), ...)        bin       (operator, left, right)
    un         (operator, operand)         cmp       (left, ((operator, right), ...))
    bool       (operator, values)          tuple, list, set  (elements,)
    dict       (entries, complete)         update    (base, key, value)
    def        (function index,)           class     (class index,)
    lambda     (parameters, body, env)     element   (iterable,)
    context    (manager,)                  unknown   (reason,)
    star       (value,)                    aug       (operator, left, right)
    slice      (whether it has bounds,)

    A fact is `(test node, polarity)`; the facts of a phi alternative are those under which it arises.
    """

    __slots__ = ("fn", "id", "kind", "line", "mentions", "parts", "speaks", "text")

    def __init__(self, kind: str, fn: Function, line: int, *parts: Any, key: Hashable = None) -> None:
        self.kind = kind
        self.fn = fn
        self.line = _LINES.setdefault(line, line)
        self.parts = parts
        self.text: str | None = None
        self.mentions = self.speaks = -1
        self.id = structural_id(key if key is not None else (kind, *map(_part_key, parts)))

    def __repr__(self) -> str:
        return f"<{self.kind} {render(self)} at {self.fn.file}:{self.line}>"


def _part_key(part: Any) -> Hashable:
    if isinstance(part, Node):
        return part.id
    if isinstance(part, tuple):
        return tuple(map(_part_key, part))
    if part is None or isinstance(part, str):
        return part
    return (type(part).__name__, repr(part))  # as hashes go, 1 equals True, -1 equals -2, and text its bytes


def _bit(node: Node) -> int:
    bits = _BITS.setdefault(node.fn, {})
    return 1 << bits.setdefault(node.id, len(bits) + 1)


def parameter_key(fn: Function, name: str) -> Hashable:
    """What a parameter's node goes by."""
    return ("param", fn.file, fn.index, name)


def parameter_bit(fn: Function, name: str) -> int:
    """The bit of a parameter's node among those that `mentions` gives."""
    bits = _BITS.setdefault(fn, {})
    return 1 << bits.setdefault(structural_id(parameter_key(fn, name)), len(bits) + 1)


def mentions(node: Node) -> int:
    """The nodes that make up a node, as bits of its function's numbering; constants are left out."""
    if node.mentions < 0:
        node.mentions = 0 if node.kind == "const" else _bit(node) | _mentioned(node.parts, node.fn)
    return node.mentions


def _mentioned(parts: tuple[Any, ...], fn: Function) -> int:
    bits = 0
    for part in parts:
        if isinstance(part, Node):
            bits |= mentions(part) if part.fn is fn else 1
        elif isinstance(part, tuple):
            bits |= _mentioned(part, fn)
    return bits


def speaks_of(test: Node) -> int:
    """The nodes about which a test says something: what it compares, what it calls a function of, or itself."""
    if test.speaks < 0:
        bits, parts = _bit(test), test.parts
        if test.kind == "un":
            bits |= speaks_of(parts[1])
        elif test.kind == "bool":
            for part in parts[1]:
                bits |= speaks_of(part)
        elif test.kind == "cmp":
            left = parts[0]
            bits |= _bit(left) | (_bit(left.parts[0]) if left.kind == "attr" else 0)
        elif test.kind == "call" and parts[1]:
            bits |= _bit(parts[1][0])
        test.speaks = bits
    return test.speaks


Fact = tuple[Node, bool]
Facts = tuple[Fact, ...]


# Calls that store an attribute by its quoted name: positions of object, name and value; -1 is the receiver.
STORING_CALLS: dict[str, tuple[int, int, int]] = {
    "setattr": (0, 1, 2),
    "register_parameter": (-1, 0, 1),
    "register_buffer": (-1, 0, 1),
    "replace_parameter": (0, 1, 2),
    "__setattr__": (-1, 0, 1),
}


def quoted_store(call: Node) -> tuple[Node, Node, Node] | None:
    """The object, quoted name and value of a call that stores an attribute by its name; None for any other call."""
    found = stored_by_name(call)
    return found if found is not None and found[1].kind in ("const", "element") else None


def stored_by_name(call: Node) -> tuple[Node, Node, Node] | None:
    """The object, name and value of a call that stores an attribute by a name, whatever the name is."""
    function, args, keywords = call.parts
    last = function.parts[0] if function.kind in ("global", "free") else function.parts[-1] if function.parts else ""
    places = STORING_CALLS.get(str(last)) if function.kind in ("attr", "global", "free", "import") else None
    if places is None:
        return None
    base_at, name_at, value_at = places
    values = [*args, *(v for k, v in keywords if k not in ("name",))]
    quoted = args[name_at] if name_at < len(args) else dict(keywords).get("name")
    if quoted is None or value_at >= len(values):
        return None
    base = function.parts[0] if base_at < 0 and function.kind == "attr" else values[0]
    return base, quoted, values[value_at]


def quoted_names(quoted: Node) -> tuple[str, ...]:
    """The names that a quoted name can be: one, or those of a written list that a loop goes through."""
    if quoted.kind == "element" and quoted.parts[0].kind in ("tuple", "list"):
        return tuple(str(e.parts[0]) for e in quoted.parts[0].parts[0] if e.kind == "const")
    return (str(quoted.parts[0]),) if quoted.kind == "const" else ()


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call in a function, with the facts that hold where it stands."""

    node: Node
    facts: Facts
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class StoreRecord:
    """One assignment to an attribute: `base.attribute = value`."""

    base: Node
    attribute: str
    value: Node
    facts: Facts
    line: int
    annotation: Any = None


@dataclass(frozen=True, slots=True)
class ReturnRecord:
    """One `return`, or the end of the body (value None node)."""

    value: Node
    facts: Facts
    line: int


@dataclass(slots=True)
class Graph:
    """The value graph of one function."""

    fn: Function
    calls: list[CallRecord]
    stores: list[StoreRecord]
    returns: list[ReturnRecord]
    names: dict[str, Node]  # values at the end of the body, for closures
    yields: list[ReturnRecord]
    puts: list[tuple[Node, Node]] = field(default_factory=list)  # (container, what is put into it under no known key)
    outer: list[tuple[str, Node]] = field(default_factory=list)  # what `global` and `nonlocal` names are assigned


def render(node: Node, depth: int = 0) -> str:
    """Readable source text of a node, for conditions and steps."""
    if depth:
        return _render(node, depth)
    if node.text is None:
        node.text = _render(node, 0)
    return node.text


def _render(node: Node, depth: int) -> str:
    if depth > 6:
        return "…"
    d = depth + 1
    kind, parts = node.kind, node.parts
    if kind == "const":
        return repr(parts[0]) if parts[0] is not ... else "…"
    if kind in ("param", "free", "global"):
        return str(parts[0])
    if kind == "import":
        return str(parts[1] or parts[0]).rpartition(".")[2]
    if kind == "attr":
        return f"{render(parts[0], d)}.{parts[1]}"
    if kind == "call":
        args = [render(a, d) for a in parts[1]]
        args += [f"{k}={render(v, d)}" if k else f"**{render(v, d)}" for k, v in parts[2]]
        text = ", ".join(args)
        return f"{render(parts[0], d)}({text if len(text) < 100 else '…'})"
    if kind == "sub":
        return f"{render(parts[0], d)}[{render(parts[1], d)}]"
    if kind in ("bin", "aug"):
        return f"{render(parts[1], d)} {parts[0]} {render(parts[2], d)}"
    if kind == "un":
        return f"{parts[0]} {render(parts[1], d)}" if parts[0] == "not" else f"{parts[0]}{render(parts[1], d)}"
    if kind == "cmp":
        return render(parts[0], d) + "".join(f" {op} {render(right, d)}" for op, right in parts[1])
    if kind == "bool":
        return f" {parts[0]} ".join(_group(v, d) for v in parts[1])
    if kind in ("tuple", "list", "set"):
        around = {"tuple": "()", "list": "[]", "set": "{}"}[kind]
        return around[0] + ", ".join(render(e, d) for e in parts[0]) + around[1]
    if kind == "star":
        return "*" + render(parts[0], d)
    if kind == "phi":
        texts = list(dict.fromkeys(render(alternative, d) for _, alternative in parts[0]))
        return texts[0] if len(texts) == 1 else "…"
    return "…"


def _group(node: Node, depth: int) -> str:
    text = render(node, depth)
    return f"({text})" if node.kind == "bool" else text


def render_fact(fact: Fact) -> str:
    """The source text of a fact: the test, or its negation."""
    node, holds = fact
    text = render(node)
    if holds:
        return text
    if node.kind == "cmp" and len(node.parts[1]) == 1:
        operator, right = node.parts[1][0]
        opposite = _OPPOSITE.get(operator)
        if opposite:
            return f"{render(node.parts[0])} {opposite} {render(right)}"
    if node.kind == "un" and node.parts[0] == "not":
        return render(node.parts[1])
    return f"not ({text})" if node.kind in ("cmp", "bool", "bin") else f"not {text}"


_OPPOSITE = {"==": "!=", "!=": "==", "is": "is not", "is not": "is", "in": "not in", "not in": "in",
             "<": ">=", ">=": "<", ">": "<=", "<=": ">"}  # fmt: skip
