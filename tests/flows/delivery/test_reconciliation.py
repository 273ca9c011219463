"""What a Postfix log proves of an unknown delivery, and what it does not."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from flows.delivery.ledger import Delivery, Ledger, Planned, State
from flows.delivery.reconciliation import LATE, MARGIN, findings, read_log

RELEASE = "2026-W48"
SENT = datetime(2026, 11, 24, 9, tzinfo=UTC)
GIVEN_UP = SENT + timedelta(seconds=30)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BEFORE = "2026-11-24T08:50:00+00:00 relay postfix/smtpd[6]: connect from elsewhere[192.0.2.7]"
AFTER = "2026-11-24T09:30:00+00:00 relay postfix/smtpd[6]: disconnect from elsewhere[192.0.2.7] commands=0/0"


@pytest.fixture
def unknown(tmp_path) -> Delivery:
    """Return a delivery whose fate is unknown since half a minute after it was claimed."""
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db", tmp_path / "ledger.journal", "sender:1", SENT)) as ledger:
        planned = Planned(edition=RELEASE, report="full", recipient="ana@example.org", expires=SENT + timedelta(days=3))
        ledger.plan([planned], SENT)
        ledger.freeze({planned.key: [b"Subject: changes\r\n"]}, SENT)
        ledger.claim(None, frozenset(), SENT, timedelta(minutes=5))
        ledger.commit(planned.key, SENT, timedelta(minutes=5))
        ledger.settle(planned.key, State.UNKNOWN, GIVEN_UP, "no answer to the final dot")
        found = ledger.delivery(planned.key)
        assert found
        return found


def entry(daemon: str, text: str, second: int = 1, pid: int = 7, host: str = "relay") -> str:
    return f"2026-11-24T09:00:{second:02}.250000+00:00 {host} postfix/{daemon}[{pid}]: {text}"


def arriving(delivery: Delivery, queue_id: str = "C656B262265") -> list[str]:
    """Return what Postfix logs while a message arrives."""
    return [
        entry("smtpd", f"{queue_id}: client=localhost[127.0.0.1]"),
        entry("cleanup", f"{queue_id}: message-id=<{delivery.key}@policy.example>"),
    ]


def active(queue_id: str = "C656B262265") -> str:
    return entry("qmgr", f"{queue_id}: from=<reports@policy.example>, size=295, nrcpt=1 (queue active)")


def ended(status: str, queue_id: str = "C656B262265", to: str = "ana@example.org") -> str:
    return entry(
        "smtp",
        f"{queue_id}: to=<{to}>, orig_to=<{to}>, relay=mx.example.org[192.0.2.9]:25, delay=0.1, delays=0/0/0/0.1, "
        f"dsn=2.0.0, status={status} (250 2.0.0 thank you)",
    )


LOST = entry("smtpd", "lost connection after DATA (93 bytes) from localhost[127.0.0.1]")
# Somebody else's message.
OTHER = [
    entry("smtpd", "1D3C126231E: client=elsewhere[192.0.2.7]", pid=6),
    entry("cleanup", "1D3C126231E: message-id=<another@example.com>"),
    entry("qmgr", "1D3C126231E: from=<>, size=295, nrcpt=1 (queue active)"),
    entry("smtp", "1D3C126231E: to=<eva@example.org>, relay=none, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (x)"),
]


def proof(delivery, *lines, zone=UTC, now=NOW):
    """Return what a log proves of a delivery, and its reason."""
    (finding,) = findings([delivery], read_log(lines, now, zone))
    assert finding.delivery is delivery
    return finding.state, finding.reason


# --- What was taken ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("sent", State.ACCEPTED),
        ("deferred", State.ACCEPTED),
        ("bounced", State.BOUNCED),
        ("expired", State.BOUNCED),
    ],
)
def test_a_message_that_became_active_was_taken_and_its_last_status_counts(unknown, status, state):
    lines = [*arriving(unknown), active(), ended("deferred"), ended(status)]
    assert proof(unknown, *lines) == (state, f"the log: C656B262265, {status}")


def test_a_message_still_queued_was_taken_by_a_log_that_covers_no_time(unknown):
    assert proof(unknown, *arriving(unknown), active()) == (State.ACCEPTED, "the log: C656B262265, queued")


def test_a_message_given_back_after_days_bounced(unknown):
    text = "C656B262265: from=<reports@policy.example>, status=expired, returned to sender"
    assert proof(unknown, *arriving(unknown), active(), entry("qmgr", text))[0] is State.BOUNCED


def test_the_passage_behind_a_filter_counts(unknown):
    inner = [*arriving(unknown, "AAAAAA"), active("AAAAAA"), ended("bounced", "AAAAAA")]
    assert proof(unknown, *arriving(unknown), active(), *inner, ended("sent"))[0] is State.BOUNCED


def test_long_queue_ids_and_names_of_further_instances_are_read(unknown):
    lines = [*arriving(unknown, "4Wb6jD1Gz9z3Q"), active("4Wb6jD1Gz9z3Q"), ended("sent", "4Wb6jD1Gz9z3Q")]
    lines = [line.replace("postfix/", "postfix-out/submission/") for line in lines]
    assert proof(unknown, *lines)[0] is State.ACCEPTED


def test_the_senders_domain_may_have_changed_since(unknown):
    lines = [line.replace("policy.example", "old.example") for line in (*arriving(unknown), active())]
    assert proof(unknown, *lines)[0] is State.ACCEPTED


# --- What was not taken ------------------------------------------------------------------------------------------


def test_a_message_that_a_whole_log_does_not_name_was_not_taken(unknown):
    state, reason = proof(unknown, BEFORE, *OTHER, AFTER)
    assert (state, reason) == (State.READY, "the log covers the time and shows that it was not taken")


@pytest.mark.parametrize("named_last", [False, True])
@pytest.mark.parametrize("how", ["lost connection", "timeout"])
def test_a_message_whose_client_was_lost_before_the_dot_was_not_taken(unknown, how, named_last):
    client, named = arriving(unknown)
    lost = LOST.replace("lost connection", how)
    # The daemons write for themselves: the name may come after the loss.
    lines = (client, lost, named) if named_last else (client, named, lost)
    assert proof(unknown, BEFORE, *lines, AFTER)[0] is State.READY
    # Without it, it may have been taken and wait to become active.
    state, reason = proof(unknown, BEFORE, client, named, AFTER)
    assert (state, reason) == (None, "the log shows that it arrived, not whether it was taken: settle it by hand")


@pytest.mark.parametrize(
    "text",
    [
        "lost connection after RCPT from localhost[127.0.0.1]",
        "lost connection after END-OF-MESSAGE from localhost[127.0.0.1]",
        "disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 commands=4",
    ],
)
def test_only_a_loss_within_the_message_says_that_it_was_not_taken(unknown, text):
    assert proof(unknown, BEFORE, *arriving(unknown), entry("smtpd", text), AFTER)[0] is None


def test_a_loss_of_another_client_says_nothing(unknown):
    other = LOST.replace("smtpd[7]", "smtpd[6]")
    elsewhere = LOST.replace(" relay ", " relay2 ")
    assert proof(unknown, BEFORE, *OTHER, *arriving(unknown), other, elsewhere, AFTER)[0] is None


def test_a_queue_id_that_comes_again_is_another_message(unknown):
    # The queue id of the lost message is given to another, from a client and from Postfix itself.
    lost = [*arriving(unknown), LOST]
    again = [line.replace("1D3C126231E", "C656B262265") for line in OTHER]
    assert proof(unknown, BEFORE, *lost, *again, AFTER)[0] is State.READY
    assert proof(unknown, BEFORE, *lost, *again[1:], AFTER)[0] is State.READY


def test_the_same_queue_id_on_another_host_is_another_message(unknown):
    elsewhere = [line.replace("1D3C126231E", "C656B262265").replace(" relay ", " relay2 ") for line in OTHER]
    assert proof(unknown, BEFORE, *elsewhere[:2], *arriving(unknown), LOST, *elsewhere[2:], AFTER)[0] is State.READY


# --- What proves nothing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [[], ["", "\x1f\x8b\x08 packed", "Nov 24 09:00:00 relay sshd[1]: hello", "2026"]])
def test_a_log_without_postfix_proves_nothing(unknown, lines):
    assert proof(unknown, *lines) == (None, "the log has no line of Postfix")


@pytest.mark.parametrize(
    "lines",
    [
        [*OTHER, AFTER],
        [BEFORE, *OTHER],
        [BEFORE.replace("08:50:00", "08:58:01"), *OTHER, AFTER],
        [BEFORE, *OTHER, AFTER.replace("09:30:00", "09:07:29")],
        [BEFORE.replace("T08", "T06"), AFTER.replace("T09", "T07")],
    ],
    ids=["rotated", "cut off", "begins too late", "ends too early", "of another time"],
)
def test_a_log_that_does_not_cover_the_time_proves_nothing(unknown, lines):
    state, reason = proof(unknown, *lines)
    assert state is None
    assert reason.startswith("the log covers only 2026-11-24 ")
    assert reason.endswith("; needed is 2026-11-24 08:58 to 2026-11-24 09:07 UTC")


def test_a_log_that_covers_the_time_to_the_minute_is_enough(unknown):
    first, last = SENT - MARGIN, GIVEN_UP + LATE
    around = (BEFORE.replace("08:50:00", f"{first:%H:%M:%S}"), AFTER.replace("09:30:00", f"{last:%H:%M:%S}"))
    assert proof(unknown, around[0], *OTHER, around[1])[0] is State.READY


def test_a_log_with_a_piece_missing_proves_nothing(unknown):
    later = [line.replace("T09:00", "T09:20") for line in OTHER]
    earlier = [line.replace("T09:00", "T08:55") for line in OTHER]
    state, reason = proof(unknown, BEFORE, *earlier, *later, AFTER)
    assert state is None
    assert reason == "by the log no message arrived from 2026-11-24 09:00 to 2026-11-24 09:00 UTC: it is not whole"


def test_a_delivery_of_which_nobody_knows_when_it_was_sent_is_not_proven_by_silence(tmp_path):
    journal = tmp_path / "ledger.journal"
    planned = Planned(edition=RELEASE, report="full", recipient="ana@example.org", expires=SENT + timedelta(days=3))
    for name in ("first", "found empty"):
        with closing(Ledger(f"sqlite:///{tmp_path}/{name}.db", journal, "sender:1", SENT)) as ledger:
            ledger.plan([planned], SENT)
            if name == "first":
                ledger.freeze({planned.key: [b"x"]}, SENT)
                ledger.claim(None, frozenset(), SENT, timedelta(minutes=5))
                ledger.commit(planned.key, SENT, timedelta(minutes=5))
            (held,) = ledger.deliveries()
    assert held.state is State.UNKNOWN
    state, reason = proof(held, BEFORE, *OTHER, AFTER)
    assert state is None
    assert "does not know when it was sent" in reason
    assert proof(held, BEFORE, *arriving(held), active(), AFTER)[0] is State.ACCEPTED


# --- What others write into it -----------------------------------------------------------------------------------


def test_words_of_others_are_no_facts(unknown):
    other = [
        entry("cleanup", f"C656B262265: warning: header Subject: message-id=<{unknown.key}@x> (queue active) from"),
        entry("cleanup", "C656B262265: warning: header From: from=<a>, size=1, nrcpt=1 (queue active)"),
        entry("smtpd", "C656B262265: from=<a>, size=1, nrcpt=1 (queue active)"),
        entry("qmgr", "C656B262265: from=<a>, size=1, nrcpt=1 (queue active) and more"),
        entry("smtpd", f"C656B262265: message-id=<{unknown.key}@policy.example>"),
    ]
    assert proof(unknown, BEFORE, *arriving(unknown), *other, LOST, AFTER)[0] is State.READY


def test_an_address_that_reads_like_a_status_is_an_address(unknown):
    lines = [*arriving(unknown), active(), ended("sent (said: status=bounced)", to="status=bounced@example.org")]
    assert proof(unknown, *lines)[0] is State.ACCEPTED


# --- Times -------------------------------------------------------------------------------------------------------


def traditional(lines, zone):
    """Return lines with the time that syslog has written for decades."""
    for line in lines:
        time, rest = line.split(" ", 1)
        local = datetime.fromisoformat(time).astimezone(zone)
        yield f"{local:%b} {local.day:2} {local:%H:%M:%S} {rest}"


@pytest.mark.parametrize("name", ["UTC", "America/Guatemala", "Asia/Kathmandu"])
def test_traditional_times_are_of_the_zone_that_is_given(unknown, name):
    zone = ZoneInfo(name)
    lines = list(traditional([BEFORE, *OTHER, AFTER], zone))
    assert lines[0].startswith("Nov 24 ")
    assert proof(unknown, *lines, zone=zone)[0] is State.READY
    # In another zone it is a log of another time.
    assert proof(unknown, *lines, zone=ZoneInfo("Pacific/Auckland"))[0] is None


def test_a_time_in_full_that_names_no_zone_is_of_the_zone_that_is_given(unknown):
    lines = [line.replace("+00:00 ", " ").replace("T0", "T1") for line in (BEFORE, *OTHER, AFTER)]
    assert proof(unknown, *lines, zone=ZoneInfo("Etc/GMT-10"))[0] is State.READY
    assert proof(unknown, *lines, zone=UTC)[0] is None


def test_the_days_of_the_old_year_are_of_the_old_year():
    lines = [
        "Dec 31 23:58:59 relay postfix/smtpd[7]: connect from localhost[127.0.0.1]",
        "Jan  1 00:03:01 relay postfix/smtpd[7]: disconnect from localhost[127.0.0.1]",
    ]
    log = read_log(lines, datetime(2027, 1, 1, 8, tzinfo=UTC))
    assert log.first == datetime(2026, 12, 31, 23, 58, 59, tzinfo=UTC)
    assert log.last == datetime(2027, 1, 1, 0, 3, 1, tzinfo=UTC)
    # The relay's clock goes before ours.
    log = read_log(lines[1:], datetime(2027, 1, 1, 0, 2, tzinfo=UTC))
    assert log.last == datetime(2027, 1, 1, 0, 3, 1, tzinfo=UTC)
    assert read_log(["Jan  1 00:00:30 relay postfix/smtpd[7]: x"], datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC)).last


def test_the_last_day_of_february_is_of_a_year_that_has_it():
    line = "Feb 29 10:00:00 relay postfix/smtpd[7]: connect from localhost[127.0.0.1]"
    assert read_log([line], datetime(2029, 1, 5, tzinfo=UTC)).first == datetime(2028, 2, 29, 10, tzinfo=UTC)
    assert read_log([line], datetime(2026, 11, 24, tzinfo=UTC)).first is None


@pytest.mark.parametrize("time", ["Foo 24 09:00:00", "Nov 31 09:00:00", "Nov 24 25:00:00", "2026-13-24T09:00:00Z"])
def test_a_line_of_no_time_is_passed_over(unknown, time):
    assert proof(unknown, f"{time} relay postfix/smtpd[7]: connect from x")[1] == "the log has no line of Postfix"
