"""Contracts as data: load them, and ask what an entry point needs in a release."""

from contractlint.catalog.catalog import Catalog, ReleaseView
from contractlint.catalog.errors import ContractErrors, ContractProblem, UnknownLibrary, UnknownRelease
from contractlint.catalog.loader import load_catalog

__all__ = [
    "Catalog",
    "ContractErrors",
    "ContractProblem",
    "ReleaseView",
    "UnknownLibrary",
    "UnknownRelease",
    "load_catalog",
]
