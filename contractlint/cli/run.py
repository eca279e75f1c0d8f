"""`contractlint run`: a program with its kernel calls held to their contracts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click

from contractlint.cli.errors import Stop
from contractlint.cli.options import contracts_option

NOT_ARMED = 2


@click.command("run", context_settings={"ignore_unknown_options": True})
@click.option("--mode", type=click.Choice(("assert", "warn", "record", "off")), default="assert", show_default=True,
              help="Raise at a breach, warn of it, or only keep traces.")  # fmt: skip
@click.option("--checks", type=click.Choice(("dtype", "all")), default="all", show_default=True,
              help="Hold calls to dtypes alone, or to every clause that metadata can show.")  # fmt: skip
@click.option("--trace", metavar="DIR", default="", help="Folder for traces; mode record has a default.")
@click.option("--require", multiple=True, metavar="NAME", help="Fail unless this entry point is armed; repeatable.")
@click.option("--quiet", is_flag=True, help="Do not say at the end what was armed.")
@contracts_option
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="-- PROGRAM [ARGUMENT]...")
def command(
    mode: str, checks: str, trace: str, require: tuple[str, ...], quiet: bool, contracts: tuple[str, ...],
    program: tuple[str, ...],
) -> int:  # fmt: skip
    """Run a program with its kernel calls held to their contracts, in it and in every process that it starts.

    \b
    contractlint run -- python -m pytest tests/kernels
    contractlint run --mode record --trace traces -- vllm serve some/model

    The exit code is the program's own; 2 when the program ended well and a required entry point was not armed.
    """
    from contractlint.runtime.settings import STATUS, Settings

    if not program:
        raise Stop("run: no program; write it after --, as in: contractlint run -- python -m pytest")
    found = shutil.which(program[0])
    if found is None:
        raise Stop(f"run: there is no program {program[0]!r} on the path")
    for folder in contracts:
        if not os.path.exists(folder):
            raise Stop(f"--contracts: {folder}: there is no such file or folder")
    settings = Settings.make(mode, checks, trace, require, contracts)
    environment = dict(os.environ)
    settings.to_environment(environment)
    _lead_here(environment)
    # A process that outlives the program (a fork server, say) may still report while the folder goes.
    with tempfile.TemporaryDirectory(prefix="contractlint-", ignore_cleanup_errors=True) as folder:
        environment[STATUS] = folder
        code = _run([found, *program[1:]], environment)
        missing = _tell(folder, quiet, require)
    return NOT_ARMED if missing and code == 0 else code


def _lead_here(environment: dict[str, str]) -> None:
    """Have every Python that is started find our sitecustomize, and this package where it is not installed."""
    import contractlint

    package = Path(contractlint.__file__).resolve().parent
    front = [str(package / "runtime" / "site")]
    after = environment.get("PYTHONPATH", "").split(os.pathsep)
    behind = [str(package.parent)] if str(package.parent) not in after else []
    if _is_site_packages(package.parent):
        behind = []  # another Python must not see the packages of this one
    parts = [*front, *(part for part in after if part), *behind]
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(parts))


def _is_site_packages(folder: Path) -> bool:
    return folder.name in ("site-packages", "dist-packages")


def _run(program: Sequence[str], environment: dict[str, str]) -> int:
    """Run the program; signals go on to it, and its end decides ours."""
    try:
        child = subprocess.Popen(program, env=environment)
    except OSError as problem:
        raise Stop(f"run: {program[0]} cannot be started: {problem.strerror}") from None

    def forward(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    before = signal.signal(signal.SIGTERM, forward)
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the program as well
    try:
        code = child.wait()
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, interrupted)
    return code if code >= 0 else 128 - code


def _tell(folder: str, quiet: bool, require: tuple[str, ...]) -> list[str]:
    """Say what was armed, and return the required entry points that were not."""
    from contractlint.runtime.report import read

    reports = list(read(folder))
    active = [report for report in reports if report.imported]
    lines: dict[str, int] = {}
    for report in active:
        for line in report.lines:
            lines[line] = lines.get(line, 0) + 1
    if not quiet:
        for line, count in lines.items():
            click.echo(f"contractlint: {line}{f' (in {count} processes)' if count > 1 else ''}", err=True)
        if not active:
            what = "imported a library under contract" if reports else "could be armed"
            click.echo(f"contractlint: no process {what}, so nothing was checked", err=True)
    missing = list(dict.fromkeys(text for report in active for text in report.missing))
    if require and not active:
        missing = [f"{name}: no process imported the library" for name in require]
    for text in missing:
        click.echo(f"contractlint: required, but not armed: {text}", err=True)
    sys.stderr.flush()
    return missing
