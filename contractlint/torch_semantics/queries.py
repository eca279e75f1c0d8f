"""What is no tensor: sizes, flags, dtypes and Python numbers."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import DtypeOf, NumberOf, Promoted, Python, Rule
from contractlint.torch_semantics.table import BOTH, DEFAULT_DTYPE, NOTHING, SELF, Table, arg, either, given

TABLE = Table()
_add = TABLE.add

_int, _bool, _size, _other = (Rule(Python(kind)) for kind in ("int", "bool", "size", "other"))

_add(_int, "numel", methods="dim ndimension nelement element_size storage_offset data_ptr get_device dense_dim")
_add(_int, methods="sparse_dim __len__ __hash__")
_add(_size, methods="dim_order", functions="broadcast_shapes")
_add(Rule(either(Python("int"), Python("size"), given(1, "dim"))), methods="size stride")
_add(_other, methods="tolist numpy untyped_storage storage register_hook __array__", functions="manual_seed")
_add(Rule(NOTHING), methods="backward retain_grad record_stream", functions="set_default_dtype")
_add(Rule(NumberOf(SELF)), methods="item")
_add(_int, methods="__int__ __index__")
_add(Rule(Python("float")), methods="__float__")
_add(
    _bool,
    "is_floating_point is_complex is_nonzero is_signed is_same_size is_conj is_neg is_inference equal allclose",
    methods="is_contiguous is_pinned is_shared is_set_to is_coalesced __bool__ __contains__",
    functions="is_tensor can_cast is_grad_enabled is_storage",
)
_add(Rule(Python("str")), methods="__repr__ __format__")

_add(Rule(DtypeOf(SELF)), attributes="dtype")
_add(_size, attributes="shape")
_add(_int, attributes="ndim itemsize nbytes output_nr _version")
_add(_bool, attributes="is_cuda is_cpu is_meta is_xpu is_mps requires_grad is_leaf is_sparse is_quantized is_nested")
_add(_bool, attributes="retains_grad")
_add(Rule(Python("device")), attributes="device")
_add(_other, attributes="layout grad_fn")

_add(Rule(DtypeOf(DEFAULT_DTYPE)), functions="get_default_dtype")
_add(Rule(DtypeOf(BOTH)), functions="result_type")
_add(Rule(DtypeOf(Promoted((arg(0, "type1"), arg(1, "type2"))))), functions="promote_types")
_add(Rule(Python("dtype_info")), functions="finfo iinfo")
_add(Rule(Python("device")), functions="device get_default_device")
_add(_size, functions="Size")
_add(_other, functions="Generator")
