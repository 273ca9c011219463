"""What the owner is told: once over each channel, in words that no error can bend, and with no secret in them."""

import email
import email.policy
import http.server
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from flows import notice, settings
from flows.notice import Incident, NotTold, Trouble
from flows.settings import MailSettings, Settings, WatchSettings
from flows.told import Told
from sources.errors import BadInput
from tests.relay.serving import Treatment, serving

OWNER = "owner@example.org"
INCIDENT = Incident(
    run_id="5b6f0f7e-0000-4000-8000-000000000001",
    run_name="2026-11-24 gather",
    flow="gather",
    deployment="daily",
    trouble=Trouble.FAILED,
    at=datetime(2026, 11, 24, 10, 31, tzinfo=UTC),
    error="SourcesFailed: 1 of 18 sources failed",
    link="http://127.0.0.1:4200/runs/flow-run/5b6f0f7e-0000-4000-8000-000000000001",
)


@pytest.fixture
def relay():
    with serving() as relay:
        yield relay


@pytest.fixture
def hook():
    """Return a webhook: its address, what it was asked, and the answers it gives first."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        server.asked, server.answers = [], []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


def given(tmp_path, relay=None, hook=None, **watch):
    """Return settings that tell an owner through a relay, a webhook or both."""
    mail = MailSettings(host="127.0.0.1", port=relay.port, tls="none", sender="policydiff@example.org") if relay else {}
    if relay:
        watch["owner"] = OWNER
    if hook:
        watch["webhook"] = f"http://127.0.0.1:{hook.server_port}/told"
    return Settings(home=tmp_path, watch=WatchSettings(**watch), mail=mail)


def tell(configured, incident=INCIDENT, **more):
    said = []
    return notice.tell(incident, configured, Told(configured.ledger_url), said.append, **more), said


def read(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def test_a_mail_says_what_happened_and_what_to_do_next(tmp_path, relay):
    assert tell(given(tmp_path, relay)) == (True, ["told the owner by mail: 2026-11-24 gather: failed"])
    (kept,) = relay.kept
    mail = read(kept.content)
    assert (mail["To"], mail["Subject"]) == (OWNER, "policydiff: gather/daily failed")
    assert mail["Message-ID"] == f"<{INCIDENT.key}@example.org>"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == (
        "A run of gather/daily failed: it ended with the error below.\n"
        "\n"
        "Run:   2026-11-24 gather\n"
        "Since: 2026-11-24 10:31 UTC\n"
        "Error: SourcesFailed: 1 of 18 sources failed\n"
        "Page:  http://127.0.0.1:4200/runs/flow-run/5b6f0f7e-0000-4000-8000-000000000001\n"
        "\n"
        "Open the page of the run: its log says what led to the error. Mend that, then run it again. "
        "`policydiff doctor`, where policydiff runs, says what is not in order.\n"
        "The same state and error of this deployment are told once a day.\n"
    )


def test_it_is_told_once_however_often_it_is_asked_for(tmp_path, relay, hook):
    configured = given(tmp_path, relay, hook)
    assert [tell(configured)[0] for _ in range(3)] == [True, False, False]
    assert (len(relay.kept), len(hook.asked)) == (1, 1)


def test_the_same_state_and_error_of_a_deployment_are_told_once_a_day(tmp_path, relay):
    configured = given(tmp_path, relay)
    again = replace(INCIDENT, run_id="another", run_name="another", at=INCIDENT.at.replace(hour=11))
    other_error = replace(again, error="SourcesFailed: 2 of 18 sources failed")
    crashed, tomorrow = replace(again, trouble=Trouble.CRASHED), replace(again, at=INCIDENT.at.replace(day=25))
    told = [tell(configured, one)[0] for one in (INCIDENT, again, other_error, crashed, tomorrow)]
    assert told == [True, False, True, True, True]


def test_a_webhook_gets_the_same_as_json(tmp_path, hook):
    assert tell(given(tmp_path, hook=hook, webhook_secret="a bearer's token"))[0]
    path, login, body = hook.asked[0]
    assert (path, login) == ("/told", "Bearer a bearer's token")
    assert body == {
        "state": "failed",
        "flow": "gather",
        "deployment": "daily",
        "run": "2026-11-24 gather",
        "run_id": "5b6f0f7e-0000-4000-8000-000000000001",
        "at": "2026-11-24T10:31:00+00:00",
        "error": "SourcesFailed: 1 of 18 sources failed",
        "link": "http://127.0.0.1:4200/runs/flow-run/5b6f0f7e-0000-4000-8000-000000000001",
    }


@pytest.fixture
def naps(monkeypatch):
    """Return how long it would have waited."""
    naps = []
    monkeypatch.setattr(notice.time, "sleep", naps.append)
    return naps


def test_a_webhook_that_is_busy_is_tried_three_times(tmp_path, hook, naps):
    hook.answers = [503, 429]
    assert tell(given(tmp_path, hook=hook))[0]
    assert (len(hook.asked), naps) == (3, [1, 4])


def test_a_webhook_that_stays_busy_is_given_up_and_tried_by_the_next_who_looks(tmp_path, hook, naps):
    configured = given(tmp_path, hook=hook)
    hook.answers = [503] * 3
    with pytest.raises(NotTold, match=r"webhook: watch\.webhook at 127\.0\.0\.1: answered 503; expected .* 2xx"):
        tell(configured)
    assert len(naps) == 2
    assert tell(configured)[0]


def test_a_webhook_that_refuses_is_not_asked_twice(tmp_path, hook, naps):
    hook.answers = [404]
    with pytest.raises(NotTold, match="answered 404") as failure:
        tell(given(tmp_path, hook=hook))
    assert (len(hook.asked), naps) == (1, [])
    # An address may be a secret itself.
    assert "/told" not in str(failure.value)


def test_a_relay_that_fails_keeps_the_webhook_from_nothing_and_is_tried_again(tmp_path, relay, hook):
    configured = given(tmp_path, relay, hook)
    relay.treat(OWNER, Treatment.POLICY)
    with pytest.raises(NotTold, match=r"not told of 2026-11-24 gather: mail: RCPT: 550 5\.7\.1"):
        tell(configured)
    assert (len(relay.kept), len(hook.asked)) == (0, 1)
    assert tell(configured)[0]
    assert (len(relay.kept), len(hook.asked)) == (1, 1)


def test_an_owner_without_a_relay_is_an_error(tmp_path):
    configured = Settings(home=tmp_path, watch=WatchSettings(owner=OWNER))
    with pytest.raises(NotTold, match=r"mail\.host and mail\.sender are not set"):
        tell(configured)


def test_where_no_record_can_be_kept_it_is_told_rather_twice_than_never(tmp_path, relay):
    (tmp_path / "ledger.db").write_bytes(b"something else, longer than the head of a database" * 20)
    has_told, said = tell(given(tmp_path, relay), rather_twice=True)
    assert has_told
    assert said[0].startswith("told without a record, so perhaps again later: the ledger")
    assert len(relay.kept) == 1


def test_an_error_is_text_and_adds_no_header_no_line_and_no_mark():
    bent = "no\r\nBcc: mia@example.org\r\n\r\n\x1b[31m<b>red</b>\u202e" + "x" * 900
    incident = replace(
        INCIDENT, run_name=bent, flow="gather\r\nBcc: mia@example.org", error=notice.last_error(bent, Settings())
    )
    mail = read(notice.mail(incident, MailSettings(sender="policydiff@example.org"), OWNER, INCIDENT.at))
    ours = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"}
    assert {*mail.keys()} == ours | {"Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
    assert len(mail.keys()) == 9
    assert mail["Subject"] == "policydiff: gather Bcc: mia@example.org/daily failed"
    lines = mail.get_content().splitlines()
    assert len(lines) == 9
    assert lines[4].startswith("Error: no Bcc: mia@example.org [31m<b>red</b> xxx")
    assert lines[4].endswith("x…")
    assert len(lines[4]) < 520


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("DeliveryFailed: 1 unknown\nnot sent: a", "DeliveryFailed: 1 unknown not sent: a"),
        ("It broke:\nTraceback (most recent call last):\n  File a, line 1\nOSError: no space\n", "OSError: no space"),
        ("", ""),
    ],
)
def test_a_traceback_is_left_out_and_its_last_line_stays(message, line):
    assert notice.last_error(message, Settings()) == line


def test_no_secret_of_the_settings_is_told(monkeypatch):
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "policydiff:the login of the server")
    configured = Settings(
        ledger="postgresql://ana:databaseword@host/ledger",
        mail=MailSettings(password=SecretStr("relayword")),
        watch=WatchSettings(webhook="https://hooks.example.org/services/secretpath"),
        sources={"census_trade": {"api_key": "censuskey"}},
    )
    words = [*settings.secrets(configured), "policydiff:the login of the server"]
    assert set(words) >= {"relayword", "databaseword", "censuskey", "https://hooks.example.org/services/secretpath"}
    shown = notice.last_error(" and ".join(words), configured)
    assert shown == " and ".join(["***"] * len(words))


@pytest.mark.parametrize(
    ("toml", "path", "expected"),
    [
        ('owner = "nobody"', "watch.owner", "a mail address"),
        ('webhook = "http://example.org/told"', "watch.webhook", "an address that starts with https://"),
        ('webhook = "https:///told"', "watch.webhook", "an address that starts with https://"),
        ('webhook_secret = "in a file"', "watch.webhook_secret", "POLICYDIFF_WATCH__WEBHOOK_SECRET"),
        ('owners = "ana@example.org"', "watch.owners", "a key that the README lists"),
    ],
)
def test_wrong_settings_are_refused_by_their_key(tmp_path, monkeypatch, toml, path, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policydiff.toml").write_text(f"[watch]\n{toml}\n", encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        settings.load()
    assert f"policydiff.toml: {path}: " in str(refused.value)
    assert expected in str(refused.value)
    assert "example.org/told" not in str(refused.value)


def test_a_webhook_on_this_machine_needs_no_encryption():
    assert WatchSettings(webhook="http://127.0.0.1:8000/told").webhook == "http://127.0.0.1:8000/told"
