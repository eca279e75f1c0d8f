"""Engine releases to measure and test with: fetched as the tool fetches them, refused when not the pinned ones."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from contractlint.sources.package import Package, fetch_package

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENGINES = Path(__file__).with_name("engines.toml")
BUG_ENGINES = Path(__file__).with_name("bug_engines.toml")


class WrongArchive(Exception):
    """What was fetched is not what was pinned."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A pinned release. `edit` is the file, relative to the archive's root, that a measurement may change."""

    name: str
    version: str
    archive: str
    sha256: str
    edit: str = ""

    @property
    def spec(self) -> str:
        return f"{self.name}=={self.version}"

    def fetch(self) -> Package:
        """The unpacked release, from the tool's cache or from the package index."""
        found = fetch_package(self.spec)
        if found.sha256 != self.sha256:
            raise WrongArchive(
                f"{self.spec}: {found.archive} has sha256 {found.sha256}; pinned is {self.archive} with {self.sha256}"
            )
        return found


def load_engines(*more: Path) -> dict[str, Engine]:
    """Every pinned release, by NAME==VERSION: those that are measured, and those of other files."""
    entries = [e for path in (ENGINES, *more) for e in tomllib.loads(path.read_text(encoding="utf-8"))["engine"]]
    engines = [Engine(**entry) for entry in entries]
    return {engine.spec: engine for engine in engines}
