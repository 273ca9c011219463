"""UNHCR population: text for numbers, zeros that are none, its own codes, filters it ignores, and the real answers."""

import json
import re
from collections import Counter
from datetime import date

import pycountry
import pytest

from sources import gathered
from sources.connector import Ask, load
from sources.connectors import unhcr_population
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running

PAYLOAD = FIXTURES / "unhcr_population" / "payload.json"
MEASURES = {
    "refugees": "refugees",
    "asylum_seekers": "asylum_seekers",
    "returned_refugees": "returned_refugees",
    "idps": "internally_displaced",
    "returned_idps": "returned_internally_displaced",
    "stateless": "stateless",
    "ooc": "others_of_concern",
    "oip": "others_in_need_of_protection",
    "hst": "host_community",
}
NO_COUNTRY = {"UNK": ", origin unknown", "XXA": ", stateless", "TIB": ", Tibetan"}


def parse(content, name="payload.json"):
    """Read bytes as the connector does."""
    return unhcr_population.parse(Snapshot.of(content, source_id="unhcr_population", name=name, retrieved=RETRIEVED))


def document():
    """Return the payload's tree."""
    return json.loads(PAYLOAD.read_bytes())


def dumped(tree):
    """Return a tree as bytes."""
    return json.dumps(tree).encode()


def values(parsed):
    """Return each figure by measure, origin, place and first day."""
    return {
        (row.measure, row.country_code, row.population, f"{row.start_date:%Y-%m-%d}"): int(row.value)
        for row in parsed.series.itertuples()
    }


def oracle(content):
    """Add up an answer's figures with the json module: no cell that is not clean, and each row once."""
    seen = {}
    for item in json.loads(content.decode("utf-8-sig"))["items"]:
        cells = tuple(str(item[name]) if type(item[name]) in (int, str) else repr(item[name]) for name in MEASURES)
        seen.setdefault((str(item["year"]), item["coo_iso"], item["coa_iso"]), set()).add(cells)
    found = {}
    for (year, origin, asylum), rows in seen.items():
        if len(rows) > 1 or not re.fullmatch(r"(19|20)[0-9]{2}", year):
            continue
        for (name, measure), cell in zip(MEASURES.items(), next(iter(rows)), strict=True):
            if not re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+|[0-9]{1,15}", cell.strip()):
                continue
            count = int(cell.replace(",", ""))
            since = {"refugees": 1951, "asylum_seekers": 2000}.get(name, 9999)
            if not count and (int(year) < since or origin == asylum):
                continue
            is_return = name.startswith("returned")
            place = f"{'from' if name == 'returned_refugees' else 'in'} {asylum}{NO_COUNTRY.get(origin, '')}"
            key = (measure, "OTHER" if origin in NO_COUNTRY else origin, place)
            key += (f"{year}-01-01" if is_return else f"{year}-12-31",)
            found[key] = count
    return found


def test_broken_answers_are_refused_or_read_right():
    mutations.check(load("unhcr_population"), PAYLOAD.read_bytes(), mutations.of_json, oracle, values)


@pytest.mark.parametrize(("old", "new"), [(b'"refugees":28001', b'"refugees":"28001"'), (b'"184001"', b"184001")])
def test_a_number_is_the_same_as_text_and_as_number(old, new):
    content = PAYLOAD.read_bytes()
    assert values(parse(content.replace(old, new))) == values(parse(content))


def test_no_data_is_no_row_and_never_zero():
    tree = document()
    tree["items"] = [dict(tree["items"][3], refugees="-")]
    assert {key[0] for key in values(parse(dumped(tree)))} == {"asylum_seekers"}


@pytest.mark.parametrize(
    ("changes", "measures"),
    [
        ({"asylum_seekers": "0", "year": 2000}, {"refugees", "asylum_seekers"}),
        ({"asylum_seekers": "0", "year": 1999}, {"refugees"}),
        ({"asylum_seekers": 4, "year": 1999}, {"refugees", "asylum_seekers"}),
        ({"stateless": "0", "oip": "0", "ooc": 0}, {"refugees", "asylum_seekers"}),
        ({"coo_iso": "USA", "asylum_seekers": "0", "hst": 9}, {"refugees", "host_community"}),
    ],
)
def test_a_zero_is_a_figure_only_of_types_that_every_country_reports(changes, measures):
    tree = document()
    tree["items"] = [tree["items"][3] | changes]
    assert {key[0] for key in values(parse(dumped(tree)))} == measures


def test_the_iso_codes_are_read_and_not_those_of_unhcr():
    """UNHCR's AUS is Austria, its CHI is China, its GUA and COS are Guatemala and Costa Rica."""
    tree = document()
    tree["items"] = [tree["items"][3] | {"coo": "AUS", "coo_iso": "AUT", "coo_name": "Austria"}]
    assert {key[1] for key in values(parse(dumped(tree)))} == {"AUT"}
    assert ("asylum_seekers", "CHN", "in USA", "2024-12-31") in values(parse(PAYLOAD.read_bytes()))


def test_stocks_speak_of_the_last_day_of_the_year_and_returns_of_the_year():
    periods = {
        row.measure: (f"{row.start_date:%Y-%m-%d}", f"{row.end_date:%Y-%m-%d}")
        for row in parse(PAYLOAD.read_bytes()).series.itertuples()
        if row.start_date.year in (2022, 2024)
    }
    assert {name for name, period in periods.items() if period == ("2024-01-01", "2025-01-01")} == {
        "returned_internally_displaced"
    }
    assert periods["returned_refugees"] == ("2022-01-01", "2023-01-01")
    assert periods["refugees"] == ("2024-12-31", "2025-01-01")


def with_total(total):
    """Return an answer of two origins and their sum."""
    tree = json.loads((FIXTURES / "unhcr_population" / "payload_with_total.json").read_bytes())
    tree["items"][0]["asylum_seekers"] = total
    return tree


@pytest.mark.parametrize("total", [1010, 1006, 1014])
def test_a_total_is_checked_within_its_rounding_and_not_returned(total):
    found = values(parse(dumped(with_total(total))))
    assert sum(value for key, value in found.items() if key[0] == "asylum_seekers") == 1010


def test_a_total_that_is_not_the_sum_of_its_origins_stops_the_source():
    with pytest.raises(SourceChanged, match="asylum_seekers: found a total of 1015; its 2 origins add up to 1010"):
        parse(dumped(with_total(1015)))


def test_totals_without_origins_stop_the_source():
    tree = with_total(1010)
    tree["items"] = tree["items"][:1]
    with pytest.raises(SourceChanged, match="without its origins"):
        parse(dumped(tree))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"oip":', b'"others":', "others"),
        (b'"coo_iso":"GTM"', b'"coo_iso":"ATL"', "ATL"),
        (b'"coa_iso":"USA"', b'"coa_iso":"-"', "unknown coa_iso -"),
        (b'"coa_iso":"USA"', b'"coa_iso":"UNK"', "unknown coa_iso UNK"),
        (b'"maxPages": 1', b'"maxPages": "1"', "maxPages is '1'"),
        (b'"maxPages"', b'"pages"', "pages"),
        (b'"items": [', b'"items": [7,', "no list of objects"),
    ],
)
def test_an_unknown_field_or_country_stops_the_source_by_name(old, new, said):
    content = PAYLOAD.read_bytes()
    assert old in content
    with pytest.raises(SourceChanged, match=re.escape(said)):
        parse(content.replace(old, new))


def test_a_year_or_a_disputed_row_is_withheld_and_the_others_are_read():
    tree = document()
    good = tree["items"][3]
    tree["items"] = [good, good, good | {"coo_iso": "HND"}, good | {"coo_iso": "HND", "refugees": 1}]
    tree["items"] += [good | {"coo_iso": "SLV", "year": "\u0662\u0660\u0662\u0664"}]
    parsed = parse(dumped(tree))
    assert {key[1] for key in values(parsed)} == {"GTM"}
    assert [(w.row, w.column) for w in parsed.withheld] == [(2, "year"), (3, "year"), (4, "year"), (5, "year")]


def test_no_rows_at_all_give_none():
    assert parse(dumped({"page": 1, "short-url": "", "maxPages": 0, "total": [], "items": []})).rows == 0


GOLDEN = {
    "population_coa_USA.json": (
        {("GTM", 2024): 184_014, ("HND", 2024): 164_784, ("GTM", 2018): 84_848},
        {"refugees": 34_832_219, "asylum_seekers": 15_432_758, "returned_refugees": 25_371, "stateless": 262},
    ),
    "population_coa_COS.json": (
        {("GTM", 2024): 169, ("HND", 2024): 1_150},
        {
            "refugees": 1_889_937,
            "asylum_seekers": 1_037_494,
            "returned_refugees": 69_022,
            "stateless": 4_791,
            "others_of_concern": 55_173,
            "others_in_need_of_protection": 113_324,
            "host_community": 11_138,
        },
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_real_answers_give_the_golden_numbers(name, data):
    content = (data / "unhcr" / name).read_bytes()
    parsed = parse(content, name)
    golden, sums = GOLDEN[name]
    asylum = name[-8:-5].replace("COS", "CRI")
    found = values(parsed)
    for (origin, year), value in golden.items():
        assert found["asylum_seekers", origin, f"in {asylum}", f"{year}-12-31"] == value
    totals = Counter()
    for (measure, *_), value in found.items():
        totals[measure] += value
    assert totals == sums
    assert found == oracle(content)
    assert parsed.withheld == ()
    assert {key[1] for key in found} <= {c.alpha_3 for c in pycountry.countries} | {"OTHER"}


# --- Over real HTTP ---------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path):
    """Return an empty store beside the running publisher."""
    with running() as replay:
        yield Desk(tmp_path, replay, "unhcr_population")


def test_the_whole_plan_over_http_and_a_second_run_with_nothing_new(desk, monkeypatch):
    monkeypatch.setattr(unhcr_population, "PAGE_ROWS", 4)
    first = desk.gather()
    # The United States have six rows since 2015, two pages of four; each other country of asylum has one page.
    countries = len(unhcr_population.COUNTRIES_OF_ASYLUM)
    assert (first.outcome, first.documents, first.new_documents) == (Outcome.NEW, countries + 1, countries + 1)
    assert [w.column for w in first.withheld] == ["refugees"]
    observations = desk.store.observations("unhcr_population")
    assert {o.key for o in observations} >= {"USA page 1", "USA page 2", "CRI page 1"}
    # All but the one row of 1999; no two pages say the same of the same people.
    assert first.rows == parse(PAYLOAD.read_bytes()).rows - 1
    standing = desk.readings.standing(load("unhcr_population"), observations)
    rows = gathered.series(standing.readings)
    assert len(gathered.latest_vintage(rows)) == first.rows
    second = desk.gather()
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, first.rows)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("&coa=", "&country_of_asylum=", "asked for USA, got"),
        ("&coo_all=", "&each_origin=", "asked for each origin, got a sum over all"),
        ("&yearFrom=", "&from=", "asked for years from 2015, got 1999"),
        ("&page=", "&sheet=", "page 1 of"),
        ("&cf_type=ISO", "", "no rows for GTM"),
    ],
)
def test_a_filter_that_is_ignored_is_seen_in_the_answer(desk, monkeypatch, old, new, said):
    """The interface answers 200 with other rows: the wrong answer is kept, told, and nothing is read from it."""
    monkeypatch.setattr(unhcr_population, "PAGE_ROWS", 4 if old == "&page=" else 10_000)
    request = unhcr_population.Request
    monkeypatch.setattr(
        unhcr_population, "Request", lambda **given: request(**given | {"url": given["url"].replace(old, new)})
    )
    result = desk.gather()
    assert result.outcome is Outcome.FAILED
    assert said in result.faults[0]


def test_the_years_end_with_the_year_of_the_run():
    plan = unhcr_population.plan(Ask(base_url="https://example.org", today=date(2027, 3, 1)))
    assert "&yearFrom=2015&yearTo=2027&coa=USA&coo_all=true&cf_type=ISO" in next(plan).url
