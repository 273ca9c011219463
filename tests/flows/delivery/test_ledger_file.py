"""The ledger's file: what is made, what is not found, damaged or held by another program."""

import sqlite3
from contextlib import closing

import pytest

from flows.delivery import ledger
from flows.delivery.ledger import Ledger, LedgerMissing, State
from tests.flows.delivery.test_ledger import ALL, LEASE, NOON, ready


@pytest.fixture
def file(tmp_path):
    """Return where the ledger is to stand, in a folder that is not there yet."""
    return tmp_path / "home" / "ledger.db"


def opened(file):
    """Open the ledger in a file."""
    return Ledger(f"sqlite:///{file}", file.with_suffix(".journal"), "one", NOON)


def test_a_new_ledger_is_its_owners_alone_and_each_step_is_on_disk_when_it_is_taken(file):
    with closing(opened(file)) as made, made._read() as connection:
        assert file.stat().st_mode & 0o777 == 0o600
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_committing_is_in_the_file_and_its_line_in_the_journal_before_the_dot_may_leave(file, tmp_path):
    with closing(opened(file)) as made:
        (key,) = ready(made, "ana@example.org")
        made.claim(None, ALL, NOON, LEASE)
        made.commit(key, NOON, LEASE)
        # As a machine that loses its power here would find them.
        for path in file.parent.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with closing(opened(tmp_path / file.name)) as found:
        assert found.delivery(key).state is State.COMMITTING
        assert key in (tmp_path / "ledger.journal").read_text()
        found.recover(NOON + LEASE)
        assert found.delivery(key).state is State.UNKNOWN


def test_a_file_that_is_no_database_is_named_and_left_as_it_is(file):
    content = b"no database at all, and longer than the head of one" * 8
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(LedgerMissing, match=r"ledger\.db cannot be used: file is not a database; .* from a backup"):
        opened(file)
    assert file.read_bytes() == content


def test_a_file_that_was_damaged_stops_what_reads_the_damage(file):
    with closing(opened(file)) as made:
        ready(made, *(f"{number}@example.org" for number in range(50)))
    content = bytearray(file.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    file.write_bytes(content)
    with pytest.raises(LedgerMissing, match="malformed"), closing(opened(file)) as damaged:
        damaged.deliveries()


def test_a_file_that_another_program_holds_is_waited_for_and_then_named(file, monkeypatch):
    monkeypatch.setattr(ledger, "_WAIT_SECONDS", 0.1)
    with closing(opened(file)) as made, closing(sqlite3.connect(file, isolation_level=None)) as other:
        (key,) = ready(made, "ana@example.org")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerMissing, match=r"database is locked; .* no other program holds it"):
            made.claim(None, ALL, NOON, LEASE)
        assert [found.key for found in made.deliveries()] == [key], "who only asks does not wait"
        with closing(opened(file)) as asking:
            assert asking.delivery(key).state is State.READY
        other.execute("ROLLBACK")
        assert made.claim(None, ALL, NOON, LEASE).key == key


def test_a_place_where_no_file_can_be_is_named(file):
    file.parent.write_text("not a folder")
    with pytest.raises(LedgerMissing, match=r"ledger\.db cannot be made: (File exists|Not a directory)"):
        opened(file)


@pytest.mark.parametrize("address", ["ledger.db", "", "mysql://ana:secret@host/ledger", "postgresql//ana:secret@host"])
def test_an_address_that_is_none_or_of_another_kind_is_told_without_its_password(tmp_path, address):
    with pytest.raises(LedgerMissing, match="expected sqlite:///FILE or postgresql://") as refused:
        Ledger(address, tmp_path / "ledger.journal", "one", NOON)
    assert "secret" not in str(refused.value)
