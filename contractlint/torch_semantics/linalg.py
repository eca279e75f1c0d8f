"""Matrix products, decompositions and Fourier transforms."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Case, Choice, Lifted, Rule, Several, Test
from contractlint.torch_semantics.table import (
    FLOAT,
    IN_PLACE,
    INT32,
    INT64,
    REAL,
    SELF,
    Table,
    arg,
    either,
    flat,
    keyword,
    same,
    zero_dim,
)

TABLE = Table()
_add = TABLE.add

_SELF, _REAL = flat(SELF), flat(REAL)
_COMPLEX = flat(Lifted(SELF, "complex"))

# Products never promote: their operands must agree, so the first one tells. Folding can leave `matmul` strided.
_product = Rule(_SELF)
_add(_product, "matmul inner kron matrix_power matrix_exp pinverse det logdet", methods="__matmul__ __rmatmul__")
_add(
    _product,
    functions="""tensordot chain_matmul cdist linalg.matmul linalg.multi_dot linalg.matrix_power linalg.matrix_exp
    linalg.pinv linalg.tensorsolve linalg.det linalg.vecdot linalg.cross linalg.lu_solve""",
)
_add(_product, "cross addr addbmm")
_add(Rule(_SELF, layout="preserves"), "mv outer ger")
_add(Rule(flat(keyword(SELF, 2, "out_dtype")), layout="preserves"), "mm bmm")
_add(Rule(flat(keyword(SELF, 3, "out_dtype")), layout="preserves"), "addmm baddbmm", in_place=True)
_add(Rule(_SELF, layout="preserves"), "addmv", in_place=True)
_add(IN_PLACE, methods="addr_ addbmm_")
_add(Rule(zero_dim(SELF)), "dot vdot")
# A mere transposition is a view.
_add(Rule(flat(same(1, "operands")), aliases=True, layout="may_be_strided"), functions="einsum functional.einsum")

# Solvers and decompositions work on column-major matrices, and return them so.
_column_major = Rule(_SELF, layout="may_be_strided")
_add(_column_major, "inverse cholesky cholesky_inverse cholesky_solve orgqr")
_add(
    _column_major,
    functions="""linalg.inv linalg.tensorinv linalg.solve linalg.solve_triangular linalg.cholesky
    linalg.householder_product""",
)
# Singular values and the eigenvalues of symmetric matrices are real.
_add(Rule(Several((_SELF, _REAL, _SELF)), layout="may_be_strided"), "svd", functions="linalg.svd")
_add(Rule(Several((_SELF, _SELF)), layout="may_be_strided"), "qr geqrf", functions="linalg.qr")
_add(Rule(Several((_REAL, _SELF)), layout="may_be_strided"), functions="linalg.eigh")
_add(Rule(Several((_COMPLEX, _COMPLEX)), layout="may_be_strided"), functions="linalg.eig")
_with_status = "linalg.lu_factor linalg.inv_ex linalg.cholesky_ex"
_add(Rule(Several((_SELF, INT32)), layout="may_be_strided"), functions=_with_status)
_add(Rule(Several((_SELF, INT32))), functions="linalg.solve_ex")
_add(Rule(Several((_SELF, _REAL))), "slogdet", functions="linalg.slogdet")
_add(Rule(Several((_SELF, _SELF, _SELF))), functions="linalg.lu")
_add(Rule(_COMPLEX), functions="linalg.eigvals")
_add(Rule(_REAL), functions="linalg.eigvalsh linalg.svdvals linalg.cond")
_add(Rule(INT64), functions="linalg.matrix_rank")

# Products of quantised operands.
_add(Rule(flat(keyword(SELF, 6, "out_dtype"))), functions="_scaled_mm")
_add(Rule(INT32), functions="_int_mm")
_add(Rule(flat(keyword(SELF, None, "out_dtype"))), functions="nn.functional.grouped_mm _grouped_mm")

# Transforms to frequencies are complex, the inverse ones that assume symmetry are real.
_SPECTRUM = flat(Lifted(FLOAT, "complex"))
_add(
    Rule(_SPECTRUM),
    functions="""fft.fft fft.ifft fft.fft2 fft.ifft2 fft.fftn fft.ifftn fft.rfft fft.rfft2 fft.rfftn fft.ihfft
    fft.ihfft2 fft.ihfftn""",
)
_add(
    Rule(flat(Lifted(FLOAT, "real"))),
    functions="fft.irfft fft.irfft2 fft.irfftn fft.hfft fft.hfft2 fft.hfftn",
)
_add(Rule(SELF, layout="preserves"), functions="fft.fftshift fft.ifftshift")
_as_complex = arg(None, "return_complex")
_pairs = Case((Test("given", _as_complex),), flat(REAL))
_add(Rule(Choice((Case((Test("true", _as_complex),), _SPECTRUM), _pairs), _SPECTRUM)), "stft")
_add(Rule(either(_SELF, _REAL, Test("true", _as_complex))), "istft")
