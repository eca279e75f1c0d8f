"""All recipes, by entry point."""

from __future__ import annotations

from contractlint.exercise.recipes import (
    attention,
    elementwise,
    moe_trtllm,
    norms,
    quantization,
    rope,
    routing,
    sampling,
)
from contractlint.exercise.recipes.base import Recipe

RECIPES: dict[str, Recipe] = {
    recipe.entry_point: recipe
    for module in (routing, norms, elementwise, rope, sampling, quantization, attention, moe_trtllm)
    for recipe in module.RECIPES
}


def recipe_of(entry_point: str) -> Recipe | None:
    """Return how to call an entry point, by its canonical name, or None when nobody has written that down."""
    return RECIPES.get(entry_point)
