"""`torch.nn` modules: the tensors that they create and what calling them returns."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Arg, ModuleRule, Promoted, Result, Rule, Several
from contractlint.torch_semantics.table import DEFAULT_DTYPE, FIRST, FLOAT, SELF, WEIGHT, arg, flat, same

MODULES: dict[str, ModuleRule] = {}


def _module(names: str, rule: ModuleRule) -> None:
    MODULES.update({f"torch.nn.{name}": rule for name in names.split()})


_Conditions = tuple[tuple[str, Arg], ...]


def _unless(names: str, *conditions: Arg) -> _Conditions:
    """These tensors are None when one of the constructor's arguments is false."""
    return tuple((name, condition) for name in names.split() for condition in conditions)


def _own(
    names: str,
    forward: Result,
    dtype: int | None,
    tensors: str,
    optional: _Conditions = (),
    *,
    integers: str = "",
    absent: str = "",
) -> None:
    """Modules with tensors of their own; `dtype` is the position of the constructor's argument."""
    parameters = tuple((name, "int64" if name in integers.split() else None) for name in tensors.split())
    rule = Rule(forward)
    _module(names, ModuleRule(rule, arg(dtype, "dtype"), DEFAULT_DTYPE, parameters, optional, tuple(absent.split())))


_SELF = flat(SELF)

# Input and weight must agree, so the input tells what comes out.
_own("Linear", _SELF, 4, "weight bias", _unless("bias", arg(2, "bias")))
_own("LazyLinear", _SELF, 3, "weight bias", _unless("bias", arg(1, "bias")))
_own("Bilinear", _SELF, 5, "weight bias", _unless("bias", arg(3, "bias")))
_own("Conv1d Conv2d Conv3d", _SELF, 10, "weight bias", _unless("bias", arg(7, "bias")))
_transposed = "ConvTranspose1d ConvTranspose2d ConvTranspose3d"
_own(_transposed, _SELF, 11, "weight bias", _unless("bias", arg(7, "bias")))
_own("Embedding", flat(WEIGHT), 10, "weight")
_own("EmbeddingBag", flat(WEIGHT), 11, "weight")
_own("PReLU", SELF, 3, "weight")

# Normalisations. Running statistics follow the dtype of the parameters, the counter beside them does not.
_affine, _bias = arg(2, "elementwise_affine"), arg(None, "bias")
_own("LayerNorm", SELF, 5, "weight bias", _unless("weight bias", _affine) + _unless("bias", arg(3, "bias")))
_own("RMSNorm", SELF, 4, "weight", _unless("weight", _affine))
_affine = arg(3, "affine")
_own("GroupNorm", SELF, 5, "weight bias", _unless("weight bias", _affine) + _unless("bias", _bias))
_statistics = "running_mean running_var num_batches_tracked"
_tensors = f"weight bias {_statistics}"
_conditions = (
    _unless("weight bias", _affine) + _unless("bias", _bias) + _unless(_statistics, arg(4, "track_running_stats"))
)
_counter = "num_batches_tracked"
_own("BatchNorm1d BatchNorm2d BatchNorm3d", SELF, 6, _tensors, _conditions, integers=_counter)
_own("SyncBatchNorm", SELF, 7, _tensors, _conditions, integers=_counter)
_instance = "InstanceNorm1d InstanceNorm2d InstanceNorm3d"
_own(_instance, SELF, 6, _tensors, _conditions, integers=_counter, absent=_tensors)

# Recurrent modules return their outputs and the last state.
_gates = "weight_ih_l0 weight_hh_l0 bias_ih_l0 bias_hh_l0"
_conditions = _unless("bias_ih_l0 bias_hh_l0", arg(3, "bias"))
_own("LSTM", Several((_SELF, Several((_SELF, _SELF)))), None, _gates, _conditions)
_own("GRU RNN", Several((_SELF, _SELF)), None, _gates, _conditions)
_cell, _conditions = "weight_ih weight_hh bias_ih bias_hh", _unless("bias_ih bias_hh", arg(2, "bias"))
_own("LSTMCell", Several((_SELF, _SELF)), 4, _cell, _conditions)
_own("GRUCell", _SELF, 4, _cell, _conditions)
_own("RNNCell", _SELF, 5, _cell, _conditions)

_projection = "in_proj_weight in_proj_bias"
_attended = Several((_SELF, _SELF))
_own("MultiheadAttention", _attended, 10, _projection, _unless("in_proj_bias", arg(3, "bias")))
_own("TransformerEncoderLayer TransformerDecoderLayer", _SELF, 10, "")
_own("Transformer", flat(same(1, "tgt")), 14, "")


def _plain(names: str, forward: Result, *, aliases: bool = False) -> None:
    """Modules without tensors of their own."""
    _module(names, ModuleRule(Rule(forward, aliases=aliases)))


_plain(
    """ReLU ReLU6 SiLU GELU Mish ELU SELU CELU LeakyReLU RReLU Hardtanh Hardsigmoid Hardswish Hardshrink Softplus
    Softshrink LogSigmoid Threshold Softmax LogSoftmax Softmin Softmax2d""",
    SELF,
)
_plain("Sigmoid Tanh Softsign Tanhshrink", FLOAT)
_plain("Identity Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout", SELF, aliases=True)
_plain("Flatten Unflatten", _SELF, aliases=True)
_plain(
    """GLU AvgPool1d AvgPool2d AvgPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d ZeroPad1d ZeroPad2d
    ZeroPad3d ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d
    ReplicationPad2d ReplicationPad3d CircularPad1d CircularPad2d CircularPad3d PixelShuffle PixelUnshuffle
    ChannelShuffle Upsample UpsamplingNearest2d UpsamplingBilinear2d Fold Unfold CrossEntropyLoss NLLLoss BCELoss
    BCEWithLogitsLoss""",
    _SELF,
)
_plain("LocalResponseNorm LPPool1d LPPool2d", flat(FLOAT))
_plain("MSELoss SmoothL1Loss KLDivLoss", flat(Promoted((FIRST, arg(1, "target")))))
