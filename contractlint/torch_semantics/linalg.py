"""Matrix products and decompositions."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Lifted, Rule, Several
from contractlint.torch_semantics.table import INT32, REAL, SELF, Table, flat, keyword, same, zero_dim

TABLE = Table()
_add = TABLE.add

# Products never promote: operands must agree, so the first one tells.
_product = Rule(flat(SELF))
_add(_product, "matmul mv inner outer ger kron matrix_power matrix_exp inverse", methods="__matmul__ __rmatmul__")
_add(Rule(flat(keyword(SELF, 2, "out_dtype")), layout="unknown"), "mm bmm")
_add(Rule(flat(keyword(SELF, 3, "out_dtype"))), "addmm baddbmm", in_place=True)
_add(Rule(SELF), "addmv addr addbmm", in_place=True)
_add(Rule(zero_dim(SELF)), "dot vdot")
_add(_product, functions="linalg.matmul linalg.inv linalg.pinv linalg.matrix_power linalg.matrix_exp linalg.solve")
_add(Rule(flat(same(1, "operands"))), functions="einsum functional.einsum")
_add(_product, functions="tensordot chain_matmul linalg.multi_dot linalg.cholesky cdist", methods="cholesky")
_add(Rule(Several((flat(SELF), flat(REAL), flat(SELF)))), "svd", functions="linalg.svd")
_add(Rule(Several((flat(SELF), flat(SELF)))), "qr", functions="linalg.qr")
_add(Rule(Several((flat(REAL), flat(SELF)))), functions="linalg.eigh")
_add(Rule(flat(REAL)), functions="linalg.eigvalsh linalg.svdvals linalg.cond")
_complex = Lifted(SELF, "complex")
_add(Rule(Several((flat(_complex), flat(_complex)))), functions="linalg.eig")
_add(Rule(flat(_complex)), functions="linalg.eigvals")
_add(_product, "det logdet", functions="linalg.det")
_add(_product, "cross", functions="linalg.cross linalg.vecdot linalg.diagonal")

# Scaled and integer products of quantised operands.
_add(Rule(flat(keyword(SELF, 6, "out_dtype")), layout="contiguous"), functions="_scaled_mm")
_add(Rule(INT32, layout="contiguous"), functions="_int_mm")
