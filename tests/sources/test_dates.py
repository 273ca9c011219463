"""Dates are kept as precisely as a source gives them, and no more."""

from datetime import date

import pytest

from sources import dates


@pytest.mark.parametrize(
    ("text", "first", "last", "precision"),
    [
        ("2019", date(2019, 1, 1), date(2019, 12, 31), "year"),
        ("2019-Q3", date(2019, 7, 1), date(2019, 9, 30), "quarter"),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29), "month"),
        ("2019-08-05", date(2019, 8, 5), date(2019, 8, 5), "day"),
        ("2025-01-20/2025-12-31", date(2025, 1, 20), date(2025, 12, 31), "interval"),
    ],
)
def test_a_date_is_the_interval_it_may_mean(text, first, last, precision):
    made = dates.parse(text)
    assert (made.first_day, made.last_day, made.precision) == (first, last, precision)
    assert str(made) == text


@pytest.mark.parametrize("text", ["", "2019-13", "2019-02-29", "2019-Q5", "2020/2019", "20190805", "spring 2019"])
def test_what_is_no_date_is_refused_with_what_was_expected(text):
    with pytest.raises(ValueError, match="expected a date such as"):
        dates.parse(text)


def test_months_later_keeps_to_the_calendar():
    assert dates.add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert dates.add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
