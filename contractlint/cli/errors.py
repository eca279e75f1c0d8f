"""Bad input, told in plain lines."""

from __future__ import annotations

from typing import IO, Any

import click


class Stop(click.ClickException):
    """Nothing can be judged: exit code 2, the message on stderr, one line for each thing to mend."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        for line in self.format_message().splitlines():
            click.echo(f"contractlint: {line}", file=file, err=file is None)
