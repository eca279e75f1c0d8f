"""`contractlint check`: exit codes, what is judged, what is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contractlint.model.finding import Severity, Target, Unchecked
from tests.cli.conftest import Judgement, Run, finding

BROKEN = Unchecked("engine/other.py", "does not parse: invalid syntax", 3)


@pytest.mark.parametrize(
    ("severities", "unchecked", "options", "code"),
    [
        ([], [], [], 0),
        ([Severity.NOTE], [], [], 0),
        ([Severity.WARNING], [], [], 1),
        ([Severity.ERROR], [], [], 1),
        ([], [BROKEN], [], 2),
        ([Severity.NOTE], [BROKEN], [], 2),
        ([Severity.ERROR], [BROKEN], [], 1),
        ([Severity.ERROR], [], ["--exit-zero"], 0),
        ([Severity.ERROR], [BROKEN], ["--exit-zero"], 2),
        ([Severity.ERROR], [], ["--ignore", "CL101"], 0),
        ([Severity.ERROR], [], ["--ignore", "CL2,CL1"], 0),
        ([Severity.ERROR], [], ["--select", "CL2"], 0),
        ([Severity.ERROR], [], ["--select", "CL1"], 1),
    ],
)
def test_exit_codes(
    project: Path,
    judgement: Judgement,
    contractlint: Run,
    severities: list[Severity],
    unchecked: list[Unchecked],
    options: list[str],
    code: int,
) -> None:
    judgement.findings = [finding(severity=severity) for severity in severities]
    judgement.unchecked = unchecked
    assert contractlint("check", *options)[0] == code


def test_the_pin_of_the_project_is_the_target_and_said(project: Path, judgement: Judgement, contractlint: Run) -> None:
    code, out, err = contractlint("check")
    assert code == 0
    assert judgement.targets == [Target("flashinfer-python", "0.6.7", "pin", "pyproject.toml:3")]
    assert "Judged against flashinfer-python 0.6.7 (pinned in pyproject.toml:3)." in out
    assert err == ""


def test_named_releases_go_before_the_pin(project: Path, judgement: Judgement, contractlint: Run) -> None:
    contractlint("check", "--release", "0.6.6", "--release", "v0.6.8", "--release", "0.6.6")
    assert [(target.release, target.origin) for target in judgement.targets] == [
        ("0.6.6", "option"),
        ("0.6.8", "option"),
    ]


def test_the_pin_of_the_project_holds_for_a_folder_of_it(
    project: Path, judgement: Judgement, contractlint: Run
) -> None:
    (project / "tools" / "inner").mkdir(parents=True)
    (project / "tools" / "inner" / "a.py").write_text("")
    contractlint("check", "tools/inner")
    assert judgement.targets == [Target("flashinfer-python", "0.6.7", "pin", "../../pyproject.toml:3")]


def test_a_range_stands_for_its_newest_covered_release(project: Path, judgement: Judgement, contractlint: Run) -> None:
    (project / "pyproject.toml").write_text('[project]\ndependencies = ["flashinfer-python>=0.6.5,<0.6.8"]\n')
    contractlint("check")
    assert [target.release for target in judgement.targets] == ["0.6.7.post3"]


def test_settings_of_the_project_count_and_options_go_before_them(
    project: Path, judgement: Judgement, contractlint: Run
) -> None:
    (project / "contractlint.toml").write_text(
        '\nrelease = "0.6.6"\nstrict = true\nignore = ["CL101"]\noutput-format = "concise"\nexclude = ["other.py"]\n'
    )
    judgement.findings = [finding()]
    code, out, _ = contractlint("check")
    assert code == 0
    assert out.startswith("No findings. Judged against flashinfer-python 0.6.6 (set in contractlint.toml:2).")
    assert judgement.options["strict"] is True
    assert "engine/other.py" not in judgement.trees[0].files
    code, out, _ = contractlint("check", "--ignore", "CL2", "--output-format", "json", "--release", "0.6.7")
    assert code == 1
    assert json.loads(out)["targets"][0]["release"] == "0.6.7"


class TestFilesAsAHookPassesThem:
    """The whole project is judged; shown is what touches the files."""

    def test_the_tree_is_the_project(self, project: Path, judgement: Judgement, contractlint: Run) -> None:
        contractlint("check", "engine/other.py")
        assert judgement.trees[0].root == project
        assert "engine/layer.py" in judgement.trees[0].files

    @pytest.mark.parametrize(
        ("files", "code"),
        [
            (["engine/layer.py"], 1),
            (["engine/model.py"], 1),
            (["engine/other.py"], 0),
            (["engine/other.py", "engine/model.py"], 1),
        ],
    )
    def test_a_finding_shows_when_its_call_or_its_path_is_touched(
        self, project: Path, judgement: Judgement, contractlint: Run, files: list[str], code: int
    ) -> None:
        judgement.findings = [finding(through=["engine/loader.py", "engine/model.py"])]
        assert contractlint("check", *files)[0] == code

    def test_the_way_through_the_file_comes_first(self, project: Path, judgement: Judgement, contractlint: Run) -> None:
        judgement.findings = [finding(through=["engine/loader.py", "engine/model.py"])]
        _, out, _ = contractlint("check", "--output-format", "json", "engine/model.py")
        assert json.loads(out)["findings"][0]["path"][0]["file"] == "engine/model.py"
        assert len(json.loads(out)["findings"][0]["paths"]) == 2

    def test_what_does_not_parse_elsewhere_does_not_stop_the_commit(
        self, project: Path, judgement: Judgement, contractlint: Run
    ) -> None:
        judgement.unchecked = [BROKEN]
        assert contractlint("check", "engine/model.py")[0] == 0
        code, out, _ = contractlint("check", "engine/other.py")
        assert code == 2
        assert "engine/other.py:3: does not parse" in out

    def test_a_file_asked_for_that_does_not_parse_is_never_clean(
        self, project: Path, judgement: Judgement, contractlint: Run
    ) -> None:
        """Even where the search passed it by, because nothing in it names a kernel."""
        (project / "engine" / "new.py").write_text("x = 1\ndef broken(:\n")
        code, out, _ = contractlint("check", "engine/new.py")
        assert code == 2
        assert "engine/new.py: does not parse: invalid syntax (line 2)" in out
        assert contractlint("check")[0] == 0

    def test_files_that_settings_exclude_are_a_quiet_success(
        self, project: Path, judgement: Judgement, contractlint: Run
    ) -> None:
        (project / "contractlint.toml").write_text('exclude = ["engine/other.py"]\n')
        judgement.findings = [finding()]
        assert contractlint("check", "engine/other.py")[0] == 0

    def test_scripts_without_suffix_are_python_too(
        self, project: Path, judgement: Judgement, contractlint: Run
    ) -> None:
        (project / "serve").write_text("#!/usr/bin/env python3\n")
        assert contractlint("check", "serve")[0] == 0
        assert "serve" in judgement.trees[0].files

    def test_names_hold_below_the_root(
        self, project: Path, judgement: Judgement, contractlint: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        judgement.findings = [finding()]
        monkeypatch.chdir(project / "engine")
        _, out, _ = contractlint("check", "--output-format", "concise", "layer.py")
        assert out.startswith("layer.py:1:1: CL101 message\n")


def test_suppressions_are_applied_and_judged(project: Path, judgement: Judgement, contractlint: Run) -> None:
    (project / "engine" / "layer.py").write_text("kernel(x)  # contractlint: ignore[CL101] cast by the loader\n")
    judgement.findings = [finding()]
    code, out, _ = contractlint("check")
    assert code == 0
    assert "No findings; 1 suppressed." in out
    (project / "engine" / "layer.py").write_text("kernel(x)  # contractlint: ignore[CL101]\n")
    code, out, _ = contractlint("check")
    assert code == 1
    assert "warning[CL901]: CL101 is suppressed here without a reason" in out


def test_no_call_site_is_said_and_clean(project: Path, judgement: Judgement, contractlint: Run) -> None:
    judgement.sites = 0
    code, out, _ = contractlint("check")
    assert code == 0
    assert "No call of a known kernel entry point in 4 files: nothing to judge." in out


BAD_INPUT = {
    "unknown release": (
        ["check", "--release", "0.6.99"],
        "contractlint: --release: no contracts are known for flashinfer-python 0.6.99; the nearest known releases are "
        "0.6.18.post1 and 0.7.0\n",
    ),
    "no release": (
        ["check", "--release", "newest"],
        "contractlint: --release: 'newest' is no release; write 0.6.7, or NAME==VERSION for another library",
    ),
    "unknown library": (["check", "--release", "triton==3.0"], "contractlint: --release: no contracts are known"),
    "no such path": (["check", "engin"], "contractlint: engin: no such file or folder"),
    "no Python": (["check", "pyproject.toml"], "contractlint: pyproject.toml: not a Python file"),
    "a package and a path": (["check", "--package", "a==1", "engine"], "contractlint: --package a==1 and engine: give"),
    "a package without a release": (["check", "--package", "vllm"], "contractlint: --package vllm: name one published"),
    "no such contracts": (["check", "--contracts", "ours"], "contractlint: ours: no such folder of contracts"),
    "no such code": (["check", "--select", "E501"], "contractlint: --select: 'E501' is no rule code"),
    "no such option": (["check", "--frobnicate"], "contractlint check: No such option"),
    "no such format": (["check", "--output-format", "xml"], "contractlint check: Invalid value"),
    "no such command": (["chekc"], "contractlint: No such command 'chekc'"),
}


@pytest.mark.parametrize(("args", "message"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_one_clear_line(
    project: Path, judgement: Judgement, contractlint: Run, args: list[str], message: str
) -> None:
    code, out, err = contractlint(*args)
    assert code == 2
    assert out == ""
    assert err.startswith(message)
    assert err.count("\n") == 1


def test_settings_with_mistakes_are_all_told(project: Path, judgement: Judgement, contractlint: Run) -> None:
    (project / "contractlint.toml").write_text("strict = 1\nrelese = 2\n")
    code, _, err = contractlint("check")
    assert code == 2
    assert [line.split(": ", 2)[1].rpartition("/")[2] for line in err.splitlines()] == [
        "contractlint.toml:1",
        "contractlint.toml:2",
    ]


def test_contracts_with_mistakes_are_all_told(project: Path, judgement: Judgement, contractlint: Run) -> None:
    (project / "ours").mkdir()
    (project / "ours" / "bad.toml").write_text('lib = "x"\n')
    (project / "ours" / "worse.toml").write_text("[[\n")
    code, _, err = contractlint("check", "--contracts", "ours")
    assert code == 2
    assert "ours/bad.toml:1: " in err
    assert "ours/worse.toml:1: " in err


def test_no_pin_and_nothing_installed_asks_for_a_release(
    project: Path, judgement: Judgement, contractlint: Run
) -> None:
    (project / "pyproject.toml").write_text("[project]\n")
    code, _, err = contractlint("check")
    assert code == 2
    assert "no requirement on flashinfer-python found and none is installed here" in err


def test_a_folder_without_python_is_bad_input(project: Path, judgement: Judgement, contractlint: Run) -> None:
    (project / "data").mkdir()
    code, out, err = contractlint("check", "data")
    assert (code, out) == (2, "")
    assert err == "contractlint: data: no Python file there that git or the settings do not exclude\n"


OWN = """\
entry_point = "house.scale"
signature = "(x, factor)"

[parameters.factor.dtype]
accepts = "float32"
enforced = "none"
effect = "silent"
evidence = ['read house/scale.cu *:1 "factor"']
"""


@pytest.mark.parametrize("pinned", [True, False])
def test_kernels_of_contracts_of_ones_own_are_judged_in_every_run(
    project: Path, contractlint: Run, pinned: bool
) -> None:
    if not pinned:
        (project / "pyproject.toml").write_text("[project]\n")
    (project / "scale.toml").write_text(OWN)
    (project / "contractlint.toml").write_text('contracts = ["scale.toml"]\n')
    (project / "engine" / "layer.py").write_text(
        "import torch\nfrom house import scale\n\nscale(1, torch.zeros(4, dtype=torch.bfloat16))\n"
    )
    code, out, err = contractlint("check", "--no-cache")
    assert (code, err) == (1, "")
    assert "`factor` of `scale` can be bfloat16, but house reads it" in " ".join(out.split())
    release = "flashinfer-python 0.6.7 (pinned in pyproject.toml:3) and " if pinned else ""
    assert f"Judged against {release}house (contracts without releases)." in " ".join(out.split())
