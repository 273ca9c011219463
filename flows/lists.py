"""The command `policydiff list`: instruments, countries, sources, editions, texts; and what mail knows."""

import json
import re
from datetime import UTC, datetime

import click

from flows import send
from flows.options import print_lines, say

_JSON = click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")


@click.group(name="list")
def list_() -> None:
    """List what there is: instruments, sources, editions, deliveries, ..."""


@list_.command()
@_JSON
def instruments(is_json: bool) -> None:
    """List the instruments of the codebook."""
    from flows import evidence, settings

    lines: list[dict[str, object]] = [
        {
            "number": i.number,
            "id": i.id,
            "family": i.family,
            "statements": len(i.statements),
            "name": i.names["en"],
        }
        for i in evidence.load(settings.load()).instruments
    ]
    print_lines(lines, "instruments", is_json)


@list_.command()
@_JSON
def countries(is_json: bool) -> None:
    """List the countries and areas that rows can be about."""
    from reports.language import Language
    from sources.countries import PLACES

    english = Language("en")
    print_lines([{"code": code, "name": english.place(code)} for code in PLACES], "countries", is_json)


@list_.command()
@_JSON
def sources(is_json: bool) -> None:
    """List the public sources: fresh or stale, rows, withheld rows, the last failure."""
    from flows import collect, settings

    print_lines(collect.freshness(settings.load(), datetime.now(UTC)), "sources", is_json)


@list_.command()
@_JSON
def editions(is_json: bool) -> None:
    """List the editions in the output folder."""
    from flows import editions as kept
    from flows import settings
    from reports.edition import MANIFEST

    lines: list[dict[str, object]] = []
    for path, manifest in kept.manifests(settings.load().out):
        inputs = manifest["inputs"]
        lines.append(
            {
                "edition": manifest["edition"][:12],
                "as_of": inputs["as_of"],
                "kind": inputs["kind"],
                "language": inputs["language"],
                "paper": inputs["paper"],
                "rows": len(manifest["rows"]),
                "file": path.name.removesuffix(MANIFEST),
            }
        )
    print_lines(lines, "editions", is_json, "`policydiff build` makes one")


@list_.command()
@click.option("--lang", default="en", help="The language.")
@_JSON
def texts(lang: str, is_json: bool) -> None:
    """List the texts a language still needs, as entries of its .po file with the English above each key."""
    from flows.options import UsageError
    from reports import catalog
    from sources import codebook

    if not re.fullmatch("[a-z]{2}", lang):
        raise UsageError(f"--lang {lang!r}; expected an ISO 639-1 code, such as fr")
    missing = catalog.missing(lang, codebook.load())
    if is_json:
        click.echo(json.dumps({"texts": [list(m) if isinstance(m, tuple) else m for m in missing]}, indent=1))
    elif missing:
        click.echo(catalog.entries(missing), nl=False)
    else:
        say(f"no text is missing in {lang}")


for _command in (
    send.list_subscriptions,
    send.list_deliveries,
    send.list_suppressions,
    send.list_releases,
):
    list_.add_command(_command)
