"""Census Bureau: U.S. trade in goods by partner and month.

Publisher: U.S. Census Bureau, FT-900. Licence: public domain, 17 U.S.C. 105. Imports are general imports at customs
value, exports total exports free alongside ship, both not seasonally adjusted and in dollars of their time (Census
Bureau, "Guide to Foreign Trade Statistics"). Partners are those of Schedule C.

The workbook has one row for each partner and year, in millions of dollars, and among them rows of groups of countries
("OPEC", "North America", the world), which contain the partners and are not read. It writes 0 where it has no figure
too: in the months of the running year that are not published yet, and for partners that no longer exist. So a zero is
no figure after the last month in which at least half of the partners traded at all, nor where a partner's flow is zero
in every month of a year; every other zero is what the publisher says, no trade or too little to print.

The interface for programs needs a key and gives the same figures in dollars, without the months to come.
"""

import re
from collections.abc import Collection
from functools import cache
from typing import Any

import pandas as pd
import pycountry
from python_calamine import CalamineError, CalamineWorkbook

from sources import country_names, periods, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.countries import OTHER
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

FLOWS = {"I": "goods_imports", "E": "goods_exports"}
MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), start=1
    )
}
CELLS = {f"{flow}{month}": (measure, number) for flow, measure in FLOWS.items() for month, number in MONTHS.items()}
COLUMNS = {"year": "year", "CTY_CODE": "code", "CTYNAME": "name"} | {
    f"{flow}{month}": f"{flow}{month}" for flow in FLOWS for month in (*MONTHS, "YR")
}
# Twelve months and the year are each rounded by themselves, to a tenth of a million in the oldest years.
ROUNDING = 13 * 0.05

# The column of values in an answer of the interface says which flow it is; values are in dollars.
VALUE_COLUMNS = {"GEN_VAL_MO": "goods_imports", "ALL_VAL_MO": "goods_exports"}
ANSWER_COLUMNS = {"CTY_CODE": "code", "CTY_NAME": "name", "time": "period"}
# Tells partners from groups; the groups' names do so too.
SUMMARY_LEVELS = {"DET": "partner", "CGP": "group"}
DOLLARS_IN_A_MILLION = 1e6

# Schedule C of 2026: the bureau's codes of partners.
PARTNERS = {
    "1000": "USA", "1010": "GRL", "1220": "CAN", "1610": "SPM", "2010": "MEX", "2050": "GTM", "2080": "BLZ",
    "2110": "SLV", "2150": "HND", "2190": "NIC", "2230": "CRI", "2250": "PAN", "2320": "BMU", "2360": "BHS",
    "2390": "CUB", "2410": "JAM", "2430": "TCA", "2440": "CYM", "2450": "HTI", "2470": "DOM", "2481": "AIA",
    "2482": "VGB", "2483": "KNA", "2484": "ATG", "2485": "MSR", "2486": "DMA", "2487": "LCA", "2488": "VCT",
    "2489": "GRD", "2720": "BRB", "2740": "TTO", "2774": "SXM", "2777": "CUW", "2779": "ABW", "2831": "GLP",
    "2839": "MTQ", "3010": "COL", "3070": "VEN", "3120": "GUY", "3150": "SUR", "3170": "GUF", "3310": "ECU",
    "3330": "PER", "3350": "BOL", "3370": "CHL", "3510": "BRA", "3530": "PRY", "3550": "URY", "3570": "ARG",
    "3720": "FLK", "4000": "ISL", "4010": "SWE", "4031": "SJM", "4039": "NOR", "4050": "FIN", "4091": "FRO",
    "4099": "DNK", "4120": "GBR", "4190": "IRL", "4210": "NLD", "4231": "BEL", "4239": "LUX", "4271": "AND",
    "4272": "MCO", "4279": "FRA", "4280": "DEU", "4330": "AUT", "4351": "CZE", "4359": "SVK", "4370": "HUN",
    "4411": "LIE", "4419": "CHE", "4470": "EST", "4490": "LVA", "4510": "LTU", "4550": "POL", "4621": "RUS",
    "4622": "BLR", "4623": "UKR", "4631": "ARM", "4632": "AZE", "4633": "GEO", "4634": "KAZ", "4635": "KGZ",
    "4641": "MDA", "4642": "TJK", "4643": "TKM", "4644": "UZB", "4700": "ESP", "4710": "PRT", "4720": "GIB",
    "4730": "MLT", "4751": "SMR", "4752": "VAT", "4759": "ITA", "4791": "HRV", "4792": "SVN", "4793": "BIH",
    "4794": "MKD", "4801": "SRB", "4803": "XKX", "4804": "MNE", "4810": "ALB", "4840": "GRC", "4850": "ROU",
    "4870": "BGR", "4890": "TUR", "4910": "CYP", "5020": "SYR", "5040": "LBN", "5050": "IRQ", "5070": "IRN",
    "5081": "ISR", "5082": "PSE", "5083": "PSE", "5110": "JOR", "5130": "KWT", "5170": "SAU", "5180": "QAT",
    "5200": "ARE", "5210": "YEM", "5230": "OMN", "5250": "BHR", "5310": "AFG", "5330": "IND", "5350": "PAK",
    "5360": "NPL", "5380": "BGD", "5420": "LKA", "5460": "MMR", "5490": "THA", "5520": "VNM", "5530": "LAO",
    "5550": "KHM", "5570": "MYS", "5590": "SGP", "5600": "IDN", "5601": "TLS", "5610": "BRN", "5650": "PHL",
    "5660": "MAC", "5682": "BTN", "5683": "MDV", "5700": "CHN", "5740": "MNG", "5790": "PRK", "5800": "KOR",
    "5820": "HKG", "5830": "TWN", "5880": "JPN", "6021": "AUS", "6022": "NFK", "6023": "CCK", "6024": "CXR",
    "6029": "HMD", "6040": "PNG", "6141": "NZL", "6142": "COK", "6143": "TKL", "6144": "NIU", "6150": "WSM",
    "6223": "SLB", "6224": "VUT", "6225": "PCN", "6226": "KIR", "6227": "TUV", "6412": "NCL", "6413": "WLF",
    "6414": "PYF", "6810": "MHL", "6820": "FSM", "6830": "PLW", "6862": "NRU", "6863": "FJI", "6864": "TON",
    "7140": "MAR", "7210": "DZA", "7230": "TUN", "7250": "LBY", "7290": "EGY", "7321": "SDN", "7323": "SSD",
    "7380": "GNQ", "7410": "MRT", "7420": "CMR", "7440": "SEN", "7450": "MLI", "7460": "GIN", "7470": "SLE",
    "7480": "CIV", "7490": "GHA", "7500": "GMB", "7510": "NER", "7520": "TGO", "7530": "NGA", "7540": "CAF",
    "7550": "GAB", "7560": "TCD", "7580": "SHN", "7600": "BFA", "7610": "BEN", "7620": "AGO", "7630": "COG",
    "7642": "GNB", "7643": "CPV", "7644": "STP", "7650": "LBR", "7660": "COD", "7670": "BDI", "7690": "RWA",
    "7700": "SOM", "7741": "ERI", "7749": "ETH", "7770": "DJI", "7780": "UGA", "7790": "KEN", "7800": "SYC",
    "7810": "IOT", "7830": "TZA", "7850": "MUS", "7870": "MOZ", "7880": "MDG", "7881": "MYT", "7890": "COM",
    "7904": "REU", "7905": "ATF", "7910": "ZAF", "7920": "NAM", "7930": "BWA", "7940": "ZMB", "7950": "SWZ",
    "7960": "ZWE", "7970": "MWI", "7990": "LSO", "9030": "PRI", "9110": "VIR", "9350": "GUM", "9510": "ASM",
    "9610": "MNP", "9800": "UMI",
    # No longer in the schedule, but in the workbook's earlier years: ISO 3166-3.
    "2771": "ANT", "4350": "CSK",
}  # fmt: skip
# Two partners that ISO 3166 has under one code.
POPULATIONS = {"5082": "Gaza Strip", "5083": "West Bank"}
# Trade of no country.
NO_COUNTRY = {"International Organizations", "Unidentified Countries"}
# Groups of partners, and a kind of goods that stands among them, in the spellings of both forms.
GROUPS = {
    "World, Seasonally Adjusted",
    "World, Not Seasonally Adjusted",
    "Total For All Countries",
    "Advanced Technology Products",
    "Africa",
    "APEC",
    "ASEAN",
    "ASEAN (Association of Southeast Asian Nations)",
    "Asia",
    "Asia - South",
    "Asia Near East",
    "Australia and Oceania",
    "CACM",
    "CAFTA-DR",
    "CAFTA-DR (Dominican Republic-Central America-United States Free Trade Agreement)",
    "Central America",
    "Central American Common Market",
    "Euro Area",
    "Europe",
    "European Union",
    "LAFTA",
    "LAFTA (Latin American Free Trade Area)",
    "NAFTA",
    "NAFTA with Canada (Consump)",
    "NAFTA with Mexico (Consump)",
    "NATO",
    "NATO (North Atlantic Treaty Organization) Allies",
    "NICs",
    "NICs (Newly Industrialized Countries)",
    "North America",
    "OECD",
    "OECD (Organization for Economic Cooperation and Development)",
    "OPEC",
    "Pacific Rim",
    "Pacific Rim Countries",
    "South America",
    "South and Central America",
    "South/Central America",
    "Sub Saharan Africa",
    "Sub-Saharan Africa",
    "Twenty Latin American Republics",
    "USMCA",
    "USMCA (NAFTA)",
    "USMCA with Canada (Consump)",
    "USMCA with Mexico (Consump)",
}


_COUNTRIES = frozenset({country_names.KOSOVO, *(country.alpha_3 for country in pycountry.countries)})
_FORMER_CODE = re.compile(r"[1-9][0-9]{3}")
# Partners that no longer exist, where they come under a code that is not in PARTNERS: ISO 3166-3.
FORMER = {
    "Czechoslovakia": "CSK",
    "German Democratic Republic": "DDR",
    "Netherlands Antilles": "ANT",
    "Serbia and Montenegro": "SCG",
    "Soviet Union": "SUN",
    "Union of Soviet Socialist Republics": "SUN",
    "Yugoslavia": "YUG",
}


def plan(ask: Ask) -> Plan:
    """Ask for the workbook, which needs no key and goes back to 1985."""
    yield Request(key="country workbook", url=ask.base_url + WORKBOOK, formats=frozenset({Format.XLSX}))


def parse(snapshot: Snapshot) -> Parsed:
    """Return goods_imports and goods_exports of each partner and month, in usd_million.

    Reads the workbook, the same table as CSV, and an answer of the interface. Trade of no country is in OTHER, under
    the publisher's name for it as population. The year's figure is checked against its months and not returned; of a
    row in which they differ that flow is withheld. Raises SourceChanged for an unknown column, sheet, partner or group,
    or a partner whose code and name are of different countries.
    """
    quarantine = Quarantine(snapshot)
    is_answer = snapshot.format is Format.JSON
    rows = _from_answer(snapshot, quarantine) if is_answer else _from_table(snapshot, quarantine)
    intervals = {
        (year, month): periods.month(int(year), month)
        for year, month in rows[["year", "month"]].drop_duplicates().itertuples(index=False)
    }
    months = [intervals[pair] for pair in zip(rows["year"], rows["month"], strict=True)]
    series = rows.assign(
        start_date=pd.to_datetime([interval.start for interval in months]),
        end_date=pd.to_datetime([interval.end for interval in months]),
        unit="usd_million",
        unit_of_count="",
    )
    return Parsed(series=series[list(tables.SERIES_COLUMNS)], withheld=quarantine.withheld)


# --- The workbook -------------------------------------------------------------------------------------------------


def _from_table(snapshot: Snapshot, quarantine: Quarantine) -> pd.DataFrame:
    """Return the months that are figures, checked against their years."""
    if snapshot.format is Format.XLSX:
        wide = _read_workbook(snapshot)
    else:
        wide = tables.read_csv(snapshot, COLUMNS, quarantine)
    wide["code"] = wide["code"].str.strip().str.zfill(4)
    wide = _with_partners(wide, snapshot)
    wide = quarantine.keep(wide, wide["year"].str.fullmatch(r"(?:19|20)[0-9]{2}"), "year", "a year such as 2024")
    wide = tables.once(wide, ["year", "code"], quarantine)
    wide["row"] = wide.index
    place = ["row", "year", "country_code", "population"]
    long = _amounts(wide.melt(place, list(CELLS), var_name="cell", value_name="value"), snapshot, quarantine)
    long["measure"] = long["cell"].map({cell: measure for cell, (measure, _) in CELLS.items()})
    long["month"] = long["cell"].map({cell: month for cell, (_, month) in CELLS.items()})
    long = _check_years(long, wide, quarantine)
    return long[_are_figures(long)]


def _read_workbook(snapshot: Snapshot) -> pd.DataFrame:
    """Return the one sheet as text; the others that a workbook may have are empty."""
    tables.check_archive(snapshot)
    snapshot.file.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(snapshot.file)
        sheets = {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}
    except CalamineError as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: not a workbook: {error}") from error
    filled = {name: lines for name, lines in sheets.items() if lines}
    if len(filled) != 1:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: found sheets {sorted(filled)}; expected one with {[*COLUMNS]}"
        )
    head, *lines = next(iter(filled.values()))
    names = [_text(cell).strip() for cell in head]
    if sorted(names) != sorted(COLUMNS):
        differing = sorted({*names} ^ {*COLUMNS} | {name for name in names if names.count(name) > 1})
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: columns {differing} are missing, unknown or twice; expected {[*COLUMNS]}"
        )
    cells = [[_text(cell) for cell in line] for line in lines]
    frame = pd.DataFrame(cells, index=range(1, len(cells) + 1), columns=names, dtype="str")
    return frame.rename(columns=COLUMNS)


def _check_years(long: pd.DataFrame, wide: pd.DataFrame, quarantine: Quarantine) -> pd.DataFrame:
    """Withhold the flow of a row whose year is not the sum of its months; one that is not complete is not checked."""
    for flow, measure in FLOWS.items():
        column = f"{flow}YR"
        months = long.loc[long["measure"] == measure].groupby("row")["value"].agg(["sum", "size"])
        whole = wide.loc[wide.index.isin(months.index[months["size"] == len(MONTHS)]), [column]]
        stated = tables.numbers(whole, column, quarantine, is_count=False, missing=("",))
        # A year that is no number cannot vouch for its months; one that is blank was not published.
        unread = [row for row in whole.index.difference(stated.index) if whole.loc[row, column] != ""]
        sums = months["sum"].reindex(stated.index)
        wrong = (stated[column] - sums).abs() > ROUNDING + 1e-6
        for row, found, due in zip(wrong.index[wrong], stated.loc[wrong, column], sums[wrong], strict=True):
            reason = f"found {found:g}; its months add up to {due:g}"
            quarantine.withhold(int(row), column, reason, "a year is the sum of its months")
        is_bad = (long["measure"] == measure) & long["row"].isin([*unread, *wrong.index[wrong]])
        long = long[~is_bad]
    return long


def _are_figures(long: pd.DataFrame) -> "pd.Series[bool]":
    """Say which rows are figures: all but the zeros that stand where there is none."""
    is_trade = long["value"] != 0
    of_year = is_trade.groupby([long["row"], long["measure"]]).transform("any")
    ordinal = long["year"].astype(int) * 12 + long["month"].astype(int)
    traded = is_trade.groupby([ordinal, long["row"]]).any().groupby(level=0).mean()
    published = traded[traded >= 0.5]
    return of_year & (ordinal <= (published.index.max() if len(published) else 0))


# --- The interface ------------------------------------------------------------------------------------------------


def _from_answer(snapshot: Snapshot, quarantine: Quarantine) -> pd.DataFrame:
    """Return the months of an answer: a list of lists of text, the first of them the columns."""
    document = tables.read_json(snapshot)
    if not isinstance(document, list) or not document or not all(isinstance(line, list) for line in document):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: expected a list of lists")
    head, *lines = [[_text(cell) for cell in line] for line in document]
    flows = [name for name in head if name in VALUE_COLUMNS]
    known = {**ANSWER_COLUMNS, "SUMMARY_LVL": "level", **dict.fromkeys(flows, "value")}
    missing = [name for name in ANSWER_COLUMNS if name not in head]
    if len(flows) != 1 or missing or len(head) != len({*head} & known.keys()):
        raise SourceChanged(
            SOURCE.id,
            f"{snapshot.name}: columns {head}; expected {[*ANSWER_COLUMNS]} and one of {[*VALUE_COLUMNS]}",
        )
    for row, line in enumerate(lines, start=1):
        if len(line) != len(head):
            quarantine.withhold(row, "(row)", f"found {len(line)} cells", f"a row has {len(head)} cells")
    kept = {row: line for row, line in enumerate(lines, start=1) if len(line) == len(head)}
    rows = pd.DataFrame([*kept.values()], index=[*kept], columns=head, dtype="str").rename(columns=known)
    if "level" in rows:
        tables.labels(rows, "level", SUMMARY_LEVELS, snapshot)
        rows = rows.drop(columns="level")
    rows["code"] = rows["code"].str.strip()
    rows = _with_partners(rows, snapshot)
    is_month = rows["period"].str.fullmatch(r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])")
    rows = quarantine.keep(rows, is_month, "period", "a month such as 2024-01")
    rows = tables.once(rows, ["period", "code"], quarantine)
    rows = _amounts(rows.assign(row=rows.index, cell=flows[0]), snapshot, quarantine)
    return rows.assign(
        measure=VALUE_COLUMNS[flows[0]],
        year=rows["period"].str[:4],
        month=rows["period"].str[5:].astype(int),
        value=rows["value"] / DOLLARS_IN_A_MILLION,
    )


def _amounts(cells: pd.DataFrame, snapshot: Snapshot, quarantine: Quarantine) -> pd.DataFrame:
    """Return the cells that are amounts, as numbers; a blank one is no data, and any other is withheld.

    Takes one cell in each line: its text as `value`, and where it stands in the file as `row` and `cell`.
    """
    cells = cells[cells["value"].str.strip() != ""]
    # What is no number is told below with the name of its cell.
    good = tables.numbers(cells, "value", Quarantine(snapshot), is_count=False)
    good = good[(good["value"] >= 0) & (good["value"] < float("inf"))]
    bad = cells.loc[cells.index.difference(good.index)]
    for row, cell, found in zip(bad["row"], bad["cell"], bad["value"], strict=True):
        quarantine.withhold(row, cell, f"found {found[:60]!r}", "an amount: a number, not negative")
    return good


def _text(cell: Any) -> str:
    """Return a cell as text; a workbook holds years and codes as floating numbers."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


# --- Partners -----------------------------------------------------------------------------------------------------


def _with_partners(rows: pd.DataFrame, snapshot: Snapshot) -> pd.DataFrame:
    """Return the rows of partners with country_code and population, without those of groups.

    Raises SourceChanged for one that is neither.
    """
    pairs = rows[["code", "name"]].drop_duplicates().itertuples(index=False)
    found = {(code, name): _partner(code, name, snapshot) for code, name in pairs}
    partners = [found[pair] for pair in zip(rows["code"], rows["name"], strict=True)]
    rows = rows.assign(
        country_code=pd.Series([code for code, _ in partners], index=rows.index, dtype="str"),
        population=pd.Series([population for _, population in partners], index=rows.index, dtype="str"),
    )
    return rows[rows["country_code"] != ""].drop(columns="name")


def _partner(code: str, name: str, snapshot: Snapshot) -> tuple[str, str]:
    """Return a partner's country and population, or "" for a group."""
    is_group, by_code = _is_among(name, GROUPS), PARTNERS.get(code)
    if not by_code:
        if is_group:
            return "", ""
        if _is_among(name, NO_COUNTRY):
            return OTHER, " ".join(name.split()).title()
    by_name = None if is_group else _country(name)
    if by_code and not is_group and by_name in (None, by_code):
        return by_code, POPULATIONS.get(code, "all")
    if by_code:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: {code} is {by_code} in Schedule C, but is called {name!r}")
    if by_name and _FORMER_CODE.fullmatch(code):
        # Schedule C no longer has the code: it stands beside the one the country has today.
        return by_name, f"code {code}"
    raise SourceChanged(
        SOURCE.id, f"{snapshot.name}: {name!r} with code {code!r} is no partner of Schedule C and no known group"
    )


def _is_among(name: str, names: Collection[str]) -> bool:
    return " ".join(name.casefold().split()) in {known.casefold() for known in names}


@cache
def _country(name: str) -> str | None:
    """Return the country of a name in a common spelling, or None: the bureau has spellings of its own."""
    try:
        found = country_names.code(name, SOURCE.id, FORMER)
    except SourceChanged:
        return None
    return found if found in _COUNTRIES or found in FORMER.values() else None
