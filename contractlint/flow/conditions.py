"""Three-valued judgement of tests, and what a passed guard says about a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from contractlint.flow.nodes import Fact, Facts, Node
from contractlint.flow.values import (
    DEFAULT,
    Alt,
    Callable,
    ClassValue,
    Const,
    Dtype,
    Instance,
    Mapping_,
    Member,
    NoneValue,
    Sequence_,
    Tensor,
    Unknown,
    Value,
)
from contractlint.index.project import Class, Function
from contractlint.model.dtypes import MODEL_DTYPES

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow
    from contractlint.flow.frames import Frame

TEST_STEPS = 40  # what one side of a test may cost: one that hangs on more is seldom decided


def truth(value: Value) -> bool | None:
    """Python's truth of a value, None when it is not known."""
    if isinstance(value, NoneValue):
        return False
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, Callable | Dtype):
        return True
    if isinstance(value, Sequence_):
        return bool(value.items)
    return None


def contradicts(flow: Flow, facts: Facts, frame: Frame) -> bool:
    """Whether one of the facts cannot hold in the frame."""
    return any(decide(flow, test, frame) is (not holds) for test, holds in facts)


def decide(flow: Flow, test: Node, frame: Frame) -> bool | None:
    """The outcome of a test in a frame: True, False, or None where both are possible."""
    for fact, holds in frame.facts:
        if fact.id == test.id:
            return holds
    if test.kind == "un" and test.parts[0] == "not":
        inner = decide(flow, test.parts[1], frame)
        return None if inner is None else not inner
    if test.kind == "bool":
        ends: bool = test.parts[0] == "or"
        open_ = False
        for part in test.parts[1]:
            outcome = decide(flow, part, frame)
            if outcome is ends:
                return ends
            open_ = open_ or outcome is None
        return None if open_ else not ends
    if test.kind == "cmp" and len(test.parts[1]) == 1:
        return _decide_comparison(flow, test, frame)
    if test.kind in ("const", "param", "attr", "global", "import"):
        return _agreed(truth(alt.value) for alt in _cheap(flow, test, frame))
    return None


def _decide_comparison(flow: Flow, test: Node, frame: Frame) -> bool | None:
    left, ((operator, right),) = test.parts
    negative = operator in ("!=", "is not", "not in")
    if operator not in ("==", "!=", "is", "is not", "in", "not in"):
        return None
    wanted = _constants(flow, right, frame, operator in ("in", "not in"))
    if wanted is None:
        return None
    # What earlier guards said about the same value.
    for fact, holds in frame.facts:
        said = _from_fact(flow, fact, holds, left, wanted, frame)
        if said is not None:
            return said != negative
    for assumed in flow.assume:
        if _last_name(left) == assumed.name:
            said = _implied(list(assumed.values), not assumed.negated, wanted)
            if said is not None:
                return said != negative
    outcomes = [_equals(alt.value, wanted) for alt in _cheap(flow, left, frame)]
    result: bool | None = _agreed(iter(outcomes))
    return None if result is None else result != negative


def _from_fact(flow: Flow, fact: Node, holds: bool, left: Node, wanted: list[Any], frame: Frame) -> bool | None:
    if fact.kind != "cmp" or len(fact.parts[1]) != 1 or fact.parts[0].id != left.id:
        return None
    operator, right = fact.parts[1][0]
    known = _constants(flow, right, frame, operator in ("in", "not in"))
    if known is None:
        return None
    return _implied(known, (operator in ("==", "is", "in")) == holds, wanted)


def _implied(known: list[Any], positive: bool, wanted: list[Any]) -> bool | None:
    """Whether a value that is (not) one of `known` is one of `wanted`."""
    if positive:
        if all(value in wanted for value in known):
            return True
        if not any(value in wanted for value in known):
            return False
        return None
    return False if all(value in known for value in wanted) else None


def _last_name(node: Node) -> str:
    return str(node.parts[-1]) if node.kind in ("attr", "param", "free", "global") else ""


def _constants(flow: Flow, node: Node, frame: Frame, several: bool) -> list[Any] | None:
    """The comparable constants that a node denotes, or None."""
    if several:
        if node.kind not in ("tuple", "list", "set"):
            return None
        out: list[Any] = []
        for element in node.parts[0]:
            inner = _constants(flow, element, frame, False)
            if inner is None:
                return None
            out.extend(inner)
        return out
    alts = _cheap(flow, node, frame)
    keys = [comparable(alt.value) for alt in alts]
    return [keys[0]] if len(keys) == 1 and keys[0] is not None else None


def comparable(value: Value) -> Any:
    """A key under which equal constants are equal, None for anything else."""
    if isinstance(value, NoneValue):
        return ("none",)
    if isinstance(value, Member):
        return ("member", value.name)
    if isinstance(value, Const):
        return ("const", value.value)
    if isinstance(value, Dtype) and value.name:
        return ("dtype", value.name)
    return None


def _equals(value: Value, wanted: list[Any]) -> bool | None:
    key = comparable(value)
    if key is not None:
        if key in wanted:
            return True
        if isinstance(value, Member) and any(w[0] == "const" for w in wanted):
            return None if value.value is None else ("const", value.value) in wanted
        if isinstance(value, Const) and any(w[0] == "member" for w in wanted):
            return None
        if isinstance(value, Dtype) and value.name == "default":
            return None
        return False
    if isinstance(value, Tensor | Instance | Callable | Mapping_ | Sequence_) and wanted == [("none",)]:
        return False
    return None


def _cheap(flow: Flow, node: Node, frame: Frame) -> tuple[Alt, ...]:
    """The value of a side of a test. Only names and constants are evaluated; calls would cost more than they tell."""
    if node.kind in ("const", "member", "global", "import", "param", "attr", "free", "phi"):
        bare = frame.bare()
        with flow.at_most(TEST_STEPS):
            return flow.decisive(node, bare)
    return (Alt(Unknown("")),)


def _agreed(outcomes: Iterator[bool | None]) -> bool | None:
    seen = set(outcomes)
    return seen.pop() if len(seen) == 1 else None


# What facts say about a value


def refine(flow: Flow, alts: list[Alt], node: Node, frame: Frame) -> list[Alt]:
    """Drop the possibilities that the facts of the frame exclude, and add what guards establish."""
    if not frame.facts or node.kind in ("const", "global", "import", "cmp", "def", "class"):
        return alts
    for fact in frame.facts:
        alts = _apply(flow, alts, node, fact, frame)
    return alts


def _apply(flow: Flow, alts: list[Alt], node: Node, fact: Fact, frame: Frame) -> list[Alt]:
    test, holds = fact
    if test.kind == "un" and test.parts[0] == "not":
        return _apply(flow, alts, node, (test.parts[1], not holds), frame)
    if test.kind == "bool":
        return _apply_bool(flow, alts, node, test, holds, frame)
    if test.id == node.id:
        return [a for a in alts if truth(a.value) in (None, holds)]
    if test.kind == "call" and test.parts[0].kind in ("global", "free") and test.parts[0].parts[0] == "isinstance":
        if len(test.parts[1]) == 2 and test.parts[1][0].id == node.id:
            return _isinstance(flow, alts, test.parts[1][1], holds, frame)
        return alts
    if test.kind == "call" and holds and test.parts[1] and test.parts[1][0].id == node.id:
        return _type_guard(flow, alts, test, frame)
    if test.kind != "cmp" or len(test.parts[1]) != 1:
        return alts
    left, ((operator, right),) = test.parts
    if left.id == node.id and operator in ("is", "is not", "==", "!=", "in", "not in"):
        wanted = _constants(flow, right, frame, operator in ("in", "not in"))
        if wanted is None:
            return alts
        positive = (operator in ("is", "==", "in")) == holds
        kept = [a for a in alts if _equals(a.value, wanted) in (None, positive)]
        if positive and wanted == [("none",)]:
            return [a.holding(NoneValue()) if isinstance(a.value, Unknown) else a for a in kept]
        return kept
    if left.kind == "attr" and left.parts[1] == "dtype" and left.parts[0].id == node.id:
        return _dtype_guard(flow, alts, operator, right, holds, frame, test)
    return alts


def _apply_bool(flow: Flow, alts: list[Alt], node: Node, test: Node, holds: bool, frame: Frame) -> list[Alt]:
    """`a and b`, `a or b`: every part speaks, or one part after the others did not."""
    operator, parts = test.parts
    if (operator == "and") == holds:
        for part in parts:
            alts = _apply(flow, alts, node, (part, holds), frame)
        return alts
    if not any(_speaks_of(part, node) for part in parts):
        return alts
    out: dict[int, Alt] = {}
    for part in parts:
        out.update((id(a), a) for a in _apply(flow, alts, node, (part, holds), frame))
        alts = _apply(flow, alts, node, (part, not holds), frame)
    return list(out.values())


def _speaks_of(test: Node, node: Node) -> bool:
    """Whether a test is about a value: compares it, its dtype, or is it."""
    if test.id == node.id:
        return True
    if test.kind == "un":
        return _speaks_of(test.parts[1], node)
    if test.kind == "bool":
        return any(_speaks_of(part, node) for part in test.parts[1])
    if test.kind == "cmp":
        left: Node = test.parts[0]
        return left.id == node.id or (left.kind == "attr" and bool(left.parts[0].id == node.id))
    return test.kind == "call" and bool(test.parts[1]) and test.parts[1][0].id == node.id


def _dtype_guard(
    flow: Flow, alts: list[Alt], operator: str, right: Node, holds: bool, frame: Frame, test: Node
) -> list[Alt]:
    """`x.dtype == torch.float32` holds (or not): keep the dtypes that agree; an unknown dtype becomes the named one."""
    wanted = _constants(flow, right, frame, operator in ("in", "not in"))
    if wanted is None or operator not in ("==", "!=", "is", "is not", "in", "not in"):
        return alts
    names = [w[1] for w in wanted if w[0] == "dtype"]
    positive = (operator in ("==", "is", "in")) == holds
    out: list[Alt] = []
    for alt in alts:
        value = alt.value
        if isinstance(value, Unknown | Tensor) and positive and (not isinstance(value, Tensor) or not value.dtype):
            for name, shown in _tested(names):
                guarded = Alt(Tensor(name), trail=alt.trail)
                out.append(guarded.at(frame.fn.file, test.line, f"guarded: the code tests that its dtype is {shown}"))
        elif not isinstance(value, Tensor) or value.dtype in ("", "default") or (value.dtype in names) == positive:
            out.append(alt.holding(Tensor(names[0])) if _default_becomes(value, names, positive) else alt)
    return out


def _tested(names: list[str]) -> list[tuple[str, str]]:
    """The dtypes that a test allows, and how to show each. Both in which models are served are together the model's dtype."""
    if not set(names) >= MODEL_DTYPES:
        return [(name, name) for name in names]
    rest = [(name, name) for name in names if name not in MODEL_DTYPES]
    return [(DEFAULT, " or ".join(sorted(MODEL_DTYPES))), *rest]


def _default_becomes(value: Value, names: list[str], positive: bool) -> bool:
    return positive and len(names) == 1 and isinstance(value, Tensor) and value.dtype == "default"


def _type_guard(flow: Flow, alts: list[Alt], test: Node, frame: Frame) -> list[Alt]:
    """After a passed call of a function that returns `TypeGuard[X]` or `TypeIs[X]`, the value is an X."""
    if not any(isinstance(a.value, Instance | Unknown) for a in alts):
        return alts
    for callee in flow.structural(test.parts[0], frame.bare()):
        value = callee.value
        if not isinstance(value, Callable) or not isinstance(value.target, Function):
            continue
        returns = value.target.ir.returns
        if returns is not None and returns[0] == "sub" and str(returns[2][-1]) in ("TypeGuard", "TypeIs"):
            wanted = flow.project.resolve_expr(value.target.module, returns[3])
            classes = [c for c in wanted if isinstance(c, Class)]
            if classes:
                return [alts[0].holding(Instance(c)) for c in classes]
    return alts


def _isinstance(flow: Flow, alts: list[Alt], classes: Node, holds: bool, frame: Frame) -> list[Alt]:
    """`isinstance(x, (tuple, list))` and `isinstance(x, torch.Tensor)` tell containers from tensors. What was not followed
    stays so, with the class that a test that passed says of it."""
    names = {n.rpartition(".")[2] for n in _class_names(classes)}
    if not names:
        return alts
    out: list[Alt] = []
    for alt in alts:
        matches: bool | None = None
        if holds and isinstance(alt.value, Unknown) and (known := _project_classes(flow, classes, frame)):
            out.extend(alt.holding(Unknown(alt.value.reason, cls)) for cls in known)
            continue
        if isinstance(alt.value, Tensor):
            matches = "Tensor" in names or ("Parameter" in names and None) or "Tensor" in names
        elif isinstance(alt.value, Sequence_):
            matches = alt.value.kind in names
        elif isinstance(alt.value, NoneValue):
            matches = False
        elif isinstance(alt.value, Instance) and isinstance(alt.value.cls, Class):
            above = {c.name for c in flow.project.mro(alt.value.cls)}
            below = {c.name for c in flow.project.subclasses(alt.value.cls)}
            matches = True if names & above else None if names & below else False
        if matches is None or matches == holds:
            out.append(alt)
    return out


def _project_classes(flow: Flow, node: Node, frame: Frame) -> list[Class]:
    """The classes that a test names, where all of them are the project's own."""
    parts = node.parts[0] if node.kind == "tuple" else (node,)
    values = [alt.value for part in parts for alt in flow.structural(part, frame.bare())]
    classes = [v.cls for v in values if isinstance(v, ClassValue) and isinstance(v.cls, Class)]
    return classes if len(classes) == len(values) else []


def _class_names(node: Node) -> list[str]:
    if node.kind == "tuple":
        return [name for part in node.parts[0] for name in _class_names(part)]
    if node.kind in ("global", "free"):
        return [node.parts[0]]
    if node.kind == "attr":
        return [node.parts[1]]
    if node.kind == "import":
        return [str(node.parts[1] or node.parts[0])]
    return []
