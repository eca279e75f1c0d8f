"""How to call each entry point: what the contract cannot say. One file for each family; no torch until a kernel runs."""

from contractlint.exercise.recipes.base import Argument, Fill, Member, Recipe
from contractlint.exercise.recipes.table import ENTRY_POINTS, RECIPES, recipes_of

__all__ = ["ENTRY_POINTS", "RECIPES", "Argument", "Fill", "Member", "Recipe", "recipes_of"]
