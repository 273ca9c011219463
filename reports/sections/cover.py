"""Section "Cover": what the report is, for which places and days, and how much of it is known.

Template: cover.html.j2, which sees only the CoverView built here.
"""

from collections import Counter
from dataclasses import dataclass

from reports.edition import Coverage, Edition, Kind
from reports.language import Language
from reports.sections import Section
from sources.model import Comparison, Existence, Instrument, Letter, Side

_HELD = (Existence.REINSTATED, Existence.CONTINUED, Existence.PRESENT_BOTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverView:
    """Figures of the cover: `held` and `began` count cells by their change from the first term to what happened."""

    title: str
    scope: str
    coverage: Coverage
    instruments: int
    statements: int
    sources: int
    held: int
    began: int
    unknown_projected: int
    letters: tuple[tuple[Letter, int], ...]


def build(edition: Edition, language: Language) -> CoverView:
    """Count what the cover prints."""
    changes = Counter(row.change.existence for row in edition.of(Comparison.FIRST_VS_ACTUAL))
    coverage = edition.coverage
    return CoverView(
        title=title(edition, language),
        scope=scope(edition, language),
        coverage=coverage,
        instruments=len(edition.instruments),
        statements=len(edition.statements),
        sources=len({(s.source.url, s.source.title) for s in edition.statements}),
        held=sum(changes[existence] for existence in _HELD),
        began=changes[Existence.NEW] + changes[Existence.REPLACES] + changes[Existence.PENDING_REALISED],
        unknown_projected=coverage.unknown[Side.PROJECTED],
        letters=tuple(coverage.letters.items()),
    )


def title(edition: Edition, language: Language) -> str:
    """Return the report's title: its place or instrument, or the region."""
    if edition.request.kind is Kind.CHANGES and edition.since:
        return language.gettext("Changes since %s") % language.day(edition.since.as_of)
    return subject(edition, language)


def subject(edition: Edition, language: Language) -> str:
    """Return what the report is about: its instruments, its places, or the region."""
    request = edition.request
    if request.kind is Kind.INSTRUMENT or (request.instrument_ids and not request.country_codes):
        return ", ".join(language.text(i.names) for i in _instruments(edition))
    if request.country_codes:
        return language.places(request.country_codes)
    return language.gettext("Two terms, instrument by instrument")


def scope(edition: Edition, language: Language) -> str:
    """Return the filters in words."""
    request = edition.request
    places = language.places(request.country_codes) or language.gettext("All countries of the region")
    names = ", ".join(language.text(i.short_names) for i in _instruments(edition))
    instruments = names or language.gettext("all instruments")
    return f"{places}; {instruments}"


def _instruments(edition: Edition) -> list[Instrument]:
    """Return the instruments asked for, in the codebook's order; a report on changes may have no row of them."""
    wanted = edition.request.instrument_ids
    return [instrument for instrument in edition.codebook.instruments if instrument.id in wanted]


SECTION = Section(
    id="cover",
    title="Cover",
    order=10,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT, Kind.CHANGES}),
    build=build,
)
