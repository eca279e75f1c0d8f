"""What a callee or a reference is spelled like, told by its nodes alone."""

from __future__ import annotations

from collections.abc import Iterator

from contractlint.flow.nodes import Node
from contractlint.index.project import Class, Function


def last_name(node: Node) -> str:
    """The last name of a callee or reference, empty when it has none."""
    if node.kind == "attr":
        return str(node.parts[1])
    if node.kind in ("global", "free", "param"):
        return str(node.parts[0])
    if node.kind == "import":
        return str(node.parts[1] or node.parts[0]).rpartition(".")[2]
    if node.kind == "def":
        return str(node.fn.module.ir.functions[node.parts[0]].name)
    if node.kind == "class":
        return str(node.fn.module.ir.classes[node.parts[0]].name)
    return ""


def leaves(node: Node) -> Iterator[Node]:
    """A node, or the alternatives of a phi."""
    if node.kind == "phi":
        for _, alternative in node.parts[0]:
            yield from leaves(alternative)
    else:
        yield node


def owner_of(fn: Function) -> Class | None:
    """The class of the method that a function is, or stands in."""
    inner: Function | None = fn
    while inner is not None and inner.owner is None:
        inner = inner.parent
    return inner.owner if inner is not None else None


def is_self(node: Node, fn: Function) -> bool:
    """Whether a node is the instance on which a method runs."""
    return node.kind == "param" and fn.is_method and node.parts[0] in [p.name for p in fn.ir.params[:1]]


def is_super(node: Node) -> bool:
    """Whether a node is `super()`."""
    return node.kind == "call" and node.parts[0].kind == "global" and bool(node.parts[0].parts[0] == "super")


def module_chain(node: Node) -> bool:
    """Whether an expression is names all the way down (`a.b.c`)."""
    while node.kind == "attr":
        node = node.parts[0]
    return node.kind in ("global", "import", "free")


def is_ops(node: Node) -> bool:
    """Whether a node is `torch.ops.<namespace>`."""
    if node.kind != "attr":
        return False
    inner = node.parts[0]
    return inner.kind == "attr" and inner.parts[1] == "ops" and last_name(inner.parts[0]) == "torch"


def is_op(node: Node, name: str) -> bool:
    """Whether a node is `torch.ops.<namespace>.name`."""
    return node.kind == "attr" and node.parts[1] == name and is_ops(node.parts[0])
