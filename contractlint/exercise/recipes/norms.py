"""Norms."""

from __future__ import annotations

from contractlint.exercise.recipes.base import Argument, Fill, Recipe, constant

_SIZES = {"num_tokens": 37, "hidden_size": 1024}
_EPS = constant(1e-6)
_X = Argument(shape=("num_tokens", "hidden_size"))
_WEIGHT = Argument(Fill.POSITIVE, shape=("hidden_size",))
_REFERENCES = "contractlint.exercise.references"

RECIPES = (
    Recipe(
        "flashinfer.rmsnorm", _SIZES,
        {"input": _X, "weight": _WEIGHT, "eps": _EPS,
         "out": Argument(Fill.EMPTY, shape=("num_tokens", "hidden_size"), optional=True)},
        reference=f"{_REFERENCES}:rmsnorm", module="norm",
    ),
    Recipe(
        "flashinfer.gemma_rmsnorm", _SIZES,
        {"input": _X, "weight": Argument(Fill.SMALL, shape=("hidden_size",)), "eps": _EPS,
         "out": Argument(Fill.EMPTY, shape=("num_tokens", "hidden_size"), optional=True)},
        reference=f"{_REFERENCES}:gemma_rmsnorm", module="norm",
    ),
    Recipe(
        "flashinfer.fused_add_rmsnorm", _SIZES,
        {"input": _X, "residual": _X, "weight": _WEIGHT, "eps": _EPS},
        results=("input", "residual"),
        reference=f"{_REFERENCES}:fused_add_rmsnorm", module="norm",
    ),
    Recipe(
        "flashinfer.gemma_fused_add_rmsnorm", _SIZES,
        {"input": _X, "residual": _X, "weight": Argument(Fill.SMALL, shape=("hidden_size",)), "eps": _EPS},
        results=("input", "residual"),
        reference=f"{_REFERENCES}:gemma_fused_add_rmsnorm", module="norm",
    ),
    Recipe(
        "flashinfer.layernorm", _SIZES,
        {"input": _X,
         "gemma": Argument(Fill.POSITIVE, "float32", ("hidden_size",)),
         "beta": Argument(Fill.NORMAL, "float32", ("hidden_size",)), "eps": _EPS},
        reference=f"{_REFERENCES}:layernorm", module="norm",
    ),
    Recipe(
        "flashinfer.rmsnorm_quant", _SIZES,
        {"out": Argument(Fill.EMPTY, "float8_e4m3fn", ("num_tokens", "hidden_size")),
         "input": _X, "weight": _WEIGHT, "scale": Argument(Fill.POSITIVE, "float32", ("1",)), "eps": _EPS},
        results=("out",), reference=f"{_REFERENCES}:rmsnorm_quant", module="norm",
    ),
)  # fmt: skip
