"""Building arguments: shapes from symbols, values by their fill, and the mutation of one of them."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from contractlint.exercise.recipes.base import Argument, DtypeName, Fill, Member, Recipe, owner
from contractlint.exercise.trials import BY_ROWS, LONGER, NONE, RANK, STRIDED, TRANSPOSED, Mutation, Trial

if TYPE_CHECKING:
    from torch import Tensor

SEED = 20260323
# Kernels write neither this into results; what stays is seen.
_UNTOUCHED = 77
# What is read beyond a tensor is memory of ours for a while: a misread is seen as a wrong result before it is a fault.
_GUARD_BYTES = 1 << 20
_GUARD = 0x3D  # finite and small in every floating dtype

_ENUM_HOMES = ("flashinfer.fused_moe", "flashinfer", "flashinfer.tllm_enums")

_OPERATORS: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.floordiv,
    ast.FloorDiv: operator.floordiv,
}


class UnknownSymbol(Exception):
    """A shape uses a symbol that the recipe gives no size for."""


def dimension(expression: str, symbols: Mapping[str, int]) -> int:
    """Evaluate one dimension: `2 * hidden_size`, `num_tokens`, `128`."""
    return _number(ast.parse(expression.strip(), mode="eval").body, expression, symbols)


def _number(node: ast.expr, expression: str, symbols: Mapping[str, int]) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Name) and node.id in symbols:
        return symbols[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = (_number(side, expression, symbols) for side in (node.left, node.right))
        return _OPERATORS[type(node.op)](left, right)
    raise UnknownSymbol(f"no size is known for {ast.unparse(node)!r} in {expression!r}")


def build(
    recipe: Recipe, shapes: Mapping[str, tuple[str, ...]], trial: Trial, present: frozenset[str], device: str
) -> dict[str, Any]:
    """Build the arguments of one call.

    Args:
        shapes: what the contract says, by parameter.
        present: the parameters that the release has; others are left out.
    """
    import torch

    generator = torch.Generator().manual_seed(SEED)
    dtypes = {**dict(trial.also), trial.parameter: trial.given} if trial.mutation is Mutation.DTYPE else {}
    built: dict[str, Any] = {}
    for name, argument in recipe.arguments.items():
        # Values are drawn for every argument, passed or not, so that a mutation changes nothing but itself.
        value = _value(argument, argument.shape or shapes.get(name, ()), recipe, generator)
        mutated = name == trial.parameter and trial.mutation is not Mutation.NONE
        if owner(name) in present:
            built[name] = value if mutated or not argument.optional else None
    if recipe.prepare:
        built = resolve(recipe.prepare)(built)
    for name, dtype in dtypes.items():
        if isinstance(built.get(name), torch.Tensor):
            built[name] = _as(built[name], dtype, recipe.arguments[name])
    if trial.mutation not in (Mutation.NONE, Mutation.DTYPE):
        built[trial.parameter] = _mutated(built[trial.parameter], trial, recipe)
        built |= dict.fromkeys((name for name, given in trial.also if given == NONE), None)
    return _assembled({name: place(value, device) for name, value in built.items()})


def _assembled(built: dict[str, Any]) -> dict[str, Any]:
    """Put elements, `name[0]` and so on, into tuples."""
    found: dict[str, Any] = {}
    for name, value in built.items():
        whole = owner(name)
        found[whole] = value if whole == name else (*found.get(whole, ()), value)
    return found


def resolve(path: str) -> Callable[..., Any]:
    """Import `module:function`."""
    import importlib

    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def _value(argument: Argument, shape: tuple[str, ...], recipe: Recipe, generator: Any) -> Any:
    import torch

    if isinstance(argument.value, Member):
        return member(argument.value)
    if isinstance(argument.value, DtypeName):
        return getattr(torch, argument.value.name)
    if not argument.is_tensor:
        return argument.value
    sizes = [dimension(expression, recipe.symbols) for expression in shape]
    values = _FILLS[argument.fill](sizes, generator)
    if argument.by_columns:
        values = values.t().contiguous().t()
    return values if argument.fill is Fill.RANDOM_BYTES else _cast(values, argument.dtype)


def member(wanted: Member) -> Any:
    """Find a member of an enum in the library that is imported as `flashinfer`."""
    import importlib

    for home in _ENUM_HOMES:
        module = importlib.import_module(home)
        enum = getattr(module, wanted.enum, None)
        if enum is not None:
            return getattr(enum, wanted.name)
    raise LookupError(f"the library exports no enum {wanted.enum}")


def _as(values: Tensor, dtype: str, argument: Argument) -> Tensor:
    """The same numbers in another dtype; bytes stay what they are where they fit."""
    import torch

    wanted: torch.dtype = getattr(torch, dtype)
    same_size = argument.as_bytes and wanted.itemsize == values.element_size()
    return values.view(wanted) if same_size else values.to(wanted)


def _cast(values: Tensor, dtype: str) -> Tensor:
    import torch

    return values.to(getattr(torch, dtype))


def _normal(sizes: list[int], generator: Any) -> Tensor:
    import torch

    return torch.randn(sizes, generator=generator)


def _probabilities(sizes: list[int], generator: Any) -> Tensor:
    return (_normal(sizes, generator) * 2).softmax(-1)


def _positive(sizes: list[int], generator: Any) -> Tensor:
    import torch

    return torch.rand(sizes, generator=generator) + 0.5


def _counting(sizes: list[int], _: Any) -> Tensor:
    import math

    import torch

    return torch.arange(math.prod(sizes)).reshape(sizes)


def _constant(value: int) -> Callable[[list[int], Any], Tensor]:
    def fill(sizes: list[int], _: Any) -> Tensor:
        import torch

        return torch.full(sizes, value)

    return fill


def _angles(sizes: list[int], _: Any) -> Tensor:
    import torch

    positions, dimensions = sizes
    half = dimensions // 2
    angles = torch.arange(positions).unsqueeze(-1) * 10000.0 ** (-torch.arange(half) / half)
    return torch.cat((angles.cos(), angles.sin()), dim=-1)


def _bytes(sizes: list[int], generator: Any) -> Tensor:
    import torch

    return torch.randint(0, 256, sizes, generator=generator, dtype=torch.uint8)


def _signs(sizes: list[int], generator: Any) -> Tensor:
    import torch

    return torch.rand(sizes, generator=generator) > 0.5


_FILLS: dict[Fill, Callable[[list[int], Any], Tensor]] = {
    Fill.NORMAL: _normal,
    Fill.SMALL: lambda sizes, generator: _normal(sizes, generator) * 0.1,
    Fill.POSITIVE: _positive,
    Fill.PROBABILITIES: _probabilities,
    Fill.ONES: _constant(1),
    Fill.ZEROS: _constant(0),
    Fill.EMPTY: _constant(_UNTOUCHED),
    Fill.COUNTING: _counting,
    Fill.ANGLES: _angles,
    Fill.RANDOM_BYTES: _bytes,
    Fill.SIGNS: _signs,
    Fill.MADE: _constant(0),
}


def _mutated(value: Any, trial: Trial, recipe: Recipe) -> Any:
    """Change one argument in what the trial names."""
    if trial.mutation is Mutation.PRESENCE:
        return None if trial.given == NONE else value
    if trial.mutation is Mutation.VALUE:
        return ast.literal_eval(trial.given)
    if trial.mutation is Mutation.LAYOUT:
        if trial.given in (STRIDED, TRANSPOSED, BY_ROWS):
            return _Laid(value, trial.given)
        return resolve(recipe.layouts[trial.given.removeprefix("not ")])(value)
    if trial.given == RANK:
        return value.unsqueeze(0)
    if trial.given == LONGER:
        import torch

        return torch.cat((value, value[..., :1]), dim=-1)
    raise ValueError(f"no mutation {trial.mutation.value} is called {trial.given!r}")


class _Laid:
    """A tensor to be laid out in memory when it reaches the device."""

    def __init__(self, values: Tensor, how: str) -> None:
        self.values = values
        self.how = how


def place(value: Any, device: str) -> Any:
    """Put a tensor on the device, with memory of ours behind it; other values stay what they are."""
    import torch

    integers = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}

    if isinstance(value, (tuple, list)):
        return type(value)(place(item, device) for item in value)
    how = ""
    if isinstance(value, _Laid):
        value, how = value.values, value.how
    if not isinstance(value, torch.Tensor):
        return value
    if how == BY_ROWS:
        return _guarded(value.contiguous(), device)
    if how == TRANSPOSED:
        return _guarded(value.transpose(-1, -2).contiguous(), device).transpose(-1, -2)
    if how == STRIDED:
        # What lies between the values is garbage: a kernel that ignores strides reads it.
        bits = value.contiguous().view(integers[value.element_size()])  # not every dtype can be flipped
        if value.dim() == 1:
            spread = torch.stack((bits, bits.roll(1, -1).flip(-1)), dim=-1).flatten(-2)
            return _guarded(spread.view(value.dtype), device)[::2]
        doubled = torch.cat((bits, bits.flip(-1)), dim=-1)
        return _guarded(doubled.view(value.dtype), device)[..., : value.shape[-1]]
    if value.dim() == 2 and not value.is_contiguous() and value.t().is_contiguous():
        return _guarded(value.t(), device).t()  # stored by columns, as it is wanted
    return _guarded(value.contiguous(), device)


def _guarded(values: Tensor, device: str) -> Tensor:
    import torch

    size = values.numel() * values.element_size()
    room = torch.full((size + _GUARD_BYTES,), _GUARD, dtype=torch.uint8, device=device)
    placed = room[:size].view(values.dtype).view(values.shape)
    placed.copy_(values)
    return placed
