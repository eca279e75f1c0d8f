"""Contracts while real code runs: armed entry points assert, warn of, or record what they are called with.

    import contractlint.runtime as contracts

    with contracts.armed("assert"):
        model(batch)            # a breach raises ContractBreach before the kernel is called

Nothing here imports torch or the kernel library by itself; both are used once the program has imported them.
"""

from __future__ import annotations

from contractlint.runtime.arming import Status, arm, armed, disarm, status
from contractlint.runtime.breach import ContractBreach, ContractWarning
from contractlint.runtime.settings import Checks, Mode, Settings

__all__ = [
    "Checks",
    "ContractBreach",
    "ContractWarning",
    "Mode",
    "Settings",
    "Status",
    "arm",
    "armed",
    "disarm",
    "status",
]
