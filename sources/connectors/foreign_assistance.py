"""U.S. foreign assistance by country and fiscal year: obligations and disbursements.

Publisher: U.S. Department of State, ForeignAssistance.gov. Licence: public domain, 17 U.S.C. 105. An obligation is a
binding agreement that leads to outlays, a disbursement a payment (ForeignAssistance.gov, glossary). Amounts are in
dollars of their year. A fiscal year that is not over is partial; it is left out until it is.
"""

import pandas as pd

from sources import country_names, periods, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.countries import REGION
from sources.formats import Format
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

FILE = "/data/us_foreign_aid_country.csv"
COLUMNS = {
    "Country Code": "code",
    "Country Name": "name",
    "Region Name": "region",
    "Transaction Type Name": "type",
    "Fiscal Year": "year",
    "current_amount": "value",
}
IGNORED = (
    "Country ID",
    "Region ID",
    "Income Group ID",
    "Income Group Acronym",
    "Income Group Name",
    "Transaction Type ID",
    "constant_amount",
)
# What is planned or asked for is neither an obligation nor a payment: it is not read.
MEASURES = {
    "Obligations": "foreign_aid_obligations",
    "Disbursements": "foreign_aid_disbursements",
    "Appropriated and Planned": "",
    "President's Budget Requests": "",
}
WESTERN_HEMISPHERE = "Western Hemisphere"
# Programmes for several countries at once; each is a population of the region, beside the countries' own.
REGIONAL = frozenset({"CCN", "CNA", "CRN", "LAN", "LCN", "NAN", "NCN", "SMN", "WHN", "ECN"})
# The three months of 1976 in which the fiscal year moved from July to October.
TRANSITION_QUARTER = "1976tq"
FORMER = {"ANT": "ANT"}


def plan(ask: Ask) -> Plan:
    """Ask for the one file."""
    yield Request(key="country summary", url=ask.base_url + FILE, formats=frozenset({Format.TEXT}))


def parse(snapshot: Snapshot) -> Parsed:
    """Return foreign_aid_obligations and foreign_aid_disbursements of the Western Hemisphere by fiscal year, in usd.

    Rows for several countries at once are REGION, told apart by their name as population. Raises SourceChanged for an
    unknown column, transaction type or country code of the Western Hemisphere.
    """
    quarantine = Quarantine(snapshot)
    frame = tables.read_csv(snapshot, COLUMNS, quarantine, ignored=IGNORED)
    frame = tables.once(frame, ["code", "name", "region", "type", "year"], quarantine)
    frame["measure"] = tables.labels(frame, "type", MEASURES, snapshot)
    frame = frame[(frame["region"] == WESTERN_HEMISPHERE) & (frame["measure"] != "")]
    frame = frame[frame["year"] != TRANSITION_QUARTER]
    frame = quarantine.keep(frame, frame["year"].str.fullmatch(r"(?:19|20)[0-9]{2}"), "year", "a year such as 2024")
    ends = frame["year"].astype(int).map(lambda year: periods.fiscal_year(year).end)
    frame = frame[ends <= snapshot.retrieved.date()]
    frame = tables.numbers(frame, "value", quarantine, is_count=False)
    is_regional = frame["code"].isin(REGIONAL)
    frame["country_code"] = country_names.codes(frame["code"], SOURCE.id, {**dict.fromkeys(REGIONAL, REGION), **FORMER})
    frame["population"] = frame["name"].where(is_regional, "all")
    intervals = [periods.fiscal_year(int(year)) for year in frame["year"]]
    series = frame.assign(
        start_date=pd.to_datetime([interval.start for interval in intervals]),
        end_date=pd.to_datetime([interval.end for interval in intervals]),
        unit="usd",
        unit_of_count="",
    )
    return Parsed(series=series[list(tables.SERIES_COLUMNS)], withheld=quarantine.withheld)
