"""ICE removals by citizenship: ragged cells, totals that must be sums, broken files, and the golden numbers."""

import csv
import io
import re
from collections import Counter

import pytest

from sources.connector import Ask, load
from sources.connectors import ice_removals
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running

PAYLOADS = FIXTURES / "ice_removals"
REAL = "FY2017andFY2018ICERemovalsbyCountryofCitizenship.csv"
CODES = {
    "MEXICO": "MEX",
    "GUATEMALA": "GTM",
    "HONDURAS": "HND",
    "EL SALVADOR": "SLV",
    "BOSNIA-HERZEGOVINA": "BIH",
    "VENEZUELA": "VEN",
}
REST = {"UNKNOWN", "YUGOSLAVIA", "KOREA"}


def parse(content, name="payload.csv"):
    """Read bytes as the connector does."""
    return ice_removals.parse(Snapshot.of(content, source_id="ice_removals", name=name, retrieved=RETRIEVED))


def payload(name="payload.csv"):
    """Return a recorded file."""
    return (PAYLOADS / name).read_bytes()


def by_year(parsed):
    """Return the removals by country and fiscal year."""
    return {(row.country_code, row.end_date.year): int(row.value) for row in parsed.series.itertuples()}


def oracle(content):
    """Add up the clean cells of the rows that are there once, with the csv module."""
    head, *lines = [line for line in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if line]
    years = [int(name.strip()[-4:]) for name in head[1:]]
    lines = [[cell.strip() for cell in line] for line in lines if len(line) == len(head)]
    by_name = {}
    for name, *cells in lines:
        by_name.setdefault(name, []).append(cells)
    sums = Counter()
    seen = set()
    for name, (cells, *others) in by_name.items():
        if not name or name.upper() in {"TOTAL", "GRAND TOTAL"} or any(other != cells for other in others):
            continue
        for year, cell in zip(years, cells, strict=True):
            if re.fullmatch(r"([0-9]{1,15}|[0-9]{1,3}(,[0-9]{3})+)(\.0*)?", cell):
                code = "OTHER" if name in REST else CODES.get(name, name)
                seen.add((code, year))
                sums[code, year] += int(float(cell.replace(",", "")))
    return {key: sums[key] for key in seen}


@pytest.mark.parametrize(("name", "times"), [("payload.csv", 500), ("payload_total.csv", 200)])
def test_broken_files_are_refused_or_read_right(name, times):
    mutations.check(load("ice_removals"), payload(name), mutations.of_text, oracle, by_year, times=times)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"CountryOfCitizenship", b"CountryOfBirth", "CountryOfBirth"),
        (b",2018", b",2018 to date", "2018 to date"),
        (b",2018", b",FY2017", "twice"),
        (b"GUATEMALA,", b"ATLANTIS,", "ATLANTIS"),
        (b"YUGOSLAVIA,", b"Mexico,", "MEXICO"),
    ],
)
def test_an_unknown_column_or_country_stops_the_source_by_name(old, new, said):
    assert old in payload()
    with pytest.raises(SourceChanged, match=said):
        parse(payload().replace(old, new))


def test_a_total_that_is_not_the_sum_stops_the_source():
    content = payload("payload_total.csv").replace(b'Total,"1,077"', b'Total,"1,078"')
    with pytest.raises(SourceChanged, match="total of FY2019 is 1078, its rows add up to 1077"):
        parse(content)


def test_a_total_is_no_country_and_not_added():
    assert by_year(parse(payload("payload_total.csv"))) == {
        ("GTM", 2019): 1054,
        ("SLV", 2019): 19,
        ("OTHER", 2019): 4,
    }


def test_an_empty_cell_is_no_row_and_a_zero_is_one():
    found = by_year(parse(payload()))
    assert ("GTM", 2018) not in found
    assert found["BIH", 2017] == 0


def test_rows_that_differ_for_one_country_are_all_withheld():
    parsed = parse(payload().replace(b"YUGOSLAVIA, 1, 0", b"MEXICO, 121, 145"))
    assert "MEX" not in set(parsed.series["country_code"])
    assert [w.row for w in parsed.withheld] == [1, 3, 6, 7]


def test_a_panel_whose_deportations_are_no_counts_is_not_read():
    panel = b"iso3,year,remittances,deportations\nGTM,2017,1.5,0.0123\n"
    with pytest.raises(SourceChanged, match="deportations"):
        parse(panel)


def test_the_real_file_gives_the_golden_numbers(data):
    parsed = parse((data / "ice" / REAL).read_bytes(), REAL)
    found = by_year(parsed)
    assert (found["MEX", 2017], found["MEX", 2018]) == (128_765, 141_045)
    assert (found["GTM", 2017], found["GTM", 2018]) == (33_570, 50_390)
    assert (found["HND", 2017], found["HND", 2018]) == (22_381, 28_894)
    assert (found["SLV", 2017], found["SLV", 2018]) == (18_838, 15_445)
    sums = Counter()
    for (_, year), value in found.items():
        sums[year] += value
    assert sums == {2017: 226_119, 2018: 256_085}
    assert parsed.withheld == ()


def test_the_real_panel_whose_deportations_are_no_counts_is_refused(data):
    panels = [path for path in data.rglob("*remittances_deportations_panel*") if path.suffix == ".csv"]
    assert panels
    for path in panels:
        with pytest.raises(SourceChanged):
            parse(path.read_bytes(), path.name)


def page(*links):
    """Return a statistics page with links."""
    anchors = "".join(f'<a href="{link}">x</a>' for link in links)
    content = f"<!DOCTYPE html><html><body>{anchors}</body></html>".encode()
    url = "https://www.ice.gov/spotlight/statistics"
    return Snapshot.of(content, source_id="ice_removals", name="statistics", retrieved=RETRIEVED, url=url)


def test_a_page_without_a_table_fails_loudly():
    plan = ice_removals.plan(Ask(base_url="https://www.ice.gov", today=RETRIEVED.date()))
    next(plan)
    with pytest.raises(SourceChanged, match="links no CSV file named after removals by country"):
        plan.send(page("/removals/by-country", "/doclib/FY2019RemovalsByCountry.pdf"))


def test_the_plan_gathers_every_linked_table_once(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "ice_removals")
        first, second = desk.gather(), desk.gather()
    assert (first.outcome, first.documents, first.new_documents, first.rows) == (Outcome.NEW, 3, 3, 11)
    assert first.faults == ()
    assert (second.outcome, second.documents, second.new_documents, second.rows) == (Outcome.SAME, 3, 0, 11)
    keys = [observation.key for observation in desk.observations]
    assert sorted(set(keys)) == ["removals FY2017 FY2018", "removals FY2019", "statistics page"]
