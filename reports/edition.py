"""Editions: which rows a report holds, how much of them is known, and the manifest that lets it be rebuilt."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from reports.changes import Changed, Since, changes
from reports.comparison import Row, compare_codebook
from reports.proposals import Unreviewed
from reports.series import Gathered, LegalAct, SourceState
from reports.state import Clock, known
from sources.codebook import Codebook
from sources.countries import AREAS, PLACES
from sources.model import BRIDGE_DAY, Comparison, Instrument, Letter, Presence, Search, Side, Statement

# What the name of the manifest beside an edition's files ends in.
MANIFEST = ".manifest.json"


class Kind(StrEnum):
    """What a report is about."""

    FULL = "full"
    COUNTRY = "country"
    INSTRUMENT = "instrument"
    BRIEF = "brief"
    CHANGES = "changes"


class Paper(StrEnum):
    """Sheet sizes a report can be set on."""

    LETTER = "letter"
    A4 = "a4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a reader asks for. Empty tuples mean all countries or all instruments.

    `annex` asks for every gathered number and legal act in scope, line by line (`reports/annex.py`).
    `large_print` sets everything large, for readers who see little (`reports/large_print.css`).
    """

    kind: Kind
    clock: Clock
    country_codes: tuple[str, ...] = ()
    instrument_ids: tuple[str, ...] = ()
    language: str = "en"
    paper: Paper = Paper.LETTER
    annex: bool = False
    large_print: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of an edition is known.

    `cells` counts instrument-country cells; the unknown ones are those with no state on that side. `letters` counts
    known states of all cells and sides by evidence letter.
    """

    cells: int
    unknown: dict[Side, int]
    letters: dict[Letter, int]

    def unknown_share_pct(self, side: Side) -> int:
        """Return the share of cells not known on a side, in whole percent."""
        return round(100 * self.unknown[side] / self.cells) if self.cells else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One report's content: the rows in scope and what they rest on.

    `rows` are the cells asked for, three rows each. `context_rows` are the REGION and GLOBAL rows that a country
    report prints beside the country's own. `gathered` is what the public sources gave by `as_of`. `machine_read` are
    claims nobody has reviewed, None where they were not asked for; no row, state or count is made of them.
    """

    request: Request
    codebook: Codebook
    rows: tuple[Row, ...]
    context_rows: tuple[Row, ...]
    gathered: Gathered
    machine_read: tuple[Unreviewed, ...] | None = None
    since: Since | None = None

    @property
    def all_rows(self) -> tuple[Row, ...]:
        """Return the rows in scope and their context."""
        return (*self.rows, *self.context_rows)

    @property
    def changes(self) -> tuple[Changed, ...]:
        """Return the rows that say something else than `since`; nothing where no earlier state was given."""
        if self.since is None:
            return ()
        return changes(self.since, self.all_rows, self.codebook, self.request.clock)

    def of(self, comparison: Comparison) -> list[Row]:
        """Return the rows in scope of one comparison, one for each cell."""
        return [row for row in self.rows if row.comparison is comparison]

    @property
    def instruments(self) -> list[Instrument]:
        """Return the instruments that have a row in scope, in the codebook's order."""
        ids = {row.instrument.id for row in self.rows}
        return [instrument for instrument in self.codebook.instruments if instrument.id in ids]

    def statements_of(self, instrument: Instrument) -> list[Statement]:
        """Return what a sheet may cite of an instrument: known by `as_of`, about the places in scope, by date."""
        places = {row.country_code for row in self.all_rows if row.instrument.id == instrument.id} | set(AREAS)
        vintage = self.request.clock.vintage
        about = [
            s
            for s in known(instrument.statements, self.request.clock)
            if places & set(s.country_codes) and (s.basis == "observed" or s.holds_from.first_day <= vintage)
        ]
        return sorted(about, key=lambda s: (s.holds_from, s.id))

    def searches_of(self, instrument: Instrument) -> list[Search]:
        """Return the recorded searches about the places in scope, by id."""
        places = {row.country_code for row in self.all_rows if row.instrument.id == instrument.id} | set(AREAS)
        searches = [s for s in instrument.searches if places & set(s.country_codes)]
        return sorted((s for s in searches if s.searched <= self.request.clock.as_of), key=lambda s: s.id)

    @property
    def statements(self) -> list[Statement]:
        """Return every statement the edition may cite, by instrument and date."""
        return [s for instrument in self.instruments for s in self.statements_of(instrument)]

    def acts_of(self, instrument: Instrument) -> list[LegalAct]:
        """Return the gathered legal acts that the evidence of an instrument names, by date; undated ones last."""
        acts = [act for act in self.gathered.acts if instrument.id in act.instrument_ids]
        return sorted(acts, key=lambda act: (act.day or date.max, act.act_id))

    @property
    def stale_sources(self) -> list[SourceState]:
        """Return the sources whose last look is longer ago than their numbers stay fresh."""
        return [source for source in self.gathered.sources if source.is_stale(self.request.clock.as_of)]

    @property
    def is_too_old_to_send(self) -> bool:
        """Say whether a source is past twice its age: such a report is printed with its banner and never sent."""
        return any(source.is_too_old(self.request.clock.as_of) for source in self.gathered.sources)

    @property
    def withheld_rows(self) -> int:
        """Return how many rows of the sources were set aside."""
        return sum(source.withheld for source in self.gathered.sources)

    @property
    def coverage(self) -> Coverage:
        """Count what is known of the rows in scope."""
        cells = self.of(Comparison.FIRST_VS_ACTUAL)
        letters = Counter(state.evidence for row in cells for state in row.sides.values())
        return Coverage(
            cells=len(cells),
            unknown={side: sum(row.sides[side].presence is Presence.UNKNOWN for row in cells) for side in Side},
            letters={letter: letters[letter] for letter in Letter if letter is not Letter.U},
        )

    @property
    def id(self) -> str:
        """Return the edition's id: the hash of everything the report is a function of."""
        return hashlib.sha256(canonical_json(self.inputs).encode()).hexdigest()

    @property
    def inputs(self) -> dict[str, object]:
        """Return what the edition is made from: the request, the codebook and the snapshots of the sources."""
        request, clock, claims = self.request, self.request.clock, self.machine_read
        return {
            "kind": request.kind,
            "countries": list(request.country_codes),
            "instruments": list(request.instrument_ids),
            "language": request.language,
            "paper": request.paper,
            "as_of": clock.as_of.isoformat(),
            "on": clock.on.isoformat(),
            "vintage": clock.vintage.isoformat(),
            "codebook": self.codebook.version,
            "codebook_sha256": dict(self.codebook.file_sha256),
            "sources": {
                source.source_id: {
                    "last_look": source.last_look.isoformat(),
                    "snapshots_sha256": sorted(source.snapshot_sha256),
                }
                for source in self.gathered.sources
            },
            **({"annex": True} if request.annex else {}),
            **({"large_print": True} if request.large_print else {}),
            **({} if self.since is None else {"since": self.since.identity}),
            **({} if claims is None else {"machine_read_sha256": {claim.id: claim.sha256 for claim in claims}}),
        }


def canonical_json(value: object) -> str:
    """Return JSON with one form for one value: sorted keys, no spare space."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def default_clock(today: date) -> Clock:
    """Return the clocks of a report nobody gave dates for: known and valid today, projected by the last day before."""
    return Clock(as_of=today, on=today, vintage=BRIDGE_DAY)


def make(
    codebook: Codebook,
    request: Request,
    gathered: Gathered | None = None,
    machine_read: Iterable[Unreviewed] | None = None,
    since: Since | None = None,
    rows: Sequence[Row] | None = None,
) -> Edition:
    """Return the edition a request asks for; without `gathered` it rests on the shipped evidence alone.

    With `since` it can say what changed. `rows` are those of the whole codebook by the request's clock, where somebody
    has compared them already.

    Of the machine-read claims those in scope are kept, whether or not the codebook has a row for them.
    """
    gathered = gathered or Gathered()
    claims = None if machine_read is None else _unreviewed(machine_read, codebook, request)
    rows = compare_codebook(codebook, request.clock) if rows is None else rows
    wanted = set(request.instrument_ids)
    chosen = [row for row in rows if not wanted or row.instrument.id in wanted]
    made = Edition(
        request=request,
        codebook=codebook,
        rows=tuple(_in_places(chosen, request.country_codes) if request.country_codes else chosen),
        context_rows=tuple(_in_places(chosen, AREAS)) if request.country_codes else (),
        gathered=gathered,
        machine_read=claims,
        since=since,
    )
    return _only_changed(made) if request.kind is Kind.CHANGES else made


def _only_changed(made: Edition) -> Edition:
    """Return an edition of the cells that changed alone; a measure of the whole region is a change like any other."""
    cells = {changed.row.cell_code for changed in made.changes}
    return replace(made, rows=tuple(row for row in made.all_rows if row.cell_code in cells), context_rows=())


def _unreviewed(claims: Iterable[Unreviewed], codebook: Codebook, request: Request) -> tuple[Unreviewed, ...]:
    """Return the claims about the instruments and places asked for that were known by `as_of`, in reading order."""
    order = [instrument.id for instrument in codebook.instruments]
    instruments = set(request.instrument_ids or order)
    places = {*request.country_codes, *AREAS}
    chosen = [
        claim
        for claim in claims
        if claim.proposal.instrument_id in instruments
        and (not request.country_codes or places & set(claim.proposal.country_codes))
        and claim.known_from <= request.clock.as_of
    ]
    return tuple(sorted(chosen, key=lambda claim: (order.index(claim.proposal.instrument_id), claim.id)))


def _in_places(rows: Iterable[Row], places: Iterable[str]) -> list[Row]:
    order = sorted(set(places), key=PLACES.index)
    return [row for row in rows if row.country_code in order]
