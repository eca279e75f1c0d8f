"""Checkers, written out for one function: its own signature, its own clauses, nothing looked up twice.

The code written here is only a filter. It lets a call pass that it has seen to be right, and hands every other to the clause
evaluator, which alone judges. Dtypes are compared in place, so that torch.compile can fold them; everything else is a key
into the set of argument forms that were judged right before.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from contractlint.model.contract import Aspect, Clause, Condition
from contractlint.runtime.settings import Checks, Mode, Settings

Names = dict[str, object]


@dataclass(frozen=True, slots=True)
class Subject:
    """A function under contract: its parameters as installed, and the clauses on them."""

    number: int
    parameters: tuple[inspect.Parameter, ...]
    clauses: tuple[Clause, ...]
    enums: Mapping[str, Mapping[str, int]]
    forwards: bool  # the function itself takes `*args, **kwargs` and hands them on

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that have a value of their own."""
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return tuple(p.name for p in self.parameters if p.kind not in variadic)

    @property
    def addressed(self) -> bool:
        """Whether a clause asks where data lie in memory."""
        return any(clause.alignment is not None for clause in self.clauses)


@dataclass(slots=True)
class Hooks:
    """What checkers call: `slow` judges a call, `record` takes a new form, `flush` writes a count, `traced` notes a trace."""

    slow: Callable[..., None]
    record: Callable[..., None]
    flush: Callable[..., None]
    traced: Callable[..., bool]
    compiling: Callable[[], bool]
    frame: Callable[[int], types.FrameType]
    torch: Any
    judged: set[object] = field(default_factory=set)
    seen: dict[object, list[Any]] = field(default_factory=dict)


class Writer:
    """Writes the checker of one subject."""

    def __init__(self, subject: Subject, settings: Settings, hooks: Hooks, original: types.FunctionType) -> None:
        self.subject, self.settings, self.hooks = subject, settings, hooks
        self.prefix = f"_contractlint_{subject.number}_"
        self.names: Names = {self._name("original"): original}
        self._constants: dict[object, str] = {}
        self._kinds = {parameter.name: _kind(parameter, subject.clauses) for parameter in _valued(subject)}

    def source(self, model: types.CodeType) -> str:
        """The `def` that stands in for the function's own code."""
        if self.subject.forwards:
            args, kwargs = model.co_varnames[:2]
            self.names[self._name("check")] = self._separate_check()
            return (
                f"def f(*{args}, **{kwargs}):\n"
                f"    try:\n        {self._name('check')}(*{args}, **{kwargs})\n"
                "    except TypeError:\n        pass\n"  # arguments that do not fit: the library says so itself
                f"    return {self._name('original')}(*{args}, **{kwargs})\n"
            )
        return f"def f({self._formals()}):\n{self._body(1)}    return {self._name('original')}({self._actuals()})\n"

    # the two kinds of signature

    def _formals(self, defaults: bool = False) -> str:
        parts: list[str] = []
        kinds = [p.kind for p in self.subject.parameters]
        for index, parameter in enumerate(self.subject.parameters):
            kind, name = parameter.kind, parameter.name
            if kind is inspect.Parameter.VAR_POSITIONAL:
                parts.append(f"*{name}")
                continue
            if kind is inspect.Parameter.VAR_KEYWORD:
                parts.append(f"**{name}")
                continue
            if kind is inspect.Parameter.KEYWORD_ONLY and not any(part.startswith("*") for part in parts):
                parts.append("*")
            default = f"={self._constant(parameter.default)}" if defaults and parameter.default is not _EMPTY else ""
            parts.append(name + default)
            last = index + 1 == len(kinds) or kinds[index + 1] is not inspect.Parameter.POSITIONAL_ONLY
            if kind is inspect.Parameter.POSITIONAL_ONLY and last:
                parts.append("/")
        return ", ".join(parts)

    def _actuals(self) -> str:
        parts = []
        for parameter in self.subject.parameters:
            kind, name = parameter.kind, parameter.name
            if kind is inspect.Parameter.VAR_POSITIONAL:
                parts.append(f"*{name}")
            elif kind is inspect.Parameter.VAR_KEYWORD:
                parts.append(f"**{name}")
            elif kind is inspect.Parameter.KEYWORD_ONLY:
                parts.append(f"{name}={name}")
            else:
                parts.append(name)
        return ", ".join(parts)

    def _separate_check(self) -> types.FunctionType:
        """The checks as a function with the real signature, for functions that only hand their arguments on."""
        formals = self._formals(defaults=True)
        if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in self.subject.parameters):
            formals += (
                ", **_contractlint_more" if formals else "**_contractlint_more"
            )  # keywords that a decorator takes
        space: dict[str, Any] = {}
        text = f"def check({formals}):\n{self._body(2)}    return None\n"
        exec(compile(text, __file__, "exec"), self.names, space)
        check: types.FunctionType = space["check"]
        self.names = {name: value for name, value in self.names.items() if name != "__builtins__"}
        return check

    # the body

    def _body(self, depth: int) -> str:
        lines: list[str] = []
        if self.settings.trace:
            lines += self._recording(depth)
        if self.settings.mode in (Mode.ASSERT, Mode.WARN):
            lines += self._checking(depth)
        return "".join(f"    {line}\n" for line in lines)

    def _checking(self, depth: int) -> list[str]:
        everything = self.settings.checks is Checks.ALL
        tests = [test for parameter in self.subject.names if (test := self._dtype_test(parameter))]
        key = self._form(everything)
        if key:
            key_name = self._name("key")
            judged = f"({key_name} := ({self.subject.number}, {key})) not in {self._hook('judged')}"
            traced = f"{self._hook('traced')}({self.subject.number})"
            tests.append(f"({traced} if {self._hook('compiling')}() else {judged})")
        if everything:
            tests += [self._alignment_test(clause) for clause in self.subject.clauses if clause.alignment is not None]
        if not tests:
            return []
        bad, key_name = self._name("bad"), self._name("key")
        values = "".join(f"{name}, " for name in self.subject.names)
        return [
            f"{key_name} = None",
            "try:",
            f"    {bad} = {' or '.join(tests)}",
            f"except {self._constant(Exception)}:",
            f"    {bad} = True",
            f"if {bad}:",
            f"    {self._hook('slow')}({self.subject.number}, {key_name}, ({values}), {depth})",
        ]

    def _recording(self, depth: int) -> list[str]:
        row, key, frame = self._name("row"), self._name("key"), self._name("frame")
        values = "".join(f"{name}, " for name in self.subject.names)
        dtypes = "".join(f"{self._dtype_of(name)}, " for name in self.subject.names if self._kinds[name] == "tensor")
        form = self._form(everything=False, recording=True)
        return [
            f"if {self._hook('compiling')}():",
            f"    {self._hook('traced')}({self.subject.number})",
            "else:",
            f"    {frame} = {self._hook('frame')}({depth})",
            "    try:",
            f"        {key} = ({self.subject.number}, {self._constant(id)}({frame}.f_code), {frame}.f_lasti, {dtypes}{form})",
            f"        {row} = {self._hook('seen')}.get({key})",
            f"    except {self._constant(Exception)}:",
            f"        {key} = {row} = None",
            f"    if {row} is None:",
            f"        {self._hook('record')}({self.subject.number}, {key}, ({values}), {frame})",
            "    else:",
            f"        {row}[0] += 1",
            f"        if {row}[0] >= {row}[1]:",
            f"            {self._hook('flush')}({row})",
            f"    {frame} = None",
        ]

    # dtypes, compared in place

    def _dtype_test(self, parameter: str) -> str:
        """True where the dtype of an argument may break a clause; empty when none speaks of it."""
        clauses = self._dtype_clauses(parameter)
        if not clauses:
            return ""
        parts = [part for clause in clauses if (part := self._breaks(parameter, clause))]
        alternatives = " or ".join(parts)
        common = frozenset[str]()
        if len(clauses) > 1 and not any(c.same_as for c in clauses):
            common = frozenset.intersection(*(c.dtypes for c in clauses))
        if common:
            alternatives = f"{self._not_among(f'{parameter}.dtype', common)} and ({alternatives})"
        return f"({parameter} is not None and ({alternatives}))" if parts else ""

    def _dtype_clauses(self, parameter: str) -> list[Clause]:
        return [
            clause
            for clause in self.subject.clauses
            if clause.parameter == parameter and clause.aspect is Aspect.DTYPE and (clause.dtypes or clause.same_as)
        ]

    def _breaks(self, parameter: str, clause: Clause) -> str:
        if clause.same_as:
            if clause.same_as not in self._kinds:
                return ""
            wrong = f"{clause.same_as} is not None and {parameter}.dtype is not {clause.same_as}.dtype"
        else:
            wrong = self._not_among(f"{parameter}.dtype", clause.dtypes)
        conditions = [self._condition(condition) for condition in clause.when]
        return f"({' and '.join([*conditions, wrong])})"

    def _not_among(self, what: str, dtypes: frozenset[str]) -> str:
        known = [getattr(self.hooks.torch, name) for name in sorted(dtypes) if hasattr(self.hooks.torch, name)]
        if len(known) > 2:
            return f"{what} not in {self._constant(frozenset(known))}"
        return " and ".join(f"{what} is not {self._constant(dtype)}" for dtype in known) or "True"

    def _condition(self, condition: Condition) -> str:
        """A condition as an expression that is true where it may hold; what it cannot tell, it lets through to the judge."""
        name = condition.parameter
        if name not in self._kinds:
            return "True"
        accepted: list[object] = []
        tests: list[str] = []
        members = self.subject.enums.get(name)
        dtypes = frozenset(v for v in condition.values if isinstance(v, str) and hasattr(self.hooks.torch, v))
        for value in condition.values:
            if value is None:
                tests.append(f"{name} is None")
            elif isinstance(value, str) and members is not None and value in members:
                accepted += [members[value], value]
            elif value in dtypes:
                continue
            else:
                accepted.append(value)
        if dtypes:
            among = f"not ({self._not_among(f'{name}.dtype', dtypes)})"
            if self._kinds[name] != "tensor":
                found = frozenset((*(getattr(self.hooks.torch, str(v)) for v in dtypes), *dtypes))
                among = f"{name} in {self._constant(found)}"
            tests.append(f"({name} is not None and {among})")
        if len(accepted) == 1 or (members is not None and len(accepted) == 2):
            tests.append(f"{name} == {self._constant(accepted[0])}")
        elif accepted:
            tests.append(f"{name} in {self._constant(frozenset(accepted))}")
        text = " or ".join(tests) or "False"
        return f"not ({text})" if condition.negated else f"({text})"

    def _alignment_test(self, clause: Clause) -> str:
        name = clause.parameter
        if "[" in name or name not in self._kinds:
            return "False"
        return f"({name} is not None and {name}.data_ptr() % {clause.alignment} != 0)"

    # everything else, as a key

    def _form(self, everything: bool, recording: bool = False) -> str:
        """What the judgement of a call depends on besides dtypes; empty when nothing does."""
        parts: list[str] = []
        shaped: dict[str, set[str]] = {}
        plain: dict[str, None] = {}
        for clause in self.subject.clauses:
            name, bracket, _ = clause.parameter.partition("[")
            if name not in self._kinds:
                continue
            if bracket:
                parts.append(f"{self._constant(element_forms)}({name})")
            elif everything and clause.aspect in (Aspect.SHAPE, Aspect.LAYOUT, Aspect.SIZE):
                told = {
                    "shape": clause.shape or clause.aspect is Aspect.SIZE,
                    "contiguous": clause.layout == "contiguous",
                    "stride": clause.strides,
                }
                shaped.setdefault(name, set()).update(aspect for aspect, asked in told.items() if asked)
            elif everything and clause.aspect is Aspect.DEVICE:
                for one in (name, clause.same_as):
                    shaped.setdefault(one, set()).update(("device",) if one in self._kinds else ())
            elif clause.aspect in (Aspect.VALUE, Aspect.PRESENCE) and (everything or recording):
                plain[name] = None
            if everything or recording:
                plain.update({c.parameter: None for c in clause.when if c.parameter in self._kinds})
                if everything and clause.aspect is Aspect.DTYPE and clause.same_as in self._kinds:
                    plain[clause.same_as] = None
        symbols = {word for clause in self.subject.clauses for word in _words(clause)} if everything else set()
        plain.update({name: None for name in symbols if name in self._kinds})
        if everything and shaped:
            parts.insert(0, f"{next(iter(shaped))}.__class__")
        for name, aspects in shaped.items():
            reads = [_READS[aspect].format(name) for aspect in sorted(aspects)]
            for read in reads:
                parts.append(read if self._required(name) else f"None if {name} is None else {read}")
        for name in plain:
            if self._kinds[name] != "tensor":
                parts.append(name)
            elif not recording:
                parts.append(self._dtype_of(name))
        return ", ".join(dict.fromkeys(f"({part})" for part in parts))

    def _dtype_of(self, name: str) -> str:
        return f"{name}.dtype" if self._required(name) else f"None if {name} is None else {name}.dtype"

    def _required(self, name: str) -> bool:
        parameter = next(p for p in self.subject.parameters if p.name == name)
        return parameter.default is _EMPTY and "Optional" not in str(parameter.annotation) and "None" not in str(
            parameter.annotation
        )  # fmt: skip

    def _name(self, what: str) -> str:
        return self.prefix + what

    def _hook(self, what: str) -> str:
        name = self._name(f"do_{what}")
        self.names[name] = getattr(self.hooks, what)
        return name

    def _constant(self, value: object) -> str:
        try:
            key: object = (type(value), value)
            hash(key)
        except TypeError:
            key = id(value)
        if key not in self._constants:
            name = f"{self.prefix}c{len(self._constants)}"
            self._constants[key] = name
            self.names[name] = value
        return self._constants[key]


_EMPTY = inspect.Parameter.empty
_READS = {"shape": "{0}.shape", "contiguous": "{0}.is_contiguous()", "stride": "{0}.stride()", "device": "{0}.device"}


def can_be_kept(key: object) -> bool:
    """Whether a key may be remembered: what it holds must not be a tensor, which would be kept alive with it."""
    if isinstance(key, tuple):
        return all(map(can_be_kept, key))
    return key is None or isinstance(key, int | float | str | bytes | type | Enum) or type(key).__name__ in _SMALL


_SMALL = ("dtype", "device")


def element_forms(values: object) -> object:
    """What stands for a tuple or list of tensors in a key."""
    if not isinstance(values, tuple | list):
        return values
    forms: list[object] = []
    for value in values:
        dtype: Any = getattr(value, "dtype", None)
        shape: Any = getattr(value, "shape", None)
        forms.append(value if dtype is None else (dtype, shape, value.is_contiguous()))
    return tuple(forms)


def _valued(subject: Subject) -> tuple[inspect.Parameter, ...]:
    return tuple(p for p in subject.parameters if p.name in subject.names)


def _kind(parameter: inspect.Parameter, clauses: tuple[Clause, ...]) -> str:
    """`tensor` for a parameter that takes one tensor (or None), going by its annotation, else by what clauses say of it."""
    text = str(parameter.annotation)
    if any(word in text for word in ("uple", "ist", "equence", "float", "int")):
        return "other"
    spoken = (Aspect.DTYPE, Aspect.SHAPE, Aspect.LAYOUT)
    said = any(clause.parameter == parameter.name and clause.aspect in spoken for clause in clauses)
    return "tensor" if "Tensor" in text or (said and parameter.annotation is _EMPTY) else "other"


def _words(clause: Clause) -> set[str]:
    import re

    return set(re.findall(r"[A-Za-z_]\w*", " ".join((*clause.shape, *clause.strides))))
