"""Section "What is not known": unknown sides, named row by row, and the searches on which absence rests.

Template: unknown.html.j2, which sees only the UnknownView built here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from reports.comparison import Row
from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section
from sources.model import Comparison, Instrument, Presence, Search, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownView:
    """For each instrument and side the rows not known, and the recorded searches."""

    lines: tuple[tuple[Instrument, tuple[tuple[str, tuple[Row, ...]], ...]], ...]
    searches: tuple[Search, ...]


def build(edition: Edition, language: Language) -> UnknownView:
    """Gather the unknown sides of every row in scope."""
    rows = edition.of(Comparison.FIRST_VS_ACTUAL)

    def is_unknown(side: Side) -> Callable[[Row], bool]:
        return lambda row: row.sides[side].presence is Presence.UNKNOWN

    lines = []
    for instrument in edition.instruments:
        own = [row for row in rows if row.instrument.id == instrument.id]
        sides = tuple(
            (language.word("side", side), found) for side in Side if (found := tuple(filter(is_unknown(side), own)))
        )
        if sides:
            lines.append((instrument, sides))
    searches = tuple(s for i in edition.instruments for s in edition.searches_of(i))
    return UnknownView(lines=tuple(lines), searches=searches)


SECTION = Section(
    id="unknown",
    title="What is not known",
    order=70,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT, Kind.CHANGES}),
    build=build,
)
