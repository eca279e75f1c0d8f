"""A stand-in for the kernel library, made from its contracts, for machines without its GPU.

    from contractlint.testing import standin

    with standin(release="0.6.7", misread=True):
        import my_engine            # gets a `flashinfer` whose kernels run on the CPU
        my_engine.moe(…)

Every entry point that the contracts know in that release is there under all its import paths, with its signature. Those
with a reference in `contractlint.reference` compute; the others raise `NotComputed`. Meta tensors give meta tensors.

Where the library is installed, `fakes()` puts the same kernels behind its own functions instead: everything else of the
library is the real one.

Torch is imported when a stand-in is installed, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contractlint.testing.errors import ContractRaised as ContractRaised
    from contractlint.testing.errors import NotComputed as NotComputed
    from contractlint.testing.errors import NotInstalled as NotInstalled
    from contractlint.testing.errors import WouldFault as WouldFault
    from contractlint.testing.installing import Standin as Standin
    from contractlint.testing.installing import install as install
    from contractlint.testing.installing import standin as standin
    from contractlint.testing.overlay import Fakes as Fakes
    from contractlint.testing.overlay import fakes as fakes
    from contractlint.testing.overlay import install_fakes as install_fakes

_HOMES = {
    "installing": ("Standin", "install", "standin"),
    "overlay": ("Fakes", "fakes", "install_fakes"),
    "errors": ("ContractRaised", "NotComputed", "NotInstalled", "WouldFault"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ContractRaised",
    "Fakes",
    "NotComputed",
    "NotInstalled",
    "Standin",
    "WouldFault",
    "fakes",
    "install",
    "install_fakes",
    "standin",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
