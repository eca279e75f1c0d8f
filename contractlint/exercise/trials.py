"""Trials: the conforming call of an entry point, and the calls that differ from it in one argument."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from contractlint.exercise.recipes.base import Argument, Recipe, owner
from contractlint.model.contract import Aspect, Clause, Outcome
from contractlint.model.dtypes import DTYPES


class Mutation(str, Enum):
    """In what a call differs from the conforming one."""

    NONE = "conforming"
    DTYPE = "dtype"
    LAYOUT = "layout"
    PRESENCE = "presence"
    VALUE = "value"
    SHAPE = "shape"


MUTATIONS = tuple(mutation.value for mutation in Mutation if mutation is not Mutation.NONE)
_OF_ASPECT = {
    Aspect.DTYPE: Mutation.DTYPE,
    Aspect.LAYOUT: Mutation.LAYOUT,
    Aspect.PRESENCE: Mutation.PRESENCE,
    Aspect.VALUE: Mutation.VALUE,
    Aspect.SHAPE: Mutation.SHAPE,
}

# What is tried in place of a dtype: what engines confuse it with.
_FLOATS = ("float16", "bfloat16", "float32", "float64")
_INTEGERS = ("int16", "int32", "int64")
_BYTES = ("uint8", "int8", "float8_e4m3fn")
_WIDER = "float32"  # what block scales are elsewhere
_POOLS = (_FLOATS, _INTEGERS, _BYTES, ("bool", "uint8", "int32"))

STRIDED = "strided"  # the same values, each row apart from the next
TRANSPOSED = "transposed"  # the same values, columns stored first
BY_ROWS = "by rows"  # the same values, rows stored first where columns should be
RANK = "one dimension more"
LONGER = "last dimension longer"
NONE = "None"
PASSED = "passed"
NO_SUCH = "no such value"


@dataclass(frozen=True, slots=True)
class Trial:
    """One call.

    `given` is what the parameter gets: a dtype, a word for a layout or shape, or a value as text. `also` holds parameters
    that follow it (a dtype, or `None`), so that their own clauses are kept. `clause` is the one that speaks about it.
    """

    entry_point: str
    mutation: Mutation
    parameter: str = ""
    given: str = ""
    also: tuple[tuple[str, str], ...] = ()
    clause: Clause | None = None
    variant: str = ""
    expected: frozenset[Outcome] = frozenset({Outcome.ACCEPTED_RIGHT})

    @property
    def key(self) -> str:
        """The same in every run of the same plan."""
        where = f"{self.entry_point}|{self.variant}" if self.variant else self.entry_point
        return f"{where}|{self.mutation.value}|{self.parameter}|{self.given}"

    @property
    def conforms(self) -> bool:
        """Whether the contract allows what is passed."""
        return self.expected == {Outcome.ACCEPTED_RIGHT}


def trials(
    recipe: Recipe,
    clauses: Sequence[Clause],
    mutations: frozenset[str],
    present: frozenset[str],
    defaults: Mapping[str, str] | None = None,
) -> list[Trial]:
    """List the calls of an entry point, the conforming one first.

    Args:
        clauses: those of one release.
        mutations: which kinds are wanted.
        present: the parameters that the release has.
        defaults: what parameters have that are not passed, as source text.
    """
    made = [Trial(recipe.entry_point, Mutation.NONE)]
    applicable = [clause for clause in clauses if _applies(clause, recipe, present, defaults or {})]
    for clause in applicable:
        kind = _OF_ASPECT.get(clause.aspect)
        argument = recipe.arguments.get(clause.parameter)
        if kind is None or argument is None or kind.value not in mutations or owner(clause.parameter) not in present:
            continue
        made += _MAKERS[kind](recipe, clause, argument, applicable)
    return _distinct(made, recipe.variant)


def _distinct(made: list[Trial], variant: str) -> list[Trial]:
    found: dict[str, Trial] = {}
    for trial in made:
        found.setdefault(trial.key, trial)
    return [replace(trial, variant=variant) for trial in found.values()]


def _applies(clause: Clause, recipe: Recipe, present: frozenset[str], defaults: Mapping[str, str]) -> bool:
    """Whether the conditions of a clause hold for the conforming call."""
    for condition in clause.when:
        argument = recipe.arguments.get(condition.parameter)
        if argument is None or argument.optional or condition.parameter not in present:
            value: object = defaults.get(condition.parameter, "None").strip("'\"").rpartition(".")[2]
        else:
            value = argument.dtype if argument.is_tensor else argument.value
        names = {str(item).lower() for item in condition.values}
        known = str(value).lower() in names or str(getattr(value, "name", "")).lower() in names
        if known == condition.negated:
            return False
    return True


def _dtypes(recipe: Recipe, clause: Clause, argument: Argument, clauses: Sequence[Clause]) -> Iterator[Trial]:
    if not argument.is_tensor:
        return
    base = argument.dtype
    wider = (_WIDER,) if argument.as_bytes else ()
    pool = list(
        dict.fromkeys(
            (*sorted(clause.dtypes | clause.lets_through), *next((pool for pool in _POOLS if base in pool), ()), *wider)
        )
    )
    for dtype in pool:
        if dtype == base or dtype not in DTYPES:
            continue
        followers = () if clause.same_as else _followers(clause.parameter, dtype, recipe, clauses)
        expected = expected_of(clause, dtype)
        if argument.own_scheme and expected == _conforming():
            continue
        if argument.as_bytes and dtype in _BYTES and expected & _MISREAD:
            continue  # the same bytes are read, whatever they are called
        yield Trial(recipe.entry_point, Mutation.DTYPE, clause.parameter, dtype, followers, clause, expected=expected)


def expected_of(clause: Clause, dtype: str) -> frozenset[Outcome]:
    """What the contract says of an argument of a dtype that is not the one in the conforming call."""
    allowed = dtype in clause.dtypes if clause.dtypes else not clause.same_as
    return _conforming() if allowed else _breach(clause, dtype)


def _followers(parameter: str, dtype: str, recipe: Recipe, clauses: Sequence[Clause]) -> tuple[tuple[str, str], ...]:
    names = {
        clause.parameter
        for clause in clauses
        if clause.aspect is Aspect.DTYPE and clause.same_as == parameter and clause.parameter in recipe.arguments
    }
    return tuple((name, dtype) for name in sorted(names))


def _layouts(recipe: Recipe, clause: Clause, argument: Argument, clauses: Sequence[Clause]) -> Iterator[Trial]:
    if not argument.is_tensor:
        return
    stated = [found.shape for found in clauses if found.aspect is Aspect.SHAPE and found.parameter == clause.parameter]
    shape = argument.shape or next(iter(stated), ())
    if clause.layout == "contiguous":
        words = (STRIDED, TRANSPOSED) if len(shape) != 1 else (STRIDED,)
    elif clause.strides and argument.by_columns:
        words = (BY_ROWS,)
    elif clause.layout in recipe.layouts:
        words = (f"not {clause.layout}",)
    else:
        return
    for word in words:
        yield Trial(recipe.entry_point, Mutation.LAYOUT, clause.parameter, word, (), clause, expected=_breach(clause))


def _presence(recipe: Recipe, clause: Clause, argument: Argument, _: Sequence[Clause]) -> Iterator[Trial]:
    if clause.ignored or clause.required is None:
        return
    expected = _breach(clause) if clause.required else _conforming()
    if argument.own_scheme and not clause.required:
        return
    given = PASSED if argument.optional and not clause.required else NONE
    also = tuple((name, NONE) for name in argument.together) if given == NONE and not clause.required else ()
    yield Trial(recipe.entry_point, Mutation.PRESENCE, clause.parameter, given, also, clause, expected=expected)


def _values(recipe: Recipe, clause: Clause, argument: Argument, _: Sequence[Clause]) -> Iterator[Trial]:
    if argument.is_tensor:
        return
    outside: list[object] = []
    if clause.maximum is not None:
        outside.append(int(clause.maximum) + 1)
    if clause.minimum is not None:
        outside.append(int(clause.minimum) - 1)
    if clause.multiple_of is not None and isinstance(argument.value, int):
        outside.append(argument.value + 1)
    if clause.values and all(type(value) is int for value in clause.values):
        outside.append(max(int(str(value)) for value in clause.values) + 1)
    if clause.values and all(isinstance(value, str) for value in clause.values) and isinstance(argument.value, str):
        outside.append(NO_SUCH)
    for value in clause.values:
        if value not in (argument.value, "None", None) and isinstance(value, (bool, int, float)):
            yield Trial(
                recipe.entry_point, Mutation.VALUE, clause.parameter, repr(value), (), clause, expected=_conforming()
            )
    for value in outside:
        yield Trial(
            recipe.entry_point, Mutation.VALUE, clause.parameter, repr(value), (), clause, expected=_breach(clause)
        )


def _shapes(recipe: Recipe, clause: Clause, argument: Argument, clauses: Sequence[Clause]) -> Iterator[Trial]:
    # What a wrong shape should compute is not defined, so only checks can be confirmed.
    if not argument.is_tensor or not clause.shape or _breach(clause) != {Outcome.RAISED}:
        return
    yield Trial(recipe.entry_point, Mutation.SHAPE, clause.parameter, RANK, (), clause, expected=_breach(clause))
    shape = argument.shape or clause.shape
    if shape and _names(shape[-1]) & _names_of_others(clause.parameter, recipe, clauses):
        yield Trial(recipe.entry_point, Mutation.SHAPE, clause.parameter, LONGER, (), clause, expected=_breach(clause))


def _names_of_others(parameter: str, recipe: Recipe, clauses: Sequence[Clause]) -> set[str]:
    """The symbols that other arguments of the call fix; a dimension of another symbol can be any."""
    stated = {clause.parameter: clause.shape for clause in clauses if clause.aspect is Aspect.SHAPE}
    found: set[str] = set()
    for name, argument in recipe.arguments.items():
        if name != parameter and argument.is_tensor and not argument.optional:
            for expression in argument.shape or stated.get(name, ()):
                found |= _names(expression)
    return found


def _names(expression: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", expression))


_MAKERS = {
    Mutation.DTYPE: _dtypes,
    Mutation.LAYOUT: _layouts,
    Mutation.PRESENCE: _presence,
    Mutation.VALUE: _values,
    Mutation.SHAPE: _shapes,
}


def _conforming() -> frozenset[Outcome]:
    return frozenset({Outcome.ACCEPTED_RIGHT})


def _breach(clause: Clause, dtype: str = "") -> frozenset[Outcome]:
    """What the contract says that a breach does."""
    if dtype and clause.lets_through and dtype not in clause.lets_through:
        return frozenset({Outcome.RAISED})
    return _EFFECTS[clause.effect.value]


# A read outside of a tensor does not always fault; where counts are read, ranks can wait for what nobody sends.
_EFFECTS = {
    "raises": frozenset({Outcome.RAISED}),
    "silent": frozenset({Outcome.ACCEPTED_WRONG}),
    "fault": frozenset({Outcome.FAULTED, Outcome.ACCEPTED_WRONG, Outcome.HUNG}),
    "slow": frozenset({Outcome.ACCEPTED_RIGHT}),
}


_MISREAD = frozenset({Outcome.ACCEPTED_WRONG, Outcome.FAULTED})


def without_clause(trial: Trial) -> Trial:
    """The same call without what the book says: all that a child process needs."""
    return replace(trial, clause=None)
