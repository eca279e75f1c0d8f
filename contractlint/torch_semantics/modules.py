"""`torch.nn` modules: the tensors they create and what calling them returns."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Arg, ModuleRule, Result, Rule
from contractlint.torch_semantics.table import SELF, WEIGHT, arg, flat

MODULES: dict[str, ModuleRule] = {}

_DTYPE = arg(None, "dtype")


def _module(names: str, rule: ModuleRule) -> None:
    MODULES.update({f"torch.nn.{name}": rule for name in names.split()})


def _with_parameters(forward: Result, *, bias: int | None = None, dtype: Arg = _DTYPE) -> ModuleRule:
    optional = (("bias", arg(bias, "bias")),) if bias is not None else ()
    tensors = (("weight", None), ("bias", None)) if bias is not None else (("weight", None),)
    return ModuleRule(Rule(forward), dtype, parameters=tensors, optional=optional)


_module("Linear", _with_parameters(flat(SELF), bias=2))
_module("Embedding EmbeddingBag", _with_parameters(flat(WEIGHT)))
_module("LayerNorm", _with_parameters(SELF, bias=3))
_module("RMSNorm", _with_parameters(SELF))
_module("Conv1d Conv2d Conv3d", _with_parameters(SELF, bias=7))
_module("Identity Dropout SiLU GELU ReLU Sigmoid Tanh Softmax", ModuleRule(Rule(SELF)))
