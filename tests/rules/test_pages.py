"""Every rule has a page that reads like the others, and cases that show it at work."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from contractlint.rules.base import RuleInfo
from contractlint.rules.registry import all_rules
from tests.cases.reading import read_cases

HEADINGS = ["What it does", "Why is this bad?", "Example", "Use instead", "Fix safety"]
CASES = Path(__file__).parent.parent / "cases"

each_rule = pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)


@each_rule
def test_the_page_has_the_fixed_headings(rule: RuleInfo) -> None:
    assert re.findall(r"^## (.*)$", rule.doc, re.MULTILINE)[: len(HEADINGS)] == HEADINGS
    assert not re.findall(r"^#(?!# \w)", rule.doc, re.MULTILINE), "headings of another level"


@each_rule
def test_every_section_says_something(rule: RuleInfo) -> None:
    before, *sections = re.split(r"^## .*$", rule.doc, flags=re.MULTILINE)
    assert not before.strip(), "text above the first heading"
    assert all(section.strip() for section in sections)


@each_rule
def test_code_on_the_page_is_python(rule: RuleInfo) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", rule.doc, re.MULTILINE | re.DOTALL)
    assert blocks, "no example"
    for block in blocks:
        ast.parse(block.replace("(...", "(*...").replace(", ...", ", *..."))


@each_rule
def test_summary_and_name_fit_the_listing(rule: RuleInfo) -> None:
    assert re.fullmatch(r"CL\d{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.summary[0].isupper() and not rule.summary.endswith(".") and "\n" not in rule.summary


def test_codes_and_names_are_unique_and_in_order() -> None:
    rules = all_rules()
    assert [rule.code for rule in rules] == sorted({rule.code for rule in rules})
    assert len({rule.name for rule in rules}) == len(rules)


@each_rule
def test_a_case_shows_the_rule_at_work(rule: RuleInfo) -> None:
    said = [s.text for path in CASES.glob("*.md") for case in read_cases(path) for s in case.expectations()]
    assert any(text.startswith(f"[{rule.code}]") for text in said)
