"""Options that several commands share."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from contractlint.cli.errors import Stop

F = TypeVar("F", bound=Callable[..., Any])


contracts_option = click.option(
    "--contracts",
    multiple=True,
    metavar="DIR",
    help="Folder with contracts of your own, besides the shipped ones; may be given several times.",
)


def scope_options(function: F) -> F:
    """What to judge, and against which release."""
    for decorate in reversed(
        (
            click.argument("paths", nargs=-1, metavar="[PATH]..."),
            click.option(
                "--package", metavar="NAME==VERSION", help="Judge a published release instead of local files."
            ),
            click.option(
                "--release",
                "releases",
                multiple=True,
                metavar="RELEASE",
                help="Kernel library release to judge against; may be given several times. "
                "Default: the project's own pin, else the installed one.",
            ),
            contracts_option,
            click.option("--no-cache", is_flag=True, help="Neither read nor write cached facts about files."),
        )
    ):
        function = decorate(function)
    return function


def codes(option: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Rule codes or families of an option that may be repeated and may hold several, divided by commas."""
    found = tuple(code.strip() for value in values for code in value.split(",") if code.strip())
    for code in found:
        if not re.fullmatch(r"CL\d{0,3}", code):
            raise Stop(f"{option}: {code!r} is no rule code; write CL101, or CL1 for a whole family")
    return found


def colored_output() -> bool:
    """Whether what is printed may hold colours: on a terminal that shows them, unless NO_COLOR says no."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
