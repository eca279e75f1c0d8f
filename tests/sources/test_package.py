"""Fetching a published release: from an index on this machine, without running anything of it."""

from __future__ import annotations

import base64
import concurrent.futures
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from contractlint.sources import BadArchive, IndexUnreachable, SourceError, UnknownPackage
from contractlint.sources.package import fetch_package, fetch_wheel
from tests.sources.archives import FakeIndex, sdist, serve, wheel

ENGINE = {
    "setup.py": "raise SystemExit('setup code was run')",
    "pyproject.toml": "[project]\nname = 'engine'\n",
    "PKG-INFO": "Name: engine\n",
    "requirements/cuda.txt": "flashinfer-python==0.6.6\n",
    "engine/__init__.py": "raise SystemExit('imported')",
    "engine/layers/moe.py": "x = 1\n",
    "engine/kernel.cu": "__global__ void f();",
    "tests/__init__.py": "",
    "tests/test_moe.py": "",
    "docs/__init__.py": "",
    "docs/conf.py": "",
}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIndex]:
    """An index that the process is set to use, with an empty cache; nothing else of the machine's settings counts."""
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("CONTRACTLINT_CACHE_DIR", str(tmp_path / "cache"))
    projects = {"engine": {f"engine-{version}.tar.gz": sdist("engine", version, ENGINE) for version in ("1.0", "1.1")}}
    with serve(FakeIndex(projects)) as served:
        monkeypatch.setenv("PIP_INDEX_URL", served.url)
        yield served


@pytest.mark.parametrize("as_json", [False, True], ids=["html", "json"])
@pytest.mark.parametrize("hashes", [True, False], ids=["hashes", "no-hashes"])
def test_brings_the_source_archive_and_runs_none_of_it(index: FakeIndex, as_json: bool, hashes: bool) -> None:
    index.as_json, index.hashes = as_json, hashes
    package = fetch_package("Engine==1.0")
    assert (package.name, package.version, package.archive) == ("engine", "1.0", "engine-1.0.tar.gz")
    assert package.packages == ("engine",)
    assert len(package.sha256) == 64
    files = sorted(path.relative_to(package.root).as_posix() for path in package.root.rglob("*") if path.is_file())
    assert files == [
        "PKG-INFO",
        "engine/__init__.py",
        "engine/layers/moe.py",
        "pyproject.toml",
        "requirements/cuda.txt",
        "setup.py",
    ]


def test_takes_the_most_general_wheel_where_there_is_no_source(index: FakeIndex) -> None:
    content = {"kernels/__init__.py": "", "kernels-2.0.dist-info/METADATA": "Name: kernels\n"}
    index.projects["kernels"] = {
        "kernels-2.0-cp311-cp311-win_amd64.whl": wheel(content),
        "kernels-2.0-cp311-cp311-manylinux_2_34_x86_64.whl": wheel(content),
        "kernels-2.0-cp39-abi3-manylinux_2_34_aarch64.whl": wheel(content),
        "kernels-1.0-py3-none-any.whl": wheel(content),
        "kernels-2.0.egg": b"",
    }
    package = fetch_package("kernels==2.0")
    assert package.archive == "kernels-2.0-cp311-cp311-manylinux_2_34_x86_64.whl"
    assert package.packages == ("kernels",)
    assert (package.root / "kernels-2.0.dist-info" / "METADATA").is_file()


def test_takes_the_wheel_where_that_is_wanted(index: FakeIndex) -> None:
    index.projects["engine"]["engine-1.0-py3-none-any.whl"] = wheel({"engine/__init__.py": "", "engine/kernel.cu": "k"})
    fetch_package("engine==1.0")
    path = fetch_wheel("engine==1.0")
    assert path.name == "engine-1.0-py3-none-any.whl"
    assert zipfile.ZipFile(path).namelist() == ["engine/__init__.py", "engine/kernel.cu"]
    index.asked.clear()
    assert fetch_wheel("engine==1.0") == path
    assert fetch_package("engine==1.0").archive == "engine-1.0.tar.gz"
    assert index.asked == []
    with pytest.raises(UnknownPackage, match=r"engine 1\.1 is published, but not as a wheel"):
        fetch_wheel("engine==1.1")


def test_a_second_run_needs_no_index(index: FakeIndex) -> None:
    first = fetch_package("engine==1.0")
    index.asked.clear()
    assert fetch_package("engine==1.0") == first
    assert index.asked == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: (entry / "engine-1.0.tar.gz").write_bytes(b"other"),
        lambda entry: (entry / "source" / "engine" / "layers" / "moe.py").write_text("tampered = True\n"),
        lambda entry: (entry / "source" / "engine" / "__init__.py").unlink(),
        lambda entry: (entry / "record.json").write_text("{"),
        lambda entry: (entry / "record.json").unlink(),
    ],
    ids=["archive-changed", "source-changed", "source-missing", "record-broken", "record-missing"],
)
def test_a_damaged_cache_is_fetched_anew(index: FakeIndex, tmp_path: Path, damage: object) -> None:
    package = fetch_package("engine==1.0")
    assert callable(damage)
    damage(tmp_path / "cache" / "packages" / "engine-1.0")
    again = fetch_package("engine==1.0")
    assert again == package
    assert (again.root / "engine" / "layers" / "moe.py").read_text() == "x = 1\n"
    assert (again.root / "engine" / "__init__.py").is_file()


def test_two_runs_at_once_end_with_one_whole_entry(index: FakeIndex, tmp_path: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        packages = list(pool.map(fetch_package, ["engine==1.0"] * 8))
    assert len(set(packages)) == 1
    assert [path.name for path in (tmp_path / "cache" / "packages").iterdir()] == ["engine-1.0"]
    index.asked.clear()
    assert fetch_package("engine==1.0") == packages[0]
    assert index.asked == []


def test_an_archive_that_is_not_what_the_index_promises_is_refused(index: FakeIndex, tmp_path: Path) -> None:
    index.wrong_hash = True
    with pytest.raises(BadArchive, match="the index promises 0000"):
        fetch_package("engine==1.0")
    assert list((tmp_path / "cache" / "packages").iterdir()) == []


def test_members_that_would_leave_the_folder_are_not_written(index: FakeIndex, tmp_path: Path) -> None:
    bad = [tarfile.TarInfo("engine-3.0/../../escaped.py"), tarfile.TarInfo("/absolute.py")]
    link = tarfile.TarInfo("engine-3.0/engine/link.py")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    index.projects["engine"]["engine-3.0.tar.gz"] = sdist("engine", "3.0", ENGINE, [*bad, link])
    package = fetch_package("engine==3.0")
    assert not list(tmp_path.rglob("escaped.py"))
    assert not (package.root / "engine" / "link.py").exists()


def test_an_archive_that_is_none_is_refused(index: FakeIndex) -> None:
    index.projects["engine"]["engine-4.0.tar.gz"] = b"no archive at all"
    with pytest.raises(BadArchive, match=r"engine-4\.0\.tar\.gz cannot be unpacked"):
        fetch_package("engine==4.0")


def test_an_unknown_version_names_the_nearest(index: FakeIndex) -> None:
    with pytest.raises(UnknownPackage) as caught:
        fetch_package("engine==1.0.5")
    assert str(caught.value) == "engine has no release 1.0.5: the nearest are 1.0, 1.1; the newest is 1.1"


def test_an_unknown_package_is_said_to_be_unknown(index: FakeIndex) -> None:
    with pytest.raises(UnknownPackage, match="no package 'engien' in the configured package index"):
        fetch_package("engien==1.0")


@pytest.mark.parametrize("spec", ["engine", "engine==", "==1.0", "engine==new", "en gine==1.0", "engine>=1.0"])
def test_a_request_that_names_no_release_is_refused(spec: str) -> None:
    with pytest.raises(SourceError, match="--package"):
        fetch_package(spec)


def test_no_network_is_said(index: FakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:secret@127.0.0.1:9/simple")
    with pytest.raises(IndexUnreachable, match="could not be reached") as caught:
        fetch_package("engine==1.0")
    assert "127.0.0.1" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_index_that_fails_does_not_hide_another(index: FakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index.url)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert fetch_package("engine==1.0").archive == "engine-1.0.tar.gz"


def test_credentials_of_the_index_are_sent_to_it(index: FakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    index.password = base64.b64encode(b"user:s3cret").decode()
    with pytest.raises(IndexUnreachable, match="answered 401"):
        fetch_package("engine==1.0")
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("http://", "http://user:s3cret@"))
    assert fetch_package("engine==1.0").version == "1.0"


def test_a_folder_serves_as_an_index(index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / "engine-9.0.tar.gz").write_bytes(sdist("engine", "9.0", ENGINE))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    assert fetch_package("engine==9.0").version == "9.0"
    assert index.asked == []


def test_the_record_names_the_archive_and_its_hash(index: FakeIndex, tmp_path: Path) -> None:
    package = fetch_package("engine==1.0")
    record = json.loads((tmp_path / "cache" / "packages" / "engine-1.0" / "record.json").read_text())
    assert record["sha256"] == package.sha256
    assert index.url not in json.dumps(record)


@pytest.mark.parametrize(
    ("files", "packages"),
    [
        ({"src/thing/__init__.py": "", "src/thing/a.py": ""}, ("src/thing",)),
        ({"python/thing/__init__.py": "", "benchmark/__init__.py": ""}, ("python/thing",)),
        ({"thing.py": "", "setup.py": ""}, ("thing.py",)),
        ({"space/deep/__init__.py": "", "tests/test_a.py": ""}, ("space",)),
    ],
)
def test_import_packages_are_found_in_every_layout(
    index: FakeIndex, files: dict[str, str], packages: tuple[str, ...]
) -> None:
    index.projects["thing"] = {"thing-1.0.tar.gz": sdist("thing", "1.0", files)}
    assert fetch_package("thing==1.0").packages == packages
