"""A stand-in for the kernel library, made from its contracts, for machines without its GPU.

    from contractlint.testing import standin

    with standin(release="0.6.7", misread=True):
        import my_engine            # gets a `flashinfer` whose kernels run on the CPU
        my_engine.moe(…)

Every entry point that the contracts know in that release is there under all its import paths, with its signature. Those
with a reference in `contractlint.reference` compute; the others raise `NotComputed`. Meta tensors give meta tensors.

Torch is imported when a stand-in is installed, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contractlint.testing.errors import ContractRaised as ContractRaised
    from contractlint.testing.errors import NotComputed as NotComputed
    from contractlint.testing.errors import WouldFault as WouldFault
    from contractlint.testing.installing import Standin as Standin
    from contractlint.testing.installing import install as install
    from contractlint.testing.installing import standin as standin

__all__ = ["ContractRaised", "NotComputed", "Standin", "WouldFault", "install", "standin"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = "installing" if name in ("Standin", "install", "standin") else "errors"
    return getattr(import_module(f"{__name__}.{home}"), name)
