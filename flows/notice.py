"""What the owner is told of a run that failed, crashed or is late: a mail, a webhook, or both. No Prefect here.

The same state and error of one deployment are told once a day: what runs every five minutes would else tell every five
minutes. Text of an error is data: one line of bounded length, in no header, with no secret in it.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum

import httpx

from flows import settings
from flows.delivery import relay
from flows.delivery.ledger import LedgerMissing
from flows.settings import MailSettings, Settings, WatchSettings
from flows.told import Told
from sources.errors import PolicydiffError
from sources.texts import one_line

# A subject that no library breaks into lines.
_LONGEST_SUBJECT = 70
_LONGEST_ERROR = 500
# How long a webhook may take, how often it is tried, and how long to wait before each further attempt.
_TIMEOUT_SECONDS = 10
_WAITS_SECONDS = (1.0, 4.0)

Say = Callable[[str], None]


class Trouble(StrEnum):
    """What is wrong with a run."""

    FAILED = "failed"
    CRASHED = "crashed"
    LATE = "late"


_WORDS = {
    Trouble.FAILED: "failed: it ended with the error below",
    Trouble.CRASHED: "crashed: its process ended before it could say what went wrong",
    Trouble.LATE: "is late: no worker has taken it up",
}
_NEXT = {
    Trouble.FAILED: "Open the page of the run: its log says what led to the error. Mend that, then run it again.",
    Trouble.CRASHED: "Open the page of the run. What was killed is taken up by the next run of its deployment.",
    Trouble.LATE: "See that a worker runs, that its pool is not paused and that it has room for another run.",
}


class NotTold(PolicydiffError):
    """The owner could not be told over some channel: mend it; the next who looks tries again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A run that somebody should know of; `run_id` and `link` lead to its page.

    `at` is when it came into its state, or was due; `error` is one line, empty if none is known.
    """

    run_id: str
    run_name: str
    flow: str
    deployment: str
    trouble: Trouble
    at: datetime
    error: str
    link: str

    @property
    def key(self) -> str:
        """Return what is told once: this state and error of this deployment on this day (UTC)."""
        parts = [self.flow, self.deployment, self.trouble, self.at.astimezone(UTC).date().isoformat(), self.error]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def last_error(message: str, given: Settings) -> str:
    """Return what a state says went wrong as one line: no traceback, no secret of the settings, no steering marks."""
    lines = [line for line in message.splitlines() if line.strip()]
    if any(line.startswith("Traceback (") for line in lines):
        lines = lines[-1:]
    text = " ".join(lines)
    for secret in (*settings.secrets(given), os.environ.get("PREFECT_API_AUTH_STRING", "")):
        text = text.replace(secret, "***") if secret else text
    return _plain(text, _LONGEST_ERROR)


def has_channel(given: Settings) -> bool:
    """Say whether anybody is to be told."""
    return bool(given.watch.owner or given.watch.webhook)


def tell(incident: Incident, given: Settings, told: Told, say: Say, *, rather_twice: bool = False) -> bool:
    """Tell the owner of an incident over each channel that has not told it yet; say whether there was anything to tell.

    Raises NotTold naming the channels that failed, and LedgerMissing if the record cannot be kept. With `rather_twice`
    it tells all the same where the record cannot be read: a full disk is what somebody should know of.
    """
    now, failures, has_told = datetime.now(UTC), list[str](), False
    for name, send in _channels(given):
        is_recorded = True
        try:
            if not told.take(incident.key, name, now):
                continue
        except LedgerMissing as error:
            if not rather_twice:
                raise
            say(f"told without a record, so perhaps again later: {error}")
            is_recorded = False
        try:
            send(incident, given, now)
        except PolicydiffError as error:
            failures.append(f"{name}: {error}")
            if is_recorded:
                told.give_back(incident.key, name, now)
        else:
            say(f"told the owner by {name}: {incident.run_name}: {incident.trouble}")
            has_told = True
            if is_recorded:
                told.settle(incident.key, name, now)
    if failures:
        raise NotTold(f"the owner was not told of {incident.run_name}: {'; '.join(failures)}")
    return has_told


def _channels(given: Settings) -> list[tuple[str, Callable[[Incident, Settings, datetime], None]]]:
    channels: list[tuple[str, Callable[[Incident, Settings, datetime], None]]] = []
    if given.watch.owner:
        channels.append(("mail", _send_mail))
    if given.watch.webhook:
        channels.append(("webhook", _call_webhook))
    return channels


def _send_mail(incident: Incident, given: Settings, now: datetime) -> None:
    if not (given.mail.host and given.mail.sender):
        raise relay.RelayMisconfigured("mail.host and mail.sender are not set, and watch.owner is to be told by mail")
    content = mail(incident, given.mail, given.watch.owner, now)
    with relay.session(given.mail) as session:
        session.send(given.mail.sender, given.watch.owner, content, lambda: None)


def mail(incident: Incident, given: MailSettings, owner: str, now: datetime) -> bytes:
    """Return the mail that tells of an incident, in plain text and English: it is for operators, not for readers."""
    run = f"{_plain(incident.flow, 60)}/{_plain(incident.deployment, 60)}"
    message = EmailMessage(policy=SMTP.clone(utf8=not owner.isascii()))
    message["From"] = f"<{given.sender}>"
    message["To"] = f"<{owner}>"
    message["Subject"] = _plain(f"policydiff: {run} {incident.trouble}", _LONGEST_SUBJECT)
    message["Date"] = format_datetime(now)
    # The same for whoever tells it, so that a mailbox can see that two are one.
    message["Message-ID"] = f"<{incident.key}@{given.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    facts = [
        ("Run", incident.run_name),
        ("Since", f"{incident.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"),
        ("Error", incident.error or "none is known"),
        ("Page", incident.link),
    ]
    lines = [
        f"A run of {run} {_WORDS[incident.trouble]}.",
        "",
        *(f"{name + ':':7}{_plain(value, _LONGEST_ERROR)}" for name, value in facts),
        "",
        f"{_NEXT[incident.trouble]} `policydiff doctor`, where policydiff runs, says what is not in order.",
        "The same state and error of this deployment are told once a day.",
    ]
    message.set_content("\n".join(lines) + "\n")
    return message.as_bytes()


def _call_webhook(incident: Incident, given: Settings, _now: datetime) -> None:
    """Tell a webhook. Raises NotTold: its address may be a secret, so only its host is named."""
    watch = given.watch
    host = httpx.URL(watch.webhook).host
    for wait in (*_WAITS_SECONDS, None):
        try:
            answer = httpx.post(
                watch.webhook, json=as_object(incident), headers=_headers(watch), timeout=_TIMEOUT_SECONDS
            )
        except httpx.TransportError as error:
            failure, is_worth_waiting = type(error).__name__, True
        else:
            if answer.is_success:
                return
            failure = f"answered {answer.status_code}"
            is_worth_waiting = answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS
        if wait is None or not is_worth_waiting:
            break
        time.sleep(wait)
    raise NotTold(f"watch.webhook at {host}: {failure}; expected an answer of 2xx")


def _headers(watch: WatchSettings) -> dict[str, str]:
    return {"Authorization": f"Bearer {watch.webhook_secret.get_secret_value()}"} if watch.webhook_secret else {}


def as_object(incident: Incident) -> dict[str, str]:
    """Return what a webhook gets."""
    return {
        "state": incident.trouble,
        "flow": incident.flow,
        "deployment": incident.deployment,
        "run": incident.run_name,
        "run_id": incident.run_id,
        "at": incident.at.astimezone(UTC).isoformat(timespec="seconds"),
        "error": incident.error,
        "link": incident.link,
    }


def _plain(text: str, longest: int) -> str:
    """Return text as one printable line of bounded length."""
    shown = one_line("".join(c if c.isprintable() else " " for c in text))
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
