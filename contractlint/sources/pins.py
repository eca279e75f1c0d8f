"""Reads which release of the kernel library an engine asks for, from its own requirement files."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contractlint.model.finding import Place

# How much a source counts: what a CUDA install of the product brings in first, then anything else.
_CUDA, _PRODUCT, _METADATA, _OPTIONAL, _OTHER, _IMAGE = range(6)

# Requirement files that do not describe a CUDA install of the product.
_SIDE_FILES = re.compile(r"build|cpu|dev|doc|lint|npu|rocm|hpu|xpu|tpu|neuron|test|nightly|kv_connectors|musa")


@dataclass(frozen=True, slots=True)
class Pin:
    """One requirement on the library. `release` is empty when the specifier admits more than one release."""

    library: str
    release: str
    specifier: str
    place: Place


def find_pins(root: Path, library: str = "flashinfer-python") -> list[Pin]:
    """Every requirement on `library` in the project at `root`, the one to go by first.

    Exact pins come before ranges, and the requirements of the product's own CUDA install before those of tests, builds
    and other hardware. The project is looked for in `root` itself and in the folders directly below it.
    """
    from packaging.utils import canonicalize_name

    wanted = str(canonicalize_name(library))
    ranked = [
        ((not pin.release, rank, pin.place.file.count("/"), pin.place.file, pin.place.line), pin)
        for rank, pin in _all(root.resolve(), wanted)
    ]
    return [pin for _, pin in sorted(ranked, key=lambda item: item[0])]


def _all(root: Path, library: str) -> Iterator[tuple[int, Pin]]:
    for path in _requirement_files(root):
        rank = _CUDA if re.search(r"cuda|gpu", path.name) else _OTHER if _SIDE_FILES.search(path.name) else _PRODUCT
        if path.parent.name not in ("requirements", root.name) and _SIDE_FILES.search(path.parent.name):
            rank = _OTHER
        yield from _ranked(root, path, library, ((rank, line, text) for line, text in _requirement_lines(path)))
    for path in _below(root, "pyproject.toml"):
        yield from _ranked(root, path, library, _pyproject(path))
    for path in _below(root, "setup.cfg"):
        yield from _ranked(root, path, library, _setup_cfg(path))
    for path in [*_below(root, "PKG-INFO"), *_below(root, "METADATA")]:
        yield from _ranked(root, path, library, _metadata(path))
    for path in [*_below(root, "Dockerfile*"), *_below(root, "*.Dockerfile")]:
        yield from _dockerfile(root, path, library)


def _ranked(
    root: Path, path: Path, library: str, requirements: Iterable[tuple[int, int, str]]
) -> Iterator[tuple[int, Pin]]:
    for rank, line, text in requirements:
        pin = _pin(text, library, Place(path.relative_to(root).as_posix(), line))
        if pin is not None:
            yield rank, pin


def _pin(text: str, library: str, place: Place) -> Pin | None:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    # Parsing every requirement of an engine is slow; nearly all of them name something else.
    if str(canonicalize_name(re.split(r"[\s\[<>=!~;@(]", text.strip(), maxsplit=1)[0])) != library:
        return None
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    return Pin(library, _exact(requirement.specifier), str(requirement.specifier), place)


def _exact(specifiers: Any) -> str:
    from packaging.version import InvalidVersion, Version

    for specifier in specifiers:
        if specifier.operator in ("==", "===") and not specifier.version.endswith(".*"):
            try:
                return str(Version(specifier.version))
            except InvalidVersion:
                return ""
    return ""


def _below(root: Path, pattern: str) -> list[Path]:
    return sorted(path for path in (*root.glob(pattern), *root.glob(f"*/{pattern}")) if path.is_file())


def _requirement_files(root: Path) -> list[Path]:
    found = {*_below(root, "requirements*.txt"), *_below(root, "*-requirements.txt")}
    for folder in (root, *(path for path in root.iterdir() if path.is_dir())):
        found.update(path for path in (folder / "requirements").glob("**/*.txt") if path.is_file())
    return sorted(found)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _requirement_lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        text = re.split(r"(?:^|\s)#|\s--hash|\\$", line)[0].strip()
        if text and not text.startswith("-"):
            yield number, text


def _pyproject(path: Path) -> Iterator[tuple[int, int, str]]:
    from contractlint.sources.toml import TOMLDecodeError, loads

    text = _text(path)
    try:
        project = loads(text).get("project", {})
        requirements = [(_PRODUCT, str(entry)) for entry in project.get("dependencies", [])]
        for entries in project.get("optional-dependencies", {}).values():
            requirements += [(_OPTIONAL, str(entry)) for entry in entries]
    except (TOMLDecodeError, AttributeError, TypeError):
        # A project file that says something else than it should is its owner's business; it pins nothing.
        return
    # The parser keeps no positions; the same text may stand in several sections, in this order.
    lines = text.splitlines()
    seen: dict[str, int] = {}
    for rank, entry in requirements:
        start = seen.get(entry, 0)
        line = next((n for n in range(start, len(lines)) if entry in lines[n]), start)
        seen[entry] = line + 1
        yield rank, line + 1, entry


def _setup_cfg(path: Path) -> Iterator[tuple[int, int, str]]:
    parser = configparser.RawConfigParser()
    text = _text(path)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    lines = text.splitlines()
    entries = [(_PRODUCT, parser.get("options", "install_requires", fallback=""))]
    if parser.has_section("options.extras_require"):
        entries += [(_OPTIONAL, value) for _, value in parser.items("options.extras_require")]
    for rank, value in entries:
        for entry in filter(None, (line.strip() for line in value.splitlines())):
            yield rank, next((n for n, line in enumerate(lines, 1) if entry in line), 1), entry


def _metadata(path: Path) -> Iterator[tuple[int, int, str]]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line:
            return
        if line.startswith("Requires-Dist:"):
            text = line.partition(":")[2].strip()
            yield (_OPTIONAL if re.search(r"\bextra\s*==", text) else _METADATA), number, text


def _dockerfile(root: Path, path: Path, library: str) -> Iterator[tuple[int, Pin]]:
    """Pins in images: `ARG FLASHINFER_VERSION=0.6.6`, with or without the library's `-python`, or a pip install."""
    from packaging.version import InvalidVersion, Version

    stem = library.removesuffix("-python").replace("-", "[-_]")
    variable = re.compile(rf"^\s*(?:ARG|ENV)\s+{stem}(?:_python)?_version[=\s]+[\"']?v?(\d[\w.]*)", re.IGNORECASE)
    install = re.compile(rf"\b{library.replace('-', '[-_]')}(?:\[[^\]]*\])?==(\d[\w.]*)", re.IGNORECASE)
    for number, line in enumerate(_text(path).splitlines(), 1):
        found = variable.search(line) or install.search(line)
        if not found or line.lstrip().startswith("#"):
            continue
        try:
            release = str(Version(found.group(1)))
        except InvalidVersion:
            continue
        yield _IMAGE, Pin(library, release, f"=={release}", Place(path.relative_to(root).as_posix(), number))
