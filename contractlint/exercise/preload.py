"""Imported once by the process that children are forked from, so that each of them starts at once."""

from __future__ import annotations

import importlib
import warnings

_WANTED = ("torch", "flashinfer", "contractlint.exercise.references", "contractlint.exercise.judges")

for _name in _WANTED:
    try:
        importlib.import_module(_name)
    except Exception as problem:
        # The child that needs it says so in full.
        if not isinstance(problem, ImportError):
            warnings.warn(f"{_name} cannot be imported: {problem}", stacklevel=1)
