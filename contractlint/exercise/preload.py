"""Imported once by the process that children are forked from, so that each of them starts at once."""

from __future__ import annotations

import importlib
import os
import warnings

from contractlint.exercise.machine import CHIP

_WANTED = ("torch", "flashinfer", "contractlint.exercise.references", "contractlint.exercise.judges")


def _know_the_chip() -> None:
    """Tell what asks while it is imported which chip this is: a process that asked the driver can not be forked."""
    import torch

    major, _, minor = os.environ.get(CHIP, "").partition(".")
    if major:
        torch.cuda.get_device_capability = lambda device=None: (int(major), int(minor))


for _name in _WANTED:
    try:
        importlib.import_module(_name)
        if _name == "torch":
            _know_the_chip()
    except Exception as problem:
        # The child that needs it says so in full.
        if not isinstance(problem, ImportError):
            warnings.warn(f"{_name} cannot be imported: {problem}", stacklevel=1)
