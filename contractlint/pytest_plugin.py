"""The pytest plugin: `pytest --contractlint=assert`.

It is loaded by every pytest in the environment, so nothing else is imported until a mode is chosen. Entry points are armed
before conftest files import an engine; child processes that tests start are armed through the environment.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

_MODES = ("assert", "warn", "record", "off")
_OPTIONS = (
    ("--contractlint", "contractlint", "MODE", "Hold kernel calls to their contracts: assert, warn, record or off."),
    (
        "--contractlint-checks",
        "contractlint_checks",
        "WHAT",
        "dtype: dtypes alone; all: whatever metadata show (default).",
    ),
    ("--contractlint-trace", "contractlint_trace", "DIR", "Folder for traces; mode record has a default."),
    ("--contractlint-require", "contractlint_require", "NAME", "Fail unless this entry point is armed; repeatable."),
    ("--contractlint-contracts", "contractlint_contracts", "DIR", "Folder with contracts of your own; repeatable."),
)
_REPEATABLE = ("contractlint_require", "contractlint_contracts")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contractlint", "contracts of kernel libraries")
    for option, name, metavar, text in _OPTIONS:
        many = name in _REPEATABLE
        group.addoption(
            option, dest=name, metavar=metavar, help=text, default=None, action="append" if many else "store"
        )
        if many:
            parser.addini(name, text, type="linelist", default=[])
        else:
            parser.addini(name, text, default="")


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Arm before the first conftest is imported."""
    import pytest

    values: dict[str, Any] = {name: _value(early_config, name) for _, name, _, _ in _OPTIONS}
    mode = str(values["contractlint"] or "")
    if not mode:
        return
    if mode not in _MODES:
        raise pytest.UsageError(f"--contractlint: {mode!r} is no mode; write one of {', '.join(_MODES)}")
    if mode == "off":
        return
    from contractlint.catalog import ContractErrors
    from contractlint.runtime import report
    from contractlint.runtime.arming import arm
    from contractlint.runtime.settings import STATUS, Settings, SettingsError

    try:
        settings = Settings.make(
            mode,
            str(values["contractlint_checks"] or "all"),
            str(values["contractlint_trace"] or ""),
            tuple(values["contractlint_require"] or ()),
            tuple(values["contractlint_contracts"] or ()),
        )
        arm(settings)
    except (SettingsError, ContractErrors) as problem:
        raise pytest.UsageError(f"contractlint: {problem}") from None
    settings.to_environment(os.environ)
    if os.environ.get(STATUS):
        report.watch(os.environ[STATUS])
    early_config.stash[_key()] = True


def pytest_report_header(config: pytest.Config) -> str | None:
    if _key() not in config.stash:
        return None
    from contractlint.runtime.arming import status

    settings = status().settings
    assert settings is not None
    where = f", traces in {settings.trace}" if settings.trace else ""
    return f"contractlint: {settings.mode.value} ({settings.checks.value}){where}"


def pytest_runtest_call(item: pytest.Item) -> None:
    """A conftest or a fixture may have put a stand-in in the place of the library."""
    if _key() in item.config.stash:
        from contractlint.runtime.arming import refresh

        refresh()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A required entry point that was not armed fails the run, however green it is."""
    config = session.config
    if _key() not in config.stash or hasattr(config, "workerinput"):
        return
    from contractlint.runtime.arming import status

    if status().missing() and exitstatus in (0, 5) and not _distributed(config):
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _key() not in config.stash:
        return
    from contractlint.runtime.arming import status

    found = status()
    lines = [] if _distributed(config) else found.lines()
    missing = () if _distributed(config) else found.missing()
    if not lines and not missing:
        return
    terminalreporter.section("contractlint")
    for line in lines:
        terminalreporter.write_line(line)
    for line in missing:
        terminalreporter.write_line(f"required, but not armed: {line}", red=True)


def _value(config: pytest.Config, name: str) -> object:
    """The option, else its twin in the ini file."""
    given = getattr(config.known_args_namespace, name, None)
    return given if given is not None else config.getini(name)


def _distributed(config: pytest.Config) -> bool:
    """Whether other processes run the tests (pytest-xdist); they say for themselves what they arm."""
    return bool(getattr(config.option, "numprocesses", None)) and not hasattr(config, "workerinput")


def _key() -> pytest.StashKey[bool]:
    import pytest

    global _stash
    if _stash is None:
        _stash = pytest.StashKey[bool]()
    return _stash


_stash: pytest.StashKey[bool] | None = None
