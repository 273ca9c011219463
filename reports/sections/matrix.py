"""Section "At a glance": instrument by country, a sign and a word in every cell.

Template: matrix.html.j2, which sees only the MatrixView built here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.charts import sign
from reports.comparison import Row
from reports.edition import Edition, Kind
from reports.language import Language
from reports.narrative import headline
from reports.sections import Section
from sources.countries import AREAS, PLACES
from sources.model import Comparison

# So many country columns leave room for a word in every cell of a portrait page.
COLUMNS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The two headlines of one instrument in one country."""

    anchor: str
    projected_sign: Markup
    projected: str
    actual_sign: Markup
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Some countries side by side; a line is an instrument's name and one cell (or None) for each country."""

    countries: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixView:
    """The countries in groups narrow enough to print, the best covered first."""

    tables: tuple[Table, ...]


def build(edition: Edition, language: Language) -> MatrixView | None:
    """Lay the rows out by instrument and country; None where no country has a row."""
    rows = {
        (row.instrument.id, row.country_code, row.comparison): row
        for row in edition.rows
        if row.country_code not in AREAS
    }
    if not rows:
        return None
    codes = {code for _, code, _ in rows}
    by_weight = sorted(codes, key=lambda c: (-sum(code == c for _, code, _ in rows), PLACES.index(c)))
    groups = [by_weight[start : start + COLUMNS] for start in range(0, len(by_weight), COLUMNS)]
    return MatrixView(tables=tuple(_table(edition, rows, group, language) for group in groups))


def _table(
    edition: Edition,
    rows: dict[tuple[str, str, Comparison], Row],
    group: Sequence[str],
    language: Language,
) -> Table:
    codes = sorted(group, key=PLACES.index)
    lines = []
    for instrument in edition.instruments:
        cells = tuple(_cell(rows, instrument.id, code, language) for code in codes)
        if any(cells):
            lines.append((language.text(instrument.short_names), cells))
    return Table(countries=tuple(language.place(code) for code in codes), lines=tuple(lines))


def _cell(
    rows: dict[tuple[str, str, Comparison], Row], instrument_id: str, code: str, language: Language
) -> Cell | None:
    projected = rows.get((instrument_id, code, Comparison.FIRST_VS_PROJECTED))
    actual = rows.get((instrument_id, code, Comparison.FIRST_VS_ACTUAL))
    if projected is None or actual is None:
        return None
    words = headline(projected, language), headline(actual, language)
    return Cell(
        anchor=projected.cell_code,
        projected_sign=sign(projected.change.existence, words[0], size=2.4),
        projected=words[0],
        actual_sign=sign(actual.change.existence, words[1], size=2.4),
        actual=words[1],
    )


SECTION = Section(
    id="matrix",
    title="At a glance",
    order=30,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT}),
    build=build,
)
