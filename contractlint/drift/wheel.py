"""The files of one release of a library, in a wheel or in a folder. Nothing is ever imported."""

from __future__ import annotations

import re
import zipfile
import zlib
from functools import cached_property
from pathlib import Path


class WheelError(Exception):
    """A wheel cannot be read, or does not say what it is."""


class Wheel:
    """The files of one release, named as inside the wheel: `demo/ops.py`."""

    def __init__(self, path: Path, library: str, package: str, release: str = "") -> None:
        """Open a `.whl` file or a folder that holds the package (or is it). Raises WheelError."""
        self.path, self.library, self.package = path, library, package
        self._bundle: zipfile.ZipFile | None = None
        self._text: dict[str, str | None] = {}
        if path.is_dir():
            inside = path.name == package and (path / "__init__.py").is_file()
            self._root = path.parent if inside else path
            if not (self._root / package).is_dir():
                raise WheelError(f"{path} holds no package {package!r}; unpack a wheel of {library} there")
        elif path.is_file():
            try:
                self._bundle = zipfile.ZipFile(path)
            except (OSError, zipfile.BadZipFile) as problem:
                raise WheelError(f"{path} is no wheel: {problem}") from None
            if not self.names:
                raise WheelError(f"{path} holds no package {package!r}; it is no wheel of {library}")
        else:
            raise WheelError(f"{path}: there is no such file or folder")
        self.release = release or self._find_release()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The files of the package, in order."""
        start = f"{self.package}/"
        if self._bundle is not None:
            found = (item.filename for item in self._bundle.infolist() if not item.is_dir())
            return tuple(sorted(name for name in found if name.startswith(start)))
        files = (self._root / self.package).rglob("*")
        return tuple(sorted(path.relative_to(self._root).as_posix() for path in files if path.is_file()))

    def read(self, name: str) -> bytes | None:
        """The content of a file, or None when the release has no such file."""
        try:
            if self._bundle is not None:
                return self._bundle.read(name)
            return (self._root / name).read_bytes()
        except (KeyError, FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except (OSError, zipfile.BadZipFile, zlib.error) as problem:
            raise WheelError(f"{self.path}: {name} cannot be read: {problem}") from None

    def text(self, name: str) -> str | None:
        """The content of a file as text, or None when the release has no such file."""
        if name not in self._text:
            content = self.read(name)
            self._text[name] = None if content is None else content.decode("utf-8", "replace")
        return self._text[name]

    def _find_release(self) -> str:
        """Return what the metadata say, else the file's name, else what the package says of itself."""
        for text in self._metadata():
            name = re.search(r"^Name: *(\S+)", text, re.M)
            version = re.search(r"^Version: *(\S+)", text, re.M)
            if name and version and _normal(name[1]) == _normal(self.library):
                return version[1]
        match = re.match(rf"{re.escape(_normal(self.library))}-(\d[^-]*)", _normal(self.path.name))
        if match:
            return match[1].removesuffix(".whl")
        for file in ("_build_meta.py", "_version.py", "version.py"):
            found = re.search(r"^__version__ *= *['\"]([^'\"]+)", self.text(f"{self.package}/{file}") or "", re.M)
            if found:
                return found[1]
        raise WheelError(f"{self.path} does not say which release of {self.library} it is; name its folder after it")

    def _metadata(self) -> list[str]:
        if self._bundle is not None:
            names = [name for name in self._bundle.namelist() if name.endswith(".dist-info/METADATA")]
            return [self._bundle.read(name).decode("utf-8", "replace") for name in names]
        return [path.read_text("utf-8", "replace") for path in self._root.glob("*.dist-info/METADATA")]


def _normal(name: str) -> str:
    """Spell a name as indexes compare it."""
    return name.replace("_", "-").lower()
