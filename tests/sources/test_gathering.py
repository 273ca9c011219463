"""Gathering over real HTTP against a publisher on loopback: what it gives, and every way in which it fails."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from sources.connector import Request, load
from sources.errors import SourceChanged, SourceError
from sources.formats import Format
from sources.gathering import Outcome, hand_over
from sources.network import Fetcher, Limits
from sources.snapshots import Result
from tests.desk import Desk
from tests.replay.server import FIXTURES, Fault, running

FIRST_RUN = datetime(2026, 1, 15, 12, tzinfo=UTC)
PATIENCE = Limits(
    read_seconds=0.5,
    connect_seconds=0.5,
    total_seconds=2,
    attempts=2,
    first_wait_seconds=0.01,
    longest_wait_seconds=0.1,
)
PAGE = "/document/stats/southwest-land-border-encounters"
PAYLOAD = FIXTURES / "cbp_encounters" / "payload_southwest.csv"


@pytest.fixture
def replay():
    """Run the publishers on loopback."""
    with running() as server:
        yield server


@pytest.fixture
def desk(tmp_path, replay):
    """Return an empty store beside the running publishers."""
    return Desk(tmp_path, replay, "cbp_encounters")


def test_a_run_stores_reads_and_says_what_came(desk):
    result = desk.gather()
    assert (result.outcome, result.documents, result.new_documents, result.rows) == (Outcome.NEW, 4, 4, 8)
    assert [w.row for w in result.withheld] == [7]
    assert "cbp_encounters: southwest: new, 445 bytes" in desk.said


def test_a_second_run_with_nothing_new_asks_conditionally_and_stores_no_object(desk, tmp_path):
    desk.gather()
    objects = sorted((tmp_path / "store" / "objects").rglob("*"))
    result = desk.gather()
    assert (result.outcome, result.new_documents, result.rows) == (Outcome.SAME, 0, 8)
    assert sorted((tmp_path / "store" / "objects").rglob("*")) == objects
    assert [o.result for o in desk.store.observations("cbp_encounters")][4:].count(Result.NOT_MODIFIED) == 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.BUSY, "answered 429 (2 attempts)"),
        (Fault.ERROR, "answered 500 (2 attempts)"),
        (Fault.HANG, "timed out"),
        (Fault.DRIP, "not complete after 2 s"),
        (Fault.CUT, "peer closed connection"),
        (Fault.HTML, "links no file"),
        (Fault.LOOP, "more than 5 redirects"),
        (Fault.BOMB, "more than 67108864 bytes"),
        (Fault.CHARSET, "expected HTML"),
        (Fault.EMPTY, "EMPTY content"),
    ],
)
def test_each_way_of_failing_is_told_recorded_and_leaves_the_last_good_snapshot(desk, replay, fault, said):
    desk.gather()
    replay.fail("cbp_encounters", fault)
    started = time.monotonic()
    result = desk.gather(PATIENCE if fault is Fault.DRIP else replace(PATIENCE, total_seconds=60))
    assert time.monotonic() - started < 60
    assert result.outcome is Outcome.FAILED
    assert said in result.faults[0]
    assert result.rows == 8, "what was good before serves"
    failures = [o for o in desk.store.observations("cbp_encounters") if o.result is Result.FAILED]
    assert [failure.reason for failure in failures] == [result.faults[0]]
    replay.heal()
    assert desk.gather().outcome is not Outcome.FAILED


def test_a_plan_that_can_do_without_a_document_goes_on_and_the_failure_is_told(desk):
    def plan(ask):
        for key in ("broken", "payload"):
            try:
                yield Request(key=key, url=f"{ask.base_url}/{key}", formats=frozenset({Format.TEXT, Format.HTML}))
            except SourceError:
                continue
        yield Request(key="page", url=ask.base_url + PAGE, formats=frozenset({Format.HTML}), is_listing=True)

    desk.connector = replace(desk.connector, plan=plan)
    result = desk.gather()
    assert result.outcome is Outcome.FAILED
    assert [fault.split(": ")[1][:12] for fault in result.faults] == ["answered 404", "answered 404"]
    assert result.documents == 1
    assert "cbp_encounters: page: new, 323 bytes" in desk.said


def test_every_version_of_a_document_that_keeps_its_versions_stands(desk, tmp_path):
    folder = tmp_path / "cbp_encounters"
    folder.mkdir()

    def plan(ask):
        file = "/sites/default/files/2026-07/sbo-encounters-fy23-fy26-jun.csv"
        yield Request(key="file", url=ask.base_url + file, formats=frozenset({Format.TEXT}), keeps_versions=True)

    desk.connector = replace(desk.connector, plan=plan)
    with running(tmp_path) as other:
        desk.replay = other
        for count in (b"624", b"625", b"625"):
            (folder / "payload_southwest.csv").write_bytes(PAYLOAD.read_bytes().replace(b"624", count))
            result = desk.gather()
    assert (result.outcome, result.rows) == (Outcome.SAME, 6)


def test_what_waiting_mends_is_tried_again(desk, replay):
    replay.fail("cbp_encounters", Fault.ERROR, times=1)
    assert desk.gather().outcome is Outcome.NEW


def test_the_rate_limit_of_a_host_holds_over_all_requests_and_spares_no_other(desk):
    pauses = []
    fetcher = Fetcher("policydiff tests", PATIENCE, sleep=pauses.append)
    source = desk.connector.source
    for url in ("https://a.example/1", "https://a.example/2", "https://b.example/1", "https://a.example/3"):
        fetcher._wait_turn(url, source)
    fetcher.close()
    assert [round(pause) for pause in pauses] == [1, 2]


def test_a_file_that_shrinks_to_nothing_is_refused_and_the_last_good_one_serves(desk, tmp_path):
    lines = [
        "Fiscal Year,Month Grouping,Month (abbv),Component,Demographic,Citizenship Grouping,Title of Authority,"
        "Encounter Type,Encounter Count"
    ]
    months = ("OCT", "NOV", "DEC", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP")
    row = "{},FYTD,{},U.S. Border Patrol,FMUA,Honduras,Title 8,Apprehensions,5"
    whole = "\n".join([*lines, *(row.format(year, month) for year in (2022, 2023) for month in months)])
    folder = tmp_path / "cbp_encounters"
    folder.mkdir()
    (folder / "payload_nationwide.csv").write_bytes((PAYLOAD.parent / "payload_nationwide.csv").read_bytes())
    (folder / "payload_southwest.csv").write_text(whole)
    with running(tmp_path) as replay:
        desk.replay = replay
        assert desk.gather().rows == 5 + 24
        (folder / "payload_southwest.csv").write_text("\n".join(whole.split("\n")[:3]))
        result = desk.gather()
        assert result.outcome is Outcome.FAILED
        assert "2 rows, and 24 the last time" in result.faults[0]
        assert result.rows == 5 + 24


def test_files_handed_over_stand_side_by_side_as_if_fetched_on_their_day(desk, tmp_path):
    older, newer = tmp_path / "older.csv", tmp_path / "newer.csv"
    older.write_bytes(PAYLOAD.read_bytes())
    newer.write_bytes(PAYLOAD.read_bytes().replace(b"624", b"700"))
    for path, day in ((older, datetime(2022, 6, 1, tzinfo=UTC)), (newer, datetime(2023, 6, 1, tzinfo=UTC))):
        result = hand_over(desk.connector, desk.keeping, [path], "https://www.cbp.gov/x", day, desk.said.append)
        assert result.outcome is Outcome.NEW
    assert result.rows == 6
    then = desk.store.observations("cbp_encounters", date(2022, 12, 31))
    (reading,) = desk.readings.standing(desk.connector, then).readings
    assert reading.observation.file_name == "older.csv"
    assert reading.parsed.series["value"].max() == 10000
    again = hand_over(desk.connector, desk.keeping, [older], "", datetime(2022, 6, 1, tzinfo=UTC), desk.said.append)
    assert again.outcome is Outcome.SAME
    assert len(desk.store.observations("cbp_encounters")) == 2


def test_a_file_that_cannot_be_read_is_kept_and_told_and_the_others_are_read(desk, tmp_path):
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n")
    result = hand_over(desk.connector, desk.keeping, [PAYLOAD, wrong], "", FIRST_RUN, desk.said.append)
    assert result.outcome is Outcome.FAILED
    assert result.rows == 3
    assert "wrong.csv" in result.faults[0]
    assert "Encounter Count" in result.faults[0]


def test_a_reading_is_made_once_and_again_when_its_connector_changes(desk):
    desk.gather()
    parsed = []
    connector = desk.connector

    class Counting:
        """The connector, counting how often it reads."""

        source, plan, canonical, fingerprint = connector.source, connector.plan, connector.canonical, "another"

        @staticmethod
        def parse(snapshot):
            """Read and remember."""
            parsed.append(snapshot.key)
            return connector.parse(snapshot)

    seen = desk.store.observations("cbp_encounters")
    for _ in range(2):
        standing = desk.readings.standing(Counting, seen)
    assert sorted(parsed) == ["nationwide", "southwest"]
    assert sum(reading.rows for reading in standing.readings) == 8


def test_a_key_is_not_sent_on_to_another_host():
    from sources.network import _redirect

    source = load("cbp_encounters").source
    assert _redirect("https://a.example/x", "/y", source) == "https://a.example/y"
    with pytest.raises(SourceChanged, match="from https to http"):
        _redirect("https://a.example/x", "http://a.example/y", source)
    with pytest.raises(SourceChanged, match="file"):
        _redirect("https://a.example/x", "file:///etc/passwd", source)
