"""One evaluator of clauses, over values that are known in full (at run time) or in part (in the static pass)."""

from contractlint.clauses.conditions import holds, spellings
from contractlint.clauses.evaluate import (
    Judgement,
    Outcome,
    accepted_dtypes,
    dtype_outcome,
    judge_argument,
    judge_call,
)
from contractlint.clauses.observed import Call, Kind, Observed

__all__ = [
    "Call",
    "Judgement",
    "Kind",
    "Observed",
    "Outcome",
    "accepted_dtypes",
    "dtype_outcome",
    "holds",
    "judge_argument",
    "judge_call",
    "spellings",
]
