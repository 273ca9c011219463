"""World Bank: groups among countries, errors with status 200, no data, the download's preamble, and the real files."""

import csv
import io
import json
import re
from datetime import date

import pycountry
import pytest

from sources import gathered
from sources.connector import Ask, load
from sources.connectors import world_bank
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running

FOLDER = FIXTURES / "world_bank"
MEASURES = {
    "BX.TRF.PWKR.DT.GD.ZS": ("remittances_received", "percent_of_gdp"),
    "BX.TRF.PWKR.CD.DT": ("remittances_received", "usd"),
    "NE.TRD.GNFS.ZS": ("trade", "percent_of_gdp"),
    "TX.VAL.MRCH.CD.WT": ("merchandise_exports", "usd"),
}
# Up to two digits of exponent: more is no amount of anything.
NUMBER = re.compile(r"-?([0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?|[0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,2})?")
COUNTRIES = {country.alpha_3 for country in pycountry.countries} | {"XKX"}


def parse(content, name="payload.json"):
    """Read bytes as the connector does."""
    return world_bank.parse(Snapshot.of(content, source_id="world_bank", name=name, retrieved=RETRIEVED))


def payload(name):
    """Return the bytes of a recorded payload."""
    return (FOLDER / name).read_bytes()


def page(*values, **head):
    """Return a page of these values, as an answer of the interface."""
    start = {"page": 1, "pages": 1, "per_page": 20_000, "total": len(values), "sourceid": "2", "lastupdated": ""}
    return json.dumps([start | head, list(values)]).encode()


def a_value(**changes):
    """Return one value: the trade of Honduras in 2024."""
    plain = {
        "indicator": {"id": "NE.TRD.GNFS.ZS", "value": "Trade (% of GDP)"},
        "country": {"id": "HN", "value": "Honduras"},
        "countryiso3code": "HND",
        "date": "2024",
        "value": 92.25,
        "unit": "",
        "obs_status": "",
        "decimal": 1,
    }
    return plain | changes


def values(parsed):
    """Return each value by measure, unit, country and year."""
    return {
        (row.measure, row.unit, row.country_code, row.start_date.year): row.value for row in parsed.series.itertuples()
    }


def clean(cells):
    """Return the cells that are amounts of a country and year, with their measure and unit: one for each key."""
    found = {}
    for (indicator, area, year), given in cells.items():
        text = next(iter(given))[-1].strip()
        is_clean = len(given) == 1 and area in COUNTRIES and re.fullmatch(r"(19|20)[0-9]{2}", year)
        if is_clean and NUMBER.fullmatch(text) and 0 <= float(text.replace(",", "")) < float("inf"):
            found[(*MEASURES[indicator], area, int(year))] = float(text.replace(",", ""))
    return found


def oracle_of_page(content):
    """Read an answer of the interface with the json module: each row once, and of rows that differ none."""
    cells = {}
    for value in json.loads(content.decode("utf-8-sig"))[1]:
        number = value["value"]
        text = "" if number is None else f"({number})" if isinstance(number, bool | list | dict) else str(number)
        key = (value["indicator"]["id"], value["countryiso3code"], str(value["date"]))
        cells.setdefault(key, set()).add((value["indicator"]["value"], text))
    return clean(cells)


def oracle_of_download(content):
    """Read the download with the csv module: no line of another length, each once, and of lines that differ none."""
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    head, *lines = [line for line in lines[4:] if line]
    rows = [dict(zip(head, line, strict=True)) for line in lines if len(line) == len(head)]
    years = [name for name in head if re.fullmatch("[0-9]{4}", name.strip())]
    seen = {}
    for row in rows:
        key = (row["Indicator Code"], row["Country Code"])
        seen.setdefault(key, set()).add((row["Indicator Name"], *(row[year] for year in years)))
    once = {key: next(iter(given)) for key, given in seen.items() if len(given) == 1}
    return clean(
        {
            (*key, year.strip()): {(given[0], given[place])}
            for key, given in once.items()
            for place, year in enumerate(years, start=1)
        }
    )


def test_broken_answers_are_refused_or_read_right():
    mutations.check(load("world_bank"), payload("payload_remittances.json"), mutations.of_json, oracle_of_page, values)


def test_broken_downloads_are_refused_or_read_right():
    content = payload("payload_download.csv")
    mutations.check(load("world_bank"), content, mutations.of_text, oracle_of_download, values)


def test_groups_are_told_from_countries_and_not_read():
    parsed = parse(payload("payload_remittances.json"))
    assert set(parsed.series["country_code"]) == {"GTM", "HND", "MEX", "XKX"}
    assert {"GTM", "MEX", "USA", "COL"}.isdisjoint(world_bank.GROUPS)
    assert not world_bank.GROUPS & COUNTRIES


@pytest.mark.parametrize(("code", "short_code"), [("", "XD"), ("", "XM"), ("", "XN"), ("", "XT"), ("WLD", "1W")])
def test_a_group_without_a_long_code_is_known_by_its_short_one(code, short_code):
    group = a_value(countryiso3code=code, country={"id": short_code, "value": "A group"})
    assert set(parse(page(group, a_value())).series["country_code"]) == {"HND"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"countryiso3code": "ATL"}, "ATL is neither a country"),
        ({"countryiso3code": "ATL", "value": None}, "ATL is neither a country"),
        ({"countryiso3code": "", "country": {"id": "Q1", "value": "New group"}}, "the code 'Q1' is neither a country"),
        ({"countryiso3code": ""}, "the code 'HN' is neither a country"),
        ({"indicator": {"id": "SP.POP.TOTL", "value": "Population"}}, "SP.POP.TOTL"),
        ({"indicator": {"id": "NE.TRD.GNFS.ZS", "value": "Trade (current US$)"}}, re.escape("Trade (current US$)")),
        ({"unit": "thousands"}, "unknown unit thousands"),
        ({"obs_status": "F"}, "unknown obs_status F"),
        ({"scale": ""}, "scale are missing or unknown"),
    ],
)
def test_an_unknown_area_indicator_unit_or_field_stops_the_source_by_name(changes, said):
    with pytest.raises(SourceChanged, match=said):
        parse(page(a_value(), a_value(**changes)))


def test_an_error_with_status_200_is_told_in_the_publishers_words():
    error = [{"message": [{"id": "120", "key": "Invalid value", "value": "The provided parameter value is not valid"}]}]
    with pytest.raises(SourceChanged, match="120 Invalid value The provided parameter value is not valid"):
        parse(json.dumps(error).encode())


def test_xml_is_not_read():
    with pytest.raises(SourceChanged, match="XML"):
        parse(b'<?xml version="1.0"?><wb:data xmlns:wb="http://www.worldbank.org"/>')


def test_no_data_is_no_row_and_zero_is_a_value():
    parsed = parse(page(a_value(value=None), a_value(date="2023", value=0)))
    assert values(parsed) == {("trade", "percent_of_gdp", "HND", 2023): 0}
    assert parsed.withheld == ()


def test_nothing_found_gives_no_rows():
    nothing = {"page": 0, "pages": 0, "per_page": 0, "total": 0, "sourceid": None, "lastupdated": None}
    assert parse(json.dumps([nothing, None]).encode()).rows == 0


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ({"total": 3}, "2 values; its head promises 3 of 3"),
        ({"total": 1}, "2 values; its head promises 1 of 1"),
        ({"page": 2, "total": 40_000, "pages": 2}, "2 values; its head promises 20000 of 40000"),
        ({"pages": "many"}, "pages many"),
        ({"next": "page 2"}, "next missing or unknown in the head"),
    ],
)
def test_a_page_that_is_not_whole_stops_the_source(head, said):
    with pytest.raises(SourceChanged, match=said):
        parse(page(a_value(), a_value(date="2023"), **head))


def test_the_head_may_give_its_numbers_as_text():
    assert parse(page(a_value(), per_page="50", total="1")).rows == 1


def test_a_bad_row_is_withheld_and_the_others_are_read():
    rows = [a_value(), a_value(), a_value(date="2024Q1"), a_value(date="\u0662\u0660\u0662\u0664")]
    rows += [a_value(date="2022", value=1), a_value(date="2022", value=2), a_value(date="2021", value=-1)]
    parsed = parse(page(*rows))
    assert values(parsed) == {("trade", "percent_of_gdp", "HND", 2024): 92.25}
    withheld = [(2, "indicator"), (3, "year"), (4, "year"), (5, "indicator"), (6, "indicator"), (7, "value")]
    assert [(w.row, w.column) for w in parsed.withheld] == withheld


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"Country Code"', b'"ISO3"', "ISO3"),
        (b'"2016"', b'"2016 [YR2016]"', re.escape("2016 [YR2016]")),
        (b'"2016"', b'"2015"', "twice"),
        (b'"BLZ"', b'"BLX"', "BLX is neither a country"),
        (b"NE.TRD.GNFS.ZS", b"NE.EXP.GNFS.ZS", "NE.EXP.GNFS.ZS"),
        (b"Trade (% of GDP)", b"Trade (constant LCU)", re.escape("Trade (constant LCU)")),
        (b'"Data Source",', b'"Source",', "Source"),
        (b"World Development Indicators", b"WDI Database Archives", "WDI Database Archives"),
        (b'"2015","2016","2017",', b"", "no year"),
    ],
)
def test_a_download_of_another_form_stops_the_source_by_name(old, new, said):
    content = payload("payload_download.csv")
    assert old in content
    with pytest.raises(SourceChanged, match=said):
        parse(content.replace(old, new), "payload_download.csv")


def test_a_download_resaved_without_its_mark_and_quotation_marks_is_the_same():
    content = payload("payload_download.csv")
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(lines)
    resaved = file.getvalue().encode()
    assert resaved.startswith(b"Data Source,")
    assert values(parse(resaved)) == values(parse(content))


# Read by eye from the files.
GOLDEN = {
    "API_BX.TRF.PWKR.DT.GD.ZS.csv": {
        ("HND", 2020): 23.6184253756916,
        ("SLV", 2020): 24.0928003375617,
        ("GTM", 2015): 10.4233702320772,
        ("MEX", 2019): 3.07395199360612,
        ("VEN", 2014): 0.0265362345081267,
    },
    "API_NE.TRD.GNFS.ZS.csv": {
        ("MEX", 2020): 78.1958216272735,
        ("HTI", 2020): 37.4138917322082,
        ("NIC", 2016): 93.8139856572196,
        ("VEN", 2014): 48.0908135255646,
    },
}
ROWS = {"API_BX.TRF.PWKR.DT.GD.ZS.csv": 6479, "API_NE.TRD.GNFS.ZS.csv": 8376}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_real_downloads_give_the_golden_values(name, data):
    content = (data / "exposure" / name).read_bytes()
    parsed = parse(content, name)
    found = values(parsed)
    measure, unit = MEASURES[name.removeprefix("API_").removesuffix(".csv")]
    for (code, year), value in GOLDEN[name].items():
        assert found[measure, unit, code, year] == value
    assert (measure, unit, "VEN", 2015) not in found
    assert len(found) == ROWS[name]
    assert found == oracle_of_download(content)
    assert parsed.withheld == ()


# --- Over real HTTP ---------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path):
    """Return an empty store beside the running publisher."""
    with running() as replay:
        yield Desk(tmp_path, replay, "world_bank")


def test_the_whole_plan_over_http_and_a_second_run_with_nothing_new(desk, monkeypatch):
    monkeypatch.setattr(world_bank, "PAGE_ROWS", 4)
    first = desk.gather()
    # Ten values of one indicator are three pages of four; three or four values are one page each.
    assert (first.outcome, first.documents, first.new_documents) == (Outcome.NEW, 6, 6)
    assert [w.column for w in first.withheld] == ["value", "value"]
    observations = desk.store.observations("world_bank")
    assert sorted(o.key for o in observations if o.key.startswith("BX.TRF.PWKR.DT.GD.ZS")) == [
        f"BX.TRF.PWKR.DT.GD.ZS page {number}" for number in (1, 2, 3)
    ]
    rows = gathered.series(desk.readings.standing(load("world_bank"), observations).readings)
    assert len(rows) == len(gathered.latest_vintage(rows)) == first.rows == 11
    assert rows.loc[rows["unit"] == "usd", "value"].sum() == 662_750_000_001
    second = desk.gather()
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, first.rows)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("format=json", "format=xml", "XML"),
        ("&per_page=20000", "&per_page=40000", "120 Invalid value The provided parameter value is not valid"),
        ("&date=2015:", "&date=2010:", "got 2014"),
        ("&page=", "&sheet=", "page 1 of 3; expected 2"),
        ("&date=2015:2026", "&date=1990:1991", "no values of BX.TRF.PWKR.DT.GD.ZS"),
        ("BX.TRF.PWKR.CD.DT", "NE.TRD.GNFS.ZS", "asked for BX.TRF.PWKR.CD.DT, got NE.TRD.GNFS.ZS"),
    ],
)
def test_an_answer_to_another_question_is_a_failure(tmp_path, monkeypatch, old, new, said):
    """The publisher answers 200 to nearly everything: the plan looks at what came."""
    folder = tmp_path / "fixtures" / "world_bank"
    folder.mkdir(parents=True)
    for path in FOLDER.glob("payload_*.json"):
        (folder / path.name).write_bytes(path.read_bytes())
    old_value = json.loads(page(a_value(indicator=document_indicator("BX.TRF.PWKR.DT.GD.ZS"), date="2014")))
    (folder / "payload_old.json").write_text(json.dumps(old_value), encoding="utf-8")
    request = world_bank.Request
    monkeypatch.setattr(
        world_bank, "Request", lambda **given: request(**given | {"url": given["url"].replace(old, new)})
    )
    monkeypatch.setattr(world_bank, "PAGE_ROWS", 4 if old == "&page=" else 20_000)
    with running(folder.parent) as replay:
        result = Desk(tmp_path, replay, "world_bank").gather()
    assert result.outcome is Outcome.FAILED
    assert said in result.faults[0]


def document_indicator(identifier):
    """Return the name of an indicator as the interface gives it."""
    ending = {"percent_of_gdp": "(% of GDP)", "usd": "(current US$)"}[MEASURES[identifier][1]]
    return {"id": identifier, "value": f"An indicator {ending}"}


def test_the_years_end_with_the_year_of_the_run():
    plan = world_bank.plan(Ask(base_url="https://example.org/v2", today=date(2027, 3, 1)))
    assert next(plan).url == (
        "https://example.org/v2/country/all/indicator/BX.TRF.PWKR.DT.GD.ZS"
        "?format=json&date=2015:2027&per_page=20000&page=1"
    )
