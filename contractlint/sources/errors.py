"""What can go wrong while sources are brought together: one line each, saying what, where and how to mend it."""

from __future__ import annotations


class SourceError(Exception):
    """The sources to check could not be had."""


class UnknownPackage(SourceError):
    """No configured index lists the package, or not this version of it."""


class IndexUnreachable(SourceError):
    """A package index could not be reached, or refused."""


class BadArchive(SourceError):
    """A downloaded archive is not what was promised, or holds nothing that can be checked."""
