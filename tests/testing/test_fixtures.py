"""The pytest fixture, as a user's project has it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="a stand-in computes with torch")

pytest_plugins = ["pytester"]

TESTS = """
import pytest

@pytest.mark.kernel_standin(release="0.6.7", misread=True)
def test_marked(kernel_standin):
    import flashinfer
    assert flashinfer.__version__ == "0.6.7"
    assert kernel_standin.settings.misread

def test_default(kernel_standin):
    import flashinfer
    assert flashinfer.__version__ == "0.6.8"
"""


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    pytester.makeconftest('pytest_plugins = ["contractlint.testing.fixtures"]')
    pytester.makepyfile(TESTS)
    pytester.syspathinsert(Path(__file__).parents[2])
    return pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", *options)


def test_the_mark_or_the_option_names_the_release(pytester: pytest.Pytester) -> None:
    run(pytester, "--kernel-standin-release", "0.6.8").assert_outcomes(passed=2)


def test_without_a_release_it_says_how_to_name_one(pytester: pytest.Pytester) -> None:
    result = run(pytester)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*name one in its mark, or with --kernel-standin-release*"])
