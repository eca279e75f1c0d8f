"""The byte layouts that the kernels expect of weights and scales, and back.

Sources: `flashinfer/utils.py` (`get_shuffle_matrix_a_row_indices`), `fused_moe/core.py` (rows of gated weights, block
layout), `quantization_utils.cuh` (128x4 and 8x4 layout of scales).
"""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK_BYTES = 128  # width of a block of the block-major layout


def gated_rows(rows: int) -> Tensor:
    """Row order that alternates the two halves of a gated weight: 0, n/2, 1, n/2 + 1, …"""
    if rows % 2:
        raise ValueError(f"a gated weight has an even number of rows, not {rows}")
    return torch.arange(rows).view(2, -1).transpose(0, 1).reshape(-1)


def shuffled_rows(rows: int, epilogue_tile: int) -> Tensor:
    """Row order of a shuffled weight: within blocks of 16 (32 when the tile is a multiple of 128) by column, 8 apart."""
    block = 32 if epilogue_tile % 128 == 0 else 16
    if rows % block:
        raise ValueError(f"a weight shuffled for tiles of {epilogue_tile} has a multiple of {block} rows, not {rows}")
    stride = block // 8
    old = torch.arange(block)
    new = (old % stride) * 8 + old // stride
    order = torch.empty(block, dtype=torch.long)
    order[new] = old
    return (torch.arange(0, rows, block).unsqueeze(-1) + order).reshape(-1)


def inverse(order: Tensor) -> Tensor:
    """The order that undoes an order."""
    return torch.argsort(order)


def shuffle(x: Tensor, epilogue_tile: int, *, gated: bool = False) -> Tensor:
    """Shuffle the rows of `[..., M, K]`; of a gated weight, alternate its halves first."""
    return x.index_select(-2, _order(x, epilogue_tile, gated))


def unshuffle(x: Tensor, epilogue_tile: int, *, gated: bool = False) -> Tensor:
    """Undo `shuffle`."""
    return x.index_select(-2, inverse(_order(x, epilogue_tile, gated)))


def _order(x: Tensor, epilogue_tile: int, gated: bool) -> Tensor:
    order = shuffled_rows(x.shape[-2], epilogue_tile)
    order = gated_rows(x.shape[-2])[order] if gated else order
    return order.to(x.device)


def to_block_major(x: Tensor) -> Tensor:
    """Turn `[..., M, K]` into `[..., K / b, M, b]`, where b values make up 128 bytes."""
    width = BLOCK_BYTES // x.element_size()
    return x.unflatten(-1, (-1, width)).transpose(-3, -2).contiguous()


def from_block_major(x: Tensor) -> Tensor:
    """Undo `to_block_major`."""
    return x.transpose(-3, -2).flatten(-2)


def interleave_scales(scale: Tensor, *, tile: int = 128) -> Tensor:
    """Swizzle scales `[..., rows, columns]` into tiles of 128x4 (or 8x4), padded with zeros to full tiles.

    Returns one dimension: the tiles of all batches one after the other.
    """
    rows, columns = scale.shape[-2:]
    # The scales are bytes or bfloat16; pad them without looking at their values.
    flat = scale.reshape(-1, rows, columns)
    padded = flat.new_zeros((flat.shape[0], _up(rows, tile), _up(columns, 4)))
    padded[:, :rows, :columns] = flat
    if tile == 128:
        tiles = padded.unflatten(-2, (-1, 4, 32)).unflatten(-1, (-1, 4))  # batch, R, 4, 32, C, 4
        return tiles.permute(0, 1, 4, 3, 2, 5).reshape(-1)
    tiles = padded.unflatten(-2, (-1, tile)).unflatten(-1, (-1, 4))  # batch, R, 8, C, 4
    return tiles.permute(0, 1, 3, 2, 4).reshape(-1)


def deinterleave_scales(swizzled: Tensor, rows: int, columns: int, *, tile: int = 128) -> Tensor:
    """Undo `interleave_scales`: return `[batch, rows, columns]`, without the padding."""
    row_tiles, column_tiles = _up(rows, tile) // tile, _up(columns, 4) // 4
    if tile == 128:
        tiles = swizzled.reshape(-1, row_tiles, column_tiles, 32, 4, 4).permute(0, 1, 4, 3, 2, 5)
    else:
        tiles = swizzled.reshape(-1, row_tiles, column_tiles, tile, 4).permute(0, 1, 3, 2, 4)
    return tiles.reshape(-1, row_tiles * tile, column_tiles * 4)[:, :rows, :columns]


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
