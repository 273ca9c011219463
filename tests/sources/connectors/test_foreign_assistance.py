"""Foreign assistance: fiscal years that are not over or began in July, programmes of regions, and the real file."""

import csv
import io
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime

import pytest

from sources import gathered
from sources.connector import Ask, load
from sources.connectors import foreign_assistance
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running

FOLDER = FIXTURES / "foreign_assistance"
TABLE = "payload.csv"
MEASURES = {"Obligations": "foreign_aid_obligations", "Disbursements": "foreign_aid_disbursements"}
REGIONAL = {"CNA", "WHN"}
NUMBER = re.compile(r"-?([0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?|[0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,2})?")


def parse(content, name=TABLE, retrieved=RETRIEVED):
    """Read bytes as the connector does."""
    snapshot = Snapshot.of(content, source_id="foreign_assistance", name=name, retrieved=retrieved)
    return foreign_assistance.parse(snapshot)


def payload(name=TABLE):
    """Return the bytes of a recorded payload."""
    return (FOLDER / name).read_bytes()


def table(*rows):
    """Return rows of code, name, type, year and amount as the bytes of a file of the Western Hemisphere."""
    head = payload().decode().splitlines()[0]
    lines = [f'{c},"{n}",6,Western Hemisphere,NULL,NULL,2,{t},{y},{a},1' for c, n, t, y, a in rows]
    return "\n".join([head, *lines, ""]).encode()


def of_honduras(*pairs):
    """Return a file of obligations to Honduras, by year and amount."""
    return table(*(("HND", "Honduras", "Obligations", year, amount) for year, amount in pairs))


def values(parsed):
    """Return each value by measure, country, population and period."""
    return {
        (row.measure, row.country_code, row.population, f"{row.start_date:%Y-%m-%d}", f"{row.end_date:%Y-%m-%d}"): (
            row.value
        )
        for row in parsed.series.itertuples()
    }


def period(year):
    """Return the days of a fiscal year, by hand."""
    if year == "1976tq":
        return "1976-07-01", "1976-10-01"
    month = "07" if int(year) < 1977 else "10"
    return f"{int(year) - 1}-{month}-01", f"{year}-{month}-01"


def oracle(content):
    """Read a file with the csv module: no row that is not clean, each row once, and of rows that differ none."""
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    head, *lines = [line for line in lines if line]
    names = [name.strip().removeprefix("\ufeff") for name in head]
    rows = [dict(zip(names, line, strict=True)) for line in lines if len(line) == len(names)]
    rows = [row for row in rows if row["Transaction Type Name"] in MEASURES]
    years = [row["Fiscal Year"].strip() for row in rows]
    last = max((int(y) for y in years if re.fullmatch(r"(19|20)[0-9]{2}", y) and int(y) <= 2026), default=0)
    seen = defaultdict(set)
    for row in rows:
        year = row["Fiscal Year"].strip().lower()
        is_year = re.fullmatch(r"(19|20)[0-9]{2}|1976tq", year)
        if row["Region Name"] == "Western Hemisphere" and is_year:
            key = (row["Country Code"], row["Transaction Type Name"], year)
            seen[key].add((row["Country Name"], row["current_amount"]))
    found = {}
    for (code, kind, year), given in seen.items():
        name, amount = next(iter(given))
        is_clean = len(given) == 1 and NUMBER.fullmatch(amount.strip()) and abs(float(amount.replace(",", ""))) < 1e300
        if is_clean and int(year[:4]) < last:
            who = ("REGION", name.strip()) if code in REGIONAL else (code, "all")
            found[MEASURES[kind], *who, *period(year)] = float(amount.replace(",", ""))
    return found


def test_broken_files_are_refused_or_read_right():
    mutations.check(load("foreign_assistance"), payload(), mutations.of_text, oracle, values)


# --- Fiscal years -----------------------------------------------------------------------------------------------------


def test_a_fiscal_year_runs_from_october_and_until_1976_from_july():
    found = values(parse(of_honduras((1975, 1), (1976, 2), ("1976tq", 3), (1977, 4), (1978, 5), (2020, 6))))
    assert {key[3:]: value for key, value in found.items()} == {
        ("1974-07-01", "1975-07-01"): 1,
        ("1975-07-01", "1976-07-01"): 2,
        ("1976-07-01", "1976-10-01"): 3,
        ("1976-10-01", "1977-10-01"): 4,
        ("1977-10-01", "1978-10-01"): 5,
    }


def test_the_last_fiscal_year_of_the_file_is_left_out_with_a_note():
    parsed = parse(of_honduras((2022, 1), (2023, 2), (2024, 3)))
    assert {key[4] for key in values(parsed)} == {"2022-10-01", "2023-10-01"}
    (note,) = parsed.withheld
    assert (note.row, note.column) == (3, "year")
    assert note.reason == "rows of 2024 left out: 1; it is the last fiscal year of the file, or a later one"


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        (datetime(2025, 9, 30, tzinfo=UTC), {"2023-10-01", "2024-10-01"}),
        (datetime(2025, 10, 1, tzinfo=UTC), {"2023-10-01", "2024-10-01", "2025-10-01"}),
    ],
)
def test_a_year_that_has_not_begun_does_not_make_the_running_one_whole(day, ends):
    """2026 begins on 1 October 2025; before that a row of 2026 is no sign that 2025 is over."""
    content = of_honduras((2023, 1), (2024, 2), (2025, 3), (2026, 4))
    assert {key[4] for key in values(parse(content, retrieved=day))} == ends


def test_a_plan_for_later_years_does_not_make_a_year_whole():
    rows = [("HND", "Honduras", "Obligations", 2023, 1), ("HND", "Honduras", "Obligations", 2024, 2)]
    rows += [("HND", "Honduras", "President's Budget Requests", 2026, 3)]
    assert {key[4] for key in values(parse(table(*rows)))} == {"2023-10-01"}


# --- Areas, amounts, labels -------------------------------------------------------------------------------------------


def test_programmes_of_regions_are_told_apart_by_name():
    found = values(parse(payload()))
    assert {key[2] for key in found if key[1] == "REGION"} == {"Central America Region", "Western Hemisphere Region"}


def test_no_amount_is_no_row_and_zero_and_less_are_amounts():
    found = values(parse(of_honduras((2019, "NULL"), (2020, ""), (2021, 0), (2022, -5), (2023, 1))))
    assert {key[4][:4]: value for key, value in found.items()} == {"2021": 0, "2022": -5}


def test_a_row_given_twice_is_one_and_two_that_differ_are_none():
    parsed = parse(of_honduras((2020, 1), (2020, 1), (2021, 2), (2021, 3), (2022, 4)))
    assert {key[4][:4]: value for key, value in values(parsed).items()} == {"2020": 1}
    assert [w.row for w in parsed.withheld] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"Fiscal Year", b"FY", "FY"),
        (b"constant_amount", b"constant_2024_amount", "constant_2024_amount"),
        (b"Obligations", b"Commitments", "Commitments"),
        (b"Sub-Saharan Africa", b"Africa", "unknown region"),
        (b"GTM,Guatemala", b"GTX,Guatemala", "'GTX' (Guatemala) is no country"),
        (b"GTM,Guatemala", b"GTM,Honduras", "GTM is called 'Honduras'"),
        (b"GTM,Guatemala", b"GTM,Kingdom of Quetzals", "unknown country 'Kingdom of Quetzals'"),
        (b"CNA,Central America Region", b"CNA,Central Asia Region", "CNA is called 'Central Asia Region'"),
        (b"CNA,Central America Region", b"XNA,Central America Region", "'XNA' (Central America Region) is no country"),
    ],
)
def test_an_unknown_column_or_label_stops_the_source_by_name(old, new, said):
    content = payload()
    assert old in content
    with pytest.raises(SourceChanged, match=re.escape(said)):
        parse(content.replace(old, new))


def test_countries_of_other_regions_are_not_read():
    assert {key[1] for key in values(parse(payload()))} == {"GTM", "VCT", "ANT", "REGION"}


# --- The real file ----------------------------------------------------------------------------------------------------

GOLDEN_SUMS = {
    ("foreign_aid_obligations", "1946-07-01"): 26_801_000,
    ("foreign_aid_obligations", "1976-07-01"): 415_274_000,
    ("foreign_aid_obligations", "1976-10-01"): 86_612_000,
    ("foreign_aid_obligations", "2019-10-01"): 1_624_934_277,
    ("foreign_aid_disbursements", "2019-10-01"): 1_547_147_525,
    ("foreign_aid_obligations", "2022-10-01"): 2_117_802_895,
    ("foreign_aid_obligations", "2024-10-01"): 1_358_534_110,
    ("foreign_aid_disbursements", "2024-10-01"): 1_536_120_053,
}
# Read by eye from the file.
GOLDEN = {
    ("HND", "all", "2023-10-01"): 193_945_833,
    ("SLV", "all", "2005-10-01"): 42_871_918,
    ("REGION", "Western Hemisphere Region", "2022-10-01"): 311_838_963,
    ("REGION", "Central America and Caribbean Region", "2022-10-01"): -4_378,
}


def test_the_real_file_gives_the_golden_sums(data):
    content = (data / "exposure" / "us_foreign_aid_country_whemisphere.csv").read_bytes()
    parsed = parse(content)
    found = values(parsed)
    sums = Counter()
    for (measure, *_, end), value in found.items():
        sums[measure, end] += value
    assert {key: sums[key] for key in GOLDEN_SUMS} == GOLDEN_SUMS
    obligations = {(*key[1:3], key[4]): value for key, value in found.items() if key[0] == "foreign_aid_obligations"}
    assert {key: obligations[key] for key in GOLDEN} == GOLDEN
    # All but the 39 rows of 2025, which was running.
    assert len(found) == 2299 + 955 - 39
    assert max(key[4] for key in found) == "2024-10-01"
    assert [w.reason.split(";")[0] for w in parsed.withheld] == ["rows of 2025 left out: 39"]
    # The file at hand has no row of these: they are missing, and not without aid.
    assert {key[1] for key in found}.isdisjoint({"GTM", "HTI", "COL", "ECU", "PER"})


# --- Over real HTTP ---------------------------------------------------------------------------------------------------


def test_the_whole_plan_over_http_and_a_second_run_with_nothing_new(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "foreign_assistance")
        first, second = desk.gather(), desk.gather()
    # The page and the file.
    assert (first.outcome, first.documents, first.new_documents) == (Outcome.NEW, 2, 2)
    observations = desk.observations
    assert {(o.key, o.is_listing) for o in observations} == {("data page", True), ("country summary", False)}
    rows = gathered.series(desk.readings.standing(load("foreign_assistance"), observations).readings)
    assert first.rows == len(rows) == 10
    assert rows["value"].sum() == -50 + 12 + 30 + 800 + 200 + 900 + 1000 + 5 + 40 + 60
    assert [w.column for w in first.withheld] == ["year", "amount"]
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, 10)


def page(content):
    """Return a data page."""
    url = "https://foreignassistance.gov/data"
    return Snapshot.of(content, source_id="foreign_assistance", name="data", retrieved=RETRIEVED, url=url)


def test_a_page_that_links_nothing_leads_to_the_publishers_storage_and_nowhere_else():
    empty = b"<!DOCTYPE html><html><body><div id='root'></div></body></html>"
    usual = foreign_assistance.plan(Ask(base_url="https://foreignassistance.gov", today=date(2026, 1, 15)))
    next(usual)
    assert usual.send(page(empty)).url == foreign_assistance.STORAGE
    other = foreign_assistance.plan(Ask(base_url="https://example.org", today=date(2026, 1, 15)))
    next(other)
    with pytest.raises(SourceChanged, match="links no file"):
        other.send(page(empty))


def test_a_link_may_be_relative_and_signed():
    plan = foreign_assistance.plan(Ask(base_url="https://foreignassistance.gov", today=date(2026, 1, 15)))
    next(plan)
    linked = page(
        b"<html><a href='/f/us_foreign_aid_country.csv.zip'></a><a href='/f/us_foreign_aid_country.csv?a=1'></a>"
    )
    assert plan.send(linked).url == "https://foreignassistance.gov/f/us_foreign_aid_country.csv?a=1"
