"""How to call each entry point: what the contract cannot say. One file for each family; no torch until a kernel runs."""

from contractlint.exercise.recipes.base import Argument, Fill, Recipe
from contractlint.exercise.recipes.table import RECIPES, recipe_of

__all__ = ["RECIPES", "Argument", "Fill", "Recipe", "recipe_of"]
