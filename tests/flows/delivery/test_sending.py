"""The loop that sends, against relays that serve and that misbehave: each recipient gets one mail, or is listed."""

import base64
import multiprocessing
import time
import traceback
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from flows.delivery.ledger import Ledger, State
from flows.delivery.relay import RelayMisconfigured, RelayUnavailable
from flows.delivery.sending import CLAIM, NoLongerEntitled
from sources.errors import BadInput
from tests.relay import desk as desks
from tests.relay.certificates import Authority
from tests.relay.desk import RELEASE, mail
from tests.relay.scripted import Trouble, ehlo, scripted
from tests.relay.serving import Treatment, serving

ANA, BEN, EVA = "ana@example.org", "ben@example.org", "eva@example.org"
PASSWORD = "correct-horse-7"
LARGE = 8_000_000


@pytest.fixture
def desk(tmp_path):
    with desks.desk(tmp_path) as desk:
        yield desk


# --- A whole release -----------------------------------------------------------------------------------------------


def test_a_thousand_recipients_get_one_mail_each_or_are_listed(desk):
    people = [f"reader{number}@example.org" for number in range(1000)]
    greylisted = people[0::10]
    before = dict(zip(people[1::40], [Treatment.CUT_AT_RCPT, Treatment.CUT_AT_DATA] * 13, strict=False))
    after = dict(zip(people[3::40], [Treatment.CUT_TAKEN, Treatment.CUT_LOST] * 13, strict=False))
    refused = dict(zip(people[5::100], [Treatment.NO_MAILBOX, Treatment.POLICY] * 5, strict=True))
    with serving() as relay:
        once = dict.fromkeys(greylisted, Treatment.GREYLIST)
        for person, treatment in {**once, **before, **after, **refused}.items():
            relay.treat(person, treatment)
        keys = dict(zip(people, desk.ready(people), strict=True))
        given = mail(relay.port)
        desk.run(given)
        first = {State.DEFERRED: 100 + 25, State.UNKNOWN: 25, State.BOUNCED: 10, State.ACCEPTED: 840}
        assert desk.ledger.tally(RELEASE) == first
        while desk.advance():
            desk.run(given)
        assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 965, State.UNKNOWN: 25, State.BOUNCED: 10}
        unknown = {delivery.key for delivery in desk.ledger.deliveries(states=[State.UNKNOWN])}
        assert unknown == {keys[person] for person in after}
        assert _taken(desk) == set(relay.count()) - unknown
        assert set(relay.count().values()) == {1}

        # What the relay took is known from its log in the end; what it did not take is sent again.
        lost = {keys[person] for person, treatment in after.items() if treatment is Treatment.CUT_LOST}
        for key in unknown:
            desk.ledger.reconcile(key, State.READY if key in lost else State.ACCEPTED, desk.now, "its log")
        desk.run(given)
    assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 990, State.BOUNCED: 10}
    assert relay.count() == dict.fromkeys(_taken(desk), 1)
    assert {kept.recipient for kept in relay.kept} == set(people) - set(refused)
    no_mailbox = [person for person, treatment in refused.items() if treatment is Treatment.NO_MAILBOX]
    assert [s.address for s in desk.ledger.suppressions()] == sorted(no_mailbox)


def test_eight_senders_at_once_send_one_set_of_mails(desk, tmp_path):
    people = [f"reader{number}@example.org" for number in range(120)]
    with serving() as relay:
        for person in people[::10]:
            relay.treat(person, Treatment.GREYLIST)
        desk.ready(people)
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.flows.delivery.test_sending"])
        with context.Pool(8) as pool:
            work = [(tmp_path, relay.port, number) for number in range(8)]
            slots = [slot for some in pool.map(_send, work, chunksize=1) for slot in some]
        assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 108, State.DEFERRED: 12}
        assert relay.count() == dict.fromkeys(_taken(desk), 1)
        owners = {delivery.owner for delivery in desk.ledger.deliveries(states=[State.ACCEPTED])}
        assert len(owners) > 1
    # One slot for each attempt, and perhaps one for a sender that found nothing left; none was given twice.
    assert max(Counter(slots).values()) == 1
    assert 120 <= len(slots) <= 128


def _send(work):
    """Send as one of several processes at one instant; return the slots it waited for, in tenths of a second."""
    folder, port, number = work
    waits = []
    ledger = Ledger(f"sqlite:///{folder}/ledger.db", folder / "ledger.journal", f"sender:{number}", desks.BEGAN)
    with closing(ledger):
        desk = desks.Desk(ledger=ledger)
        reserve = ledger.reserve_slot

        def noted(*words):
            slot = reserve(*words)
            waits.append(round((slot - desks.BEGAN) / timedelta(milliseconds=100)))
            return slot

        ledger.reserve_slot = noted
        desk.run(mail(port, per_minute=600), sleep=lambda _: time.sleep(0.001))
    return waits


def _taken(desk):
    """Return the keys of what the ledger says was accepted."""
    return {delivery.key for delivery in desk.ledger.deliveries(states=[State.ACCEPTED])}


# --- Before the dot ------------------------------------------------------------------------------------------------

CLOSING, BUSY = b"421 4.3.2 closing\r\n", b"454 4.7.0 not now\r\n"


@pytest.mark.parametrize("trouble", [*Trouble, CLOSING, b"junk\r\n", b"399 x\r\n"], ids=str)
@pytest.mark.parametrize("phase", ["banner", "EHLO", "MAIL", "RCPT", "DATA"])
def test_what_fails_before_the_dot_is_delivered_once_later(desk, phase, trouble):
    # A relay that does not know EHLO is asked with HELO; it fails there too.
    script = {phase: [trouble], **({"HELO": [trouble]} if phase == "EHLO" else {})}
    with scripted(script) as relay:
        [key] = desk.ready([ANA])
        desk.run(desks.impatient(mail(relay.port)))
        assert (desk.state(key), len(relay.kept)) == (State.DEFERRED, 0)
        assert desk.advance()
        desk.run(mail(relay.port))
        assert (desk.state(key), len(relay.kept)) == (State.ACCEPTED, 1)


@pytest.mark.parametrize("trouble", [Trouble.STALL, Trouble.CUT])
def test_what_fails_within_the_message_is_delivered_once_later(desk, trouble):
    with scripted({"body": [trouble]}) as relay:
        [key] = desk.ready([ANA], size_bytes=LARGE)
        desk.run(desks.impatient(mail(relay.port)))
        assert (desk.state(key), len(relay.kept)) == (State.DEFERRED, 0)
        assert desk.advance()
        desk.run(mail(relay.port))
        assert (desk.state(key), relay.kept) == (State.ACCEPTED, [desk.ledger.message(key)])


@pytest.mark.parametrize("phase", ["STARTTLS", "AUTH"])
@pytest.mark.parametrize("trouble", [Trouble.STALL, Trouble.CUT, BUSY, CLOSING], ids=str)
def test_what_fails_before_the_login_is_delivered_once_later(desk, tmp_path, phase, trouble):
    authority = Authority(tmp_path)
    greetings = [ehlo("STARTTLS"), ehlo("AUTH PLAIN")]
    second = greetings if phase == "AUTH" else [greetings[0], *greetings]
    script = {"EHLO": second + greetings, phase: [trouble]}
    with scripted(script, tls=authority.good()) as relay:
        [key] = desk.ready([ANA])
        given = mail(relay.port, tls="starttls", ca_file=authority.file, username="reports", password=PASSWORD)
        desk.run(given.model_copy(update={"timeout_seconds": 1.0}))
        assert (desk.state(key), len(relay.kept)) == (State.DEFERRED, 0)
        relay.begin({"EHLO": greetings})
        assert desk.advance()
        desk.run(given)
        assert (desk.state(key), len(relay.kept)) == (State.ACCEPTED, 1)
    assert PASSWORD.encode() not in relay.clear
    assert b"AUTH" not in relay.clear


def test_a_connection_that_the_relay_ended_between_two_mails_is_opened_again(desk):
    with scripted({"RSET": [b"421 4.4.2 idle too long\r\n", Trouble.CUT]}) as relay:
        desk.ready([ANA, BEN, EVA])
        desk.run(mail(relay.port))
    assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 3}
    assert len(relay.kept) == 3


def test_answers_out_of_step_cannot_confirm_a_mail(desk):
    with scripted({"MAIL": [b"250 ok\r\n250 ok again\r\n"], "RCPT": [b"550 5.1.1 none\r\n"]}) as relay:
        [key] = desk.ready([ANA])
        desk.run(mail(relay.port))
        assert desk.state(key) is not State.ACCEPTED
    assert relay.kept == []


def test_a_relay_that_does_not_answer_is_not_asked_for_every_mail(desk):
    with scripted({"banner": [Trouble.CUT] * 3}) as relay:
        desk.ready([f"reader{number}@example.org" for number in range(6)])
        with pytest.raises(RelayUnavailable):
            desk.run(mail(relay.port))
        assert desk.ledger.tally(RELEASE) == {State.DEFERRED: 3, State.READY: 3}
        while desk.advance():
            desk.run(mail(relay.port))
    assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 6}
    assert len(relay.kept) == 6


# --- After the dot -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_taken", [True, False])
@pytest.mark.parametrize("trouble", [Trouble.STALL, Trouble.CUT, Trouble.DRIP, b"junk\r\n", b"354 go on\r\n"], ids=str)
def test_what_fails_after_the_dot_is_unknown_and_never_sent_again(desk, trouble, is_taken):
    with scripted({"dot": [trouble]}, takes_before_trouble=is_taken) as relay:
        [key] = desk.ready([ANA])
        desk.run(mail(relay.port, answer_seconds=0.25))
        assert (desk.state(key), len(relay.kept)) == (State.UNKNOWN, int(is_taken))
        desk.now += timedelta(days=1)
        desk.run(mail(relay.port))
        assert (desk.state(key), len(relay.kept)) == (State.UNKNOWN, int(is_taken))


@pytest.mark.parametrize("answer", [b"421 4.3.2 closing\r\n", b"451 4.3.0 disk full\r\n"])
def test_a_later_please_after_the_dot_is_delivered_once_later(desk, answer):
    with scripted({"dot": [answer]}) as relay:
        [key] = desk.ready([ANA])
        desk.run(mail(relay.port))
        assert (desk.state(key), len(relay.kept)) == (State.DEFERRED, 0)
        assert desk.advance()
        desk.run(mail(relay.port))
        assert (desk.state(key), len(relay.kept)) == (State.ACCEPTED, 1)


def test_an_answer_that_comes_when_the_lease_ran_out_still_counts(desk):
    def late(*words):
        desk.now += timedelta(hours=1)
        desk.ledger.recover(desk.now)
        return settle(*words)

    with scripted() as relay:
        [key] = desk.ready([ANA])
        settle, desk.ledger.settle = desk.ledger.settle, late
        desk.run(mail(relay.port))
    assert [event.after for event in desk.ledger.events(key)][-2:] == [State.UNKNOWN, State.ACCEPTED]


# --- Refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "dot"])
def test_a_temporary_refusal_in_any_phase_is_tried_again(desk, phase):
    with scripted({phase: [b"451 4.3.0 later\r\n"]}) as relay:
        [key] = desk.ready([ANA])
        desk.run(mail(relay.port))
        assert desk.state(key) is State.DEFERRED
        desk.advance()
        desk.run(mail(relay.port))
        assert (desk.state(key), len(relay.kept)) == (State.ACCEPTED, 1)


@pytest.mark.parametrize("phase", ["RCPT", "DATA", "dot"])
def test_a_permanent_refusal_is_not_tried_again(desk, phase):
    with scripted({phase: [b"554 5.7.1 never\r\n"]}) as relay:
        keys = desk.ready([ANA, BEN])
        desk.run(mail(relay.port))
        assert Counter(desk.state(key) for key in keys) == {State.BOUNCED: 1, State.ACCEPTED: 1}
        desk.now += timedelta(days=1)
        desk.run(mail(relay.port))
    assert len(relay.kept) == 1
    assert desk.ledger.suppressions() == []
    [bounced] = desk.ledger.deliveries(states=[State.BOUNCED])
    assert (bounced.code, bounced.detail) == (554, f"{'DATA' if phase == 'dot' else phase}: 554 5.7.1 never")


def test_an_address_that_does_not_exist_is_suppressed(desk):
    with scripted({"RCPT": [b"550-5.1.1 no such\r\n550 5.1.1 mailbox\r\n"]}) as relay:
        desk.ready([ANA])
        desk.run(mail(relay.port))
    [suppression] = desk.ledger.suppressions()
    assert (suppression.address, suppression.reason) == (ANA, "bounce")


@pytest.mark.parametrize(
    ("phase", "answer"),
    [
        ("MAIL", b"550 5.7.1 not from you\r\n"),
        ("MAIL", b"530 5.7.0 log in first\r\n"),
        ("RCPT", b"553 5.1.8 sender's domain does not exist\r\n"),
        ("dot", b"550 5.1.8 bad outbound sender\r\n"),
    ],
)
def test_a_relay_that_refuses_our_sender_stops_everything_and_bounces_nobody(desk, phase, answer):
    with scripted({phase: [answer]}) as relay:
        desk.ready([ANA, BEN, EVA])
        with pytest.raises(RelayMisconfigured, match=r"takes no mail from reports@policy\.example"):
            desk.run(mail(relay.port))
        assert desk.ledger.tally(RELEASE) == {State.DEFERRED: 1, State.READY: 2}
        # Mended, it goes on at once.
        desk.run(mail(relay.port))
    assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 3}
    assert len(relay.kept) == 3


def test_a_relay_that_is_not_what_the_settings_say_leaves_everything_due(desk):
    with scripted() as relay:
        desk.ready([ANA, BEN])
        with pytest.raises(RelayMisconfigured, match="offers no STARTTLS"):
            desk.run(mail(relay.port, tls="starttls"))
        assert relay.kept == []
        desk.run(mail(relay.port))
    assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 2}


# --- Size ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [{"EHLO": [ehlo("SIZE 2000"), ehlo("SIZE 2000")]}, {"MAIL": [b"552 5.3.4 too big\r\n"]}],
    ids=["named at EHLO", "552 at MAIL"],
)
def test_a_message_that_is_too_large_is_sent_smaller(desk, script):
    small = b"Subject: without files\r\n\r\nx\r\n"
    asked = []

    def shrink(_delivery, limit_bytes):
        asked.append(limit_bytes)
        return [small]

    with scripted(script) as relay:
        [key] = desk.ready([ANA], size_bytes=50_000)
        size = len(desk.ledger.message(key))
        desk.run(mail(relay.port), shrink=shrink)
        assert (desk.state(key), relay.kept) == (State.ACCEPTED, [small])
    assert asked == [2000 if "EHLO" in script else size - 1]


def test_a_relay_that_takes_not_even_the_smallest_message_ends_it(desk):
    with scripted({"EHLO": [ehlo("SIZE 100")]}) as relay:
        [key] = desk.ready([ANA], size_bytes=500)
        desk.run(mail(relay.port), shrink=lambda *_: [b"x" * 300])
        assert desk.state(key) is State.BOUNCED
    [delivery] = desk.ledger.deliveries()
    assert delivery.detail.endswith("the relay takes no more than 100; the smallest that could be sent has 300")


def test_a_recipient_who_left_while_the_message_was_made_smaller_gets_nothing(desk):
    def gone(*_):
        raise NoLongerEntitled(State.CANCELLED, "not on the roster")

    with scripted({"EHLO": [ehlo("SIZE 100")]}) as relay:
        [key] = desk.ready([ANA], size_bytes=500)
        desk.run(mail(relay.port), shrink=gone)
    assert (desk.state(key), relay.kept) == (State.CANCELLED, [])


def test_an_address_that_only_utf8_can_write_bounces_where_the_relay_cannot(desk):
    with serving(is_international=False) as relay:
        desk.ready([ANA, "peña@example.org"])
        desk.run(mail(relay.port))
    assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 1, State.BOUNCED: 1}
    assert [kept.recipient for kept in relay.kept] == [ANA]


# --- Waits ---------------------------------------------------------------------------------------------------------


def test_waits_double_up_to_the_longest_until_the_mail_is_of_no_use(desk):
    with serving() as relay:
        relay.treat(ANA, *[Treatment.GREYLIST] * 50)
        [key] = desk.ready([ANA], expires=timedelta(hours=1))
        given = mail(relay.port, first_wait_seconds=60, longest_wait_seconds=900)
        tried = []
        while desk.advance():
            tried.append((desk.now - desks.BEGAN).total_seconds())
            desk.run(given)
        assert tried == [0, 60, 180, 420, 900, 1800, 2700, 3600]
    assert desk.state(key) is State.EXPIRED
    assert relay.kept == []


def test_a_wait_never_outgrows_its_number(desk):
    def tried_often(*words):
        found = claim(*words)
        return found and replace(found, attempts=5000)

    with serving() as relay:
        relay.treat(ANA, Treatment.GREYLIST)
        [key] = desk.ready([ANA])
        claim, desk.ledger.claim = desk.ledger.claim, tried_often
        desk.run(mail(relay.port, longest_wait_seconds=14_400))
    assert desk.state(key) is State.DEFERRED
    assert desk.ledger.next_due(RELEASE) == desk.now + timedelta(hours=4)


def test_mails_leave_no_faster_than_the_relay_may_be_given_them(desk):
    with scripted() as relay:
        desk.ready([ANA, BEN, EVA])
        desk.run(mail(relay.port, per_minute=30))
    assert desk.slept == [2.0, 2.0]


# --- Claims and entitlement ----------------------------------------------------------------------------------------


def test_a_claim_that_ran_out_sends_nothing_and_stops_no_other(desk):
    asked = Counter()

    def slow(delivery):
        asked[delivery.recipient] += 1
        if delivery.recipient == ANA and asked[ANA] == 2:
            # Between the claim and the dot another sender takes back what is overdue.
            desk.now += CLAIM
            desk.ledger.recover(desk.now)

    with scripted() as relay:
        keys = desk.ready([ANA, BEN])
        desk.run(mail(relay.port), check=slow)
        assert [desk.state(key) for key in keys] == [State.ACCEPTED, State.ACCEPTED]
    assert len(relay.kept) == 2
    steps = [event.after for event in desk.ledger.events(keys[0])]
    again = [State.CLAIMED, State.COMMITTING, State.ACCEPTED]
    assert steps == [State.PLANNED, State.READY, State.CLAIMED, State.READY, *again]


def test_a_broken_connection_whose_claim_ran_out_stops_no_other(desk):
    def overtaken(key, after, _now, *rest):
        if after is State.DEFERRED:
            desk.now += CLAIM
            desk.ledger.recover(desk.now)
        return settle(key, after, desk.now, *rest)

    with scripted({"RCPT": [Trouble.CUT]}) as relay:
        desk.ready([ANA, BEN])
        settle, desk.ledger.settle = desk.ledger.settle, overtaken
        desk.run(mail(relay.port))
    assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 2}
    assert len(relay.kept) == 2


@pytest.mark.parametrize("asked", [1, 2], ids=["at the claim", "before the dot"])
def test_who_is_no_longer_entitled_gets_nothing(desk, asked):
    count = Counter()

    def check(delivery):
        count[delivery.recipient] += 1
        if delivery.recipient == ANA and count[ANA] == asked:
            raise NoLongerEntitled(State.CANCELLED, "not on the roster")

    with scripted() as relay:
        keys = desk.ready([ANA, BEN])
        desk.run(mail(relay.port), check=check)
        assert [desk.state(key) for key in keys] == [State.CANCELLED, State.ACCEPTED]
    assert len(relay.kept) == 1


def test_who_is_suppressed_while_the_mail_is_under_way_gets_nothing(desk):
    def check(_delivery):
        desk.ledger.suppress(ANA, "unsubscribe", desk.now)

    with scripted() as relay:
        keys = desk.ready([ANA, BEN])
        desk.run(mail(relay.port), check=check)
        assert [desk.state(key) for key in keys] == [State.SUPPRESSED, State.ACCEPTED]
    assert len(relay.kept) == 1


def test_a_roster_with_mistakes_stops_and_leaves_everything_due(desk):
    def check(_delivery):
        raise BadInput([])

    with scripted() as relay:
        desk.ready([ANA, BEN])
        with pytest.raises(BadInput):
            desk.run(mail(relay.port), check=check)
        desk.run(mail(relay.port))
    assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 2}
    assert len(relay.kept) == 2


# --- Secrets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize("is_refused", [True, False])
def test_the_password_stands_nowhere_but_on_the_wire(desk, tmp_path, caplog, capfd, mechanism, is_refused):
    caplog.set_level(0)
    plain = base64.b64encode(b"\0reports\0" + PASSWORD.encode()).decode()
    secrets = [PASSWORD, plain, base64.b64encode(PASSWORD.encode()).decode()]
    # A relay that repeats what it was sent.
    echo = f"535 5.7.8 {' '.join(secrets)}\r\n".encode()
    challenge = [b"334 UGFzc3dvcmQ6\r\n"] if mechanism != "PLAIN" else []
    script = {"EHLO": [ehlo(f"AUTH {mechanism}")], "AUTH": challenge + [echo] * is_refused}
    # What LOGIN and CRAM-MD5 answer to a challenge: the relay takes its first letters for a command.
    for start in (secrets[2][:4], base64.b64encode(b"reports ").decode()[:4]):
        script[start.upper()] = [echo if is_refused else b"235 in\r\n"]
    told = ""
    with scripted(script) as relay:
        desk.ready([ANA])
        given = mail(relay.port, username="reports", password=PASSWORD)
        try:
            desk.run(given)
        except (RelayMisconfigured, RelayUnavailable) as error:
            told = "".join(traceback.format_exception(error))
    printed = capfd.readouterr()
    everywhere = [told, repr(given), *desk.said, caplog.text, printed.out, printed.err]
    everywhere += [file.read_bytes().decode("latin-1") for file in tmp_path.iterdir()]
    assert any("login of reports" in text for text in everywhere) == is_refused
    for secret in secrets:
        assert not [text for text in everywhere if secret in text]
