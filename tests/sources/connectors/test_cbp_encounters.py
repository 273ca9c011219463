"""CBP encounters: the files' drifting columns, broken files, and the sums of the real ones."""

import csv
import io
import re
from collections import Counter

import pytest

from sources.connector import load
from sources.connectors import cbp_encounters
from sources.errors import SourceChanged
from sources.snapshots import Snapshot
from tests import mutations
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES

MONTHS = ["OCT", "NOV", "DEC", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP"]


def parse(content, name="payload.csv"):
    """Read bytes as the connector does."""
    return cbp_encounters.parse(Snapshot.of(content, source_id="cbp_encounters", name=name, retrieved=RETRIEVED))


def by_fiscal_month(parsed):
    """Return the encounters of each fiscal year and month."""
    sums = Counter()
    for row in parsed.series.itertuples():
        year = row.start_date.year + (row.start_date.month >= 10)
        sums[year, MONTHS[(row.start_date.month + 2) % 12]] += int(row.value)
    return +sums


def oracle(content):
    """Sum the counts by fiscal year and month with the csv module: no row that is not clean, and each row once."""
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    head, *lines = [line for line in lines if line]
    head = [name.strip().removeprefix("\ufeff") for name in head]
    rows = [dict(zip(head, line, strict=True)) for line in lines if len(line) == len(head)]
    unread = {"Month Grouping", "AOR", "AOR (Abbv)"}
    counts = {}
    for row in rows:
        key = frozenset((name, cell) for name, cell in row.items() if name not in {*unread, "Encounter Count"})
        counts.setdefault(key, []).append(row["Encounter Count"])
    sums = Counter()
    for key, given in counts.items():
        cells = dict(key)
        month = cells.get("Month abbv") or cells.get("Month (abbv)")
        year, count = cells["Fiscal Year"].removesuffix(" (FYTD)"), given[0].strip().replace(",", "")
        is_clean = re.fullmatch(r"[0-9]{1,15}(\.0*)?", count) and re.fullmatch(r"20[0-9][0-9]", year)
        if is_clean and len(set(given)) == 1:
            sums[int(year), month] += int(float(count))
    return +sums


@pytest.mark.parametrize("name", ["payload_nationwide.csv", "payload_southwest.csv"])
def test_broken_files_are_refused_or_read_right(name):
    content = (FIXTURES / "cbp_encounters" / name).read_bytes()
    mutations.check(load("cbp_encounters"), content, mutations.of_text, oracle, by_fiscal_month)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"Citizenship,", b"Nationality,", "Nationality"),
        (b",GUATEMALA,", b",ATLANTIS,", "ATLANTIS"),
        (b",OCT,", b",OKT,", "OKT"),
        (b"Title 42,", b"Title 43,", "Title 43"),
    ],
)
def test_an_unknown_column_or_label_stops_the_source_by_name(old, new, said):
    content = (FIXTURES / "cbp_encounters" / "payload_nationwide.csv").read_bytes()
    with pytest.raises(SourceChanged, match=said):
        parse(content.replace(old, new))


GOLDEN = {
    "sbo-encounters-fy19-fy22.csv": {2019: 977_509, 2020: 458_088, 2021: 1_734_686, 2022: 2_378_944},
    "sbo-encounters-fy22-fy25-aug.csv": {2022: 2_378_944, 2023: 2_475_669, 2024: 2_135_005, 2025: 432_059},
    "nationwide-encounters-fy20-fy23-state.csv": {2020: 646_822, 2021: 1_956_519, 2022: 2_766_582, 2023: 3_201_144},
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_real_files_give_the_golden_sums(name, data):
    parsed = parse((data / "cbp" / name).read_bytes(), name)
    sums = Counter()
    for (year, _), value in by_fiscal_month(parsed).items():
        sums[year] += value
    assert sums == GOLDEN[name]
    assert parsed.withheld == ()


def test_no_row_is_made_for_nationals_the_southwest_file_does_not_name(data):
    parsed = parse((data / "cbp" / "sbo-encounters-fy22-fy25-aug.csv").read_bytes())
    assert set(parsed.series["country_code"]) == {"GTM", "HND", "SLV", "MEX", "OTHER"}
