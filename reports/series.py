"""Numbers in time: lines for charts, sums over terms with their gaps, and sources that do not agree.

Pure functions over frozen records. What cannot be added is never added: numbers of different sources, units, units
of count or measures, stocks, and periods of different kinds.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from sources.countries import GLOBAL, OTHER, PLACES
from sources.model import BRIDGE_START, FIRST_TERM_START, SECOND_TERM_START
from sources.periods import Interval

# Counts of events can be added over time and over the groups a source tells apart; counts of what there is at a
# moment (people in detention, entries of a list) cannot.
EVENTS = frozenset(
    {"encounters", "apprehensions", "removals", "returns", "expulsions", "removals and expulsions", "flights"}
    | {"book-ins", "book-outs", "releases"}
)
MONEY = frozenset({"usd", "usd_million", "usd_billion"})


class UnlikePeriods(ValueError):
    """Numbers of different kinds of period, unit or measure were to be compared or added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One observation of a source. `value` is in `unit`; a count says what is counted."""

    source_id: str
    measure: str
    country_code: str
    population: str
    interval: Interval
    value: float
    unit: str
    unit_of_count: str
    snapshot_sha256: str

    @property
    def is_flow(self) -> bool:
        """Whether it counts events or money over its period, so that it may be added to others."""
        return self.unit_of_count in EVENTS or self.unit in MONEY


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalAct:
    """A legal act of a source, with the instruments whose evidence names it."""

    source_id: str
    act_id: str
    kind: str
    title: str
    signing_date: date | None
    publication_date: date | None
    president: str
    citation_url: str
    instrument_ids: tuple[str, ...]
    country_codes: tuple[str, ...]
    snapshot_sha256: str

    @property
    def day(self) -> date | None:
        """The day it was signed, or else published: a term is decided by the signing."""
        return self.signing_date or self.publication_date


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What stands for a source: when it was last looked at, how old that may be, and what was withheld or refused."""

    source_id: str
    title: str
    publisher: str
    url: str
    licence: str
    tier: int
    last_look: date
    max_age_days: int
    rows: int
    withheld: int
    refused: int
    snapshot_sha256: tuple[str, ...]

    def age_days(self, as_of: date) -> int:
        """Return how many days ago it was last looked at."""
        return (as_of - self.last_look).days

    def is_stale(self, as_of: date) -> bool:
        """Say whether the last look is longer ago than the source's numbers stay fresh."""
        return self.age_days(as_of) > self.max_age_days

    def is_too_old(self, as_of: date) -> bool:
        """Say whether it is past twice its age: then nothing is sent."""
        return self.age_days(as_of) > 2 * self.max_age_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What was gathered by a day: of each number the newest vintage, the legal acts, and the state of each source."""

    numbers: tuple[Number, ...] = ()
    acts: tuple[LegalAct, ...] = ()
    sources: tuple[SourceState, ...] = ()

    def source(self, source_id: str) -> SourceState:
        """Return the state of one source."""
        return next(source for source in self.sources if source.source_id == source_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One source's numbers of one measure in one country, in time; `numbers` do not overlap and have one unit.

    `population` is "" where the groups of the source were added up.
    """

    source_id: str
    measure: str
    country_code: str
    population: str
    unit: str
    unit_of_count: str
    numbers: tuple[Number, ...]

    @property
    def is_flow(self) -> bool:
        """Whether its numbers may be added over time."""
        return self.numbers[0].is_flow

    @property
    def span(self) -> Interval:
        """The days from its first number to its last."""
        return Interval(self.numbers[0].interval.start, self.numbers[-1].interval.end)


def lines(numbers: Iterable[Number]) -> tuple[Line, ...]:
    """Return the numbers as lines: the groups of a flow added up, those of anything else kept apart.

    A measure named "..._by_..." is there for its groups: they are kept apart too.

    Raises UnlikePeriods if a source gives overlapping periods for one measure and country.
    """
    groups: dict[tuple[str, ...], list[Number]] = defaultdict(list)
    for number in numbers:
        is_for_groups = "_by_" in number.measure
        population = number.population if is_for_groups or not number.is_flow else ""
        key = (number.measure, number.country_code, population, number.unit, number.unit_of_count, number.source_id)
        groups[key].append(number)
    return tuple(
        Line(
            measure=measure,
            country_code=country_code,
            population=population,
            unit=unit,
            unit_of_count=unit_of_count,
            source_id=source_id,
            numbers=_added_up(members),
        )
        for (measure, country_code, population, unit, unit_of_count, source_id), members in sorted(groups.items())
    )


def _added_up(numbers: Sequence[Number]) -> tuple[Number, ...]:
    by_interval: dict[Interval, list[Number]] = defaultdict(list)
    for number in numbers:
        by_interval[number.interval].append(number)
    ordered = sorted(by_interval)
    for earlier, later in pairwise(ordered):
        if earlier.overlaps(later):
            one = by_interval[later][0]
            raise UnlikePeriods(
                f"{one.source_id} {one.measure} {one.country_code}: {earlier.start} to {earlier.end} and "
                f"{later.start} to {later.end} overlap"
            )
    return tuple(_sum(by_interval[interval]) for interval in ordered)


def _sum(members: Sequence[Number]) -> Number:
    first = members[0]
    if len(members) == 1:
        return first
    return Number(
        source_id=first.source_id,
        measure=first.measure,
        country_code=first.country_code,
        population="",
        interval=first.interval,
        value=sum(member.value for member in members),
        unit=first.unit,
        unit_of_count=first.unit_of_count,
        snapshot_sha256=first.snapshot_sha256,
    )


def of_places(numbers: Iterable[Number], places: Iterable[str]) -> list[Number]:
    """Return the numbers of some places (of every country of the region where none is named) and of the whole world."""
    given = list(numbers)
    wanted = set(places) or set(PLACES)
    in_places = [n for n in given if n.country_code in wanted and n.country_code != GLOBAL]
    stocks_of_world = [n for n in given if n.country_code == GLOBAL and not n.is_flow]
    return [*in_places, *whole_world(given), *stocks_of_world]


def whole_world(numbers: Iterable[Number]) -> tuple[Number, ...]:
    """Return a source's rows as rows of the whole world: its own GLOBAL ones, or all countries and the unnamed rest.

    A source without an unnamed rest may leave countries out: its countries are not added up.
    """
    given = [number for number in numbers if number.is_flow]
    have_rest = {(n.source_id, n.measure) for n in given if n.country_code == OTHER}
    own = [n for n in given if n.country_code == GLOBAL]
    have_own = {(n.source_id, n.measure) for n in own}
    groups: dict[tuple[object, ...], list[Number]] = defaultdict(list)
    for n in given:
        source = (n.source_id, n.measure)
        if source in have_rest and source not in have_own:
            groups[(*source, n.interval, n.unit, n.unit_of_count)].append(n)
    added = [_of_the_world(_sum(members)) for members in groups.values()]
    return tuple(sorted((*own, *added), key=lambda n: (n.measure, n.source_id, n.interval)))


def _of_the_world(n: Number) -> Number:
    return Number(
        source_id=n.source_id,
        measure=n.measure,
        country_code=GLOBAL,
        population="",
        interval=n.interval,
        value=n.value,
        unit=n.unit,
        unit_of_count=n.unit_of_count,
        snapshot_sha256=n.snapshot_sha256,
    )


# --- Terms ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What a line adds up to within a period: over the days it covers, which are stated, and no others.

    `kind` is the kind of its periods ("month", "year", "day", "other"); `gaps` are the days without a number.
    """

    line: Line
    period: Interval
    kind: str
    value: float
    covered_days: int
    gaps: tuple[Interval, ...] = field(default=())

    @property
    def is_whole(self) -> bool:
        """Whether every day of the period is covered."""
        return not self.gaps

    @property
    def per_day(self) -> float:
        """The rate over the covered days."""
        return self.value / self.covered_days


def total(line: Line, period: Interval) -> Total | None:
    """Add up the numbers that lie wholly within a period; None if there are none.

    A number whose period straddles the edge is left out, and its days are a gap: it is never split. Raises
    UnlikePeriods for a line that is no flow.
    """
    if not line.is_flow:
        raise UnlikePeriods(f"{line.measure} in {line.unit_of_count or line.unit} is a stock: it is not added up")
    inside = [number for number in line.numbers if period.covers(number.interval)]
    if not inside:
        return None
    kinds = {kind_of(number.interval) for number in inside}
    return Total(
        line=line,
        period=period,
        kind=kinds.pop() if len(kinds) == 1 else "other",
        value=sum(number.value for number in inside),
        covered_days=sum(number.interval.days for number in inside),
        gaps=tuple(gaps([number.interval for number in inside], period)),
    )


def kind_of(interval: Interval) -> str:
    """Return what kind of period an interval is: day, month, year or other."""
    if interval.days == 1:
        return "day"
    if interval.start.day == 1 and interval.end.day == 1:
        months = (interval.end.year - interval.start.year) * 12 + interval.end.month - interval.start.month
        return {1: "month", 12: "year"}.get(months, "other")
    return "other"


def gaps(covered: Sequence[Interval], period: Interval) -> Iterable[Interval]:
    """Yield the parts of a period that no interval covers; the intervals are in order and do not overlap."""
    start = period.start
    for interval in covered:
        if interval.start > start:
            yield Interval(start, interval.start)
        start = max(start, interval.end)
    if start < period.end:
        yield Interval(start, period.end)


def change_of_rate_pct(first: Total, second: Total) -> float | None:
    """Return by how many percent the daily rate of the second total differs from the first; None from zero.

    Raises UnlikePeriods unless both are of one source, measure, country, unit and kind of period.
    """
    before, after = _comparable(first), _comparable(second)
    if before != after:
        differing = [f"{a} and {b}" for a, b in zip(before, after, strict=True) if a != b]
        raise UnlikePeriods(f"not the same: {'; '.join(differing)}")
    return 100 * (second.per_day / first.per_day - 1) if first.value else None


def _comparable(t: Total) -> tuple[str, ...]:
    line = t.line
    return line.source_id, line.measure, line.country_code, line.population, line.unit, line.unit_of_count, t.kind


def terms(on: date) -> tuple[Interval, ...]:
    """Return the first term, the years between and the second term so far."""
    first = Interval(FIRST_TERM_START, BRIDGE_START)
    between = Interval(BRIDGE_START, SECOND_TERM_START)
    if on < SECOND_TERM_START:
        return first, between
    return first, between, Interval(SECOND_TERM_START, on + timedelta(days=1))


# --- Sources that do not agree ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One measure in one country and period as several sources give it, best tier first."""

    measure: str
    country_code: str
    interval: Interval
    unit: str
    unit_of_count: str
    values: tuple[tuple[str, float], ...]


def disagreements(numbers: Iterable[Number]) -> tuple[Disagreement, ...]:
    """Return where sources give different values for the same measure, country and period; nothing is averaged.

    The months of one source are added to the years of another where they cover them wholly.
    """
    by_measure: dict[tuple[str, str, str, str], dict[str, Line]] = defaultdict(dict)
    for line in lines(n for n in numbers if n.is_flow):
        by_measure[line.measure, line.country_code, line.unit, line.unit_of_count][line.source_id] = line
    found = []
    for (measure, country_code, unit, unit_of_count), of_source in sorted(by_measure.items()):
        if len(of_source) < 2:
            continue
        for interval in sorted({n.interval for line in of_source.values() for n in line.numbers}):
            values = [
                (source_id, t.value)
                for source_id, line in sorted(of_source.items())
                if (t := total(line, interval)) and t.is_whole
            ]
            if len({value for _, value in values}) > 1:
                found.append(
                    Disagreement(
                        measure=measure,
                        country_code=country_code,
                        interval=interval,
                        unit=unit,
                        unit_of_count=unit_of_count,
                        values=tuple(values),
                    )
                )
    return tuple(found)
