"""Imported once by the process that children are forked from, so that each of them starts at once."""

from __future__ import annotations

import contextlib

# A library that cannot be imported says so in the child that needs it.
with contextlib.suppress(Exception):
    import flashinfer  # noqa: F401
    import torch  # noqa: F401
