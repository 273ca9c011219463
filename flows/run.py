"""The command `policydiff run`: the scheduled chain for one release, by hand. It runs the same flow as the schedule."""

import asyncio
import json
import sys
from datetime import date

import click

from flows.options import DAY, FAILED, say


@click.command()
@click.option(
    "--edition", "release", default="", metavar="KEY", help="The release, such as 2026-W48 (default: this week's)."
)
@click.option(
    "--as-of", type=DAY, help="Use only what was known by this day (default: today; a release keeps its day)."
)
@click.option("--no-gather", is_flag=True, help="Take what was gathered already.")
@click.option("--yes", "is_sent", is_flag=True, help="Send. Without it the reports are built and nothing leaves.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def run(release: str, as_of: date | None, no_gather: bool, is_sent: bool, is_json: bool) -> None:
    """Gather, build every report that somebody subscribed to, and deliver: the scheduled chain.

    It can be started again at any time: what is built is not built again, and what was sent is not sent again.
    """
    from flows.deliver import DeliveryFailed
    from flows.pipeline import pipeline

    try:
        tally = asyncio.run(pipeline(release, as_of, not no_gather, is_sent))
    except DeliveryFailed as failure:
        say(f"error: {failure}")
        sys.exit(FAILED)
    if not isinstance(tally, dict):
        say("nothing to do: another run works on it")
        tally = {}
    if is_json:
        click.echo(json.dumps({"deliveries": tally}, indent=1))
    else:
        click.echo(", ".join(f"{count} {state}" for state, count in sorted(tally.items())) or "no delivery")
