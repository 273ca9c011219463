"""Section "Numbers in time": what the public sources counted, over both terms, and how fresh it is.

Template: numbers.html.j2, which sees only the NumbersView built here.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from reports import charts, series
from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section
from reports.series import Disagreement, Line, Number, SourceState
from sources.countries import AREAS, GLOBAL, reading_order
from sources.periods import Interval

# A chart holds the places with the largest last numbers; the table below it has all.
CHARTED = 6
# How the statistics on refugees name the country of asylum beside that of origin.
_COUNTRY_GROUP = re.compile(r"(?P<way>in|from) (?P<code>[A-Z]{3})")
# How sources call a group that leaves nobody out: nothing is said of it.
_EVERYONE = "all"
# A table stops here and says where the rest is.
LISTED = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of numbers in the three periods: what each comes to, and over which part of it."""

    place: str
    population: str
    source: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure: its charts and its table."""

    anchor: str
    name: str
    unit: str
    is_flow: bool
    charts: tuple[Markup, ...]
    sources: Markup
    rows: tuple[Row, ...]
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """One number that sources give differently."""

    name: str
    place: str
    period: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One source: what it is and how fresh."""

    state: SourceState
    age_days: int
    is_stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersView:
    """The measures, the disagreements and the sources."""

    measures: tuple[Measure, ...]
    disputes: tuple[Dispute, ...]
    sources: tuple[SourceRow, ...]


def build(edition: Edition, language: Language) -> NumbersView | None:
    """Draw and add up the gathered numbers of the places in scope; None if nothing was gathered."""
    if not edition.gathered.sources:
        return None
    numbers = series.of_places(edition.gathered.numbers, edition.request.country_codes)
    by_measure: dict[str, list[Line]] = defaultdict(list)
    for line in series.lines(numbers):
        by_measure[line.measure].append(line)
    as_of = edition.request.clock.as_of
    return NumbersView(
        measures=tuple(_measure(edition, name, lines, language) for name, lines in sorted(by_measure.items())),
        disputes=tuple(_dispute(edition, d, language) for d in series.disagreements(numbers)),
        sources=tuple(
            SourceRow(state=source, age_days=source.age_days(as_of), is_stale=source.is_stale(as_of))
            for source in edition.gathered.sources
        ),
    )


def _measure(edition: Edition, name: str, lines: Sequence[Line], language: Language) -> Measure:
    ordered = sorted(lines, key=lambda line: (_place_order(line.country_code), line.population, line.source_id))
    until = edition.request.clock.on
    names = sorted({line.source_id for line in lines})
    sources = [edition.gathered.source(name) for name in names]
    publishers = [source.publisher for source in sources]
    # One publisher's several datasets are told apart by their titles.
    called = {
        s.source_id: language.foreign(s.title) if publishers.count(s.publisher) > 1 else s.publisher for s in sources
    }
    return Measure(
        anchor=f"measure-{name}",
        name=_capital(language.name("measure", name)),
        unit=unit_text(lines[0].unit, lines[0].unit_of_count, language),
        is_flow=lines[0].is_flow,
        charts=tuple(_charts(edition, name, ordered, language)),
        sources=Markup("; ").join(
            Markup("{}, {}").format(called[source.source_id], language.short_day(source.last_look))
            for source in sources
        ),
        rows=tuple(
            Row(
                place=language.place(line.country_code),
                population=marked_group(line.population, language),
                source=called[line.source_id],
                cells=tuple(_cell(line, period, language) for period in series.terms(until)),
            )
            for line in ordered[:LISTED]
        ),
        left_out=max(0, len(ordered) - LISTED),
    )


def _group(population: str, language: Language) -> str | None:
    """Return a source's group of people or goods in words, or None where only the source's own label can be printed."""
    if match := _COUNTRY_GROUP.fullmatch(population):
        form = language.gettext("asylum: %s") if match["way"] == "in" else language.gettext("return from: %s")
        return form % language.place(match["code"])
    parts = [language.label("population", part) for part in population.split(", ")]
    return ", ".join(part for part in parts if part) if all(parts) else None


def marked_group(population: str, language: Language) -> str:
    """Return a source's group for a page: what can only be printed as the source's own label is marked as English."""
    if population in ("", _EVERYONE):
        return ""
    return _group(population, language) or language.foreign(population)


def _place_order(code: str) -> tuple[bool, bool, int]:
    """Order the world first, then the countries of the region in theirs."""
    return (code != GLOBAL, *reading_order(code))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def unit_text(unit: str, unit_of_count: str, language: Language) -> str:
    """Return what is counted, or else the unit."""
    return language.counted("count", unit_of_count) if unit == "count" else language.counted("unit", unit)


def _cell(line: Line, period: Interval, language: Language) -> str:
    """Return what a line comes to in a period: a sum over the covered days, or the last state with its day."""
    if line.is_flow:
        summed = series.total(line, period)
        if summed is None:
            return language.gettext("no data")
        value = language.number(round(summed.value, 1))
        if summed.is_whole:
            return value
        return language.gettext("%(value)s over %(covered)s of %(all)s days") % {
            "value": value,
            "covered": language.number(summed.covered_days),
            "all": language.number(period.days),
        }
    inside = [n for n in line.numbers if period.start < n.interval.end <= period.end]
    if not inside:
        return language.gettext("no data")
    last = inside[-1]
    return language.gettext("%(value)s on %(day)s") % {
        "value": language.number(round(last.value, 2)),
        "day": language.short_day(last.interval.end - timedelta(days=1)),
    }


def _charts(edition: Edition, name: str, lines: Sequence[Line], language: Language) -> Iterable[Markup]:
    """Yield a chart for each kind of period: the world's lines, and the countries with the largest last numbers.

    Numbers of one period alone are no course of time: the table has them.
    """
    by_kind: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_kind[series.kind_of(line.numbers[-1].interval)].append(line)
    for of_kind in by_kind.values():
        world = [line for line in of_kind if line.country_code == GLOBAL]
        countries = [line for line in of_kind if line.country_code not in AREAS]
        largest = sorted(countries, key=lambda line: -line.numbers[-1].value)[:CHARTED]
        if _has_course(world):
            yield _chart(edition, name, world[:CHARTED], language)
        if _has_course(largest):
            yield _chart(edition, name, sorted(largest, key=lambda line: -line.numbers[-1].value), language)


def _has_course(lines: Iterable[Line]) -> bool:
    return any(len(line.numbers) > 1 for line in lines)


def _chart(edition: Edition, name: str, lines: Sequence[Line], language: Language) -> Markup:
    on = edition.request.clock.on
    has_places = len({line.country_code for line in lines}) > 1 or len(lines) == 1
    has_sources = len({line.source_id for line in lines}) > 1
    curves = []
    for line in lines:
        parts = [language.place(line.country_code)] if has_places else []
        if line.population not in ("", _EVERYONE) and len(lines) > 1:
            parts.append(_group(line.population, language) or line.population)
        if has_sources:
            parts.append(edition.gathered.source(line.source_id).title)
        curves.append(charts.Curve(label=" · ".join(parts), points=tuple(_points(line.numbers))))
    words = charts.CurveWords(
        title=language.gettext("%(name)s, %(unit)s, by period from %(start)s to %(end)s")
        % {
            "name": language.name("measure", name),
            "unit": unit_text(lines[0].unit, lines[0].unit_of_count, language),
            "start": language.short_day(min(line.span.start for line in lines)),
            "end": language.short_day(max(line.span.end for line in lines) - timedelta(days=1)),
        },
        first_term=language.gettext("First term"),
        between=language.gettext("The years between"),
        second_term=language.gettext("Second term"),
        years=tuple((date(year, 1, 1), str(year)) for year in range(2017, on.year + 1)),
        number=language.number,
    )
    return charts.curves(curves, words, on, charts.LARGE_PRINT_WIDTH if edition.request.large_print else charts.WIDTH)


def _points(numbers: Iterable[Number]) -> Iterable[tuple[date, date, float]]:
    for number in numbers:
        yield number.interval.start, number.interval.end, number.value


def _dispute(edition: Edition, dispute: Disagreement, language: Language) -> Dispute:
    sources = edition.gathered
    ordered = sorted(dispute.values, key=lambda pair: (sources.source(pair[0]).tier, pair[0]))
    return Dispute(
        name=f"{language.name('measure', dispute.measure)}, {unit_text(dispute.unit, dispute.unit_of_count, language)}",
        place=language.place(dispute.country_code),
        period=language.gettext("%(start)s to %(end)s")
        % {
            "start": language.short_day(dispute.interval.start),
            "end": language.short_day(dispute.interval.end - timedelta(days=1)),
        },
        values=tuple(
            (sources.source(source_id).publisher, language.number(round(value, 1))) for source_id, value in ordered
        ),
    )


SECTION = Section(
    id="numbers",
    title="Numbers in time",
    order=60,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY}),
    build=build,
)
