"""What the commands share: the error of bad usage, the days they take, where people's text goes, and the exit codes."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import click

from sources.errors import PolicydiffError

DONE, FAILED, BAD_USAGE, WITHHELD, REFUSED = range(5)


class UsageError(PolicydiffError):
    """Options that do not go together: change the command."""


class _Day(click.ParamType[date]):
    """A day as YYYY-MM-DD."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day; expected YYYY-MM-DD, such as 2025-01-19", param, ctx)


DAY = _Day()


def say(text: str) -> None:
    """Tell people something: on standard error, so that results on standard output stay clean."""
    click.echo(_visible(text), err=True)


def _visible(text: str) -> str:
    """Return text without characters that steer a terminal: names and answers of others may hold them."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def print_lines(lines: Sequence[dict[str, object]], name: str, is_json: bool, hint: str = "") -> None:
    """Print lines that all have the same keys: as one JSON object, or as columns; that there is none, to people."""
    if is_json:
        click.echo(json.dumps({name: lines}, ensure_ascii=False, indent=1))
    elif lines:
        from reports.tables import columns

        cells = [tuple(_visible(" ".join(str(cell).split())) for cell in line.values()) for line in lines]
        click.echo(columns([tuple(lines[0]), *cells]), nl=False)
    else:
        say(f"no {name} yet; {hint}" if hint else f"no {name}")
