"""Suppression comments: what they cover, and what is said about them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from contractlint.model.finding import Finding, Place, Severity, Verdict
from contractlint.sources import discover
from contractlint.suppress import RULES, apply

CODES = {"CL101", "CL102", "CL201", *RULES}


def finding(
    code: str, place: tuple[int, int], call: tuple[int, int], severity: Severity = Severity.ERROR, column: int = 1
) -> Finding:
    """A finding on the lines `place` of a call on the lines `call`."""
    return Finding(
        code=code,
        rule="rule",
        severity=severity,
        verdict=Verdict.VIOLATED,
        place=Place("a.py", place[0], column, place[1], 99),
        function="f",
        entry_point="lib.kernel",
        parameter="p",
        release="1.0",
        effect="silent",
        message="m",
        remedy="r",
        call=Place("a.py", call[0], 5, call[1], 6),
    )


def run(tmp_path: Path, source: str, *findings: Finding) -> tuple[list[bool], list[str]]:
    """Which findings are suppressed, and the tool's own findings as `line CODE severity`."""
    (tmp_path / "a.py").write_text(textwrap.dedent(source).lstrip("\n"))
    marked, own = apply(findings, discover([tmp_path]), known_codes=lambda: CODES)
    return (
        [item.suppressed for item in marked],
        [f"{item.place.line} {item.code} {item.severity.value}" for item in own],
    )


CALL = """
    def f(x, logits, bias):
        y = kernel({open}
            logits,{first}
            bias,{second}
        ){close}
    """


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        # Findings: on `logits`, on `bias`, on the call as a whole.
        ("open", [True, True, True]),
        ("first", [True, False, True]),
        ("second", [False, True, True]),
        ("close", [True, True, True]),
    ],
)
def test_a_comment_covers_its_argument_or_its_call(tmp_path: Path, where: str, expected: list[bool]) -> None:
    slots = {"open": "", "first": "", "second": "", "close": "", where: "  # contractlint: ignore[CL101] cast inside"}
    findings = [finding("CL101", (3, 3), (2, 5)), finding("CL101", (4, 4), (2, 5)), finding("CL101", (2, 5), (2, 5))]
    assert run(tmp_path, CALL.format(**slots), *findings) == (expected, [])


def test_a_comment_above_an_argument_covers_that_argument(tmp_path: Path) -> None:
    source = """
        y = kernel(
            logits,
            # contractlint: ignore[CL101] the loader casts it,
            # as its own comment says
            bias,
        )
        """
    findings = [finding("CL101", (2, 2), (1, 6)), finding("CL101", (5, 5), (1, 6))]
    assert run(tmp_path, source, *findings) == ([False, True], [])


def test_a_comment_above_a_statement_covers_the_calls_in_it(tmp_path: Path) -> None:
    source = """
        def f(x):
            # contractlint: ignore[CL101] measured: no difference
            return (
                kernel(
                    x,
                )
            )
            kernel(x)
        """
    findings = [finding("CL101", (5, 5), (4, 6)), finding("CL101", (8, 8), (8, 8))]
    assert run(tmp_path, source, *findings) == ([True, False], [])


def test_a_comment_above_a_compound_statement_covers_its_first_line_only(tmp_path: Path) -> None:
    source = """
        # contractlint: ignore[CL101] a reason
        if kernel(x):
            kernel(y)
        """
    findings = [finding("CL101", (2, 2), (2, 2)), finding("CL101", (3, 3), (3, 3))]
    assert run(tmp_path, source, *findings) == ([True, False], [])


def test_only_the_named_codes_are_suppressed(tmp_path: Path) -> None:
    source = "kernel(x)  # contractlint: ignore[CL101, CL201] both are known\n"
    findings = [finding(code, (1, 1), (1, 1)) for code in ("CL101", "CL102", "CL201")]
    assert run(tmp_path, source, *findings) == ([True, False, True], [])


OWN = {
    "an error needs a reason": ("ignore[CL101]", Severity.ERROR, True, ["1 CL901 warning"]),
    "a warning does not": ("ignore[CL101]", Severity.WARNING, True, []),
    "a code that is not found": ("ignore[CL102] why", Severity.ERROR, False, ["1 CL902 warning"]),
    "one of two codes is not found": ("ignore[CL101, CL102] why", Severity.ERROR, True, ["1 CL902 warning"]),
    "a code that does not exist": ("ignore[CL1234] why", Severity.ERROR, False, ["1 CL903 warning"]),
    "no code is a note": ("ignore for now", Severity.ERROR, True, ["1 CL904 note"]),
    "no code and no reason": ("ignore", Severity.ERROR, True, ["1 CL901 warning", "1 CL904 note"]),
    "something else": ("noqa[CL101] why", Severity.ERROR, False, ["1 CL903 warning"]),
    "a reason after a dash": ("ignore[CL101] - why", Severity.ERROR, True, []),
}


@pytest.mark.parametrize(("comment", "severity", "hidden", "own"), OWN.values(), ids=OWN.keys())
def test_what_is_said_about_a_comment(
    tmp_path: Path, comment: str, severity: Severity, hidden: bool, own: list[str]
) -> None:
    source = f"kernel(x)  # contractlint: {comment}\n"
    assert run(tmp_path, source, finding("CL101", (1, 1), (1, 1), severity)) == ([hidden], own)


def test_a_comment_that_hides_nothing_is_found_where_there_are_no_findings(tmp_path: Path) -> None:
    source = """
        class A:
            def f(self):
                x = 1  # contractlint: ignore
                text = "# contractlint: ignore[CL101] in a string"
        """
    assert run(tmp_path, source) == ([], ["3 CL902 warning"])


def test_the_reason_and_the_place_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("class A:\n    def f(self):\n        kernel(x)  # contractlint: ignore[CL101]\n")
    marked, own = apply([finding("CL101", (3, 3), (3, 3))], discover([tmp_path]))
    assert marked[0].suppression_reason == ""
    assert own[0].place == Place("a.py", 3, 20, 3, 49)
    assert own[0].function == "A.f"
    assert own[0].message == "CL101 is suppressed here without a reason"


def test_a_file_that_does_not_parse_is_left_to_the_check(tmp_path: Path) -> None:
    assert run(tmp_path, "def f(:  # contractlint: ignore[CL101] x\n", finding("CL101", (1, 1), (1, 1))) == (
        [False],
        [],
    )
