"""The chain of a release on a real Prefect server and a real relay: built once, sent once, taken up when killed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import deliver, settings
from flows.delivery.ledger import State
from flows.delivery.sending import CLAIM
from flows.pipeline import pipeline
from tests.make import subscribed
from tests.relay.serving import Treatment, serving

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROSTER = "".join(
    subscribed(f"{name}@example.org", countries=[country])
    for name, country in (("ana", "GTM"), ("joao", "GTM"), ("mia", "MEX"))
)
WEEK = "2026-W48"
DAY = datetime(2026, 11, 24, tzinfo=UTC).date()


@pytest.fixture
def relay(tmp_path, monkeypatch):
    """Return a relay that takes everything, with a roster and settings that use it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "subscriptions.toml").write_text(ROSTER, encoding="utf-8")
    with serving() as relay:
        for name, value in {"POLICYDIFF_HOME": str(tmp_path / "home"), **relay.environment}.items():
            monkeypatch.setenv(name, value)
        yield relay


def run(**changes):
    return asyncio.run(pipeline(**{"release": WEEK, "as_of": DAY, "is_gathered": False, "is_sent": True, **changes}))


def got(relay):
    """Count the messages that each recipient has."""
    return Counter(kept.recipient for kept in relay.kept)


ONCE = Counter({"ana@example.org": 1, "joao@example.org": 1, "mia@example.org": 1})


@pytest.mark.usefixtures("server")
def test_each_report_is_built_once_and_each_message_sent_once(relay, caplog):
    with caplog.at_level("INFO"):
        assert run(is_sent=False) == {}
        assert not relay.kept
        assert run() == {"accepted": 3}
        assert run() == {"accepted": 3}
    assert got(relay) == ONCE
    told = [record.message for record in caplog.records if "to be built" in record.message]
    # Two distinct reports for three recipients; the later runs build none, when they prepare and when they send.
    assert told == ["2 of 2 reports are to be built", *["0 of 2 reports are to be built"] * 4]


@pytest.mark.usefixtures("server")
def test_eight_triggers_of_one_release_send_one_set_of_mails(relay, caplog):
    async def trigger_all():
        one = {"release": WEEK, "as_of": DAY, "is_gathered": False, "is_sent": True}
        return await asyncio.gather(*(pipeline(**one, return_state=True) for _ in range(8)))

    with caplog.at_level("INFO"):
        states = asyncio.run(trigger_all())
    assert all(state.is_completed() for state in states)
    others = [state.message for state in states if (state.message or "").startswith("nothing to do")]
    assert others
    assert all(f"{WEEK} belongs to flow run" in message for message in others)
    assert got(relay) == ONCE
    # One that started after the first had ended finds everything there.
    built = [record.message for record in caplog.records if "2 of 2 reports are to be built" in record.message]
    assert len(built) == 1


@pytest.mark.usefixtures("server")
def test_a_run_with_something_unknown_is_red(relay):
    relay.treat("mia@example.org", Treatment.CUT_TAKEN)
    with pytest.raises(deliver.DeliveryFailed, match="2 accepted, 1 unknown"):
        run()


# Where a run is killed: what it does at that moment, and the how-manieth time.
POINTS = [
    # The release, then two files of a report with the manifest, what points to it, its rows, what was built.
    ("sources.stores.LocalPlace.put", 1),
    ("sources.stores.LocalPlace.replace", 1),
    ("sources.stores.LocalPlace.replace", 3),
    ("flows.batch.Kept.keep", 1),
    ("sources.stores.LocalPlace.put", 2),
    ("sources.stores.LocalPlace.put", 3),
    ("sources.stores.LocalPlace.replace", 6),
    ("flows.delivery.ledger.Ledger.plan", 1),
    ("flows.delivery.ledger.Ledger.freeze", 1),
    ("flows.delivery.ledger.Ledger.claim", 2),
    ("flows.delivery.ledger.Ledger.commit", 2),
    ("flows.delivery.ledger.Ledger.settle", 1),
    ("flows.delivery.ledger.Ledger.settle", 3),
]
CHILD = """
import importlib, os, signal, sys
from datetime import date
from flows import deliver, settings

where, count = sys.argv[1], int(sys.argv[2])
module, names = next(
    (importlib.import_module(".".join(parts[:n])), parts[n:])
    for parts in [where.split(".")]
    for n in (2, 3)
    if parts[n - 1] in {"stores", "batch", "ledger"}
)
owner = getattr(module, names[0]) if len(names) == 2 else module
real, calls = getattr(owner, names[-1]), []

def dying(*arguments, **words):
    calls.append(1)
    if len(calls) == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **words)

setattr(owner, names[-1], dying)
given = settings.load()
begun = deliver.releases(given).begin("2026-W48", date(2026, 11, 24))
deliver.deliver(given, begun, only=(), is_waiting=False, say=lambda _: None)
"""


@pytest.mark.parametrize(("where", "count"), POINTS)
def test_a_killed_run_is_completed_by_the_next(relay, where, count):
    # One report, which its own process builds.
    Path("subscriptions.toml").write_text(ROSTER.replace('"MEX"', '"GTM"'), encoding="utf-8")
    child = subprocess.run(
        [sys.executable, "-c", CHILD, where, str(count)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        timeout=120,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    given = settings.load()
    begun = deliver.releases(given).begin(WEEK, DAY)
    done = _after_the_lease(given, begun)
    assert done.next_due is None
    assert done.tally[State.ACCEPTED] + done.tally[State.UNKNOWN] == 3
    assert got(relay) <= ONCE
    # Only what died between the final dot and its answer is unknown, and a person can see that it was taken.
    assert done.tally[State.UNKNOWN] <= 1
    assert sum(got(relay).values()) >= done.tally[State.ACCEPTED]


def _after_the_lease(given, begun):
    """Deliver once more, later than any lease of the killed run."""
    later = datetime.now(UTC) + CLAIM * 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliver, "_now", lambda: later)
        return deliver.deliver(given, begun, only=(), is_waiting=False, say=lambda _: None)
