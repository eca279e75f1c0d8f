"""Functions that rearrange elements without computing: views, copies, joining and splitting."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Arg, FromAny, Lifted, Many, Promoted, Rule
from contractlint.torch_semantics.table import FIRST, REAL, SELF, Table, flat

TABLE = Table()
_add = TABLE.add

_SELF = flat(SELF)

# Views in the same order of elements.
_add(Rule(FromAny(_SELF), aliases=True, layout="preserves"), methods="view")
_view = Rule(_SELF, aliases=True, layout="preserves")
_add(_view, "unsqueeze squeeze flatten reshape ravel unflatten", methods="view_as reshape_as")
_add(_view, functions="atleast_1d atleast_2d atleast_3d")
_add(Rule(SELF, aliases=True, layout="preserves"), "detach", methods="requires_grad_ share_memory_")

# Views in another order, or of a part.
_strided = Rule(_SELF, aliases=True, layout="may_be_strided")
_add(_strided, "t transpose permute swapaxes swapdims movedim moveaxis adjoint narrow select diagonal as_strided")
_add(_strided, methods="expand expand_as mT unfold __getitem__", functions="broadcast_to")
_add(_strided, methods="broadcast_to")
_add(_strided, methods="transpose_ t_ squeeze_ unsqueeze_ swapaxes_ swapdims_ as_strided_")

# The same elements in new memory.
_add(Rule(SELF, layout="preserves"), "clone")
_add(Rule(SELF, aliases=True, layout="contiguous"), methods="contiguous")
_copied = Rule(_SELF, layout="contiguous")
_add(_copied, "repeat_interleave tile", methods="repeat")
_add(Rule(SELF, layout="preserves"), "flip fliplr flipud roll rot90 tril triu")
_add(_copied, "diag_embed diagflat narrow_copy")
_add(Rule(_SELF), "diag block_diag")

# Joining promotes; torch.stack and torch.cat take one sequence, the others too.
_joined = Promoted((FIRST,))
_add(Rule(flat(_joined), layout="preserves"), functions="cat concat concatenate stack")
_add(Rule(flat(_joined)), functions="hstack vstack dstack column_stack row_stack")
_parts = Promoted((Arg(0, ("tensors",), rest=True),))
_add(Rule(flat(_parts)), functions="cartesian_prod")

# Splitting gives views.
_pieces = Rule(Many(_SELF), aliases=True, layout="may_be_strided")
_add(_pieces, "chunk split tensor_split unbind hsplit vsplit dsplit", methods="__iter__")
_add(_pieces, "split_with_sizes", functions="functional.split")
_add(Rule(Many(_SELF), aliases=True), functions="meshgrid broadcast_tensors")

# Complex numbers as pairs.
_add(Rule(flat(REAL), aliases=True, layout="preserves"), functions="view_as_real")
_add(Rule(Lifted(SELF, "complex"), aliases=True, layout="preserves"), functions="view_as_complex")
_add(Rule(REAL, aliases=True, layout="may_be_strided"), functions="real imag")

# Places.
_moved = Rule(SELF, aliases=True, layout="preserves")
_add(_moved, methods="cpu cuda xpu pin_memory to_dense")
_add(_moved, attributes="data grad")
_add(Rule(_SELF, aliases=True, layout="may_be_strided"), attributes="T mT H mH")
_add(Rule(REAL, aliases=True, layout="may_be_strided"), attributes="real imag")
