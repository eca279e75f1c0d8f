"""Attributes that are None until a method fills them on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contractlint.flow.nodes import Fact
from contractlint.flow.references import last_name
from contractlint.flow.values import Alt, NoneValue

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow
    from contractlint.flow.frames import Frame
    from contractlint.flow.stores import Store


def before_filling(flow: Flow, stores: list[Store], alts: list[Alt], name: str, frame: Frame) -> list[Alt]:
    """The possibilities of an attribute: without None where the code has it filled, with None marked where it does not."""
    empty = [s for s in stores if s.value.kind == "const" and s.value.parts[0] is None and s.fn.name == "__init__"]
    filling = [s for s in stores if any(_is_none(fact, name) for fact in s.facts)]
    if not empty or not filling or len(empty) + len(filling) != len(stores):
        return alts
    makers = {s.fn for s in filling}
    called = {last_name(record.node.parts[0]) for record in flow.graph(frame.fn).calls}
    if frame.fn in makers:
        return alts
    if called & {fn.name for fn in makers}:
        return [alt for alt in alts if not isinstance(alt.value, NoneValue)]
    first, maker = empty[0], min(fn.name for fn in makers)
    what = f"`self.{name}` is None until `{maker}` fills it on first use"
    return [
        alt.holding(NoneValue(until=maker)).at(first.fn.file, first.line, what)
        if isinstance(alt.value, NoneValue)
        else alt
        for alt in alts
    ]


def _is_none(fact: Fact, name: str) -> bool:
    """Whether a fact says that the attribute is None."""
    test, holds = fact
    if test.kind != "cmp" or len(test.parts[1]) != 1:
        return False
    operator, right = test.parts[1][0]
    left = test.parts[0]
    none = right.kind == "const" and right.parts[0] is None
    return left.kind == "attr" and left.parts[1] == name and none and holds == (operator == "is")
