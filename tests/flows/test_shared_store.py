"""Workers that share a store and a ledger, and nothing else: processes with homes of their own, as on two machines."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.flows.delivery.test_ledger_postgresql import database, order, server  # noqa: F401
from tests.make import subscribed
from tests.relay.serving import serving

ROSTER = "".join(
    (
        subscribed("ana@example.org"),
        subscribed("ben@example.org", countries=["MEX"]),
        subscribed("eva@example.org", countries=["MEX"], formats=["csv", "json"]),
    )
)
ONCE = Counter(["ana@example.org", "ben@example.org", "eva@example.org"])
# Says what it does; given a number, it dies at that upload.
WORKER = """
import os, signal, sys
os.cpu_count = lambda: 1
from datetime import date
from flows import deliver, settings
from sources import stores

def dying(self, name, file, real=stores.LocalPlace.replace, left=[int(sys.argv[1])]):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(self, name, file)

stores.LocalPlace.replace = dying
given = settings.load()
begun = deliver.releases(given).begin("2026-W48", date(2026, 11, 24))
deliver.deliver(given, begun, only=(), is_waiting=False, say=print)
"""


@pytest.fixture
def office(database, tmp_path, monkeypatch):  # noqa: F811
    """Set what all machines share: the URL of a store, a ledger on PostgreSQL, a roster, a relay."""
    roster = tmp_path / "people.toml"
    roster.write_text(ROSTER, encoding="utf-8")
    with serving() as relay:
        shared = {
            "POLICYDIFF_STORE": f"file://{tmp_path}/shared",
            "POLICYDIFF_LEDGER": database,
            "POLICYDIFF_SUBSCRIPTIONS": str(roster),
            "POLICYDIFF_MAIL__HOST": "127.0.0.1",
            "POLICYDIFF_MAIL__PORT": str(relay.port),
            "POLICYDIFF_MAIL__TLS": "none",
            "POLICYDIFF_MAIL__SENDER": "reports@policy.example",
        }
        for name, value in shared.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("POLICYDIFF_HOME", str(tmp_path / "here"))
        monkeypatch.chdir(tmp_path)
        yield relay, tmp_path


def work(folder, name, dies_at=0):
    """Start a worker with a home of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(dies_at)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "POLICYDIFF_HOME": str(folder / name)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def got(relay):
    return Counter(kept.recipient for kept in relay.kept)


def test_two_at_once_send_each_message_once_and_what_one_built_the_other_finds(office):
    relay, folder = office
    workers = [work(folder, name) for name in ("one", "two")]
    said = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    assert got(relay) == ONCE
    # A third, later, finds all of it; none kept anything of it at home.
    third = work(folder, "three")
    told, _ = third.communicate(timeout=120)
    assert told.splitlines()[0] == "0 of 2 reports are to be built"
    assert got(relay) == ONCE
    assert {path.name for name in ("one", "two", "three") for path in (folder / name).glob("*")} == {"ledger.journal"}


def test_what_a_killed_worker_had_built_another_machine_sends(office):
    relay, folder = office
    # Of each report three files are written, two entries of the index, and last what was built.
    killed = work(folder, "one", dies_at=6)
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    next_one = work(folder, "two")
    said, _ = next_one.communicate(timeout=120)
    assert next_one.returncode == 0, said
    assert said.splitlines()[0] == "1 of 2 reports are to be built"
    assert got(relay) == ONCE
