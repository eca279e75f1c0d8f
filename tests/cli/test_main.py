"""The command line as a whole: it starts fast, and tells its own mistakes apart from those of the checked code."""

from __future__ import annotations

import subprocess
import sys

import pytest

import contractlint
from contractlint.cli import _COMMANDS
from tests.cli.conftest import Judgement, Run


@pytest.mark.parametrize("args", [["--version"], ["--help"]])
def test_start_loads_no_parser(args: list[str]) -> None:
    program = (
        "import sys\n"
        "from contractlint.cli import run\n"
        f"assert run({args!r}) == 0\n"
        "heavy = {'libcst', 'torch', 'pathspec', 'contractlint.check', 'contractlint.catalog'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_version(contractlint: Run) -> None:
    assert contractlint("--version") == (0, f"contractlint {contractlint_version()}\n", "")


def contractlint_version() -> str:
    return contractlint.__version__


def test_help_names_every_command(contractlint: Run) -> None:
    _, out, _ = contractlint("--help")
    named = [line.split()[0] for line in out.partition("Commands:\n")[2].splitlines() if line[2:3].strip()]
    assert named == sorted(_COMMANDS)


@pytest.mark.parametrize("command", sorted(_COMMANDS))
def test_every_command_has_help(contractlint: Run, command: str) -> None:
    code, out, _ = contractlint(command, "--help")
    assert code == 0
    assert out.startswith(f"Usage: contractlint {command}")


def test_an_internal_error_is_no_finding(
    project: object, judgement: Judgement, contractlint: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr("contractlint.check.run_check", fail)
    code, out, err = contractlint("check")
    assert code == 2
    assert out == ""
    assert err.splitlines()[-1].startswith(
        "contractlint: internal error, nothing was judged: RuntimeError: out of luck"
    )


def test_it_runs_as_a_module() -> None:
    result = subprocess.run([sys.executable, "-m", "contractlint", "--version"], capture_output=True, text=True)
    assert result.stdout.startswith("contractlint ")
