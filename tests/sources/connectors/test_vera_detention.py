"""Vera's daily detention figures: what adds up, what is missing, broken files, and the real file."""

import csv
import io
import re
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from sources.connector import load
from sources.connectors import vera_detention
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, Fault, running

PAYLOAD = FIXTURES / "vera_detention" / "payload.csv"
MEASURES = {"midnight_pop": "detained_population", "book_in": "detention_book_ins"}


def parse(content, name="payload.csv"):
    """Read bytes as the connector does."""
    return vera_detention.parse(Snapshot.of(content, source_id="vera_detention", name=name, retrieved=RETRIEVED))


def by_day(parsed):
    """Return the values by measure and day."""
    return {(row.measure, row.start_date.date()): int(row.value) for row in parsed.series.itertuples()}


def oracle(content):
    """Read the clean cells of days that are there once and add up, with the csv module."""
    head, *lines = [line for line in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if line]
    head = [name.strip().removeprefix("\ufeff") for name in head]
    rows = [dict(zip(head, line, strict=True)) for line in lines if len(line) == len(head)]
    days = {}
    for row in rows:
        days.setdefault(row["date"], []).append(row)
    found = {}
    for day, (row, *others) in days.items():
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day) or any(other != row for other in others):
            continue
        try:
            when = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            continue
        counts = {
            name: int(float(cell.strip().replace(",", "")))
            for name, cell in row.items()
            if re.fullmatch(r"([0-9]{1,15}|[0-9]{1,3}(,[0-9]{3})+)(\.0*)?", cell.strip())
        }
        whole = {"daily_pop", "midnight_pop", "book_out"}
        if whole <= counts.keys() and counts["daily_pop"] != counts["midnight_pop"] + counts["book_out"]:
            continue
        found |= {(measure, when): counts[name] for name, measure in MEASURES.items() if name in counts}
    return found


def test_broken_files_are_refused_or_read_right():
    mutations.check(load("vera_detention"), PAYLOAD.read_bytes(), mutations.of_text, oracle, by_day)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"midnight_pop", b"noon_pop", "noon_pop"),
        (b",book_out", b"", "book_out"),
        (b"book_out", b"book_out,transfers", "transfers"),
    ],
)
def test_an_unknown_or_missing_column_stops_the_source_by_name(old, new, said):
    with pytest.raises(SourceChanged, match=said):
        parse(PAYLOAD.read_bytes().replace(old, new, 1))


def test_the_population_of_24_hours_contains_that_of_midnight_and_is_not_returned():
    assert set(parse(PAYLOAD.read_bytes()).series["measure"]) == set(MEASURES.values())


def test_days_that_differ_are_both_withheld():
    parsed = parse(PAYLOAD.read_bytes() + b"2019-05-01,50010.0,49001.0,1300.0,1009.0\n")
    assert date(2019, 5, 1) not in {day for _, day in by_day(parsed)}
    assert [w.row for w in parsed.withheld] == [1, 3, 4, 5, 6, 8]


def test_the_real_file_gives_every_day(data):
    parsed = parse((data / "ice" / "vera_national_daily_detention.csv").read_bytes())
    found = by_day(parsed)
    assert parsed.withheld == ()
    days = {measure: sorted(day for of, day in found if of == measure) for measure in MEASURES.values()}
    assert {measure: (len(of), of[0], of[-1]) for measure, of in days.items()} == dict.fromkeys(
        MEASURES.values(), (6097, date(2008, 10, 1), date(2025, 6, 10))
    )
    assert found["detained_population", date(2008, 10, 1)] == 32_589
    assert found["detained_population", date(2025, 6, 10)] == 54_303
    book_ins = Counter()
    for (measure, day), value in found.items():
        if measure == "detention_book_ins":
            book_ins[day.year + (day.month >= 10)] += value
    assert (book_ins[2024], book_ins[2025]) == (276_861, 197_561)


def test_the_plan_gathers_the_file_once_and_waits_when_told_to(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "vera_detention")
        replay.fail("vera_detention", Fault.BUSY, times=1)
        first, second = desk.gather(), desk.gather()
    assert (first.outcome, first.documents, first.new_documents, first.rows) == (Outcome.NEW, 1, 1, 6)
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, 6)
    (observation, _) = desk.observations
    with desk.store.open(observation.sha256) as kept:
        assert kept.read() == PAYLOAD.read_bytes()
