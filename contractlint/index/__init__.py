"""Whole-project facts: a compact intermediate form of every file that matters, and the names that join files."""
