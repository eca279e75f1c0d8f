"""One evaluator of clauses, over values that are known in full (at run time) or in part (in the static pass)."""

from contractlint.clauses.conditions import holds, spellings
from contractlint.clauses.evaluate import Judgement, Outcome, dtype_outcome, judge_call
from contractlint.clauses.observed import Call, Kind, Observed

__all__ = [
    "Call",
    "Judgement",
    "Kind",
    "Observed",
    "Outcome",
    "dtype_outcome",
    "holds",
    "judge_call",
    "spellings",
]
