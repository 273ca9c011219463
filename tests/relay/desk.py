"""A ledger with messages that are ready, a clock in hand, and a sender that works on them."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.delivery.ledger import Ledger, Planned, State
from flows.delivery.sending import Sender
from flows.settings import MailSettings

RELEASE = "2026-W48"
BEGAN = datetime(2026, 11, 24, 9, tzinfo=UTC)
USEFUL = timedelta(days=3)


def mail(port: int, **changes) -> MailSettings:
    """Return settings for a relay on loopback, in clear text."""
    given = {"host": "127.0.0.1", "port": port, "tls": "none", "sender": "reports@policy.example"}
    return MailSettings(**{**given, "timeout_seconds": 10, "answer_seconds": 10, **changes})


def impatient(given: MailSettings) -> MailSettings:
    """Return the same settings with time-outs as short as a test can wait."""
    return given.model_copy(update={"timeout_seconds": 0.25, "answer_seconds": 0.25})


def message(key: str, recipient: str, size_bytes: int = 0) -> bytes:
    """Return a small message with the Message-ID of a delivery, or one of some size."""
    head = f"From: reports@policy.example\r\nTo: {recipient}\r\nMessage-ID: <{key}@policy.example>\r\n\r\n".encode()
    body = b"What changed: nothing.\r\n..\r\n.\r\n"
    return head + body + (b"x" * 70 + b"\r\n") * (max(size_bytes - len(head + body), 0) // 72)


@dataclass(slots=True, kw_only=True)
class Desk:
    """A ledger, the time by its clock, and what the sender said."""

    ledger: Ledger
    now: datetime = BEGAN
    said: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def ready(
        self, recipients: Iterable[str], size_bytes: int = 0, expires: timedelta = timedelta(days=3)
    ) -> list[str]:
        """Plan and freeze a message for each recipient; return the keys in their order."""
        planned = [Planned(edition=RELEASE, report="full", recipient=r, expires=self.now + expires) for r in recipients]
        self.ledger.plan(planned, self.now)
        self.ledger.freeze({p.key: [message(p.key, p.recipient, size_bytes)] for p in planned}, self.now)
        return [p.key for p in planned]

    def sender(self, given: MailSettings, **changes) -> Sender:
        """Return a sender by some settings; it says what it does to `said`, and sleeps by moving the clock."""
        parts = {
            "ledger": self.ledger,
            "mail": given,
            "now": lambda: self.now,
            "sleep": self._sleep,
            "check": lambda _: None,
            "shrink": lambda *_: (),
            "say": self.said.append,
        }
        return Sender(**{**parts, **changes})

    def run(self, given: MailSettings, **changes) -> None:
        """Send what is due at this instant."""
        self.sender(given, **changes).run(RELEASE)

    def advance(self) -> bool:
        """Move the clock to the next delivery that is due; false if none waits."""
        due = self.ledger.next_due(RELEASE)
        self.now = max(self.now, due) if due else self.now
        return due is not None

    def state(self, key: str) -> State:
        """Return how far a delivery has come."""
        delivery = self.ledger.delivery(key)
        assert delivery
        return delivery.state

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """Open a ledger in a folder for as long as the block."""
    with closing(Ledger(f"sqlite:///{folder}/ledger.db", folder / "ledger.journal", "sender:1", BEGAN)) as ledger:
        yield Desk(ledger=ledger)
