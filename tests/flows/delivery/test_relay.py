"""The conversation with the relay: what goes over the wire, what is refused, and whom it trusts."""

import re
import ssl

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from flows.delivery import relay
from flows.delivery.relay import (
    AnswerLost,
    Rejected,
    RelayMisconfigured,
    RelayUnavailable,
    Reply,
    TooLarge,
)
from tests.relay import desk
from tests.relay.certificates import Authority
from tests.relay.scripted import Trouble, ehlo, scripted
from tests.relay.serving import serving

SENDER, RECIPIENT = "reports@policy.example", "ana@example.org"
PASSWORD = "correct-horse-7"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def send(settings, message=b"Subject: x\r\n\r\nx\r\n", recipient=RECIPIENT, before_dot=lambda: None):
    with relay.session(settings) as session:
        return session.send(SENDER, recipient, message, before_dot)


def logging_in(port, authority, **changes):
    """Return settings with STARTTLS and a login."""
    given = {"tls": "starttls", "ca_file": authority.file, "username": "reports", "password": PASSWORD}
    return desk.mail(port, **{**given, **changes})


# --- The bytes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        b"Subject: x\r\n\r\n.\r\n..\r\n...x\r\n. \r\n.\r\n",
        b"Subject: x\r\n\r\n" + b"y" * 998 + b"\r\n",
        b"Subject: x\r\n\r\n" + b"." + b"y" * 5000 + b"\r\n",
        b"Subject: x\r\n\r\n\r\n\r\n\r\n",
        b"Subject: x\r\n\r\nQUIT\r\nMAIL FROM:<a@b.example>\r\n",
        b"",
    ],
)
def test_the_relay_gets_the_bytes_of_the_message(message):
    with scripted() as server:
        assert send(desk.mail(server.port), message) == Reply(code=250, text="2.0.0 taken")
    assert server.kept == [message]


@pytest.mark.parametrize("break_", [b"\n", b"\r"])
def test_a_bare_break_cannot_end_the_message(break_):
    smuggled = b"Subject: x\r\n\r\nx" + break_ + b"." + break_ + b"MAIL FROM:<evil@example.org>\r\n"
    with scripted() as server:
        send(desk.mail(server.port), smuggled)
    assert server.kept == [b"Subject: x\r\n\r\nx\r\n.\r\nMAIL FROM:<evil@example.org>\r\n"]


def test_a_message_without_a_last_break_gets_one():
    with scripted() as server:
        send(desk.mail(server.port), b"Subject: x\r\n\r\nx")
    assert server.kept == [b"Subject: x\r\n\r\nx\r\n"]


def test_any_lines_arrive_as_they_are():
    lines = st.lists(st.text("." + "ax \0", max_size=6).map(str.encode), max_size=8)
    with scripted() as server, relay.session(desk.mail(server.port)) as session:

        @profile(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(lines)
        def arrives(lines):
            message = b"".join(line + b"\r\n" for line in lines)
            assert session.is_ready()
            session.send(SENDER, RECIPIENT, message, lambda: None)
            assert server.kept.pop() == message

        arrives()


def test_a_second_reader_of_the_protocol_gets_the_same_bytes():
    message = b"Subject: x\r\n\r\n.\r\n..\r\n.x\r\n" + b"y" * 998 + b"\r\n"
    with serving() as server:
        send(desk.mail(server.port), message)
    assert [(kept.recipient, kept.content) for kept in server.kept] == [(RECIPIENT, message)]


def test_everything_but_the_dot_has_left_when_the_ledger_is_told():
    told = []
    with scripted() as server:
        send(desk.mail(server.port), b"Subject: x\r\n\r\nx\r\n", before_dot=lambda: told.append(list(server.kept)))
        assert told == [[]]
        assert len(server.kept) == 1


def test_a_ledger_that_refuses_keeps_the_dot_back():
    def refuse():
        raise LookupError("the claim is lost")

    with scripted() as server, relay.session(desk.mail(server.port)) as session:
        with pytest.raises(LookupError):
            session.send(SENDER, RECIPIENT, b"Subject: x\r\n\r\nx\r\n", refuse)
        assert not session.is_open
    assert server.kept == []
    assert b"\r\n.\r\n" not in server.heard


# --- Answers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [450, 550])
def test_a_refusal_names_its_phase_and_leaves_the_connection_open(phase, code):
    answer = f"{code} 4.7.1 not now\r\n".encode()
    with scripted({phase: [answer]}) as server, relay.session(desk.mail(server.port)) as session:
        with pytest.raises(Rejected, match=f"{phase}: {code} 4.7.1 not now") as caught:
            session.send(SENDER, RECIPIENT, b"x\r\n", lambda: None)
        assert caught.value.reply.is_permanent == (code == 550)
        assert session.is_ready()
        session.send(SENDER, RECIPIENT, b"x\r\n", lambda: None)
    assert server.kept == [b"x\r\n"]


@pytest.mark.parametrize("answer", [b"junk\r\n", b"354 go on\r\n", b"251 ok\r\n", b"421 4.3.2 closing\r\n"], ids=str)
def test_an_answer_out_of_step_ends_the_connection(answer):
    with scripted({"MAIL": [answer]}) as server, relay.session(desk.mail(server.port)) as session:
        with pytest.raises(RelayUnavailable):
            session.send(SENDER, RECIPIENT, b"x\r\n", lambda: None)
        assert not session.is_open


@pytest.mark.parametrize(("answer", "is_permanent"), [(b"451 4.3.0 no\r\n", False), (b"554 5.6.0 no\r\n", True)])
def test_a_refusal_after_the_dot_is_certain(answer, is_permanent):
    with scripted({"dot": [answer]}) as server:
        with pytest.raises(Rejected) as caught:
            send(desk.mail(server.port))
        assert caught.value.reply.is_permanent == is_permanent
    assert server.kept == []


@pytest.mark.parametrize(
    "answer",
    [
        *Trouble,
        b"what?\r\n",
        b"354 go on\r\n",
        b"999 x\r\n",
        b"+25 x\r\n",
        b"2500\r\n",
        b"\r\n",
    ],
    ids=str,
)
def test_no_answer_to_the_dot_that_can_be_read_leaves_it_unknown(answer):
    with scripted({"dot": [answer]}) as server, pytest.raises(AnswerLost):
        send(desk.mail(server.port, answer_seconds=0.25))


def test_the_answer_to_a_dot_may_take_longer_than_others():
    with scripted(thinks_seconds=0.6) as server:
        assert send(desk.mail(server.port, timeout_seconds=0.3)).code == 250


@pytest.mark.parametrize("answer", [b"250 2.0.0 tak", b"250-taken\r\n", b"2"], ids=str)
def test_an_answer_that_was_cut_off_is_none(answer):
    with scripted({"dot": [answer]}, hangs_up_after_dot=True) as server, pytest.raises(AnswerLost, match="hung up"):
        send(desk.mail(server.port))


def test_an_answer_that_does_not_end_is_given_up():
    endless = b"250-x\r\n" * 101 + b"250 x\r\n"
    with scripted({"MAIL": [endless]}) as server, pytest.raises(RelayUnavailable, match="an answer without end"):
        send(desk.mail(server.port))


def test_answers_of_many_lines_are_read_whole():
    script = {"MAIL": [b"250-one\r\n250-two\r\n250 three\r\n"], "dot": [b"250-taken\r\n250 as 17\r\n"]}
    with scripted(script) as server:
        assert send(desk.mail(server.port)) == Reply(code=250, text="taken as 17")


def test_an_answer_cannot_steer_a_terminal():
    with (
        scripted({"RCPT": [b"550 5.7.1 \x1b[31mred\x07 \xe2\x80\xaetxet\r\n"]}) as server,
        pytest.raises(Rejected) as caught,
    ):
        send(desk.mail(server.port))
    assert str(caught.value) == "RCPT: 550 5.7.1 [31mred txet"


def test_a_recipient_of_another_host_is_taken_with_251():
    with scripted({"RCPT": [b"251 will forward\r\n"]}) as server:
        assert send(desk.mail(server.port)).code == 250


@pytest.mark.parametrize(
    ("phase", "text", "is_sender_refused", "is_bad_address"),
    [
        ("MAIL", "550 5.7.1 not from you", True, False),
        ("MAIL", "553 5.6.7 no UTF-8 here", False, False),
        ("MAIL", "550 5.1.1 no such mailbox", True, False),
        ("MAIL", "451 4.7.1 later", False, False),
        ("RCPT", "550 5.1.8 sender's domain does not exist", True, False),
        ("RCPT", "530 5.7.0 log in first", True, False),
        ("DATA", "550 5.1.8 bad outbound sender", True, False),
        ("RCPT", "550 5.1.1 no such mailbox", False, True),
        ("RCPT", "556 5.1.10 takes no mail", False, True),
        ("DATA", "550 5.1.1 no such mailbox", False, True),
        ("RCPT", "550 5.1.15 something else", False, False),
        ("RCPT", "450 5.1.1 muddled", False, False),
        ("RCPT", "552 5.2.2 mailbox full", False, False),
    ],
)
def test_who_is_meant_by_a_refusal(phase, text, is_sender_refused, is_bad_address):
    refusal = Rejected(phase, Reply(code=int(text[:3]), text=text[4:]))
    assert (refusal.is_sender_refused, refusal.is_bad_address) == (is_sender_refused, is_bad_address)


# --- Size and addresses --------------------------------------------------------------------------------------------


def test_the_size_the_relay_names_is_kept():
    with scripted({"EHLO": [ehlo("SIZE 1000")]}) as server:
        with pytest.raises(TooLarge) as caught:
            send(desk.mail(server.port), b"x" * 999 + b"\r\n")
        assert caught.value.limit_bytes == 1000
    assert b"MAIL" not in server.heard


def test_the_size_is_announced():
    with scripted() as server:
        send(desk.mail(server.port), b"x\r\n")
    assert b"MAIL FROM:<reports@policy.example> SIZE=3\r\n" in server.heard


@pytest.mark.parametrize("answer", [b"552 5.3.4 too big\r\n", b"552 too big\r\n", b"523 5.3.4 too big\r\n"])
def test_too_large_at_mail_is_no_refusal_of_the_sender(answer):
    with scripted({"MAIL": [answer]}) as server:
        with pytest.raises(TooLarge) as caught:
            send(desk.mail(server.port), b"x\r\n")
        assert caught.value.limit_bytes == 2


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE many", "SIZE \u00b2", "SIZE " + "9" * 5000])
def test_a_size_that_says_nothing_is_no_limit(size):
    with scripted({"EHLO": [ehlo(size).decode().encode("latin-1")]}) as server:
        assert send(desk.mail(server.port)).code == 250


def test_an_address_beyond_ascii_goes_as_utf8():
    with serving() as server:
        send(desk.mail(server.port), "To: peña@example.org\r\n\r\nx\r\n".encode(), recipient="peña@example.org")
    assert [kept.recipient for kept in server.kept] == ["peña@example.org"]


def test_headers_beyond_ascii_are_announced_too():
    with scripted() as server:
        send(desk.mail(server.port), "Reply-To: peña@example.org\r\n\r\nx\r\n".encode())
    assert b" BODY=8BITMIME SMTPUTF8\r\n" in server.heard


def test_an_address_beyond_ascii_is_refused_where_the_relay_cannot_take_it():
    with serving(is_international=False) as server:
        with pytest.raises(Rejected, match="SMTPUTF8") as caught:
            send(desk.mail(server.port), recipient="peña@example.org")
        assert caught.value.reply.is_permanent
        assert not caught.value.is_sender_refused
    assert server.kept == []


# --- Encryption ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("self_signed", "unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
        ("for_another_host", "IP address mismatch"),
    ],
)
def test_a_certificate_that_is_not_good_gets_nothing(authority, fault, reason, tls):
    context = getattr(authority, fault)()
    script = {"EHLO": [ehlo("STARTTLS", "AUTH PLAIN")] * 2}
    with (
        scripted(script, tls=context, is_implicit=tls == "implicit") as server,
        pytest.raises(RelayMisconfigured, match=reason),
    ):
        send(logging_in(server.port, authority, tls=tls))
    assert not re.search(rb"AUTH|MAIL|RCPT|DATA", server.heard)


def test_nothing_but_the_greeting_goes_in_clear(authority):
    with scripted(tls=authority.good(), script={"EHLO": [ehlo("STARTTLS"), ehlo("AUTH PLAIN LOGIN")]}) as server:
        send(logging_in(server.port, authority))
    assert re.fullmatch(rb"ehlo \S+\r\nSTARTTLS\r\n", server.clear)
    assert b"AUTH PLAIN" in server.heard
    assert len(server.kept) == 1


def test_a_relay_that_is_encrypted_from_the_first_byte(authority):
    with scripted(tls=authority.good(), is_implicit=True, script={"EHLO": [ehlo("AUTH LOGIN PLAIN")]}) as server:
        send(logging_in(server.port, authority, tls="implicit"))
    assert server.clear == b""
    assert len(server.kept) == 1


def test_starttls_against_a_second_server_with_its_login(authority):
    with serving(tls=authority.good(), login=("reports", PASSWORD)) as server:
        send(logging_in(server.port, authority))
        with pytest.raises(RelayMisconfigured, match=r"535 5\.7\.8"):
            send(logging_in(server.port, authority, password="wrong"))
    assert len(server.kept) == 1


def test_a_stripped_starttls_gets_nothing(authority):
    with (
        scripted({"EHLO": [ehlo("AUTH PLAIN")]}) as server,
        pytest.raises(RelayMisconfigured, match="offers no STARTTLS"),
    ):
        send(logging_in(server.port, authority))
    assert re.fullmatch(rb"ehlo \S+\r\n", server.heard)


def test_a_relay_that_knows_no_ehlo_gets_nothing_in_clear(authority):
    with (
        scripted({"EHLO": [b"502 5.5.1 what?\r\n"], "HELO": [b"250 ok\r\n"]}) as server,
        pytest.raises(RelayMisconfigured, match="offers no STARTTLS"),
    ):
        send(logging_in(server.port, authority))
    assert not re.search(rb"AUTH|MAIL|DATA", server.heard)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"454 4.7.0 not now\r\n", RelayUnavailable),
        (b"502 5.5.1 not ever\r\n", RelayMisconfigured),
        (b"junk\r\n", RelayUnavailable),
        (Trouble.CUT, RelayUnavailable),
    ],
    ids=str,
)
def test_starttls_that_is_refused_gets_nothing(authority, answer, error):
    with (
        scripted({"EHLO": [ehlo("STARTTLS", "AUTH PLAIN")], "STARTTLS": [answer]}) as server,
        pytest.raises(error),
    ):
        send(logging_in(server.port, authority))
    assert re.fullmatch(rb"ehlo \S+\r\nSTARTTLS\r\n", server.heard)


def test_what_was_said_before_encryption_is_forgotten(authority):
    injected = b"220 go on\r\n250-relay.test\r\n250 AUTH PLAIN\r\n"
    script = {"EHLO": [ehlo("STARTTLS", "AUTH PLAIN", "SIZE 1"), ehlo()], "STARTTLS": [injected]}
    with (
        scripted(script, tls=authority.good()) as server,
        pytest.raises(RelayMisconfigured, match="offers no login"),
    ):
        send(logging_in(server.port, authority))
    assert b"AUTH" not in server.heard


def test_a_handshake_that_is_cut_off_can_be_tried_again(authority):
    with (
        scripted({"EHLO": [ehlo("STARTTLS")]}, tls=authority.good(), cuts_handshake=True) as server,
        pytest.raises(RelayUnavailable),
    ):
        send(logging_in(server.port, authority))


def test_a_relay_in_clear_where_encryption_is_expected(authority):
    with (
        scripted() as server,
        pytest.raises(RelayMisconfigured, match="WRONG_VERSION_NUMBER"),
    ):
        send(logging_in(server.port, authority, tls="implicit"))
    assert b"AUTH" not in server.heard


def test_no_version_of_tls_that_was_given_up(authority):
    old = authority.good()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with scripted(tls=old, script={"EHLO": [ehlo("STARTTLS")]}) as server, pytest.raises(RelayMisconfigured):
        send(logging_in(server.port, authority))


def test_a_file_of_authorities_that_cannot_be_read_is_named(tmp_path):
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing\n")
    for file in (tmp_path / "missing.pem", empty):
        with pytest.raises(RelayMisconfigured, match=rf"mail\.ca_file .*{file.name}"):
            send(desk.mail(1, tls="starttls", ca_file=file))


# --- The login -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offered", [(), ("AUTH XOAUTH2 GSSAPI",), ("AUTH",)])
def test_a_relay_without_a_login_that_we_speak_gets_nothing(offered):
    with (
        scripted({"EHLO": [ehlo(*offered)]}) as server,
        pytest.raises(RelayMisconfigured, match="offers no login of CRAM-MD5, LOGIN, PLAIN"),
    ):
        send(desk.mail(server.port, username="reports", password=PASSWORD))
    assert b"MAIL" not in server.heard


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"535 5.7.8 no\r\n", RelayMisconfigured),
        (b"454 4.7.0 not now\r\n", RelayUnavailable),
        (b"421 4.3.2 closing\r\n", RelayUnavailable),
        (b"junk\r\n", RelayUnavailable),
        (b"334 \xff\xfe not base64!\r\n", RelayUnavailable),
        (Trouble.CUT, RelayUnavailable),
    ],
    ids=str,
)
@pytest.mark.parametrize("mechanism", ["PLAIN", "CRAM-MD5"])
def test_a_login_that_fails_gets_no_mail(mechanism, answer, error):
    with (
        scripted({"EHLO": [ehlo(f"AUTH {mechanism}")], "AUTH": [answer]}) as server,
        pytest.raises(error, match="login of reports"),
    ):
        send(desk.mail(server.port, username="reports", password=PASSWORD))
    assert b"MAIL" not in server.heard


def test_a_password_that_cannot_be_sent_is_no_surprise():
    with scripted({"EHLO": [ehlo("AUTH PLAIN")]}) as server:
        with pytest.raises(RelayMisconfigured, match="ASCII") as caught:
            send(desk.mail(server.port, username="reports", password="contraseña"))
        assert "contraseña" not in str(caught.value)


def test_a_user_without_a_password_is_told_where_to_set_it():
    with (
        scripted({"EHLO": [ehlo("AUTH PLAIN")]}) as server,
        pytest.raises(RelayMisconfigured, match="POLICYDIFF_MAIL__PASSWORD"),
    ):
        send(desk.mail(server.port, username="reports"))


# --- Opening -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("banner", "error", "said"),
    [
        (b"554 5.3.2 no service here\r\n", RelayMisconfigured, "554 5.3.2 no service here"),
        (b"421 4.3.2 too busy\r\n", RelayUnavailable, "421 4.3.2 too busy"),
        (b"SSH-2.0-x\r\n", RelayUnavailable, "an answer without a code"),
        (Trouble.CUT, RelayUnavailable, "does not answer"),
        (Trouble.STALL, RelayUnavailable, "timed out"),
        (Trouble.DRIP, RelayUnavailable, "does not answer"),
        (Trouble.ENDLESS, RelayUnavailable, "does not answer"),
    ],
    ids=str,
)
def test_a_relay_that_does_not_greet(banner, error, said):
    with scripted({"banner": [banner]}) as server, pytest.raises(error, match=said):
        send(desk.mail(server.port, timeout_seconds=0.25))


def test_a_port_where_nobody_listens(free_port):
    with pytest.raises(RelayUnavailable, match=f"the relay 127.0.0.1:{free_port} does not answer"):
        send(desk.mail(free_port))


def test_a_host_that_is_no_name():
    with pytest.raises(RelayMisconfigured, match="expected the name of a host"):
        send(desk.mail(25, host="mail..example", tls="starttls"))


@pytest.fixture
def free_port():
    with scripted() as server:
        pass
    return server.port
