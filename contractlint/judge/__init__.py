"""Verdicts: what is passed at a call site against what the contract of a release says."""
