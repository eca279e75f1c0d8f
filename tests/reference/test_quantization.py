"""Quantisation there and back, and byte layouts there and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch: Any = pytest.importorskip("torch", reason="the references are written in torch")

from contractlint.reference import layouts  # noqa: E402
from contractlint.reference import quantization as q  # noqa: E402

seeds = st.integers(0, 2**31)


def values(seed: int, *shape: int) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator) * torch.rand(shape[0], 1, generator=generator) * 4


def nvfp4(x: Any) -> Any:
    whole = 448 * 6 / x.abs().max()
    return q.dequantize_nvfp4(*q.quantize_nvfp4(x, whole), whole)


def fp8(x: Any) -> Any:
    code, scale = q.quantize_fp8_per_tensor(x)
    return code.float() * scale


def rows(x: Any) -> Any:
    code, scale = q.quantize_fp8_per_row(x)
    return code.float() * scale


SCHEMES = {  # round trip, largest error relative to the largest value of the block that shares a scale
    "fp8 per tensor": (fp8, 2**-4),
    "fp8 per row": (rows, 2**-4),
    "fp8 groups": (lambda x: q.dequantize_fp8_groups(*q.quantize_fp8_groups(x)), 2**-4),
    "fp8 blocks": (lambda x: q.dequantize_fp8_blocks(*q.quantize_fp8_blocks(x)), 2**-4),
    "mxfp8": (lambda x: q.dequantize_mxfp8(*q.quantize_mxfp8(x)), 2**-4),
    "nvfp4": (nvfp4, 0.25),
    "mxfp4": (lambda x: q.dequantize_mxfp4(*q.quantize_mxfp4(x)), 0.25),
    "mxint4": (lambda x: q.dequantize_mxint4(*q.quantize_mxint4(x)), 0.1),
}


@pytest.mark.parametrize("scheme", SCHEMES)
@given(seeds)
@settings(max_examples=10, deadline=None)
def test_a_round_trip_stays_close_and_a_second_one_changes_nothing(scheme: str, seed: int) -> None:
    trip, bound = SCHEMES[scheme]
    x = values(seed, 128, 256)
    once = trip(x)
    assert float(((once - x).abs() / x.abs().max()).max()) <= bound
    assert not torch.equal(once, x)
    torch.testing.assert_close(trip(once), once, atol=float(x.abs().max()) * 2e-2, rtol=2e-2)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_zeros_stay_zero(scheme: str) -> None:
    zeros = torch.zeros(128, 256)
    if scheme != "nvfp4":  # its global scale would be infinite
        assert torch.equal(SCHEMES[scheme][0](zeros), zeros)
    assert torch.equal(q.dequantize_nvfp4(*q.quantize_nvfp4(zeros, 1.0)), zeros)


def test_four_bit_codes_round_to_the_nearest_and_ties_to_the_even_code() -> None:
    given_ = torch.tensor([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0, 5.01, 100.0, -0.26, -5.0, -0.0])
    rounded = q.from_e2m1(q.to_e2m1(given_))
    assert rounded.tolist() == [0.0, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 6.0, 6.0, -0.5, -4.0, -0.0]
    assert q.to_e2m1(torch.tensor([0.5, 6.0])).tolist() == [0x71]  # the first value in the low half


def test_power_of_two_scales_round_up() -> None:
    x = torch.tensor([1.0, 1.0001, 2.0, 0.75, 0.0])
    assert q.from_ue8m0(q.to_ue8m0(x)).tolist()[:4] == [1.0, 2.0, 2.0, 1.0]
    assert q.to_ue8m0(x)[-1] == 0


@given(seeds, st.sampled_from([16, 64, 128]), st.booleans(), st.sampled_from([32, 64, 160]))
@settings(max_examples=30, deadline=None)
def test_shuffles_are_undone(seed: int, tile: int, gated: bool, size: int) -> None:
    x = values(seed, size, 8)
    shuffled = layouts.shuffle(x, tile, gated=gated)
    assert not torch.equal(shuffled, x)
    assert torch.equal(layouts.unshuffle(shuffled, tile, gated=gated), x)


def test_a_shuffle_maps_rows_as_documented() -> None:
    # Row 1 of a block of 32 goes to row 8, row 2 to 16, row 4 to 1; of a block of 16, row 1 goes to row 8, row 2 to 1.
    assert layouts.inverse(layouts.shuffled_rows(32, 128))[:5].tolist() == [0, 8, 16, 24, 1]
    assert layouts.inverse(layouts.shuffled_rows(16, 64))[:4].tolist() == [0, 8, 1, 9]
    assert layouts.gated_rows(6).tolist() == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize("width", [torch.uint8, torch.bfloat16])
def test_block_major_holds_128_bytes_of_a_row_together(width: Any) -> None:
    x = torch.arange(2 * 4 * 256).view(2, 4, 256).to(width)
    block = layouts.to_block_major(x)
    each = 128 // x.element_size()
    assert block.shape == (2, 256 // each, 4, each)
    assert torch.equal(block[1, 1, 2], x[1, 2, each : 2 * each])
    assert torch.equal(layouts.from_block_major(block), x)


@given(st.integers(1, 300), st.integers(1, 9), st.sampled_from([128, 8]), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_swizzled_scales_stand_where_the_kernel_looks(rows: int, columns: int, tile: int, batch: int) -> None:
    x = torch.randint(1, 255, (batch, rows, columns), dtype=torch.uint8)
    flat = layouts.interleave_scales(x, tile=tile)
    assert torch.equal(layouts.deinterleave_scales(flat, rows, columns, tile=tile), x)
    wide, high = -(-columns // 4), -(-rows // tile)
    assert flat.numel() == batch * wide * 4 * high * tile
    b, m, k = batch - 1, rows - 1, columns - 1
    tile_at = ((b * high + m // tile) * wide + k // 4) * tile * 4
    within = (m % 32) * 16 + (m % 128) // 32 * 4 + k % 4 if tile == 128 else (m % 8) * 4 + k % 4
    assert flat[tile_at + within] == x[b, m, k]
