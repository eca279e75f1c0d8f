"""Arming from outside: what runs at the start of a Python process, or when an engine loads its plugins.

`CONTRACTLINT_MODE` in the environment says that a process is to be armed. Three roads lead here, and each may come first:
the `.pth` file that the wheel brings, the `sitecustomize` of `contractlint run`, and the plugin entry points of engines.
"""

from __future__ import annotations

import os
import sys

_started = False


def start() -> None:
    """Arm this process as the environment says. Nothing that goes wrong here stops a program."""
    global _started
    if _started or not os.environ.get("CONTRACTLINT_MODE"):
        return
    _started = True
    try:
        from contractlint.runtime import report
        from contractlint.runtime.arming import arm_later
        from contractlint.runtime.settings import Mode, Settings

        settings = Settings.from_environment(os.environ)
        if settings is not None and settings.mode is not Mode.OFF:
            arm_later(settings)
            report.watch(os.environ.get("CONTRACTLINT_STATUS", ""))
    except Exception as problem:
        print(f"contractlint: this process is not armed: {problem}", file=sys.stderr)


def plugin() -> None:
    """Entry point of engine plugin groups; does nothing unless the environment asks for it."""
    start()
