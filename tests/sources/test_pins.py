"""Reading the release that an engine asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from contractlint.sources.pins import find_pins

CASES = {
    "the CUDA requirements go before tests and other hardware": (
        {
            "requirements/test.txt": "flashinfer-python==0.5.0\n",
            "requirements/rocm.txt": "flashinfer-python==0.5.1\n",
            "requirements/cuda.txt": "# pinned\n-r common.txt\nflashinfer-python==0.6.6  # with the image\n",
            "PKG-INFO": "Requires-Dist: flashinfer-python==0.6.5\n",
        },
        ("0.6.6", "requirements/cuda.txt:3"),
    ),
    "names are normalised and extras do not matter": (
        {"pyproject.toml": '[project]\ndependencies = [\n  "torch",\n  "flashinfer_python[cu13]==0.7.2",\n]\n'},
        ("0.7.2", "pyproject.toml:4"),
    ),
    "the installed metadata of a wheel counts": (
        {"engine-1.dist-info/METADATA": "Name: engine\nRequires-Dist: FlashInfer.Python (==0.7.2)\n\ntext\n"},
        ("0.7.2", "engine-1.dist-info/METADATA:2"),
    ),
    "what stands in the description does not": (
        {"PKG-INFO": "Name: engine\n\nRequires-Dist: flashinfer-python==0.1\n"},
        None,
    ),
    "a required one goes before an optional one": (
        {
            "pyproject.toml": "[project]\n"
            'dependencies = ["flashinfer-python==0.6.7"]\n'
            "[project.optional-dependencies]\n"
            'old = ["flashinfer-python==0.6.0"]\n'
        },
        ("0.6.7", "pyproject.toml:2"),
    ),
    "an exact pin goes before a range": (
        {
            "requirements/cuda.txt": "flashinfer-python>=0.6\n",
            "docker/Dockerfile": "FROM x\nARG FLASHINFER_VERSION=0.6.6.post1\n",
        },
        ("0.6.6.post1", "docker/Dockerfile:2"),
    ),
    "an image's variable or install line will do": (
        {"Dockerfile": "# ARG FLASHINFER_VERSION=0.1\nRUN pip install flashinfer_python[cu12]==0.6.4 torch\n"},
        ("0.6.4", "Dockerfile:2"),
    ),
    "setup.cfg is read": (
        {"setup.cfg": "[options]\ninstall_requires =\n  torch\n  flashinfer-python == 0.6.9\n"},
        ("0.6.9", "setup.cfg:4"),
    ),
    "a project one folder down is found": (
        {"python/pyproject.toml": '[project]\ndependencies = ["flashinfer_python==0.6.7.post2"]\n'},
        ("0.6.7.post2", "python/pyproject.toml:2"),
    ),
    "a range alone is a pin without a release": (
        {"requirements.txt": "flashinfer-python>=0.6.4,<0.7\n"},
        ("", "requirements.txt:1"),
    ),
    "a wildcard is a range": ({"requirements.txt": "flashinfer-python==0.6.*\n"}, ("", "requirements.txt:1")),
    "marker and hash do not disturb": (
        {"requirements.txt": "flashinfer-python==0.6.7 ; platform_machine == 'x86_64' \\\n    --hash=sha256:00\n"},
        ("0.6.7", "requirements.txt:1"),
    ),
    "other packages of the family are others": ({"requirements.txt": "flashinfer-cubin==0.6.6\n"}, None),
    "broken files pin nothing": (
        {"pyproject.toml": "[project", "setup.cfg": "no section\n", "requirements.txt": "flashinfer-python=0.6\n"},
        None,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_pin_to_go_by_comes_first(tmp_path: Path, case: tuple[dict[str, str], tuple[str, str] | None]) -> None:
    files, expected = case
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    pins = find_pins(tmp_path)
    if expected is None:
        assert pins == []
    else:
        assert (pins[0].release, str(pins[0].place)) == expected
        assert pins[0].library == "flashinfer-python"


def test_another_library_can_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flashinfer-python==0.6.6\ndeep_gemm==2.1\n")
    assert [(pin.library, pin.release) for pin in find_pins(tmp_path, "deep-gemm")] == [("deep-gemm", "2.1")]
