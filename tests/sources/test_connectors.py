"""Every connector against its recorded payload, and over real HTTP against a publisher on loopback."""

from pathlib import Path

import pandas as pd
import pytest

from reports.tables import frame_as_csv
from sources import connectors, tables
from sources.connector import load
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests.conftest import read_csv
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running

SOURCES = connectors.ids()


def payloads(source_id: str) -> list[Path]:
    """Return the recorded payloads of a source."""
    return sorted((FIXTURES / source_id).glob("payload*"))


def read(source_id: str, path: Path) -> tables.Parsed:
    """Return what a connector reads from a payload."""
    snapshot = Snapshot.of(path.read_bytes(), source_id=source_id, name=path.name, retrieved=RETRIEVED)
    return tables.check(load(source_id).parse(snapshot), source_id)


@pytest.mark.parametrize("source_id", SOURCES)
def test_the_recorded_payload_gives_exactly_the_expected_tables(source_id):
    """`expected.csv` is the first of series, acts, documents that has rows; the others are `expected_<name>.csv`."""
    parts = [read(source_id, path) for path in payloads(source_id)]
    assert parts, f"no tests/fixtures/{source_id}/payload*"
    kinds = [name for name in ("series", "acts", "documents") if any(len(part.tables[name]) for part in parts)]
    for place, name in enumerate(kinds):
        given = [part.tables[name] for part in parts if len(part.tables[name])]
        key = {"series": tables.SERIES_KEY, "acts": ["act_id"], "documents": ["document_id"]}[name]
        found = pd.concat(given).sort_values(key, kind="stable")
        expected = FIXTURES / source_id / ("expected.csv" if place == 0 else f"expected_{name}.csv")
        assert frame_as_csv(found) == expected.read_text(encoding="utf-8"), expected


@pytest.mark.parametrize("source_id", SOURCES)
def test_the_rows_withheld_from_the_payload_are_exactly_the_expected(source_id):
    found = [
        {"file": w.file, "row": str(w.row), "column": w.column, "rule": w.rule}
        for path in payloads(source_id)
        for w in read(source_id, path).withheld
    ]
    expected = FIXTURES / source_id / "withheld.csv"
    lines = read_csv(expected) if expected.exists() else []
    assert found == lines


@pytest.mark.parametrize("source_id", SOURCES)
def test_a_source_is_fully_described(source_id):
    source = load(source_id).source
    assert source.id == source_id
    assert source.base_url.startswith("https://")
    assert source.max_age_days >= source.cadence_days > 0
    assert all((source.publisher, source.licence, source.title))


@pytest.mark.parametrize("source_id", SOURCES)
def test_the_whole_plan_runs_over_http_and_a_second_run_finds_nothing_new(source_id, tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, source_id, api_key="a-key")
        first, second = (desk.gather() for _ in range(2))
    assert (first.outcome, first.faults) == (Outcome.NEW, ())
    assert first.rows > 0
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, first.rows)
    assert list(desk.store.damages()) == []
