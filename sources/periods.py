"""Fiscal years, calendar years, months and terms as half-open intervals of days.

The fiscal year of the United States runs from 1 October to 30 September and has the number of the year it ends in
(31 U.S.C. 1102).
"""

from dataclasses import dataclass
from datetime import date

from sources.dates import add_months


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The days from `start` up to, not including, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"an interval ends after it starts: found {self.start} to {self.end}")

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    def covers(self, other: "Interval") -> bool:
        """Say whether the other lies within it."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Interval") -> bool:
        """Say whether they have a day in common."""
        return self.start < other.end and other.start < self.end


def month(year: int, number: int) -> Interval:
    """Return a calendar month."""
    start = date(year, number, 1)
    return Interval(start, add_months(start, 1))


def calendar_year(year: int) -> Interval:
    """Return a calendar year."""
    return Interval(date(year, 1, 1), date(year + 1, 1, 1))


def fiscal_year(year: int) -> Interval:
    """Return a fiscal year of the United States: FY2020 is 2019-10-01 to 2020-09-30."""
    return Interval(date(year - 1, 10, 1), date(year, 10, 1))


def fiscal_month(year: int, number: int) -> Interval:
    """Return a calendar month of a fiscal year: October to December are of the calendar year before."""
    return month(year - 1 if number >= 10 else year, number)
