"""What writes to its first argument and returns it. A tensor that is written to keeps its dtype."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Rule
from contractlint.torch_semantics.table import IN_PLACE, NOTHING, Table

TABLE = Table()
_add = TABLE.add

_add(Rule(NOTHING, mutates=True), methods="__setitem__")
_add(
    IN_PLACE,
    methods="""copy_ zero_ fill_ fill_diagonal_ normal_ uniform_ random_ exponential_ bernoulli_ cauchy_ geometric_
    log_normal_ put_ tril_ triu_ cumsum_ cumprod_ logical_not_ __iadd__ __isub__ __imul__ __itruediv__ __ifloordiv__
    __imod__ __ipow__ __iand__ __ior__ __ixor__ __ilshift__ __irshift__""",
    functions="fill_ zero_ index_put_ dropout_ alpha_dropout_ feature_dropout_",
)
_add(
    IN_PLACE,
    functions="""abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_
    ceil_ celu_ clamp_ clamp_max_ clamp_min_ clip_ conj_physical_ cos_ cosh_ deg2rad_ erf_ erfc_ exp_ exp2_ expm1_ fix_
    floor_ frac_ gcd_ i0_ lcm_ ldexp_ log_ log10_ log1p_ log2_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_
    relu_ round_ rrelu_ rsqrt_ selu_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ threshold_ trunc_ xlogy_
    nn.functional.relu_ nn.functional.elu_ nn.functional.celu_ nn.functional.selu_ nn.functional.leaky_relu_
    nn.functional.hardtanh_ nn.functional.rrelu_ nn.functional.threshold_""",
)
_add(
    IN_PLACE,
    functions="""nn.init.zeros_ nn.init.ones_ nn.init.constant_ nn.init.normal_ nn.init.uniform_ nn.init.trunc_normal_
    nn.init.xavier_uniform_ nn.init.xavier_normal_ nn.init.kaiming_uniform_ nn.init.kaiming_normal_ nn.init.orthogonal_
    nn.init.eye_ nn.init.dirac_ nn.init.sparse_""",
)

# These change what `self` is a view of, not its elements, and can leave it strided.
_relaid = Rule(IN_PLACE.result, aliases=True, layout="may_be_strided", mutates=True)
_add(_relaid, methods="transpose_ t_ swapaxes_ swapdims_ as_strided_", functions="as_strided_")
_add(IN_PLACE, methods="squeeze_ unsqueeze_")
_add(Rule(IN_PLACE.result, aliases=True, layout="preserves"), methods="detach_", functions="detach_")
_add(Rule(IN_PLACE.result, aliases=True, mutates=True), methods="resize_ resize_as_ set_", functions="resize_as_")
