"""`contractlint rule`: what a finding's code means."""

from __future__ import annotations

import textwrap

import click

from contractlint.cli.errors import Stop


@click.command("rule")
@click.argument("code", required=False)
@click.option("--all", "everything", is_flag=True, help="Every rule, one after the other.")
def command(code: str | None, everything: bool) -> int:
    """Explain a rule, as in `contractlint rule CL101`."""
    rules = known_rules()
    if everything and code is None:
        click.echo("\n\n".join(_page(name, *rules[name]) for name in sorted(rules)))
    elif code is not None and not everything:
        found = rules.get(code.upper())
        if found is None:
            raise Stop(f"{code}: no rule of that code; there are {', '.join(sorted(rules))}")
        click.echo(_page(code.upper(), *found))
    else:
        raise Stop("name one rule, or --all")
    return 0


def known_rules() -> dict[str, tuple[str, str, str]]:
    """Every rule by code: its name, its summary, its documentation."""
    from contractlint.rules.registry import all_rules
    from contractlint.suppress import RULES

    return {**RULES, **{rule.code: (rule.name, rule.summary, rule.doc) for rule in all_rules()}}


def _page(code: str, name: str, summary: str, doc: str) -> str:
    title = f"{code} {name}"
    return f"{title}\n{'=' * len(title)}\n\n{summary}\n\n{textwrap.dedent(doc).strip()}"
