"""The commands around mail, as a user has them: against a relay on loopback, with reports that are CSV only."""

import email
import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email import policy
from pathlib import Path

import pytest

from flows import settings
from flows.delivery.dispatch import unsubscribe_token
from flows.delivery.ledger import Ledger, Planned, State
from reports import publish
from reports.series import Gathered
from sources.errors import Refused
from tests import make
from tests.relay.serving import Relay, Treatment, serving

WEEK = "2026-W48"
DAY = ("--as-of", "2026-11-24")
ANA, BEN = "ana@example.org", "ben@example.org"
ROSTER = make.subscribed(ANA, name="Ana Gómez", language="es") + make.subscribed(BEN)


@pytest.fixture(scope="module")
def dry(tmp_path_factory):
    """Write the messages of a release with the command of a user, and return what it printed and its folder."""
    folder = tmp_path_factory.mktemp("dry")
    (folder / "subscriptions.toml").write_text(ROSTER, encoding="utf-8")
    command = [sys.executable, "-m", "flows.cli", "send", WEEK, *DAY, "--dry-run", "--json"]
    given = {"PYTHONPATH": str(Path(__file__).parents[2]), "POLICYDIFF_MAIL__SENDER": "reports@policy.example"}
    env = {name: value for name, value in os.environ.items() if not name.startswith("POLICYDIFF_")}
    return subprocess.run(command, cwd=folder, env={**env, **given}, capture_output=True, check=False), folder


@pytest.fixture(autouse=True)
def _read_once(book, monkeypatch):
    """Spare the commands reading the codebook each time."""
    monkeypatch.setattr("flows.evidence.load", lambda _: book)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The command, a relay it uses, and the settings of both."""

    run: object
    relay: Relay

    def send(self, *words):
        """Run `policydiff send` for the release of one day; return exit code, stdout and stderr."""
        return self.run("send", WEEK, *DAY, *words)

    def send_json(self, *words):
        """Run it for one JSON object; return exit code and object."""
        code, out, _ = self.send(*words, "--json")
        return code, json.loads(out)

    def got(self):
        """Return who got how many messages."""
        people = [kept.recipient for kept in self.relay.kept]
        return {person: people.count(person) for person in people}

    def message(self, number):
        """Return a message that the relay has."""
        return email.message_from_bytes(self.relay.kept[number].content, policy=policy.SMTP)

    def deliveries(self, *words):
        """Return the deliveries that are listed."""
        code, out, _ = self.run("list", "deliveries", *words, "--json")
        assert code == 0
        return json.loads(out)["deliveries"]


@pytest.fixture
def office(run, dry, tmp_path, monkeypatch):
    """Return the command with a relay, two recipients, and their reports built before."""
    (tmp_path / "subscriptions.toml").write_text(ROSTER, encoding="utf-8")
    shutil.copytree(dry[1] / ".policydiff/store", tmp_path / ".policydiff/store")
    # What has to be built is built by this process, where a test can stand in its way.
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    with serving() as relay:
        for name, value in relay.environment.items():
            monkeypatch.setenv(name, value)
        yield Office(run=run, relay=relay)


def text_of(message):
    return message.get_body(["plain"]).get_content()


# --- Nothing leaves without being told to ------------------------------------------------------------------------


def test_dry_run_writes_each_message_and_prints_one_object(dry):
    done, folder = dry
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert (told["release"], told["not_sent"]) == (WEEK, [])
    found = {}
    for line in told["deliveries"]:
        assert line["would"] == "send"
        written = (folder / "out/mail" / line["file"]).read_bytes()
        message = email.message_from_bytes(written, policy=policy.SMTP)
        assert message["Subject"] == line["subject"]
        found[message["To"].addresses[0].addr_spec] = message["Content-Language"]
    assert found == {ANA: "es", BEN: "en"}
    assert f"nothing was sent; `policydiff send {WEEK} --yes` sends" in done.stderr.decode()
    assert len(list((folder / "out/mail").iterdir())) == 2


def test_without_yes_it_says_who_would_get_what_and_sends_nothing(office):
    code, out, err = office.send()
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert [line[:2] for line in lines] == [["would", "recipient"], ["send", BEN], ["send", ANA]]
    assert "al 24 de noviembre de 2026" in out
    assert "nothing was sent" in err
    assert (office.got(), office.deliveries()) == ({}, [])
    # A look does not begin the release.
    assert office.run("list", "releases")[1] == ""


def test_with_yes_everybody_gets_one_however_often_it_runs(office):
    told = {"release": WEEK, "deliveries": {"accepted": 2}, "finished": True, "next_due": None, "not_sent": []}
    assert office.send_json("--yes") == (0, told)
    assert office.send_json("--yes") == (0, told)
    assert office.got() == {ANA: 1, BEN: 1}
    code, out, _ = office.send()
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["would", "accepted", "accepted"]
    assert office.run("send", "latest", "--yes")[:2] == (0, f"{WEEK}: 2 accepted\n")


def test_a_dry_run_shows_a_message_that_is_frozen_as_it_is(office, tmp_path):
    office.relay.treat(ANA, Treatment.GREYLIST)
    office.send("--yes")
    _, told = office.send_json("--dry-run", "--out", str(tmp_path / "look"))
    fates = {line["recipient"]: (line["would"], line["file"]) for line in told["deliveries"]}
    assert fates[BEN] == ("accepted", "")
    (written,) = (tmp_path / "look").iterdir()
    with closing(Ledger.of(settings.load())) as ledger:
        assert ledger.message(ledger.find(fates[ANA][1].removesuffix(".eml"))) == written.read_bytes()


# --- Some of them ------------------------------------------------------------------------------------------------


def test_only_some_recipients_get_theirs(office):
    assert office.send("--yes", "--only", "Ana@EXAMPLE.org")[0] == 0
    assert office.got() == {ANA: 1}
    assert [line["recipient"] for line in office.send_json("--only", ANA)[1]["deliveries"]] == [ANA]
    assert office.send("--yes")[0] == 0
    assert office.got() == {ANA: 1, BEN: 1}


@pytest.mark.parametrize("mode", [(), ("--yes",), ("--test-to", "me@example.org")])
def test_an_address_that_is_not_on_the_roster_is_named(office, mode):
    code, out, err = office.send("--only", ANA, "--only", "bem@example.org", *mode)
    assert (code, out) == (2, "")
    assert "unknown subscription 'bem@example.org'; did you mean ben@example.org" in err
    assert office.got() == {}


def test_only_one_whose_report_is_stopped_sends_to_nobody_else(office, monkeypatch):
    office.relay.treat(BEN, Treatment.GREYLIST)
    assert office.send("--yes", "--only", BEN)[0] == 3
    refuse(monkeypatch, "es")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr("flows.deliver._now", lambda: tomorrow)
    code, _, err = office.send("--yes", "--only", ANA)
    assert code == 4
    assert "failed its acceptance check" in err
    # Ben's is due, and was not asked for.
    assert office.got() == {}


def test_a_test_goes_to_the_address_given_is_marked_and_leaves_the_real_ones_alone(office):
    code, told = office.send_json("--test-to", "me@example.org")
    assert code == 0
    assert [(line["to"], line["instead_of"], line["state"]) for line in told["tests"]] == [
        ("me@example.org", BEN, "accepted"),
        ("me@example.org", ANA, "accepted"),
    ]
    assert office.got() == {"me@example.org": 2}
    for number in (0, 1):
        message = office.message(number)
        assert message["To"].addresses[0].addr_spec == "me@example.org"
        assert message["Subject"].startswith({"en": "TEST: ", "es": "PRUEBA: "}[message["Content-Language"]])
    assert office.deliveries("--release", WEEK) == []
    assert office.send("--yes")[0] == 0
    assert office.got() == {"me@example.org": 2, ANA: 1, BEN: 1}
    assert {kept.key for kept in office.relay.kept[:2]}.isdisjoint(kept.key for kept in office.relay.kept[2:])


def test_a_test_that_was_not_taken_is_a_failure(office):
    office.relay.treat("me@example.org", Treatment.POLICY)
    code, out, err = office.send("--test-to", "me@example.org", "--only", ANA)
    assert code == 1
    assert "bounced" in out
    assert "0 of 1 tests were taken for me@example.org" in err


# --- Again -------------------------------------------------------------------------------------------------------


def test_what_bounced_is_sent_again_only_when_asked_for(office):
    office.relay.treat(ANA, Treatment.POLICY)
    code, told = office.send_json("--yes")
    assert (code, told["deliveries"], told["finished"]) == (1, {"accepted": 1, "bounced": 1}, True)
    assert office.send("--yes")[0] == 1
    assert would(office) == {ANA: "bounced", BEN: "accepted"}
    assert would(office, "--resend", "failed") == {ANA: "send", BEN: "accepted"}
    assert office.got() == {BEN: 1}
    code, out, err = office.send("--yes", "--resend", "failed")
    assert (code, out) == (0, f"{WEEK}: 2 accepted\n")
    assert f"1 failed deliveries of {WEEK} are to be sent again" in err
    assert office.got() == {ANA: 1, BEN: 1}


def test_what_is_unknown_is_never_sent_again_by_itself(office):
    office.relay.treat(ANA, Treatment.CUT_TAKEN)
    office.relay.treat(BEN, Treatment.CUT_LOST)
    code, told = office.send_json("--yes")
    assert (code, told["deliveries"], told["finished"]) == (1, {"unknown": 2}, False)
    assert office.send("--yes", "--resend", "failed")[0] == 1
    assert would(office) == {ANA: "unknown", BEN: "unknown"}
    assert {line["recipient"] for line in office.deliveries("--unknown")} == {ANA, BEN}
    assert office.got() == {ANA: 1}
    assert would(office, "--resend", "unknown", "--only", BEN) == {BEN: "send"}
    assert office.send("--yes", "--resend", "unknown", "--only", BEN)[0] == 1
    assert office.got() == {ANA: 1, BEN: 1}


def test_a_release_that_does_not_exist_is_not_sent_again(office):
    code, _, err = office.run("send", "2026-W47", "--yes", "--resend", "failed")
    assert code == 2
    assert "unknown release '2026-W47'" in err
    assert office.got() == {}


def would(office, *words):
    """Return what sending would do, by recipient."""
    return {line["recipient"]: line["would"] for line in office.send_json(*words)[1]["deliveries"]}


# --- Unknown ones, by hand and by log ----------------------------------------------------------------------------


@pytest.fixture
def unknown(office):
    """Return the office with two unknown deliveries: Ana's was taken, Ben's was not."""
    office.relay.treat(ANA, Treatment.CUT_TAKEN)
    office.relay.treat(BEN, Treatment.CUT_LOST)
    office.send("--yes")
    return office


def key_to(office, recipient):
    (line,) = office.deliveries("--to", recipient)
    return line["key"]


def test_unknown_deliveries_are_settled_by_hand(unknown):
    ana, ben = key_to(unknown, ANA), key_to(unknown, BEN)
    code, out, err = unknown.run("reconcile", WEEK, "--accepted", ana[:12])
    assert code == 3
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [[ana[:12], ANA, "accepted"]]
    assert f"1 deliveries of {WEEK} are still unknown" in err
    code, out, err = unknown.run("reconcile", WEEK, "--not-taken", ben, "--json")
    assert code == 0
    assert json.loads(out)["deliveries"][0]["became"] == "ready"
    assert f"`policydiff send {WEEK} --yes` sends what was not taken" in err
    assert unknown.send("--yes")[:2] == (0, f"{WEEK}: 2 accepted\n")
    assert unknown.got() == {ANA: 1, BEN: 1}
    _, out, _ = unknown.run("list", "deliveries", "--history", ben[:12], "--json")
    steps = [step["to"] for step in json.loads(out)["events"]]
    assert steps == [
        *("planned", "ready", "claimed", "committing", "unknown"),
        *("ready", "claimed", "committing", "accepted"),
    ]


def test_who_settles_by_hand_is_believed_before_the_log(unknown, tmp_path):
    log = tmp_path / "log"
    now = datetime.now(UTC)
    times = [f"{now + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}" for minutes in (-30, 0, 30)]
    texts = ["connect from a[192.0.2.7]", "ABCDEF0: client=a[192.0.2.7]", "disconnect from a[192.0.2.7]"]
    lines = [f"{time} relay postfix/smtpd[7]: {text}\n" for time, text in zip(times, texts, strict=True)]
    log.write_text("".join(lines), encoding="utf-8")
    # By the log neither was taken; it is the log of another relay, as somebody knows who has seen Ana's.
    _, out, _ = unknown.run("reconcile", WEEK, "--log", str(log), "--accepted", key_to(unknown, ANA), "--json")
    became = {line["recipient"]: line["became"] for line in json.loads(out)["deliveries"]}
    assert became == {ANA: "accepted", BEN: "ready"}


def test_what_is_to_be_settled_has_to_be_there_and_once(unknown):
    key = key_to(unknown, ANA)
    for words, told in (
        ((WEEK, "--accepted", "ffffffffffff"), "unknown delivery 'ffffffffffff'"),
        ((WEEK, "--accepted", ""), "unknown delivery ''"),
        ((WEEK, "--accepted", key, "--not-taken", key[:12]), "a delivery is named twice"),
        (("2026-W47",), "unknown release '2026-W47'; did you mean 2026-W48?"),
        ((WEEK, "--zone", "Guatemala"), "--zone 'Guatemala'; expected a time zone"),
    ):
        code, out, err = unknown.run("reconcile", *words)
        assert (code, out) == (2, ""), words
        assert told in err
    assert {line["state"] for line in unknown.deliveries()} == {"unknown"}


# --- Corrections -------------------------------------------------------------------------------------------------


def test_a_correction_goes_to_those_who_got_the_wrong_one_with_its_reason(office):
    office.relay.treat(BEN, Treatment.POLICY)
    assert office.send("--yes")[0] == 1
    words = ("send", f"{WEEK}-corrected", *DAY, "--corrects", WEEK, "--reason", "A date was wrong.")
    code, out, _ = office.run(*words)
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["send", ANA]]
    assert office.run(*words, "--yes")[:2] == (0, f"{WEEK}-corrected: 1 accepted\n")
    assert office.got() == {ANA: 2}
    assert "A date was wrong." in text_of(office.message(1))
    _, out, _ = office.run("list", "releases", "--json")
    assert {line["release"]: line["corrects"] for line in json.loads(out)["releases"]} == {
        WEEK: "",
        f"{WEEK}-corrected": WEEK,
    }


@pytest.mark.parametrize("mode", [(), ("--yes",)])
def test_a_correction_names_a_release_and_a_reason_and_has_a_key_of_its_own(office, mode):
    assert office.send("--yes")[0] == 0
    for words, told in (
        ((f"{WEEK}b", "--corrects", WEEK), "a correction needs both"),
        ((f"{WEEK}b", "--reason", "x"), "a correction needs both"),
        ((f"{WEEK}b", "--corrects", "2026-W40", "--reason", "x"), "unknown release '2026-W40'"),
        ((WEEK, "--corrects", WEEK, "--reason", "x"), f"{WEEK} is there already and corrects nothing"),
    ):
        code, out, err = office.run("send", *words, *mode)
        assert (code, out) == (2, ""), words
        assert told in err


# --- What may not be sent ----------------------------------------------------------------------------------------


def refuse(monkeypatch, language):
    """Let every report be made anew, and the acceptance check refuse those of a language."""

    making = publish.make

    def refusing(edition, formats, say):
        if edition.request.language == language:
            raise Refused("page 2 is empty")
        return making(edition, formats, say)

    shutil.rmtree(".policydiff/store/built")
    monkeypatch.setattr("reports.publish.make", refusing)


@pytest.mark.parametrize("mode", [(), ("--yes",), ("--test-to", "me@example.org")])
def test_a_report_that_failed_its_check_is_not_sent_and_the_others_are(office, monkeypatch, mode):
    refuse(monkeypatch, "es")
    code, out, err = office.send(*mode)
    assert code == 4
    told = "country_GTM_es_letter_797ea7e2: not sent to 1: it was not made or failed its acceptance check"
    assert f"{told}: page 2 is empty" in err
    assert ANA not in out
    assert office.got() == {(): {}, ("--yes",): {BEN: 1}}.get(mode, {"me@example.org": 1})


@pytest.mark.parametrize("mode", [(), ("--yes",)])
def test_a_report_on_sources_past_twice_their_age_is_not_sent(office, monkeypatch, mode):
    old = make.source_state("ice_removals", last_look=date(2026, 11, 9), max_age_days=7)
    monkeypatch.setattr("flows.build.gathered.by", lambda *_: Gathered(sources=(old,)))
    code, told = office.send_json(*mode)
    assert code == 3
    assert len(told["not_sent"]) == 2
    assert all(line.endswith(": sources past twice their age: ice_removals") for line in told["not_sent"])
    assert office.got() == {}


# --- Putting off, and waiting ------------------------------------------------------------------------------------


def test_what_a_relay_puts_off_is_told_with_its_time(office):
    office.relay.treat(ANA, Treatment.GREYLIST)
    code, told = office.send_json("--yes")
    assert (code, told["deliveries"], told["finished"]) == (3, {"accepted": 1, "deferred": 1}, False)
    assert datetime.fromisoformat(told["next_due"]) > datetime.now(UTC) + timedelta(minutes=4)


def test_with_wait_it_stays_until_all_is_sent_also_through_a_relay_that_hangs_up(office, monkeypatch):
    monkeypatch.setenv("POLICYDIFF_MAIL__FIRST_WAIT_SECONDS", "0.001")
    for person in (ANA, BEN):
        office.relay.treat(person, *[Treatment.CUT_AT_RCPT] * 3, Treatment.GREYLIST)
    assert office.send("--yes", "--wait")[:2] == (0, f"{WEEK}: 2 accepted\n")
    assert office.got() == {ANA: 1, BEN: 1}


# --- What is missing or wrong ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "missing", "told"),
    [
        (("--yes",), "HOST", "mail.host: found nothing; expected a value, here or in the environment as POLICYDIFF_"),
        (("--test-to", "me@example.org"), "HOST", "mail.host"),
        (("--yes",), "SENDER", "mail.sender: found nothing; expected a value, here or in the environment as POLICY"),
        ((), "SENDER", "mail.sender"),
    ],
)
def test_a_setting_that_is_missing_is_named(office, monkeypatch, mode, missing, told):
    monkeypatch.delenv(f"POLICYDIFF_MAIL__{missing}")
    code, out, err = office.send(*mode)
    assert (code, out) == (2, "")
    assert told in err


@pytest.mark.parametrize("value", ['"hunter2-and-more"', "8675309", '["hunter2-and-more"]'])
@pytest.mark.parametrize("name", ["password", "unsubscribe_secret"])
def test_a_secret_in_a_file_is_refused_and_not_repeated(office, tmp_path, name, value):
    (tmp_path / "policydiff.toml").write_text(f"[mail]\n{name} = {value}\n", encoding="utf-8")
    code, out, err = office.send()
    assert (code, out) == (2, "")
    assert f"mail.{name}" in err
    assert not any(secret in err for secret in ("hunter2", "8675309"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--yes", "--dry-run"), "exclude each other"),
        (("--yes", "--test-to", ANA), "exclude each other"),
        (("--test-to", ANA, "--resend", "failed"), "exclude each other"),
        (("--out", "x"), "--out is where --dry-run writes"),
        (("--test-to", "ana at example"), "'ana at example': expected a mail address"),
        (("--only", "x@y@z"), "'x@y@z': expected a mail address"),
        (("--resend", "all"), "'all' is not one of"),
    ],
)
def test_what_does_not_fit_together_is_refused(office, words, told):
    code, out, err = office.send(*words)
    assert (code, out) == (2, "")
    assert told in err
    assert office.got() == {}


@pytest.mark.parametrize("key", ["../2026-W48", "/etc", ".", "a b", "-x"])
@pytest.mark.parametrize("mode", [(), ("--yes",)])
def test_a_key_that_is_a_path_is_refused(office, key, mode):
    code, out, err = office.run("send", *mode, "--", key)
    assert (code, out) == (2, "")
    assert "is no key of a release" in err


def test_there_is_no_latest_release_before_the_first(office):
    code, _, err = office.run("send", "latest")
    assert code == 2
    assert "there is no release yet" in err


# --- The list of those who get nothing ---------------------------------------------------------------------------


def test_a_suppressed_address_gets_nothing_until_its_owner_asks(office):
    assert office.run("suppress", "Ana@Example.org", "--reason", "complaint")[0] == 0
    assert would(office) == {ANA: "suppressed", BEN: "send"}
    assert office.send("--yes")[:2] == (0, f"{WEEK}: 1 accepted, 1 suppressed\n")
    _, out, _ = office.run("list", "suppressions", "--json")
    (line,) = json.loads(out)["suppressions"]
    assert (line["address"], line["reason"]) == ("Ana@example.org", "complaint")
    assert office.run("suppress", ANA, "--remove")[0] == 0
    assert office.run("list", "suppressions")[1:] == ("", "no suppressions\n")
    assert would(office) == {ANA: "send", BEN: "accepted"}
    assert office.send("--yes")[:2] == (0, f"{WEEK}: 2 accepted\n")
    assert office.run("suppress", ANA, "--remove")[0] == 2


def test_a_token_is_that_of_the_link_that_was_sent(office, monkeypatch):
    code, _, err = office.run("suppress", ANA, "--token", "x")
    assert code == 2
    assert "POLICYDIFF_MAIL__UNSUBSCRIBE_SECRET" in err
    monkeypatch.setenv("POLICYDIFF_MAIL__UNSUBSCRIBE_SECRET", "salt")
    good = unsubscribe_token(ANA, "salt")
    for bad in ("", "x", "é", good[:-1], good.upper(), unsubscribe_token(BEN, "salt"), unsubscribe_token(ANA, "")):
        code, _, err = office.run("suppress", ANA, "--token", bad)
        assert code == 2, bad
        assert f"the token is not that of {ANA}" in err
        assert "salt" not in err
    assert office.run("list", "suppressions")[1] == ""
    assert office.run("suppress", "ANA@example.org", "--token", good)[0] == 0
    assert ANA in office.run("list", "suppressions")[1].casefold()


# --- The roster --------------------------------------------------------------------------------------------------


def test_a_csv_becomes_the_toml_that_is_read(run, tmp_path):
    (tmp_path / "people.csv").write_text(
        "address,name,report,countries,language\n"
        'eva@example.org,"Eva ""E"" Núñez",country,GTM HND,es\n'
        "ben@example.org,,brief,,\n",
        encoding="utf-8",
    )
    code, out, err = run("subscribe", "people.csv")
    assert (code, err) == (0, "")
    (tmp_path / "subscriptions.toml").write_text(out, encoding="utf-8")
    _, listed, _ = run("list", "subscriptions", "--json")
    lines = json.loads(listed)["subscriptions"]
    assert [(line["recipient"], line["name"]) for line in lines] == [
        ("ben@example.org", ""),
        ("eva@example.org", 'Eva "E" Núñez'),
    ]
    _, listed, _ = run("list", "subscriptions", "--by", "report", "--json")
    lines = json.loads(listed)["subscriptions"]
    assert [(line["report"].split("_")[0], line["recipients"], line["addresses"]) for line in lines] == [
        ("brief", 1, "ben@example.org"),
        ("country", 1, "eva@example.org"),
    ]


def test_every_mistake_of_a_csv_is_named(run, tmp_path):
    (tmp_path / "people.csv").write_text("address,report\nnobody,brief\nben@example.org,weekly\n", encoding="utf-8")
    code, out, err = run("subscribe", "people.csv")
    assert (code, out) == (2, "")
    assert "people.csv: line 2, address: found 'nobody'" in err
    assert "people.csv: line 3, report: found 'weekly'" in err


def test_a_roster_that_is_missing_is_named(run, monkeypatch):
    monkeypatch.setenv("POLICYDIFF_MAIL__SENDER", "reports@policy.example")
    code, _, err = run("send", WEEK, *DAY)
    assert code == 2
    assert "subscriptions.toml" in err


# --- Lists -------------------------------------------------------------------------------------------------------


def test_who_got_what_is_one_command(office):
    assert office.send("--yes")[0] == 0
    _, out, _ = office.run("list", "deliveries", "--release", WEEK, "--to", "ANA@example.org", "--state", "accepted")
    (line,) = out.splitlines()[1:]
    assert line.split()[1:5] == [WEEK, ANA, "country_GTM_es_letter_797ea7e2", "accepted"]
    (told,) = office.deliveries("--to", ANA)
    assert told["message_sha256"]
    assert ".csv:" in told["files_sha256"]
    assert told["bytes"] == len(office.relay.kept[1].content)
    code, out, err = office.run("list", "deliveries", "--limit", "1")
    assert (code, len(out.splitlines())) == (0, 2)
    assert "the newest 1; --limit shows more" in err
    for words in (("--state", "lost"), ("--history", "0000")):
        assert office.run("list", "deliveries", *words)[0] == 2
    _, out, _ = office.run("list", "releases", "--json")
    assert json.loads(out)["releases"] == [
        {
            "release": WEEK,
            "as_of": "2026-11-24",
            "corrects": "",
            "reports": 2,
            "stopped": 0,
            "deliveries": "2 accepted",
            "finished": True,
        }
    ]


@pytest.mark.parametrize("what", ["deliveries", "suppressions", "releases"])
def test_lists_of_nothing_are_empty_and_one_object_all_the_same(run, what):
    assert run("list", what)[:2] == (0, "")
    assert json.loads(run("list", what, "--json")[1]) == {what: []}


# --- Text of others on a terminal --------------------------------------------------------------------------------

_STEERING = ("\x1b[2J", "\x9b2J", "\N{RIGHT-TO-LEFT OVERRIDE}", "\x07", "\r")


def test_text_of_others_does_not_steer_the_terminal(run, tmp_path, monkeypatch):
    monkeypatch.setenv("POLICYDIFF_MAIL__SENDER", "reports@policy.example")
    hostile = "".join(_STEERING)
    escaped = "".join(f"\\u{ord(character):04x}" for character in hostile)
    (tmp_path / "subscriptions.toml").write_text(
        f'"{escaped}" = 1\n[[subscription]]\naddress = "a@example.org"\n"x{escaped}" = "{escaped}"\n', encoding="utf-8"
    )
    told = run("send", WEEK, *DAY)
    assert told[0] == 2
    (tmp_path / "people.csv").write_text(f"address,x{hostile}\na@example.org,{hostile}\n", encoding="utf-8", newline="")
    told += run("subscribe", "people.csv")
    now = datetime.now(UTC)
    with closing(Ledger.of(settings.load())) as ledger:
        planned = Planned(edition=WEEK, report=hostile, recipient=ANA, expires=now + timedelta(days=1))
        ledger.plan([planned], now)
        ledger.end(planned.key, State.CANCELLED, now, hostile)
        ledger.suppress(ANA, "bounce", now, hostile)
    told += run("list", "deliveries")
    told += run("list", "deliveries", "--history", planned.key)
    told += run("list", "suppressions")
    printed = "".join(text for text in told if isinstance(text, str))
    assert ANA in printed
    assert not any(mark in printed for mark in _STEERING)
