"""Functions that work element by element."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Lifted, Promoted, Retyped, Rule, Several
from contractlint.torch_semantics.table import BOTH, FIRST, FLOAT, REAL, SELF, Table, arg, either, given, same

TABLE = Table()
_add = TABLE.add


# One operand, dtype kept.
_kept = Rule(SELF, layout="preserves")
_add(_kept, "neg negative sgn sign ceil floor trunc fix frac round relu nan_to_num", in_place=True)
_add(_kept, "bitwise_not renorm", in_place=True)
_add(_kept, "hardshrink", functions="rrelu selu celu threshold special.round")
_add(_kept, methods="__neg__ __invert__")
_add(Rule(SELF, aliases=True, layout="preserves"), "conj_physical", in_place=True)
_add(Rule(SELF, aliases=True, layout="preserves"), "positive conj resolve_conj resolve_neg", methods="__pos__")
_add(Rule(Lifted(SELF, "number"), layout="preserves"), "square", in_place=True)
_add(Rule(REAL, layout="preserves"), "abs absolute", in_place=True)
_add(Rule(REAL, layout="preserves"), methods="__abs__")
_add(Rule(Lifted(REAL, "float"), layout="preserves"), "angle")

# One operand, and integers cannot hold the result, so it has the default dtype.
_float = Rule(FLOAT, layout="preserves")
_add(
    _float,
    """acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh cos cosh deg2rad digamma erf erfc
    erfinv exp exp2 expm1 i0 lgamma log log10 log1p log2 logit mvlgamma rad2deg reciprocal rsqrt sigmoid sin sinc sinh
    sqrt tan tanh""",
    in_place=True,
)
_add(
    _float,
    functions="""special.airy_ai special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1
    special.digamma special.entr special.erf special.erfc special.erfcx special.erfinv special.exp2 special.expit
    special.expm1 special.gammaln special.i0 special.i0e special.i1 special.i1e special.log1p special.log_ndtr
    special.logit special.modified_bessel_i0 special.modified_bessel_i1 special.modified_bessel_k0
    special.modified_bessel_k1 special.multigammaln special.ndtr special.ndtri special.psi
    special.scaled_modified_bessel_k0 special.scaled_modified_bessel_k1 special.sinc special.spherical_bessel_j0""",
)
_add(Rule(Lifted(Promoted((arg(1, "input"),)), "float"), layout="preserves"), functions="polygamma special.polygamma")
_add(_float, methods="polygamma", in_place=True)

# Two operands and more.
_promoted = Rule(BOTH, layout="preserves")
_add(_promoted, "add sub subtract mul multiply remainder fmod pow gcd lcm floor_divide", in_place=True)
_add(_promoted, "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift", in_place=True)
_add(_promoted, "hypot nextafter", in_place=True)
_add(_promoted, "maximum minimum fmax fmin", functions="rsub")
_add(
    _promoted,
    methods="""__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __mod__ __rmod__ __pow__ __rpow__ __floordiv__
    __rfloordiv__ __and__ __or__ __xor__ __rand__ __ror__ __rxor__ __lshift__ __rshift__ __rlshift__ __rrshift__""",
)
_three = Promoted((FIRST, arg(1, "tensor1"), arg(2, "tensor2")))
_add(Rule(_three, layout="preserves"), "addcmul addcdiv", in_place=True)
_bounds = Promoted((FIRST, arg(1, "min"), arg(2, "max")))
_add(Rule(_bounds, layout="preserves"), "clamp clip clamp_min clamp_max", in_place=True)
# These demand operands of one dtype.
_add(_kept, "lerp heaviside", in_place=True)

_float_promoted = Rule(Lifted(BOTH, "float"), layout="preserves")
_add(_float_promoted, "true_divide atan2 arctan2 copysign xlogy igamma igammac ldexp", in_place=True)
_add(_float_promoted, "logaddexp logaddexp2", methods="__truediv__ __rtruediv__ __rdiv__")
_add(
    _float_promoted,
    functions="special.xlogy special.xlog1py special.zeta special.gammainc special.gammaincc",
)
# With a rounding mode the quotient is integral, and integers stay what they are.
_quotient = either(BOTH, _float_promoted.result, given(None, "rounding_mode"))
_add(Rule(_quotient, layout="preserves"), "div divide", in_place=True)
_add(Rule(Lifted(BOTH, "double"), layout="preserves"), "float_power", in_place=True)

_add(Rule(Several((SELF, Retyped(SELF, "int32")), ("mantissa", "exponent")), layout="preserves"), "frexp")
_parts = Promoted((arg(0, "real", "abs"), arg(1, "imag", "angle")))
_add(Rule(Lifted(_parts, "complex"), layout="preserves"), functions="complex polar")

# Questions about elements.
_compared = Rule(Retyped(BOTH, "bool"), layout="preserves")
_add(
    _compared,
    "eq ne lt le gt ge greater greater_equal less less_equal not_equal logical_and logical_or logical_xor",
    in_place=True,
)
_add(_compared, "isclose", methods="__eq__ __ne__ __lt__ __le__ __gt__ __ge__")
_asked = Rule(Retyped(SELF, "bool"), layout="preserves")
_add(_asked, "logical_not isnan isinf isfinite isneginf isposinf isreal signbit")
_add(Rule(Retyped(same(0, "elements"), "bool"), layout="preserves"), functions="isin")
