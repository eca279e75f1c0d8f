"""Every mistake in a contract file is reported, all at once, each with its file and line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from contractlint.catalog import ContractErrors, ContractProblem, load_catalog

DATA = Path(__file__).parent / "data"
LIBRARY = DATA / "library"
SIGNATURES = LIBRARY / "demo" / "signatures.toml"
# The library without its own contract, so that a file of mistakes may speak about the same entry point.
BARE = [LIBRARY / "demo" / name for name in ("releases.toml", "enums.toml", "signatures.toml", "shared")]


def problems_of(files: Iterable[Path], cache: Path) -> tuple[ContractProblem, ...]:
    with pytest.raises(ContractErrors) as caught:
        load_catalog(list(files), shipped=False, cache_folder=cache)
    return caught.value.problems


def expected(file: Path) -> list[tuple[int, str]]:
    """Read what a file of mistakes expects: a message behind `#!` on the line that it concerns."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [(number, line.partition("#!")[2].strip()) for number, line in enumerate(lines, 1) if "#!" in line]


@pytest.mark.parametrize("file", sorted((DATA / "mistakes").glob("*.toml")), ids=lambda path: path.stem)
def test_mistakes_are_all_reported_where_they_stand(file: Path, tmp_path: Path) -> None:
    found = problems_of([*BARE, file], tmp_path)
    wanted = expected(file)
    for line, message in wanted:
        hits = [problem for problem in found if problem.line == line and message in problem.message]
        assert hits, f"line {line}: {message!r} is missing from\n" + "\n".join(map(str, found))
    # A mistake may entail another one (a clause without a range leaves a hole), but never on a line that has none.
    assert {problem.line for problem in found} <= {line for line, _ in wanted}
    assert {problem.file for problem in found} == {file.as_posix()}


def test_mistakes_of_several_files_come_together(tmp_path: Path) -> None:
    files = [
        DATA / "mistakes" / "seven.toml",
        DATA / "mistakes" / "unknown_entry.toml",
        DATA / "mistakes" / "syntax.toml",
    ]
    found = problems_of([*BARE, *files], tmp_path)
    assert {problem.file for problem in found} == {file.as_posix() for file in files}
    assert list(found) == sorted(found)


def test_a_message_says_what_where_and_how_to_mend() -> None:
    problem = ContractProblem("contracts/gemm.toml", 4, "unknown key 'sumary'", "did you mean 'summary'?")
    assert str(problem) == "contracts/gemm.toml:4: unknown key 'sumary'; did you mean 'summary'?"


def test_two_contracts_of_one_entry_point_are_reported(tmp_path: Path) -> None:
    second = tmp_path / "again.toml"
    second.write_text('entry_point = "demo.ops.gemm"\n', encoding="utf-8")
    (problem,) = problems_of([LIBRARY, second], tmp_path / "cache")
    assert problem.file == second.as_posix()
    assert problem.line == 1
    assert "demo.gemm already has a contract in" in problem.message


def test_a_path_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    (problem,) = problems_of([tmp_path / "nowhere"], tmp_path)
    assert "no such file or folder" in problem.message
