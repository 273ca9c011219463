"""Census trade: zeros that are no figures, groups among partners, years checked against months, and the real file."""

import csv
import io
import json
import random
import re
from collections import Counter, defaultdict

import pytest

from sources import gathered
from sources.connector import Request, load
from sources.connectors import census_trade
from sources.errors import SourceChanged, SourceRefused
from sources.formats import Format
from sources.gathering import Outcome
from sources.network import Fetcher, Limits
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running
from tests.workbooks import workbook

FOLDER = FIXTURES / "census_trade"
TABLE, WORKBOOK, ANSWER = "payload.csv", "payload.xlsx", "payload_answer.json"
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
HEAD = ["year", "CTY_CODE", "CTYNAME", *(f"{flow}{month}" for flow in "IE" for month in [*MONTHS, "YR"])]
NUMBER = re.compile(r"-?([0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?|[0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,2})?")
# The partners of the payloads, by code and in case of another code by name; the rest are groups.
BY_CODE = {
    "2010": ("MEX", "all"),
    "2050": ("GTM", "all"),
    "2390": ("CUB", "all"),
    "2450": ("HTI", "all"),
    "2150": ("HND", "all"),
    "2110": ("SLV", "all"),
    "2250": ("PAN", "all"),
    "4350": ("CSK", "all"),
    "5082": ("PSE", "Gaza Strip"),
    "5083": ("PSE", "West Bank"),
    "5460": ("MMR", "all"),
    "5800": ("KOR", "all"),
}
BY_NAME = {
    "Mexico": "MEX",
    "Guatemala": "GTM",
    "Cuba": "CUB",
    "Haiti": "HTI",
    "Honduras": "HND",
    "El Salvador": "SLV",
    "Panama": "PAN",
    "Czechoslovakia": "CSK",
    "Burma (Myanmar)": "MMR",
}
NO_COUNTRY = {"International Organizations", "Unidentified Countries"}


def parse(content, name=TABLE):
    """Read bytes as the connector does."""
    return census_trade.parse(Snapshot.of(content, source_id="census_trade", name=name, retrieved=RETRIEVED))


def payload(name):
    """Return the bytes of a recorded payload."""
    return (FOLDER / name).read_bytes()


def line(year, code, name, imports=(), exports=()):
    """Return a row of the table whose years are the sums of their months; the months not given are 0."""
    flows = [[*flow, *[0] * (12 - len(flow))] for flow in (imports, exports)]
    return [year, code, name, *flows[0], sum(flows[0]), *flows[1], sum(flows[1])]


def table(*lines):
    """Return rows as the bytes of a table."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([HEAD, *lines])
    return file.getvalue().encode()


def answer(*rows, head=("CTY_CODE", "CTY_NAME", "GEN_VAL_MO", "time")):
    """Return rows as the bytes of an answer of the interface."""
    return json.dumps([list(head), *rows]).encode()


def values(parsed):
    """Return each value by measure, country, population and month."""
    return {
        (row.measure, row.country_code, row.population, f"{row.start_date:%Y-%m}"): row.value
        for row in parsed.series.itertuples()
    }


# --- What the payloads hold, read by simpler means --------------------------------------------------------------------


def partner(code, name):
    """Return the country and population of a code and name of the payloads, or None for a group."""
    if code in BY_CODE:
        return BY_CODE[code]
    name = " ".join(name.split()).title()
    if name in NO_COUNTRY:
        return "OTHER", name
    return (BY_NAME[name], f"code {code}") if name in BY_NAME else None


def amount(text):
    """Return a cell as an amount, or None."""
    number = float(text.strip().replace(",", "")) if NUMBER.fullmatch(text.strip()) else -1.0
    return number if 0 <= number < float("inf") else None


def once(rows):
    """Return each key's cells: of rows that say the same one, of rows that differ none."""
    return {key: next(iter(given)) for key, given in rows.items() if len(given) == 1}


def oracle_of_table(content):
    """Read a table with the csv module."""
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    head, *lines = [given for given in lines if given]
    rows = defaultdict(set)
    for given in lines:
        if len(given) != len(head):
            continue
        cells = {name.strip().removeprefix("\ufeff"): cell for name, cell in zip(head, given, strict=True)}
        code = cells["CTY_CODE"].strip().zfill(4)
        found = partner(code, cells["CTYNAME"])
        if found and re.fullmatch(r"(19|20)[0-9]{2}", cells["year"]):
            flows = tuple(tuple(cells[f"{flow}{month}"] for month in [*MONTHS, "YR"]) for flow in "IE")
            rows[cells["year"], code].add((found, flows))
    known, trades = {}, defaultdict(lambda: defaultdict(bool))
    for key, (found, flows) in once(rows).items():
        for measure, (*months, stated) in zip(("goods_imports", "goods_exports"), flows, strict=True):
            amounts = {number: amount(cell) for number, cell in enumerate(months, start=1)}
            amounts = {number: value for number, value in amounts.items() if value is not None}
            if len(amounts) == 12 and stated.strip():
                year = amount(stated)
                if year is None or abs(year - sum(amounts.values())) > 13 * 0.05 + 1e-6:
                    continue
            for number, value in amounts.items():
                trades[key[0], number][key] |= value != 0
                if any(amounts.values()):
                    known[measure, *found, f"{key[0]}-{number:02d}"] = value
    published = [month for month, who in trades.items() if sum(who.values()) / len(who) >= 0.5]
    last = max(published, default=("0", 0))
    return {key: value for key, value in known.items() if key[3] <= f"{last[0]}-{last[1]:02d}"}


def oracle_of_answer(content):
    """Read an answer with the json module."""
    head, *lines = json.loads(content.decode("utf-8-sig"))
    rows = defaultdict(set)
    for given in lines:
        if len(given) != len(head):
            continue
        cells = {name: "" if cell is None else str(cell) for name, cell in zip(head, given, strict=True)}
        found = partner(cells["CTY_CODE"].strip(), cells["CTY_NAME"])
        if found and re.fullmatch(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])", cells["time"]):
            rows[cells["time"], cells["CTY_CODE"].strip()].add((found, cells["GEN_VAL_MO"]))
    found = {(time, who): amount(value) for (time, _), (who, value) in once(rows).items()}
    return {("goods_imports", *who, time): value / 1e6 for (time, who), value in found.items() if value is not None}


def test_broken_tables_are_refused_or_read_right():
    mutations.check(load("census_trade"), payload(TABLE), mutations.of_text, oracle_of_table, values, times=300)


def test_broken_answers_are_refused_or_read_right():
    mutations.check(load("census_trade"), payload(ANSWER), mutations.of_json, oracle_of_answer, values, times=200)


def test_a_broken_workbook_is_refused_or_read_as_the_whole_one():
    content = payload(WORKBOOK)
    whole = values(parse(content, WORKBOOK))
    refused = 0
    for seed in range(100):
        chance = random.Random(seed)
        place = chance.randrange(len(content))
        flipped = content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]
        try:
            assert values(parse(flipped, WORKBOOK)) == whole, f"seed {seed}"
        except SourceChanged:
            refused += 1
    assert 0 < refused < 100
    with pytest.raises(SourceChanged):
        parse(content[: len(content) // 2], WORKBOOK)


# --- The traps --------------------------------------------------------------------------------------------------------


def test_the_workbook_and_the_same_table_as_text_say_the_same():
    """A workbook has codes and years as numbers: 0004 comes as 4."""
    lines = [row for row in csv.reader(io.StringIO(payload(TABLE).decode())) if row[1] not in ("2010", "code")]
    assert values(parse(workbook({"country": lines, "Sheet2": []}), WORKBOOK)) == values(parse(table(*lines[1:])))


def test_a_month_to_come_is_no_row_whether_zero_or_blank():
    for nothing in (0, ""):
        months = [5.5, 6, *[nothing] * 10]
        content = table([2025, "2010", "Mexico", *months, 11.5, *months, 11.5], line(2024, "2010", "Mexico", [1] * 12))
        found = values(parse(content))
        assert max(key[3] for key in found) == "2025-02"
        assert 0 not in found.values()


def test_a_zero_in_a_published_month_is_a_figure():
    content = table(
        line(2025, "2010", "Mexico", [5, 5, 5], [4, 4, 4]),
        line(2025, "2390", "Cuba", [], [1, 0, 1]),
        line(2025, "2050", "Guatemala", [3, 0, 0], [2, 2, 2]),
    )
    found = values(parse(content))
    assert found["goods_exports", "CUB", "all", "2025-02"] == 0
    assert found["goods_imports", "GTM", "all", "2025-03"] == 0
    assert max(key[3] for key in found) == "2025-03"


def test_a_partner_that_is_zero_all_year_has_no_figure():
    """Czechoslovakia goes on with zeros until 2003; what was not there has not traded nothing."""
    content = table(line(2003, "4350", "Czechoslovakia"), line(2003, "2010", "Mexico", [1] * 12, [1] * 12))
    assert {key[1] for key in values(parse(content))} == {"MEX"}


def test_a_stray_figure_in_a_month_to_come_makes_no_zeros_of_the_others():
    content = table(
        line(2025, "2010", "Mexico", [5, 5, 0, 0, 0, 9], [4, 4]),
        line(2025, "2050", "Guatemala", [3, 3], [2, 2]),
        line(2025, "2150", "Honduras", [3, 3], [2, 2]),
    )
    assert max(key[3] for key in values(parse(content))) == "2025-02"


def test_groups_are_not_countries():
    names = ["OPEC", "World, Seasonally Adjusted", "North America", "Euro Area", "USMCA with Mexico (Consump)"]
    groups = [line(2020, f"{n:04d}", name, [9] * 12, [9] * 12) for n, name in enumerate(names, start=1)]
    found = values(parse(table(*groups, line(2020, "2010", "Mexico", [1] * 12, [1] * 12))))
    assert {key[1] for key in found} == {"MEX"}


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        ("2010", "Guatemala", "2010 is MEX in Schedule C, but is called 'Guatemala'"),
        ("2010", "Asia", "2010 is MEX in Schedule C, but is called 'Asia'"),
        ("0031", "Arctic Council", "'Arctic Council' with code '0031' is no partner"),
        ("9999", "Atlantis", "'Atlantis' with code '9999' is no partner"),
        ("0012", "Mexico", "'Mexico' with code '0012' is no partner"),
    ],
)
def test_an_unknown_or_contradictory_partner_stops_the_source_by_name(code, name, said):
    with pytest.raises(SourceChanged, match=re.escape(said)):
        parse(table(line(2020, code, name, [1] * 12, [1] * 12)))
    with pytest.raises(SourceChanged, match=re.escape(said)):
        parse(answer([code, name, "5", "2026-01"]), ANSWER)


def test_a_former_code_of_a_country_stands_beside_the_one_of_today():
    content = table(line(2011, "7320", "Sudan", [1] * 12), line(2011, "7321", "Sudan", [2] * 12))
    sums = Counter()
    for (_, code, population, _), value in values(parse(content)).items():
        sums[code, population] += value
    assert sums == {("SDN", "code 7320"): 12, ("SDN", "all"): 24}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"IYR", b"ITOTAL", "ITOTAL"),
        (b"EFEB", b"EJAN", "twice"),
        (b",CTYNAME", b"", "CTYNAME"),
    ],
)
def test_an_unknown_column_stops_the_source_by_name(old, new, said):
    content = payload(TABLE)
    with pytest.raises(SourceChanged, match=said):
        parse(content.replace(old, new, 1))
    lines = list(csv.reader(io.StringIO(content.replace(old, new, 1).decode())))
    with pytest.raises(SourceChanged, match=said):
        parse(workbook({"country": lines}), WORKBOOK)


def test_a_second_sheet_with_data_stops_the_source_by_name():
    with pytest.raises(SourceChanged, match="Revisions"):
        parse(workbook({"country": [HEAD], "Revisions": [["a"]]}), WORKBOOK)


@pytest.mark.parametrize(("stated", "is_read"), [(78, True), (78.65, True), (78.66, False), ("", True), ("?", False)])
def test_a_year_is_the_sum_of_its_months_within_rounding(stated, is_read):
    row = line(2020, "2010", "Mexico", range(1, 13), [1] * 12)
    row[HEAD.index("IYR")] = stated
    parsed = parse(table(row))
    assert {key[0] for key in values(parsed)} == {"goods_exports", *(["goods_imports"] if is_read else [])}
    assert [(w.row, w.column) for w in parsed.withheld] == ([] if is_read else [(1, "IYR")])


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (("CTY_CODE", "CTY_NAME", "GEN_VAL_YR", "time"), "GEN_VAL_YR"),
        (("CTY_CODE", "CTY_NAME", "GEN_VAL_MO", "ALL_VAL_MO", "time"), "ALL_VAL_MO"),
        (("CTY_CODE", "CTY_NAME", "GEN_VAL_MO", "I_COMMODITY", "time"), "I_COMMODITY"),
        (("CTY_CODE", "CTY_NAME", "GEN_VAL_MO", "time", "time"), "time"),
        (("CTY_CODE", "CTY_NAME", "GEN_VAL_MO"), "time"),
    ],
)
def test_an_answer_with_other_columns_stops_the_source(head, said):
    with pytest.raises(SourceChanged, match=said):
        parse(answer(head=head), ANSWER)


def test_an_answer_of_an_unknown_level_or_form_stops_the_source():
    head = ("CTY_CODE", "CTY_NAME", "GEN_VAL_MO", "SUMMARY_LVL", "time")
    with pytest.raises(SourceChanged, match="STATE"):
        parse(answer(["2010", "MEXICO", "5", "STATE", "2026-01"], head=head), ANSWER)
    with pytest.raises(SourceChanged, match="list of lists"):
        parse(b'{"error": "no"}', ANSWER)
    with pytest.raises(SourceChanged, match="not a table"):
        parse(b"error: unknown variable 'X'", ANSWER)


def test_an_answer_is_in_dollars_and_a_row_is_in_millions():
    head = ("CTY_CODE", "CTY_NAME", "ALL_VAL_MO", "time")
    found = values(parse(answer(["2010", "MEXICO", "28000125000", "2026-01"], head=head), ANSWER))
    assert found == {("goods_exports", "MEX", "all", "2026-01"): 28_000.125}


# --- The real file ----------------------------------------------------------------------------------------------------

# Sums of all months, and values read by eye.
GOLDEN_SUMS = {
    ("goods_imports", "1985"): 35_090.6,
    ("goods_exports", "1985"): 23_170.6,
    ("goods_imports", "2020"): 375_176.2325,
    ("goods_exports", "2020"): 280_309.8932,
    ("goods_imports", "2021"): 65_473.3803,
    ("goods_exports", "2021"): 53_286.6403,
}
GOLDEN = {
    ("goods_imports", "MEX", "all", "1985-01"): 1303.3,
    ("goods_exports", "MEX", "all", "1985-12"): 1017.4,
    ("goods_imports", "HND", "all", "2020-04"): 172.420588,
    ("goods_exports", "HND", "all", "2020-12"): 445.304532,
    ("goods_imports", "MEX", "all", "2021-01"): 29040.93815,
}


def test_the_real_file_gives_the_golden_values(data):
    content = (data / "exposure" / "census_trade_by_country_latam.csv").read_bytes()
    parsed = parse(content)
    found = values(parsed)
    assert {key: found[key] for key in GOLDEN} == GOLDEN
    sums = Counter()
    for (measure, *_, month), value in found.items():
        sums[measure, month[:4]] += value
    assert {key: round(sums[key], 4) for key in GOLDEN_SUMS} == GOLDEN_SUMS
    assert max(key[3] for key in found) == "2021-02"
    # 685 whole years and 20 of two months, of two flows.
    assert len(found) == 2 * (685 * 12 + 20 * 2)
    assert len({key[1] for key in found}) == 20
    assert parsed.withheld == ()


# --- Over real HTTP ---------------------------------------------------------------------------------------------------


def fetcher():
    """Return a fetcher with little patience."""
    limits = Limits(read_seconds=2, connect_seconds=2, total_seconds=5, attempts=2, first_wait_seconds=0.01)
    return Fetcher("policydiff tests", limits, sleep=lambda _: None)


def test_the_whole_plan_over_http_and_a_second_run_with_nothing_new(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "census_trade")
        first, second = desk.gather(), desk.gather()
    assert (first.outcome, first.documents, first.new_documents) == (Outcome.NEW, 1, 1)
    assert [w.column for w in first.withheld] == ["IDEC"]
    observations = desk.observations
    assert [(o.key, o.url.rsplit("/", 1)[-1]) for o in observations] == [("country workbook", "country.xlsx")] * 2
    rows = gathered.series(desk.readings.standing(load("census_trade"), observations).readings)
    assert rows.loc[rows["country_code"] == "NIC", "value"].sum() == 3672 + 1800
    assert first.rows == len(rows) == 47
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, 47)


def interface(replay, query, flow="imports"):
    """Return what the interface answers to a query, as the connector reads it."""
    client = fetcher()
    url = f"{replay.base_url('census_trade')}/data/timeseries/intltrade/{flow}/hs?{query}"
    request = Request(key=flow, url=url, formats=frozenset({Format.JSON}))
    try:
        with client.get(request, census_trade.SOURCE, None) as got:
            return parse(got.file.read(), ANSWER) if got.file.seek(0) == 0 else None
    finally:
        client.close()


def test_an_answer_of_the_interface_is_read_and_its_refusals_are_told():
    with running() as replay:
        query = "get=CTY_CODE,CTY_NAME,{}&SUMMARY_LVL=DET&time=2026-01{}"
        found = values(interface(replay, query.format("GEN_VAL_MO", "&key=a-key")))
        assert found["goods_imports", "MEX", "all", "2026-01"] == 41_000.250125
        found = values(interface(replay, query.format("ALL_VAL_MO", "&key=a-key"), "exports"))
        assert found["goods_exports", "OTHER", "Unidentified Countries", "2026-01"] == 1.5
        for key, title in (("", "Missing Key"), ("&key=another", "Invalid Key")):
            with pytest.raises(SourceRefused, match=title):
                interface(replay, query.format("GEN_VAL_MO", key))
        with pytest.raises(SourceChanged, match="unknown variable 'GEN_VAL'"):
            interface(replay, query.format("GEN_VAL", "&key=a-key"))
        with pytest.raises(SourceChanged, match="EMPTY"):
            interface(replay, query.format("GEN_VAL_MO", "&key=a-key").replace("2026-01", "2031-01"))
