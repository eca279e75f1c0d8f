"""All rules, in the order of their codes."""

from __future__ import annotations

from contractlint.rules import (
    absent_entry_point,
    argument_dtype,
    argument_dtype_unproven,
    argument_layout,
    argument_value,
    byte_layout,
    chip_guard,
    enum_drift,
    memory_too_small,
    missing_argument,
    result_type,
    shared_memory,
    shifted_argument,
    sibling_argument,
    sibling_guard,
    unforwarded_field,
    unforwarded_parameter,
    uninitialised_memory,
    unknown_argument,
)
from contractlint.rules.base import RuleInfo

_RULES: tuple[RuleInfo, ...] = (
    argument_dtype.RULE,
    argument_dtype_unproven.RULE,
    unknown_argument.RULE,
    missing_argument.RULE,
    absent_entry_point.RULE,
    result_type.RULE,
    shifted_argument.RULE,
    unforwarded_parameter.RULE,
    unforwarded_field.RULE,
    sibling_argument.RULE,
    sibling_guard.RULE,
    argument_value.RULE,
    enum_drift.RULE,
    argument_layout.RULE,
    byte_layout.RULE,
    uninitialised_memory.RULE,
    memory_too_small.RULE,
    shared_memory.RULE,
    chip_guard.RULE,
)


def all_rules() -> list[RuleInfo]:
    """Every rule of the static pass, ordered by code."""
    return sorted(_RULES, key=lambda r: r.code)
