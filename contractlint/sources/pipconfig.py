"""Which package index the user has set pip to use, read from the places that pip documents.

Only public conventions are used (configuration files, `PIP_…` variables, `pip … --help`), so this works beside any pip,
and where an index is configured it needs none.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from contractlint.sources.errors import IndexUnreachable

_FILE = "pip.ini" if os.name == "nt" else "pip.conf"
# Later sections win; `download` is the command whose work is done here.
_SECTIONS = ("global", "install", "download")


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where packages come from and how to get there."""

    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    cert: str = ""
    client_cert: str = ""
    proxy: str = ""
    trusted_hosts: frozenset[str] = frozenset()
    timeout: float = 60.0


def index_settings(environment: Mapping[str, str] = os.environ) -> IndexSettings:
    """Read pip's settings. Raises IndexUnreachable when there is no index to ask."""
    options = dict(_options(environment))

    def words(key: str) -> tuple[str, ...]:
        return tuple(options.get(key, "").split())

    indexes: tuple[str, ...] = ()
    if not _truth(options.get("no-index", "")):
        main = options.get("index-url") or environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL")
        indexes = (main or _default_index(), *words("extra-index-url"))
    if not indexes and not words("find-links"):
        raise IndexUnreachable("pip is set to use no index and no find-links, so no package can be fetched")
    return IndexSettings(
        indexes=indexes,
        find_links=words("find-links"),
        cert=options.get("cert", ""),
        client_cert=options.get("client-cert", ""),
        proxy=options.get("proxy", ""),
        trusted_hosts=frozenset(words("trusted-host")),
        timeout=_seconds(options.get("timeout") or options.get("default-timeout", "")),
    )


def _options(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every option that is set, weakest source first."""
    for path in _files(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (OSError, configparser.Error, UnicodeDecodeError) as problem:
            reason = str(problem).splitlines()[0]
            raise IndexUnreachable(f"{path}: pip's configuration cannot be read: {reason}") from None
        for section in _SECTIONS:
            if parser.has_section(section):
                yield from ((key.replace("_", "-"), value) for key, value in parser.items(section))
    for name, value in environment.items():
        if name.startswith("PIP_") and value:
            yield name[4:].lower().replace("_", "-"), value


def _files(environment: Mapping[str, str]) -> list[Path]:
    named = environment.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    import platformdirs

    shared = platformdirs.site_config_dir("pip", appauthor=False, multipath=True).split(os.pathsep)
    candidates = [Path(folder) / _FILE for folder in reversed(shared)]
    if os.name != "nt":
        candidates.append(Path("/etc") / _FILE)
    home = Path("~").expanduser()
    candidates.append(home / ("pip" if os.name == "nt" else ".pip") / _FILE)
    if sys.platform == "darwin":
        candidates.append(home / ".config" / "pip" / _FILE)
    candidates.append(Path(platformdirs.user_config_dir("pip", appauthor=False, roaming=True)) / _FILE)
    candidates.append(Path(sys.prefix) / _FILE)
    if named:
        candidates.append(Path(named))
    return [path for path in candidates if path.is_file()]


def _default_index() -> str:
    """The index that an installer on this machine uses when nothing is set, in its own words."""
    commands = [[sys.executable, "-m", "pip", "download", "--help"]]
    commands += [[found, "download", "--help"] for name in ("pip3", "pip") if (found := shutil.which(name))]
    uv = shutil.which("uv")
    if uv:
        commands.append([uv, "pip", "install", "--help"])
    environment = {**os.environ, "COLUMNS": "1000", "NO_COLOR": "1"}
    for command in commands:
        try:
            result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            continue
        found_url = re.search(r"\((?:by )?default:?\s+<?(https?://[^\s)>]+)", result.stdout)
        if result.returncode == 0 and found_url:
            return found_url.group(1)
    raise IndexUnreachable("no package index is configured and no pip is installed to ask: set PIP_INDEX_URL")


def _truth(text: str) -> bool:
    return text.strip().lower() in ("1", "true", "yes", "on", "y", "t")


def _seconds(text: str) -> float:
    try:
        return max(1.0, float(text))
    except ValueError:
        return 60.0
