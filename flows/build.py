"""Build one report: the function that the flow, the schedule and the command line all call. No Prefect here."""

from collections.abc import Callable
from datetime import UTC, datetime

from flows import editions, evidence, gathered, settings
from flows.parameters import ReportParameters
from reports import edition
from reports.proposals import Unreviewed
from reports.publish import Published, publish


def build(parameters: ReportParameters, say: Callable[[str], None]) -> Published:
    """Read the codebook and what was gathered, make the edition and write its files; `say` is told what is done.

    Raises BadInput, UnknownName or UsageError for what a user can mend, Refused if the PDF fails its check.
    """
    say("reading the instruments")
    configured = settings.load()
    book = evidence.load(configured)
    request = parameters.request(book, datetime.now(UTC).date())
    given = gathered.by(configured, request.clock.as_of, book)
    if given.sources:
        say(
            f"read {len(given.numbers)} numbers and {len(given.acts)} legal acts of {len(given.sources)} public sources"
        )
    claims = _machine_read() if parameters.machine_read else None
    earlier = editions.since(parameters.since, parameters.out, book, request.clock) if parameters.since else None
    made = edition.make(book, request, given, claims, earlier)
    for source in made.stale_sources:
        say(
            f"{source.source_id} is stale, last looked at on {source.last_look}: `policydiff gather {source.source_id}`"
        )
    say(f"comparing {made.coverage.cells} instrument-country rows")
    return publish(made, parameters.formats, parameters.out, say)


def _machine_read() -> tuple[Unreviewed, ...]:
    """Return the claims nobody has reviewed; a report that does not ask for them does not pay for reading them."""
    from flows import unreviewed

    return unreviewed.pending(settings.load())
