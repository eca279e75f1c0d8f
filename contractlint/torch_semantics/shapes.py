"""Functions that rearrange elements without computing: views, copies, joining and splitting."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Arg, FromAny, Lifted, Many, Promoted, Rule, Test
from contractlint.torch_semantics.table import FIRST, REAL, SELF, SUM, Table, arg, either, flat, same

TABLE = Table()
_add = TABLE.add

_SELF = flat(SELF)

# Views in the same order of elements.
# A dtype stands alone; more arguments than one are sizes.
_viewed = either(_SELF, FromAny(_SELF), Test("passed", arg(2)))
_add(Rule(_viewed, aliases=True, layout="preserves"), methods="view")
_view = Rule(_SELF, aliases=True, layout="preserves")
_add(_view, "unsqueeze squeeze flatten reshape ravel unflatten", methods="view_as reshape_as")
_add(_view, functions="atleast_1d atleast_2d atleast_3d")

# Views in another order, or of a part.
_strided = Rule(_SELF, aliases=True, layout="may_be_strided")
_add(_strided, "t transpose permute swapaxes swapdims movedim moveaxis adjoint narrow select diagonal as_strided")
_add(_strided, "broadcast_to", methods="expand expand_as unfold __getitem__", functions="linalg.diagonal")
_add(_strided, attributes="T mT H mH")

# The same elements in new memory. The copies of views are laid out anew.
_add(Rule(SELF, layout="preserves"), "clone", methods="__deepcopy__")
_add(Rule(SELF, aliases=True, layout="contiguous"), methods="contiguous")
_copied = Rule(_SELF, layout="contiguous")
_add(_copied, "repeat_interleave narrow_copy diag_embed", methods="repeat")
_add(
    _copied,
    functions="""expand_copy permute_copy transpose_copy t_copy select_copy slice_copy unsqueeze_copy squeeze_copy
    view_copy diagonal_copy unfold_copy""",
)
_add(Rule(_SELF, layout="preserves"), "flip fliplr flipud roll tril triu")
_add(Rule(_SELF), "diag diagflat tile")
_add(Rule(_SELF, layout="may_be_strided"), "rot90")
_add(Rule(_SELF), functions="combinations")
_add(Rule(flat(Promoted((Arg(0, rest=True),)))), functions="block_diag")
_add(Rule(flat(SUM)), functions="vander linalg.vander")
_add(Rule(flat(same(0, "sequences")), layout="preserves"), functions="nn.utils.rnn.pad_sequence")

# Joining promotes.
_joined = flat(Promoted((FIRST,)))
_add(Rule(_joined, layout="preserves"), functions="cat concat concatenate stack hstack vstack dstack row_stack")
_add(Rule(_joined), functions="column_stack")
_add(Rule(flat(Promoted((Arg(0, ("tensors",), rest=True),)))), functions="cartesian_prod")

# Splitting gives views.
_add(
    Rule(Many(_SELF), aliases=True, layout="may_be_strided"),
    "chunk split split_with_sizes tensor_split unbind hsplit dsplit",
    functions="functional.split",
)
_add(Rule(Many(_SELF), aliases=True, layout="preserves"), "vsplit", methods="__iter__")
_add(Rule(Many(_SELF), aliases=True, layout="may_be_strided"), functions="meshgrid broadcast_tensors")

# Complex numbers as pairs of real ones.
_add(Rule(flat(REAL), aliases=True, layout="preserves"), functions="view_as_real")
_add(Rule(flat(Lifted(SELF, "complex")), aliases=True, layout="preserves"), functions="view_as_complex")
_add(Rule(REAL, aliases=True, layout="may_be_strided"), functions="real imag", attributes="real imag")
