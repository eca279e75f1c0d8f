"""Values of the static pass as clauses see them."""

from __future__ import annotations

from contractlint.clauses.observed import Kind, Observed
from contractlint.flow.values import DEFAULT, Const, Dtype, Member, NoneValue, Tensor, Value


def observe(value: Value) -> Observed:
    """What is known of an abstract value. The default dtype counts as not known: it differs from run to run."""
    if isinstance(value, Tensor):
        return Observed(
            Kind.TENSOR, "" if value.dtype == DEFAULT else value.dtype, fill=value.fill, reason=value.reason
        )
    if isinstance(value, NoneValue):
        return Observed(Kind.NONE)
    if isinstance(value, Member):
        return Observed(Kind.MEMBER, value=value.name)
    if isinstance(value, Const):
        return Observed(Kind.CONSTANT, value=value.value)
    if isinstance(value, Dtype):
        return Observed(Kind.DTYPE, "" if value.name == DEFAULT else value.name)
    return Observed(Kind.UNKNOWN)
