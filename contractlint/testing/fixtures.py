"""The stand-in as a pytest fixture. In a `conftest.py`: `pytest_plugins = ["contractlint.testing.fixtures"]`.

    @pytest.mark.kernel_standin(release="0.6.7", misread=True)
    def test_moe(kernel_standin): ...

    @pytest.mark.kernel_fakes(misread=True)
    def test_moe(kernel_fakes): ...     # the same over the installed library

Without a release in the mark, it is that of `--kernel-standin-release`, or of the ini option of that name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

OPTION = "kernel_standin_release"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the release."""
    parser.addini(OPTION, "release of the kernel library that the kernel_standin fixture stands in for")
    parser.getgroup("contractlint").addoption(
        f"--{OPTION.replace('_', '-')}", metavar="RELEASE", help="release that the kernel_standin fixture stands in for"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Describe the mark."""
    config.addinivalue_line("markers", "kernel_standin(release=…, misread=…): how the kernel_standin fixture behaves")
    config.addinivalue_line("markers", "kernel_fakes(misread=…): how the kernel_fakes fixture behaves")


@pytest.fixture
def kernel_standin(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A stand-in for the kernel library, installed while the test runs."""
    pytest.importorskip("torch", reason="a stand-in computes with torch")
    from contractlint.testing import standin

    mark = request.node.get_closest_marker("kernel_standin")
    options: dict[str, Any] = dict(mark.kwargs) if mark is not None else {}
    release = options.pop("release", None) or request.config.getoption(OPTION) or request.config.getini(OPTION)
    if not release:
        raise pytest.UsageError(
            "the kernel_standin fixture stands in for no release; name one in its mark, or with "
            f"--{OPTION.replace('_', '-')}"
        )
    with standin(release, **options) as installed:
        yield installed


@pytest.fixture
def kernel_fakes(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Fakes over the installed library, while the test runs; skips where it is not installed."""
    pytest.importorskip("torch", reason="fakes compute with torch")
    from contractlint.testing import NotInstalled, install_fakes

    mark = request.node.get_closest_marker("kernel_fakes")
    try:
        installed = install_fakes(**(mark.kwargs if mark is not None else {}))
    except NotInstalled as problem:
        pytest.skip(str(problem))
    yield installed
    installed.uninstall()
