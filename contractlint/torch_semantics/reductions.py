"""Functions that reduce, scan, order or count along dimensions."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Arg, Case, Choice, Lifted, Promoted, Result, Rule, Several, Test
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


def reduced(result: Result, position: int = 1) -> Result:
    """A reduction over everything has no dimensions; one over named dimensions may keep some."""
    named = given(position, *DIM)
    kept = given(None, "keepdim", "keepdims")
    return Choice((Case((named,), flat(result)), Case((kept,), flat(result))), zero_dim(result))


# Sums of integers are int64, so that they do not overflow.
_add(Rule(reduced(keyword(SUM)), layout="preserves"), "sum nansum prod")
_add(Rule(keyword(SUM, 2), layout="preserves"), "cumsum cumprod")
_add(Rule(SELF, aliases=True, layout="preserves", mutates=True), methods="cumsum_ cumprod_")
_add(Rule(reduced(keyword(SELF)), layout="preserves"), "mean nanmean")
_add(Rule(reduced(SELF), layout="preserves"), "amax amin")
_add(Rule(reduced(REAL), layout="preserves"), "var std")
_add(Rule(Several((reduced(REAL), reduced(SELF)))), functions="var_mean")
_add(Rule(Several((reduced(REAL), reduced(SELF)))), functions="std_mean")
_add(Rule(flat(FLOAT), layout="preserves"), "logsumexp", functions="special.logsumexp")
_add(Rule(FLOAT, layout="preserves"), "logcumsumexp")
_add(Rule(keyword(REAL, 5)), "norm")
_add(Rule(keyword(REAL)), functions="linalg.norm linalg.vector_norm linalg.matrix_norm")
_add(Rule(reduced(Lifted(SELF, "truth")), layout="preserves"), "all any")
_add(Rule(reduced(INT64), layout="preserves"), "argmax argmin count_nonzero")
_add(Rule(flat(SELF), layout="preserves"), "quantile nanquantile")
_add(Rule(SELF), "diff dist")
_add(Rule(flat(SUM)), "trace")
_add(Rule(flat(SELF)), functions="trapz trapezoid cumulative_trapezoid")
_add(Rule(SELF, layout="preserves"), "cov corrcoef")

# With a dimension, values come with their indices.
_with_indices = Several((flat(SELF), INT64), ("values", "indices"))
_extremum = Choice(
    (Case((Test("tensor", SECOND),), BOTH), Case((given(1, *DIM),), _with_indices)),
    zero_dim(SELF),
)
_add(Rule(_extremum, layout="preserves"), "max min")
_add(Rule(either(_with_indices, zero_dim(SELF), given(1, *DIM)), layout="preserves"), "median nanmedian")
_add(Rule(_with_indices, layout="preserves"), "kthvalue mode")
_add(Rule(Several((SELF, INT64), ("values", "indices"))), "sort topk cummax cummin")
_add(Rule(Several((reduced(SELF, 9), reduced(SELF, 9)), ("min", "max"))), "aminmax")
_add(Rule(INT64), "argsort")
_add(Rule(SELF), "msort")


def _unique(inverse: Arg, counts: Arg) -> Result:
    both, one = Several((flat(SELF), INT64, INT64)), Several((flat(SELF), INT64))
    asked = Test("true", inverse), Test("true", counts)
    return Choice((Case(asked, both), Case(asked[:1], one), Case(asked[1:], one)), flat(SELF))


_add(Rule(_unique(arg(2, "return_inverse"), arg(3, "return_counts"))), "unique")
_add(Rule(_unique(arg(1, "return_inverse"), arg(2, "return_counts"))), "unique_consecutive")

# Counting.
_add(Rule(flat(SELF)), "histc")
_add(Rule(either(flat(Lifted(Promoted((arg(1, "weights"),)), "double")), INT64, given(1, "weights"))), "bincount")
_short = Test("true", arg(None, "out_int32"))
_add(Rule(either(INT32, INT64, _short)), functions="searchsorted bucketize")
