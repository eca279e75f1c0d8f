"""Matrix products, decompositions and Fourier transforms."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Lifted, Rule, Several
from contractlint.torch_semantics.table import FLOAT, INT32, INT64, REAL, SELF, Table, flat, keyword, same, zero_dim

TABLE = Table()
_add = TABLE.add

_SELF, _REAL = flat(SELF), flat(REAL)
_COMPLEX = flat(Lifted(SELF, "complex"))

# Products never promote: their operands must agree, so the first one tells.
_product = Rule(_SELF)
_add(_product, "matmul mv inner kron matrix_power matrix_exp inverse pinverse", methods="__matmul__ __rmatmul__")
_add(_product, "det logdet cholesky cholesky_inverse cholesky_solve orgqr", functions="tensordot chain_matmul cdist")
_add(
    _product,
    functions="""linalg.matmul linalg.multi_dot linalg.matrix_power linalg.matrix_exp linalg.inv linalg.pinv
    linalg.tensorinv linalg.solve linalg.solve_triangular linalg.tensorsolve linalg.cholesky linalg.det linalg.cross
    linalg.vecdot linalg.householder_product linalg.lu_solve""",
)
_add(_product, "cross")
_outer = Rule(flat(same(0, "input", "self")))
_add(_outer, "outer ger")
_add(Rule(flat(keyword(SELF, 2, "out_dtype"))), "mm bmm")
_add(Rule(flat(keyword(SELF, 3, "out_dtype"))), "addmm baddbmm", in_place=True)
_add(Rule(_SELF), "addmv addr addbmm", in_place=True)
_add(Rule(zero_dim(SELF)), "dot vdot")
# A mere transposition is a view.
_add(Rule(flat(same(1, "operands")), aliases=True), functions="einsum functional.einsum")

# Decompositions: singular values and the eigenvalues of symmetric matrices are real.
_add(Rule(Several((_SELF, _REAL, _SELF))), "svd", functions="linalg.svd")
_add(Rule(Several((_SELF, _SELF))), "qr geqrf", functions="linalg.qr")
_add(Rule(Several((_SELF, _REAL))), "slogdet", functions="linalg.slogdet")
_add(Rule(Several((_SELF, _SELF, _SELF))), functions="linalg.lu")
_add(Rule(Several((_SELF, INT32))), functions="linalg.lu_factor linalg.inv_ex linalg.cholesky_ex linalg.solve_ex")
_add(Rule(Several((_REAL, _SELF))), functions="linalg.eigh")
_add(Rule(Several((_COMPLEX, _COMPLEX))), functions="linalg.eig")
_add(Rule(_COMPLEX), functions="linalg.eigvals")
_add(Rule(_REAL), functions="linalg.eigvalsh linalg.svdvals linalg.cond")
_add(Rule(INT64), functions="linalg.matrix_rank")

# Products of quantised operands.
_add(Rule(flat(keyword(SELF, 6, "out_dtype"))), functions="_scaled_mm")
_add(Rule(INT32), functions="_int_mm")
_add(Rule(flat(keyword(SELF, None, "out_dtype"))), functions="nn.functional.grouped_mm _grouped_mm")

# Transforms to frequencies are complex, the inverse ones that assume symmetry are real.
_spectrum = flat(Lifted(FLOAT, "complex"))
_add(
    Rule(_spectrum),
    functions="""fft.fft fft.ifft fft.fft2 fft.ifft2 fft.fftn fft.ifftn fft.rfft fft.rfft2 fft.rfftn fft.ihfft
    fft.ihfft2 fft.ihfftn""",
)
_add(
    Rule(flat(Lifted(FLOAT, "real"))),
    functions="fft.irfft fft.irfft2 fft.irfftn fft.hfft fft.hfft2 fft.hfftn",
)
_add(Rule(SELF, layout="preserves"), functions="fft.fftshift fft.ifftshift")
