"""How to call each row of the tables: templates over the names that `oracle.environment` defines.

Several templates of a group are separated by `;`. A name is that of a function without `torch.`, and of the method when
there is one, whose `self` is the first argument; `.name` is for the method alone. An in-place twin is called like its
original.
"""

from __future__ import annotations

from tests.torch_semantics import samples_creation, samples_functional

GROUPS: tuple[tuple[str, str], ...] = (
    # Pointwise.
    (
        "x; s",
        """neg negative square sgn sign ceil floor trunc fix frac round relu conj_physical nan_to_num bitwise_not
        hardshrink selu celu positive conj resolve_conj resolve_neg abs absolute angle acos acosh arccos arccosh
        arcsin arcsinh arctan arctanh asin asinh atan atanh cos cosh deg2rad digamma erf erfc erfinv exp exp2 expm1
        i0 lgamma log log10 log1p log2 logit rad2deg reciprocal rsqrt sigmoid sin sinc sinh sqrt tan tanh
        special.airy_ai special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1 special.digamma
        special.entr special.erf special.erfc special.erfcx special.erfinv special.exp2 special.expit special.expm1
        special.gammaln special.i0 special.i0e special.i1 special.i1e special.log1p special.log_ndtr special.logit
        special.modified_bessel_i0 special.modified_bessel_i1 special.modified_bessel_k0 special.modified_bessel_k1
        special.ndtr special.ndtri special.psi special.scaled_modified_bessel_k0 special.scaled_modified_bessel_k1
        special.sinc special.spherical_bessel_j0 frexp logical_not isnan isinf isfinite isneginf isposinf isreal
        signbit rrelu special.round nn.functional.sigmoid nn.functional.tanh __neg__ __pos__ __abs__ __invert__""",
    ),
    ("x.clone(), 0.5, True; x.clone(), 0.5, False", "dropout alpha_dropout feature_dropout feature_alpha_dropout"),
    ("x, 0, 1", "threshold nn.functional.threshold"),
    ("x, 2, 0, 1.5", "renorm"),
    ("x, 2", "mvlgamma special.multigammaln"),
    ("1, x", "polygamma special.polygamma"),
    ("x, 1", ".polygamma"),
    (
        "x, 0.5, False",
        "nn.functional.dropout nn.functional.alpha_dropout nn.functional.feature_alpha_dropout",
    ),
    ("b, 0.5, False", "nn.functional.dropout1d"),
    ("a, 0.5, False", "nn.functional.dropout2d"),
    ("volume, 0.5, False", "nn.functional.dropout3d"),
    (
        "x, y; x, 2; x, 2.5; x, f; x, l; x, zd; x, zl; s, h; s, 2.5",
        """add sub subtract mul multiply remainder fmod pow floor_divide true_divide div divide float_power rsub
        __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __mod__ __pow__ __floordiv__ __truediv__ __rfloordiv__
        __rpow__ eq ne lt le gt ge greater greater_equal less less_equal not_equal __eq__ __ne__ __lt__ __le__
        __gt__ __ge__ __iadd__ __isub__ __imul__ __itruediv__ __ifloordiv__ __imod__ __ipow__""",
    ),
    ("x, y; x, l; x, zl; x, f", "atan2 arctan2 copysign xlogy special.xlogy special.xlog1py special.zeta __rmod__"),
    ("x, y; x, l; x, zl; x, f", "maximum minimum fmax fmin logical_and logical_or logical_xor ldexp result_type"),
    ("x, 2; x, 2.5; s, 2", "__rdiv__ __rtruediv__"),
    ("x, y; x, l", "gcd lcm __rlshift__ __rrshift__"),
    (
        "x, y; x, l; x, 2; x, zl",
        """bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift __and__ __or__ __xor__ __rand__
        __ror__ __rxor__ __lshift__ __rshift__ __iand__ __ior__ __ixor__ __ilshift__ __irshift__""",
    ),
    ("x, y; x, f; x, zd", "hypot nextafter logaddexp logaddexp2 igamma igammac special.gammainc special.gammaincc"),
    ("x, y", "heaviside isclose allclose equal is_same_size is_set_to dist"),
    ("x, y, rounding_mode='floor'; x, 2, rounding_mode='trunc'; x, y, rounding_mode=None", "div divide"),
    ("x, y, y; x, f, y; x, y, l; x, y, zd", "addcmul addcdiv"),
    ("x, y, 0.5; x, y, y", "lerp"),
    ("x, 0, 2; x, 0.5; x, max=2.5; x, y, f; x, min=zd; x, None, l", "clamp clip"),
    ("x, 1; x, 1.5; x, f; x, l", "clamp_min clamp_max"),
    ("x, y", "complex polar"),
    ("x, y; x, 1", "isin"),
    # Reductions.
    ("x; x, 1; x, dim=0; x, dtype=torch.float32; x, 1, dtype=torch.float64; s", "sum nansum prod mean nanmean"),
    ("x, 1, keepdim=True; x, dim=(0, 1); x, keepdim=True", "sum nansum mean nanmean"),
    ("x, 1; x, dim=0; x, 0, dtype=torch.float32", "cumsum cumprod"),
    ("x; x, 1; x, dim=1; s", "argmax argmin all any count_nonzero amax amin"),
    ("x; x, 1; x, 1, keepdim=True; x, dim=1; s", "var std median nanmedian"),
    ("x; x, 1", "var_mean std_mean"),
    ("x; x, dim=1; s", "aminmax"),
    ("x, 1; x, dim=1, keepdim=True", "logsumexp special.logsumexp logcumsumexp mode cummax cummin"),
    ("x; x, 2, 1; x, dim=1; x, p=2, dim=1, dtype=torch.float64", "norm functional.norm"),
    ("x; x, dtype=torch.float64", "linalg.norm linalg.vector_norm linalg.matrix_norm"),
    ("x", "trace msort cov corrcoef trapz trapezoid cumulative_trapezoid"),
    ("x; x, dim=0", "diff argsort sort"),
    ("x, 0.5; x, 0.5, 1; x, 0.5, dim=0", "quantile nanquantile"),
    ("x; x, 1; x, dim=1; x, y; x, f; x, 1, True; s", "max min"),
    ("x, 2; x, 2, dim=1", "topk kthvalue"),
    ("x; x, True, True; x, return_counts=True; x, return_inverse=True, return_counts=True; x, dim=0", "unique"),
    ("x; x, True; x, return_counts=True; x, True, True", "unique_consecutive"),
    ("x; x, 4", "histc"),
    ("v, 4", "histogram"),
    ("iv; iv, v; iv, weights=v; iv, None", "bincount"),
    ("v, x; v, x, out_int32=True", "searchsorted"),
    ("x, v; x, v, out_int32=True", "bucketize"),
    # Shapes.
    ("x; x, 0; x.float(), dtype=torch.float32", "size"),
    ("x, 16; x, 2, 8; x, -1; x, torch.int8; x, torch.uint8", "view"),
    ("x, 0", "unsqueeze"),
    ("one; one, 0", "squeeze"),
    ("x", "flatten ravel fliplr flipud atleast_1d atleast_2d atleast_3d t adjoint diagonal linalg.diagonal tril triu"),
    ("x, (16,); x.t(), (16,)", "reshape"),
    ("x, 0, (2, 2)", "unflatten"),
    ("x, y.view(16)", "view_as reshape_as"),
    ("x, 0, 1", "transpose swapaxes swapdims movedim moveaxis transpose_copy"),
    ("x, (1, 0)", "permute permute_copy flip"),
    ("x, 1, 0, 2", "narrow narrow_copy slice_copy"),
    ("x, 1, 0", "select select_copy"),
    ("x, (2, 2), (1, 2)", "as_strided as_strided_"),
    ("one, (4, 4)", "broadcast_to expand expand_copy"),
    ("one, x", "expand_as"),
    ("x, 0, 2, 1", "unfold unfold_copy"),
    ("x, 0; x, (slice(None), 1); x, m; x, i", "__getitem__"),
    ("x; s", "clone contiguous detach requires_grad_ share_memory_"),
    ("x, {}", "__deepcopy__"),
    ("x, 2", "repeat_interleave"),
    ("x, 2, 2", "repeat"),
    ("x, (2, 2)", "tile view_copy"),
    ("x, (16,)", "view_copy"),
    ("v", "diag_embed diag diagflat vander combinations linalg.vander"),
    ("x", "diag_embed diag t_copy squeeze_copy diagonal_copy rot90 block_diag"),
    ("x, 0", "unsqueeze_copy"),
    ("x, 1, 0", "roll"),
    ("[v, w]", "nn.utils.rnn.pad_sequence"),
    (
        "[x, y]; (x, f); [x, l, h]; tensors=[x, y]",
        "cat concat concatenate stack hstack vstack dstack row_stack column_stack",
    ),
    ("[s, zd]; [x, y], 1; [x, y], dim=1", "stack"),
    ("[x, y], 1; [x, y], dim=1", "cat concat concatenate"),
    ("v, w; v, iv", "cartesian_prod"),
    ("x, 2; x, 2, 1", "chunk split tensor_split hsplit vsplit functional.split"),
    ("x, [1, 3]; x, [1, 3], 1", "split_with_sizes split"),
    ("x, 1", "unbind"),
    ("b, 2", "dsplit"),
    ("x", "unbind __iter__"),
    ("v, w", "meshgrid broadcast_tensors"),
    ("one, x", "broadcast_tensors"),
    ("complex_x; complex_x.to(torch.complex128)", "view_as_real real imag"),
    ("torch.stack([x, y], -1)", "view_as_complex"),
    ("x", "real"),
    # Casts and places.
    ("x; s", "float double half bfloat16 byte char short int long bool chalf cfloat cdouble"),
    ("x; s", "cpu to_dense pin_memory cuda xpu"),
    (
        """x, torch.bfloat16; x, dtype=torch.float16; x, 'cpu', torch.int8; x, f; x, other=h; x, 'cpu';
        x, torch.device('cpu'); x, device='cpu', dtype=torch.float64; s, torch.float32; x, torch.float8_e4m3fn;
        x, torch.float8_e5m2; x, torch.float8_e8m0fnu; x, dt; x, copy=True; x, torch.uint16; x, None""",
        "to",
    ),
    ("x, f; x, l", "type_as"),
    (
        "x; x, torch.float16; x, dtype=torch.float16; x, 'torch.HalfTensor'; x, 'torch.LongTensor'; s, torch.int8",
        "type",
    ),
    ("x", "to_sparse to_sparse_coo"),
    ("x.to_sparse()", "coalesce values indices is_coalesced sparse_dim dense_dim"),
    ("x, 0.1, 0, torch.quint8", "quantize_per_tensor"),
    ("x, torch.ones(4), torch.zeros(4, dtype=torch.int64), 0, torch.qint8", "quantize_per_channel"),
    ("x, torch.quint8, False", "quantize_per_tensor_dynamic"),
    ("torch.quantize_per_tensor(f, 0.1, 0, torch.quint8)", "int_repr dequantize"),
    ("x, 0.1, 0, 0, 255", "fake_quantize_per_tensor_affine"),
    ("x, torch.ones(4), torch.zeros(4, dtype=torch.int32), 0, 0, 255", "fake_quantize_per_channel_affine"),
    # Indexing.
    ("x, 0, i", "gather"),
    ("x, 0, iv", "index_select"),
    ("x, i", "take"),
    ("x, i, 0", "take_along_dim"),
    ("x, m", "masked_select"),
    ("x, 0, i, y; x, 0, i, 1", "scatter"),
    ("x, 0, i, y", "scatter_add"),
    ("x, 0, i, y, 'sum'", "scatter_reduce"),
    ("x, 0, iv, y", "index_add index_copy"),
    ("x, 0, iv, 1", "index_fill"),
    ("x, 0, iv, y, 'amax'", "index_reduce"),
    ("x, (iv,), v", "index_put"),
    ("x, m, 0; x, m, s; x, m, zd", "masked_fill"),
    ("x, m, y", "masked_scatter"),
    ("x, v, 0, 1; x, torch.ones(4), 0, 1", "select_scatter"),
    ("x, y, 0", "slice_scatter"),
    ("x, v", "diagonal_scatter"),
    ("x, v, (4,), (1,)", "as_strided_scatter"),
    ("x, iv, v", "put"),
    ("x; x, as_tuple=True; x, as_tuple=False", "nonzero"),
    ("x", "argwhere"),
    ("iv, (2, 2)", "unravel_index"),
    ("m, x, y; m, x, 1; m, 1.5, x; m, x, f; m, x, zd; m, 1, 2; m; m, input=x, other=y", "where"),
    ("x, m, y; x, m, 2.5; x, m, f", ".where"),
    # Linear algebra.
    ("x, y", "matmul inner kron __matmul__ __rmatmul__ linalg.matmul mm cdist linalg.solve tensordot chain_matmul"),
    ("v, w", "dot vdot inner outer ger matmul linalg.vecdot"),
    ("x, v", "mv"),
    ("b, b", "bmm matmul"),
    ("v[:3], w[:3]", "cross linalg.cross"),
    ("spd, 2", "matrix_power linalg.matrix_power"),
    (
        "spd",
        """matrix_exp inverse pinverse det logdet cholesky cholesky_inverse svd qr geqrf slogdet linalg.matrix_exp
        linalg.inv linalg.pinv linalg.cholesky linalg.det linalg.svd linalg.qr linalg.slogdet linalg.lu
        linalg.lu_factor linalg.inv_ex linalg.cholesky_ex linalg.eigh linalg.eig linalg.eigvals linalg.eigvalsh
        linalg.svdvals linalg.cond linalg.matrix_rank""",
    ),
    ("x, spd", "cholesky_solve"),
    ("spd, v", "orgqr linalg.householder_product linalg.solve_ex linalg.tensorsolve"),
    ("spd, ind=1", "linalg.tensorinv"),
    ("spd, x, upper=True", "linalg.solve_triangular"),
    ("*torch.linalg.lu_factor(spd), x", "linalg.lu_solve"),
    ("[x, y]", "linalg.multi_dot"),
    ("x, y, y", "addmm"),
    ("b, b, b", "baddbmm"),
    ("v, x, w", "addmv"),
    ("x, v, w", "addr"),
    ("x, b, b", "addbmm"),
    ("'ij,jk->ik', x, y; 'ij->ji', x; 'i,i->', v, w; 'ij,ij->ij', x, y", "einsum functional.einsum"),
    ("x.to(torch.int8), y.to(torch.int8)", "_int_mm"),
    (
        "x",
        """fft.fft fft.ifft fft.fft2 fft.ifft2 fft.fftn fft.ifftn fft.rfft fft.rfft2 fft.rfftn fft.ihfft fft.ihfft2
        fft.ihfftn fft.irfft fft.irfft2 fft.irfftn fft.hfft fft.hfft2 fft.hfftn fft.fftshift fft.ifftshift""",
    ),
    ("v, 4, return_complex=True; v, 4, return_complex=False; complex_x, 4, center=False", "stft"),
    ("complex_x[:3], 4; complex_x[:3], 4, return_complex=True", "istft"),
    ("complex_x", "fft.fft fft.ifft fft.irfft fft.hfft"),
)

_ACCELERATOR = """cuda xpu pin_memory record_stream cuda.FloatTensor cuda.DoubleTensor cuda.HalfTensor
    cuda.BFloat16Tensor cuda.ByteTensor cuda.CharTensor cuda.ShortTensor cuda.IntTensor cuda.LongTensor cuda.BoolTensor
    _scaled_mm _grouped_mm nn.functional.scaled_mm nn.functional.grouped_mm"""

UNCALLABLE: dict[str, str] = {
    **dict.fromkeys(_ACCELERATOR.split(), "needs an accelerator"),
    **dict.fromkeys(("from_file", "load"), "reads a file"),
}
"""Rows that cannot be called here, and why."""

ATTRIBUTES: dict[str, str] = {"real": "complex_x", "imag": "complex_x", "mH": "x", "H": "x"}
"""Tensors on which attributes are read, other than `x`."""

ATTRIBUTES_OTHERWISE: frozenset[str] = frozenset({"grad"})
"""Attributes that need more than a tensor; they have tests of their own."""


def templates() -> dict[str, tuple[str, ...]]:
    """The call templates of each name."""
    found: dict[str, tuple[str, ...]] = {}
    for calls, names in (*GROUPS, *samples_functional.GROUPS, *samples_creation.GROUPS):
        for name in names.split():
            found[name] = (*found.get(name, ()), *(call.strip() for call in calls.split(";")))
    return found


TEMPLATES = templates()


def of_function(name: str) -> tuple[str, ...]:
    """How to call `torch.<name>`."""
    return TEMPLATES.get(name) or (TEMPLATES.get(name.removesuffix("_"), ()) if name.endswith("_") else ())


def of_method(name: str) -> tuple[str, ...]:
    """How to call the method, its `self` first."""
    if own := TEMPLATES.get(f".{name}") or TEMPLATES.get(name):
        return own
    base = name.removesuffix("_")
    return TEMPLATES.get(f".{base}") or TEMPLATES.get(base, ()) if name.endswith("_") else ()
