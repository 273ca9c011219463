"""The ledger on PostgreSQL: the same tests as on SQLite, on a server of our own, and what only a server does."""

import getpass
import os
import shutil
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.delivery.ledger import Ledger, LedgerMissing
from flows.ownership import OwnedByAnother, Owners
from flows.told import Told

# The same tests again: `database` and `backup` of this module take the place of those they were written with.
from tests.flows.delivery.test_ledger import *  # noqa: F403
from tests.flows.delivery.test_ledger import ALL, LEASE, NOON, planned, ready


def programs():
    """Return the folder of PostgreSQL's server programs, or None."""
    found = shutil.which("initdb")
    homes = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return homes[-1] if homes else None


@pytest.fixture(scope="module")
def server():
    """Start a server on a Unix socket in a folder of its own; return its address without a database's name."""
    home = programs()
    if home is None or find_spec("psycopg") is None:
        needed = "the ledger is tested on SQLite alone: PostgreSQL (apt install postgresql) or psycopg is not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(needed)
    # It refuses to run as root; the package brings a user.
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()
    # A socket's path may have about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        shutil.chown(folder, user)

        def run(program, *options):
            command = [home / program, *options]
            subprocess.run(command, user=user, check=True, timeout=120, stdout=subprocess.DEVNULL, cwd=folder)

        run("initdb", "-D", f"{folder}/data", "-U", "ledger", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-w", "-o", options, "start")
        try:
            yield lambda name: f"postgresql+psycopg://ledger@/{name}?host={folder}"
        finally:
            run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "-w", "stop")


@pytest.fixture
def order(server):
    """Return a function that has the server do something outside of any transaction."""
    engine = sa.create_engine(server("postgres"), isolation_level="AUTOCOMMIT")

    def order(text):
        with engine.connect() as connection:
            connection.exec_driver_sql(text)

    yield order
    engine.dispose()


@pytest.fixture
def database(server, order):
    """Return the address of an empty database."""
    order("CREATE DATABASE ledger")
    yield server("ledger")
    order("DROP DATABASE ledger WITH (FORCE)")


@pytest.fixture
def backup(database, order):  # noqa: ARG001
    """Return what copies the database, and what puts the copy back; the ledger must be closed."""

    def restore():
        order("DROP DATABASE ledger WITH (FORCE)")
        order("CREATE DATABASE ledger TEMPLATE backup")

    yield lambda: order("CREATE DATABASE backup TEMPLATE ledger"), restore
    order("DROP DATABASE backup")


def test_a_claim_does_not_wait_for_another_that_is_under_way(database, opened):
    ledger = opened()
    keys = ready(ledger, "ana@example.org", "eva@example.org")
    engine = sa.create_engine(database)
    with engine.begin() as busy:
        first = busy.scalar(sa.text("SELECT key FROM deliveries ORDER BY key LIMIT 1 FOR UPDATE"))
        assert ledger.claim(None, ALL, NOON, LEASE).key == next(key for key in keys if key != first)
        assert ledger.claim(None, ALL, NOON, LEASE) is None
    engine.dispose()
    assert ledger.claim(None, ALL, NOON, LEASE).key == first


def test_a_server_that_is_not_there_and_a_database_that_is_not_are_named(server, tmp_path):
    for address in (server("no_such_database"), "postgresql://ledger:secret@127.0.0.1:1/ledger"):
        with pytest.raises(LedgerMissing, match=r"the ledger postgresql.* check its address") as refused:
            Ledger(address, tmp_path / "ledger.journal", "one", NOON)
        assert "secret" not in str(refused.value)


def test_an_address_need_not_name_the_driver(database, journal):
    with closing(Ledger(database.replace("+psycopg", ""), journal, "one", NOON)) as ledger:
        assert ledger.plan([planned()], NOON) == 1


def test_connections_that_the_server_closed_are_made_anew(opened, order):
    ledger = opened()
    (key,) = ready(ledger, "ana@example.org")
    order("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ledger'")
    assert ledger.claim(None, ALL, NOON, LEASE).key == key


def test_of_many_who_find_no_tables_one_owns_and_one_tells(database):
    all_asked = threading.Barrier(8)

    def owns(number):
        try:
            with Owners(database).owning("2026-W48", f"run {number}", lambda: NOON):
                all_asked.wait(60)
        except OwnedByAnother:
            all_asked.wait(60)
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        owned = list(pool.map(owns, range(8)))
        told = list(pool.map(lambda _: Told(database).take("a failure", "mail", NOON), range(8)))
    assert sorted(owned) == [False] * 7 + [True]
    assert sorted(told) == [False] * 7 + [True]
