"""The trtllm-gen MoE family, for Blackwell."""

from __future__ import annotations

from contractlint.exercise.recipes.base import Recipe

RECIPES: tuple[Recipe, ...] = ()
