"""Install a stand-in for the kernel library, and take it out again."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from contractlint.catalog.catalog import Catalog
from contractlint.catalog.loader import load_catalog
from contractlint.testing import kernels
from contractlint.testing.answers import Answers
from contractlint.testing.call import Settings
from contractlint.testing.package import Package, loaded


class Standin:
    """An installed stand-in. `package` is the module that engines import; `uninstall` brings back what was there."""

    def __init__(self, catalog: Catalog, library: str, release: str, settings: Settings) -> None:
        self.view = catalog.at(library, release)
        self.settings = settings
        self.name = catalog.package(library)
        self._answers = Answers(self.view, self.name, settings)
        self._package = Package(self.view, self.name, self._answers.called, kernels.extras(settings))
        self._finder = _Metadata(library, self.view.release)
        self._before: dict[str, ModuleType] | None = None

    @property
    def package(self) -> ModuleType:
        """The top module of the stand-in."""
        return self._package.modules[self.name]

    @property
    def computed(self) -> tuple[str, ...]:
        """The entry points that compute, by canonical name."""
        return self._answers.computed

    def install(self) -> Standin:
        """Put the stand-in where `import` finds it. What is loaded of the real library is kept for `uninstall`."""
        if self._before is None:
            self._before = {name: sys.modules.pop(name) for name in loaded(self.name)}
            sys.modules.update(self._package.modules)
            sys.meta_path.insert(0, self._finder)
        return self

    def uninstall(self) -> None:
        """Take the stand-in out of `sys.modules`. Modules that imported from it keep what they have."""
        if self._before is not None:
            for name in loaded(self.name):
                del sys.modules[name]
            sys.modules.update(self._before)
            sys.meta_path.remove(self._finder)
            self._before = None


def install(
    release: str,
    *,
    library: str = "flashinfer-python",
    misread: bool = False,
    checks: bool = True,
    capability: tuple[int, int] = (10, 0),
    catalog: Catalog | None = None,
) -> Standin:
    """Install a stand-in for one release, until its `uninstall` is called.

    Args:
        release: a release that the contracts know, such as `0.6.7`.
        library: the library's name on the package index.
        misread: where arguments break a clause whose effect is silent, read memory as the kernel does.
        checks: raise `ContractRaised` where the library itself checks a clause that is broken.
        capability: what the stand-in says of the GPU, as (major, minor).
        catalog: contracts to use instead of those that come with this program.

    Raises:
        UnknownLibrary, UnknownRelease: the contracts do not know it.
    """
    settings = Settings(misread=misread, checks=checks, capability=capability)
    return Standin(catalog or load_catalog(), library, release, settings).install()


@contextmanager
def standin(release: str, **options: Any) -> Iterator[Standin]:
    """Install a stand-in for the length of a `with` block. Options are those of `install`."""
    installed = install(release, **options)
    try:
        yield installed
    finally:
        installed.uninstall()


class _Metadata(importlib.metadata.DistributionFinder):
    """Answers `importlib.metadata.version("flashinfer-python")` with the release that is stood in for."""

    def __init__(self, library: str, release: str) -> None:
        self._found = _Distribution(library, release)
        self._names = {library, library.replace("-", "_")}

    def find_spec(self, *_: Any, **__: Any) -> None:
        return None

    def find_distributions(self, context: Any = None) -> Iterable[importlib.metadata.Distribution]:
        name = getattr(context, "name", None)
        return [self._found] if name is None or name in self._names else []


class _Distribution(importlib.metadata.Distribution):
    def __init__(self, library: str, release: str) -> None:
        self._text = f"Metadata-Version: 2.1\nName: {library}\nVersion: {release}\n"

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        raise FileNotFoundError(f"a stand-in has no files: {path}")
