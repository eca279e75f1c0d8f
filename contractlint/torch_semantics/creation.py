"""Functions that make tensors from sizes, numbers and other containers."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Fixed, Lifted, OfContents, Rule, Undetermined
from contractlint.torch_semantics.table import (
    BOOL,
    DEFAULT_DTYPE,
    FLOAT32,
    INT32,
    INT64,
    SELF,
    Table,
    arg,
    flat,
    keyword,
    same,
    zero_dim,
)

TABLE = Table()
_add = TABLE.add

_default = keyword(DEFAULT_DTYPE)
_add(Rule(_default, layout="contiguous", fill="uninitialised"), functions="empty")
_add(Rule(_default, layout="contiguous", fill="zero"), functions="zeros")
_add(Rule(_default, layout="contiguous", fill="other"), functions="ones rand randn eye")
_add(Rule(_default, layout="may_be_strided", fill="uninitialised"), functions="empty_strided")
_add(Rule(_default, layout="may_be_strided", fill="uninitialised"), functions="empty_permuted")
_add(Rule(keyword(INT64), layout="contiguous", fill="other"), functions="randint randperm")
_add(Rule(keyword(INT64), layout="contiguous"), functions="tril_indices triu_indices")

# The `_like` family keeps strides as well as dtype.
_like = keyword(SELF)
_add(Rule(_like, layout="preserves", fill="uninitialised"), functions="empty_like")
_add(Rule(_like, layout="preserves", fill="zero"), functions="zeros_like")
_add(Rule(_like, layout="preserves", fill="other"), functions="ones_like full_like rand_like randn_like randint_like")

_new = flat(keyword(SELF))
_add(Rule(_new, layout="contiguous", fill="uninitialised"), methods="new_empty")
_add(Rule(_new, layout="contiguous", fill="zero"), methods="new_zeros")
_add(Rule(_new, layout="contiguous", fill="other"), methods="new_ones new_full")
_add(Rule(_new, layout="may_be_strided", fill="uninitialised"), methods="new_empty_strided")
_add(Rule(keyword(SELF), layout="contiguous"), methods="new_tensor")
_add(Rule(flat(SELF), layout="contiguous"), methods="new")

# The dtype comes from the number itself: `torch.full(n, 0)` is int64, `torch.full(n, 0.0)` is not.
_add(
    Rule(flat(keyword(OfContents((arg(1, "fill_value"),), by_kind=True))), layout="contiguous", fill="other"),
    functions="full",
)
_add(Rule(keyword(OfContents((arg(0, "data"),))), layout="preserves"), functions="tensor")
_add(
    Rule(keyword(OfContents((arg(0, "data", "obj"),)), 1), aliases=True, layout="preserves"),
    functions="as_tensor",
)
_add(Rule(keyword(OfContents((arg(0, "obj"),))), aliases=True, layout="preserves"), functions="asarray")
_add(Rule(zero_dim(_default), layout="contiguous"), functions="scalar_tensor")

_numbers = OfContents((arg(0, "start"), arg(1, "end"), arg(2, "step")), by_kind=True)
_add(Rule(flat(keyword(Lifted(_numbers, "sum"))), layout="contiguous"), functions="arange")
_add(Rule(flat(keyword(DEFAULT_DTYPE)), layout="contiguous"), functions="range")
_ends = OfContents((arg(0, "start"), arg(1, "end")), by_kind=True)
_add(Rule(flat(keyword(Lifted(_ends, "float"))), layout="contiguous"), functions="linspace logspace")

_windows = "hann_window hamming_window blackman_window bartlett_window kaiser_window"
_add(Rule(_default, layout="contiguous"), functions=f"{_windows} fft.fftfreq fft.rfftfreq")

_add(Rule(Undetermined("the dtype is that of the numpy array"), aliases=True), functions="from_numpy")
_add(Rule(keyword(DEFAULT_DTYPE), aliases=True, layout="contiguous"), functions="frombuffer from_file")
_add(Rule(same(0, "ext_tensor"), aliases=True), functions="from_dlpack utils.dlpack.from_dlpack")
_add(Rule(Undetermined("the dtype is what was saved")), functions="load")

_add(Rule(keyword(flat(OfContents((arg(1, "values"),))))), functions="sparse_coo_tensor")

# `nn.Parameter(x)` shares x's memory.
_parameter = Rule(same(0, "data"), aliases=True, layout="preserves")
_add(_parameter, functions="nn.Parameter nn.parameter.Parameter nn.Buffer nn.parameter.Buffer")

# The constructors from before dtypes were objects.
_add(Rule(DEFAULT_DTYPE, layout="contiguous"), functions="Tensor")
_legacy = {
    "Float": FLOAT32, "Double": Fixed("float64"), "Half": Fixed("float16"), "BFloat16": Fixed("bfloat16"),
    "Byte": Fixed("uint8"), "Char": Fixed("int8"), "Short": Fixed("int16"), "Int": INT32, "Long": INT64, "Bool": BOOL,
}  # fmt: skip
for _name, _dtype in _legacy.items():
    _add(Rule(_dtype, layout="contiguous"), functions=f"{_name}Tensor cuda.{_name}Tensor")

# Draws whose parameters are tensors.
_add(Rule(SELF, layout="preserves"), "bernoulli", functions="normal poisson binomial")
_add(Rule(flat(INT64), layout="contiguous"), "multinomial")
