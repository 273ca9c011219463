"""Section "Exposure and levers": what was asked of a country, with which lever, what it answered, and what it can lose.

A country report has the levers, the answers and the figures of each country; the report on the region one table. What
was not gathered is said in the place of the figure. Template: exposure.html.j2, which sees only the views built here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from markupsafe import Markup

from reports import exposure
from reports.comparison import Row
from reports.edition import Edition, Kind
from reports.exposure import Exposure, Figure, Measure, Reading
from reports.language import Language
from reports.narrative import headline, number, outcome_word, state_word
from reports.sections import Section
from reports.series import LegalAct
from sources.countries import AREAS, REGION_COUNTRIES, reading_order
from sources.dates import Dated
from sources.model import Comparison, Presence, Side, Statement

COERCION = "coercion"
PROTECTION = "temporary_protected_status"
# The columns of the table of the region; a country report has all measures.
COMPACT = ("goods_sent", "goods_sent_share", "remittances_share", "aid_obligations", "removals")
# What the sides of a lever are told of, in the order of the columns of a sheet.
SIDES = (Side.FIRST, Side.PROJECTED, Side.ACTUAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A figure with its year, or the word that stands where there is none."""

    figure: str
    period: str
    is_missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A tariff rate, and the authorities and products it is for."""

    figure: str
    labels: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A legal act: its day and kind in words, its name as the source has it, and where it stands."""

    day: str
    kind: str
    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """A number of protected people that a note gives: how many, of which measure, the note."""

    figure: str
    measure: str
    statement: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRow:
    """One measure of a country: three cells in time, or else what stands across them.

    `source` says whose figures they are and when it was last looked at; `missing` are the sources to gather first.
    """

    id: str
    unit: str
    source: str
    missing: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    rates: tuple[Rate, ...] = ()
    rates_day: str = ""
    acts: tuple[Act, ...] = ()
    protected: tuple[Protected, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One instrument of coercion, as far as it reached a country: what was asked, answered, and what came of it.

    `area` names the region or the world where the row is theirs and not the country's own.
    """

    name: str
    area: str
    code: str
    asks: tuple[Statement, ...]
    answers: tuple[Statement, ...]
    headline: str
    states: Mapping[str, str]
    today: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a country was asked or answered about a measure that is no coercion: the measure, its row and the note."""

    name: str
    code: str
    statement: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """One country's part of a country report; `not_known` are the levers of which nothing is known for it."""

    code: str
    name: str
    levers: tuple[Lever, ...]
    not_known: tuple[tuple[str, str], ...]
    answers: tuple[Answer, ...]
    groups: tuple[tuple[str, tuple[MeasureRow, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRow:
    """One country in the table of the region: its levers with their state and code, its figures, its protection."""

    name: str
    levers: tuple[tuple[str, str, str], ...]
    cells: tuple[Cell, ...]
    decisions: tuple[Act, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureView:
    """The countries of a country report, or the table of the region with the measures that have a column in it.

    `not_gathered` are the measures that have none, each with the sources to gather.
    """

    countries: tuple[Country, ...] = ()
    rows: tuple[RegionRow, ...] = ()
    columns: tuple[MeasureRow, ...] = ()
    has_decisions: bool = False
    not_gathered: tuple[tuple[str, tuple[str, ...]], ...] = ()


def build(edition: Edition, language: Language) -> ExposureView | None:
    """Show the levers and the exposure of the countries in scope; None for a region where nothing is known of any."""
    codes = edition.request.country_codes or REGION_COUNTRIES
    found = exposure.of_countries(edition.gathered, codes, edition.request.clock.on)
    if edition.request.kind is Kind.COUNTRY:
        return ExposureView(countries=tuple(_country(edition, one, language) for one in found))
    return _region(edition, found, language)


# --- One country ----------------------------------------------------------------------------------------------------


def _country(edition: Edition, found: Exposure, language: Language) -> Country:
    code = found.country_code
    rows = [row for row in _rows(edition) if row.country_code in (code, *AREAS)]
    coercion = [row for row in rows if row.instrument.family == COERCION]
    statements = {
        row.instrument.id: [s for s in edition.statements_of(row.instrument) if s.demand or s.trigger or _answers(s)]
        for row in rows
    }
    levers = [
        _lever(row, statements[row.instrument.id], code if _has_answers(row, coercion) else None, language)
        for row in coercion
    ]
    shown = [
        lever for row, lever in zip(coercion, levers, strict=True) if _is_known(row) or lever.asks or lever.answers
    ]
    others = [row for row in rows if row.instrument.family != COERCION and row.country_code == code]
    return Country(
        code=code,
        name=language.place(code),
        levers=tuple(shown),
        not_known=tuple((_named(lever), lever.code) for lever in levers if lever not in shown),
        answers=tuple(_other_answers(others, statements, code, language)),
        groups=tuple(_groups(edition, found, language)),
    )


def _rows(edition: Edition) -> list[Row]:
    return [row for row in edition.all_rows if row.comparison is Comparison.FIRST_VS_ACTUAL]


def _is_known(row: Row) -> bool:
    states = (*(row.sides[side] for side in SIDES), row.today)
    return any(state.presence is not Presence.UNKNOWN for state in states)


def _answers(s: Statement) -> bool:
    return s.partner_response is not None


def _has_answers(row: Row, rows: Sequence[Row]) -> bool:
    """Say whether a country's answers stand with this row: its own, or where it has none the instrument's first."""
    of_instrument = [other for other in rows if other.instrument.id == row.instrument.id]
    return row is min(of_instrument, key=lambda other: other.country_code in AREAS)


def _lever(row: Row, statements: Sequence[Statement], answering: str | None, language: Language) -> Lever:
    """Return a lever with what was asked in its row, and with the answers of the country that answers there."""
    asks = [s for s in statements if (s.demand or s.trigger) and row.country_code in s.country_codes]
    today = state_word(row.today, Side.ACTUAL, language)
    return Lever(
        name=language.text(row.instrument.short_names),
        area=language.place(row.country_code) if row.country_code in AREAS else "",
        code=row.cell_code,
        # A demand that several statements word alike stands once, with the newest of them.
        asks=tuple({str((s.trigger, s.demand)): s for s in asks}.values()),
        answers=tuple(s for s in statements if _answers(s) and answering in s.country_codes),
        headline=headline(row, language),
        states={str(side): state_word(row.sides[side], side, language) for side in SIDES},
        today=today if row.today.presence is not row.actual.presence else "",
        outcome=outcome_word(row, language),
    )


def _named(lever: Lever) -> str:
    return f"{lever.name} ({lever.area})" if lever.area else lever.name


def _other_answers(
    rows: Iterable[Row], statements: Mapping[str, Sequence[Statement]], code: str, language: Language
) -> Iterator[Answer]:
    """Yield what the country was asked or answered about other measures, by date, each statement once."""
    of_statement = {s.id: (s, row) for row in rows for s in statements[row.instrument.id] if code in s.country_codes}
    for s, row in sorted(of_statement.values(), key=lambda pair: (pair[0].holds_from, pair[0].id)):
        yield Answer(name=language.text(row.instrument.short_names), code=row.cell_code, statement=s)


# --- Figures --------------------------------------------------------------------------------------------------------


def _groups(edition: Edition, found: Exposure, language: Language) -> Iterator[tuple[str, tuple[MeasureRow, ...]]]:
    """Yield the measures by the lever they belong to, with what else was gathered of it."""
    for lever, readings in groupby(found.readings, key=lambda reading: reading.measure.lever):
        rows = [_measure_row(edition, reading, language) for reading in readings]
        if lever == "tariffs":
            rows += [_rates_row(edition, found, language), _acts_row(edition, found, "trade_deals", language)]
        yield lever, tuple(rows)
    yield "protection", (_protected_row(edition, found, language), _acts_row(edition, found, "decisions", language))


def _measure_row(edition: Edition, reading: Reading, language: Language) -> MeasureRow:
    newest = reading.newest
    is_same = newest is not None and newest == (reading.before_second or reading.before_first)
    last = _word(language.gettext("none later")) if is_same else _cell(newest, language)
    cells = [_cell(figure, language) for figure in (reading.before_first, reading.before_second)]
    return MeasureRow(
        id=reading.measure.id,
        unit=_unit(reading.measure, language),
        source=_sources(edition, [wanted.source_id for wanted in reading.measure.series], language),
        missing=reading.not_gathered,
        cells=() if reading.not_gathered else (*cells, last),
    )


def _unit(measure: Measure, language: Language) -> str:
    """Return the unit of a measure's figures; fiscal years are said once for all of them."""
    unit = language.word("exposure_unit", measure.unit)
    return language.gettext("%s, fiscal years") % unit if measure.is_fiscal else unit


def _word(word: str) -> Cell:
    return Cell(figure=word, period="", is_missing=True)


def _cell(figure: Figure | None, language: Language) -> Cell:
    """Return a figure with its year; a fiscal year has the number of the year it ends in."""
    if figure is None:
        return _word(language.gettext("no data"))
    last_day = figure.interval.end - timedelta(days=1)
    year = language.when(Dated(first_day=last_day, last_day=last_day, precision="year"))
    return Cell(figure=language.number(figure.value), period=year, is_missing=False)


def _sources(edition: Edition, source_ids: Sequence[str], language: Language) -> str:
    """Return whose figures they are, each with the day it was last looked at; sources not gathered are left out."""
    states = [state for state in edition.gathered.sources if state.source_id in source_ids]
    return "; ".join(f"{state.publisher}, {language.short_day(state.last_look)}" for state in states)


def _rates_row(edition: Edition, found: Exposure, language: Language) -> MeasureRow:
    rates = found.rates
    return MeasureRow(
        id="tariff_rates",
        unit=language.word("exposure_unit", "percent"),
        source=_sources(edition, ["tariffs"], language),
        missing=() if found.has_rates else ("tariffs",),
        rates=tuple(
            Rate(figure=language.amount(language.number(rate), rate, "percent", None), labels=_labels(names, language))
            for rate, names in (rates.by_rate if rates else ())
        ),
        rates_day=language.short_day(rates.day) if rates else "",
    )


def _labels(names: Iterable[str], language: Language) -> Markup:
    """Return a source's labels, each part in words or marked as the source's own."""
    return Markup("; ").join(
        Markup(", ").join(language.marked_label("population", part) for part in name.split(", ")) for name in names
    )


def _acts_row(edition: Edition, found: Exposure, measure_id: str, language: Language) -> MeasureRow:
    is_deals = measure_id == "trade_deals"
    acts, is_gathered = (found.deals, found.has_deals) if is_deals else (found.decisions, found.has_decisions)
    source_id = "tariffs" if is_deals else "tps_designations"
    return MeasureRow(
        id=measure_id,
        unit="",
        source=_sources(edition, [source_id], language),
        missing=() if is_gathered else (source_id,),
        acts=tuple(_act(act, language) for act in acts),
    )


def _act(act: LegalAct, language: Language) -> Act:
    """Return an act in words; a notice has a number of its own, a deal only its title."""
    assert act.day is not None, "an act that is shown has a day"
    return Act(
        day=language.short_day(act.day),
        kind=language.name("act", act.kind),
        name=language.foreign(act.title) if act.kind in exposure.DEALS else act.act_id,
        url=act.citation_url,
    )


def _protected_row(edition: Edition, found: Exposure, language: Language) -> MeasureRow:
    """Return the numbers of protected people in the notes: no gathered source counts them."""
    of_instrument = [i for i in edition.instruments if i.id == PROTECTION]
    return MeasureRow(
        id="protected_people",
        unit=language.counted("count", "people"),
        source=language.gettext("notes of this report"),
        protected=tuple(
            Protected(
                figure=number(s.quantity, language), measure=language.name("measure", s.quantity.measure), statement=s
            )
            for instrument in of_instrument
            for s in edition.statements_of(instrument)
            if s.quantity and s.quantity.unit_of_count == "people" and found.country_code in s.country_codes
        ),
    )


# --- The region -----------------------------------------------------------------------------------------------------


def _region(edition: Edition, found: Sequence[Exposure], language: Language) -> ExposureView | None:
    by_country: dict[str, list[Row]] = {}
    for row in _rows(edition):
        if row.instrument.family == COERCION and row.country_code not in AREAS and _is_known(row):
            by_country.setdefault(row.country_code, []).append(row)
    first = found[0]
    columns = [m for m in COMPACT if not first.reading(m).not_gathered]
    has_figures = {one.country_code for one in found if any(one.reading(m).newest for m in columns)}
    shown = [one for one in found if one.country_code in has_figures | by_country.keys()]
    if not shown:
        return None
    return ExposureView(
        rows=tuple(
            _region_row(one, by_country.get(one.country_code, []), columns, language)
            for one in sorted(shown, key=lambda one: reading_order(one.country_code))
        ),
        columns=tuple(_measure_row(edition, first.reading(m), language) for m in columns),
        has_decisions=first.has_decisions,
        not_gathered=(
            *((m, missing) for m in COMPACT if (missing := first.reading(m).not_gathered)),
            *(() if first.has_decisions else (("decisions", ("tps_designations",)),)),
        ),
    )


def _region_row(found: Exposure, rows: Sequence[Row], columns: Sequence[str], language: Language) -> RegionRow:
    readings = [found.reading(m) for m in columns]
    return RegionRow(
        name=language.place(found.country_code),
        levers=tuple(
            (language.text(row.instrument.short_names), headline(row, language), row.cell_code) for row in rows
        ),
        cells=tuple(_cell(reading.newest, language) for reading in readings),
        decisions=tuple(_act(act, language) for act in found.decisions[:1]),
    )


def _entries(view: ExposureView, _language: Language) -> list[tuple[str, str]]:
    """Return the countries, where there are several to find."""
    countries = view.countries if len(view.countries) > 1 else ()
    return [(f"exposure-{country.code}", country.name) for country in countries]


SECTION = Section(
    id="exposure",
    title="Exposure and levers",
    order=36,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY}),
    build=build,
    entries=_entries,
)
