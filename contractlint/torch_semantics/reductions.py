"""Functions that reduce, scan, order or count along dimensions."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Arg, Case, Choice, Lifted, Result, Retyped, Rule, SameAs, Several, Test
from contractlint.torch_semantics.table import (
    BOTH,
    DIM,
    FLOAT,
    INT32,
    INT64,
    REAL,
    SECOND,
    SELF,
    SUM,
    Table,
    arg,
    either,
    flat,
    given,
    keyword,
    zero_dim,
)

TABLE = Table()
_add = TABLE.add

_SELF = flat(SELF)


def _reduced(result: Result, position: int | None = 1) -> Result:
    """A reduction over everything has no dimensions; one over named dimensions, or that keeps them, may have some."""
    named, kept = given(position, *DIM), given(None, "keepdim", "keepdims")
    return Choice((Case((named,), flat(result)), Case((kept,), flat(result))), zero_dim(result))


# Sums of integers are int64, so that they do not overflow.
_add(Rule(_reduced(keyword(SUM)), layout="preserves"), "sum nansum prod")
_add(Rule(keyword(SUM), layout="preserves"), "cumsum cumprod")
_add(Rule(zero_dim(SUM)), "trace")
_add(Rule(_reduced(keyword(SELF)), layout="preserves"), "mean nanmean")
_add(Rule(_reduced(SELF), layout="preserves"), "amax amin")
_add(Rule(flat(REAL), layout="preserves"), "var std")
_add(Rule(Several((flat(REAL), _SELF)), layout="preserves"), functions="var_mean std_mean")
_add(Rule(flat(FLOAT), layout="preserves"), "logsumexp", functions="special.logsumexp")
_add(Rule(FLOAT, layout="preserves"), "logcumsumexp")
_add(Rule(flat(keyword(REAL, 5))), "norm", functions="functional.norm")
_add(Rule(flat(keyword(REAL))), functions="linalg.norm linalg.vector_norm linalg.matrix_norm")
_add(Rule(_reduced(Lifted(SELF, "truth")), layout="preserves"), "all any")
_add(Rule(_reduced(INT64), layout="preserves"), "argmax argmin count_nonzero")
_add(Rule(_SELF), "quantile nanquantile diff")
_add(Rule(zero_dim(REAL)), "dist")
_add(Rule(flat(FLOAT)), "cov corrcoef", functions="trapz trapezoid cumulative_trapezoid")

# With a dimension, values come with their indices.
_indices = Retyped(SELF, "int64")
_pair = Several((_SELF, INT64), ("values", "indices"))
_extremum = Choice((Case((Test("tensor", SECOND),), BOTH), Case((given(1, *DIM),), _pair)), zero_dim(SELF))
_add(Rule(_extremum, layout="preserves"), "max min")
_add(Rule(either(_pair, zero_dim(SELF), given(1, *DIM)), layout="preserves"), "median nanmedian")
_add(Rule(_pair, layout="preserves"), "kthvalue mode")
_add(Rule(Several((SELF, _indices), ("values", "indices")), layout="preserves"), "sort topk cummax cummin")
_ends = Several((_reduced(SELF, None), _reduced(SELF, None)), ("min", "max"))
_add(Rule(_ends, layout="preserves"), "aminmax")
_add(Rule(_indices, layout="preserves"), "argsort")
_add(Rule(SELF, layout="preserves"), "msort")


def _unique(inverse: Arg, counts: Arg) -> Result:
    asked = Test("true", inverse), Test("true", counts)
    three, two = Several((_SELF, INT64, INT64)), Several((_SELF, INT64))
    return Choice((Case(asked, three), Case(asked[:1], two), Case(asked[1:], two)), _SELF)


_add(Rule(_unique(arg(2, "return_inverse"), arg(3, "return_counts"))), "unique")
_add(Rule(_unique(arg(1, "return_inverse"), arg(2, "return_counts"))), "unique_consecutive")

# Counting.
_add(Rule(_SELF, layout="contiguous"), "histc")
_add(Rule(Several((_SELF, _SELF), ("hist", "bin_edges"))), "histogram")
_weighted = Lifted(SameAs(arg(1, "weights")), "weights")
_add(Rule(either(_weighted, INT64, given(1, "weights")), layout="contiguous"), "bincount")
_place = either(INT32, INT64, Test("true", arg(None, "out_int32")))
_add(Rule(_place, layout="preserves"), functions="searchsorted bucketize")
