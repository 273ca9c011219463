"""How exposed a country is to what the United States can tax, withhold or send back, from the gathered numbers alone.

Pure functions over frozen records. Every figure is of one whole year; a share has the same year above and below the
line. Unlike units are never added, weighed or ranked, so there is no index. What each figure is, and what it leaves
out, stands in docs/assumptions.md.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from reports import series
from reports.series import Gathered, LegalAct, Number, UnlikePeriods
from sources.dates import add_months
from sources.model import FIRST_TERM_START, SECOND_TERM_START
from sources.periods import Interval, calendar_year, fiscal_year

# A year tells what a term found if it ended by the term's first day, and no longer before than this.
MONTHS_BEFORE = 24
DOLLARS = {"usd": 1.0, "usd_million": 1e6, "usd_billion": 1e9}
# Of the acts about a country the newest few; the sheets and the source have all.
ACTS = 3
TARIFF_RATE = "tariff_rate"
# What decides about a designation; corrections and registrations say nothing new of it.
DECISIONS = frozenset(
    f"tps_{kind}"
    for kind in ("designation", "redesignation", "extension", "continuation", "termination", "rescission", "vacatur")
)
DEALS = frozenset({"trade_deal", "trade_deal_pending"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A series that a measure is made of: whose, of what, in which unit."""

    source_id: str
    measure: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure of exposure: the lever it belongs to, its series, its kind of year, and the whole it is a share of.

    `unit` is that of the figures: of money `usd_million`, of a share `percent`, else that of the series.
    """

    id: str
    lever: str
    of: Wanted
    unit: str
    is_fiscal: bool = False
    share_of: Wanted | None = None

    @property
    def series(self) -> tuple[Wanted, ...]:
        """The series it needs."""
        return (self.of, self.share_of) if self.share_of else (self.of,)

    def year(self, number: int) -> Interval:
        """Return a year of the kind it is counted in."""
        return fiscal_year(number) if self.is_fiscal else calendar_year(number)


_IMPORTS = Wanted(source_id="census_trade", measure="goods_imports", unit="usd_million")
MEASURES = (
    Measure(id="goods_sent", lever="tariffs", of=_IMPORTS, unit="usd_million"),
    Measure(
        id="goods_sent_share",
        lever="tariffs",
        of=_IMPORTS,
        unit="percent",
        share_of=Wanted(source_id="world_bank", measure="merchandise_exports", unit="usd"),
    ),
    Measure(
        id="goods_received",
        lever="tariffs",
        of=Wanted(source_id="census_trade", measure="goods_exports", unit="usd_million"),
        unit="usd_million",
    ),
    Measure(
        id="remittances_share",
        lever="remittances",
        of=Wanted(source_id="world_bank", measure="remittances_received", unit="percent_of_gdp"),
        unit="percent_of_gdp",
    ),
    Measure(
        id="aid_obligations",
        lever="aid",
        of=Wanted(source_id="foreign_assistance", measure="foreign_aid_obligations", unit="usd"),
        unit="usd_million",
        is_fiscal=True,
    ),
    Measure(
        id="removals",
        lever="removal",
        of=Wanted(source_id="ice_removals", measure="removals", unit="count"),
        unit="count",
        is_fiscal=True,
    ),
    Measure(
        id="encounters",
        lever="removal",
        of=Wanted(source_id="cbp_encounters", measure="encounters_nationwide", unit="count"),
        unit="count",
        is_fiscal=True,
    ),
    Measure(
        id="border_patrol_encounters",
        lever="removal",
        of=Wanted(source_id="ohss_monthly", measure="usbp_encounters", unit="count"),
        unit="count",
        is_fiscal=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number of one year, rounded as it is printed, with the snapshots it was computed from."""

    value: float
    unit: str
    unit_of_count: str
    interval: Interval
    snapshot_sha256: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measure of a country: the last year before each term, and the newest year. None where there is no figure.

    `not_gathered` are the sources that gave nothing of the measure for any country.
    """

    measure: Measure
    before_first: Figure | None
    before_second: Figure | None
    newest: Figure | None
    not_gathered: tuple[str, ...]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures it has, each once, in time."""
        found = {f.interval: f for f in (self.before_first, self.before_second, self.newest) if f}
        return tuple(found[interval] for interval in sorted(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The additional tariff rates in force on the last day their source speaks of, in percent, highest first.

    Each rate stands with the authorities and products it is for; rates may meet on the same goods and are never added.
    """

    day: date
    by_rate: tuple[tuple[float, tuple[str, ...]], ...]
    snapshot_sha256: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What was gathered of one country: its measures, tariff rates, trade deals and decisions about protection.

    `rates` is None where none is given for it. The `has_` fields tell nothing found from nothing gathered.
    """

    country_code: str
    readings: tuple[Reading, ...]
    rates: Rates | None
    has_rates: bool
    deals: tuple[LegalAct, ...]
    has_deals: bool
    decisions: tuple[LegalAct, ...]
    has_decisions: bool

    def reading(self, measure_id: str) -> Reading:
        """Return the reading of one measure."""
        return next(reading for reading in self.readings if reading.measure.id == measure_id)


def of_countries(gathered: Gathered, country_codes: Iterable[str], on: date) -> tuple[Exposure, ...]:
    """Return the exposure of each country, from what speaks of days up to `on`.

    Raises UnlikePeriods if a source gives overlapping periods, or several units of count, for one series.
    """
    by_series: dict[Wanted, dict[str, list[Number]]] = defaultdict(lambda: defaultdict(list))
    for n in gathered.numbers:
        wanted = Wanted(source_id=n.source_id, measure=n.measure, unit=n.unit)
        by_series[wanted][n.country_code].append(n)
    kinds = {act.kind for act in gathered.acts}
    rates = by_series[Wanted(source_id="tariffs", measure=TARIFF_RATE, unit="percent")]
    return tuple(
        Exposure(
            country_code=code,
            readings=tuple(_reading(measure, by_series, code, on) for measure in MEASURES),
            rates=_rates([n for n in rates[code] if n.interval.start <= on], on),
            has_rates=any(rates.values()),
            deals=_newest(gathered.acts, DEALS, code, on),
            has_deals=not DEALS.isdisjoint(kinds),
            decisions=_newest(gathered.acts, DECISIONS, code, on),
            has_decisions=not DECISIONS.isdisjoint(kinds),
        )
        for code in country_codes
    )


def _reading(
    measure: Measure, by_series: Mapping[Wanted, Mapping[str, Sequence[Number]]], code: str, on: date
) -> Reading:
    # A source that counts nothing for a country was gathered all the same.
    not_gathered = tuple(wanted.source_id for wanted in measure.series if not by_series.get(wanted))
    parts = [_years(by_series.get(wanted, {}).get(code, ()), measure.year) for wanted in measure.series]
    figures = _share(parts[0], parts[1], measure) if measure.share_of else [_scaled(f, measure) for f in parts[0]]
    known = [f for f in figures if f.interval.end <= on + timedelta(days=1)]
    return Reading(
        measure=measure,
        before_first=_last_before(known, FIRST_TERM_START),
        before_second=_last_before(known, SECOND_TERM_START),
        newest=known[-1] if known else None,
        not_gathered=not_gathered,
    )


def _years(numbers: Sequence[Number], year: Callable[[int], Interval]) -> list[Figure]:
    """Return the whole years of a series of one country, in time: a flow is added up, anything else taken as given."""
    if not numbers:
        return []
    line, *others = series.lines(numbers)
    if others:
        raise UnlikePeriods(f"{line.source_id} {line.measure} {line.country_code}: several groups or units of count")
    found = []
    for interval in map(year, range(line.span.start.year, line.span.end.year + 2)):
        inside = [n for n in numbers if interval.covers(n.interval)]
        if line.is_flow:
            summed = series.total(line, interval)
            value = summed.value if summed and summed.is_whole else None
        else:
            value = next((n.value for n in inside if n.interval == interval), None)
        if value is not None:
            found.append(
                Figure(
                    value=value,
                    unit=line.unit,
                    unit_of_count=line.unit_of_count,
                    interval=interval,
                    snapshot_sha256=tuple(sorted({n.snapshot_sha256 for n in inside})),
                )
            )
    return found


def _scaled(figure: Figure, measure: Measure) -> Figure:
    if figure.unit not in DOLLARS:
        return _figure(figure.value, measure, figure)
    return _figure(figure.value * DOLLARS[figure.unit] / DOLLARS[measure.unit], measure, figure)


def _share(parts: Sequence[Figure], wholes: Sequence[Figure], measure: Measure) -> list[Figure]:
    """Return what percent a part is of its whole in each year that has both; of a whole of nothing there is none."""
    whole_of = {whole.interval: whole for whole in wholes if whole.value > 0}
    return [
        _figure(
            100 * part.value * DOLLARS[part.unit] / (whole.value * DOLLARS[whole.unit]),
            measure,
            part,
            whole,
        )
        for part in parts
        if (whole := whole_of.get(part.interval))
    ]


def _figure(value: float, measure: Measure, *made_of: Figure) -> Figure:
    return Figure(
        # A small share is no share of nothing.
        value=round(value, 1 if abs(value) >= 1 else 2),
        unit=measure.unit,
        unit_of_count=made_of[0].unit_of_count,
        interval=made_of[0].interval,
        snapshot_sha256=tuple(sorted({sha for figure in made_of for sha in figure.snapshot_sha256})),
    )


def _last_before(figures: Sequence[Figure], day: date) -> Figure | None:
    earliest = add_months(day, -MONTHS_BEFORE)
    return next((f for f in reversed(figures) if earliest <= f.interval.end <= day), None)


def _rates(numbers: Sequence[Number], on: date) -> Rates | None:
    if not numbers:
        return None
    day = min(max(n.interval.end for n in numbers) - timedelta(days=1), on)
    in_force = [n for n in numbers if n.interval.start <= day < n.interval.end]
    by_rate: dict[float, list[str]] = defaultdict(list)
    for n in in_force:
        by_rate[n.value].append(n.population)
    return Rates(
        day=day,
        by_rate=tuple((rate, tuple(sorted(by_rate[rate]))) for rate in sorted(by_rate, reverse=True)),
        snapshot_sha256=tuple(sorted({n.snapshot_sha256 for n in in_force})),
    )


def _newest(acts: Iterable[LegalAct], kinds: frozenset[str], code: str, on: date) -> tuple[LegalAct, ...]:
    dated = [(act.day, act) for act in acts if act.kind in kinds and code in act.country_codes and act.day]
    known = sorted(((day, act) for day, act in dated if day <= on), key=lambda pair: (pair[0], pair[1].act_id))
    return tuple(act for _, act in reversed(known[-ACTS:]))
