"""Days of publication as publishers write them: in metadata, on a line of their own, in names of files and addresses.

Numbers alone that may be day and month or month and day (03/04/2025) are no date: nobody here can tell.
"""

import re
from datetime import date
from functools import cache
from pathlib import PurePosixPath

from babel.dates import get_month_names

from sources import dates
from sources.dates import Dated
from sources.documents.extract import refusal

# Earlier or later than this a year is a slip of the pen, and no document's.
FIRST_YEAR, LAST_YEAR = 1900, 2099
EXPECTED = f"a date from {FIRST_YEAR} to {LAST_YEAR}"

_CLOCK = r"(?:[T ,]+(?:a las? |at )?[0-9]{1,2}:[0-9]{2}.{0,30})?"
_ISO = re.compile(rf"(?P<year>[0-9]{{4}})[-/](?P<month>[0-9]{{2}})(?:[-/](?P<day>[0-9]{{2}}){_CLOCK})?")
_WEEKDAY = r"(?:[^\W\d_]{2,12}(?:-feira)?\.?,? +)?"
_MONTH_FIRST = re.compile(
    rf"{_WEEKDAY}(?P<month>[^\W\d_]{{3,}})\.? (?:(?P<day>[0-9]{{1,2}}),? )?(?P<year>[0-9]{{4}}){_CLOCK}"
)
_DAY_FIRST = re.compile(
    rf"{_WEEKDAY}(?:(?P<day>[0-9]{{1,2}})[.\u00ba]? (?:de )?)?"
    rf"(?P<month>[^\W\d_]{{3,}})\.? (?:del? )?(?P<year>[0-9]{{4}}){_CLOCK}"
)
# How a day stands in a name: 2025-01-20, 2025_01_20, /2025/01/20/ or, of an address, the month /2025/01/.
_DAY_IN_NAME = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})([-_/])([0-9]{2})\2([0-9]{2})(?![0-9])")
_MONTH_IN_PATH = re.compile(r"/((?:19|20)[0-9]{2})[-/]([0-9]{2})(?=/)")
# A year alone counts in the name of a file, where it stands apart: platform_2024.txt.
_YEAR_IN_NAME = re.compile(r"(?:^|[_\W])((?:19|20)[0-9]{2})(?=[_\W]|$)")
_ADDRESS = re.compile(r"https?://[^/]*(?P<path>[^?#]*)")
# Longer lines are no dates; patterns need not try them.
_LONGEST = 80


def check(published: Dated, source: str) -> None:
    """Raise BadInput for a date that somebody gave and that can be no document's."""
    if not _is_plausible(published):
        raise refusal(source, "published", str(published), EXPECTED)


def written(text: str) -> Dated | None:
    """Return the date a text is, in ISO 8601 or in words of English, Spanish or Portuguese; None if it is none.

    A time of day may follow; the day counts as the publisher wrote it.
    """
    text = " ".join(text.split())
    if len(text) > _LONGEST:
        return None
    for form in (_ISO, _MONTH_FIRST, _DAY_FIRST):
        if match := form.fullmatch(text):
            month = match["month"] if match["month"].isdigit() else _months().get(match["month"].casefold(), "")
            return _calendar(match["year"], month, match["day"])
    return None


def on_first_lines(text: str) -> Dated | None:
    """Return the date that stands alone on one of the first three lines that are not empty."""
    lines = [line for line in text[:4096].split("\n") if line.strip()]
    return next((found for line in lines[:3] if (found := written(line))), None)


def in_name(source: str) -> Dated | None:
    """Return the last day, else month, that the name of a file or a part of an address gives; of a file else a year."""
    address = _ADDRESS.match(source)
    place = address["path"] if address else "/" + PurePosixPath(source).name
    for year, _, month, day in reversed(_DAY_IN_NAME.findall(place)):
        if found := _calendar(year, month, day):
            return found
    for year, month in reversed(_MONTH_IN_PATH.findall(place)):
        if found := _calendar(year, month, None):
            return found
    years = [] if address else _YEAR_IN_NAME.findall(PurePosixPath(source).stem)
    return dates.parse(years[-1]) if years else None


def _calendar(year: str, month: str, day: str | None) -> Dated | None:
    try:
        found = dates.parse("-".join((year, month, day.zfill(2)) if day else (year, month)))
    except ValueError:
        return None
    return found if _is_plausible(found) else None


def _is_plausible(found: Dated) -> bool:
    return date(FIRST_YEAR, 1, 1) <= found.first_day and found.last_day <= date(LAST_YEAR, 12, 31)


@cache
def _months() -> dict[str, str]:
    """Return the number of each month's name and of its beginnings: papers write Sept. as well as Sep."""
    return {
        name.casefold()[:length]: f"{number:02}"
        for language in ("en", "es", "pt")
        for number, name in get_month_names("wide", locale=language).items()
        for length in range(3, len(name) + 1)
    }
