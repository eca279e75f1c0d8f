"""All recipes, by entry point."""

from __future__ import annotations

from contractlint.exercise.recipes import (
    alltoall,
    attention,
    collective,
    elementwise,
    mnnvl,
    moe_cutlass,
    moe_trtllm,
    norms,
    quantization,
    rope,
    routing,
    sampling,
)
from contractlint.exercise.recipes.base import Recipe

RECIPES: tuple[Recipe, ...] = tuple(
    recipe
    for module in (
        routing,
        norms,
        elementwise,
        rope,
        sampling,
        quantization,
        attention,
        alltoall,
        collective,
        mnnvl,
        moe_cutlass,
        moe_trtllm,
    )
    for recipe in module.RECIPES
)
ENTRY_POINTS = frozenset(recipe.entry_point for recipe in RECIPES)


def recipes_of(entry_point: str) -> tuple[Recipe, ...]:
    """Return how to call an entry point, by its canonical name; none when nobody has written that down."""
    return tuple(recipe for recipe in RECIPES if recipe.entry_point == entry_point)
