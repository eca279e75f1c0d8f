"""The pytest plugin: `pytest --contractlint=assert`.

It is loaded by every pytest in the environment, so nothing else is imported until a mode is chosen. Entry points are armed
before conftest files import an engine; child processes that tests start are armed through the environment.
"""

from __future__ import annotations

import os
from typing import Any

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
_STASH = pytest.StashKey[
    list[dict[str, Any]]
]()  # where armed: what the workers of pytest-xdist said, empty without them
_WORKER = "contractlint"  # the key of that in their output
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
    early_config.stash[_STASH] = []


def pytest_report_header(config: pytest.Config) -> str | None:
    if _STASH not in config.stash:
        return None
    from contractlint.runtime.arming import status

    settings = status().settings
    assert settings is not None
    where = f", traces in {settings.trace}" if settings.trace else ""
    return f"contractlint: {settings.mode.value} ({settings.checks.value}){where}"


def pytest_runtest_call(item: pytest.Item) -> None:
    """A conftest or a fixture may have put a stand-in in the place of the library."""
    if _STASH in item.config.stash:
        from contractlint.runtime.arming import refresh

        refresh()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A required entry point that was not armed fails the run, however green it is."""
    config = session.config
    if _STASH not in config.stash:
        return
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[_WORKER] = _report()
    elif exitstatus in (0, 5) and _missing(config):
        session.exitstatus = 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A worker of pytest-xdist has ended: keep what it says it armed."""
    said = getattr(node, "workeroutput", {}).get(_WORKER)
    if said is not None and _STASH in node.config.stash:
        node.config.stash[_STASH].append(said)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _STASH not in config.stash or hasattr(config, "workerinput"):
        return
    lines, missing = _lines(config), _missing(config)
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


def _report() -> dict[str, Any]:
    """What this process armed."""
    from contractlint.runtime.arming import status

    found = status()
    return {"imported": bool(found.libraries), "lines": found.lines(), "missing": list(found.missing())}


def _reports(config: pytest.Config) -> list[dict[str, Any]]:
    """What the processes that ran tests armed: those of pytest-xdist, else this one."""
    return config.stash[_STASH] or [_report()]


def _lines(config: pytest.Config) -> list[str]:
    """What was armed, each thing once, with the number of processes that say it where there are several."""
    reports = _reports(config)
    imported = [report for report in reports if report["imported"]]
    counts: dict[str, int] = {}
    for report in imported or reports:
        for line in report["lines"]:
            counts[line] = counts.get(line, 0) + 1
    return [f"{line} (in {count} processes)" if count > 1 else line for line, count in counts.items()]


def _missing(config: pytest.Config) -> list[str]:
    """Required entry points that a process which imported the library did not arm; all of them where none imported it."""
    reports = _reports(config)
    imported = [report for report in reports if report["imported"]]
    return list(dict.fromkeys(line for report in imported or reports for line in report["missing"]))
