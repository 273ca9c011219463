"""U.S. trade in goods by partner and month.

Publisher: U.S. Census Bureau, FT-900. Licence: public domain, 17 U.S.C. 105. Imports are general imports (customs
basis), exports total exports (free alongside ship), both not seasonally adjusted, in millions of dollars (Census, "U.S.
Trade in Goods by Country"). A month without a figure is blank, or zero when it lies ahead.
"""

from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from sources import country_names, periods, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="census_trade",
    title="U.S. trade in goods by country",
    publisher="U.S. Census Bureau",
    base_url="https://www.census.gov",
    licence="public domain",
    tier=1,
    cadence_days=31,
    max_age_days=92,
    max_rows=400_000,
    max_bytes=32 * MEBIBYTE,
)

WORKBOOK = "/foreign-trade/balance/country.xlsx"
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MEASURES = {"I": "goods_imports", "E": "goods_exports"}
COLUMNS = {"year": "year", "CTY_CODE": "partner_code", "CTYNAME": "partner"} | {
    f"{flow}{month}": f"{flow}{month}" for flow in MEASURES for month in (*MONTHS, "YR")
}
# The yearly figure is rounded by itself.
ROUNDING = 0.1 * 12
# Codes below this are groups of countries ("OPEC", "Euro Area", the world), by the bureau's Schedule C.
FIRST_COUNTRY_CODE = 1000
OWN_NAMES = {
    "Federal Republic of Germany": "DEU",
    "Korea, South": "KOR",
    "Macau": "MAC",
    "St Kitts and Nevis": "KNA",
    "St Lucia": "LCA",
    "St Vincent and the Grenadines": "VCT",
    "Trinidad and Tobago": "TTO",
    "Falkland Islands(Islas Malvin": "FLK",
    "Turks and Caicos Islands": "TCA",
    "British Virgin Islands": "VGB",
    "Sint Maarten": "SXM",
    "Curacao": "CUW",
    "Netherlands Antilles": country_names.OTHER,
}


def plan(ask: Ask) -> Plan:
    """Ask for the workbook, which needs no key."""
    yield Request(key="country workbook", url=ask.base_url + WORKBOOK, formats=frozenset({Format.XLSX}))


def parse(snapshot: Snapshot) -> Parsed:
    """Return goods_imports and goods_exports of each partner and month, in usd_million.

    The year's figure is checked against its months and not returned. A month is left out where the cell is blank, and
    where it is zero after the last month with trade of any partner. Raises SourceChanged for an unknown column or
    partner, or a year that is not the sum of its months.
    """
    quarantine = Quarantine(snapshot)
    is_workbook = snapshot.format is Format.XLSX
    wide = _from_workbook(snapshot) if is_workbook else tables.read_csv(snapshot, COLUMNS, quarantine)
    wide["partner"] = wide["partner"].str.strip()
    wide = quarantine.keep(wide, wide["year"].str.fullmatch(r"(?:19|20)[0-9]{2}"), "year", "a year such as 2024")
    wide = quarantine.keep(wide, wide["partner_code"].str.fullmatch(r"[0-9]{1,4}"), "partner_code", "up to four digits")
    wide = wide[wide["partner_code"].astype(int) >= FIRST_COUNTRY_CODE]
    wide = tables.once(wide, ["year", "partner_code"], quarantine)
    parts = []
    for flow, measure in MEASURES.items():
        cells = [f"{flow}{month}" for month in MONTHS]
        long = wide.melt(["year", "partner"], cells, var_name="month", value_name="value", ignore_index=False)
        long["month"] = long["month"].str.removeprefix(flow)
        long = tables.numbers(long, "value", quarantine, is_count=False, missing=("",))
        _check_years(long, wide, f"{flow}YR", snapshot)
        parts.append(long.assign(measure=measure))
    rows = pd.concat(parts)
    rows["number"] = rows["month"].map({month: number for number, month in enumerate(MONTHS, start=1)})
    rows["ordinal"] = rows["year"].astype(int) * 12 + rows["number"]
    last = rows.loc[rows["value"] > 0, "ordinal"].max()
    rows = rows[rows["ordinal"] <= last]
    rows["country_code"] = country_names.codes(rows["partner"], SOURCE.id, OWN_NAMES)
    key = ["measure", "country_code", "year", "number"]
    totals = rows.groupby(key, as_index=False)["value"].sum()
    intervals = [
        periods.month(int(year), number) for year, number in zip(totals["year"], totals["number"], strict=True)
    ]
    series = totals.assign(
        population="all",
        start_date=pd.to_datetime([interval.start for interval in intervals]),
        end_date=pd.to_datetime([interval.end for interval in intervals]),
        unit="usd_million",
        unit_of_count="",
    )
    return Parsed(series=series[list(tables.SERIES_COLUMNS)], withheld=quarantine.withheld)


def _check_years(long: pd.DataFrame, wide: pd.DataFrame, column: str, snapshot: Snapshot) -> None:
    """Hold each year's figure against its months, where both are there."""
    sums = long["value"].groupby(level=0).sum()
    stated = pd.to_numeric(wide[column], errors="coerce").reindex(sums.index)
    wrong = stated.notna() & (stated != 0) & ((stated - sums).abs() > ROUNDING)
    if wrong.any():
        row = sums.index[wrong][0]
        raise SourceChanged(
            SOURCE.id,
            f"{snapshot.name}, row {row}, {column}: found {stated[row]:g}; its months add up to {sums[row]:g}",
        )


def _from_workbook(snapshot: Snapshot) -> pd.DataFrame:
    tables.check_archive(snapshot)
    snapshot.file.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(snapshot.file)
        lines = workbook.get_sheet_by_index(0).to_python()
    except CalamineError as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: not a workbook: {error}") from error
    head = [str(cell).strip() for cell in lines[0]] if lines else []
    if sorted(head) != sorted(COLUMNS):
        differing = sorted({*head} ^ {*COLUMNS})
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: columns {differing} are missing or unknown")
    rows = [dict(zip(head, map(_text, line), strict=True)) for line in lines[1:]]
    frame = pd.DataFrame(rows, index=range(1, len(rows) + 1), columns=list(COLUMNS), dtype="str")
    return frame.rename(columns=COLUMNS)


def _text(cell: Any) -> str:
    """Return a cell as text; the workbook stores codes and years as floating numbers."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
