"""Settings of a project: `contractlint.toml`, else `[tool.contractlint]` in `pyproject.toml`.

The nearest file above the first checked path counts, not leaving its git work tree. What a file says wrongly is an
error, and all errors are told at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contractlint.sources.roots import work_tree
from contractlint.sources.toml import TOMLDecodeError, loads

OUTPUT_FORMATS = ("full", "concise", "github", "json", "sarif")
_CODE = re.compile(r"CL\d{0,3}")


@dataclass(frozen=True, slots=True)
class Config:
    """What a project has set. `file` is where, `release_line` the line of its `release`."""

    release: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    contracts: tuple[Path, ...] = ()
    strict: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    output_format: str = ""
    file: Path | None = None
    release_line: int = 0


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One mistake in a settings file."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class ConfigErrors(Exception):
    """The settings file holds mistakes; `problems` has all of them."""

    def __init__(self, problems: list[ConfigProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load_config(path: Path) -> Config:
    """Settings that hold for a path; defaults when there are none. Raises ConfigErrors."""
    path = path.resolve()
    start = path.parent if path.is_file() else path
    stop = work_tree(start)
    for folder in (start, *start.parents):
        own = folder / "contractlint.toml"
        if own.is_file():
            return _parse(own, (), own.read_text(encoding="utf-8", errors="replace"))
        project = folder / "pyproject.toml"
        if project.is_file():
            text = project.read_text(encoding="utf-8", errors="replace")
            # Reading every project file in full costs time, and one that does not speak of us is not ours to judge.
            if "contractlint" in text:
                config = _parse(project, ("tool", "contractlint"), text)
                if config.file is not None:
                    return config
        if folder == stop:
            break
    return Config()


def _parse(file: Path, section: tuple[str, ...], text: str) -> Config:
    try:
        table: object = loads(text)
    except TOMLDecodeError as problem:
        found = re.search(r"\(at line (\d+)", str(problem))
        line = int(found.group(1)) if found else max(1, len(text.splitlines()))
        message = re.sub(r" \(at .*\)$", "", str(problem))
        raise ConfigErrors([ConfigProblem(file, line, f"no valid TOML: {message}")]) from None
    for key in section:
        table = table.get(key) if isinstance(table, dict) else None
        if table is None:
            return Config()
    start = _section_line(text, section)
    if not isinstance(table, dict):
        raise ConfigErrors([ConfigProblem(file, start, f"{'.'.join(section)} must be a table")])
    problems: list[ConfigProblem] = []
    values: dict[str, object] = {}
    for key, value in table.items():
        line = _key_line(text, start, key)
        reader = _READERS.get(key)
        if reader is None:
            known = ", ".join(sorted(_READERS))
            problems.append(ConfigProblem(file, line, f"unknown key {key!r}; known are {known}"))
            continue
        try:
            values[key.replace("-", "_")] = reader(value)
        except ValueError as problem:
            problems.append(ConfigProblem(file, line, f"{key}: {problem}"))
    if problems:
        raise ConfigErrors(sorted(problems, key=lambda problem: problem.line))
    return _config(file, values, _key_line(text, start, "release"))


def _config(file: Path, values: Mapping[str, object], release_line: int) -> Config:
    def texts(key: str) -> tuple[str, ...]:
        value = values.get(key, ())
        return value if isinstance(value, tuple) else ()

    return Config(
        release=texts("release"),
        exclude=texts("exclude"),
        contracts=tuple(file.parent / folder for folder in texts("contracts")),
        strict=values.get("strict") is True,
        select=texts("select"),
        ignore=texts("ignore"),
        output_format=str(values.get("output_format", "")),
        file=file,
        release_line=release_line,
    )


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ValueError(f"must be a list of strings, not {_kind(value)}")
    return tuple(value)


def _releases(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else _texts(value)


def _codes(value: object) -> tuple[str, ...]:
    codes = _texts(value)
    wrong = [code for code in codes if not _CODE.fullmatch(code)]
    if wrong:
        raise ValueError(f"{', '.join(map(repr, wrong))}: no rule code; write CL101, or CL1 for a whole family")
    return codes


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {_kind(value)}")
    return value


def _format(value: object) -> str:
    if value not in OUTPUT_FORMATS:
        raise ValueError(f"must be one of {', '.join(OUTPUT_FORMATS)}, not {value!r}")
    return str(value)


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list that holds other things" if value else "an empty list"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", dict: "a table"}
    return names.get(type(value), type(value).__name__)


_READERS: dict[str, Callable[[object], object]] = {
    "contracts": _texts,
    "exclude": _texts,
    "ignore": _codes,
    "output-format": _format,
    "release": _releases,
    "select": _codes,
    "strict": _truth,
}


def _section_line(text: str, section: tuple[str, ...]) -> int:
    header = re.compile(r"\s*\[\s*" + r"\s*\.\s*".join(section) + r"\s*\]")
    numbers = (number for number, line in enumerate(text.splitlines(), 1) if header.match(line))
    return next(numbers, 1) if section else 1


def _key_line(text: str, start: int, key: str) -> int:
    """The line that sets a key at or after `start`; the parser keeps no positions."""
    pattern = re.compile(rf"""(?:.*[.{{,]\s*)?["']?{re.escape(key)}["']?\s*[=.]""")
    lines = text.splitlines()
    return next((number for number in range(start, len(lines) + 1) if pattern.match(lines[number - 1].strip())), start)
