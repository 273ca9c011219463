"""Tariffs: the unit of each file, rates for some goods only, the folder's other files, and broken ones."""

import csv
import io
import json
import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sources.connector import Ask, load
from sources.connectors import tariffs
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running

PAYLOADS = FIXTURES / "tariffs"
STATUTORY, ANNEX, DEALS, IMPORTS = (
    f"payload_{name}" for name in ("statutory.json", "annex.csv", "deals.csv", "imports.json")
)
NUMBER = re.compile(r"-?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)?(\.[0-9]*)?(e[-+]?[0-9]{1,2})?", re.I)
COMMENTS = {
    "": "",
    "Does not apply to all products": ", not all products",
    "Applies to USMCA-compliant goods only": ", USMCA-compliant goods only",
}
ALPHA_3 = {"MX": "MEX", "AT": "AUT", "DE": "DEU", "RU": "RUS", "GZ": "PSE", "WE": "PSE", "HN": "HND", "GT": "GTM"} | {
    "TW": "TWN",
    "BO": "BOL",
    "NI": "NIC",
    "CH": "CHE",
    "SY": "SYR",
    "VE": "VEN",
}


def parse(content, name="payload"):
    """Read bytes as the connector does."""
    return tariffs.parse(Snapshot.of(content, source_id="tariffs", name=name, retrieved=RETRIEVED))


def read(parsed):
    """Return what is compared with the oracle: rates by country and population, and deals."""
    rates = {(r.country_code, r.population): (r.value, r.start_date.date()) for r in parsed.series.itertuples()}
    return rates, {act.title.rsplit(": ", 1)[1]: act.publication_date.date() for act in parsed.acts.itertuples()}


def is_number(text):
    """Say whether a text is a number with at most thousands separators."""
    return bool(NUMBER.fullmatch(text.strip()) and re.search(r"[0-9]", text) and text.strip()[:1] not in "eE")


def is_day(text):
    """Say whether a text is a day such as 2026-07-01, and return it."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None
    return day if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None


def alone(rows):
    """Return, of rows by key, those that say one thing only."""
    groups = {}
    for key, row in rows:
        groups.setdefault(key, set()).add(row)
    return {key: next(iter(found)) for key, found in groups.items() if len(found) == 1}


def deals_of(rows):
    """Return the good deals by partner: (partner, day, title, status, link)."""
    kept = alone(((row[0], row[1]), row) for row in rows)
    good = [row for row in kept.values() if re.fullmatch(r"\S.*", row[2]) and re.fullmatch(r"https://\S+", row[4])]
    return {row[0]: day for row in good if (day := is_day(row[1]))}


def oracle_of_statutory(content):
    """Read the statutory tariffs with the standard library."""
    document = json.loads(content)
    rows = []
    for country in document["tariffs"]:
        for given in country["tariff_types"]:
            texts = {"comment": "", **given, "code": country["country_code"]}
            if all(isinstance(text, str) for text in texts.values()) and texts["status"] == "active":
                rows.append(texts)
    rates = {}
    rows = [row for row in rows if row["code"] != "PR"]
    keyed = []
    for row in rows:
        code = ALPHA_3[row["code"]]
        population = f"{row['authority']} {row['name']}{COMMENTS[row['comment']]}"
        keyed.append(((code, population), tuple(sorted((row | {"code": code}).items()))))
    for key, row in alone(keyed).items():
        cells = dict(row)
        if is_number(cells["rate"]) and (day := is_day(cells["effective_date"])):
            rates[key] = float(Decimal(cells["rate"].strip().replace(",", "")) * 100), day
    deals = {tuple(deal[name] for name in DEAL) for country in document["tariffs"] for deal in country["deals"]}
    return {key: (rate, day) for key, (rate, day) in rates.items() if rate >= 0}, deals_of(deals)


DEAL = ("country_name", "date", "deal_type", "status", "link")


def table(content):
    """Return the rows of a CSV file with as many cells as its heading, by column."""
    head, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    head = [name.strip().removeprefix("\ufeff") for name in head]
    return [dict(zip(head, line, strict=True)) for line in lines if len(line) == len(head)]


def oracle_of_annex(content):
    """Read the annex with the csv module."""
    union = {"DE"}
    name = "IEEPA reciprocal, EO 14326"
    rows = [(row["ISO Code"], (row["ISO Code"], row["Tariff Rate (%)"])) for row in table(content)]
    found = {}
    for code, (_, rate) in alone(rows).items():
        population = name + (", sum with the ordinary duty" if code in union else "")
        if is_number(rate) and float(rate.replace(",", "")) >= 0:
            found[ALPHA_3[code], population] = float(rate.replace(",", "")), datetime(2025, 8, 7, tzinfo=UTC).date()
    return found, {}


def oracle_of_deals(content):
    """Read the deals with the csv module."""
    return {}, deals_of({tuple(row[name] for name in DEAL) for row in table(content)})


def oracle_of_imports(content):
    """Read the imports with the standard library."""
    rows = []
    for row in json.loads(content)["countries"]:
        value = row["value_busd"]
        is_good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10_000
        if is_good and isinstance(row["code"], str):
            rows.append((row["code"], float(value)))
    start = datetime(2024, 1, 1, tzinfo=UTC).date()
    return {(ALPHA_3[code], "all"): (value, start) for code, value in alone(rows).items()}, {}


@pytest.mark.parametrize(
    ("name", "mutate", "oracle", "times"),
    [
        (STATUTORY, mutations.of_json, oracle_of_statutory, 350),
        (ANNEX, mutations.of_text, oracle_of_annex, 50),
        (DEALS, mutations.of_text, oracle_of_deals, 50),
        (IMPORTS, mutations.of_json, oracle_of_imports, 50),
    ],
)
def test_broken_files_are_refused_or_read_right(name, mutate, oracle, times):
    content = (PAYLOADS / name).read_bytes()
    mutations.check(load("tariffs"), content, mutate, oracle, read, times=times)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (STATUTORY, '"s232"', '"s337"', "s337"),
        (STATUTORY, '"steel"', '"tin"', "tin"),
        (STATUTORY, '"active"', '"paused"', "paused"),
        (STATUTORY, "USMCA-compliant goods only", "some goods", "some goods"),
        (STATUTORY, '"MX"', '"XX"', "XX"),
        (STATUTORY, '"rate"', '"rate_pct"', "rate_pct"),
        (STATUTORY, '"0.5"', '"50%"', "percent"),
        (STATUTORY, '"0.5"', '"50"', "unit"),
        (STATUTORY, '"last_updated": "2026-07-01"', '"last_updated": "2026-02-30"', "2026-02-30"),
        (STATUTORY, '"tariffs"', '"measures"', "measures"),
        (STATUTORY, '"European Union"', '"Atlantis"', "Atlantis"),
        (ANNEX, "(%)", "(fraction)", "fraction"),
        (ANNEX, ",CH,39", ",CH,31", "14326"),
        (ANNEX, ",BO,", ",XX,", "XX"),
        (DEALS, ",pending,", ",off,", "off"),
        (DEALS, "El Salvador", "Atlantis", "Atlantis"),
        (IMPORTS, "approximate, draft", "final", "final"),
        (IMPORTS, "value_busd", "value_musd", "value_musd"),
    ],
)
def test_an_unknown_label_field_or_unit_stops_the_source_by_name(name, old, new, said):
    content = (PAYLOADS / name).read_text(encoding="utf-8")
    assert old in content
    with pytest.raises(SourceChanged, match=said):
        parse(content.replace(old, new).encode())


def test_a_fraction_is_a_percentage_without_a_trace_of_binary():
    rates = read(parse((PAYLOADS / STATUTORY).read_bytes()))[0]
    assert rates["MEX", "s232 aluminum, not all products"][0] == 7.0
    assert rates["RUS", "s232 aluminum"][0] == 200.0


def test_where_gaza_and_the_west_bank_differ_neither_is_read():
    content = (PAYLOADS / STATUTORY).read_text(encoding="utf-8")
    parsed = parse(content.replace('"0.1"', '"0.2"', 1).encode())
    assert "PSE" not in set(parsed.series["country_code"])
    assert [w.row for w in parsed.withheld] == [6, 7, 10, 11]


def test_a_rate_from_a_day_after_that_of_the_file_is_withheld():
    content = (PAYLOADS / STATUTORY).read_text(encoding="utf-8")
    parsed = parse(content.replace('"effective_date": "2026-02-24"', '"effective_date": "2026-07-02"').encode())
    assert "s122 section_122" not in set(parsed.series["population"])
    assert [w.row for w in parsed.withheld if w.column == "effective_date"] == [4, 10]


GOLDEN = {
    "statutory_tariffs_2026-07-01.json": (2845, 71_135.0, 18),
    "annex_i_tariff_rates.csv": (95, 1707.0, 0),
    "trump_2.0_trade_deals.csv": (0, 0.0, 18),
    "us-imports.json": (56, 3130.0, 0),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_real_files_give_the_golden_sums(name, data):
    parsed = parse((data / "tariffs" / name).read_bytes(), name)
    assert (len(parsed.series), parsed.series["value"].sum(), len(parsed.acts)) == GOLDEN[name]
    assert parsed.withheld == ()


def test_the_real_deals_are_the_same_in_both_files(data):
    names = ("statutory_tariffs_2026-07-01.json", "trump_2.0_trade_deals.csv")
    found = [parse((data / "tariffs" / name).read_bytes()).acts.sort_values("act_id") for name in names]
    assert found[0].to_dict("records") == found[1].to_dict("records")


def test_mexico_has_a_rate_for_each_product_and_the_goods_it_is_for(data):
    series = parse((data / "tariffs" / "statutory_tariffs_2026-07-01.json").read_bytes()).series
    mexico = series[series["country_code"] == "MEX"].set_index("population")["value"]
    assert mexico["s232 steel"] == 50.0
    assert mexico["s232 autos, without US content"] == 25.0
    assert mexico["s232 auto_parts, USMCA-compliant goods only"] == 0.0
    assert mexico["s122 section_122"] == 10.0
    assert len(mexico) == 12


def schedule(text):
    """Return the rates that headings 9903.02.02 to .71 of the tariff schedule print, by country."""
    rates, block = {}, []
    for line in [*text.split("\n"), "9903.02.99 "]:
        if heading := re.match(r"\s*9903\.02\.([0-9]{2}) ", line):
            left = " ".join(" ".join(part[:85] for part in block).split())
            right = " ".join(part[85:] for part in block)
            partner = re.search(r"articles the product of ([A-Z][A-Za-z ]+?),? as provided", left)
            rate = re.search(r"\+?\s*([0-9]+)\s*%", right)
            if block and partner and rate:
                rates[partner[1]] = float(rate[1])
            block = [line] if 2 <= int(heading[1]) <= 71 else []
        elif block:
            block.append(line)
    return rates


def test_the_annex_has_the_rates_that_the_tariff_schedule_prints(data):
    printed = schedule((data / "tariffs" / "budgetlab_chapter99_2026_rev_6.txt").read_text(errors="replace"))
    rows = table((data / "tariffs" / "annex_i_tariff_rates.csv").read_bytes())
    annex = {row["Country/Territory"]: float(row["Tariff Rate (%)"]) for row in rows}
    both = printed.keys() & annex.keys()
    assert {name: printed[name] for name in both} == {name: annex[name] for name in both}
    assert both >= {"Brazil", "Bolivia", "Costa Rica", "Ecuador", "Guyana", "Nicaragua", "Venezuela", "Switzerland"}
    assert len(both) >= 55


REFUSED = {
    "budgetlab_census_codes.csv": "codes of countries",
    "budgetlab_chapter99_2026_rev_6.txt": "tariff schedule",
    "budgetlab_country_partner_mapping.csv": "groups of countries",
    "budgetlab_revision_dates.csv": "revisions",
    "budgetlab_usmca_shares.csv": "USMCA",
    "total_imports.json": "neither its year nor its unit",
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_of_other_kinds_are_refused_by_name(name, data):
    with pytest.raises(SourceChanged, match=REFUSED[name]):
        parse((data / "tariffs" / name).read_bytes(), name)


def test_every_file_of_the_folder_is_read_or_refused(data):
    assert Counter(path.name for path in (data / "tariffs").iterdir()) == Counter({**GOLDEN, **REFUSED}.keys())


def test_the_plan_takes_the_newest_of_each_file(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "tariffs")
        first, second = desk.gather(), desk.gather()
    assert (first.outcome, first.documents, first.new_documents, first.rows) == (Outcome.NEW, 5, 5, 20)
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, 20)
    kept = {o.key: o.url.rsplit("/", 1)[1] for o in desk.observations if not o.is_listing}
    assert kept["statutory tariffs"] == "statutory_tariffs_2026-07-01.json"
    assert set(kept) == {"statutory tariffs", "trade deals", "annex", "imports"}


def test_a_listing_without_a_file_fails_by_its_name():
    plan = tariffs.plan(Ask(base_url="https://example.org/data", today=RETRIEVED.date()))
    next(plan)
    listing = b'[{"name": "statutory_tariffs_latest.json", "download_url": "https://example.org/a"}]'
    with pytest.raises(SourceChanged, match="statutory_tariffs_20"):
        plan.send(Snapshot.of(listing, source_id="tariffs", name="listing", retrieved=RETRIEVED))
