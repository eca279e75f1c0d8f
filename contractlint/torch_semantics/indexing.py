"""Functions that pick elements by index or mask, or write at them."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Many, Promoted, Rule, Test
from contractlint.torch_semantics.table import IN_PLACE, INT64, NOTHING, SELF, Table, arg, either, flat, given

TABLE = Table()
_add = TABLE.add

_picked = Rule(flat(SELF))
_add(_picked, "gather index_select take take_along_dim masked_select")
_written = Rule(SELF, layout="preserves")
_add(_written, "scatter scatter_add scatter_reduce index_add index_copy index_fill index_put index_reduce", in_place=True)
_add(_written, "masked_fill masked_scatter", in_place=True)
_add(_written, "select_scatter slice_scatter diagonal_scatter as_strided_scatter")
_add(Rule(NOTHING, mutates=True), methods="__setitem__")

_coordinates = either(Many(INT64), INT64, Test("true", arg(None, "as_tuple")))
_add(Rule(_coordinates), "nonzero")
_add(Rule(INT64), "argwhere")
# torch.where(condition) is torch.nonzero(condition, as_tuple=True).
_chosen = Promoted((arg(1, "input", "self"), arg(2, "other")))
_add(Rule(either(_chosen, Many(INT64), given(1, "input", "self")), layout="preserves"), functions="where")
_add(Rule(Promoted((arg(0, "self"), arg(2, "other"))), layout="preserves"), methods="where")

# Methods that overwrite all of `self` whatever its dtype.
_add(IN_PLACE, methods="copy_ zero_ fill_ fill_diagonal_ normal_ uniform_ random_ exponential_ bernoulli_ cauchy_")
_add(IN_PLACE, methods="geometric_ log_normal_ put_ tril_ triu_ resize_ resize_as_ set_ detach_")
