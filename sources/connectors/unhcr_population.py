"""Refugees, asylum-seekers and other people UNHCR counts, by origin and country of asylum, at the end of each year.

Publisher: UNHCR, Refugee Population Statistics Database. Licence: CC BY 4.0. The end-year figures are stocks, people in
a situation at the end of the year (UNHCR, Refugee Data Finder, "Data content and structure"), so a row speaks of one
day, 31 December; stocks are compared, never added up over time. Returns are the exception: flows of a calendar year,
for which the country of asylum is the one people left. The types are measures of their own and are not added either:
a stateless person may be a refugee too. A figure from 1 to 4 is rounded to 0 or 5.

The interface never writes 0 as a number: it writes the text "0" wherever it has no figure, and "-" in a column that
was not collected. "0" is read as zero for refugees and asylum-seekers abroad, which every country of asylum reports
(asylum-seekers from 2000), and as no data for the other types, which few report. It ignores filters it does not know,
and a year bound that comes alone, and then answers with totals: each answer is checked for what was asked.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pycountry

from sources import tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.countries import OTHER
from sources.country_names import KOSOVO
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="unhcr_population",
    title="Refugee population statistics",
    publisher="UNHCR",
    base_url="https://api.unhcr.org/population/v1",
    licence="CC BY 4.0",
    tier=1,
    cadence_days=183,
    max_age_days=400,
    max_rows=200_000,
    max_bytes=32 * MEBIBYTE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationType:
    """What a column of figures becomes: our measure, and the year from which a zero is a figure (None: never).

    A flow counts returns during the year, and its place is where from.
    """

    measure: str
    zero_from: int | None = None
    is_flow: bool = False
    place: str = "in"


# Where people from the region ask for protection; the codes are ISO, which `cf_type=ISO` asks for.
COUNTRIES_OF_ASYLUM = ("USA", "MEX", "GTM", "CRI", "PAN", "COL", "ECU", "PER", "CHL", "BRA")
FIRST_YEAR = 2015
PAGE_ROWS = 10_000
MOST_PAGES = 50

TYPES = {
    "refugees": PopulationType(measure="refugees", zero_from=1951),
    "asylum_seekers": PopulationType(measure="asylum_seekers", zero_from=2000),
    "returned_refugees": PopulationType(measure="returned_refugees", is_flow=True, place="from"),
    "idps": PopulationType(measure="internally_displaced"),
    "returned_idps": PopulationType(measure="returned_internally_displaced", is_flow=True),
    "stateless": PopulationType(measure="stateless"),
    "ooc": PopulationType(measure="others_of_concern"),
    "oip": PopulationType(measure="others_in_need_of_protection"),
    "hst": PopulationType(measure="host_community"),
}
KEY = ("year", "coo_iso", "coa_iso")
# UNHCR's own codes and names are not read: its AUS is Austria, its CHI is China.
FIELDS = frozenset((*KEY, *TYPES, "coo_id", "coo_name", "coo", "coa_id", "coa_name", "coa"))
ENVELOPE = frozenset({"page", "short-url", "maxPages", "total", "items"})
NO_DATA = "-"
# A row whose origin is this is the sum over all origins.
ALL = "-"
# UNHCR's codes of origins that are no country, and what tells their rows apart: they may stand on different pages.
NO_COUNTRY = {"UNK": ", origin unknown", "XXA": ", stateless", "TIB": ", Tibetan"}
COUNTRIES = frozenset({KOSOVO, *(country.alpha_3 for country in pycountry.countries)})
# Of a figure from 1 to 4 that became 0 or 5.
ROUNDING = 2


def plan(ask: Ask) -> Plan:
    """Ask for every country of asylum, page after page.

    Raises SourceChanged if an answer is not of what was asked for: another country, years or page, totals, or nothing.
    """
    for code in COUNTRIES_OF_ASYLUM:
        page, pages = 1, 1
        while page <= pages:
            answer = yield Request(
                key=f"{code} page {page}",
                url=f"{ask.base_url}/population/?limit={PAGE_ROWS}&page={page}&yearFrom={FIRST_YEAR}"
                f"&yearTo={ask.today.year}&coa={code}&coo_all=true&cf_type=ISO",
                formats=frozenset({Format.JSON}),
            )
            pages = _check_answer(answer, code, page)
            page += 1


def _check_answer(answer: Snapshot, code: str, page: int) -> int:
    """Return how many pages there are. Raises SourceChanged unless the answer is this page of this country."""
    document = _document(answer)
    items = document["items"]
    if not items:
        raise SourceChanged(SOURCE.id, f"{answer.url}: no rows for {code}")
    if other := {_text(item["coa_iso"]) for item in items} - {code}:
        raise SourceChanged(SOURCE.id, f"{answer.url}: asked for {code}, got {_some(other)}")
    if any(item["coo_iso"] == ALL for item in items):
        raise SourceChanged(SOURCE.id, f"{answer.url}: asked for each origin, got a sum over all")
    if early := {_text(item["year"]) for item in items if _text(item["year"]) < str(FIRST_YEAR)}:
        raise SourceChanged(SOURCE.id, f"{answer.url}: asked for years from {FIRST_YEAR}, got {_some(early)}")
    pages: int = document["maxPages"]
    if document["page"] != page or not page <= pages <= MOST_PAGES:
        raise SourceChanged(
            SOURCE.id, f"{answer.url}: page {document['page']!r} of {pages}; expected {page} of at most {MOST_PAGES}"
        )
    return pages


def canonical(snapshot: Snapshot) -> bytes:
    """Return an answer without the short address that is made for each query."""
    return re.sub(rb'"short-url" ?: ?"[^"]*"', b"", snapshot.content)


def _document(snapshot: Snapshot) -> dict[str, Any]:
    """Return an answer whose shape is the known one. Raises SourceChanged."""
    document = tables.read_json(snapshot)
    if not isinstance(document, dict) or document.keys() != ENVELOPE:
        found = sorted(document) if isinstance(document, dict) else type(document).__name__
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: found {found}; expected {sorted(ENVELOPE)}")
    items = document["items"]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: items is no list of objects")
    if type(document["maxPages"]) is not int:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: maxPages is {document['maxPages']!r}; expected a number")
    if differing := {field for item in items for field in item.keys() ^ FIELDS}:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: fields {sorted(differing)} are missing or unknown; expected {sorted(FIELDS)}"
        )
    return document


def parse(snapshot: Snapshot) -> Parsed:
    """Return one row for each population type, origin, country of asylum and year, in people.

    The country is that of origin, the population "in <ISO code of asylum>", or "from" it for refugees who returned.
    Origins that are no country are in OTHER, in a population of their own each. Stocks speak of 31 December, returns
    of the calendar year. A row that sums all origins is checked and not returned. Raises SourceChanged for an unknown
    field or country, a sum over countries of asylum, or a total that is not the sum of its origins.
    """
    quarantine = Quarantine(snapshot)
    items = _document(snapshot)["items"]
    frame = pd.DataFrame(items, index=range(1, len(items) + 1), columns=[*KEY, *TYPES], dtype=object).map(_text)
    frame = quarantine.keep(frame, frame["year"].str.fullmatch(r"(?:19|20)[0-9]{2}"), "year", "a year such as 2024")
    frame = tables.once(frame, list(KEY), quarantine)
    _check_codes(frame, "coo_iso", COUNTRIES | NO_COUNTRY.keys() | {ALL}, snapshot)
    _check_codes(frame, "coa_iso", COUNTRIES, snapshot)
    parts = [
        tables.numbers(frame[[*KEY, column]], column, quarantine, missing=(NO_DATA,))
        .rename(columns={column: "value"})
        .assign(type=column)
        for column in TYPES
    ]
    figures = pd.concat(parts)
    is_total = figures["coo_iso"] == ALL
    _check_totals(figures[is_total], figures[~is_total], snapshot, is_partial=bool(quarantine.withheld))
    figures = figures[~is_total & _are_figures(figures)]
    year, kind = figures["year"].astype(int), figures["type"]
    is_flow = kind.map({column: type_.is_flow for column, type_ in TYPES.items()}).astype(bool)
    first_day = figures["year"] + is_flow.map({True: "-01-01", False: "-12-31"})
    series = pd.DataFrame(
        {
            "measure": kind.map({column: type_.measure for column, type_ in TYPES.items()}),
            "country_code": figures["coo_iso"].where(figures["coo_iso"].isin(COUNTRIES), OTHER),
            "population": kind.map({column: type_.place for column, type_ in TYPES.items()})
            + (" " + figures["coa_iso"] + figures["coo_iso"].map(NO_COUNTRY).fillna("")),
            "start_date": pd.to_datetime(first_day, format="%Y-%m-%d"),
            "end_date": pd.to_datetime((year + 1).astype(str) + "-01-01", format="%Y-%m-%d"),
            "value": figures["value"],
            "unit": tables.COUNT,
            "unit_of_count": "people",
        }
    )
    return Parsed(series=series[list(tables.SERIES_COLUMNS)], withheld=quarantine.withheld)


def _are_figures(figures: pd.DataFrame) -> "pd.Series[bool]":
    """Say which rows are figures: all but the zeros of types, years and places of which none is reported."""
    zero_from = figures["type"].map({column: type_.zero_from for column, type_ in TYPES.items()}).astype("float64")
    is_abroad = figures["coo_iso"] != figures["coa_iso"]
    return (figures["value"] > 0) | (is_abroad & (figures["year"].astype(int) >= zero_from))


def _check_totals(totals: pd.DataFrame, rows: pd.DataFrame, snapshot: Snapshot, *, is_partial: bool) -> None:
    """Hold each total against its origins; where a row was withheld, only that there are some."""
    if totals.empty:
        return
    place = ["type", "year", "coa_iso"]
    sums = rows.groupby(place)["value"].agg(["sum", "size"])
    for row, total in totals.iterrows():
        key = tuple(total[place])
        if key not in sums.index:
            raise SourceChanged(SOURCE.id, f"{snapshot.name}, row {row}: a total of {key} without its origins")
        found, size = sums.loc[key]
        if not is_partial and abs(total["value"] - found) > ROUNDING * size:
            raise SourceChanged(
                SOURCE.id,
                f"{snapshot.name}, row {row}, {total['type']}: found a total of {total['value']:.0f}; "
                f"its {size:.0f} origins add up to {found:.0f}",
            )


def _check_codes(frame: pd.DataFrame, column: str, known: Collection[str], snapshot: Snapshot) -> None:
    if unknown := set(frame[column]) - set(known):
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: unknown {column} {_some(unknown)}; expected ISO 3166-1 alpha-3 or UNHCR's UNK"
        )


def _some(values: set[Any]) -> str:
    return ", ".join(sorted(map(str, values))[:5])


def _text(value: object) -> str:
    """Return a cell as text: the interface gives numbers both ways."""
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else f"({value!r})"
