"""OpenImmigration: years that are over, totals of parts, court files without a period, and how it differs from CBP."""

import csv
import json
import re
from collections import Counter
from datetime import date, datetime

import pytest

from reports.series import Number, disagreements, whole_world
from sources.connector import load
from sources.connectors import openimmigration
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.periods import Interval
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running

PAYLOAD = FIXTURES / "openimmigration" / "payload.json"
LISTS = {"yearly": ("total", "encounters_nationwide"), "swbByYear": ("count", "encounters_southwest_land_border")}


def parse(content, name="payload.json"):
    """Read bytes as the connector does."""
    return openimmigration.parse(Snapshot.of(content, source_id="openimmigration", name=name, retrieved=RETRIEVED))


def good():
    """Return the payload's tree without its bad row, so that its totals are held against each other."""
    tree = json.loads(PAYLOAD.read_bytes())
    del tree["yearly"][2], tree["swbByYear"][2]
    return tree


def dumped(tree):
    """Return a tree as bytes."""
    return json.dumps(tree).encode()


def values(parsed):
    """Return each figure by measure and the year its fiscal year ends in."""
    return {(row.measure, row.end_date.year): int(row.value) for row in parsed.series.itertuples()}


def oracle(content):
    """Read the two lists with the json module: clean cells of years that were over, each year once."""
    tree = json.loads(content.decode("utf-8-sig"))
    made = datetime.strptime(tree["lastUpdated"], "%B %Y").date()
    found = {}
    for field, (name, measure) in LISTS.items():
        given = {}
        for row in tree[field]:
            given.setdefault(cell(row["fy"]), set()).add(cell(row[name]))
        for year, counts in given.items():
            count = counts.pop().strip()
            is_clean = re.fullmatch(r"([0-9]{1,3}(,[0-9]{3})+|[0-9]{1,15})(\.0*)?", count) and not counts
            if re.fullmatch("20[0-9]{2}", year) and is_clean and date(int(year), 10, 1) <= made:
                found[measure, int(year)] = int(float(count.replace(",", "")))
    return found


def cell(value):
    """Return a cell as text; only whole numbers and text are read."""
    return str(value) if type(value) in (int, str) else repr([value])


@pytest.mark.parametrize(("tree", "times"), [(good(), mutations.TIMES), (json.loads(PAYLOAD.read_bytes()), 100)])
def test_broken_files_are_refused_or_read_right(tree, times):
    mutations.check(load("openimmigration"), dumped(tree), mutations.of_json, oracle, values, times=times)


def test_a_year_that_was_running_when_the_file_was_made_is_left_out():
    tree = good()
    assert max(year for _, year in values(parse(dumped(tree)))) == 2025
    for month, last in (("September 2026", 2025), ("October 2026", 2026)):
        tree["lastUpdated"] = month
        assert max(year for _, year in values(parse(dumped(tree)))) == last


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("grandTotal",), 3341, "grandTotal 3341; its years add up to 3340"),
        (("grandTotal",), None, "grandTotal None"),
        (("yearly", 0, "total"), 1001, "grandTotal 3340; its years add up to 3341"),
        (("componentByYear", 0, "OFO"), 401, "componentByYear of 2020"),
        (("componentByYear", 0, "OFO"), "400", "componentByYear of 2020"),
        (("componentByYear", 0, "fy"), 2019, "expected parts of None"),
        (("demographicsByYear", 0, "Families"), 0, "unknown demographicsByYear ['Families']"),
        (("source",), "ICE", "source 'ICE'"),
        (("lastUpdated",), "Jan. 2026", "lastUpdated 'Jan. 2026'"),
        (("lastUpdated",), "\u0662\u0660\u0662\u0666", "expected a month"),
        (("fiscalYearNote",), "Years are calendar years", "Years are calendar years"),
        (("monthly",), [], "monthly"),
        (("yearly", 0, "note"), "", "yearly has ['note']"),
        (("yearly",), {}, "yearly is no list"),
    ],
)
def test_a_total_label_or_definition_that_is_not_the_known_one_stops_the_source(path, value, said):
    tree = good()
    place = tree
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(SourceChanged, match=re.escape(said)):
        parse(dumped(tree))


def test_years_that_differ_are_withheld():
    tree = good()
    tree["swbByYear"].append({"fy": 2020, "count": 1})
    parsed = parse(dumped(tree))
    assert ("encounters_southwest_land_border", 2020) not in values(parsed)
    assert [(w.row, w.column) for w in parsed.withheld] == [(1, "swbByYear: fy"), (5, "swbByYear: fy")]


def test_neither_citizenships_nor_parts_become_rows():
    """The citizenships of a year are some of them only: beside the total they would be counted twice."""
    parsed = parse(dumped(good()))
    assert set(parsed.series["country_code"]) == {"GLOBAL"}
    assert not parsed.series.duplicated(["measure", "start_date"]).any()


@pytest.mark.parametrize("document", [[], {}, 7])
def test_another_document_is_refused(document):
    with pytest.raises(SourceChanged):
        parse(dumped(document))


def test_court_files_are_known_and_refused_as_they_state_no_period():
    court = {"code": "GT", "slug": "guatemala", "name": "Guatemala", "cases": 9, "completed": 9, "grants": 1}
    court |= {
        "denials": 1,
        "removals": 1,
        "grantRate": 11.1,
        "topCourts": [],
        "yearlyTrend": [{"year": 2020, "cases": 3}],
    }
    with pytest.raises(SourceChanged, match="court outcomes by nationality, of no stated period"):
        parse(dumped(court))


# --- The real files ---------------------------------------------------------------------------------------------------

REAL = {2020: 628_427, 2021: 1_933_048, 2022: 2_738_826, 2023: 3_148_444, 2024: 2_822_441, 2025: 662_270}


def real(data):
    """Return what the real file says."""
    return parse((data / "cbp" / "openimmigration_border-encounters.json").read_bytes())


def test_the_real_file_gives_the_golden_numbers(data):
    parsed = real(data)
    assert parsed.withheld == ()
    assert {year: value for (measure, year), value in values(parsed).items() if measure.endswith("wide")} == REAL
    assert values(parsed) == oracle((data / "cbp" / "openimmigration_border-encounters.json").read_bytes())


def test_the_real_court_files_are_refused_and_their_years_come_to_less_than_half(data):
    files = sorted((data / "eoir").glob("*.json"))
    assert len(files) == 12
    for path in files:
        with pytest.raises(SourceChanged, match="of no stated period"):
            parse(path.read_bytes(), path.name)
        tree = json.loads(path.read_bytes())
        assert sum(year["cases"] for year in tree["yearlyTrend"]) < tree["cases"] / 2


def test_it_is_lower_than_cbp_by_the_nationals_of_china(data):
    """Of CBP's own file, read with the csv module: why the two disagree."""
    nationwide, southwest = Counter(), Counter()
    with (data / "cbp" / "nationwide-encounters-fy20-fy23-state.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["Citizenship"] != "CHINA, PEOPLES REPUBLIC OF":
                count = int(float(row["Encounter Count"]))
                nationwide[int(row["Fiscal Year"])] += count
                southwest[int(row["Fiscal Year"])] += count * (row["Land Border Region"] == "Southwest Land Border")
    found = values(real(data))
    for year in (2020, 2021, 2022, 2023):
        assert found["encounters_nationwide", year] == nationwide[year]
        assert found["encounters_southwest_land_border", year] == southwest[year]


def numbers(parsed, source_id):
    """Return rows as a report takes them."""
    return [
        Number(
            source_id=source_id,
            measure=row.measure,
            country_code=row.country_code,
            population=row.population,
            interval=Interval(row.start_date.date(), row.end_date.date()),
            value=row.value,
            unit=row.unit,
            unit_of_count=row.unit_of_count,
            snapshot_sha256="0" * 64,
        )
        for row in parsed.series.itertuples()
    ]


def test_a_report_sets_it_beside_cbp(data):
    content = (data / "cbp" / "nationwide-encounters-fy20-fy23-state.csv").read_bytes()
    snapshot = Snapshot.of(content, source_id="cbp_encounters", name="cbp.csv", retrieved=RETRIEVED)
    cbp = numbers(load("cbp_encounters").parse(snapshot), "cbp_encounters")
    found = disagreements(whole_world([*cbp, *numbers(real(data), "openimmigration")]))
    assert {dispute.interval.end.year: dict(dispute.values) for dispute in found} == {
        2020: {"cbp_encounters": 646_822, "openimmigration": 628_427},
        2021: {"cbp_encounters": 1_956_519, "openimmigration": 1_933_048},
        2022: {"cbp_encounters": 2_766_582, "openimmigration": 2_738_826},
        2023: {"cbp_encounters": 3_201_144, "openimmigration": 3_148_444},
    }


# --- Over real HTTP ---------------------------------------------------------------------------------------------------


def test_the_whole_plan_over_http_and_a_second_run_with_nothing_new(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "openimmigration")
        first, second = desk.gather(), desk.gather()
        assert replay.asked == ["/openimmigration/data/border-encounters.json"] * 2
    assert (first.outcome, first.documents, first.new_documents, first.rows) == (Outcome.NEW, 1, 1, 7)
    assert [w.column for w in first.withheld] == ["yearly: total"]
    assert [o.key for o in desk.observations] == ["border encounters"] * 2
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, 7)
