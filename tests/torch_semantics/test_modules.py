"""Modules against real torch: the tensors that they create, and what calling them returns."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="torch is the oracle of these tests")

from contractlint.torch_semantics import DEFAULT, Given, TensorValue, module_rule, resolve  # noqa: E402
from contractlint.torch_semantics.algebra import Fixed  # noqa: E402
from contractlint.torch_semantics.modules import MODULES  # noqa: E402
from tests.torch_semantics import oracle  # noqa: E402

SAMPLES: tuple[tuple[str, str, str], ...] = (
    ("4, 4", "x", "Linear"),
    ("4", "x", "LazyLinear PReLU LayerNorm RMSNorm"),
    ("4, 4, 4", "x, y", "Bilinear"),
    ("4, 4, 2", "b", "Conv1d ConvTranspose1d"),
    ("2, 4, 2", "a", "Conv2d ConvTranspose2d"),
    ("2, 4, 2", "volume", "Conv3d ConvTranspose3d"),
    ("5, 4", "i", "Embedding EmbeddingBag"),
    ("2, 4", "x", "GroupNorm"),
    ("4", "b", "BatchNorm1d InstanceNorm1d"),
    ("2", "a", "BatchNorm2d InstanceNorm2d"),
    ("2", "volume", "BatchNorm3d InstanceNorm3d"),
    ("4, 3", "b", "LSTM GRU RNN"),
    ("4, 3", "x", "LSTMCell GRUCell RNNCell"),
    ("4, 2", "b, b, b", "MultiheadAttention"),
    ("4, 2, 4", "b", "TransformerEncoderLayer"),
    ("4, 2, 4", "b, b", "TransformerDecoderLayer"),
    ("4, 2, 1, 1, 4", "b, b", "Transformer"),
    (
        "",
        "x",
        """ReLU ReLU6 SiLU GELU Mish ELU SELU CELU LeakyReLU RReLU Hardtanh Hardsigmoid Hardswish Hardshrink Softplus
        Softshrink LogSigmoid Sigmoid Tanh Softsign Tanhshrink Identity Dropout AlphaDropout FeatureAlphaDropout Flatten
        GLU""",
    ),
    ("", "b", "Dropout1d"),
    ("", "a", "Dropout2d Softmax2d"),
    ("", "volume", "Dropout3d"),
    ("0, 1", "x", "Threshold"),
    ("1", "x", "Softmax LogSoftmax Softmin"),
    ("1, (2, 2)", "x", "Unflatten"),
    ("2", "b", "AvgPool1d AdaptiveAvgPool1d LocalResponseNorm"),
    ("2", "a", "AvgPool2d AdaptiveAvgPool2d PixelUnshuffle ChannelShuffle Unfold"),
    ("2", "volume", "AvgPool3d AdaptiveAvgPool3d"),
    ("2, 2", "b", "LPPool1d"),
    ("2, 2", "a", "LPPool2d"),
    ("1", "b", "ZeroPad1d ReflectionPad1d ReplicationPad1d CircularPad1d"),
    ("1", "a", "ZeroPad2d ReflectionPad2d ReplicationPad2d CircularPad2d"),
    ("1", "volume", "ZeroPad3d ReflectionPad3d ReplicationPad3d CircularPad3d"),
    ("1, 0.5", "b", "ConstantPad1d"),
    ("1, 0.5", "a", "ConstantPad2d"),
    ("1, 0.5", "volume", "ConstantPad3d"),
    ("2", "kernel.reshape(2, 4, 2, 2)", "PixelShuffle"),
    ("None, 2", "a", "Upsample UpsamplingNearest2d UpsamplingBilinear2d"),
    ("(2, 2), (1, 1)", "b", "Fold"),
    ("", "x, iv", "CrossEntropyLoss NLLLoss"),
    ("", "x / 8, y / 8", "BCELoss BCEWithLogitsLoss"),
    ("", "x, y", "MSELoss SmoothL1Loss KLDivLoss"),
    ("", "x, f", "MSELoss SmoothL1Loss"),
)
UNCALLABLE = {"SyncBatchNorm": "needs several processes"}
CALLS = [(name, ctor, call) for ctor, call, names in SAMPLES for name in names.split()]
INTEGER_INPUT = {"Embedding", "EmbeddingBag"}
WITH_PARAMETERS = sorted({name for name, _, _ in CALLS if MODULES[f"torch.nn.{name}"].dtype is not None})


def make(name: str, ctor: str, **keywords: Any) -> Any:
    args, own = oracle.arguments(ctor, {"torch": torch})
    return oracle.quiet(getattr(torch.nn, name), *args, **own, **keywords)


def test_every_module_has_a_sample() -> None:
    assert {f"torch.nn.{name}" for name, _, _ in CALLS} | {f"torch.nn.{name}" for name in UNCALLABLE} == set(MODULES)


@pytest.mark.parametrize(("name", "ctor", "call"), CALLS)
def test_forward(name: str, ctor: str, call: str) -> None:
    rule = module_rule(f"torch.nn.{name}")
    assert rule is not None
    accepted = 0
    for dtype in oracle.DTYPES:
        keywords = {"dtype": getattr(torch, dtype)} if rule.dtype is not None else {}
        try:
            module = make(name, ctor, **keywords)
            args, _ = oracle.arguments(call, oracle.environment(dtype))
            result = oracle.quiet(module, *args)
        except oracle.REFUSALS:
            continue
        accepted += 1
        parameters = {key: TensorValue(dtype) for key, fixed in rule.parameters if fixed is None}
        given = Given([oracle.abstract(value) for value in args], parameters=parameters)
        problem = oracle.mismatch(resolve(rule.forward, given, default="float32"), result)
        assert problem is None, f"{dtype}: {problem}"
    assert accepted


@pytest.mark.parametrize(("name", "ctor"), [(n, c) for n, c, _ in CALLS if n in WITH_PARAMETERS])
def test_tensors(name: str, ctor: str) -> None:
    """The constructor makes the tensors that the rule names, in the dtypes that it says."""
    rule = MODULES[f"torch.nn.{name}"]
    assert rule.default == Fixed(DEFAULT)
    for dtype, default in ((None, "float32"), (None, "bfloat16"), ("float16", "float32")):
        with oracle.default_dtype(default):
            module = make(name, ctor, **({"dtype": getattr(torch, dtype)} if dtype else {}))
        own = {**dict(module.named_parameters(recurse=False)), **dict(module.named_buffers(recurse=False))}
        assert set(own) == {key for key, _ in rule.parameters if key not in rule.absent}
        for key, fixed in rule.parameters:
            if key in own:
                assert oracle.name_of(own[key].dtype) == (fixed or dtype or default)


@pytest.mark.parametrize(("name", "ctor"), [(n, c) for n, c, _ in CALLS if n in WITH_PARAMETERS])
def test_optional_tensors(name: str, ctor: str) -> None:
    rule = MODULES[f"torch.nn.{name}"]
    known = inspect.signature(getattr(torch.nn, name).__init__).parameters
    for argument in {argument for _, argument in rule.optional}:
        flag = argument.names[0]
        if flag not in known and "args" not in known:
            pytest.skip(f"this torch's {name} has no {flag}")
        module = make(name, ctor, **{flag: False})
        gone = {key for key, other in rule.optional if other == argument}
        assert all(getattr(module, key, None) is None for key in gone)
        if rule.absent:
            module = make(name, ctor, **{flag: True})
            kept = {key for key in gone if all(other == argument for k, other in rule.optional if k == key)}
            assert all(getattr(module, key) is not None for key in kept)


@pytest.mark.parametrize("name", sorted(name for name in MODULES if MODULES[name].dtype is not None))
def test_positions_of_constructor_arguments(name: str) -> None:
    rule = MODULES[name]
    parameters = list(inspect.signature(getattr(torch.nn, name.removeprefix("torch.nn.")).__init__).parameters)[1:]
    assert rule.dtype is not None
    for argument in (rule.dtype, *(argument for _, argument in rule.optional)):
        if argument.position is not None and "args" not in parameters:
            assert parameters[argument.position] == argument.names[0]
