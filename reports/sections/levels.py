"""Section "Levels in three columns": how far up its scale each instrument stood, first, projected and actual.

Template: levels.html.j2, which sees only the LevelsView built here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from reports import charts
from reports.charts import Mark
from reports.comparison import Row
from reports.edition import Edition, Kind
from reports.language import Language
from reports.narrative import state_word
from reports.sections import Section
from sources.model import Comparison, Presence, Scope, Side, State

SIDES = (Side.FIRST, Side.PROJECTED, Side.ACTUAL)
# A chart of fewer known values has nothing to compare.
LEAST = 2
LEVELS = 5
NOT_STATED, NOT_KNOWN = LEVELS, LEVELS + 1
COLUMNS = LEVELS + 2
# As wide as the column on A4, in points, so that the marks' question marks print at their size.
WIDTH = 317.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One cell: its instrument, its place (empty where the instrument has no countries), its code and its marks.

    `said` is what the marks show, a side at a time.
    """

    name: str
    place: str
    code: str
    steps: Markup
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelsView:
    """The lines by family under one axis; `left_out` counts the cells without any stated level."""

    axis: Markup
    key: tuple[tuple[Markup, str], ...]
    families: tuple[tuple[str, tuple[Line, ...]], ...]
    left_out: int


def build(edition: Edition, language: Language) -> LevelsView | None:
    """Draw every cell with a stated level, also those of the whole region; None if fewer than two are stated."""
    rows = [row for row in edition.all_rows if row.comparison is Comparison.FIRST_VS_ACTUAL]
    order = [instrument.id for instrument in edition.codebook.instruments]
    shown = sorted((row for row in rows if _stated(row)), key=lambda row: order.index(row.instrument.id))
    if sum(map(_stated, shown)) < LEAST:
        return None
    heads = [str(level) for level in range(LEVELS)]
    heads += [language.gettext("Level not stated"), language.gettext("state.unknown")]
    return LevelsView(
        axis=charts.steps_axis(heads, ", ".join(heads), WIDTH),
        key=key(language),
        families=tuple(
            (language.word("family", family), tuple(_line(row, language) for row in group))
            for family, group in groupby(shown, key=lambda row: row.instrument.family)
        ),
        left_out=len(rows) - len(shown),
    )


def key(language: Language) -> tuple[tuple[Markup, str], ...]:
    """Return the mark of each side with its name."""
    return tuple((charts.mark_of(side, language.word("side", side)), language.word("side", side)) for side in SIDES)


def _stated(row: Row) -> int:
    return sum(row.sides[side].level is not None for side in SIDES)


def _line(row: Row, language: Language) -> Line:
    has_place = row.instrument.scope is not Scope.DOMESTIC
    said = tuple(_said(row, language))
    return Line(
        name=language.text(row.instrument.short_names),
        place=language.place(row.country_code) if has_place else "",
        code=row.cell_code,
        steps=charts.steps(
            [_mark(side, row.sides[side]) for side in SIDES],
            COLUMNS,
            "; ".join(said),
            WIDTH,
            shaded=range(row.instrument.present_from, LEVELS),
        ),
        said=said,
    )


def _mark(side: Side, state: State) -> Mark:
    if state.level is not None:
        return Mark(side=side, column=state.level, presence=state.presence)
    column = NOT_KNOWN if state.presence is Presence.UNKNOWN else NOT_STATED
    return Mark(side=side, column=column, presence=state.presence, is_placed=False)


def _said(row: Row, language: Language) -> Iterator[str]:
    """Yield what the marks show, a side at a time, for a reader who does not see them."""
    for side in SIDES:
        state = row.sides[side]
        said = [state_word(state, side, language)]
        if state.level is not None:
            said.append(language.gettext("Level %s") % state.level)
        elif state.presence is not Presence.UNKNOWN:
            said.append(language.gettext("Level not stated"))
        yield f"{language.word('side', side)}: {', '.join(said)}"


SECTION = Section(
    id="levels",
    title="Levels in three columns",
    order=32,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT}),
    build=build,
)
