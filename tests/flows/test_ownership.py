"""Ownership of a release: one run at a time, taken over when its run died."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from flows.ownership import LEASE, OwnedByAnother, Owners

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def owners(tmp_path):
    return Owners(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_a_second_run_is_told_whose_it_is(owners):
    with owners.owning("2026-W48", "run one", lambda: NOW):
        with pytest.raises(OwnedByAnother, match="2026-W48 belongs to run one, until 12:05:00 UTC"):
            owners.take("2026-W48", "run two", NOW)
        owners.take("2026-W49", "run two", NOW)
    owners.take("2026-W48", "run two", NOW)


def test_an_owner_may_go_on(owners):
    owners.take("2026-W48", "run one", NOW)
    owners.take("2026-W48", "run one", NOW + timedelta(minutes=1))
    with pytest.raises(OwnedByAnother, match="until 12:06:00"):
        owners.take("2026-W48", "run two", NOW + LEASE)


def test_what_a_killed_run_owned_is_free_after_the_lease(owners):
    owners.take("2026-W48", "killed", NOW)
    owners.take("2026-W48", "next", NOW + LEASE)
    owners.give_back("2026-W48", "killed")
    with pytest.raises(OwnedByAnother, match="belongs to next"):
        owners.take("2026-W48", "third", NOW + LEASE)


def test_of_eight_that_ask_at_once_one_gets_it(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    Owners(url)
    start, got = threading.Barrier(8), []

    def ask(name):
        mine = Owners(url)
        start.wait()
        try:
            mine.take("2026-W48", name, NOW)
        except OwnedByAnother:
            return
        got.append(name)

    threads = [threading.Thread(target=ask, args=(f"run {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
