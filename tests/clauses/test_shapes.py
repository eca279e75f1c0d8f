"""Symbolic shapes against the sizes of tensors: exact, at least, any; and unknown where a size is not known."""

from __future__ import annotations

import pytest

from contractlint.clauses.shapes import fits

SIZES = {"num_tokens": 4, "hidden_size": 256}


@pytest.mark.parametrize(
    ("expressions", "shape", "kept", "why"),
    [
        (("num_tokens", "hidden_size / 2"), (4, 128), True, ""),
        (("num_tokens", "hidden_size / 2"), (4, 256), False, "dimension 1 is 256 instead of hidden_size / 2 = 128"),
        ((">= num_tokens", "hidden_size"), (4, 256), True, ""),
        ((">= num_tokens", "hidden_size"), (9, 256), True, ""),
        ((">= num_tokens", "hidden_size"), (3, 256), False, "dimension 0 is 3 instead of at least num_tokens = 4"),
        ((">= max_num_tokens", "hidden_size"), (9, 256), None, ""),
        ((">= max_num_tokens", "hidden_size"), (9, 128), False, "dimension 1 is 128 instead of hidden_size = 256"),
        (("...", "hidden_size"), (2, 3, 256), True, ""),
        (("_", "1"), (7, 2), False, "dimension 1 is 2 instead of 1"),
        (("num_tokens",), (4, 1), False, "2 dimensions instead of 1"),
    ],
)
def test_a_shape_and_what_is_said_of_it(
    expressions: tuple[str, ...], shape: tuple[int, ...], kept: bool | None, why: str
) -> None:
    assert fits(expressions, shape, SIZES) == (kept, why)
