"""Quantisation and back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from contractlint.reference import layouts
from contractlint.reference import quantization as q
from contractlint.testing.call import Call
from contractlint.testing.kernels.registry import kernel

Swizzle = str  # "layout_128x4", "layout_8x4" or "layout_linear", as in SfLayout


def _swizzled(scale: Tensor, layout: Swizzle, columns: int) -> Tensor:
    """Lay out scales as asked for, in rows of `columns` (padded where the layout pads)."""
    if layout == "layout_linear":
        return scale
    rows = layouts.interleave_scales(scale, tile=8 if layout == "layout_8x4" else 128)
    return rows.reshape(-1, -(-columns // 4) * 4)


@kernel("fp4_quantize")
def fp4_quantize(call: Call) -> Any:
    """To NVFP4 (`sf_vec_size` 16) or MXFP4 (32)."""
    layout = "layout_8x4" if call.get("is_sf_8x4_layout", False) else "layout_128x4"
    layout = layout if call.get("is_sf_swizzled_layout", True) else "layout_linear"
    return _fp4(call.input, call.global_scale, call.get("sf_vec_size", 16), layout)


@kernel("nvfp4_quantize")
def nvfp4_quantize(call: Call) -> Any:
    """To NVFP4; with `do_shuffle` as weights are prepared for the trtllm kernels."""
    layout = call.member("sfLayout", "SfLayout", "layout_128x4")
    if not call.get("do_shuffle", False):
        return _fp4(call.a, call.a_global_sf, call.get("sf_vec_size", 16), layout)
    code, scale = _fp4(call.a, call.a_global_sf, call.get("sf_vec_size", 16), "layout_linear")
    shuffled = layouts.interleave_scales(layouts.shuffle(scale, 128))
    return layouts.shuffle(code, 128), shuffled.reshape(scale.shape)


@kernel("mxfp4_quantize")
def mxfp4_quantize(call: Call) -> Any:
    """To MXFP4, scales swizzled."""
    return _fp4(call.a, None, 32, "layout_128x4")


def _fp4(x: Tensor, global_scale: Tensor | None, size: int, layout: Swizzle) -> tuple[Tensor, Tensor]:
    if size == 32:
        code, scale = q.quantize_mxfp4(x)
    else:
        code, scale = q.quantize_nvfp4(x, 1.0 if global_scale is None else global_scale.float())
        scale = scale.view(torch.uint8)
    return code, _swizzled(scale, layout, x.shape[-1] // size)


@kernel("mxfp8_quantize")
def mxfp8_quantize(call: Call) -> Any:
    """To MXFP8; scales as one dimension."""
    default = "layout_128x4" if call.get("is_sf_swizzled_layout", True) else "layout_linear"
    layout = call.member("sf_swizzle_layout", "SfLayout", default)
    x = call.input
    missing = -x.shape[-1] % call.get("alignment", 32)
    x = torch.nn.functional.pad(x, (0, missing)) if missing else x
    code, scale = q.quantize_mxfp8(x)
    return code, _swizzled(scale, layout, x.shape[-1] // 32).reshape(-1)


@kernel("mxfp8_dequantize_host")
def mxfp8_dequantize_host(call: Call) -> Any:
    """From MXFP8 to float32."""
    default = "layout_128x4" if call.get("is_sf_swizzled_layout", True) else "layout_linear"
    layout = call.member("sf_swizzle_layout", "SfLayout", default)
    rows, columns = call.input.shape[0], call.input.shape[1] // 32
    return q.dequantize_mxfp8(call.input, _linear(call.scale_tensor, layout, rows, columns))


@kernel("mxfp4_dequantize", "mxfp4_dequantize_host")
def mxfp4_dequantize(call: Call) -> Any:
    """From MXFP4 to float32; the host variant takes linear scales."""
    code = call.get("a_fp4", call.weight).view(torch.uint8)
    host = call.weight is not None
    layout = "layout_linear" if host else "layout_128x4"
    scale = call.scale if host else call.a_sf
    return q.dequantize_mxfp4(code, _linear(scale, layout, code.shape[0], code.shape[1] // 16))


@kernel("e2m1_and_ufp8sf_scale_to_float")
def e2m1_and_ufp8sf_scale_to_float(call: Call) -> Any:
    """From FP4 with 8-bit scales, of the type that `ufp8_type` says (0 power of two, 1 float8), to float32."""
    code = call.e2m1_tensor.view(torch.uint8)
    size = call.get("sf_vec_size", 16)
    layout = "layout_128x4" if call.get("is_sf_swizzled_layout", True) else "layout_linear"
    scale = _linear(call.ufp8_scale_tensor, layout, code.shape[0], code.shape[1] * 2 // size)
    factor = scale.view(torch.float8_e4m3fn).float() if call.get("ufp8_type", 1) else q.from_ue8m0(scale)
    whole = 1.0 if call.global_scale_tensor is None else call.global_scale_tensor.float()
    return q.from_e2m1(code) * factor.repeat_interleave(size, -1) * whole


def _linear(scale: Tensor, layout: Swizzle, rows: int, columns: int) -> Tensor:
    flat = scale.contiguous().view(torch.uint8).reshape(-1)
    if layout == "layout_linear":
        return flat.reshape(rows, columns)
    return layouts.deinterleave_scales(flat, rows, columns, tile=8 if layout == "layout_8x4" else 128)[0]
