"""What was told is told once, whoever asks and whenever; what could not be told may be tried again."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from flows.delivery.ledger import LedgerMissing
from flows.told import Told

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def told(tmp_path):
    return Told(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_what_was_told_is_never_told_again(told):
    assert told.take("a run", "mail", NOW)
    told.settle("a run", "mail", NOW)
    assert not told.take("a run", "mail", NOW + timedelta(days=400))


def test_each_channel_is_told_by_itself(told):
    assert told.take("a run", "mail", NOW)
    told.settle("a run", "mail", NOW)
    assert told.take("a run", "webhook", NOW)
    assert told.take("another run", "mail", NOW)


def test_while_one_tells_no_other_does(told):
    assert told.take("a run", "mail", NOW)
    assert not told.take("a run", "mail", NOW + timedelta(minutes=29))


def test_what_could_not_be_told_is_tried_by_the_next_who_looks(told):
    assert told.take("a run", "mail", NOW)
    told.give_back("a run", "mail", NOW)
    assert told.take("a run", "mail", NOW)


def test_who_died_while_telling_keeps_nobody_from_it_for_long(told):
    assert told.take("a run", "mail", NOW)
    assert told.take("a run", "mail", NOW + timedelta(minutes=30))


def test_of_eight_that_ask_at_once_one_tells(told):
    start, got = threading.Barrier(8), []

    def ask():
        start.wait()
        got.append(told.take("a run", "mail", NOW))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 7 + [True]


def test_a_record_that_cannot_be_kept_is_named(tmp_path):
    (tmp_path / "ledger.db").write_bytes(b"something else, longer than the head of a database" * 20)
    with pytest.raises(LedgerMissing, match=r"ledger\.db cannot be used: file is not a database"):
        Told(f"sqlite:///{tmp_path / 'ledger.db'}").take("a run", "mail", NOW)
