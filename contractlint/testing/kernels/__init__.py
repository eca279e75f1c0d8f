"""What the entry points of the stand-in compute: one file for each family, each kernel registered under its name.

Names are those below the library's own, under any of its import paths: `fused_moe.trtllm_bf16_moe`, `rmsnorm`,
`BatchDecodeWithPagedKVCacheWrapper.run`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from contractlint.testing.call import Settings
from contractlint.testing.kernels.registry import Kernel as Kernel
from contractlint.testing.kernels.registry import find as find

FAMILIES = (
    "moe",
    "cutlass",
    "router",
    "quantization",
    "layouts",
    "elementwise",
    "sampling",
    "attention",
    "environment",
)

for _family in FAMILIES:
    import_module(f"{__name__}.{_family}")


def extras(settings: Settings) -> dict[str, Any]:
    """What the stand-in has besides entry points, by name below the library's own."""
    from contractlint.testing.kernels.environment import extras as environment

    return environment(settings)
