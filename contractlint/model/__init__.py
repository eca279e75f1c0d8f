"""The vocabulary of contractlint: dtypes, releases, contracts, call sites and findings.

Nothing in this package reads a file, parses source or prints. Every other package speaks in these terms.
"""
