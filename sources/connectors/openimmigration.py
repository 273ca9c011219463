"""OpenImmigration: CBP's encounters by fiscal year as somebody else adds them up, to be held against CBP's own.

Publisher: OpenImmigration (The Data Project), a secondary source. Licence: none stated with the files; its download
page calls them free to use for any purpose. The address is that of its site and a setting like every other. An
encounter is what CBP calls one; the measures have the names they have in `cbp_encounters`, so that a report sets the
two side by side. They disagree: OpenImmigration's years are lower by exactly CBP's encounters of nationals of China
(18,395 in FY2020), whose name has a comma in CBP's files and who stand in this file's list of citizenships as
`"CHINA` with none. Neither is changed, and they are never averaged.

Not read: a fiscal year that was still running when the file was made, as the day it runs to is not said; the
citizenships, which are some only, or of all years together; the parts of each year, which are checked alone. Nor are
the files of court outcomes by nationality: their totals are of no stated period, and their yearly figures say neither
what is counted nor which kind of year is meant, and come to less than half of the total.
"""

import re
from datetime import date
from typing import Any

import pandas as pd

from sources import periods, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.countries import GLOBAL
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="openimmigration",
    title="Border encounters re-published by fiscal year",
    publisher="OpenImmigration",
    base_url="https://www.openimmigration.us",
    licence="none stated",
    tier=3,
    cadence_days=31,
    max_age_days=92,
    max_rows=200,
    max_bytes=4 * MEBIBYTE,
)

FILE = "/data/border-encounters.json"
# What a list of the file becomes: the name of its figure, and our measure. The second is of the land border: with the
# nationals of China it is CBP's own figure in every year.
LISTS = {
    "yearly": ("total", "encounters_nationwide"),
    "swbByYear": ("count", "encounters_southwest_land_border"),
}
# Lists of the parts that each year is made of.
PARTS = {
    "componentByYear": frozenset({"OFO", "USBP"}),
    "demographicsByYear": frozenset({"FMUA", "Single Adults", "UC / Single Minors", "UAC", "Accompanied Minors"}),
}
NOT_READ = frozenset({"topCitizenships", "citizenshipByYear"})
FIELDS = frozenset({"source", "lastUpdated", "fiscalYearNote", "grandTotal", *LISTS, *PARTS, *NOT_READ})
COURT_FIELDS = frozenset(
    ("code", "slug", "name", "cases", "completed", "grants", "denials", "removals", "grantRate", "topCourts")
) | {"yearlyTrend"}
ORIGIN = "U.S. Customs and Border Protection (CBP) Public Data Portal"
YEARS_RUN = "Fiscal years run October 1 to September 30"
MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")
MONTHS = {name: number for number, name in enumerate((*MONTH_NAMES, "November", "December"), start=1)}


def plan(ask: Ask) -> Plan:
    """Ask for the one file that is read."""
    yield Request(key="border encounters", url=ask.base_url + FILE, formats=frozenset({Format.JSON}))


def parse(snapshot: Snapshot) -> Parsed:
    """Return encounters_nationwide and encounters_southwest_land_border of each fiscal year, in encounters.

    For all countries (GLOBAL). Years that were not over when the file was made are left out. Raises SourceChanged for
    an unknown field, label, origin or definition of the year, a total that is not the sum of its parts, and for a file
    of court outcomes, of which nothing can be placed in time.
    """
    quarantine = Quarantine(snapshot)
    document = _document(snapshot)
    made = _made(document, snapshot)
    lists = {field: _figures(document, field, quarantine, snapshot) for field in LISTS}
    if not quarantine.withheld:
        _check_totals(document, lists["yearly"], snapshot)
    parts = []
    for field, (_, measure) in LISTS.items():
        intervals = lists[field]["year"].map(periods.fiscal_year)
        start, end = intervals.map(lambda i: i.start), intervals.map(lambda i: i.end)
        rows = lists[field].assign(measure=measure, start_date=pd.to_datetime(start), end_date=pd.to_datetime(end))
        parts.append(rows[rows["end_date"] <= pd.Timestamp(made)])
    series = pd.concat(parts).assign(
        country_code=GLOBAL, population="all", unit=tables.COUNT, unit_of_count="encounters"
    )
    return Parsed(series=series[list(tables.SERIES_COLUMNS)], withheld=quarantine.withheld)


def _document(snapshot: Snapshot) -> dict[str, Any]:
    """Return a file of encounters whose fields and definitions are the known ones. Raises SourceChanged."""
    document = tables.read_json(snapshot)
    if not isinstance(document, dict):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: found {type(document).__name__}; expected an object")
    if document.keys() == COURT_FIELDS:
        raise SourceChanged(
            SOURCE.id,
            f"{snapshot.name}: court outcomes by nationality, of no stated period; expected border encounters by year",
        )
    if differing := sorted(document.keys() ^ FIELDS):
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: fields {differing} are missing or unknown; expected {sorted(FIELDS)}"
        )
    if document["source"] != ORIGIN:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: source {document['source']!r}; expected {ORIGIN!r}")
    if not str(document["fiscalYearNote"]).startswith(YEARS_RUN):
        found = document["fiscalYearNote"]
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: fiscalYearNote {found!r}; expected {YEARS_RUN!r}")
    return document


def _made(document: dict[str, Any], snapshot: Snapshot) -> date:
    """Return the first day of the month the file was made in."""
    found = document["lastUpdated"]
    match = re.fullmatch(r"([A-Z][a-z]+) (20[0-9]{2})", str(found))
    if match is None or match[1] not in MONTHS:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: lastUpdated {found!r}; expected a month such as January 2026")
    return date(int(match[2]), MONTHS[match[1]], 1)


def _figures(document: dict[str, Any], field: str, quarantine: Quarantine, snapshot: Snapshot) -> pd.DataFrame:
    """Return a list's rows: year, value."""
    name, _ = LISTS[field]
    rows = _rows(document, field, snapshot)
    if differing := {key for row in rows for key in row.keys() ^ {"fy", name}}:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: {field} has {sorted(differing)} missing or unknown; expected fy and {name}"
        )
    # The file has several lists: in the list of withheld rows a column needs the name of its own.
    year, value = f"{field}: fy", f"{field}: {name}"
    cells = [(_text(row["fy"]), _text(row[name])) for row in rows]
    frame = pd.DataFrame(cells, index=range(1, len(cells) + 1), columns=[year, value], dtype="str")
    frame = quarantine.keep(frame, frame[year].str.fullmatch("20[0-9]{2}"), year, "a year such as 2024")
    frame = tables.numbers(tables.once(frame, [year], quarantine), value, quarantine)
    return pd.DataFrame({"year": frame[year].astype(int), "value": frame[value]})


def _rows(document: dict[str, Any], field: str, snapshot: Snapshot) -> list[dict[str, Any]]:
    rows = document[field]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: {field} is no list of objects")
    return rows


def _check_totals(document: dict[str, Any], years: pd.DataFrame, snapshot: Snapshot) -> None:
    """Hold the grand total against the years, and each year against its parts."""
    totals = {str(year): value for year, value in zip(years["year"], years["value"], strict=True)}
    if document["grandTotal"] != years["value"].sum():
        raise SourceChanged(
            SOURCE.id,
            f"{snapshot.name}: grandTotal {document['grandTotal']!r}; its years add up to {years['value'].sum():.0f}",
        )
    for field, labels in PARTS.items():
        for row in _rows(document, field, snapshot):
            parts = {label: value for label, value in row.items() if label != "fy"}
            if unknown := sorted(parts.keys() - labels):
                raise SourceChanged(
                    SOURCE.id, f"{snapshot.name}: unknown {field} {unknown}; known are {sorted(labels)}"
                )
            total = totals.get(_text(row.get("fy")))
            if not all(type(value) is int for value in parts.values()) or sum(parts.values()) != total:
                raise SourceChanged(
                    SOURCE.id, f"{snapshot.name}: {field} of {row.get('fy')!r} is {parts}; expected parts of {total}"
                )


def _text(value: object) -> str:
    """Return a cell as text."""
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else f"({value!r})"
