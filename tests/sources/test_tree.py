"""Which files belong to a tree."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from contractlint.sources import SourceError, discover, import_root, is_test_file, project_root


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def git(root: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(root), *args], check=True, capture_output=True)


PROJECT = {
    "engine/__init__.py": "",
    "engine/layers/moe.py": "",
    "engine/layers/notes.md": "",
    "engine/build/__init__.py": "",
    "engine/generated/a.py": "",
    "engine/generated/kept.py": "",
    "engine/local.py": "",
    "build/lib/engine/__init__.py": "",
    "dist/a.py": "",
    ".venv/lib/a.py": "",
    "my-env/pyvenv.cfg": "",
    "my-env/lib/a.py": "",
    "engine/__pycache__/a.py": "",
    "engine.egg-info/a.py": "",
    ".gitignore": "# made by a tool\nbuild/lib\ndist\n/my-env\nengine/generated/*\n",
    "engine/.gitignore": "local.py\n!generated/kept.py\n",
}
EXPECTED = (
    "engine/__init__.py",
    "engine/build/__init__.py",
    "engine/generated/kept.py",
    "engine/layers/moe.py",
)


def test_a_folder_is_walked_as_git_would(tmp_path: Path) -> None:
    write(tmp_path, PROJECT)
    tree = discover([tmp_path])
    assert tree.root == tmp_path
    assert tree.files == EXPECTED


def test_git_lists_the_same_files(tmp_path: Path) -> None:
    write(tmp_path, {**PROJECT, ".gitignore": PROJECT[".gitignore"] + ".venv\n__pycache__\n*.egg-info\n"})
    git(tmp_path, "init", "-q")
    assert discover([tmp_path]).files == EXPECTED


def test_git_lists_tracked_and_new_files_and_none_that_are_gone(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "gone.py": "", "ignored.py": "", ".gitignore": "ignored.py\n", "ä b.py": ""})
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "a.py", "gone.py")
    (tmp_path / "gone.py").unlink()
    write(tmp_path, {"new.py": ""})
    assert discover([tmp_path]).files == ("a.py", "new.py", "ä b.py")


def test_the_variables_of_a_hook_do_not_mislead_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, {f"{name}.py": ""})
        git(tmp_path / name, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "one" / ".git"))
    assert discover([tmp_path / "two"]).files == ("two.py",)


def test_an_ignored_folder_that_is_named_is_searched(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": ".venv\n", ".venv/lib/engine/__init__.py": ""})
    git(tmp_path, "init", "-q")
    assert discover([tmp_path / ".venv" / "lib"]).files == ("engine/__init__.py",)


def test_a_package_folder_keeps_its_import_name(tmp_path: Path) -> None:
    write(tmp_path, PROJECT)
    tree = discover([tmp_path / "engine"])
    assert tree.root == tmp_path
    assert tree.files == EXPECTED
    assert discover([tmp_path / "engine" / "layers"]).files == ("moe.py",)


def test_excluded_files_are_left_out_even_when_named(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "third_party/b.py": "", "c_generated.py": ""})
    patterns = ["third_party/", "*_generated.py"]
    assert discover([tmp_path], exclude=patterns).files == ("a.py",)
    assert discover([tmp_path / "third_party" / "b.py"], root=tmp_path, exclude=patterns).files == ()


def test_files_are_read_from_the_root(tmp_path: Path) -> None:
    write(tmp_path, {"a/b.py": "x = 1\n"})
    tree = discover([tmp_path])
    assert tree.read("a/b.py") == b"x = 1\n"
    assert tree.path("a/b.py") == tmp_path / "a" / "b.py"


@pytest.mark.parametrize(("name", "message"), [("none", "no such file"), ("a.txt", "not a Python file")])
def test_what_is_no_source_is_refused(tmp_path: Path, name: str, message: str) -> None:
    write(tmp_path, {"a.txt": ""})
    with pytest.raises(SourceError, match=message):
        discover([tmp_path / name])


def test_a_path_outside_the_root_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"a/a.py": "", "b/b.py": ""})
    with pytest.raises(SourceError, match="outside the checked root"):
        discover([tmp_path / "b"], root=tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tests/kernels/moe.py", True),
        ("engine/test/a.py", True),
        ("benchmarks/a.py", True),
        ("examples/a.py", True),
        ("engine/test_moe.py", True),
        ("engine/moe_test.py", True),
        ("conftest.py", True),
        ("engine/moe.py", False),
        ("engine/testimony.py", False),
        ("engine/contest.py", False),
        ("tests.py", False),
    ],
)
def test_tests_benchmarks_and_examples_are_told_from_the_product(name: str, expected: bool) -> None:
    assert is_test_file(name) is expected


def test_roots(tmp_path: Path) -> None:
    write(tmp_path, {"python/pyproject.toml": "", "python/engine/__init__.py": "", "python/engine/a/__init__.py": ""})
    deep = tmp_path / "python" / "engine" / "a"
    assert import_root(deep) == tmp_path / "python"
    assert project_root(deep / "__init__.py") == tmp_path / "python"
    git(tmp_path, "init", "-q")
    assert project_root(deep) == tmp_path
