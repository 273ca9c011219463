"""ICE removals by country of citizenship and fiscal year.

Publisher: U.S. Immigration and Customs Enforcement. Licence: public domain, 17 U.S.C. 105. A removal is counted once
for each departure, so that one person may be counted more than once. ICE's removals include returns: voluntary
returns, voluntary departures and withdrawals under docket control (Footnotes of its detention statistics; so since
2007, Pew Research Center, "Deportations Reported by ICE"). They are therefore not the removals of the Office of
Homeland Security Statistics, which counts returns apart. Removals and returns by the Border Patrol alone are not in.

The tables come with ICE's annual reports, as files linked from its statistics page.
"""

import csv
import re
from urllib.parse import unquote, urljoin, urlsplit

import lxml.html
import pandas as pd

from sources import country_names, periods, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.countries import OTHER
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="ice_removals",
    title="Removals by country of citizenship",
    publisher="U.S. Immigration and Customs Enforcement",
    base_url="https://www.ice.gov",
    licence="public domain",
    tier=1,
    cadence_days=365,
    max_age_days=400,
    max_rows=20_000,
    max_bytes=8 * MEBIBYTE,
)

# The page and the form of the files' names are general knowledge, not seen on the live site: a page that links no such
# file fails loudly.
LANDING_PAGE = "/spotlight/statistics"
FILE_NAME = re.compile(r"[^/]*removals[^/]*country[^/]*\.csv\Z", re.IGNORECASE)
YEAR_OF_NAME = re.compile(r"FY ?-?_?(20[0-9]{2})", re.IGNORECASE)

COUNTRY = re.compile(r"country ?of ?citizenship", re.IGNORECASE)
YEAR = re.compile(r"(?:FY ?)?(20[0-9]{2})\Z")
TOTALS = frozenset({"TOTAL", "GRAND TOTAL"})
# States that are no more, and names that do not say which country is meant (KOREA stands beside SOUTH KOREA).
OWN_NAMES = dict.fromkeys(
    ("CZECHOSLOVAKIA", "KOREA", "NETHERLANDS ANTILLES", "SERBIA AND MONTENEGRO", "UNKNOWN", "YUGOSLAVIA"),
    OTHER,
)


def plan(ask: Ask) -> Plan:
    """Ask the statistics page for the tables, then for each: one document for the fiscal years its name says.

    Raises SourceChanged if the page links no table.
    """
    page = yield Request(
        key="statistics page", url=ask.base_url + LANDING_PAGE, formats=frozenset({Format.HTML}), is_listing=True
    )
    links: dict[str, str] = {}
    for link in sorted(urljoin(page.url, str(href)) for href in lxml.html.fromstring(page.content).xpath("//a/@href")):
        name = unquote(urlsplit(link).path).rsplit("/", 1)[-1]
        if FILE_NAME.match(name):
            links[" ".join(["removals", *(f"FY{year}" for year in YEAR_OF_NAME.findall(name))])] = link
    if not links:
        raise SourceChanged(SOURCE.id, f"{page.url} links no CSV file named after removals by country of citizenship")
    for key, link in links.items():
        yield Request(key=key, url=link, formats=frozenset({Format.TEXT}))


def parse(snapshot: Snapshot) -> Parsed:
    """Return removals by citizenship for each fiscal year column.

    Measure removals, in removals, returns included. A row of totals is checked against the sum and not returned; an
    empty cell is no data. Raises SourceChanged for an unknown column or citizenship, two names of one country, or a
    total that is not the sum.
    """
    quarantine = Quarantine(snapshot)
    heading = _heading(snapshot)
    years = {name: match[1] for name in heading if (match := YEAR.match(name))}
    country = [name for name in heading if COUNTRY.fullmatch(name)]
    if len(country) != 1 or not years:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: columns {heading}; expected a country and fiscal years")
    wide = tables.read_csv(snapshot, {country[0]: "citizenship", **years}, quarantine)
    wide = wide.apply(lambda column: column.str.strip())
    wide = quarantine.keep(wide, wide["citizenship"] != "", "citizenship", "a country")
    wide = tables.once(wide, ["citizenship"], quarantine)
    long = pd.concat([_of_year(wide, year, quarantine) for year in years.values()])
    is_total = long["citizenship"].str.upper().isin(TOTALS)
    if not quarantine.withheld:
        _check_totals(long[is_total], long[~is_total], snapshot)
    rows = long[~is_total]
    rows = rows.assign(country_code=country_names.codes(rows["citizenship"], SOURCE.id, OWN_NAMES))
    _check_names(rows, snapshot)
    totals = rows.groupby(["country_code", "start_date", "end_date"], as_index=False)["value"].sum()
    series = totals.assign(
        measure="removals", population="returns included", unit=tables.COUNT, unit_of_count="removals"
    )
    return Parsed(series=series[list(tables.SERIES_COLUMNS)], withheld=quarantine.withheld)


def _heading(snapshot: Snapshot) -> list[str]:
    try:
        return tables.heading(snapshot)
    except csv.Error as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: the first line is no heading: {error}") from error


def _of_year(wide: pd.DataFrame, year: str, quarantine: Quarantine) -> pd.DataFrame:
    rows = tables.numbers(wide[["citizenship", year]], year, quarantine, missing=("",))
    interval = periods.fiscal_year(int(year))
    return rows.rename(columns={year: "value"}).assign(
        start_date=pd.Timestamp(interval.start), end_date=pd.Timestamp(interval.end)
    )


def _check_totals(totals: pd.DataFrame, rows: pd.DataFrame, snapshot: Snapshot) -> None:
    """Hold the file's own totals against the sums. They say nothing of a file that rows were withheld from."""
    sums = rows.groupby("end_date")["value"].sum()
    for end, total in zip(totals["end_date"], totals["value"], strict=True):
        if sums.get(end, 0) != total:
            raise SourceChanged(
                SOURCE.id,
                f"{snapshot.name}: the total of FY{end.year} is {total:.0f}, its rows add up to {sums.get(end, 0):.0f}",
            )


def _check_names(rows: pd.DataFrame, snapshot: Snapshot) -> None:
    """Raise SourceChanged for two names of one country: they may be two counts of it, or one count twice."""
    names = rows[rows["country_code"] != OTHER].groupby("country_code")["citizenship"].unique()
    if twice := sorted(str(name) for group in names if len(group) > 1 for name in group):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: several names of one country: {twice}; expected one of each")
