"""Objects of the project's classes, told apart by the call that made each: what its constructor stored on this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contractlint.flow.frames import Bindings, Frame
from contractlint.flow.nodes import Node
from contractlint.flow.values import OWN, Alt, Instance, Made
from contractlint.index.project import Class, Function

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow
    from contractlint.flow.stores import Store


def made(flow: Flow, cls: Class, node: Node, frame: Frame) -> Made | None:
    """The construction of an object, where what it holds can be told from that: not of modules, whose tensors are loaded."""
    if flow.light or flow.attributes.is_module(cls):
        return None
    return Made.by(node, frame)


def held(flow: Flow, value: Instance, name: str) -> list[Alt] | None:
    """What the construction of this very object put into an attribute; None where other code may have stored there."""
    cls, made = value.cls, value.made
    if made is None or flow.light or not isinstance(cls, Class):
        return None
    init = flow.project.find_method(cls, "__init__")
    certain, possible = flow.attributes.stores.on(cls, name)
    later = [store for store in certain if store.fn != init]
    if possible or not all(_within(store) for store in later):
        return None
    if init is None:
        return None if later else flow.attributes.field_given(cls, made.node, made.frame, name)
    out = _stored(flow, init, value, [store for store in certain if store.fn == init], name)
    for store in later if out else ():
        out.extend(flow.attributes.read(store.value, store.frame(flow), [Alt(value)]))
    return out


def _within(store: Store) -> bool:
    """Whether a store takes its value from an attribute of the very object that it stores on: `x.gpu = x.cpu`."""
    value = store.value
    return value.kind == "attr" and value.parts[0].id == store.base.id


def itself(method: Function, value: Instance) -> Bindings:
    """What `self` stands for in a method of an object that is told apart from others of its class."""
    params = method.ir.params
    return {params[0].name: (Alt(value),)} if value.made is not None and params else {}


def _stored(flow: Flow, init: Function, value: Instance, stores: list[Store], name: str) -> list[Alt]:
    from contractlint.flow.conditions import contradicts
    from contractlint.flow.invoke import bindings

    made = value.made
    assert made is not None
    bound: Bindings = bindings(flow, init, made.node, made.frame, 1)
    bound.update(itself(init, value))
    # How deep in calls the object was made is not counted: whoever asks, the answer is the same.
    frame = Frame.make(init, (), bound, value.cls if isinstance(value.cls, Class) else None, 1)
    out: list[Alt] = []
    for store in stores:
        if contradicts(flow, store.facts, frame):
            continue
        for alt in flow.ev(store.value, frame.given(store.facts)):
            kept = alt.through(*init.scope).out_of_an_attribute(alt.guess, OWN)
            out.append(kept.at(init.file, store.line, f"stored as `self.{name}`") if alt.path is not None else kept)
    return out
