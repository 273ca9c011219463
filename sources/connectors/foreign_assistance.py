"""ForeignAssistance.gov: U.S. foreign aid by country and fiscal year, what was bound and what was paid.

Publisher: U.S. Department of State. Licence: public domain, 17 U.S.C. 105. An obligation is an agreement that binds the
government to pay, a disbursement is a payment (ForeignAssistance.gov, glossary). Obligations go back to 1946,
disbursements to 2001. An amount may be negative: money that was bound or paid, and came back. Amounts are in dollars
of their year; those in constant dollars are not read, as the file does not say of which year. Budget requests and
appropriations are plans and not read either.

Programmes for several countries at once have rows of their own, which are not sums of the countries' rows; those of
the Western Hemisphere are REGION. Countries of other regions are not read.

Agencies report each quarter, and the file does not say up to which: so the last fiscal year in it is left out, with a
note among the withheld rows. The year before may still grow. Until 1976 a fiscal year began in July; the three months
up to October 1976 belong to none and stand as "1976tq" (31 U.S.C. 1102, as amended by Pub. L. 93-344).
"""

import re
from datetime import date
from urllib.parse import urljoin

import lxml.html
import pandas as pd
import pycountry

from sources import country_names, periods, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.countries import REGION
from sources.errors import SourceChanged
from sources.formats import Format
from sources.periods import Interval
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="foreign_assistance",
    title="U.S. foreign aid by country",
    publisher="U.S. Department of State",
    base_url="https://foreignassistance.gov",
    licence="public domain",
    tier=1,
    cadence_days=92,
    max_age_days=200,
    max_rows=100_000,
    max_bytes=64 * MEBIBYTE,
)

PAGE = "/data"
FILE_LINK = re.compile(r"/us_foreign_aid_country\.csv(\?|\Z)", re.I)
# Where the page's own script takes the file from; the page as such may link nothing.
STORAGE = "https://s3.amazonaws.com/files.explorer.devtechlab.com/us_foreign_aid_country.csv"

# The columns, in the two ways they have been written.
COLUMNS = {
    "Country Code": "code",
    "Country Name": "name",
    "Region Name": "region",
    "Transaction Type Name": "type",
    "Fiscal Year": "year",
    "current_amount": "amount",
    "country_code": "code",
    "country_name": "name",
    "region_name": "region",
    "transaction_type_name": "type",
    "fiscal_year": "year",
}
IGNORED = (
    "Country ID",
    "Region ID",
    "Income Group ID",
    "Income Group Acronym",
    "Income Group Name",
    "Transaction Type ID",
    "country_id",
    "region_id",
    "income_group_id",
    "income_group_acronym",
    "income_group_name",
    "transaction_type_id",
    "constant_amount",
)
KEY = ["code", "type", "year"]
NO_DATA = ("", "NULL")

NOT_READ = ""
MEASURES = {
    "Obligations": "foreign_aid_obligations",
    "Disbursements": "foreign_aid_disbursements",
    "Appropriated and Planned": NOT_READ,
    "President's Budget Requests": NOT_READ,
}
WESTERN_HEMISPHERE = "Western Hemisphere"
REGIONS = {
    region: region == WESTERN_HEMISPHERE
    for region in (
        "East Asia and Oceania",
        "Europe and Eurasia",
        "Middle East and North Africa",
        "South and Central Asia",
        "Sub-Saharan Africa",
        WESTERN_HEMISPHERE,
        "World",
    )
}
# Programmes for several countries, by their code.
REGIONAL = {
    "CCN": "Central America and Caribbean Region",
    "CNA": "Central America Region",
    "CRN": "Caribbean Region",
    "LAN": "Latin America Region",
    "LCN": "Latin America and Caribbean Region",
    "NAN": "North America Region",
    "NCN": "North and Central America Region",
    "SMN": "South America Region",
    "WHN": "Western Hemisphere Region",
}
COUNTRIES = frozenset({"ANT", *(country.alpha_3 for country in pycountry.countries)})
OWN_NAMES = {
    "British Virgin Islands": "VGB",
    "Curacao": "CUW",
    # ISO 3166-3.
    "Netherlands Antilles (former)": "ANT",
    "Sint Maarten": "SXM",
    "St. Vincent and Grenadines": "VCT",
}

TRANSITION_QUARTER = "1976tq"
LAST_YEAR_FROM_JULY = 1976


def plan(ask: Ask) -> Plan:
    """Ask the data page for the address of the file, then for the file.

    Raises SourceChanged if the page links none and the publisher is not where it usually is.
    """
    page = yield Request(key="data page", url=ask.base_url + PAGE, formats=frozenset({Format.HTML}), is_listing=True)
    yield Request(key="country summary", url=_link(page, ask), formats=frozenset({Format.TEXT}))


def _link(page: Snapshot, ask: Ask) -> str:
    hrefs = [str(href) for href in lxml.html.fromstring(page.content).xpath("//a/@href")]
    links = [href for href in hrefs if FILE_LINK.search(href)]
    if links:
        return urljoin(page.url, links[0])
    if ask.base_url == SOURCE.base_url:
        return STORAGE
    raise SourceChanged(SOURCE.id, f"{page.url} links no file us_foreign_aid_country.csv")


def parse(snapshot: Snapshot) -> Parsed:
    """Return one row for each measure, country of the Western Hemisphere and fiscal year, in usd.

    Measures foreign_aid_obligations and foreign_aid_disbursements. Programmes for several countries are REGION, told
    apart by their name as population. The file's last fiscal year and any that is not over are left out. Raises
    SourceChanged for an unknown column, transaction type or region, a code and name of the Western Hemisphere that are
    unknown, or of different countries.
    """
    quarantine = Quarantine(snapshot)
    rows = tables.read_csv(snapshot, COLUMNS, quarantine, ignored=IGNORED)
    rows["measure"] = tables.labels(rows, "type", MEASURES, snapshot)
    rows["is_read"] = tables.labels(rows, "region", REGIONS, snapshot).astype(bool)
    rows = rows[rows["measure"] != NOT_READ]
    rows["year"] = rows["year"].str.strip().str.lower()
    last = _last_year(rows["year"], snapshot.retrieved.date())
    rows = rows[rows["is_read"]]
    rows = _with_areas(rows, snapshot)
    is_year = rows["year"].str.fullmatch(r"(?:19|20)[0-9]{2}") | (rows["year"] == TRANSITION_QUARTER)
    rows = quarantine.keep(rows, is_year, "year", "a fiscal year such as 2024, or 1976tq")
    rows = tables.once(rows, KEY, quarantine)
    rows = tables.numbers(rows, "amount", quarantine, is_count=False, missing=NO_DATA)
    rows = quarantine.keep(rows, rows["amount"].abs() < float("inf"), "amount", "a finite amount")
    rows = _without_open_years(rows, last, quarantine)
    intervals = {year: _interval(year) for year in rows["year"].unique()}
    series = rows.rename(columns={"amount": "value"}).assign(
        start_date=pd.to_datetime(rows["year"].map({year: i.start for year, i in intervals.items()})),
        end_date=pd.to_datetime(rows["year"].map({year: i.end for year, i in intervals.items()})),
        unit="usd",
        unit_of_count="",
    )
    return Parsed(series=series[list(tables.SERIES_COLUMNS)], withheld=quarantine.withheld)


def _with_areas(rows: pd.DataFrame, snapshot: Snapshot) -> pd.DataFrame:
    """Return the rows with country_code and population."""
    pairs = rows[["code", "name"]].drop_duplicates().itertuples(index=False)
    found = {(code, name): _area(code, name, snapshot) for code, name in pairs}
    areas = [found[pair] for pair in zip(rows["code"], rows["name"], strict=True)]
    return rows.assign(
        country_code=pd.Series([code for code, _ in areas], index=rows.index, dtype="str"),
        population=pd.Series([population for _, population in areas], index=rows.index, dtype="str"),
    )


def _area(code: str, name: str, snapshot: Snapshot) -> tuple[str, str]:
    """Return the country and population of a code and a name, which must agree."""
    if code in REGIONAL:
        if name.strip() == REGIONAL[code]:
            return REGION, REGIONAL[code]
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: {code} is called {name!r}; expected {REGIONAL[code]!r}")
    if code not in COUNTRIES:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: {code!r} ({name}) is no country of ISO 3166 and none of {sorted(REGIONAL)}"
        )
    if country_names.code(name, SOURCE.id, OWN_NAMES) != code:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: {code} is called {name!r}, which is another country")
    return code, "all"


def _last_year(years: "pd.Series[str]", day: date) -> int:
    """Return the last fiscal year in the file that had begun when it was retrieved."""
    running = day.year + (day.month >= 10)
    begun = [int(year) for year in years.unique() if re.fullmatch(r"(?:19|20)[0-9]{2}", year) and int(year) <= running]
    return max(begun, default=0)


def _without_open_years(rows: pd.DataFrame, last: int, quarantine: Quarantine) -> pd.DataFrame:
    """Return the rows of the years before the file's last, and note what is left out."""
    is_open = rows["year"].str[:4].astype(int) >= last
    for year, left_out in rows[is_open].groupby("year"):
        reason = f"rows of {year} left out: {len(left_out)}; it is the last fiscal year of the file, or a later one"
        quarantine.withhold(int(left_out.index[0]), "year", reason, "a fiscal year that the file goes beyond")
    return rows[~is_open]


def _interval(year: str) -> Interval:
    if year == TRANSITION_QUARTER:
        return Interval(date(1976, 7, 1), date(1976, 10, 1))
    number = int(year)
    if number <= LAST_YEAR_FROM_JULY:
        return Interval(date(number - 1, 7, 1), date(number, 7, 1))
    return periods.fiscal_year(number)
