"""Flow "read-documents": read files and addresses, keep their claims for review and show them on the run's page."""

import asyncio
import textwrap
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import count

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_table_artifact

from flows import evidence, reading, settings
from flows.progress import Progress
from flows.watch import watched
from reports import proposals
from reports.language import Language
from sources import dates
from sources.codebook import Codebook
from sources.model import SourceKind

# A quote on a run's page is a reminder; the whole one is in the store.
_LINE = 120


@watched
@flow(name="read-documents", flow_run_name="read-documents", retries=0)
async def read_documents(
    sources: list[str], source_kind: SourceKind | None = None, published: date | None = None
) -> int:
    """Read the files, folders and addresses named and return how many claims they hold.

    Raises DocumentsUnread, naming them, if some could not be read; the claims of the others are kept all the same.
    """
    given, log = settings.load(), get_run_logger()
    found, progress, numbers = reading.find(sources), Progress("documents read"), count(1)
    log.info("reading %s documents", len(found))

    def say(text: str) -> None:
        # It is told once of each.
        log.info("%s", text)
        progress(next(numbers), len(found))

    outcome = await asyncio.to_thread(
        reading.read,
        found,
        reading.Given(kind=source_kind, published=dates.on_day(published) if published else None),
        given,
        datetime.now(UTC),
        say,
        BytesIO(),
    )
    table = _table(outcome, evidence.load(given))
    await acreate_table_artifact(
        table=table, key="claims-read", description=f"{len(table)} claims in {len(outcome.readings)} documents"
    )
    log.info("%s claims in %s documents; %s not read", len(table), len(outcome.readings), len(outcome.unread))
    if outcome.unread:
        raise reading.DocumentsUnread(outcome.unread)
    return len(table)


def _table(outcome: reading.Outcome, book: Codebook) -> list[dict[str, str]]:
    """Return one line for each claim."""
    english = Language("en")
    return [
        {
            "document": proposals.plain(made.document.source),
            "instrument": english.text(book.instrument(claim.instrument_id).short_names),
            "places": english.places(claim.country_codes),
            "proposed": proposals.plain(proposals.what(claim, english)),
            "speaker": proposals.plain(claim.speaker),
            "date": english.when(claim.date),
            "quote": textwrap.shorten(proposals.plain(claim.quote), _LINE, placeholder="…"),
            "confidence": f"{claim.confidence:.2f}",
            "optional": proposals.plain(claim.why or "") if claim.is_optional else "",
        }
        for made in outcome.readings
        for claim in made.proposals
    ]
