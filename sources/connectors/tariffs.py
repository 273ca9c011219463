"""Additional tariffs of the United States by country, and its trade deals.

Publisher: the Art of the Tariff project, which derives them from the Federal Register, the tariff schedule and the
Census Bureau. Licence: none stated. Where the project serves its files is not settled: base_url is a setting, and the
one given here is the listing of the folder the files were taken from.

Each file has its own unit, by its own definition and never by the size of the numbers:

- the statutory tariffs: a rate is a fraction of the value of the goods, "0.5" is 50 percent. Each stands for one
  authority and product, is added to the ordinary duty, and is in force from its effective day to the day of the file;
- Annex I of Executive Order 14326: the heading says percent. The file has no day; the tariff schedule gives it
  (headings 9903.02.02 to .71, 7 August 2025), and as rates were changed later, they are given for that day alone. For
  goods of the European Union the 15 percent are the sum with the ordinary duty (section 2(c) of the order);
- goods imports: billions of dollars in the year its own source line names, called approximate there.

Of two files of the folder nothing is read: imports that state neither year nor unit, and shares of trade under the
USMCA by sector that state no period. Others are no tariffs: they are refused by name.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pycountry

from sources import country_names, periods, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="tariffs",
    title="Additional tariffs by country and authority",
    publisher="Art of the Tariff",
    base_url="https://api.github.com/repos/arifshehab/art-of-the-tariff/contents/data",
    licence="none stated",
    tier=2,
    cadence_days=31,
    max_age_days=92,
    max_rows=100_000,
    max_bytes=32 * MEBIBYTE,
)

# The files of the listing, by name; of dated ones the newest.
WANTED = {
    "statutory tariffs": (re.compile(r"statutory_tariffs_20[0-9]{2}-[0-9]{2}-[0-9]{2}\.json"), Format.JSON),
    "trade deals": (re.compile(r"trump_2\.0_trade_deals\.csv"), Format.TEXT),
    "annex": (re.compile(r"annex_i_tariff_rates\.csv"), Format.TEXT),
    "imports": (re.compile(r"us-imports\.json"), Format.JSON),
}

COUNTRY_FIELDS = ("country", "country_code", "tariff_types", "deals")
TARIFF_FIELDS = ("authority", "name", "rate", "status", "effective_date", "citation_url")
DEAL_FIELDS = ("country_name", "date", "deal_type", "status", "link")
IMPORT_FIELDS = ("code", "name", "region", "value_busd")

# Authority and product, as the file has them: sections 232 and 122 of trade law, section 301 of the Trade Act of 1974.
SCOPES = {
    *(("s232", product) for product in ("steel", "aluminum", "autos", "auto_parts", "mhd_vehicles", "mhd_parts")),
    *(("s232", product) for product in ("buses", "semiconductors", "softwood_lumber", "wood_furniture")),
    ("s232", "kitchen_cabinets"),
    ("s122", "section_122"),
    ("s301", "china_301"),
}
# Whether a tariff of this status is in force.
STATUSES = {"active": True, "upcoming": False, "expired": False}
# What the file says of the goods a rate is for: such a rate is another population than that of the whole product.
COMMENTS = {
    "": "",
    "Does not apply to all products": ", not all products",
    "US content is exempt": ", without US content",
    "Applies to USMCA-compliant goods only": ", USMCA-compliant goods only",
}
# A fraction of more than this would be 500 percent: the unit has changed.
HIGHEST_FRACTION = 5
DEAL_KINDS = {"active": "trade_deal", "pending": "trade_deal_pending"}

ANNEX_HEADING = ["Country/Territory", "ISO Code", "Tariff Rate (%)"]
ANNEX_DAY = date(2025, 8, 7)
# No other annex has these two rates, both printed in the tariff schedule (9903.02.58 and .59).
ANNEX_MARKS = {"CHE": 39.0, "SYR": 41.0}
ANNEX_POPULATION = "IEEPA reciprocal, EO 14326"
ANNEX_POPULATION_EU = "IEEPA reciprocal, EO 14326, sum with the ordinary duty"

# More than the world trades: the unit has changed.
HIGHEST_IMPORTS = 10_000
IMPORTS_SOURCE = re.compile(r"US Census Bureau, goods imports (?P<year>20[0-9]{2}) \(approximate, draft figures\)")

# What the codes of the Census Bureau and of others have beside ISO 3166-1.
PALESTINE = "PSE"
OWN_CODES = {"XK": country_names.KOSOVO, "GZ": PALESTINE, "WE": PALESTINE}
# Rows on goods of Puerto Rico are not read: it is within the customs territory (19 CFR 101.1).
WITHIN = {"PR"}
EUROPEAN_UNION = {
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU"),
    *("LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
}

# Files of the same folder that are none of this source's kind, by the beginning of their first line of text.
REFUSED = {
    "Code,Name": "the Census Bureau's codes of countries",
    "cty_code,partner,country_name": "groups of countries",
    "revision,effective_date": "the days of the tariff schedule's revisions",
    "gtap_code,canada,mexico": "shares of trade under the USMCA, which state no period",
    "Harmonized Tariff Schedule": "the text of the tariff schedule",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An object of a JSON file: its number from 1 among its kind, and its fields."""

    number: int
    fields: Mapping[str, Any]


def plan(ask: Ask) -> Plan:
    """Ask for the listing of the folder, then for the newest file of each kind. Raises SourceChanged if one lacks."""
    listing = yield Request(key="listing", url=ask.base_url, formats=frozenset({Format.JSON}), is_listing=True)
    entries = tables.read_json(listing)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SourceChanged(SOURCE.id, f"{listing.url} is no listing of files")
    links = {str(entry.get("name")): str(entry.get("download_url")) for entry in entries}
    for key, (pattern, format_) in WANTED.items():
        names = sorted(name for name in links if pattern.fullmatch(name))
        if not names:
            raise SourceChanged(SOURCE.id, f"{listing.url} lists no file named like {pattern.pattern}")
        yield Request(key=key, url=links[names[-1]], formats=frozenset({format_}))


def parse(snapshot: Snapshot) -> Parsed:
    """Return tariff rates and trade deals, or approximate imports, from whichever of the files it is.

    Measure tariff_rate in percent, population authority and product; measure goods_imports_approximate in billions of
    dollars. Rates of different populations may meet on the same goods and are never added. Deals are acts of kind
    trade_deal or trade_deal_pending, on the day they were announced. Raises SourceChanged for an unknown file,
    column, authority, product, status, comment, unit or country, and for files that are of another kind.
    """
    quarantine = Quarantine(snapshot)
    if snapshot.format is Format.JSON:
        return _parse_json(tables.read_json(snapshot), snapshot, quarantine)
    try:
        heading = tables.heading(snapshot)
    except csv.Error as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: its first line is none of a table: {error}") from error
    if set(heading) == set(DEAL_FIELDS):
        deals = tables.read_csv(snapshot, {name: name for name in DEAL_FIELDS}, quarantine)
        return Parsed(acts=_acts(deals, snapshot, quarantine), withheld=quarantine.withheld)
    if set(heading) == set(ANNEX_HEADING):
        return Parsed(series=_annex(snapshot, quarantine), withheld=quarantine.withheld)
    line = ",".join(heading).strip()
    for start, what in REFUSED.items():
        if line.startswith(start):
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: has {what}, no tariffs by country; it is not read")
    raise SourceChanged(SOURCE.id, f"{snapshot.name}: columns {heading[:10]} are those of none of its files")


def _parse_json(document: Any, snapshot: Snapshot, quarantine: Quarantine) -> Parsed:
    found = sorted(document) if isinstance(document, dict) else type(document).__name__
    if found in (["last_updated", "tariffs"], ["last_updated", "source_url", "tariffs"]):
        as_of = _day(document["last_updated"], snapshot)
        countries = [record.fields for record in _records(document["tariffs"], COUNTRY_FIELDS, (), snapshot)]
        return Parsed(
            series=_rates(countries, as_of, snapshot, quarantine),
            acts=_acts(_deals(countries, snapshot), snapshot, quarantine),
            withheld=quarantine.withheld,
        )
    if found != ["countries", "last_updated", "source"]:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: parts {found} are those of none of its files")
    countries = document["countries"]
    if isinstance(countries, list) and countries and isinstance(countries[0], dict) and "total_imports" in countries[0]:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: total_imports states neither its year nor its unit; it is not read"
        )
    return Parsed(series=_imports(document, snapshot, quarantine), withheld=quarantine.withheld)


def _records(
    objects: Any, fields: Sequence[str], optional: Sequence[str], snapshot: Snapshot, start: int = 1
) -> Iterator[Record]:
    """Yield the objects of a list, numbered. Raises SourceChanged unless each has the fields and no unknown ones."""
    if not isinstance(objects, list):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: expected a list of objects with {list(fields)}")
    for number, found in enumerate(objects, start=start):
        names = set(found) if isinstance(found, dict) else {type(found).__name__}
        if not set(fields) <= names <= {*fields, *optional}:
            raise SourceChanged(
                SOURCE.id, f"{snapshot.name}: object {number} has {sorted(names)}; expected {[*fields, *optional]}"
            )
        yield Record(number=number, fields=found)


def _texts(records: Sequence[Record], fields: Sequence[str], quarantine: Quarantine) -> pd.DataFrame:
    """Return records as a table of texts; one with anything else is withheld."""
    rows = {}
    for record in records:
        values = {name: record.fields.get(name, "") for name in fields}
        if bad := [name for name, value in values.items() if not isinstance(value, str)]:
            quarantine.withhold(record.number, bad[0], f"found {values[bad[0]]!r:.60}", "a text")
        else:
            rows[record.number] = values
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(fields), dtype="str")


def _day(value: Any, snapshot: Snapshot) -> date:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: last_updated is {value!r:.60}; expected a day like 2026-07-01"
        )
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: last_updated is {value!r}: {error}") from error


def _codes(codes: "pd.Series[str]", snapshot: Snapshot) -> "pd.Series[str]":
    """Return alpha-3 codes for alpha-2 ones. Raises SourceChanged for unknown codes."""
    known = {country.alpha_2: country.alpha_3 for country in pycountry.countries} | OWN_CODES
    return tables.labels(codes.to_frame("country_code"), "country_code", known, snapshot).astype("str")


# --- Statutory tariffs ----------------------------------------------------------------------------------------------


def _rates(
    countries: Sequence[Mapping[str, Any]], as_of: date, snapshot: Snapshot, quarantine: Quarantine
) -> pd.DataFrame:
    records: list[Record] = []
    for country in countries:
        for record in _records(country["tariff_types"], TARIFF_FIELDS, ("comment",), snapshot, len(records) + 1):
            fields = {**record.fields, "country_code": country["country_code"]}
            records.append(Record(number=record.number, fields=fields))
    frame = _texts(records, ("country_code", *TARIFF_FIELDS, "comment"), quarantine)
    frame = frame[~frame["country_code"].isin(WITHIN)]
    is_in_force = tables.labels(frame, "status", STATUSES, snapshot).astype(bool)
    frame = quarantine.keep(frame, is_in_force, "status", "a tariff in force")
    frame["country_code"] = _codes(frame["country_code"], snapshot)
    frame["population"] = _populations(frame, snapshot)
    # The Gaza Strip and the West Bank have rows of their own, but one code: where they agree, one row is enough.
    is_shared = frame["country_code"] == PALESTINE
    frame = frame[~(is_shared & frame.duplicated())]
    frame = tables.once(frame, ["country_code", "population"], quarantine)
    if any("%" in rate for rate in frame["rate"]):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: a rate is written in percent; expected a fraction, 0.5")
    frame = tables.numbers(frame, "rate", quarantine, is_count=False)
    frame = quarantine.keep(frame, frame["rate"] >= 0, "rate", "a rate is not negative")
    if (high := frame.loc[frame["rate"] > HIGHEST_FRACTION, "rate"]).size:
        raise SourceChanged(
            SOURCE.id,
            f"{snapshot.name}: a rate of {high.iloc[0]:g} is no fraction of at most {HIGHEST_FRACTION}; has the unit "
            "become percent?",
        )
    frame = tables.days(frame, "effective_date", "%Y-%m-%d", quarantine)
    end = pd.Timestamp(as_of + timedelta(days=1))
    frame = quarantine.keep(
        frame, frame["effective_date"] < end, "effective_date", f"a day up to that of the file, {as_of}"
    )
    return _series(frame, frame["population"], (frame["rate"] * 100).round(6)).assign(
        start_date=frame["effective_date"], end_date=end
    )


def _populations(frame: pd.DataFrame, snapshot: Snapshot) -> "pd.Series[str]":
    scopes = pd.Series(list(zip(frame["authority"], frame["name"], strict=True)), index=frame.index, dtype=object)
    known = {scope: " ".join(scope) for scope in SCOPES}
    names = tables.labels(scopes.to_frame("authority and name"), "authority and name", known, snapshot)
    return (names + tables.labels(frame, "comment", COMMENTS, snapshot)).astype("str")


def _series(frame: pd.DataFrame, population: "pd.Series[str] | str", value: "pd.Series[float]") -> pd.DataFrame:
    series = pd.DataFrame({"country_code": frame["country_code"], "population": population, "value": value})
    return series.assign(measure="tariff_rate", unit="percent", unit_of_count="")


# --- Trade deals ----------------------------------------------------------------------------------------------------


def _deals(countries: Sequence[Mapping[str, Any]], snapshot: Snapshot) -> pd.DataFrame:
    """Return the deals that stand with each country of theirs, each once: the union's with each of its members."""
    records = [record for country in countries for record in _records(country["deals"], DEAL_FIELDS, (), snapshot)]
    for record in records:
        if bad := [name for name in DEAL_FIELDS if not isinstance(record.fields[name], str)]:
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: {bad[0]} of a deal is {record.fields[bad[0]]!r:.60}")
    deals = pd.DataFrame([record.fields for record in records], columns=list(DEAL_FIELDS), dtype="str")
    deals = deals.drop_duplicates(ignore_index=True)
    return deals.set_axis(range(1, len(deals) + 1))


def _acts(deals: pd.DataFrame, snapshot: Snapshot, quarantine: Quarantine) -> pd.DataFrame:
    deals = tables.once(deals, ["country_name", "date"], quarantine)
    for column, pattern, rule in (("deal_type", r"\S.*", "a title"), ("link", r"https://\S+", "an https address")):
        deals = quarantine.keep(deals, deals[column].str.fullmatch(pattern), column, rule)
    kinds = tables.labels(deals, "status", DEAL_KINDS, snapshot)
    partners = [_partners(name) for name in deals["country_name"]]
    written = deals["date"]
    deals = deals.assign(kind=kinds, country_codes=partners, written=written)
    deals = tables.days(deals, "date", "%Y-%m-%d", quarantine)
    return pd.DataFrame(
        {
            "act_id": "trade deal " + deals["written"] + " " + deals["country_name"],
            "kind": deals["kind"],
            "title": deals["deal_type"] + ": " + deals["country_name"],
            "signing_date": pd.NaT,
            "publication_date": deals["date"],
            "president": "",
            "citation_url": deals["link"],
            "country_codes": deals["country_codes"],
            "identifiers": "",
        }
    )


def _partners(name: str) -> str:
    """Return the countries of a deal: one, several with slashes between, or the members of the union."""
    if name == "European Union":
        return tables.join(sorted(country_names.code(member, SOURCE.id) for member in EUROPEAN_UNION))
    return tables.join(sorted(country_names.code(part, SOURCE.id) for part in name.split("/")))


# --- The annex, and imports -----------------------------------------------------------------------------------------


def _annex(snapshot: Snapshot, quarantine: Quarantine) -> pd.DataFrame:
    _, code, rate = ANNEX_HEADING
    columns = {code: "country_code", rate: "value"}
    frame = tables.read_csv(snapshot, columns, quarantine, ignored=ANNEX_HEADING[:1])
    is_of_union = frame["country_code"].isin(EUROPEAN_UNION)
    frame["population"] = is_of_union.map({True: ANNEX_POPULATION_EU, False: ANNEX_POPULATION}).astype("str")
    frame["country_code"] = _codes(frame["country_code"], snapshot)
    frame = tables.once(frame, ["country_code"], quarantine)
    frame = tables.numbers(frame, "value", quarantine, is_count=False)
    frame = quarantine.keep(frame, frame["value"] >= 0, "value", "a rate is not negative")
    rates = dict(zip(frame["country_code"], frame["value"], strict=True))
    if any(rates.get(code) != rate for code, rate in ANNEX_MARKS.items()):
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: its rates are not those of Executive Order 14326, which has {ANNEX_MARKS}"
        )
    return _series(frame, frame["population"], frame["value"]).assign(
        start_date=pd.Timestamp(ANNEX_DAY), end_date=pd.Timestamp(ANNEX_DAY + timedelta(days=1))
    )


def _imports(document: Mapping[str, Any], snapshot: Snapshot, quarantine: Quarantine) -> pd.DataFrame:
    stated = IMPORTS_SOURCE.fullmatch(str(document["source"]))
    if stated is None:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: source {document['source']!r:.80}; expected {IMPORTS_SOURCE.pattern}"
        )
    rows = {}
    for record in _records(document["countries"], IMPORT_FIELDS, (), snapshot):
        value, code = record.fields["value_busd"], record.fields["code"]
        # A bool is a kind of int in Python.
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < HIGHEST_IMPORTS:
            quarantine.withhold(
                record.number, "value_busd", f"found {value!r:.60}", "billions of dollars, not negative"
            )
        elif not isinstance(code, str):
            quarantine.withhold(record.number, "code", f"found {code!r:.60}", "a text")
        else:
            rows[record.number] = {"country_code": code, "value": float(value)}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["country_code", "value"])
    frame["country_code"] = _codes(frame["country_code"], snapshot)
    frame = tables.once(frame, ["country_code"], quarantine)
    year = periods.calendar_year(int(stated["year"]))
    return frame.assign(
        measure="goods_imports_approximate",
        population="all",
        start_date=pd.Timestamp(year.start),
        end_date=pd.Timestamp(year.end),
        unit="usd_billion",
        unit_of_count="",
    )
