"""Methods that change a tensor's dtype, or move it without doing so."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import FromAny, Retyped, Rule
from contractlint.torch_semantics.table import SELF, Table

TABLE = Table()
_add = TABLE.add

# A cast to the dtype a tensor already has returns the tensor itself, hence `aliases`.
_NAMED = {
    "float": "float32", "double": "float64", "half": "float16", "bfloat16": "bfloat16", "byte": "uint8", "char": "int8",
    "short": "int16", "int": "int32", "long": "int64", "bool": "bool", "chalf": "complex32", "cfloat": "complex64",
    "cdouble": "complex128",
}  # fmt: skip
for _method, _dtype in _NAMED.items():
    _add(Rule(Retyped(SELF, _dtype), aliases=True, layout="preserves"), methods=_method)

_add(Rule(FromAny(SELF, tensors=True), aliases=True, layout="preserves"), methods="to type_as")
