"""Functions that work element by element."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Lifted, Promoted, Retyped, Rule, Several
from contractlint.torch_semantics.table import BOTH, FIRST, FLOAT, INT32, REAL, SECOND, SELF, Table, arg, either, given

TABLE = Table()
_add = TABLE.add

THIRD = arg(2, "tensor2", "weight", "max")

# One operand.
_kept = Rule(SELF, layout="preserves")
_add(_kept, "neg negative square sgn sign ceil floor trunc fix frac round relu conj_physical nan_to_num", in_place=True)
_add(_kept, "bitwise_not renorm hardshrink", functions="rrelu selu celu threshold dropout alpha_dropout special.round")
_add(Rule(SELF, aliases=True, layout="preserves"), "positive conj resolve_conj resolve_neg")
_add(Rule(REAL, layout="preserves"), "abs absolute", in_place=True)
_add(Rule(Lifted(REAL, "float"), layout="preserves"), "angle")

# Integers cannot hold the result, so it has the default dtype.
_float = Rule(FLOAT, layout="preserves")
_add(
    _float,
    """acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh cos cosh deg2rad digamma erf erfc erfinv
    exp exp2 expm1 i0 lgamma log log10 log1p log2 logit mvlgamma rad2deg reciprocal rsqrt sigmoid sin sinc sinh sqrt tan
    tanh""",
    in_place=True,
)
_add(
    _float,
    functions="""special.airy_ai special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1 special.digamma
    special.entr special.erf special.erfc special.erfcx special.erfinv special.exp2 special.expit special.expm1
    special.gammaln special.i0 special.i0e special.i1 special.i1e special.log1p special.log_ndtr special.logit special.ndtr
    special.ndtri special.psi special.sinc special.modified_bessel_i0 special.modified_bessel_i1
    special.modified_bessel_k0 special.modified_bessel_k1 special.scaled_modified_bessel_k0
    special.scaled_modified_bessel_k1 special.spherical_bessel_j0 special.multigammaln""",
)
_add(Rule(Lifted(SELF, "float"), layout="preserves"), functions="nn.functional.sigmoid nn.functional.tanh")
_second_float = Lifted(Promoted((arg(1, "input", "other"),)), "float")
_add(Rule(_second_float, layout="preserves"), "polygamma", functions="special.polygamma")

# Two operands and more, by promotion.
_promoted = Rule(BOTH, layout="preserves")
_add(_promoted, "add sub subtract mul multiply remainder fmod pow gcd lcm floor_divide", in_place=True)
_add(_promoted, "maximum minimum fmax fmin logaddexp logaddexp2")
_add(_promoted, "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift", in_place=True)
_add(_promoted, "hypot nextafter heaviside", in_place=True)
_add(_promoted, functions="rsub")
_add(_promoted, methods="__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __mod__ __rmod__ __pow__ __rpow__")
_add(_promoted, methods="__and__ __or__ __xor__ __rand__ __ror__ __rxor__ __lshift__ __rshift__ __floordiv__ __rfloordiv__")
_add(Rule(Promoted((FIRST, SECOND, THIRD)), layout="preserves"), "addcmul", in_place=True)
_add(Rule(Promoted((FIRST, SECOND, THIRD)), layout="preserves"), "addcdiv", in_place=True)
_add(Rule(SELF, layout="preserves"), "lerp", in_place=True)
_bounds = Promoted((FIRST, arg(1, "min"), arg(2, "max")))
_add(Rule(_bounds, layout="preserves"), "clamp clip", in_place=True)
_add(Rule(Promoted((FIRST, arg(1, "min", "max"))), layout="preserves"), "clamp_min clamp_max", in_place=True)

_float_promoted = Lifted(BOTH, "float")
_add(
    Rule(_float_promoted, layout="preserves"),
    "true_divide atan2 arctan2 copysign xlogy igamma igammac ldexp",
    functions="special.xlogy special.xlog1py special.zeta special.gammainc special.gammaincc",
    methods="__truediv__ __rtruediv__ __rdiv__",
    in_place=False,
)
_add(Rule(_float_promoted, layout="preserves"), methods="__div__")
# Dividing with a rounding mode is integer division.
_division = either(BOTH, _float_promoted, given(2, "rounding_mode"))
_add(Rule(_division, layout="preserves"), "div divide", in_place=True)
_add(Rule(Lifted(BOTH, "double"), layout="preserves"), "float_power")
_add(Rule(Several((SELF, INT32), ("mantissa", "exponent")), layout="preserves"), "frexp")
_parts = Promoted((arg(0, "real", "abs"), arg(1, "imag", "angle")))
_add(Rule(Lifted(_parts, "complex"), layout="preserves"), functions="complex polar")

# Questions about elements.
_truth = Rule(Retyped(BOTH, "bool"), layout="preserves")
_add(
    _truth,
    """eq ne lt le gt ge greater greater_equal less less_equal not_equal logical_and logical_or logical_xor""",
    in_place=True,
)
_add(_truth, "isclose", methods="__eq__ __ne__ __lt__ __le__ __gt__ __ge__", functions="isin")
_about_one = Rule(Retyped(SELF, "bool"), layout="preserves")
_add(_about_one, "logical_not", in_place=True)
_add(_about_one, "isnan isinf isfinite isneginf isposinf isreal signbit")
