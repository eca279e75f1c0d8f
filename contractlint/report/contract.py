"""The page of one entry point: what `contractlint contracts show` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from contractlint.model import words
from contractlint.model.contract import SEVERAL_GPUS, Aspect, Clause, EntryPoint, Evidence, EvidenceKind
from contractlint.report.table import Column, table_lines
from contractlint.report.view import plural

if TYPE_CHECKING:
    from contractlint.catalog import Catalog

_COLUMNS = (
    Column("PARAMETER", 20, 1),
    Column("NEEDS", 22, 4),
    Column("IN", 16, 1),
    Column("CHECKED BY", 10, 0),
    Column("A BREACH", 20, 4),
    Column("EVIDENCE", 26, 3),
)
_CHECKED_BY = {"python": "Python", "ffi": "launcher", "none": "nobody"}
_BREACH = {"raises": "raises", "silent": "SILENT", "fault": "FAULT", "slow": "slow"}
_SHOWN = 2  # places of evidence, unless all are wanted


def page_lines(
    catalog: Catalog, entry: EntryPoint, release: str | None, *, evidence: bool = False, width: int = 120
) -> list[str]:
    """Return the page of an entry point: names, signature, and a table with one row for each clause."""
    lines = [entry.name, "=" * len(entry.name)]
    if entry.summary:
        lines += ["", entry.summary]
    if entry.capabilities:
        lines += ["", f"runs on compute capability {entry.capabilities}"]
    others = [name for name in entry.names if name != entry.name]
    if others:
        lines += ["", "also imported as:", *(f"  {name}" for name in others)]
    shown = entry.signatures[-1:]
    for signature in shown:
        where = f"in {release}" if release else f"in {signature.releases or 'every release'}"
        text = words.signature(entry.short_name, signature)
        lines += ["", f"signature {where}:", *(f"  {line}" for line in text.splitlines())]
    if len(entry.signatures) > 1:
        ranges = ", ".join(signature.releases for signature in entry.signatures[:-1])
        lines += [f"  (earlier ones: {ranges}; --release shows one)"]
    if not entry.clauses:
        return [*lines, "", "no clauses: only the signature is checked"]
    order = {parameter.name: number for signature in shown for number, parameter in enumerate(signature.parameters)}
    clauses = sorted(entry.clauses, key=lambda clause: order.get(clause.parameter.partition("[")[0], len(order)))
    short = {path: name for name, path in catalog.files(entry.library).items()}
    used: dict[str, str] = {}
    rows = [_row(catalog, entry, clause, short, used, evidence) for clause in clauses]
    silent = sum(clause.effect.value in ("silent", "fault") and clause.forbids for clause in clauses)
    lines += ["", f"{plural(len(clauses), 'clause')}, {silent:,} with a breach that nothing reports:", ""]
    lines += table_lines(_COLUMNS, rows, width)
    if used:
        size = max(map(len, used))
        lines += ["", "files:", *(f"  {name:<{size}}  {path}" for name, path in sorted(used.items()))]
    notes = dict.fromkeys((clause.parameter, " ".join(clause.note.split())) for clause in clauses if clause.note)
    if notes:
        lines += ["", "notes:", *(f"  {parameter}: {note}" for parameter, note in notes)]
    if not evidence and any(len(clause.evidence) > _SHOWN for clause in clauses):
        lines += ["", "--evidence shows every place, its quote, and where each clause is declared."]
    return lines


def _row(
    catalog: Catalog, entry: EntryPoint, clause: Clause, short: dict[str, str], used: dict[str, str], everything: bool
) -> tuple[str, ...]:
    needs = [words.requirement(clause)]
    if clause.when:
        needs.append(f"when {words.conditions(clause)}")
    if clause.documented:
        needs.append(f"(documented: {' '.join(clause.documented.split())})")
    where = " ".join(part for part in (clause.releases or "every release", clause.capabilities) if part)
    cited = sorted(clause.evidence, key=lambda item: item.kind is not EvidenceKind.KERNEL_RUN)  # what was seen first
    places = [_place(catalog, entry, item, short, used, everything) for item in cited[: None if everything else _SHOWN]]
    if everything:
        places.append(f"declared in {clause.source}")
    if not clause.forbids:
        return (clause.parameter, "\n".join(needs), where, "", "", "\n".join(places))
    checked = _CHECKED_BY[clause.enforcement.value]
    breach = _BREACH[clause.effect.value]
    if clause.consequence:
        breach += f": {' '.join(clause.consequence.split())}"
    if clause.lets_through:
        breach += f"\nthe check lets {words.one_of(words.dtype_names(clause.lets_through))} through"
    return (clause.parameter, "\n".join(needs), where, checked, breach, "\n".join(places))


def _place(
    catalog: Catalog, entry: EntryPoint, item: Evidence, short: dict[str, str], used: dict[str, str], quoted: bool
) -> str:
    note = f' "{item.note}"' if quoted and item.note else ""
    if item.kind is EvidenceKind.KERNEL_RUN:
        run = catalog.kernel_run(entry.library, item.where)
        chip = f" on {run.device} ({run.capability}), {run.date[:10]}" if run else ""
        return f"run {item.release}{chip}: {item.where}{note}"
    file, _, line = item.where.rpartition(":")
    if item.kind is EvidenceKind.ISSUE or not file:
        return f"{item}{note}"
    name = short.get(file, file)
    if name != file:
        used[name] = file
    return f"{item.kind.value} {item.release} {name}:{line}{note}"


_UNVERIFIED = (Column("PARAMETER", 20, 1), Column("NEEDS", 22, 3), Column("IN", 16, 1), Column("BREACH", 6, 0))


def unverified_lines(entries: Iterable[EntryPoint], release: str | None, width: int = 120) -> list[str]:
    """Return the clauses that no run of the kernel has confirmed (in `release`, when named), with the chip they need."""
    lines: list[str] = []
    total = missing = 0
    for entry in entries:
        binding = [clause for clause in entry.clauses if clause.forbids]
        waiting = [clause for clause in binding if not _confirmed(clause, release)]
        total += len(binding)
        missing += len(waiting)
        if not waiting:
            continue
        count = f"{len(waiting):,} of {plural(len(binding), 'clause')}"
        lines += [f"{entry.name}: {count} not confirmed by a run; to be run on {needed(entry)}", ""]
        rows = [_waiting(clause) for clause in sorted(waiting, key=_urgency)]
        lines += [f"  {line}".rstrip() for line in table_lines(_UNVERIFIED, rows, width - 2)] + [""]
    where = f" in {release}" if release else ""
    return [
        *lines,
        f"{missing:,} of {plural(total, 'clause')} that can be broken: not confirmed by a kernel run{where}.",
    ]


def needed(entry: EntryPoint) -> str:
    """On what an entry point must be run."""
    chip = f"compute capability {entry.capabilities}" if entry.capabilities else "any chip that the library supports"
    return f"two GPUs or more, {chip}" if SEVERAL_GPUS in entry.tags else chip


def _confirmed(clause: Clause, release: str | None) -> bool:
    return release in clause.run_in if release else bool(clause.run_in)


def _urgency(clause: Clause) -> tuple[int, str, int]:
    """Order what nothing reports before what raises, then by parameter and aspect."""
    loud = clause.effect.value not in ("silent", "fault")
    return int(loud), clause.parameter, list(Aspect).index(clause.aspect)


def _waiting(clause: Clause) -> Sequence[str]:
    when = f", when {words.conditions(clause)}" if clause.when else ""
    where = " ".join(part for part in (clause.releases or "every release", clause.capabilities) if part)
    return clause.parameter, words.requirement(clause) + when, where, _BREACH[clause.effect.value]
