"""CBP encounters: people met by the Border Patrol and at ports of entry, by month, citizenship and legal authority.

Publisher: U.S. Customs and Border Protection. Licence: public domain, 17 U.S.C. 105. An encounter is a Title 8
apprehension, a Title 8 inadmissible or a Title 42 expulsion (CBP's definition); the same person may be counted more
than once. The files have no addresses of their own: two landing pages link the current ones, each of which replaces
four fiscal years with revised figures.
"""

import re
from urllib.parse import urljoin

import lxml.html
import pandas as pd

from sources import country_names, periods, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="cbp_encounters",
    title="Nationwide and southwest land border encounters",
    publisher="U.S. Customs and Border Protection",
    base_url="https://www.cbp.gov",
    licence="public domain",
    tier=1,
    cadence_days=31,
    max_age_days=62,
    max_rows=100_000,
    max_bytes=64 * MEBIBYTE,
)

LANDING_PAGES = {
    "nationwide": "/document/stats/nationwide-encounters",
    "southwest": "/document/stats/southwest-land-border-encounters",
}
FILE_LINK = re.compile(
    r"/(nationwide|sbo)-encounters-fy\d\d-fy(?P<last>\d\d)(-[a-z]{3})?(-aor|-state)?(_\d+)?\.csv\Z",
    re.I,
)

MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, start=1)}
# The columns of the two files, with the headings they have had.
COLUMNS = {
    "Fiscal Year": "fiscal_year",
    "Month abbv": "month",
    "Month (abbv)": "month",
    "Citizenship": "citizenship",
    "Citizenship Grouping": "citizenship",
    "Title of Authority": "authority",
    "Encounter Type": "type",
    "Encounter Count": "value",
    # Not told apart here, but a row is one value of all of these.
    "Component": "component",
    "Demographic": "demographic",
    "Land Border Region": "region",
    "State": "state",
    "Area of Responsibility": "area",
}
OPTIONAL = ("type", "component", "region", "state", "area")
IGNORED = ("Month Grouping", "AOR", "AOR (Abbv)")

# What only one of the files has says which it is.
MARKS = {"Encounter Type": "encounters_southwest_land_border", "Land Border Region": "encounters_nationwide"}
POPULATIONS = {
    ("Title 8", ""): "Title 8",
    ("Title 42", ""): "Title 42 expulsions",
    ("Title 8", "Apprehensions"): "Title 8 apprehensions",
    ("Title 8", "Inadmissibles"): "Title 8 inadmissibles",
    ("Title 42", "Expulsions"): "Title 42 expulsions",
    # So labelled by CBP for one month (April 2022) of one vintage; kept as it stands.
    ("Title 42", "Apprehensions"): "Title 42 apprehensions",
}
OWN_NAMES = {"CHINA, PEOPLES REPUBLIC OF": "CHN"}


def plan(ask: Ask) -> Plan:
    """Ask each landing page for its current file, then for the file.

    Raises SourceChanged if a page links none.
    """
    for key, path in LANDING_PAGES.items():
        page = yield Request(
            key=f"{key} page", url=ask.base_url + path, formats=frozenset({Format.HTML}), is_listing=True
        )
        yield Request(key=key, url=_newest_link(page), formats=frozenset({Format.TEXT}))


def _newest_link(page: Snapshot) -> str:
    links = lxml.html.fromstring(page.content).xpath("//a/@href")
    found = [(match["last"], link) for link in links if (match := FILE_LINK.search(link))]
    if not found:
        raise SourceChanged(SOURCE.id, f"{page.url} links no file like sbo-encounters-fy22-fy25-aug.csv")
    return urljoin(page.url, str(max(found)[1]))


def parse(snapshot: Snapshot) -> Parsed:
    """Return monthly encounters by citizenship and legal authority.

    Measures encounters_nationwide and encounters_southwest_land_border, in encounters. The southwest file names only
    El Salvador, Guatemala, Honduras and Mexico: nationals of other countries are in OTHER, and a country that is not
    named has no row. Raises SourceChanged for unknown columns, months, authorities or citizenships.
    """
    quarantine = Quarantine(snapshot)
    heading = tables.heading(snapshot)
    frame = tables.read_csv(snapshot, COLUMNS, quarantine, optional=OPTIONAL, ignored=IGNORED)
    frame = tables.once(frame, [str(name) for name in frame if name != "value"], quarantine)
    measures = [measure for mark, measure in MARKS.items() if mark in heading]
    if len(measures) != 1:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: expected one of the columns {list(MARKS)}; found {heading}")
    frame = tables.numbers(frame, "value", quarantine)
    frame["fiscal_year"] = frame["fiscal_year"].str.removesuffix(" (FYTD)")
    frame = quarantine.keep(
        frame, frame["fiscal_year"].str.fullmatch(r"20[0-9][0-9]"), "fiscal_year", "a year such as 2024"
    )
    frame["month"] = tables.labels(frame, "month", MONTHS, snapshot)
    frame["population"] = _populations(frame, snapshot)
    frame["country_code"] = country_names.codes(frame["citizenship"], SOURCE.id, OWN_NAMES)
    totals = frame.groupby(["fiscal_year", "month", "country_code", "population"], as_index=False)["value"].sum()
    fiscal_months = zip(totals["fiscal_year"], totals["month"], strict=True)
    intervals = [periods.fiscal_month(int(year), number) for year, number in fiscal_months]
    series = totals.assign(
        measure=measures[0],
        start_date=pd.to_datetime([interval.start for interval in intervals]),
        end_date=pd.to_datetime([interval.end for interval in intervals]),
        unit=tables.COUNT,
        unit_of_count="encounters",
    )
    return Parsed(series=series[list(tables.SERIES_COLUMNS)], withheld=quarantine.withheld)


def _populations(frame: pd.DataFrame, snapshot: Snapshot) -> "pd.Series[str]":
    types = frame["type"] if "type" in frame else pd.Series("", index=frame.index)
    pairs = pd.Series(list(zip(frame["authority"], types, strict=True)), index=frame.index, dtype=object)
    return tables.labels(pd.DataFrame({"authority and type": pairs}), "authority and type", POPULATIONS, snapshot)
