"""Numbers in time: what is added up, over which days, and what is refused."""

from datetime import date

import pytest

from reports.series import (
    Number,
    SourceState,
    UnlikePeriods,
    change_of_rate_pct,
    disagreements,
    kind_of,
    lines,
    terms,
    total,
    whole_world,
)
from sources.periods import Interval, calendar_year, fiscal_month, fiscal_year, month

FIRST, BETWEEN, SECOND = terms(date(2026, 11, 24))


def number(interval, value, country="GTM", source_id="cbp", **values):
    """Return encounters of a month unless said otherwise."""
    plain = {
        "measure": "encounters",
        "population": "Title 8",
        "unit": "count",
        "unit_of_count": "encounters",
        "snapshot_sha256": "0" * 64,
    }
    return Number(source_id=source_id, country_code=country, interval=interval, value=value, **plain | values)


def line(*numbers):
    """Return the only line of some numbers."""
    (only,) = lines(numbers)
    return only


def test_a_fiscal_year_runs_from_october_and_has_the_number_of_its_end():
    assert fiscal_year(2020) == Interval(date(2019, 10, 1), date(2020, 10, 1))
    assert fiscal_month(2020, 10) == month(2019, 10)
    assert fiscal_month(2020, 9) == month(2020, 9)
    assert [kind_of(i) for i in (fiscal_year(2020), month(2020, 2), calendar_year(2020))] == ["year", "month", "year"]
    assert kind_of(Interval(date(2020, 1, 1), date(2020, 1, 2))) == "day"
    assert kind_of(Interval(date(2020, 1, 1), date(2020, 4, 1))) == "other"


def test_terms_meet_without_a_day_between_and_without_one_in_both():
    assert FIRST.end == BETWEEN.start == date(2021, 1, 20)
    assert BETWEEN.end == SECOND.start == date(2025, 1, 20)
    assert SECOND.end == date(2026, 11, 25)
    assert len(terms(date(2025, 1, 19))) == 2


def test_the_groups_of_a_flow_are_added_up_those_of_a_stock_are_kept_apart():
    flow = line(number(month(2019, 5), 3), number(month(2019, 5), 4, population="Title 42"))
    assert [n.value for n in flow.numbers] == [7]
    stock = {"unit_of_count": "people", "measure": "detained"}
    kept = lines([number(month(2019, 5), 3, **stock), number(month(2019, 5), 4, population="families", **stock)])
    assert len(kept) == 2


def test_a_total_covers_only_whole_periods_within_the_term_and_states_its_gaps():
    given = line(number(month(2021, 1), 100), number(month(2020, 12), 10), number(month(2020, 10), 1))
    summed = total(given, FIRST)
    assert summed.value == 11, "January 2021 straddles the end of the term"
    assert summed.covered_days == 62
    assert summed.gaps == (
        Interval(date(2017, 1, 20), date(2020, 10, 1)),
        Interval(date(2020, 11, 1), date(2020, 12, 1)),
        Interval(date(2021, 1, 1), date(2021, 1, 20)),
    )
    assert not summed.is_whole
    assert total(given, SECOND) is None


def test_a_stock_is_not_added_up():
    stock = line(number(month(2019, 5), 3, unit_of_count="people", measure="detained"))
    with pytest.raises(UnlikePeriods, match="is a stock"):
        total(stock, FIRST)


def test_rates_are_compared_over_covered_days_and_unlike_periods_raise():
    given = line(number(month(2019, 6), 30), number(month(2025, 6), 60))
    before, after = total(given, FIRST), total(given, SECOND)
    assert change_of_rate_pct(before, after) == pytest.approx(100)
    yearly = line(number(fiscal_year(2026), 365))
    with pytest.raises(UnlikePeriods, match="month and year"):
        change_of_rate_pct(before, total(yearly, SECOND))
    others = line(number(month(2025, 6), 60, source_id="other"))
    with pytest.raises(UnlikePeriods, match="cbp and other"):
        change_of_rate_pct(before, total(others, SECOND))
    none = line(number(month(2019, 6), 0))
    assert change_of_rate_pct(total(none, FIRST), after) is None


def test_overlapping_periods_of_one_source_raise():
    with pytest.raises(UnlikePeriods, match="overlap"):
        lines([number(fiscal_year(2020), 1), number(month(2020, 3), 1)])


def test_countries_add_up_to_the_world_only_with_the_unnamed_rest():
    some = [number(month(2019, 5), 3), number(month(2019, 5), 4, country="HND")]
    assert whole_world(some) == ()
    (world,) = whole_world([*some, number(month(2019, 5), 5, country="OTHER")])
    assert (world.value, world.country_code) == (12, "GLOBAL")


def test_sources_that_differ_stand_side_by_side_and_months_meet_years():
    own = [number(fiscal_month(2020, m), 10, country="GLOBAL") for m in range(1, 13)]
    copy = [number(fiscal_year(2020), 118, country="GLOBAL", source_id="republished")]
    (found,) = disagreements([*own, *copy])
    assert found.values == (("cbp", 120), ("republished", 118))
    assert found.interval == fiscal_year(2020)
    assert disagreements([*own[:11], *copy]) == (), "eleven months are no year"
    assert disagreements([*own, number(fiscal_year(2020), 120, country="GLOBAL", source_id="republished")]) == ()


def test_a_source_is_stale_past_its_age_and_too_old_past_twice():
    source = SourceState(
        source_id="a", title="A", publisher="P", url="https://example.org", licence="none", tier=1,
        last_look=date(2026, 1, 1), max_age_days=10, rows=1, withheld=0, refused=0, snapshot_sha256=(),
    )  # fmt: skip
    assert [source.is_stale(date(2026, 1, day)) for day in (11, 12)] == [False, True]
    assert [source.is_too_old(date(2026, 1, day)) for day in (21, 22)] == [False, True]
