"""Methods that change a tensor's dtype, and those that move or mark it without doing so."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import FromAny, Python, Retyped, Rule, Undetermined
from contractlint.torch_semantics.table import INT64, SELF, Table, either, given

TABLE = Table()
_add = TABLE.add

# A cast to the dtype that a tensor already has returns the tensor itself, hence `aliases`.
_NAMED = {
    "float": "float32", "double": "float64", "half": "float16", "bfloat16": "bfloat16", "byte": "uint8", "char": "int8",
    "short": "int16", "int": "int32", "long": "int64", "bool": "bool", "chalf": "complex32", "cfloat": "complex64",
    "cdouble": "complex128",
}  # fmt: skip
for _method, _dtype in _NAMED.items():
    _add(Rule(Retyped(SELF, _dtype), aliases=True, layout="preserves"), methods=_method)

_cast = FromAny(SELF, tensors=True)
_add(Rule(_cast, aliases=True, layout="preserves"), methods="to type_as")
# Without an argument, `.type()` asks for the name of the type.
_add(Rule(either(_cast, Python("str"), given(1, "dtype")), aliases=True, layout="preserves"), methods="type")

# Another place, the same dtype.
_moved = Rule(SELF, aliases=True, layout="preserves")
_add(_moved, "detach", methods="cpu cuda xpu pin_memory to_dense requires_grad_ share_memory_", attributes="data grad")
_add(Rule(SELF), methods="to_sparse to_sparse_coo coalesce")
_add(Rule(SELF, aliases=True), methods="values")
_add(Rule(INT64, aliases=True), methods="indices")

# Quantised tensors have dtypes of their own, which pack a scale with the numbers.
_packed = Rule(Undetermined("a quantised dtype carries its scale with it"))
_add(_packed, functions="quantize_per_tensor quantize_per_channel quantize_per_tensor_dynamic")
_add(Rule(Undetermined("the dtype is that of the packed numbers")), "int_repr")
_add(Rule(Retyped(SELF, "float32")), "dequantize")
_fake = "fake_quantize_per_tensor_affine fake_quantize_per_channel_affine"
_add(Rule(SELF, layout="preserves"), functions=_fake)
