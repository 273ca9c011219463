"""World Bank: how much an economy depends on remittances and on trade, by country and calendar year.

Publisher: World Bank, World Development Indicators. Licence: CC BY 4.0. Remittances are personal transfers and
compensation of employees, received; trade is the sum of exports and imports of goods and services; merchandise exports
are goods sent to the rest of the world, free on board (World Bank, metadata of BX.TRF.PWKR.DT.GD.ZS, BX.TRF.PWKR.CD.DT,
NE.TRD.GNFS.ZS and TX.VAL.MRCH.CD.WT). Shares are percent of gross domestic product, amounts are in dollars of their
year.

The interface answers errors with status 200 and a list of one element, and XML unless asked for JSON. It gives regions
and income groups among the countries; the groups are known by their codes and not read, as they contain the countries.
"""

import csv
import re
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pycountry

from sources import periods, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.country_names import KOSOVO
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="world_bank",
    title="World Development Indicators: remittances and trade",
    publisher="World Bank",
    base_url="https://api.worldbank.org/v2",
    licence="CC BY 4.0",
    tier=1,
    cadence_days=92,
    max_age_days=200,
    max_rows=200_000,
    max_bytes=32 * MEBIBYTE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """Our measure and unit, and how the publisher's name of the indicator ends: with its unit."""

    measure: str
    unit: str
    ending: str


INDICATORS = {
    "BX.TRF.PWKR.DT.GD.ZS": Indicator(measure="remittances_received", unit="percent_of_gdp", ending="(% of GDP)"),
    "BX.TRF.PWKR.CD.DT": Indicator(measure="remittances_received", unit="usd", ending="(current US$)"),
    "NE.TRD.GNFS.ZS": Indicator(measure="trade", unit="percent_of_gdp", ending="(% of GDP)"),
    "TX.VAL.MRCH.CD.WT": Indicator(measure="merchandise_exports", unit="usd", ending="(current US$)"),
}
FIRST_YEAR = 2015
# The interface allows 32,500 rows a page; all areas have some 300 a year.
PAGE_ROWS = 20_000
MOST_PAGES = 50

# Regions, income groups, lending groups and the world: the publisher's list of 2026, and FCS, which FCV has replaced.
GROUPS = frozenset((
    "AFE", "AFR", "AFW", "ARB", "BEA", "BEC", "BHI", "BLA", "BMN", "BSS", "CAA", "CEA", "CEB", "CEU",
    "CLA", "CME", "CSA", "CSS", "DEA", "DEC", "DLA", "DMN", "DNS", "DSA", "DSF", "DSS", "EAP", "EAR",
    "EAS", "ECA", "ECS", "EMU", "EUU", "FCS", "FCV", "FXS", "HIC", "HPC", "IBB", "IBD", "IBT", "IDA",
    "IDB", "IDX", "INX", "LAC", "LCN", "LDC", "LIC", "LMC", "LMY", "LTE", "MDE", "MEA", "MIC", "MNA",
    "NAC", "NAF", "NRS", "NXS", "OED", "OSS", "PRE", "PSS", "PST", "RRS", "SAS", "SSA", "SSF", "SST",
    "SXZ", "TEA", "TEC", "TLA", "TMN", "TSA", "TSS", "UMC", "WLD", "XZN",
))  # fmt: skip
# The interface leaves the code of some groups empty: they are known by the shorter one that every area has.
SHORT_CODES = {"XD": "HIC", "XM": "LIC", "XN": "LMC", "XT": "UMC", "XY": "INX"}
# The Channel Islands are two territories in ISO 3166 and have no code together.
NO_COUNTRY = GROUPS | {"CHI"}
COUNTRIES = frozenset({KOSOVO, *(country.alpha_3 for country in pycountry.countries)})

HEAD_NUMBERS = ("page", "pages", "per_page", "total")
HEAD_FIELDS = frozenset({*HEAD_NUMBERS, "sourceid", "sourcename", "lastupdated"})
FIELDS = frozenset({"indicator", "country", "countryiso3code", "date", "value", "unit", "obs_status", "decimal"})
PREAMBLE: tuple[list[str], ...] = (["Data Source", "World Development Indicators"], [], ["Last Updated Date"], [])
COLUMNS = {"Country Code": "area", "Indicator Name": "indicator_name", "Indicator Code": "indicator"}
# The download ends each line with a comma.
IGNORED = ("Country Name", "")
YEAR = re.compile(r"(?:19|20)[0-9]{2}")


def plan(ask: Ask) -> Plan:
    """Ask for each indicator of all countries, page after page.

    Raises SourceChanged if an answer is an error, or not of what was asked for: another indicator, years or page.
    """
    for indicator in INDICATORS:
        page, pages = 1, 1
        while page <= pages:
            answer = yield Request(
                key=f"{indicator} page {page}",
                url=f"{ask.base_url}/country/all/indicator/{indicator}?format=json"
                f"&date={FIRST_YEAR}:{ask.today.year}&per_page={PAGE_ROWS}&page={page}",
                formats=frozenset({Format.JSON}),
            )
            pages = _check_answer(answer, indicator, page, range(FIRST_YEAR, ask.today.year + 1))
            page += 1


def _check_answer(answer: Snapshot, indicator: str, page: int, years: range) -> int:
    """Return how many pages there are. Raises SourceChanged unless the answer is this page of this indicator."""
    head, values = _document(answer)
    if not values:
        raise SourceChanged(SOURCE.id, f"{answer.url}: no values of {indicator}")
    frame = _frame(values)
    if other := set(frame["indicator"]) - {indicator}:
        raise SourceChanged(SOURCE.id, f"{answer.url}: asked for {indicator}, got {_some(other)}")
    if other := set(frame["year"]) - {str(year) for year in years}:
        raise SourceChanged(SOURCE.id, f"{answer.url}: asked for {years[0]} to {years[-1]}, got {_some(other)}")
    if head["page"] != page or head["pages"] > MOST_PAGES:
        raise SourceChanged(
            SOURCE.id, f"{answer.url}: page {head['page']} of {head['pages']}; expected {page} of at most {MOST_PAGES}"
        )
    return head["pages"]


def parse(snapshot: Snapshot) -> Parsed:
    """Return one row for each indicator, country and calendar year.

    Measures remittances_received (in percent_of_gdp and in usd), trade (in percent_of_gdp) and merchandise_exports (in
    usd). Reads a page of the interface or the file of one indicator that the site offers as a download; a cell without
    a value is no row.
    Raises SourceChanged for an unknown field, indicator or unit, an area that is neither a country nor a known group,
    or a page with more or fewer values than it says.
    """
    tables.expect(snapshot, Format.JSON, Format.TEXT)
    quarantine = Quarantine(snapshot)
    is_page = snapshot.format is Format.JSON
    rows = _frame(_document(snapshot)[1]) if is_page else _from_download(snapshot, quarantine)
    described = tables.labels(rows, "indicator", INDICATORS, snapshot)
    _check_units(rows, snapshot)
    if unknown := set(rows["area"]) - COUNTRIES - NO_COUNTRY:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: {_some(unknown)} is neither a country of ISO 3166 nor a known group"
        )
    rows = tables.once(rows, ["indicator", "area", "year"], quarantine)
    rows = rows.assign(
        measure=described.map(lambda indicator: indicator.measure), unit=described.map(lambda indicator: indicator.unit)
    )
    rows = rows[~rows["area"].isin(NO_COUNTRY)]
    rows = quarantine.keep(rows, rows["year"].str.fullmatch(YEAR.pattern), "year", "a year such as 2024")
    rows = tables.numbers(rows, "value", quarantine, is_count=False, missing=("",))
    is_amount = (rows["value"] >= 0) & (rows["value"] < float("inf"))
    rows = quarantine.keep(rows, is_amount, "value", "what is received or traded is not negative, and finite")
    intervals = {year: periods.calendar_year(int(year)) for year in rows["year"].unique()}
    series = pd.DataFrame(
        {
            "measure": rows["measure"],
            "country_code": rows["area"],
            "population": "all",
            "start_date": pd.to_datetime(rows["year"].map({year: i.start for year, i in intervals.items()})),
            "end_date": pd.to_datetime(rows["year"].map({year: i.end for year, i in intervals.items()})),
            "value": rows["value"],
            "unit": rows["unit"],
            "unit_of_count": "",
        }
    )
    return Parsed(series=series, withheld=quarantine.withheld)


def _check_units(rows: pd.DataFrame, snapshot: Snapshot) -> None:
    """Hold the unit that each indicator's name ends with against the one we give its values."""
    for identifier, name in rows[["indicator", "indicator_name"]].drop_duplicates().itertuples(index=False):
        if not name.strip().endswith(INDICATORS[identifier].ending):
            raise SourceChanged(
                SOURCE.id,
                f"{snapshot.name}: {identifier} is called {name!r}; expected its unit, {INDICATORS[identifier].ending}",
            )


# --- The interface ------------------------------------------------------------------------------------------------


def _document(snapshot: Snapshot) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Return the numbers of an answer's head, and its values. Raises SourceChanged for an error or another shape."""
    document = tables.read_json(snapshot)
    if isinstance(document, list) and len(document) == 1 and isinstance(document[0], dict):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: the publisher says: {_message(document[0])}")
    if not isinstance(document, list) or len(document) != 2 or not isinstance(document[0], dict):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: expected a list of a head and of values")
    head = _head(document[0], snapshot)
    # Where there is nothing the interface answers null.
    values = [] if document[1] is None else document[1]
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: the values are no list of objects")
    if differing := {field for value in values for field in value.keys() ^ FIELDS}:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: fields {_some(differing)} are missing or unknown; expected {sorted(FIELDS)}"
        )
    for field in ("unit", "obs_status"):
        # An estimate or a forecast would be marked here.
        if unknown := {_text(value[field]) for value in values} - {""}:
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: unknown {field} {_some(unknown)}; expected none")
    before = (head["page"] - 1) * head["per_page"]
    due = max(0, min(head["per_page"], head["total"] - before))
    if len(values) != due:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: {len(values)} values; its head promises {due} of {head['total']}"
        )
    return head, values


def _message(answer: dict[str, Any]) -> str:
    """Return the words of an error."""
    messages = answer.get("message")
    known = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    words = "; ".join(" ".join(str(m[part]) for part in ("id", "key", "value") if part in m) for m in known)
    return (words or str(answer))[:200]


def _head(head: dict[str, Any], snapshot: Snapshot) -> dict[str, int]:
    """Return the numbers of a head; some of them are text in some answers."""
    if differing := {*head} - HEAD_FIELDS | {*HEAD_NUMBERS} - {*head}:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: {_some(differing)} missing or unknown in the head; expected {HEAD_NUMBERS}"
        )
    found = {field: _text(head[field]) for field in HEAD_NUMBERS}
    if wrong := [f"{field} {text}" for field, text in found.items() if not re.fullmatch(r"[0-9]{1,9}", text)]:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: {_some(set(wrong))} in the head; expected numbers")
    return {field: int(text) for field, text in found.items()}


def _frame(values: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the values of an answer as text."""
    rows = [
        {
            "indicator": _part(value["indicator"], "id"),
            "indicator_name": _part(value["indicator"], "value"),
            "area": _area(_text(value["countryiso3code"]), _part(value["country"], "id")),
            "year": _text(value["date"]),
            "value": _text(value["value"]),
        }
        for value in values
    ]
    columns = ["indicator", "indicator_name", "area", "year", "value"]
    return pd.DataFrame(rows, index=range(1, len(rows) + 1), columns=columns, dtype="str")


def _area(code: str, short_code: str) -> str:
    return code or SHORT_CODES.get(short_code, f"the code {short_code!r}")


def _part(node: object, name: str) -> str:
    return _text(node.get(name)) if isinstance(node, dict) else _text(node)


def _text(value: object) -> str:
    """Return a cell as text: null is no data, and what is neither text nor a number is told as it stands."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else f"({value!r})"


# --- The download -------------------------------------------------------------------------------------------------


def _from_download(snapshot: Snapshot, quarantine: Quarantine) -> pd.DataFrame:
    """Read the download: the heading in the fifth line, one column for each year, and an empty one at the end."""
    lines = [_cells(line) for line in tables.read_text(snapshot).split("\n", 5)[:5]]
    if len(lines) < 5 or any(line[: len(start)] != start for line, start in zip(lines[:4], PREAMBLE, strict=True)):
        begins = str(lines[0])[:100] if lines else "nothing"
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: begins with {begins}; expected lines {PREAMBLE[0]} and {PREAMBLE[2]}"
        )
    years = [name.strip() for name in lines[4] if YEAR.fullmatch(name.strip())]
    if not years:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: found no year among the columns {lines[4][:5]}")
    columns = {**COLUMNS, **{year: year for year in years}}
    wide = tables.read_csv(snapshot, columns, quarantine, ignored=IGNORED, skip_lines=len(PREAMBLE))
    wide = tables.once(wide, ["area", "indicator"], quarantine)
    return wide.melt([*COLUMNS.values()], years, var_name="year", value_name="value", ignore_index=False)


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line.removesuffix("\r")]), [])
    except csv.Error as error:
        raise SourceChanged(SOURCE.id, f"{line[:80]!r} is no line of comma-separated values: {error}") from error


def _some(values: set[str]) -> str:
    return ", ".join(sorted(values)[:5])
