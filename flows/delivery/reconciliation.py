"""What became of unknown deliveries, by a Postfix relay's own log.

For each message that arrives, Postfix logs the client under a queue id, then the Message-ID, and `queue active` only
once it has taken responsibility: after the final dot. A message that became active was taken. One was not taken if the
log covers the time before and after and has messages arriving then, and this one is not among them or its client was
lost within DATA, before the dot. Anything else proves nothing: a message may wait a while before it becomes active.

Lines as of Postfix 3: `<time> <host> postfix/<daemon>[<pid>]: <queue id>: <text>`, the time as RFC 3339 or as
traditional syslog (without year and zone). Queue ids come again, so the order of lines counts. Addresses and the words
of other servers stand in the text too: only what Postfix itself puts at a fixed place is taken for a fact.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from flows.delivery.ledger import Delivery, State

# Clocks of two machines differ, and a log is written a moment later.
MARGIN = timedelta(minutes=2)
# What was on its way when we gave up may still arrive until the relay gives up too: Postfix waits five minutes.
LATE = timedelta(minutes=5) + MARGIN
_LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\S+|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) "
    r"(?P<host>\S+) postfix\S*/(?P<daemon>\w+)\[(?P<pid>\d+)\]: "
    r"(?:(?P<queue_id>[0-9A-F]{6,}|[0-9b-df-hj-np-tv-zB-DF-HJ-NP-TV-Z]{10,}): )?(?P<text>.*)"
)
# A Message-ID of ours begins with the key of its delivery, whatever the sender's domain was at the time.
_MESSAGE_ID = re.compile(r"message-id=(?:<(?P<key>[0-9a-f]{64})@)?")
_ACTIVE = re.compile(r"from=<[^>]*>, size=\d+, nrcpt=\d+ \(queue active\)")
_LOST = re.compile(r"(?:lost connection|timeout) after DATA \(\d+ bytes\) from ")
_STATUS = re.compile(r"(?:to|from)=<\S*>, (?:\w+=[^,]*, )*?status=(?P<status>\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One way of a message through the relay: whether it was taken or its client lost before the dot; how it ended."""

    queue_id: str
    is_taken: bool
    is_lost: bool
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What a relay's log says: the passages of each delivery by key, in order; what time it covers.

    `arrivals` are the instants, in order, at which a message of anybody began to arrive.
    """

    passages: Mapping[str, Sequence[Passage]]
    arrivals: Sequence[datetime]
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the log says of one unknown delivery: the state it proves, None where it proves nothing, and why."""

    delivery: Delivery
    state: State | None
    reason: str


class _Reading:
    """The lines read so far, each passage known by a number."""

    def __init__(self) -> None:
        self.queue_ids: list[str] = []
        self.keys: dict[str, list[int]] = {}
        self.named: set[int] = set()
        self.taken: set[int] = set()
        self.lost: set[int] = set()
        self.status: dict[int, str] = {}
        self._of_queue_id: dict[tuple[str, str], int] = {}
        self._of_process: dict[tuple[str, str], int] = {}

    def take(self, host: str, daemon: str, pid: str, queue_id: str | None, text: str) -> bool:
        """Take a line in; say whether a message begins to arrive by it."""
        if queue_id is None:
            if daemon == "smtpd" and _LOST.match(text) and (host, pid) in self._of_process:
                # Its message may have been named before or will be after: daemons write each for itself.
                self.lost.add(self._of_process[host, pid])
            return False
        if text.startswith(("client=", "uid=")):
            self._of_process[host, pid] = self._begin(host, queue_id)
            return True
        number = self._of_queue_id.get((host, queue_id))
        if daemon == "cleanup" and (named := _MESSAGE_ID.match(text)):
            if number is None or number in self.named:
                number = self._begin(host, queue_id)
            self.named.add(number)
            if named["key"]:
                self.keys.setdefault(named["key"], []).append(number)
        elif number is None:
            # It began before the log did.
            return False
        elif daemon == "qmgr" and _ACTIVE.fullmatch(text):
            self.taken.add(number)
        elif ended := _STATUS.match(text):
            self.status[number] = ended["status"]
        return False

    def _begin(self, host: str, queue_id: str) -> int:
        self.queue_ids.append(queue_id)
        self._of_queue_id[host, queue_id] = len(self.queue_ids) - 1
        return len(self.queue_ids) - 1

    def passage(self, number: int) -> Passage:
        """Return a passage."""
        return Passage(
            queue_id=self.queue_ids[number],
            is_taken=number in self.taken,
            is_lost=number in self.lost,
            status=self.status.get(number, "queued"),
        )


def read_log(lines: Iterable[str], now: datetime, zone: tzinfo = UTC) -> Log:
    """Read a Postfix log; lines of others, and such as have no time that there is, are passed over.

    Times without a year are of the year before `now`, those without a zone in `zone`.
    """
    reading, arrivals = _Reading(), []
    first: datetime | None = None
    last: datetime | None = None
    for line in lines:
        found = _LINE.match(line)
        time = _time(found["time"], now, zone) if found else None
        if not found or time is None:
            continue
        first, last = min(first or time, time), max(last or time, time)
        if reading.take(found["host"], found["daemon"], found["pid"], found["queue_id"], found["text"]):
            arrivals.append(time)
    return Log(
        passages={key: tuple(map(reading.passage, numbers)) for key, numbers in reading.keys.items()},
        arrivals=sorted(arrivals),
        first=first,
        last=last,
    )


def findings(unknown: Iterable[Delivery], log: Log) -> list[Finding]:
    """Return what a log proves of deliveries whose fate is unknown."""
    return [_finding(delivery, log) for delivery in unknown]


def _finding(delivery: Delivery, log: Log) -> Finding:
    passages = log.passages.get(delivery.key, ())
    if taken := [passage for passage in passages if passage.is_taken]:
        # The last is where a filter within the relay, or another attempt, has taken it.
        state = State.BOUNCED if taken[-1].status in ("bounced", "expired") else State.ACCEPTED
        return Finding(delivery=delivery, state=state, reason=f"the log: {taken[-1].queue_id}, {taken[-1].status}")
    if log.first is None or log.last is None:
        reason = "the log has no line of Postfix"
    elif delivery.claimed is None:
        reason = "the log does not name it, and the ledger does not know when it was sent: settle it by hand"
    elif log.first > delivery.claimed - MARGIN or log.last < delivery.changed + LATE:
        needed = _span(delivery.claimed - MARGIN, delivery.changed + LATE)
        reason = f"the log covers only {_span(log.first, log.last)}; needed is {needed}"
    elif not _has_arrivals(log, delivery.claimed - MARGIN, delivery.changed + LATE):
        # This one began to arrive at least: it is the log of another relay, or a piece is missing.
        reason = f"by the log no message arrived from {_span(delivery.claimed, delivery.changed)}: it is not whole"
    elif not all(passage.is_lost for passage in passages):
        reason = "the log shows that it arrived, not whether it was taken: settle it by hand"
    else:
        reason = "the log covers the time and shows that it was not taken"
        return Finding(delivery=delivery, state=State.READY, reason=reason)
    return Finding(delivery=delivery, state=None, reason=reason)


def _has_arrivals(log: Log, after: datetime, before: datetime) -> bool:
    place = bisect_left(log.arrivals, after)
    return place < len(log.arrivals) and log.arrivals[place] <= before


def _span(first: datetime, last: datetime) -> str:
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _time(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    with suppress(ValueError):
        if text[4] == "-":
            time = datetime.fromisoformat(text)
            return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
        # A year that has 29 February lets every day be read.
        day = datetime.strptime(f"2000 {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=zone)
        year = now.astimezone(zone).year
        # The relay's clock may be in the next year already.
        for candidate in (year + 1, year, year - 1):
            with suppress(ValueError):
                time = day.replace(year=candidate).astimezone(UTC)
                if time <= now + MARGIN:
                    return time
    return None
