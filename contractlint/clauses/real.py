"""Real arguments as clauses see them: metadata alone. No data is read and nothing waits for a device."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import Enum
from typing import Any

from contractlint.clauses.observed import Call, Kind, Observed

FAKE = "a fake tensor has no memory"
_FAKES = ("FakeTensor", "FunctionalTensor", "ProxyTensor")
_SIMPLE = (bool, int, float, str)


def observe(value: object, *, addresses: bool = False) -> Observed:
    """What is seen of one argument; `addresses` asks where the data of tensors lie."""
    if value is None:
        return Observed(Kind.NONE)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return _tensor(value, torch, addresses)
    if isinstance(value, _SIMPLE):
        # The library reads the number of an enum member, whatever the engine's own copy of the enum calls it.
        plain = int(value) if isinstance(value, int) and not isinstance(value, bool) else value
        return Observed(Kind.CONSTANT, value=plain)
    if isinstance(value, Enum):
        return Observed(Kind.MEMBER, value=value.name)
    if torch is not None and isinstance(value, torch.dtype):
        return Observed(Kind.DTYPE, dtype_name(value))
    if isinstance(value, tuple | list):
        return Observed(Kind.SEQUENCE, items=tuple(observe(item, addresses=addresses) for item in value))
    return Observed(Kind.UNKNOWN, reason=f"it is a {type(value).__name__}")


def observe_call(
    names: tuple[str, ...],
    values: tuple[object, ...],
    enums: Mapping[str, Mapping[str, int]],
    *,
    addresses: bool = False,
) -> Call:
    """What is seen of a call, on the chip that its tensors are on."""
    seen = {name: observe(value, addresses=addresses) for name, value in zip(names, values, strict=True)}
    return Call(seen, enums, capability(values))


def is_fake(value: object) -> bool:
    """Whether a tensor stands for one that is not there: under tracing, or in a fake mode."""
    return any(cls.__name__ in _FAKES for cls in type(value).__mro__)


def dtype_name(dtype: object) -> str:
    """`bfloat16` for torch.bfloat16."""
    return str(dtype).removeprefix("torch.")


def capability(values: tuple[object, ...]) -> str:
    """The compute capability of the first CUDA tensor's device; empty where there is none."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return ""
    for value in values:
        if isinstance(value, torch.Tensor) and value.device.type == "cuda" and not is_fake(value):
            major, minor = torch.cuda.get_device_capability(value.device)
            return f"{major}.{minor}"
    return ""


def _tensor(value: Any, torch: Any, addresses: bool) -> Observed:
    dtype, device = dtype_name(value.dtype), str(value.device)
    if is_fake(value):
        # Reading sizes that are symbols would add guards, and so change what is compiled.
        return Observed(Kind.TENSOR, dtype, device=device, reason=FAKE)
    if value.layout is not torch.strided:
        return Observed(Kind.TENSOR, dtype, tuple(value.shape), device=device, reason=f"its layout is {value.layout}")
    return Observed(
        Kind.TENSOR,
        dtype,
        tuple(value.shape),
        tuple(value.stride()),
        value.is_contiguous(),
        value.data_ptr() if addresses and value.device.type != "meta" else None,
        device,
    )
