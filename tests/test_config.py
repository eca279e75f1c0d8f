"""Settings files: what they may say, and what is said about those that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from contractlint.config import Config, ConfigErrors, load_config


def test_no_settings_are_fine(tmp_path: Path) -> None:
    assert load_config(tmp_path) == Config()


def test_everything_that_can_be_set(tmp_path: Path) -> None:
    file = tmp_path / "contractlint.toml"
    file.write_text(
        'strict = true\nrelease = ["0.6.6", "0.6.7"]\nexclude = ["third_party/"]\ncontracts = ["our/contracts"]\n'
        'select = ["CL1"]\nignore = ["CL102"]\noutput-format = "github"\n'
    )
    assert load_config(tmp_path) == Config(
        release=("0.6.6", "0.6.7"),
        exclude=("third_party/",),
        contracts=(tmp_path / "our/contracts",),
        strict=True,
        select=("CL1",),
        ignore=("CL102",),
        output_format="github",
        file=file,
        release_line=2,
    )


def test_one_release_may_be_a_string(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.contractlint]\nrelease = "0.6.7"\n')
    assert load_config(tmp_path).release == ("0.6.7",)


def test_the_nearest_file_above_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.contractlint]\nrelease = "0.6.7"\n')
    inner = tmp_path / "engine" / "layers"
    inner.mkdir(parents=True)
    (tmp_path / "engine" / "pyproject.toml").write_text("[tool.other]\n")
    module = inner / "moe.py"
    module.write_text("")
    assert load_config(module).file == tmp_path / "pyproject.toml"


def test_its_own_file_goes_before_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.contractlint]\nrelease = "0.6.6"\n')
    (tmp_path / "contractlint.toml").write_text('release = "0.6.7"\n')
    assert load_config(tmp_path).release == ("0.6.7",)


def test_settings_outside_the_work_tree_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "contractlint.toml").write_text('release = "0.6.7"\n')
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    assert load_config(tmp_path / "repo") == Config()


MISTAKES = {
    "all at once, in the order of the file": (
        '[tool.contractlint]\nrelase = "0.6.7"\nstrict = "yes"\nselect = ["E501", "CL1"]\noutput-format = "xml"\n',
        [
            "2: unknown key 'relase'; known are contracts, exclude, ignore, output-format, release, select, strict",
            "3: strict: must be true or false, not a string",
            "4: select: 'E501': no rule code; write CL101, or CL1 for a whole family",
            "5: output-format: must be one of full, concise, github, json, sarif, not 'xml'",
        ],
    ),
    "lists hold strings": (
        "[project]\nexclude = 1\n[tool.contractlint]\nexclude = [1]\nrelease = 7\n",
        [
            "4: exclude: must be a list of strings, not a list that holds other things",
            "5: release: must be a list of strings, not a number",
        ],
    ),
    "broken TOML": (
        "[tool.contractlint]\nstrict = true\nselect = [\n",
        ["3: no valid TOML: Invalid value"],
    ),
    "no table": ("[tool]\ncontractlint = 3\n", ["1: tool.contractlint must be a table"]),
}


@pytest.mark.parametrize(("text", "messages"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_named_with_their_lines(tmp_path: Path, text: str, messages: list[str]) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(text)
    with pytest.raises(ConfigErrors) as caught:
        load_config(tmp_path)
    assert [str(problem) for problem in caught.value.problems] == [f"{file}:{message}" for message in messages]


def test_a_broken_project_file_that_does_not_speak_of_us_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n")
    assert load_config(tmp_path) == Config()
