"""What calls of a stand-in raise, besides what Python itself raises on wrong arguments."""

from __future__ import annotations


class NotComputed(NotImplementedError):
    """The entry point exists in this release, but there is no reference to compute it with."""


class ContractRaised(RuntimeError):
    """The arguments break a clause that the library itself checks in this release: there, it would raise too."""


class WouldFault(RuntimeError):
    """The arguments break a clause whose breach makes the kernel access memory that is not there."""


class NotInstalled(RuntimeError):
    """Fakes were asked for over an installed library, and there is none."""
