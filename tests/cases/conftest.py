"""Collects the cases in the Markdown files of this folder as tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases.reading import Case, read_cases
from tests.cases.runner import run_case


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    if file_path.suffix == ".md" and file_path.name != "README.md":
        return CaseFile.from_parent(parent, path=file_path)
    return None


class CaseFile(pytest.File):
    """One Markdown file."""

    def collect(self) -> Iterator[pytest.Item]:
        for case in read_cases(self.path):
            item: CaseItem = CaseItem.from_parent(self, name=case.name)
            item.case = case
            reason = case.settings.get("xfail")
            if reason:
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True, raises=Unmet))
            yield item


class Unmet(Exception):
    """What a case says and what was found differ."""


class CaseItem(pytest.Item):
    """One case."""

    case: Case

    def runtest(self) -> None:
        factory: pytest.TempPathFactory = self.session.config._tmp_path_factory  # type: ignore[attr-defined]
        cache = factory.getbasetemp() / "catalog"
        difference = run_case(self.case, factory.mktemp("case"), cache)
        if difference:
            raise Unmet(difference)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        if isinstance(excinfo.value, Unmet):
            return f"{self.path.name}:{self.case.line}: {excinfo.value}"
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line - 1, self.case.name
