"""Layouts of 4-bit weights and their scales on Hopper."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor

from contractlint.reference import mixed

CODES = torch.randint(0, 256, (2, 32, 64), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (mixed.interleave_int4, mixed.deinterleave_int4),
        (mixed.interleave_fp4, mixed.deinterleave_fp4),
        (mixed.interleave_fp4_for_float8, mixed.deinterleave_fp4_for_float8),
    ],
)
def test_codes_are_interleaved_and_back(there: Callable[[Tensor], Tensor], back: Callable[[Tensor], Tensor]) -> None:
    laid = there(CODES)
    assert laid.dtype == torch.uint8 and laid.shape == CODES.shape and not torch.equal(laid, CODES)
    assert torch.equal(back(laid), CODES)


def alone(row: int, byte: int, code: int) -> Tensor:
    """Zeros, but for one code in the low half of one byte."""
    found = torch.zeros(1, 16, 32, dtype=torch.uint8)
    found[0, row, byte] = code
    return found


@pytest.mark.parametrize(
    ("row", "byte", "code", "place", "value"),
    [  # the shifts of `interleave_fp4_weights_for_sm90_mixed_gemm_kernel`, of the low code of each of its four bytes
        (0, 0, 0b0111, (0, 0), 0x7 << 6),
        (0, 0, 0b1000, (0, 0), 1 << 15),
        (8, 0, 0b0111, (0, 0), 0x7 << 3),
        (8, 0, 0b1000, (0, 0), 1 << 12),
        (0, 4, 0b0111, (0, 0), 0x7),
        (0, 4, 0b1000, (0, 0), 1 << 9),
        (8, 4, 0b0110, (0, 0), 0x3 << 10),
        (8, 4, 0b0001, (0, 0), 1 << 13),
        (8, 4, 0b1000, (0, 0), 1 << 14),
        (0, 8, 0b0001, (8, 0), 1 << 6),
        (0, 17, 0b0001, (0, 20), 1 << 6),
    ],
)
def test_bits_of_fp4_go_where_the_kernel_puts_them(
    row: int, byte: int, code: int, place: tuple[int, int], value: int
) -> None:
    laid = mixed.interleave_fp4(alone(row, byte, code))[0].to(torch.int32)
    (found,) = laid.sum(-1).nonzero().flatten().tolist()
    words = laid[found, ::2] | laid[found, 1::2] << 8
    (word,) = words.nonzero().flatten().tolist()
    assert (found, 2 * word) == place and int(words[word]) == value


@pytest.mark.parametrize(("row", "byte", "place"), [(0, 0, 1), (0, 1, 5), (8, 0, 0), (8, 1, 4)])
def test_signs_for_float8_stand_at_other_codes(row: int, byte: int, place: int) -> None:
    """As `preprocess_fp4x8_signs_for_fp8` shifts them: bits 3, 11, 19 and 27 of a word go to 7, 23, 3 and 19."""
    laid = mixed.interleave_fp4_for_float8(alone(row, byte, 8))[0, 0, :4].tolist()
    assert sum(part << 8 * index for index, part in enumerate(laid)) == 8 << 4 * place


@pytest.mark.parametrize(("dtype", "group"), [(torch.uint8, 32), (torch.bfloat16, 128)])
def test_scales_are_folded_and_packed_and_back(dtype: torch.dtype, group: int) -> None:
    scales = torch.arange(2 * 128 * (512 // group)).reshape(2, 128, -1).to(dtype)
    folded = mixed.fold_scales(scales, group)
    assert folded.shape[-1] * folded.element_size() == 16
    assert torch.equal(mixed.unfold_scales(folded, group), scales)
    assert torch.equal(mixed.unpack_scales(mixed.pack_scales(scales, 4), 4), scales)


def test_offsets_and_factors_stand_for_the_exponents() -> None:
    exponents = torch.tensor([[[118, 122]], [[120, 127]]], dtype=torch.uint8)
    offsets, factor = mixed.offsets(exponents)
    assert offsets.tolist() == [[[1, 5]], [[1, 8]]]
    # The kernel's conversion leaves out a factor of 2^6, and an offset of 1 stands for the least exponent.
    assert factor.tolist() == [2.0 ** (118 - 127 + 5), 2.0 ** (120 - 127 + 5)]
    with pytest.raises(ValueError, match="apart"):
        mixed.offsets(torch.tensor([[[100, 112]]], dtype=torch.uint8))
