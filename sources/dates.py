"""Dates as sources give them: a day, a month, a quarter, a year, or an interval somebody narrowed.

A source that says "2019-08" does not say 1 August. An imprecise date is kept as the interval of days it may
mean; whoever reads it chooses the end that is safe for the question asked.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

EXPECTED = "a date such as 2019, 2019-Q3, 2019-08, 2019-08-05 or an interval 2019-08-05/2019-08-31"

_FORMS = {
    "year": re.compile(r"(\d{4})"),
    "quarter": re.compile(r"(\d{4})-Q([1-4])"),
    "month": re.compile(r"(\d{4})-(\d{2})"),
    "day": re.compile(r"(\d{4})-(\d{2})-(\d{2})"),
}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Dated:
    """An interval of days, both included, and the precision its source gave it.

    `precision` is day, month, quarter, year or interval. Ordered by the last day: by then it is certainly so.
    """

    last_day: date
    first_day: date
    precision: str

    def __str__(self) -> str:
        match self.precision:
            case "year":
                return f"{self.first_day:%Y}"
            case "quarter":
                return f"{self.first_day.year}-Q{(self.first_day.month + 2) // 3}"
            case "month":
                return f"{self.first_day:%Y-%m}"
            case "day":
                return self.first_day.isoformat()
        return f"{self.first_day.isoformat()}/{self.last_day.isoformat()}"


def on_day(day: date) -> Dated:
    """Return the date that is known to be `day`."""
    return Dated(first_day=day, last_day=day, precision="day")


def parse(text: str) -> Dated:
    """Read one date as written in a source or an instrument file.

    Raises ValueError, naming the text and what was expected.
    """
    if "/" in text:
        first, last = (parse(part) for part in text.split("/", 1))
        if last.last_day < first.first_day:
            raise ValueError(f"{text!r} ends before it begins; expected {EXPECTED}")
        return Dated(first_day=first.first_day, last_day=last.last_day, precision="interval")
    for precision, form in _FORMS.items():
        if match := form.fullmatch(text):
            numbers = [int(group) for group in match.groups()]
            try:
                return _calendar_interval(precision, numbers)
            except ValueError as error:
                raise ValueError(f"{text!r} is not in the calendar; expected {EXPECTED}") from error
    raise ValueError(f"{text!r} is not a date; expected {EXPECTED}")


def _calendar_interval(precision: str, numbers: list[int]) -> Dated:
    """Return the days a year, quarter, month or day covers; ValueError if the calendar has no such day."""
    match precision, numbers:
        case "year", [year]:
            first, months = date(year, 1, 1), 12
        case "quarter", [year, quarter]:
            first, months = date(year, 3 * quarter - 2, 1), 3
        case "month", [year, month]:
            first, months = date(year, month, 1), 1
        case _:
            return on_day(date(*numbers))
    last = add_months(first, months) - timedelta(days=1)
    return Dated(first_day=first, last_day=last, precision=precision)


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later, or the last day of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
