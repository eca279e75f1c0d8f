"""The command line.

Exit codes: 0 clean, 1 findings (errors or warnings; notes do not count), 2 could not check.

Each command lives in a module that is loaded when it is called, so that `--version` and `--help` answer at once.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Sequence

import click

from contractlint import __version__

_COMMANDS = {
    "check": ("contractlint.cli.check", "Judge every kernel call of a source tree."),
    "contracts": ("contractlint.cli.contracts", "List, show, validate and compare contracts."),
    "exercise": ("contractlint.cli.exercise", "Run the kernels, to see whether what contracts say is so."),
    "paths": ("contractlint.cli.paths", "Show each way from a layer's forward to a kernel call."),
    "run": ("contractlint.cli.run", "Run a program with its kernel calls held to their contracts."),
    "trace": ("contractlint.cli.trace", "Show, merge and export what was recorded."),
    "rule": ("contractlint.cli.rule", "Explain a rule."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # The summaries stand above: loading every command to ask for its own would load everything.
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in sorted(_COMMANDS)])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="contractlint", message="%(prog)s %(version)s")
def cli() -> None:
    """Check, before a GPU is involved, that kernel calls pass what the kernels really read.

    \b
    contractlint check                              judge the project in this folder
    contractlint check --package vllm==0.19.1       judge a published release
    contractlint paths                              how each kernel call is reached
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code.

    The process ends with the command: what it builds need not be searched for garbage, neither on the way nor at the end.
    """
    gc.disable()
    code = run(args)
    gc.freeze()
    sys.exit(code)


def run(args: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    try:
        result = cli.main(args=args, prog_name="contractlint", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.UsageError as problem:
        where = problem.ctx.command_path if problem.ctx is not None else "contractlint"
        click.echo(f"{where}: {problem.format_message()} (see {where} --help)", err=True)
        return 2
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("contractlint: interrupted", err=True)
        return 130
    except BrokenPipeError:
        # The reader has seen enough (`| head`); Python would complain once more while it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as problem:
        import traceback

        traceback.print_exc()
        text = f"contractlint: internal error, nothing was judged: {type(problem).__name__}: {problem}"
        click.echo(f"{text}; please report it with the lines above", err=True)
        return 2
