"""The loop that sends: claim, check once more, speak to the relay, record what became of it.

Before the final dot a failure is certain non-delivery and is tried again with growing waits (4xx, a broken connection)
or given up (5xx); after it the delivery is unknown and waits for evidence. Whether somebody is still to get a report
is asked again at the last moment before the dot.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from flows.delivery import relay
from flows.delivery.ledger import Delivery, LeaseLost, Ledger, State
from flows.settings import MailSettings
from sources.errors import BadInput, PolicydiffError

# Longer than a relay takes that answers each command at the last moment, or twenty megabytes over a poor line; one that
# takes longer still loses its claim before the dot. A dead sender's claims are free after it, within ten minutes.
CLAIM = timedelta(minutes=9)
# A relay that refuses connections again and again is not asked for every message that is due.
_GIVE_UP_AFTER = 3
# Beyond it the longest wait has long been reached, and the number would outgrow a float.
_MOST_DOUBLINGS = 60


class NoLongerEntitled(PolicydiffError):
    """A recipient is not to get a report any more; `state` is what becomes of the delivery."""

    def __init__(self, state: State, reason: str) -> None:
        self.state = state
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What sending needs: the ledger, the relay, the clock, and the last word on who is entitled.

    `check` raises NoLongerEntitled; `shrink` returns the segments of a smaller message, given the relay's limit, or of
    the smallest there is; `sleep` waits some seconds; `say` is told what happens.
    """

    ledger: Ledger
    mail: MailSettings
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    check: Callable[[Delivery], None]
    shrink: Callable[[Delivery, int], Sequence[bytes]]
    say: Callable[[str], None]

    def run(self, edition: str | None, only: frozenset[str] = frozenset()) -> None:
        """Send everything that is due, of one release or of all, or only some keys.

        Raises RelayMisconfigured if the relay cannot be used at all, RelayUnavailable if it does not answer; what is
        not sent then stays due.
        """
        self.ledger.recover(self.now())
        failures = 0
        with ExitStack() as stack:
            session: relay.Session | None = None
            while delivery := self._next(edition, only):
                try:
                    self.check(delivery)
                    if session is None or not session.is_ready():
                        stack.close()
                        session = stack.enter_context(relay.session(self.mail))
                    self._send(session, delivery)
                    failures = 0
                except NoLongerEntitled as reason:
                    self._settle(delivery, reason.state, str(reason))
                except (relay.RelayMisconfigured, BadInput) as error:
                    # Neither is this message's fault: it stays due.
                    self._settle(delivery, State.DEFERRED, str(error), due=self.now())
                    raise
                except relay.RelayUnavailable as error:
                    failures += 1
                    self._defer(delivery, str(error))
                    if failures == _GIVE_UP_AFTER:
                        raise

    def _send(self, session: relay.Session, delivery: Delivery) -> None:
        message = self.ledger.message(delivery.key)
        try:
            reply = session.send(self.mail.sender, delivery.recipient, message, lambda: self._before_dot(delivery))
        except relay.TooLarge as error:
            self._shrink(delivery, error)
        except relay.Rejected as refusal:
            self._refused(delivery, refusal)
        except relay.AnswerLost as error:
            self._settle(delivery, State.UNKNOWN, str(error))
        except LeaseLost as error:
            # Suppressed meanwhile, or another sender's by now; the ledger has it as it is.
            self.say(f"{delivery.recipient}: not sent: {error}")
        else:
            self._settle(delivery, State.ACCEPTED, str(reply), reply.code)

    def _before_dot(self, delivery: Delivery) -> None:
        self.check(delivery)
        # The answer may take its time; until then nobody else may say what became of the message.
        self.ledger.commit(delivery.key, self.now(), timedelta(seconds=self.mail.answer_seconds) + CLAIM)

    def _shrink(self, delivery: Delivery, error: relay.TooLarge) -> None:
        segments = self.shrink(delivery, error.limit_bytes)
        size_bytes = sum(map(len, segments))
        if size_bytes > error.limit_bytes:
            self._settle(delivery, State.BOUNCED, f"{error}; the smallest that could be sent has {size_bytes}")
            return
        self._settle(delivery, State.PLANNED, str(error))
        self.ledger.freeze({delivery.key: segments}, self.now())

    def _refused(self, delivery: Delivery, refusal: relay.Rejected) -> None:
        if not refusal.reply.is_permanent:
            self._defer(delivery, str(refusal), refusal.reply.code)
            return
        if refusal.is_sender_refused:
            raise relay.RelayMisconfigured(f"the relay takes no mail from {self.mail.sender}: {refusal.reply}")
        self._settle(delivery, State.BOUNCED, str(refusal), refusal.reply.code)
        if refusal.is_bad_address:
            self.ledger.suppress(delivery.recipient, "bounce", self.now(), str(refusal))

    def _defer(self, delivery: Delivery, detail: str, code: int | None = None) -> None:
        """Try again later: each wait is twice the one before, up to the longest."""
        doublings = min(delivery.attempts - 1, _MOST_DOUBLINGS)
        seconds = min(self.mail.first_wait_seconds * 2**doublings, self.mail.longest_wait_seconds)
        self._settle(delivery, State.DEFERRED, detail, code, self.now() + timedelta(seconds=seconds))

    def _settle(
        self, delivery: Delivery, after: State, detail: str, code: int | None = None, due: datetime | None = None
    ) -> None:
        try:
            self.ledger.settle(delivery.key, after, self.now(), detail, code, due)
        except LeaseLost as error:
            # It has gone on without this sender, whose claim ran out; the others are still to be sent.
            self.say(f"{delivery.recipient}: {error}")
        else:
            self.say(f"{delivery.recipient}: {after}{f': {detail}' if detail else ''}")

    def _next(self, edition: str | None, only: frozenset[str]) -> Delivery | None:
        """Claim what is due, when the relay may be given another message."""
        now = self.now()
        due = self.ledger.next_due(edition, only)
        if due is None or due > now:
            return None
        if self.mail.per_minute is not None:
            # Taken before a claim, so that no claim runs out while it waits.
            name = f"{self.mail.host}:{self.mail.port}"
            slot = self.ledger.reserve_slot(name, timedelta(minutes=1) / self.mail.per_minute, now)
            if slot > now:
                self.sleep((slot - now).total_seconds())
        return self.ledger.claim(edition, only, self.now(), CLAIM)
