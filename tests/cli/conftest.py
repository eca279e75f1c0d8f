"""Runs the command line in this process, on a small project, with a judgement that the test decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contractlint.cli import run
from contractlint.model.finding import (
    CallSiteRow,
    Finding,
    Place,
    Report,
    Severity,
    Step,
    Target,
    Unchecked,
    Verdict,
)
from contractlint.sources import Tree


def finding(
    file: str = "engine/layer.py",
    line: int = 1,
    severity: Severity = Severity.ERROR,
    code: str = "CL101",
    through: Sequence[str] = (),
) -> Finding:
    """A finding at a line, whose value comes through the given files."""
    return Finding(
        code=code,
        rule="argument-dtype",
        severity=severity,
        verdict=Verdict.VIOLATED,
        place=Place(file, line),
        function="f",
        entry_point="flashinfer.kernel",
        parameter="p",
        release="0.6.7",
        effect="silent",
        message="message",
        remedy="remedy",
        paths=tuple((Step(name, 1, f"from {name}"), Step(file, line, "passed")) for name in through),
        call=Place(file, line, 1, line, 10),
    )


@dataclass
class Judgement:
    """What the fake static pass answers, and what it was asked."""

    findings: list[Finding] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    sites: int = 1
    trees: list[Tree] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)

    def run_check(self, tree: Tree, catalog: object, targets: Sequence[Target], **options: object) -> Report:
        """Stands in for the static pass."""
        self.trees.append(tree)
        self.targets = list(targets)
        self.options = options
        site = CallSiteRow(Place("engine/layer.py", 1), "f", "flashinfer.kernel", "0.6.7", "bound")
        return Report(
            targets=list(targets),
            call_sites=[site] * self.sites,
            findings=list(self.findings),
            unchecked=list(self.unchecked),
            files=len(tree.files),
        )


@pytest.fixture
def judgement(monkeypatch: pytest.MonkeyPatch) -> Judgement:
    """Replaces the static pass."""
    fake = Judgement()
    monkeypatch.setattr("contractlint.check.run_check", fake.run_check)
    return fake


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for all tests: compiling the shipped contracts anew for each would take most of their time."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine with a pin, which is the working directory."""
    files = {
        "pyproject.toml": '[project]\nname = "engine"\ndependencies = ["flashinfer-python==0.6.7"]\n',
        "engine/__init__.py": "",
        "engine/layer.py": "kernel(x)\n",
        "engine/model.py": "bias = 1\n",
        "engine/other.py": "y = 2\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONTRACTLINT_CACHE_DIR", str(cache))
    return tmp_path


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def contractlint(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line; gives the exit code, stdout and stderr."""

    def call(*args: str) -> tuple[int, str, str]:
        code = run(args)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
