"""Preparing weights and scales for the kernels: shuffles, swizzles, block-major layout."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from contractlint.reference import layouts
from contractlint.testing.call import Call
from contractlint.testing.kernels.registry import kernel


@kernel("shuffle_matrix_a")
def shuffle_matrix_a(call: Call) -> Any:
    """Shuffle rows."""
    return layouts.shuffle(call.input_tensor, call.epilogue_tile_m)


@kernel("shuffle_matrix_sf_a")
def shuffle_matrix_sf_a(call: Call) -> Any:
    """Shuffle rows of linear scales, then swizzle."""
    return layouts.interleave_scales(layouts.shuffle(call.input_tensor, call.epilogue_tile_m))


@kernel("block_scale_interleave", "nvfp4_block_scale_interleave")
def block_scale_interleave(call: Call) -> Any:
    """Swizzle scales into tiles of 128x4."""
    return layouts.interleave_scales(call.unswizzled_sf)


@kernel("reorder_rows_for_gated_act_gemm", "fused_moe.reorder_rows_for_gated_act_gemm")
def reorder_rows_for_gated_act_gemm(call: Call) -> Any:
    """Alternate the halves of a gated weight."""
    return call.x[layouts.gated_rows(call.x.shape[0])]


@kernel("fused_moe.convert_to_block_layout", "fused_moe.core.convert_to_block_layout")
def convert_to_block_layout(call: Call) -> Any:
    """Turn `[M, K]` into `[K / b, M, b]`."""
    return call.input_tensor.unflatten(-1, (-1, call.blockK)).transpose(0, 1).contiguous()


@kernel("utils.get_shuffle_matrix_a_row_indices", "utils.get_shuffle_matrix_sf_a_row_indices")
def row_indices(call: Call) -> Any:
    """The row order of a shuffle."""
    return layouts.shuffled_rows(call.input_tensor.shape[0], call.epilogue_tile_m)


@kernel("fused_moe.core.get_reorder_rows_for_gated_act_gemm_row_indices")
def gated_row_indices(call: Call) -> Any:
    """The row order that alternates the halves of a gated weight."""
    return layouts.gated_rows(call.x.shape[0])


@kernel("fused_moe.core.get_w2_permute_indices_with_cache")
def w2_permute_indices(call: Call) -> Any:
    """The row order of the second weights. The caller's cache is filled as the library fills it."""
    weight = call.dst_w2_weight
    return _cached(call, ("w2", weight.shape), lambda: layouts.shuffled_rows(weight.shape[0], call.epilogue_tile_m))


def w3_w1_permute_indices(
    _cache_permute_indices: dict[Any, Tensor],
    dst_w3_w1_weight: Tensor,
    epilogue_tile_m: int,
    num_elts_per_sf: int | None = None,
    is_gated_act_gemm: bool = True,
) -> Tensor:
    """The row order of the first weights; engines reach into the library for it, so it is no entry point."""
    rows = dst_w3_w1_weight.shape[0]
    key = ("w3_w1", dst_w3_w1_weight.shape)
    if key not in _cache_permute_indices:
        order = layouts.gated_rows(rows) if is_gated_act_gemm else torch.arange(rows)
        _cache_permute_indices[key] = order[layouts.shuffled_rows(rows, epilogue_tile_m)]
    return _cache_permute_indices[key].to(dst_w3_w1_weight.device)


def _cached(call: Call, key: Any, make: Any) -> Any:
    cache = call.arguments["_cache_permute_indices"]
    if key not in cache:
        cache[key] = make()
    return cache[key]
