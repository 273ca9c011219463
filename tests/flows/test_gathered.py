"""What was gathered, as the reports take it."""

from datetime import UTC, date, datetime

import pytest

from flows import collect, gathered
from flows.settings import Settings
from sources import connectors
from sources.connector import load
from tests.replay.server import FIXTURES

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.fixture
def taken(tmp_path):
    """Return a function that hands a payload over and gives the settings of its store."""
    settings = Settings(home=tmp_path)

    def take(source_id, name="payload.csv", day=date(2026, 1, 15)):
        collect.take(settings, source_id, FIXTURES / source_id / name, "", day, NOW, lambda _: None)
        return settings

    return take


def test_numbers_and_the_state_of_their_source_are_handed_over(taken, book):
    given = gathered.by(taken("cbp_encounters", "payload_southwest.csv"), date(2026, 1, 20), book)
    assert sorted(number.value for number in given.numbers) == [3, 624, 10000]
    (source,) = given.sources
    assert (source.source_id, source.last_look, source.rows, source.withheld) == (
        "cbp_encounters",
        date(2026, 1, 15),
        3,
        0,
    )


def test_nothing_is_known_before_the_day_it_was_retrieved(taken, book):
    settings = taken("cbp_encounters", "payload_southwest.csv")
    assert gathered.by(settings, date(2026, 1, 14), book).numbers == ()


def test_what_its_licence_keeps_from_being_distributed_reaches_no_report(taken, book):
    (kept,) = [source_id for source_id in connectors.ids() if not load(source_id).source.is_publishable]
    given = gathered.by(taken(kept), date(2026, 1, 20), book)
    assert (given.numbers, given.sources) == ((), ())


def test_acts_come_with_the_instruments_whose_evidence_names_them(taken, book):
    given = gathered.by(taken("federal_register", "payload_search.json"), date(2026, 1, 20), book)
    linked = {act.act_id: act.instrument_ids for act in given.acts}
    assert "border_wall" in linked["2017-02095"]
