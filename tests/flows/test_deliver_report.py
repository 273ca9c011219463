"""The flow "deliver-report" on a real Prefect server and a real relay: a tally, red when a person has to look."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client

from flows import deliver, settings
from flows.deliver import Delivered
from flows.deliver_report import deliver_report
from flows.delivery.ledger import Ledger
from flows.delivery.relay import RelayUnavailable
from flows.delivery.sending import CLAIM
from sources.errors import BadInput, Refused
from tests.make import subscribed
from tests.relay.certificates import Authority
from tests.relay.serving import Treatment, serving

# Prefect leaves sockets to the garbage collector when its test server stops.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("server"),
]

DAY = date(2026, 11, 24)
ANA, BEN, MIA = "ana@example.org", "ben@example.org", "mia@example.org"
LOGIN = ("reports", "correct-horse-7")


@pytest.fixture
def relay(tmp_path, monkeypatch, book):
    """Return a relay that asks for a login, with a roster of three and settings that lack the password."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("flows.evidence.load", lambda _: book)
    (tmp_path / "subscriptions.toml").write_text("".join(map(subscribed, (ANA, BEN, MIA))), encoding="utf-8")
    authority = Authority(tmp_path)
    with serving(tls=authority.good(), login=LOGIN) as relay:
        for name, value in {
            "HOME": tmp_path / "home",
            "MAIL__HOST": "127.0.0.1",
            "MAIL__PORT": relay.port,
            "MAIL__CA_FILE": authority.file,
            "MAIL__USERNAME": LOGIN[0],
            "MAIL__PASSWORD_BLOCK": "relay-password",
            "MAIL__SENDER": "reports@policy.example",
        }.items():
            monkeypatch.setenv(f"POLICYDIFF_{name}", str(value))
        asyncio.run(_keep_password())
        yield relay


async def _keep_password():
    await Secret(value=LOGIN[1]).save("relay-password", overwrite=True)


def run(release=""):
    """Run the flow; return its state."""
    return asyncio.run(deliver_report(release, DAY, return_state=True))


def tables(release):
    """Return the tallies that runs left of a release, the oldest first: deliveries by state."""

    async def read():
        async with get_client() as client:
            found = await client.read_artifacts()
        return sorted(found, key=lambda artifact: artifact.created)

    key = f"deliveries-{release.lower()}"
    found = [artifact.data for artifact in asyncio.run(read()) if artifact.key == key]
    return [{line["state"]: line["deliveries"] for line in json.loads(data)} for data in found]


def runs_of(release):
    """Return how many runs there were for a release, whatever became of them."""

    async def read():
        async with get_client() as client:
            return await client.read_flow_runs()

    return [run for run in asyncio.run(read()) if run.parameters.get("release") == release]


def got(relay):
    return Counter(kept.recipient for kept in relay.kept)


def test_a_release_is_delivered_with_the_password_of_a_block_and_a_tally_is_left(relay, caplog, tmp_path):
    with caplog.at_level("DEBUG"):
        state = run("2026-W40")
    assert state.is_completed()
    assert state.result() == {"accepted": 3}
    assert got(relay) == {ANA: 1, BEN: 1, MIA: 1}
    assert tables("2026-W40") == [{"accepted": 3, "deferred": 0, "bounced": 0, "unknown": 0, "suppressed": 0}]
    (only,) = runs_of("2026-W40")
    assert only.name.endswith(" deliver 2026-W40")
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert f"{ANA}: accepted: 250 2.0.0 taken" in told
    written = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert LOGIN[1] not in told + str(only.model_dump())
    assert not any(LOGIN[1].encode() in content for content in written)


def test_what_is_unknown_or_failed_makes_the_run_red_with_its_tally_and_is_not_tried_again_by_prefect(relay):
    relay.treat(BEN, Treatment.CUT_TAKEN)
    relay.treat(MIA, Treatment.POLICY)
    state = run("2026-W41")
    assert state.is_failed()
    message = "2026-W41: 1 accepted, 1 bounced, 1 unknown; `policydiff list deliveries --release 2026-W41` says which"
    assert message in (state.message or "")
    assert tables("2026-W41") == [{"accepted": 1, "deferred": 0, "bounced": 1, "unknown": 1, "suppressed": 0}]
    (only,) = runs_of("2026-W41")
    assert only.run_count == 1
    assert only.empirical_policy.retries in (None, 0)
    # Another run changes nothing about it, and stays red.
    assert run("2026-W41").is_failed()
    assert got(relay) == {ANA: 1, BEN: 1}


def test_what_a_relay_puts_off_is_green_and_sent_by_a_run_without_a_release(relay, monkeypatch):
    relay.treat(MIA, Treatment.GREYLIST)
    state = run("2026-W42")
    assert state.is_completed()
    assert tables("2026-W42")[-1]["deferred"] == 1
    assert run().is_completed()
    assert got(relay) == {ANA: 1, BEN: 1}
    later(monkeypatch, timedelta(hours=1))
    state = run()
    assert state.result() == {"accepted": 3}
    assert tables("2026-W42")[-1]["accepted"] == 3
    assert got(relay) == {ANA: 1, BEN: 1, MIA: 1}
    assert run().result() == {}


def test_what_a_dead_sender_held_is_taken_up_by_a_run_without_a_release(relay, monkeypatch):
    relay.treat(ANA, Treatment.GREYLIST)
    relay.treat(BEN, Treatment.GREYLIST)
    run("2026-W43")
    later(monkeypatch, timedelta(hours=1))
    given = settings.load()
    # Two senders die: one before the final dot, one after it.
    dying = [Ledger.of(given) for _ in range(2)]
    claimed = [ledger.claim("2026-W43", frozenset(), deliver._now(), CLAIM) for ledger in dying]
    dying[1].commit(claimed[1].key, deliver._now(), CLAIM)
    for ledger in dying:
        ledger.close()
    later(monkeypatch, timedelta(hours=2))
    state = run()
    assert state.is_failed()
    assert "2026-W43: 2 accepted, 1 unknown" in (state.message or "")
    assert got(relay) == {MIA: 1, claimed[0].recipient: 1}


def test_a_relay_that_does_not_answer_makes_the_run_red_and_the_next_one_goes_on(relay, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("POLICYDIFF_MAIL__PORT", "9")
        state = run("2026-W44")
    assert state.is_failed()
    with pytest.raises(RelayUnavailable, match="does not answer"):
        state.result()
    later(monkeypatch, timedelta(hours=1))
    assert run("2026-W44").result() == {"accepted": 3}
    assert got(relay) == {ANA: 1, BEN: 1, MIA: 1}


def test_a_report_that_may_not_be_sent_makes_the_run_red_and_stands_in_the_tally(relay, monkeypatch):
    def refuse(*_):
        raise Refused("page 2 is empty")

    monkeypatch.setattr("flows.batch.publish.make", refuse)
    state = run("2026-W45")
    assert state.is_failed()
    assert "not sent: country_GTM_en_letter_" in (state.message or "")
    (table,) = tables("2026-W45")
    assert any(line.startswith("not sent: ") and line.endswith(": page 2 is empty") for line in table)
    assert not relay.kept


def test_a_release_of_which_a_report_rests_on_sources_too_old_is_looked_at_by_a_person():
    stopped = ("brief_region_en: sources past twice their age: ice_removals",)
    done = Delivered(release="2026-W47", tally=Counter(), next_due=None, stopped=stopped, has_refused=False)
    with pytest.raises(deliver.DeliveryFailed, match="not sent: brief_region_en: sources past twice their age"):
        deliver.check(done)
    deliver.check(replace(done, stopped=()))


def test_a_setting_that_is_missing_is_named_by_the_run(relay, monkeypatch):
    monkeypatch.delenv("POLICYDIFF_MAIL__HOST")
    state = run("2026-W46")
    with pytest.raises(BadInput, match=r"mail\.host: found nothing"):
        state.result()
    assert not relay.kept


def later(monkeypatch, wait):
    """Let the flow's clock go before."""
    then = datetime.now(UTC) + wait
    monkeypatch.setattr(deliver, "_now", lambda: then)
