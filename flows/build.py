"""Build one report: the function that the flow, the schedule and the command line all call. No Prefect here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from flows import editions, evidence, gathered, settings
from flows.parameters import ReportParameters
from flows.settings import Settings
from reports import edition
from reports.comparison import Row, compare_codebook
from reports.edition import Edition
from reports.proposals import Unreviewed
from reports.publish import Published, publish
from reports.series import Gathered
from reports.state import Clock
from sources.codebook import Codebook


def build(parameters: ReportParameters, say: Callable[[str], None]) -> tuple[Edition, Published]:
    """Read the codebook and what was gathered, make the edition and write its files; `say` is told what is done.

    Raises BadInput or UnknownName for what a user can mend, Refused if the PDF fails its check.
    """
    made = edition_of(parameters, parameters.out, say)
    return made, publish(made, parameters.formats, parameters.out, say)


def edition_of(parameters: ReportParameters, editions_in: Path, say: Callable[[str], None]) -> Edition:
    """Return the edition that parameters ask for, of the evidence in force. Raises as `Evidence.edition` does."""
    say("reading the instruments")
    return Evidence.in_force(settings.load(), parameters.machine_read).edition(parameters, editions_in, say)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What editions are made of, read once for any number of them: settings, codebook, claims nobody has reviewed.

    `claims` are None for editions without that part. What was gathered and what the codebook's rows say is kept by day
    and by clock.
    """

    configured: Settings
    book: Codebook
    claims: Sequence[Unreviewed] | None = None
    _gathered: dict[date, Gathered] = field(default_factory=dict)
    _rows: dict[Clock, tuple[Row, ...]] = field(default_factory=dict)

    @classmethod
    def in_force(cls, configured: Settings, with_claims: bool = False) -> "Evidence":
        """Return what is in force on this machine. Raises BadInput for what does not fit."""
        claims = _machine_read(configured) if with_claims else None
        return cls(configured=configured, book=evidence.load(configured), claims=claims)

    def edition(self, parameters: ReportParameters, editions_in: Path, say: Callable[[str], None]) -> Edition:
        """Return the edition that parameters ask for; an earlier one is looked for in the folder `editions_in`.

        Raises BadInput or UnknownName for what a user can mend.
        """
        request = parameters.request(datetime.now(UTC).date())
        clock, given = request.clock, self.gathered(request.clock.as_of)
        if given.sources:
            count = f"{len(given.numbers)} numbers and {len(given.acts)} legal acts"
            say(f"read {count} of {len(given.sources)} public sources")
        earlier = editions.since(parameters.since, editions_in, self.book, request) if parameters.since else None
        if clock not in self._rows:
            self._rows[clock] = compare_codebook(self.book, clock)
        made = edition.make(self.book, request, given, self.claims, earlier, self._rows[clock])
        for source in made.stale_sources:
            name = source.source_id
            say(f"{name} is stale, last looked at on {source.last_look}: `policydiff gather {name}`")
        say(f"comparing {made.coverage.cells} instrument-country rows")
        return made

    def gathered(self, as_of: date) -> Gathered:
        """Return what was gathered by the end of a day."""
        if as_of not in self._gathered:
            self._gathered[as_of] = gathered.by(self.configured, as_of, self.book)
        return self._gathered[as_of]


def _machine_read(configured: Settings) -> tuple[Unreviewed, ...]:
    """Return the claims nobody has reviewed; a report that does not ask for them does not pay for reading them."""
    from flows import unreviewed

    return unreviewed.pending(configured)
