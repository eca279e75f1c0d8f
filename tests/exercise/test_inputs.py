"""Arguments as they reach the device."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from contractlint.exercise.inputs import build
from contractlint.exercise.recipes import Argument, Recipe
from contractlint.exercise.references import folded_scales
from contractlint.exercise.trials import BY_ROWS, STRIDED, TRANSPOSED, Mutation, Trial

RECIPE = Recipe(
    "lib.f", {"m": 4, "k": 6}, {"a": Argument(shape=("m", "k")), "b": Argument(shape=("k", "m"), by_columns=True)}
)
PRESENT = frozenset({"a", "b"})


def built(mutation: Mutation = Mutation.NONE, parameter: str = "", given: str = "") -> dict[str, torch.Tensor]:
    return build(RECIPE, {}, Trial("lib.f", mutation, parameter, given), PRESENT, "cpu")


def test_a_matrix_by_columns_stays_so_in_every_dtype() -> None:
    assert built()["b"].stride() == (1, 6)
    assert built(Mutation.DTYPE, "b", "float32")["b"].stride() == (1, 6)


@pytest.mark.parametrize(
    ("parameter", "given", "strides"), [("a", STRIDED, (12, 1)), ("a", TRANSPOSED, (1, 4)), ("b", BY_ROWS, (4, 1))]
)
def test_another_layout_has_the_same_values(parameter: str, given: str, strides: tuple[int, ...]) -> None:
    mutated = built(Mutation.LAYOUT, parameter, given)[parameter]
    assert mutated.stride() == strides
    assert torch.equal(mutated, built()[parameter])


def test_scales_are_folded_in_rows_of_sixteen_bytes() -> None:
    scales = torch.arange(64 * 4, dtype=torch.uint8).reshape(1, 64, 4)
    folded = folded_scales(scales, 32)
    assert folded.shape == (1, 1, 1, 16, 16)
    # Row 1 of the tile holds the scales of rows 1, 17, 33 and 49.
    assert folded[0, 0, 0, 1].tolist() == [scales[0, row, column] for row in (1, 17, 33, 49) for column in range(4)]
