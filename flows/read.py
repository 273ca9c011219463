"""The command `policydiff read`: claims in documents, each with the passage that supports it, kept for review.

Results go to stdout, progress and what could not be read to stderr. Heavy modules are imported where they are used.
"""

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sources import dates
from sources.dates import Dated
from sources.model import SourceKind

if TYPE_CHECKING:
    from flows import reading

_WIDEST = 110
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


class _Day(click.ParamType[Dated]):
    """A date as sources give it: a day, or a month or year where no more is known."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Dated:
        if isinstance(value, Dated):
            return value
        try:
            return dates.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("sources", nargs=-1, metavar="FILE|DIR|URL|-...")
@click.option("--published", type=_Day(), help="When they were published (default: what each says of itself).")
@click.option(
    "--source-kind",
    "kind",
    type=click.Choice([kind.value for kind in SourceKind]),
    help="What kind of publication they are (default: official for a government's address, else news).",
)
@click.option("--score", "labels", type=_FOLDER, metavar="LABELS", help="Compare the reader with labelled documents.")
@click.option("--data", type=_FOLDER, metavar="DIR", help="Where these are (default: the folder data beside LABELS).")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def read(
    sources: tuple[str, ...],
    published: Dated | None,
    kind: str | None,
    labels: Path | None,
    data: Path | None,
    is_json: bool,
) -> None:
    """Read documents and print every policy claim in them with the sentence that supports it.

    Text, Markdown, HTML, PDF and feeds, told apart by their content; a folder is walked. The claims are kept for
    `policydiff review`. With --score nothing is kept.
    """
    from flows.options import UsageError

    if labels and (sources or published or kind):
        raise UsageError("--score reads the labelled files as they are: policydiff read --score LABELS [--data DIR]")
    if data and not labels:
        raise UsageError("--data goes with --score LABELS")
    if not (sources or labels):
        raise UsageError("nothing to read: name a file, a folder, an address, or - for standard input")
    unread = _score(labels, data, is_json) if labels else _read(sources, published, kind, is_json)
    if unread:
        from flows.options import WITHHELD

        for document in unread:
            _say(f"not read: {document}")
        sys.exit(WITHHELD)


def _read(
    sources: tuple[str, ...], published: Dated | None, kind: str | None, is_json: bool
) -> "tuple[reading.Unread, ...]":
    from flows import evidence, reading, settings
    from reports import proposals
    from reports.language import Language

    given = settings.load()
    outcome = reading.read(
        reading.find(sources),
        reading.Given(kind=SourceKind(kind) if kind else None, published=published),
        given,
        datetime.now(UTC),
        _say,
        sys.stdin.buffer,
    )
    if len(outcome.unread) == 1 and not outcome.readings:
        # It was the only one: its error is the command's.
        raise outcome.unread[0].error
    if is_json:
        made = [proposals.as_object(r.document, r.group, r.proposals) for r in outcome.readings]
        click.echo(json.dumps({"documents": made}, ensure_ascii=False, indent=1))
        return outcome.unread
    book, english = evidence.load(given), Language("en")
    for r in outcome.readings:
        click.echo(proposals.as_text(r.document, r.proposals, book, english, _width()))
    click.echo(_tally(outcome))
    return outcome.unread


def _tally(outcome: "reading.Outcome") -> str:
    claims, documents = sum(len(r.proposals) for r in outcome.readings), len(outcome.readings)
    told = f"{_count(claims, 'claim')} in {_count(documents, 'document')}"
    return f"{told}; `policydiff review` lists {'it' if claims == 1 else 'them'}" if claims else told


def _score(labels: Path, data: Path | None, is_json: bool) -> "tuple[reading.Unread, ...]":
    from flows import reading
    from sources import scoring
    from sources.labels import read_labels

    labelled = read_labels(labels, data)
    found, unread = reading.propose_for(labelled, _say)
    scores = scoring.score(labelled, found)
    click.echo(json.dumps(scoring.as_dict(scores), indent=1) if is_json else scoring.as_table(scores))
    return unread


def _width() -> int:
    return min(shutil.get_terminal_size().columns, _WIDEST)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _say(text: str) -> None:
    click.echo(text, err=True)
