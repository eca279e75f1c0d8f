"""`contractlint rule`: each code has a page."""

from __future__ import annotations

from contractlint.rules.registry import all_rules
from contractlint.suppress import RULES
from tests.cli.conftest import Run


def test_a_rule_is_explained(contractlint: Run) -> None:
    rule = all_rules()[0]
    code, out, _ = contractlint("rule", rule.code.lower())
    assert code == 0
    assert out.startswith(f"{rule.code} {rule.name}\n====")
    assert rule.summary in out


def test_all_rules_are_explained_in_the_order_of_their_codes(contractlint: Run) -> None:
    _, out, _ = contractlint("rule", "--all")
    lines = out.splitlines()
    titles = [lines[number - 1].split()[0] for number, line in enumerate(lines) if line and not line.strip("=")]
    assert titles == sorted({*RULES, *(rule.code for rule in all_rules())})


def test_an_unknown_rule_is_said(contractlint: Run) -> None:
    code, _, err = contractlint("rule", "CL000")
    assert code == 2
    assert err.startswith("contractlint: CL000: no rule of that code; there are CL101")
    assert contractlint("rule")[0] == 2
