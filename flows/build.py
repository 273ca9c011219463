"""Build one report: the function that the flow, the schedule and the command line all call. No Prefect here."""

from collections.abc import Callable
from datetime import UTC, datetime

from flows.parameters import ReportParameters
from reports import edition
from reports.publish import Published, publish
from sources import codebook


def build(parameters: ReportParameters, say: Callable[[str], None]) -> Published:
    """Read the codebook, make the edition and write its files; `say` is told what is being done.

    Raises BadInput, UnknownName or UsageError for what a user can mend, Refused if the PDF fails its check.
    """
    say("reading the instruments")
    book = codebook.load()
    made = edition.make(book, parameters.request(book, datetime.now(UTC).date()))
    say(f"comparing {made.coverage.cells} instrument-country rows")
    return publish(made, parameters.formats, parameters.out, say)
