"""What is no tensor: sizes, flags, dtypes and Python numbers."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import DtypeOf, NumberOf, Python, Rule
from contractlint.torch_semantics.table import BOTH, DEFAULT_DTYPE, SELF, Table

TABLE = Table()
_add = TABLE.add

_number, _flag, _size, _other = Rule(Python("int")), Rule(Python("bool")), Rule(Python("size")), Rule(Python("other"))

_add(_number, "numel", methods="dim ndimension nelement element_size storage_offset data_ptr get_device __len__")
_add(_size, methods="size stride")
_add(_other, methods="tolist numpy untyped_storage storage")
_add(Rule(NumberOf(SELF)), methods="item")
_add(_flag, "is_floating_point is_complex is_nonzero equal allclose", methods="is_contiguous is_pinned __bool__")
_add(_flag, functions="is_tensor")

_add(Rule(DtypeOf(SELF)), attributes="dtype")
_add(_size, attributes="shape")
_add(_number, attributes="ndim itemsize nbytes")
_add(_flag, attributes="is_cuda is_cpu requires_grad is_leaf is_sparse is_quantized")
_add(Rule(Python("device")), attributes="device")
_add(_other, attributes="layout grad_fn names")

_add(Rule(DtypeOf(DEFAULT_DTYPE)), functions="get_default_dtype")
_add(Rule(DtypeOf(BOTH)), "result_type")
_add(Rule(Python("dtype_info")), functions="finfo iinfo")
