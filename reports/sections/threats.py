"""Section "From threat to force": how far coercive instruments came against each country, and on what condition.

Template: threats.html.j2, which sees only the ThreatsView built here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from reports import charts
from reports.charts import Mark
from reports.comparison import Row
from reports.edition import Edition, Kind
from reports.language import Language
from reports.narrative import state_word
from reports.sections import Section, levels
from sources.countries import reading_order
from sources.model import Comparison, Presence, Scope, Side, Stage, State, Statement

# The steps from nothing to force, and what comes after.
COLUMNS = (*Stage, Presence.UNKNOWN)
NOT_KNOWN = len(Stage)
# A ladder with fewer known steps has nothing to compare.
LEAST = 2
# The conditions that stand beside a ladder; the notes have all.
SHOWN = 2
# As wide as the column on A4, in points.
WIDTH = 241.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One instrument against one country: its code, its marks, its newest conditions and how many more there are.

    `said` is what the marks show, a side at a time.
    """

    name: str
    code: str
    steps: Markup
    said: tuple[str, ...]
    conditions: tuple[Statement, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreatsView:
    """The lines by country under one axis; `left_out` counts those of which no step is known."""

    axis: Markup
    key: tuple[tuple[Markup, str], ...]
    places: tuple[tuple[str, tuple[Line, ...]], ...]
    left_out: int


def build(edition: Edition, language: Language) -> ThreatsView | None:
    """Draw the instruments of coercion that are aimed at countries; None if fewer than two steps are known."""
    rows = [
        row
        for row in edition.all_rows
        if row.comparison is Comparison.FIRST_VS_ACTUAL
        and row.instrument.family == "coercion"
        and row.instrument.scope is not Scope.DOMESTIC
    ]
    shown = [row for row in rows if _known_steps(row)]
    if sum(map(_known_steps, shown)) < LEAST:
        return None
    by_id = {s.id: s for instrument in edition.instruments for s in edition.statements_of(instrument)}
    heads = [language.word("event", stage) for stage in Stage] + [language.gettext("state.unknown")]
    places = sorted({row.country_code for row in shown}, key=reading_order)
    return ThreatsView(
        axis=charts.steps_axis(heads, ", ".join(heads), WIDTH),
        key=levels.key(language),
        places=tuple(
            (language.place(place), tuple(_line(row, by_id, language) for row in shown if row.country_code == place))
            for place in places
        ),
        left_out=len(rows) - len(shown),
    )


def _known_steps(row: Row) -> int:
    return sum(_step(row.sides[side]) is not None for side in levels.SIDES)


def _step(state: State) -> Stage | None:
    """Return how far a state has come; an absence that only a search shows is the lowest step."""
    if state.stage is None and state.presence is Presence.ABSENT:
        return Stage.NONE
    return state.stage


def _line(row: Row, by_id: dict[str, Statement], language: Language) -> Line:
    conditions = _conditions(row, by_id)
    said = tuple(_said(row, language))
    return Line(
        name=language.text(row.instrument.short_names),
        code=row.cell_code,
        steps=charts.steps(list(_marks(row)), len(COLUMNS), "; ".join(said), WIDTH),
        said=said,
        conditions=tuple(conditions[:SHOWN]),
        more=max(0, len(conditions) - SHOWN),
    )


def _marks(row: Row) -> Iterator[Mark]:
    for side in levels.SIDES:
        state = row.sides[side]
        step = _step(state)
        column = NOT_KNOWN if step is None else step.rank
        yield Mark(side=side, column=column, presence=state.presence, is_placed=step is not None)
    if _has_ended(row):
        yield Mark(side=Side.ACTUAL, column=Stage.ENDED.rank, presence=row.today.presence, has_ended=True)


def _has_ended(row: Row) -> bool:
    """Say whether an instrument that was more than absent in the second term has ended by the day of the report."""
    return row.today.stage is Stage.ENDED and row.actual.stage is not Stage.ENDED


def _conditions(row: Row, by_id: dict[str, Statement]) -> list[Statement]:
    """Return the statements that name a condition or a demand, newest first, each wording once."""
    conditional = [by_id[i] for i in row.statement_ids if i in by_id and (by_id[i].trigger or by_id[i].demand)]
    newest = sorted(conditional, key=lambda s: (s.holds_from, s.id), reverse=True)
    return list({str((s.trigger, s.demand)): s for s in newest}.values())


def _said(row: Row, language: Language) -> Iterator[str]:
    """Yield what the marks show, a side at a time, for a reader who does not see them."""
    for side in levels.SIDES:
        yield f"{language.word('side', side)}: {state_word(row.sides[side], side, language)}"
    if _has_ended(row):
        yield language.gettext("Today: %s") % state_word(row.today, Side.ACTUAL, language)


SECTION = Section(
    id="threats",
    title="From threat to force",
    order=34,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT}),
    build=build,
)
