"""Judge the dtype of one argument under the clauses of one release."""

from __future__ import annotations

from dataclasses import dataclass, field

from contractlint.clauses import Outcome, dtype_outcome
from contractlint.flow.nodes import Node
from contractlint.flow.values import (
    DEFAULT,
    Alt,
    Const,
    Dtype,
    Instance,
    Member,
    NoneValue,
    Sequence_,
    Tensor,
    Unknown,
    Values,
)
from contractlint.judge.choosing import asked_by_the_class
from contractlint.judge.conditions import Holds, assumptions, hypothesis, outcome
from contractlint.judge.conditions import Outcome as ConditionOutcome
from contractlint.judge.site import JudgedSite
from contractlint.model.contract import Aspect, Clause, Effect
from contractlint.model.dtypes import MODEL_DTYPES
from contractlint.model.finding import Step, Verdict

# The less the library checks, the more the call site must prove, and the further values are followed.
STEPS = {Effect.SILENT: 6_000, Effect.FAULT: 6_000, Effect.RAISES: 600, Effect.SLOW: 600}


@dataclass(frozen=True, slots=True)
class Breach:
    """One possibility that breaks a clause. `because` are the condition's values for which the clause applies."""

    alt: Alt
    clause: Clause
    dtype: str
    because: tuple[str, ...] = ()
    always: bool = True  # the clause applies whatever the other arguments are
    alone: bool = False  # no other possibility exists where the clause applies


@dataclass(slots=True)
class DtypeJudgement:
    """The outcome for one argument."""

    parameter: str
    node: Node | None
    clauses: tuple[Clause, ...]
    breaches: list[Breach] = field(default_factory=list)
    doubts: list[tuple[Clause, str, Alt | None]] = field(default_factory=list)
    dtypes: list[str] = field(default_factory=list)
    proofs: list[Alt] = field(default_factory=list)
    decided: bool = False  # at least one clause applied
    telling: list[Clause] = field(default_factory=list)  # worth telling although the library raises by itself

    @property
    def verdict(self) -> Verdict:
        if self.breaches:
            return Verdict.VIOLATED
        return Verdict.UNPROVEN if self.doubts else Verdict.PROVED

    @property
    def clause(self) -> Clause:
        """The clause that decides how the outcome is reported: that of the first breach or doubt."""
        if self.breaches:
            return self.breaches[0].clause
        if self.telling:
            return self.telling[0]
        ranked = sorted(self.doubts, key=lambda d: (d[0].effect is Effect.RAISES, not d[1].startswith("it can be")))
        return ranked[0][0] if ranked else self.clauses[0]

    @property
    def reason(self) -> str:
        """Why the verdict is not `proved`, or what proves it, in a phrase."""
        if self.breaches:
            return f"can be {', '.join(dict.fromkeys(dtype_text(b.dtype) for b in self.breaches))}"
        if self.doubts:
            clause = self.clause
            reasons = [reason for c, reason, _ in self.doubts if c is clause]
            return next((r for r in reasons if r.startswith(("it can be", "it may be"))), reasons[0])
        if not self.decided:
            return "no clause applies here"
        return ""


def dtype_text(dtype: str) -> str:
    """A dtype in a sentence."""
    return "the model's dtype" if dtype == DEFAULT else dtype


def judge_dtype(site: JudgedSite, parameter: str) -> DtypeJudgement | None:
    """Judge a parameter's dtype; None when the release has no dtype clause for it."""
    clauses = site.view.clauses(site.site.entry_point, parameter, Aspect.DTYPE)
    clauses = tuple(c for c in clauses if (c.dtypes or c.same_as) and not c.ignored)
    if not clauses:
        return None
    node = site.argument(parameter)
    judgement = DtypeJudgement(parameter, node, clauses)
    for clause in clauses:
        _judge_clause(site, judgement, clause)
    _weigh(site, judgement)
    judgement.dtypes = sorted(dict.fromkeys(judgement.dtypes))
    return judgement


def _judge_clause(site: JudgedSite, judgement: DtypeJudgement, clause: Clause) -> None:
    applies = outcome(site, clause.when)
    if applies.holds is Holds.NO:
        return
    judgement.decided = True
    facts, assume = hypothesis(site, clause.when), assumptions(clause.when)
    alts = site.values(judgement.parameter, facts, steps=STEPS[clause.effect], assume=assume)
    if not alts and not clause.when:
        judgement.doubts.append((clause, "no value reaches it by any way that was followed", None))
    for alt in alts:
        judgement.dtypes.append(_label(alt))
        dtype, doubt = _dtype_of(site, judgement.parameter, alt)
        if dtype is None and not doubt:
            continue
        if dtype is None:
            judgement.doubts.append((clause, doubt, alt))
            continue
        accepted = _accepted(site, clause)
        found = dtype_outcome(dtype, accepted)
        if accepted is None or found is Outcome.UNKNOWN:
            judgement.doubts.append((clause, f"it must share the dtype of `{clause.same_as}`, which is not known", alt))
        elif found is Outcome.KEPT:
            judgement.proofs.append(alt)
        elif dtype == DEFAULT and accepted & MODEL_DTYPES:
            if not accepted >= MODEL_DTYPES:
                judgement.doubts.append((clause, _model_dtype(accepted), alt))
        else:
            _breach(site, judgement, clause, alt, dtype, applies, len(alts) == 1)


def _weigh(site: JudgedSite, judgement: DtypeJudgement) -> None:
    """Where the library raises by itself, code that runs is evidence: a breach counts only when every way breaks the clause.

    Where nothing is raised, one way is enough, unless other code chose it among ways that keep the clause.
    A dtype that the code fixes beside a value which decides what dtype is wanted is worth telling all the same.
    """
    certain: list[Breach] = []
    for breach in judgement.breaches:
        clause = breach.clause
        raises = clause.effect in (Effect.RAISES, Effect.SLOW)
        mixed = bool(judgement.proofs) or any(c is clause for c, _, _ in judgement.doubts)
        if raises and (mixed or not breach.always or breach.alt.kept):
            text = f"it can be {dtype_text(breach.dtype)} on some ways to the call"
            if breach.alone and not breach.alt.kept and (deciding := _deciding(site, clause)):
                judgement.telling.append(clause)
                text = f"it is {dtype_text(breach.dtype)} whatever {deciding} is"
            judgement.doubts.append((clause, text, breach.alt))
        elif arm := _arm(site, breach.alt, judgement.proofs):
            text = f"it can be {dtype_text(breach.dtype)} where {arm}, and whether that goes together with this call is not known"
            judgement.doubts.append((clause, text, breach.alt))
        else:
            certain.append(breach)
    judgement.breaches = certain


def _deciding(site: JudgedSite, clause: Clause) -> str:
    """The one argument on which it depends whether a clause applies, where nothing says that it never comes to that."""
    free = [c.parameter for c in clause.when if outcome(site, (c,)).holds is not Holds.YES]
    return free[0] if len(free) == 1 and not asked_by_the_class(site, free[0]) else ""


def _arm(site: JudgedSite, alt: Alt, proofs: list[Alt]) -> str:
    """The condition under which other code chose a value that it keeps, where it chooses one that is right under another.

    What chose there may have chosen this call, too: a backend, and with it the format of its weights.
    """
    if not alt.kept:
        return ""
    steps = alt.steps
    for proof in proofs:
        others = proof.steps
        shared = 0
        while shared < min(len(steps), len(others)) and _same_place(steps[-1 - shared], others[-1 - shared]):
            shared += 1
        if not shared or shared == len(steps):
            continue
        here, there = steps[-shared], others[-shared]
        own = [c for c in here.condition if c not in there.condition]
        if own and here.file != site.site.file and any(c not in here.condition for c in there.condition):
            return own[0]
    return ""


def _same_place(one: Step, other: Step) -> bool:
    return (one.file, one.line, one.what) == (other.file, other.line, other.what)


def _model_dtype(accepted: frozenset[str]) -> str:
    missing = " or ".join(sorted(MODEL_DTYPES - accepted))
    return f"it has the model's dtype, which breaks the contract when the model is served in {missing}"


def _breach(
    site: JudgedSite,
    judgement: DtypeJudgement,
    clause: Clause,
    alt: Alt,
    dtype: str,
    applies: ConditionOutcome,
    alone: bool,
) -> None:
    if alt.guess:
        text = f"it may be {dtype_text(dtype)}, by a way that was joined by name alone or picked out of several"
        judgement.doubts.append((clause, text, alt))
        return
    if not clause.when:
        judgement.breaches.append(Breach(alt, clause, dtype))
        return
    there = outcome(site, clause.when, alt.trail)
    conditions = " and ".join(str(c) for c in clause.when)
    apart = alt.kept and not there.possible < applies.possible
    tensors = any(site.view.enum_of(c.parameter) is None and not c.parameter.startswith("use_") for c in clause.when)
    if there.holds is Holds.SOMETIMES and (apart or tensors):
        # Another object may have stored the value than the one whose call meets the condition.
        text = f"it can be {dtype_text(dtype)}, and whether that goes together with {conditions} is not known"
        judgement.doubts.append((clause, text, alt))
    elif there.holds in (Holds.YES, Holds.SOMETIMES):
        judgement.breaches.append(Breach(alt, clause, dtype, there.because, there.holds is Holds.YES, alone))
    elif there.holds is Holds.UNKNOWN:
        text = f"it can be {dtype_text(dtype)}, and whether {conditions} is not known"
        judgement.doubts.append((clause, text, alt))


def _label(alt: Alt) -> str:
    value = alt.value
    if isinstance(value, Tensor):
        return value.dtype or "?"
    if isinstance(value, NoneValue):
        return "None"
    return "?"


def _dtype_of(site: JudgedSite, parameter: str, alt: Alt) -> tuple[str | None, str]:
    """The dtype of a possibility, or the reason why it is not known; neither where the possibility is no tensor."""
    value = alt.value
    if isinstance(value, NoneValue):
        return None, ""
    if isinstance(value, Tensor):
        if value.dtype:
            return value.dtype, ""
        shared = _shared(site, parameter, value)
        return (shared, "") if shared else (None, value.reason or "its dtype is not known")
    if isinstance(value, Unknown):
        # Reasons are clauses; where one only names a kind of expression, it needs a verb.
        named = value.reason.startswith(("a ", "an ")) and " is " not in value.reason
        return None, f"it can come from {value.reason}, which is not followed" if named else value.reason
    if isinstance(value, Sequence_ | Values):
        return None, "it is a tuple or list, whose parts are not judged yet"
    if isinstance(value, Const | Member | Dtype | Instance):
        return None, "what is passed is no tensor as far as it was followed"
    return None, "it is not followed to a tensor"


def _shared(site: JudgedSite, parameter: str, value: Tensor) -> str | None:
    """The dtype of a tensor that was cast to another argument's dtype, where the library itself insists on that one."""
    if value.same_as < 0:
        return None
    for other in site.parameters:
        if other.name == parameter:
            continue
        node = site.bound.arguments.get(other.name)
        if node is None or node.id != value.same_as:
            continue
        clauses = site.view.clauses(site.site.entry_point, other.name, Aspect.DTYPE)
        if len(clauses) == 1 and len(clauses[0].dtypes) == 1 and clauses[0].effect is Effect.RAISES:
            return next(iter(clauses[0].dtypes))
    return None


def _accepted(site: JudgedSite, clause: Clause) -> frozenset[str] | None:
    """The dtypes that a clause accepts; those of another argument for `same_as`, None when they are not known."""
    if not clause.same_as:
        return clause.dtypes
    node = site.argument(clause.same_as)
    if node is None:
        return None
    dtypes = {a.value.dtype if isinstance(a.value, Tensor) else "" for a in site.flow.query(node, site.frame())}
    return frozenset(dtypes) if len(dtypes) == 1 and "" not in dtypes else None
