"""The ledger: every step it allows and every one it forbids, leases, lists, backups; the same on both databases."""

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.delivery.journal import JournalFailed
from flows.delivery.ledger import LeaseLost, Ledger, Planned, State, address_key, key_of
from sources.errors import UnknownName

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
EXPIRES = NOON + timedelta(hours=72)
ALL = frozenset()


@pytest.fixture
def database(tmp_path):
    """Return the address of an empty database."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def backup(tmp_path):
    """Return what copies the database, and what puts the copy back; the ledger must be closed."""
    file, copy = tmp_path / "ledger.db", tmp_path / "backup.db"
    return lambda: shutil.copy(file, copy), lambda: shutil.copy(copy, file)


@pytest.fixture
def journal(tmp_path):
    """Return where the journal stands."""
    return tmp_path / "ledger.journal"


@pytest.fixture
def opened(database, journal):
    """Return a function that opens the ledger for an actor; what it opened is closed after the test."""
    with ExitStack() as stack:

        def opened(actor="one", now=NOON):
            ledger = Ledger(database, journal, actor, now)
            stack.callback(ledger.close)
            return ledger

        yield opened


@pytest.fixture
def ledger(opened):
    """Return an empty ledger."""
    return opened()


def planned(recipient="ana@example.org", **values):
    """Return one delivery to plan."""
    given = {"edition": "2026-W48", "report": "full_region_en", "expires": EXPIRES, "edition_id": "e1"}
    return Planned(**given | {"recipient": recipient} | values)


def ready(ledger, *recipients, now=NOON, **values):
    """Plan and freeze a delivery for each recipient; return their keys."""
    items = [planned(recipient, **values) for recipient in recipients]
    ledger.plan(items, now)
    ledger.freeze({item.key: [b"To: ", item.recipient.encode(), b"\r\n\r\nshared"] for item in items}, now)
    return [item.key for item in items]


def send(ledger, key, after=State.ACCEPTED, now=NOON):
    """Take a ready delivery as far as an answer."""
    claimed = ledger.claim(None, frozenset([key]), now, LEASE)
    assert claimed.key == key
    ledger.commit(key, now, LEASE)
    ledger.settle(key, after, now, str(after), due=now)


def bring(ledger, state):
    """Return the key of a delivery that was brought to a state by its usual way."""
    key = planned(f"{state}@example.org").key
    if state is State.PLANNED:
        ledger.plan([planned(f"{state}@example.org")], NOON)
        return key
    ready(ledger, f"{state}@example.org", **({"expires": NOON} if state is State.EXPIRED else {}))
    if state in (State.CLAIMED, State.COMMITTING):
        ledger.claim(None, frozenset([key]), NOON, LEASE)
    if state is State.COMMITTING:
        ledger.commit(key, NOON, LEASE)
    if state in (State.ACCEPTED, State.DEFERRED, State.BOUNCED, State.UNKNOWN):
        send(ledger, key, state)
    if state in (State.SUPPRESSED, State.CANCELLED):
        ledger.end(key, state, NOON, "")
    if state is State.EXPIRED:
        ledger.recover(NOON)
    return key


def state_of(ledger, key):
    """Return a delivery's state."""
    return ledger.delivery(key).state


def count(database, table):
    """Return how many rows a table has."""
    engine = sa.create_engine(database)
    with engine.connect() as connection:
        found = connection.scalar(sa.text(f"SELECT count(*) FROM {table}"))
    engine.dispose()
    return found


# --- Steps ------------------------------------------------------------------------------------------------------

HANDS = (State.CLAIMED, State.COMMITTING, State.UNKNOWN)


def settled(after, *before):
    """Return the operation of settling as a state, and what it makes of which states."""
    return lambda ledger, key: ledger.settle(key, after, NOON, "said"), dict.fromkeys(before, after)


# What can be done to a delivery, and what becomes of it from each state; from every other state nothing does.
OPERATIONS = {
    "plan": (lambda ledger, key: ledger.plan([planned(ledger.delivery(key).recipient)], NOON), {}),
    "freeze": (lambda ledger, key: ledger.freeze({key: [b"other"]}, NOON), {State.PLANNED: State.READY}),
    "claim": (
        lambda ledger, key: ledger.claim(None, frozenset([key]), NOON, LEASE),
        {State.READY: State.CLAIMED, State.DEFERRED: State.CLAIMED},
    ),
    "commit": (lambda ledger, key: ledger.commit(key, NOON, LEASE), {State.CLAIMED: State.COMMITTING}),
    "settle as accepted": settled(State.ACCEPTED, State.COMMITTING, State.UNKNOWN),
    "settle as deferred": settled(State.DEFERRED, *HANDS),
    "settle as bounced": settled(State.BOUNCED, *HANDS),
    "settle as unknown": settled(State.UNKNOWN, State.CLAIMED, State.COMMITTING),
    "settle as ready": settled(State.READY, State.CLAIMED, State.UNKNOWN),
    "settle as planned": settled(State.PLANNED, State.CLAIMED, State.UNKNOWN),
    "settle as suppressed": settled(State.SUPPRESSED, State.CLAIMED),
    "settle as cancelled": settled(State.CANCELLED, State.CLAIMED),
    "settle as expired": settled(State.EXPIRED, State.CLAIMED),
    "settle as claimed": settled(State.CLAIMED),
    "settle as committing": settled(State.COMMITTING, State.CLAIMED),
    "suppress": (
        lambda ledger, key: ledger.end(key, State.SUPPRESSED, NOON, ""),
        dict.fromkeys((State.PLANNED, State.READY, State.DEFERRED), State.SUPPRESSED),
    ),
    "cancel": (
        lambda ledger, key: ledger.end(key, State.CANCELLED, NOON, ""),
        dict.fromkeys((State.PLANNED, State.READY, State.DEFERRED), State.CANCELLED),
    ),
    "revive": (
        lambda ledger, key: ledger.revive(planned(ledger.delivery(key).recipient), NOON),
        {State.CANCELLED: State.PLANNED, State.SUPPRESSED: State.PLANNED},
    ),
    "resend": (
        lambda ledger, key: ledger.resend(key, NOON, EXPIRES, "asked for"),
        dict.fromkeys((State.BOUNCED, State.EXPIRED, State.UNKNOWN), State.READY),
    ),
    **{
        f"reconcile as {after}": (
            lambda ledger, key, after=after: ledger.reconcile(key, after, NOON, "the log"),
            {State.UNKNOWN: after},
        )
        for after in (State.ACCEPTED, State.BOUNCED, State.READY)
    },
    "recover in time": (lambda ledger, _: ledger.recover(NOON), {}),
    "recover when the lease has run out": (
        lambda ledger, _: ledger.recover(NOON + LEASE),
        {State.CLAIMED: State.READY, State.COMMITTING: State.UNKNOWN},
    ),
    "recover when it is of no use any more": (
        lambda ledger, _: ledger.recover(EXPIRES),
        dict.fromkeys((State.PLANNED, State.READY, State.DEFERRED, State.CLAIMED), State.EXPIRED)
        | {State.COMMITTING: State.UNKNOWN},
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_changes_the_states_it_may_and_leaves_every_other_alone(ledger, name):
    operate, becomes = OPERATIONS[name]
    keys = {state: bring(ledger, state) for state in State}
    assert {state: state_of(ledger, key) for state, key in keys.items()} == {state: state for state in State}
    steps = {state: len(ledger.events(key)) for state, key in keys.items()}
    for state, key in keys.items():
        try:
            operate(ledger, key)
        except (LeaseLost, ValueError):
            assert state not in becomes
    for state, key in keys.items():
        assert state_of(ledger, key) is becomes.get(state, state), f"{name}, from {state}"
        assert (len(ledger.events(key)) == steps[state]) == (state not in becomes), f"{name}, from {state}"


def test_the_events_of_a_delivery_tell_its_whole_way(ledger):
    for state in State:
        key = bring(ledger, state)
        steps = ledger.events(key)
        assert [step.before for step in steps] == [None, *(step.after for step in steps[:-1])]
        assert steps[-1].after is state
        assert {(step.actor, step.epoch) for step in steps} == {(ledger.actor, ledger.epoch)}


def test_a_delivery_keeps_who_gets_what_from_which_bytes(ledger):
    (key,) = ready(ledger, "Ana@Example.org", file_sha256="report.pdf:ab")
    send(ledger, key, now=NOON + LEASE)
    found = ledger.delivery(key)
    assert (found.recipient, found.edition, found.edition_id) == ("Ana@Example.org", "2026-W48", "e1")
    assert (found.file_sha256, found.size_bytes, found.attempts) == ("report.pdf:ab", 29, 1)
    assert (found.planned, found.claimed, found.changed) == (NOON, NOON + LEASE, NOON + LEASE)
    assert (found.lease_until, found.detail, found.expires) == (None, "accepted", EXPIRES)


# --- Planning and freezing --------------------------------------------------------------------------------------


def test_a_key_tells_edition_report_and_mailbox_apart_and_nothing_else():
    key = key_of("2026-W48", "full", "ana@example.org")
    assert key == key_of("2026-W48", "full", " Ana@EXAMPLE.org")
    others = [("2026-W49", "full", "ana@example.org"), ("2026-W48", "brief", "ana@example.org")]
    others += [("2026-W48", "full", "eva@example.org"), ("2026-W48full", "", "ana@example.org")]
    assert len({key, *(key_of(*parts) for parts in others)}) == 5
    assert address_key("José@Example.org") == "josé@example.org"


def test_planning_again_adds_nothing_and_changes_nothing(ledger, opened):
    assert ledger.plan([planned(), planned(), planned("eva@example.org")], NOON) == 2
    other = opened("two")
    assert other.plan([planned(edition_id="e2"), planned("ida@example.org")], NOON + LEASE) == 1
    assert other.plan([], NOON) == 0
    assert other.delivery(planned().key).edition_id == "e1"
    assert len(other.events(planned().key)) == 1


def test_a_frozen_message_comes_back_byte_for_byte_and_shared_parts_are_kept_once(ledger, database):
    keys = [planned(f"{name}@example.org").key for name in ("ana", "eva")]
    ledger.plan([planned("ana@example.org"), planned("eva@example.org")], NOON)
    parts = {key: [key.encode(), b"\x00\r\n--", b"a long report", b"\x00\r\n--", b""] for key in keys}
    ledger.freeze(parts, NOON)
    assert [ledger.message(key) for key in keys] == [b"".join(parts[key]) for key in keys]
    assert count(database, "bodies") == 5


def test_what_is_frozen_stays_and_another_message_for_it_leaves_nothing_behind(ledger, database):
    (key,) = ready(ledger, "ana@example.org")
    before = ledger.message(key), count(database, "bodies")
    ledger.freeze({key: [b"another"], key_of("no", "such", "delivery@example.org"): [b"x"]}, NOON)
    assert (ledger.message(key), count(database, "bodies")) == before


def test_what_was_cancelled_and_is_wanted_again_is_planned_for_its_new_files(ledger):
    (key,) = ready(ledger, "ana@example.org")
    ledger.end(key, State.CANCELLED, NOON, "left")
    later = NOON + LEASE
    assert ledger.revive(planned(edition_id="e2", expires=EXPIRES + LEASE), later)
    found = ledger.delivery(key)
    assert (found.state, found.edition_id, found.due, found.expires) == (State.PLANNED, "e2", later, EXPIRES + LEASE)
    assert not ledger.revive(planned(), later)


# --- Claims -----------------------------------------------------------------------------------------------------


def test_the_longest_due_is_claimed_first_and_nothing_before_it_is_due(ledger):
    first, second = ready(ledger, "ana@example.org")[0], ready(ledger, "eva@example.org", now=NOON + LEASE)[0]
    assert ledger.next_due("2026-W48") == NOON
    assert ledger.claim("2026-W48", ALL, NOON - LEASE, LEASE) is None
    assert ledger.claim("2026-W48", ALL, NOON, LEASE).key == first
    assert ledger.claim("2026-W48", ALL, NOON, LEASE) is None
    assert ledger.next_due("2026-W48") == NOON + LEASE
    assert ledger.claim(None, ALL, NOON + LEASE, LEASE).key == second
    assert ledger.next_due(None) is None


def test_only_the_release_and_the_keys_asked_for_are_claimed(ledger):
    other = ready(ledger, "ana@example.org", edition="2026-W49")[0]
    _, wanted = ready(ledger, "eva@example.org", "ida@example.org")
    assert ledger.claim("2026-W50", ALL, NOON, LEASE) is None
    assert ledger.claim("2026-W48", frozenset([other]), NOON, LEASE) is None
    assert ledger.claim("2026-W48", frozenset([wanted]), NOON, LEASE).key == wanted
    assert ledger.claim("2026-W49", ALL, NOON, LEASE).key == other


def test_a_test_is_claimed_only_by_its_key_and_counted_nowhere(ledger):
    (key,) = ready(ledger, "ana@example.org", is_test=True)
    assert ledger.claim("2026-W48", ALL, NOON, LEASE) is None
    assert ledger.claim(None, ALL, NOON, LEASE) is None
    assert ledger.next_due(None) is None
    assert ledger.next_due(None, frozenset([key])) == NOON
    assert ledger.tally("2026-W48") == {}
    assert ledger.claim(None, frozenset([key]), NOON, LEASE).is_test


def test_a_claim_is_one_senders_alone_until_its_lease_runs_out(ledger, opened):
    other = opened("two")
    (key,) = ready(ledger, "ana@example.org")
    assert ledger.claim(None, ALL, NOON, LEASE).owner == ledger.actor
    other.recover(NOON + LEASE - timedelta(seconds=1))
    assert other.claim(None, ALL, NOON + LEASE - timedelta(seconds=1), LEASE) is None
    with pytest.raises(LeaseLost):
        other.commit(key, NOON, LEASE)
    other.recover(NOON + LEASE)
    assert other.claim(None, ALL, NOON + LEASE, LEASE).attempts == 2
    with pytest.raises(LeaseLost, match="ran out"):
        ledger.commit(key, NOON + LEASE, LEASE)
    with pytest.raises(LeaseLost, match=r"ana@example\.org is claimed"):
        ledger.settle(key, State.DEFERRED, NOON + LEASE, "late")
    other.commit(key, NOON + LEASE, LEASE)
    assert state_of(ledger, key) is State.COMMITTING


def test_a_sender_whose_own_lease_ran_out_sends_nothing_even_if_nobody_took_it(ledger):
    (key,) = ready(ledger, "ana@example.org")
    ledger.claim(None, ALL, NOON, LEASE)
    with pytest.raises(LeaseLost):
        ledger.commit(key, NOON + LEASE, LEASE)
    ledger.recover(NOON + LEASE)
    assert state_of(ledger, key) is State.READY


def test_two_processes_of_the_same_name_are_not_taken_for_one(opened):
    first, second = opened("host:7"), opened("host:7")
    (key,) = ready(first, "ana@example.org")
    first.claim(None, ALL, NOON, LEASE)
    second.recover(NOON + LEASE)
    second.claim(None, ALL, NOON + LEASE, LEASE)
    second.commit(key, NOON + LEASE, LEASE)
    with pytest.raises(LeaseLost):
        first.settle(key, State.DEFERRED, NOON + LEASE, "a failure before the dot, told late")
    assert state_of(first, key) is State.COMMITTING


def test_an_answer_after_the_lease_ran_out_still_counts(ledger, opened):
    for after in (State.ACCEPTED, State.DEFERRED, State.BOUNCED, State.UNKNOWN):
        (key,) = ready(ledger, f"{after}@example.org")
        ledger.claim(None, frozenset([key]), NOON, LEASE)
        ledger.commit(key, NOON, LEASE)
        opened("two").recover(NOON + LEASE)
        assert state_of(ledger, key) is State.UNKNOWN
        ledger.settle(key, after, NOON + LEASE, "late")
        assert state_of(ledger, key) is after


def test_an_answer_after_a_person_decided_does_not_count(ledger):
    (key,) = ready(ledger, "ana@example.org")
    send(ledger, key, State.UNKNOWN)
    ledger.resend(key, NOON, EXPIRES, "asked for")
    with pytest.raises(LeaseLost):
        ledger.settle(key, State.ACCEPTED, NOON, "late")
    assert state_of(ledger, key) is State.READY


def test_a_clock_set_back_delays_and_doubles_nothing(ledger, opened):
    other = opened("two")
    (key,) = ready(ledger, "ana@example.org")
    ledger.claim(None, ALL, NOON, LEASE)
    back = NOON - timedelta(hours=1)
    other.recover(back)
    assert other.claim(None, ALL, back, LEASE) is None
    ledger.commit(key, back, LEASE)
    ledger.settle(key, State.DEFERRED, back, "later", due=back + LEASE)
    assert other.claim(None, ALL, back, LEASE) is None
    assert other.claim(None, ALL, back + LEASE, LEASE).attempts == 2
    assert [step.after for step in ledger.events(key)][2:] == ["claimed", "committing", "deferred", "claimed"]


def test_a_clock_ahead_of_others_makes_unknown_what_it_cannot_know(ledger, opened):
    (key,) = ready(ledger, "ana@example.org")
    ledger.claim(None, ALL, NOON, LEASE)
    ledger.commit(key, NOON, LEASE)
    opened("ahead").recover(NOON + timedelta(days=1))
    assert state_of(ledger, key) is State.UNKNOWN
    ledger.settle(key, State.ACCEPTED, NOON, "250 taken")
    assert state_of(ledger, key) is State.ACCEPTED


# Makes the ledger and sends whatever can be claimed, in eight processes; a third of them fails before the dot once.
SENDERS = """
import os, sys
from pathlib import Path
from flows.delivery.ledger import Ledger, State
from tests.flows.delivery.test_ledger import ALL, LEASE, NOON, planned

MAILS = [planned(f"{number}@example.org") for number in range(60)]

def work(dots):
    ledger = Ledger(sys.argv[1], Path(sys.argv[2]), "sender", NOON)
    ledger.plan(MAILS, NOON)
    ledger.freeze({mail.key: [b"shared", mail.key[:1].encode()] for mail in MAILS}, NOON)
    while ledger.next_due(None):
        ledger.recover(NOON)
        if not (claimed := ledger.claim(None, ALL, NOON, LEASE)):
            continue
        if claimed.attempts == 1 and int(claimed.key, 16) % 3 == 0:
            ledger.settle(claimed.key, State.DEFERRED, NOON, "451 later", due=NOON)
            continue
        ledger.commit(claimed.key, NOON, LEASE)
        dots.write(claimed.key + "\\n")
        ledger.settle(claimed.key, State.ACCEPTED, NOON, "250 taken")
    ledger.close()

children = []
for number in range(8):
    child = os.fork()
    if not child:
        with Path(sys.argv[3], str(number)).open("w") as dots:
            work(dots)
        os._exit(0)
    children.append(child)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


def test_eight_processes_that_make_plan_freeze_and_send_at_once_send_each_once(database, journal, tmp_path):
    dots = tmp_path / "dots"
    dots.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", SENDERS, database, str(journal), str(dots)]
    subprocess.run(command, check=True, timeout=120, env=environment)
    sent = [key for path in dots.iterdir() for key in path.read_text().split()]
    assert sorted(sent) == sorted(planned(f"{number}@example.org").key for number in range(60))
    with closing(Ledger(database, journal, "reader", NOON)) as ledger:
        assert ledger.tally("2026-W48") == {State.ACCEPTED: 60}
        for key in sent:
            steps = [step.after for step in ledger.events(key)]
            assert steps.count(State.COMMITTING) == steps.count(State.ACCEPTED) == 1


# --- Ends -------------------------------------------------------------------------------------------------------


def test_what_is_of_no_use_any_more_expires_and_a_person_may_send_it_after_all(ledger):
    (key,) = ready(ledger, "ana@example.org", expires=NOON + LEASE)
    assert ledger.claim(None, ALL, NOON + LEASE, LEASE) is None
    ledger.recover(NOON + LEASE)
    assert state_of(ledger, key) is State.EXPIRED
    assert ledger.resend(key, NOON + LEASE, EXPIRES, "asked for")
    assert ledger.claim(None, ALL, NOON + LEASE, LEASE).expires == EXPIRES


def test_what_is_to_be_sent_again_and_has_no_message_gets_one_first(ledger):
    ledger.plan([planned(expires=NOON)], NOON)
    ledger.recover(NOON)
    assert ledger.resend(planned().key, NOON, EXPIRES, "asked for")
    assert state_of(ledger, planned().key) is State.PLANNED
    assert ledger.claim(None, ALL, NOON, LEASE) is None
    ledger.freeze({planned().key: [b"x"]}, NOON)
    assert ledger.claim(None, ALL, NOON, LEASE).key == planned().key


def test_a_release_is_finished_when_nothing_is_left_to_send_to_wait_for_or_to_settle(ledger):
    assert ledger.is_finished("2026-W48")
    for state in State:
        bring(ledger, state)
    assert ledger.tally("2026-W48") == dict.fromkeys(State, 1)
    assert not ledger.is_finished("2026-W48")
    for state in (State.ACCEPTED, State.BOUNCED, State.UNKNOWN, State.DEFERRED):
        (key,) = ready(ledger, "ana@example.org", edition=f"week of {state}")
        send(ledger, key, state)
        assert ledger.is_finished(f"week of {state}") == (state in (State.ACCEPTED, State.BOUNCED)), state
    for state in (State.SUPPRESSED, State.CANCELLED):
        (key,) = ready(ledger, "ana@example.org", edition=f"week of {state}")
        assert not ledger.is_finished(f"week of {state}")
        ledger.end(key, state, NOON, "")
        assert ledger.is_finished(f"week of {state}")


# --- Suppression ------------------------------------------------------------------------------------------------


def test_an_address_on_the_list_is_found_in_any_case_and_the_first_reason_stays(ledger):
    ledger.suppress("Ana@Example.org", "complaint", NOON, "said so")
    ledger.suppress("ana@example.org", "bounce", NOON + LEASE)
    found = ledger.suppression("ANA@example.ORG")
    assert (found.address, found.reason, found.since, found.detail) == ("Ana@Example.org", "complaint", NOON, "said so")
    assert ledger.suppressions() == [found]
    assert ledger.unsuppress("aNa@example.org")
    assert not ledger.unsuppress("ana@example.org")
    assert ledger.suppression("ana@example.org") is None


def test_one_who_is_suppressed_between_claim_and_dot_gets_nothing(ledger, opened, journal):
    (key,) = ready(ledger, "ana@example.org")
    ledger.claim(None, ALL, NOON, LEASE)
    opened("two").suppress("ANA@example.org", "unsubscribe", NOON)
    with pytest.raises(LeaseLost, match="suppressed meanwhile"):
        ledger.commit(key, NOON, LEASE)
    assert state_of(ledger, key) is State.SUPPRESSED
    assert '"dot"' not in journal.read_text()
    assert ledger.claim(None, ALL, NOON + LEASE, LEASE) is None


# --- Asking -----------------------------------------------------------------------------------------------------


def test_deliveries_are_found_by_release_recipient_and_state_the_newest_first(ledger):
    old, new = ready(ledger, "ana@example.org")[0], ready(ledger, "eva@example.org", now=NOON + LEASE)[0]
    other = ready(ledger, "ana@example.org", edition="2026-W49", now=NOON + 2 * LEASE)[0]
    send(ledger, old, State.BOUNCED, now=NOON + 3 * LEASE)

    def found(**filters):
        return [delivery.key for delivery in ledger.deliveries(**filters)]

    assert found() == [old, other, new]
    assert found(limit=2) == [old, other]
    assert found(edition="2026-W48") == [old, new]
    assert found(recipient="Ana@example.org") == [old, other]
    assert found(states=[State.READY]) == [other, new]
    assert found(edition="2026-W48", recipient="eva@example.org", states=[State.BOUNCED]) == []


def test_a_delivery_is_found_by_the_beginning_of_its_key(ledger):
    (key,) = ready(ledger, "ana@example.org")
    assert ledger.find(key) == ledger.find(key[:12]) == key
    ready(ledger, "eva@example.org")
    for wrong in ("", "%", "x", key + "0"):
        with pytest.raises(UnknownName):
            ledger.find(wrong)
    assert ledger.delivery("x") is None


def test_the_slots_of_a_relay_are_shared_by_all_senders(ledger, opened):
    other, second = opened("two"), timedelta(seconds=1)
    slots = [by.reserve_slot("relay:25", second, NOON) for by in (ledger, other, ledger)]
    assert slots == [NOON, NOON + second, NOON + 2 * second]
    assert other.reserve_slot("relay:25", second, NOON + LEASE) == NOON + LEASE
    assert other.reserve_slot("another:25", second, NOON) == NOON


# --- A backup that was put back ---------------------------------------------------------------------------------


def test_what_was_sent_since_the_backup_is_held_and_nothing_is_sent_twice(opened, backup):
    save, restore = backup
    first = opened()
    sent, waiting = ready(first, "ana@example.org", "eva@example.org")
    first.plan([planned("ida@example.org")], NOON)
    planned_only = planned("ida@example.org").key
    first.close()
    save()
    second = opened()
    second.freeze({planned_only: [b"x"]}, NOON)
    send(second, sent)
    send(second, planned_only, State.DEFERRED)
    second.close()
    restore()
    third = opened(now=NOON + LEASE)
    assert [state_of(third, key) for key in (sent, planned_only, waiting)] == ["unknown", "unknown", "ready"]
    assert third.epoch != first.epoch
    assert [step.epoch for step in third.events(sent)] == [first.epoch, first.epoch, third.epoch]
    assert "put back from a backup" in third.delivery(sent).detail
    assert third.claim(None, ALL, NOON + LEASE, LEASE).key == waiting
    assert third.claim(None, ALL, NOON + LEASE, LEASE) is None
    third.close()
    again = opened()
    assert again.epoch == third.epoch, "it is learned once"
    assert again.reconcile(planned_only, State.READY, NOON, "the log")
    assert state_of(again, planned_only) is State.PLANNED, "its message went with the database"


def test_a_backup_put_back_twice_and_one_from_between_two_dots_hold_the_same(opened, backup):
    save, restore = backup
    first = opened()
    (key,) = ready(first, "ana@example.org")
    send(first, key, State.DEFERRED)
    first.close()
    save()
    second = opened()
    send(second, key)
    second.close()
    for _ in range(2):
        restore()
        third = opened()
        assert state_of(third, key) is State.UNKNOWN
        third.close()


def test_a_final_dot_that_only_the_database_knows_hides_no_later_one(opened, backup, journal):
    save, restore = backup
    first = opened()
    (key,) = ready(first, "ana@example.org")
    send(first, key, State.DEFERRED)
    first.close()
    # A sender that died between the two.
    journal.unlink()
    save()
    second = opened()
    send(second, key)
    second.close()
    restore()
    assert state_of(opened(), key) is State.UNKNOWN


@pytest.mark.parametrize("state", [State.CANCELLED, State.SUPPRESSED, State.EXPIRED, State.BOUNCED, State.UNKNOWN])
def test_what_had_ended_by_the_backup_and_was_sent_since_is_held_as_well(opened, backup, state):
    save, restore = backup
    first = opened()
    key = bring(first, state)
    first.close()
    save()
    second = opened()
    if state in (State.CANCELLED, State.SUPPRESSED):
        second.revive(planned(f"{state}@example.org"), NOON)
        second.freeze({key: [b"x"]}, NOON)
    else:
        second.resend(key, NOON, EXPIRES, "asked for")
    send(second, key)
    second.close()
    restore()
    third = opened()
    assert state_of(third, key) is State.UNKNOWN
    assert not third.revive(planned(f"{state}@example.org"), NOON)


def test_one_who_was_put_on_the_list_since_the_backup_is_on_it_still(opened, backup):
    save, restore = backup
    first = opened()
    first.suppress("old@example.org", "bounce", NOON)
    first.close()
    save()
    second = opened()
    second.suppress("Ana@example.org", "unsubscribe", NOON)
    second.suppress("back@example.org", "unsubscribe", NOON)
    second.unsuppress("back@example.org")
    second.close()
    restore()
    third = opened()
    assert [found.address for found in third.suppressions()] == ["Ana@example.org", "old@example.org"]
    assert third.suppression("ana@example.org").since == NOON
    third.unsuppress("ana@example.org")
    third.close()
    assert opened().suppression("ana@example.org") is None


def test_without_the_journals_line_the_dot_may_not_leave(ledger, journal):
    (key,) = ready(ledger, "ana@example.org")
    ledger.claim(None, ALL, NOON, LEASE)
    journal.mkdir()
    with pytest.raises(JournalFailed, match=r"ledger\.journal fails"):
        ledger.commit(key, NOON, LEASE)
    assert state_of(ledger, key) is State.DEFERRED


def test_a_ledger_that_was_lost_sends_nothing_that_its_journal_knows(opened, journal, tmp_path):
    first = opened()
    sent, waiting = ready(first, "ana@example.org", "eva@example.org")
    send(first, sent)
    first.close()
    elsewhere = tmp_path / "new" / "ledger.db"
    new = Ledger(f"sqlite:///{elsewhere}", journal, "new", NOON)
    new.plan([planned("ana@example.org"), planned("eva@example.org")], NOON)
    assert [state_of(new, key) for key in (sent, waiting)] == ["unknown", "planned"]
    new.freeze({sent: [b"x"], waiting: [b"x"]}, NOON)
    assert new.claim(None, ALL, NOON, LEASE).key == waiting
    assert new.claim(None, ALL, NOON, LEASE) is None
    assert new.reconcile(sent, State.ACCEPTED, NOON, "the log")
    new.close()


def test_the_folder_of_the_ledger_is_made(tmp_path, database):
    path = Path(tmp_path / "not" / "there" / "ledger.journal")
    ledger = Ledger(database, path, "one", NOON)
    (key,) = ready(ledger, "ana@example.org")
    send(ledger, key)
    assert path.exists()
    ledger.close()
