"""`# contractlint: ignore[CODE, CODE] reason`: findings that the code's authors have decided to live with.

A comment counts for the call whose line it stands on, or whose statement it stands directly above; on the line of one
argument (or directly above it) it counts for that argument alone, and for findings about the call as a whole.

Nothing vanishes silently. A suppressed finding stays in the report, marked, with the reason. Hiding an error without a
reason is a finding itself (CL901) and keeps the run from being clean; so do a comment that hides nothing (CL902) and
one that names a code which does not exist (CL903). A bare `ignore` hides everything on its call and is noted (CL904).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from contractlint.model.finding import Finding, Severity, Verdict
from contractlint.sources.tree import Tree

if TYPE_CHECKING:
    from contractlint.suppress.comments import FileComments, Suppression

MARKER = b"contractlint:"
# code: (name, summary, documentation); the rule registry shows them beside the rules about kernels.
RULES: dict[str, tuple[str, str, str]] = {
    "CL901": (
        "suppression-without-reason",
        "A suppression hides an error and does not say why.",
        "The finding stays suppressed and this one takes its place until a reason is written:\n"
        "`# contractlint: ignore[CL101] the loader casts this bias to bfloat16`.",
    ),
    "CL902": (
        "unused-suppression",
        "A suppression hides nothing.",
        "The code was mended, the comment stands elsewhere than on the call or its argument, or the judged release\n"
        "never had the breach. Remove the comment, so that it cannot hide the next one.",
    ),
    "CL903": (
        "unknown-suppression-code",
        "A suppression names a code that does not exist, or is written in a way that means nothing.",
        "Write `# contractlint: ignore[CODE, CODE] reason`; `contractlint rule --all` lists the codes.",
    ),
    "CL904": (
        "blanket-suppression",
        "A suppression names no code and hides whatever is found on its call.",
        "It works, and would hide tomorrow's finding as well. Name the codes that it is meant for.",
    ),
}


def apply(
    findings: Sequence[Finding],
    tree: Tree,
    *,
    known_codes: Callable[[], Collection[str]] = tuple,
    files: Iterable[str] | None = None,
) -> tuple[list[Finding], list[Finding]]:
    """Mark what the tree's comments suppress; return all findings and those about the suppressions themselves.

    `files` names the files that may hold comments, where the caller knows; otherwise the whole tree is searched.
    `known_codes` is asked where there are comments. Without it no code is called unknown.
    """
    notes = {name: found for name in (tree.files if files is None else files) if (found := _comments(tree, name))}
    marked: list[Finding] = []
    hidden: dict[int, list[Finding]] = {}
    for finding in findings:
        match = _match(finding, notes.get(finding.place.file))
        if match is not None:
            match.used.add(finding.code)
            hidden.setdefault(id(match), []).append(finding)
            finding = finding.with_suppression(match.reason)
        marked.append(finding)
    own: list[Finding] = []
    codes = known_codes() if notes else ()
    for found in notes.values():
        for suppression in found.suppressions:
            own.extend(_judge(suppression, hidden.get(id(suppression), []), codes))
    return marked, own


def _comments(tree: Tree, name: str) -> FileComments | None:
    try:
        source = tree.read(name)
    except OSError:
        return None
    if MARKER not in source:
        return None
    # Few trees hold such comments, and loading the parser takes longer than searching all their files.
    from contractlint.suppress.comments import read_comments

    return read_comments(name, source)


def _match(finding: Finding, notes: FileComments | None) -> Suppression | None:
    if notes is None:
        return None
    for suppression in notes.suppressions:
        named = not suppression.codes or finding.code in suppression.codes
        if suppression.valid and named and _covers(suppression, finding, notes.arguments):
            return suppression
    return None


def _covers(
    suppression: Suppression, finding: Finding, arguments: dict[tuple[int, int], list[tuple[int, int]]]
) -> bool:
    place = finding.place
    place_last = max(place.end_line, place.line)
    if suppression.first <= place_last and place.line <= suppression.last:
        return True
    call = finding.call or place
    call_last = max(call.end_line, call.line)
    if suppression.whole:
        return suppression.first <= call.line <= suppression.last
    line = suppression.first
    if not call.line <= line <= call_last:
        return False
    spans = arguments.get((call.line, call_last), [])
    about_call = not any(first <= place.line and place_last <= last for first, last in spans)
    on_argument = line != call.line and any(first <= line <= last for first, last in spans)
    return about_call or not on_argument


def _judge(suppression: Suppression, hidden: list[Finding], known_codes: Collection[str]) -> list[Finding]:
    if not suppression.valid:
        return [
            _own(suppression, "CL903", "this comment is no suppression: write `# contractlint: ignore[CODE] reason`")
        ]
    findings: list[Finding] = []
    unknown = [code for code in suppression.codes if known_codes and code not in known_codes]
    for code in unknown:
        message = f"{code} is no rule of contractlint"
        findings.append(_own(suppression, "CL903", message, "`contractlint rule --all` lists the codes"))
    errors = sorted({finding.code for finding in hidden if finding.severity is Severity.ERROR})
    if errors and not suppression.reason:
        message = f"{', '.join(errors)} is suppressed here without a reason"
        findings.append(_own(suppression, "CL901", message, "write the reason behind the closing bracket"))
    if not suppression.codes and hidden:
        codes = ", ".join(sorted(suppression.used))
        note = _own(suppression, "CL904", "this suppression names no code", f"write ignore[{codes}]")
        findings.append(replace(note, severity=Severity.NOTE))
    unused = [code for code in suppression.codes if code not in suppression.used and code not in unknown]
    if unused or (not suppression.codes and not hidden):
        what = ", ".join(unused) or "nothing"
        message = f"suppresses {what}, which is not found here" if unused else "suppresses nothing"
        findings.append(_own(suppression, "CL902", message, "remove it, or move it to the call or the argument"))
    return findings


def _own(suppression: Suppression, code: str, message: str, remedy: str = "") -> Finding:
    return Finding(
        code=code,
        rule=RULES[code][0],
        severity=Severity.WARNING,
        verdict=Verdict.VIOLATED,
        place=suppression.place,
        function=suppression.function,
        entry_point="",
        parameter="",
        release="",
        effect="",
        message=message,
        remedy=remedy,
    )
