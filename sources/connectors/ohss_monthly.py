"""Border Patrol encounters by month: by citizenship, and by family status, border region and sector.

Publisher: DHS Office of Homeland Security Statistics (OHSS), Key Homeland Security Metrics. Licence: public domain,
17 U.S.C. 105. An encounter of the U.S. Border Patrol is an apprehension under Title 8 or an expulsion under Title 42;
the same person may be counted more than once (OHSS, "CBP Encounters"). Inadmissible people at ports of entry are not
among them. Figures are rounded to tens, and one that comes to nothing has no row: a month's citizenships need not add
up to its total.

The workbook tells the same encounters apart in several ways. Each way is a measure of its own, as rows of one may not
be added to those of another; the sheets that cross a way with the region are known and not read.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import lxml.html
import pandas as pd

from sources import country_names, periods, tables, workbooks
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.countries import GLOBAL, OTHER
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="ohss_monthly",
    title="Key Homeland Security Metrics: U.S. Border Patrol encounters",
    publisher="DHS Office of Homeland Security Statistics",
    base_url="https://ohss.dhs.gov",
    licence="public domain",
    tier=1,
    cadence_days=31,
    max_age_days=92,
    max_rows=100_000,
    max_bytes=16 * MEBIBYTE,
)

LANDING_PAGE = "/khsm"
METRIC_LINK = re.compile(r"/khsm/(?:cbp-)?encounters\Z")
# "KHSM Encounters (USBP) fy25m11.xlsx": the fiscal year and the calendar month that the figures run to.
FILE_NAME = re.compile(
    r"encounters[ _-]*\(?usbp\)?[ _-]*fy(?P<year>[0-9]{2})m(?P<month>0[1-9]|1[0-2])[^/]*\.xlsx\Z", re.IGNORECASE
)


SECTORS = frozenset((
    "Big Bend, TX", "Blaine, WA", "Buffalo, NY", "Del Rio, TX", "Detroit, MI", "El Centro, CA", "El Paso, TX",
    "Grand Forks, ND", "Havre, MT", "Houlton, ME", "Laredo, TX", "Livermore, CA", "Miami, FL", "New Orleans, LA",
    "Ramey, PR", "Rio Grande Valley, TX", "San Diego, CA", "Spokane, WA", "Swanton, VT", "Tucson, AZ", "Yuma, AZ",
))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way of telling the encounters apart: the sheets' name after "Annual" and "Monthly", their column, our measure.

    `labels` are the ones that are known; None where they are citizenships.
    """

    sheet: str
    column: str
    measure: str
    labels: frozenset[str] | None = None


WAYS = (
    Way(sheet="Citizenship", column="Citizenship", measure="usbp_encounters"),
    Way(
        sheet="Family Status",
        column="Family Status",
        measure="usbp_encounters_by_family_status",
        labels=frozenset({"Family Unit Individuals", "Single Adults", "Unaccompanied Children"}),
    ),
    Way(
        sheet="Region",
        column="Region",
        measure="usbp_encounters_by_region",
        labels=frozenset({"Coastal Border", "Northern Land Border", "Southwest Land Border"}),
    ),
    Way(
        sheet="Sector",
        column="Sector",
        measure="usbp_encounters_by_sector",
        labels=SECTORS,
    ),
)
READ = frozenset(f"{time} {name}" for time in ("Annual", "Monthly") for name in ("Count", *(w.sheet for w in WAYS)))
CROSSED = frozenset(
    f"{time} Rgn and {name}" for time in ("Annual", "Monthly") for name in ("Citp", "Fam Status", "Sector")
)

MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September")
FISCAL_MONTHS = ("October", "November", "December", *MONTH_NAMES)
# "01 October" to "12 September", to the calendar month.
MONTHS = {f"{place:02d} {name}": (place + 8) % 12 + 1 for place, name in enumerate(FISCAL_MONTHS, start=1)}
# What stands for the month in an annual sheet; no month of a monthly one is written so.
NO_MONTH = "(year)"
YEAR, MONTH, QUANTITY = "Fiscal Year", "Month", "Quantity"
# What stands in DHS tables for a figure withheld, one that cannot be, and one that is not there: none is a count.
UNDISCLOSED = ("D", "X", "-")
# A footnote's mark at the end of a label: 1, 1,2, *, (a), or a raised figure. No label ends in one of its own.
NOTE_MARK = re.compile(
    r"\s*(?:[0-9](?:,[0-9])*|[*\u2020\u2021]+|[\u00b9\u00b2\u00b3\u2070-\u2079]+|[(\[][0-9a-z][)\]])\Z"
)
NOTE = re.compile(r"(?:notes?\b|sources?\b|[0-9*\u2020\u2021\u00b9\u00b2\u00b3] ?[A-Z]|[DX-] +[A-Z=-])", re.IGNORECASE)
HEADING_WITHIN = 10
ROUNDING = 5
# Cells as text, as `_block` gives them; a row of `_rows` (sheet, year, month, label, value, ...); what a total is of.
Cells = tuple[str, int, str, str, str, str, str]
Row = tuple[Any, ...]
Place = tuple[Any, ...]

OWN_NAMES = {
    "China, People's Republic": "CHN",
    "Congo, Democratic Republic": "COD",
    "Congo, Republic": "COG",
    "Cote d'Ivoire": "CIV",
    "Korea, North": "PRK",
    "Korea, South": "KOR",
    "Micronesia, Federated States": "FSM",
    # A state that is no more, and people whose citizenship is not known.
    "Serbia and Montenegro (former)": OTHER,
    "Unknown": OTHER,
}


# --- Where the workbook is --------------------------------------------------------------------------------------------


def plan(ask: Ask) -> Plan:
    """Ask the page of all metrics, where needed that of the encounters, and the newest workbook linked there.

    Raises SourceChanged if no workbook is linked.
    """
    page = yield Request(
        key="metrics page", url=ask.base_url + LANDING_PAGE, formats=frozenset({Format.HTML}), is_listing=True
    )
    link = _newest_workbook(page)
    if link is None and (metric := _metric_page(page)):
        page = yield Request(key="encounters page", url=metric, formats=frozenset({Format.HTML}), is_listing=True)
        link = _newest_workbook(page)
    if link is None:
        raise SourceChanged(SOURCE.id, f"{page.url} links no workbook like KHSM Encounters (USBP) fy25m11.xlsx")
    yield Request(key="usbp encounters", url=link, formats=frozenset({Format.XLSX}))


def _links(page: Snapshot) -> list[str]:
    return [urljoin(page.url, str(link)) for link in lxml.html.fromstring(page.content).xpath("//a/@href")]


def _newest_workbook(page: Snapshot) -> str | None:
    found = []
    for link in _links(page):
        if match := FILE_NAME.search(unquote(urlsplit(link).path)):
            fiscal_month = (int(match["month"]) + 2) % 12
            found.append((int(match["year"]), fiscal_month, link))
    return max(found)[2] if found else None


def _metric_page(page: Snapshot) -> str | None:
    # Of the two pages of the metric, "cbp-encounters" has the data and "encounters" the definitions.
    return min((link for link in _links(page) if METRIC_LINK.search(urlsplit(link).path)), default=None)


# --- What it says -----------------------------------------------------------------------------------------------------


def parse(snapshot: Snapshot) -> Parsed:
    """Return monthly encounters of the Border Patrol, in encounters.

    usbp_encounters by citizenship; usbp_encounters_by_family_status, usbp_encounters_by_region and
    usbp_encounters_by_sector for all countries (GLOBAL), one population for each label. Totals and years are checked
    against the months within the rounding and not returned. A figure that is not disclosed is no row. Raises
    SourceChanged for an unknown sheet, column, month or label, or a total its parts do not come to.
    """
    quarantine = Quarantine(snapshot)
    rows = _rows(_sheets(snapshot), quarantine, snapshot)
    _check_totals(rows, snapshot)
    measures = {f"Monthly {way.sheet}": way.measure for way in WAYS}
    rows = rows[rows["sheet"].isin(measures) & rows["value"].notna()]
    rows = rows.assign(measure=rows["sheet"].map(measures), country_code=GLOBAL, population=rows["label"])
    is_citizenship = rows["measure"] == WAYS[0].measure
    codes = country_names.codes(rows.loc[is_citizenship, "label"], SOURCE.id, OWN_NAMES)
    rows.loc[is_citizenship, "country_code"] = codes
    rows.loc[is_citizenship, "population"] = "all"
    key = ["measure", "country_code", "population", "year", "month"]
    # Only OTHER has several labels.
    totals = rows.groupby(key, as_index=False)["value"].sum()
    months_of_totals = zip(totals["year"], totals["month"], strict=True)
    intervals = [periods.fiscal_month(int(year), number) for year, number in months_of_totals]
    series = totals.assign(
        start_date=pd.to_datetime([interval.start for interval in intervals]),
        end_date=pd.to_datetime([interval.end for interval in intervals]),
        unit=tables.COUNT,
        unit_of_count="encounters",
    )
    return Parsed(series=series[list(tables.SERIES_COLUMNS)], withheld=quarantine.withheld)


def _sheets(snapshot: Snapshot) -> dict[str, list[list[Any]]]:
    """Return the lines of the sheets that are read, by name. Raises SourceChanged for a missing or unknown sheet."""
    sheets = workbooks.sheets(snapshot)
    found = {name.strip(): lines for name, lines in sheets.items()}
    if len(found) != len(sheets) or not READ <= found.keys() <= READ | CROSSED:
        missing, unknown = sorted(READ - found.keys()), sorted(found.keys() - READ - CROSSED)
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: sheets missing {missing}, unknown {unknown}; expected {sorted(READ)}"
        )
    return {name: found[name] for name in READ}


def _rows(sheets: dict[str, list[list[Any]]], quarantine: Quarantine, snapshot: Snapshot) -> pd.DataFrame:
    """Return the rows of all sheets: sheet, year, month, label, value, is_whole.

    An annual sheet has no months (0), a count sheet no labels (""). A row without a figure stays in without a value,
    as what it is part of cannot be checked; `is_whole` says that no row was left out of its sheet. Raises
    SourceChanged for an unknown column, month or label.
    """
    cells = [row for name in sorted(sheets) for row in _block(sheets[name], name, snapshot)]
    frame = pd.DataFrame(cells, columns=["sheet", "row", YEAR, MONTH, "label", QUANTITY, "extra"])
    withheld = Quarantine(snapshot)
    kept = withheld.keep(frame, frame["extra"] == "", "extra", "a row has the cells of its columns")
    kept = withheld.keep(kept, kept[YEAR].str.fullmatch("(?:19|20)[0-9]{2}"), YEAR, "a year such as 2024")
    kept = tables.once(kept.drop(columns="row"), [YEAR, "sheet", MONTH, "label"], withheld)
    gone = frame.index.difference(kept.index)
    figures = tables.numbers(kept, QUANTITY, withheld, missing=UNDISCLOSED)
    names, numbers = frame["sheet"].tolist(), frame["row"].tolist()
    for bad in withheld.withheld:
        # A workbook has many sheets: in the list of withheld rows a column needs the name of its own.
        quarantine.withhold(numbers[bad.row], f"{names[bad.row]}: {bad.column}", bad.reason, bad.rule)
    for way in WAYS:
        labels = set(kept.loc[kept["sheet"].str.endswith(f" {way.sheet}"), "label"])
        if way.labels is not None and (unknown := labels - way.labels):
            raise SourceChanged(
                SOURCE.id,
                f"{snapshot.name}: unknown {way.column} {sorted(unknown)[:5]}; known are {sorted(way.labels)}",
            )
    return pd.DataFrame(
        {
            "sheet": kept["sheet"],
            "year": kept[YEAR].astype(int),
            "month": tables.labels(kept, MONTH, MONTHS | {NO_MONTH: 0}, snapshot),
            "label": kept["label"],
            "value": figures[QUANTITY],
            "is_whole": ~kept["sheet"].isin(frame.loc[gone, "sheet"]),
        }
    )


def _block(lines: Sequence[Sequence[Any]], sheet: str, snapshot: Snapshot) -> list[Cells]:
    """Return the cells below a sheet's heading as text, with the rows' numbers; blank rows and notes are no rows.

    A row is the sheet, its number, the year, month, label, quantity, and what stands outside the columns.
    """
    time, _, name = sheet.partition(" ")
    label = next((way.column for way in WAYS if way.sheet == name), None)
    columns = [YEAR, *([MONTH] if time == "Monthly" else []), *([label] if label else []), QUANTITY]
    start, places = _heading(lines, columns, sheet, snapshot)
    rows = []
    for number, line in enumerate(lines[start + 1 :], start=1):
        cells = [_text(cell) for cell in line]
        filled = [place for place, cell in enumerate(cells) if cell]
        if not filled or (len(filled) == 1 and NOTE.match(cells[filled[0]])):
            continue
        extra = " ".join(cells[place] for place in filled if place not in places)
        row = dict(zip(columns, (cells[place] for place in places), strict=True))
        of_label = NOTE_MARK.sub("", row[label]) if label else ""
        rows.append((sheet, number, row[YEAR], row.get(MONTH, NO_MONTH), of_label, row[QUANTITY], extra))
    return rows


def _heading(
    lines: Sequence[Sequence[Any]], columns: Sequence[str], sheet: str, snapshot: Snapshot
) -> tuple[int, list[int]]:
    """Return the line of the heading and the place of each column in it. Raises SourceChanged if there is none."""
    found: list[str] = []
    for start, line in enumerate(lines[:HEADING_WITHIN]):
        names = [NOTE_MARK.sub("", _text(cell)) for cell in line]
        filled = [name for name in names if name]
        if sorted(filled) == sorted(columns):
            return start, [names.index(column) for column in columns]
        found = max(found, filled, key=len)
    raise SourceChanged(SOURCE.id, f"{snapshot.name}, {sheet}: found {found[:8]}; expected columns {list(columns)}")


def _text(cell: Any) -> str:
    """Return a cell as text on one line; the workbook stores years and quantities as floating numbers."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return " ".join(cell.split()) if isinstance(cell, str) else str(cell)


def _check_totals(rows: pd.DataFrame, snapshot: Snapshot) -> None:
    """Hold the months' totals against their parts, and the years against their months, within the rounding."""
    sheets: dict[str, list[Row]] = {name: [] for name in READ}
    for row in rows.itertuples(index=False, name=None):
        sheets[row[0]].append(row)
    is_whole = dict(zip(rows["sheet"], rows["is_whole"], strict=True))

    def compare(parts: str, totals: str, key: Callable[[Row], Place], most: int) -> None:
        if is_whole.get(parts, True) and is_whole.get(totals, True):
            _compare(sheets, parts, totals, key, ROUNDING * (most + 1), snapshot)

    compare("Monthly Count", "Annual Count", lambda row: (row[1],), len(MONTHS))
    for way in WAYS:
        parts = f"Monthly {way.sheet}"
        compare(parts, "Monthly Count", lambda row: (row[1], row[2]), len({row[3] for row in sheets[parts]}))
        compare(parts, f"Annual {way.sheet}", lambda row: (row[1], row[3]), len(MONTHS))


def _compare(
    sheets: dict[str, list[Row]],
    parts: str,
    totals: str,
    key: Callable[[Row], Place],
    tolerance: int,
    snapshot: Snapshot,
) -> None:
    """Raise SourceChanged unless totals are, within the rounding, the sums of their parts.

    What has no row came to nothing when it was rounded; what has no figure makes a sum that is none (NaN).
    """
    difference: dict[Place, float] = defaultdict(float)
    for sign, sheet in ((1, parts), (-1, totals)):
        for row in sheets[sheet]:
            difference[key(row)] += sign * row[4]
    for place, found in difference.items():
        if abs(found) > tolerance:
            raise SourceChanged(
                SOURCE.id,
                f"{snapshot.name}: {parts} and {totals} differ by {found:.0f} in {place}; "
                f"expected at most {tolerance} from rounding",
            )
