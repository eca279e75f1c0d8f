"""What the tests on the way to a call say about the chip, against the chips that an entry point runs on."""

from __future__ import annotations

import re

from contractlint.flow.nodes import Fact, Facts, Node, render_fact
from contractlint.flow.references import last_name

# Compute capabilities of the chips that kernels of these libraries are built for, times ten.
CHIPS = (75, 80, 86, 89, 90, 100, 103, 107, 110, 120, 121)
_NAMED = re.compile(r"^_?is_sm(?P<number>\d{2,3})a?(_supported|_or_later)?$")
_VERSION = re.compile(r"(\d+)\.(\d+|x)")


def supported(text: str) -> frozenset[int]:
    """The chips that a contract names; `10.x` are all of one generation. Chips with a condition count too."""
    found: set[int] = set()
    for major, minor in _VERSION.findall(re.sub(r"\bfrom [\d.]+(\.post\d+)?( on)?", "", text)):
        found.update(chip for chip in CHIPS if chip // 10 == int(major) and minor in ("x", str(chip % 10)))
    return frozenset(found)


def reached(facts: Facts) -> tuple[frozenset[int], tuple[str, ...]]:
    """The chips that get past some tests, and the tests that say so."""
    chips = frozenset(CHIPS)
    said: list[str] = []
    for fact in facts:
        named = _chips(fact)
        if named is not None:
            chips &= named if fact[1] else frozenset(CHIPS) - named
            said.append(render_fact(fact))
    return chips, tuple(dict.fromkeys(said))


def _chips(fact: Fact) -> frozenset[int] | None:
    """The chips for which a test holds, None where it speaks of something else."""
    test = fact[0]
    if test.kind == "call":
        return _asked(test)
    if test.kind == "cmp" and len(test.parts[1]) == 1:
        operator, right = test.parts[1][0]
        left: Node = test.parts[0]
        if left.kind == "sub" and left.parts[1].kind == "const" and left.parts[1].parts[0] == 0:
            version = left.parts[0]
            if version.kind == "call" and last_name(version.parts[0]) == "get_device_capability" and _number(right):
                return _compared(operator, int(right.parts[0]))
    return None


def _asked(call: Node) -> frozenset[int] | None:
    """`is_device_capability(90)` and its like."""
    name = last_name(call.parts[0])
    named = _NAMED.match(name)
    if named is not None and not call.parts[1]:
        number = int(named["number"])
        if name.endswith("later"):
            return frozenset(chip for chip in CHIPS if chip >= number)
        return frozenset(chip for chip in CHIPS if chip // 10 == number // 10)
    arguments = [*call.parts[1], *(value for _, value in call.parts[2])]
    number = _capability(arguments[0]) if len(arguments) == 1 else 0
    if not number:
        return None
    if name == "is_device_capability":
        return frozenset((number,))
    if name == "is_device_capability_family":
        return frozenset(chip for chip in CHIPS if chip // 10 == number // 10)
    if name == "has_device_capability":
        return frozenset(chip for chip in CHIPS if chip >= number)
    return None


def _capability(node: Node) -> int:
    """`90` or `(9, 0)` as a number, 0 for anything else."""
    if _number(node):
        return int(node.parts[0])
    if node.kind == "tuple" and len(node.parts[0]) == 2 and all(map(_number, node.parts[0])):
        major, minor = (int(part.parts[0]) for part in node.parts[0])
        return major * 10 + minor
    return 0


def _number(node: Node) -> bool:
    return node.kind == "const" and isinstance(node.parts[0], int) and not isinstance(node.parts[0], bool)


def _compared(operator: str, major: int) -> frozenset[int] | None:
    tests = {
        "==": lambda chip: chip // 10 == major,
        "!=": lambda chip: chip // 10 != major,
        ">=": lambda chip: chip // 10 >= major,
        ">": lambda chip: chip // 10 > major,
        "<=": lambda chip: chip // 10 <= major,
        "<": lambda chip: chip // 10 < major,
    }
    test = tests.get(operator)
    return frozenset(chip for chip in CHIPS if test(chip)) if test is not None else None
