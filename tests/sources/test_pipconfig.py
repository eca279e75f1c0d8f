"""Reading pip's settings from where pip documents them."""

from __future__ import annotations

from pathlib import Path

import pytest

from contractlint.sources import IndexUnreachable
from contractlint.sources.pipconfig import index_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, so that the settings of the machine that runs the tests do not count."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_environment_goes_before_files(tmp_path: Path) -> None:
    file = write(tmp_path / "pip.conf", "[global]\nindex-url = https://file.invalid/simple\ntimeout = 5\n")
    settings = index_settings({"PIP_CONFIG_FILE": str(file), "PIP_INDEX_URL": "https://env.invalid/simple"})
    assert settings.indexes[0] == "https://env.invalid/simple"
    assert settings.timeout == 5.0


def test_user_settings_count_and_sections_are_merged(home: Path) -> None:
    write(
        home / ".config" / "pip" / "pip.conf",
        "[global]\nindex-url = https://a.invalid/simple\nextra-index-url =\n    https://b.invalid/simple\n"
        "    https://c.invalid/simple\ntrusted-host = a.invalid\n[download]\nindex-url = https://d.invalid/simple\n",
    )
    settings = index_settings({})
    assert settings.indexes == ("https://d.invalid/simple", "https://b.invalid/simple", "https://c.invalid/simple")
    assert settings.trusted_hosts == {"a.invalid"}


def test_certificates_and_proxy_are_taken_over(tmp_path: Path) -> None:
    environment = {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "https://a.invalid/simple",
        "PIP_CERT": "/ca.pem",
        "PIP_CLIENT_CERT": "/me.pem",
        "PIP_PROXY": "proxy.invalid:3128",
    }
    settings = index_settings(environment)
    assert (settings.cert, settings.client_cert, settings.proxy) == ("/ca.pem", "/me.pem", "proxy.invalid:3128")


def test_no_index_at_all_is_said() -> None:
    with pytest.raises(IndexUnreachable, match="no index and no find-links"):
        index_settings({"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1"})


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "pip.conf", "index-url = x\n")
    with pytest.raises(IndexUnreachable, match=r"pip\.conf: pip's configuration cannot be read"):
        index_settings({"PIP_CONFIG_FILE": str(file)})


def test_without_settings_pip_is_asked_for_its_own_index() -> None:
    settings = index_settings({"PIP_CONFIG_FILE": "/dev/null"})
    assert len(settings.indexes) == 1
    assert settings.indexes[0].startswith("https://")
