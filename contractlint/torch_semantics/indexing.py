"""Functions that pick elements by index or mask, or write at them."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Many, Promoted, Rule, Test
from contractlint.torch_semantics.table import INT64, SELF, Table, arg, either, flat, given

TABLE = Table()
_add = TABLE.add

_add(Rule(flat(SELF), layout="preserves"), "gather index_select take take_along_dim masked_select")
# The out-of-place forms copy first; the values that they write are converted to the dtype of the copy, or must have it.
_written = Rule(SELF, layout="preserves")
_add(_written, "scatter scatter_add scatter_reduce index_add index_copy index_fill index_put", in_place=True)
_add(_written, "index_reduce masked_fill masked_scatter", in_place=True)
_add(_written, "select_scatter slice_scatter diagonal_scatter as_strided_scatter", methods="put")

_coordinates = either(Many(INT64), INT64, Test("true", arg(None, "as_tuple")))
_add(Rule(_coordinates, layout="may_be_strided"), "nonzero")
_add(Rule(INT64, layout="may_be_strided"), "argwhere")
_add(Rule(Many(INT64)), functions="unravel_index")
# With only a condition, `torch.where` is `nonzero(as_tuple=True)`.
_chosen = Promoted((arg(1, "input", "self"), arg(2, "other")))
_add(Rule(either(flat(_chosen), Many(INT64), given(1, "input", "self")), layout="preserves"), functions="where")
_add(Rule(flat(Promoted((arg(0, "self"), arg(2, "other")))), layout="preserves"), methods="where")
