"""Traces: which call sites called which entry points, with what, how often, and on which machines."""
