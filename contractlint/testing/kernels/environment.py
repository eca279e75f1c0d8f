"""What engines ask of the library besides kernels: which GPU it is, autotuning, logging."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from contractlint.testing.call import Call, Settings
from contractlint.testing.kernels.layouts import w3_w1_permute_indices
from contractlint.testing.kernels.registry import kernel


def extras(settings: Settings) -> dict[str, Any]:
    """Names of the library that are no entry points, and that engines import all the same."""
    return {"fused_moe.core._maybe_get_cached_w3_w1_permute_indices": w3_w1_permute_indices}


@kernel("utils.get_compute_capability")
def get_compute_capability(call: Call) -> Any:
    """The capability that the stand-in was installed with."""
    return call.settings.capability


@kernel("utils.device_support_pdl")
def device_support_pdl(call: Call) -> Any:
    """From Hopper on."""
    return call.settings.capability >= (9, 0)


@kernel("autotune", "autotuner.autotune")
def autotune(call: Call) -> Any:
    """Nothing to tune."""
    return nullcontext()


@kernel("api_logging.flashinfer_api")
def flashinfer_api(call: Call) -> Any:
    """The decorator of entry points, which here adds nothing."""
    function: Callable[..., Any] | None = call.func
    return function if function is not None else lambda decorated: decorated
