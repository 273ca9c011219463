"""The ledger: what is to be sent to whom, how far it has come, and every step on the way. Nothing is ever erased.

    planned -> ready -> claimed -> committing -> accepted | deferred | bounced | unknown
    and from what is not yet under way: suppressed, expired, cancelled

A delivery is one edition of one report for one recipient; its key is the hash of the three, so that planning again
finds what is there. The bytes of a message are frozen before it can be claimed. A claim is a lease: one that runs out
before the final dot gives the delivery back, since nothing was sent; one that runs out after it leaves it unknown,
since nobody can tell. `committing` is on disk before the final dot leaves.

Beside the database stands a journal, one line for each final dot. A database put back from a backup lacks what was
sent since; the journal tells, and those deliveries are held as unknown instead of being sent again. From then on events
bear another epoch.

Tables: `deliveries` (key), `events` (append-only), `bodies` (sha256; what many messages share is kept once),
`suppressions` (address), `relays` (name; when the next message may leave), `ledger` (epoch), `journals` (id; up to
where each was read), `lost` (key; final dots that the journal has of deliveries that are not here).
"""

import hashlib
import json
import os
import socket
import sqlite3
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError

from flows.delivery.journal import Journal, JournalFailed, Tail
from flows.settings import Settings
from sources.errors import MissingLibrary, PolicydiffError, UnknownName
from sources.texts import one_line

# Any number, so that one process alone makes the tables of a new ledger.
_MAKING = 20170120
# How long to wait for a database that is busy or does not answer.
_WAIT_SECONDS = 60


class State(StrEnum):
    """How far a delivery has come."""

    PLANNED = "planned"
    READY = "ready"
    CLAIMED = "claimed"
    COMMITTING = "committing"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


NOT_UNDER_WAY = (State.PLANNED, State.READY, State.DEFERRED)
# Whatever was not accepted becomes unknown when the journal has a final dot of it that the ledger has not.
_NEXT = {
    State.PLANNED: {State.READY, State.SUPPRESSED, State.EXPIRED, State.CANCELLED, State.UNKNOWN},
    State.READY: {State.CLAIMED, State.PLANNED, State.SUPPRESSED, State.EXPIRED, State.CANCELLED, State.UNKNOWN},
    State.CLAIMED: {
        State.COMMITTING,
        State.READY,
        State.PLANNED,
        State.DEFERRED,
        State.BOUNCED,
        State.SUPPRESSED,
        State.EXPIRED,
        State.CANCELLED,
        State.UNKNOWN,
    },
    State.COMMITTING: {State.ACCEPTED, State.DEFERRED, State.BOUNCED, State.UNKNOWN},
    State.DEFERRED: {State.CLAIMED, State.PLANNED, State.SUPPRESSED, State.EXPIRED, State.CANCELLED, State.UNKNOWN},
    # By evidence: the relay's log, its late answer, or a person who knows.
    State.UNKNOWN: {State.ACCEPTED, State.DEFERRED, State.BOUNCED, State.READY, State.PLANNED},
    # Only when a person asks for it.
    State.BOUNCED: {State.READY, State.PLANNED, State.UNKNOWN},
    State.EXPIRED: {State.READY, State.PLANNED, State.UNKNOWN},
    State.ACCEPTED: set(),
    # A person may be put on the roster again, or taken off the list.
    State.SUPPRESSED: {State.PLANNED, State.UNKNOWN},
    State.CANCELLED: {State.PLANNED, State.UNKNOWN},
}
FINISHED = frozenset({State.ACCEPTED, State.BOUNCED, State.SUPPRESSED, State.EXPIRED, State.CANCELLED})


_ONLY_IN_JOURNAL = "its final dot is in the journal, not in this ledger, which was put back from a backup"


class LeaseLost(PolicydiffError):
    """A claim ran out and the delivery belongs to another sender or to nobody: do not go on with it."""


class LedgerMissing(PolicydiffError):
    """The ledger cannot be used: check its address and that its server runs, or put it back from a backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What is to be delivered: an edition's key, the report's slice, to whom, and until when it is of use.

    `edition_id` and `file_sha256` name the built report it is made from.
    """

    edition: str
    report: str
    recipient: str
    expires: datetime
    edition_id: str = ""
    file_sha256: str = ""
    is_test: bool = False

    @property
    def key(self) -> str:
        """Return the delivery's key."""
        return key_of(self.edition, self.report, self.recipient)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery as it stands. Times are UTC; `message_sha256` is of the whole frozen message."""

    key: str
    edition: str
    report: str
    recipient: str
    state: State
    is_test: bool
    edition_id: str
    file_sha256: str
    message_sha256: str
    size_bytes: int
    attempts: int
    planned: datetime
    claimed: datetime | None
    changed: datetime
    due: datetime
    expires: datetime
    owner: str
    lease_until: datetime | None
    code: int | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of a delivery: when, from where to where, by whom and why."""

    at: datetime
    key: str
    before: State | None
    after: State
    actor: str
    epoch: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that gets nothing, and why: unsubscribe, bounce or complaint."""

    address: str
    reason: str
    since: datetime
    detail: str


def key_of(edition: str, report: str, recipient: str) -> str:
    """Return the key of a delivery, in hexadecimal; its Message-ID is made of it."""
    parts = [edition, report, address_key(recipient)]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def address_key(address: str) -> str:
    """Return the form in which two addresses are the same mailbox: upper and lower case do not tell them apart.

    RFC 5321 lets a host tell `A@` from `a@`; none that matters does, and a suppressed person must never be missed.
    """
    local, _, domain = address.strip().rpartition("@")
    return f"{local.casefold()}@{domain.casefold()}"


class _Utc(sa.types.TypeDecorator[datetime]):
    """An instant in UTC, for databases with and without time zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: sa.Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


_META = sa.MetaData()
_LEDGER = sa.Table("ledger", _META, sa.Column("epoch", sa.String(32), nullable=False))
_DELIVERIES = sa.Table(
    "deliveries",
    _META,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("edition", sa.String(200), nullable=False),
    sa.Column("report", sa.String(200), nullable=False),
    sa.Column("recipient", sa.String(320), nullable=False),
    sa.Column("recipient_key", sa.String(320), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("is_test", sa.Boolean, nullable=False),
    sa.Column("edition_id", sa.String(64), nullable=False),
    sa.Column("file_sha256", sa.Text, nullable=False),
    sa.Column("message_sha256", sa.String(64), nullable=False, default=""),
    sa.Column("segments", sa.Text, nullable=False, default=""),
    sa.Column("size_bytes", sa.Integer, nullable=False, default=0),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    # How many final dots left for it: the journal may know of more.
    sa.Column("dots", sa.Integer, nullable=False, default=0),
    sa.Column("planned", _Utc, nullable=False),
    sa.Column("claimed", _Utc),
    sa.Column("changed", _Utc, nullable=False),
    sa.Column("due", _Utc, nullable=False),
    sa.Column("expires", _Utc, nullable=False),
    sa.Column("owner", sa.String(200), nullable=False, default=""),
    sa.Column("lease_until", _Utc),
    sa.Column("code", sa.Integer),
    sa.Column("detail", sa.Text, nullable=False, default=""),
    sa.Index("deliveries_by_state", "state", "due"),
    sa.Index("deliveries_by_change", "changed"),
    sa.Index("deliveries_by_edition", "edition", "state"),
    sa.Index("deliveries_by_recipient", "recipient_key", "state", "changed"),
)
_EVENTS = sa.Table(
    "events",
    _META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", _Utc, nullable=False),
    sa.Column("key", sa.String(64), nullable=False, index=True),
    sa.Column("before", sa.String(12)),
    sa.Column("after", sa.String(12), nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("epoch", sa.String(32), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)
_BODIES = sa.Table(
    "bodies",
    _META,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
_SUPPRESSIONS = sa.Table(
    "suppressions",
    _META,
    sa.Column("address_key", sa.String(320), primary_key=True),
    sa.Column("address", sa.String(320), nullable=False),
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("since", _Utc, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)
_RELAYS = sa.Table(
    "relays",
    _META,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("next_slot", _Utc, nullable=False),
)
_JOURNALS = sa.Table(
    "journals",
    _META,
    sa.Column("journal_id", sa.String(64), primary_key=True),
    sa.Column("read_bytes", sa.BigInteger, nullable=False),
)
_LOST = sa.Table(
    "lost",
    _META,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("dots", sa.Integer, nullable=False),
)
# An execution option: this connection only reads.
_READS = "policydiff_reads"
_COLUMNS = [_DELIVERIES.c[field.name] for field in fields(Delivery)]


class Ledger:
    """The ledger at a database's address. Every method is one transaction, durable when it returns.

    `actor` names who acts, in events and leases: a host and process. Every opening adds a mark of its own, since
    the number of a process comes again. Every method raises LedgerMissing if the database fails, and JournalFailed
    if the journal does.
    """

    def __init__(self, url: str, journal: Path, actor: str, now: datetime) -> None:
        """Open the ledger, making it where there is none; what a journal knows and it does not is held as unknown.

        Raises LedgerMissing if the database cannot be used, MissingLibrary if its driver is not installed.
        """
        self._engine = connect(url)
        self._journal = Journal(journal)
        self.actor = f"{actor}:{uuid.uuid4().hex[:8]}"
        self.epoch = self._opened()
        self._learn_from_journal(now)

    @classmethod
    def of(cls, given: Settings) -> "Ledger":
        """Open the ledger of the settings; who acts is this process."""
        actor = f"{socket.gethostname()}:{os.getpid()}"
        return cls(given.ledger_url, given.home / "ledger.journal", actor, datetime.now(UTC))

    def close(self) -> None:
        """Give the database's connections back."""
        self._engine.dispose()

    # --- Planning --------------------------------------------------------------------------------------------

    def plan(self, wanted: Iterable[Planned], now: datetime) -> int:
        """Add what is not yet in the ledger, as planned; return how many that were.

        What the journal says was sent before the ledger was lost is added as unknown.
        """
        # In one order for all, so that two who plan the same do not wait for each other.
        rows = [self._row(item, now) for _, item in sorted({item.key: item for item in wanted}.items())]
        if not rows:
            return 0
        with self._begin() as connection:
            is_lost = _LOST.c.key.in_([row["key"] for row in rows])
            lost = {row.key: row.dots for row in connection.execute(sa.select(_LOST).where(is_lost))}
            for row in rows:
                if row["key"] in lost:
                    row |= {"dots": lost[row["key"]], "state": State.UNKNOWN, "detail": _ONLY_IN_JOURNAL}
            insert = insert_into(connection, _DELIVERIES).on_conflict_do_nothing(index_elements=["key"])
            added = set(connection.scalars(insert.returning(_DELIVERIES.c.key), rows))
            notes = [
                self._event(row["key"], None, row["state"], now, row["detail"]) for row in rows if row["key"] in added
            ]
            if notes:
                connection.execute(sa.insert(_EVENTS), notes)
            connection.execute(sa.delete(_LOST).where(is_lost))
        return len(added)

    def revive(self, item: Planned, now: datetime) -> bool:
        """Plan again what was cancelled or suppressed and is wanted after all; say whether it was."""
        values = {"edition_id": item.edition_id, "file_sha256": item.file_sha256, "due": now, "expires": item.expires}
        with self._begin() as connection:
            return any(
                self._move(connection, item.key, before, State.PLANNED, now, "wanted again", **values)
                for before in (State.CANCELLED, State.SUPPRESSED)
            )

    def _row(self, item: Planned, now: datetime) -> dict[str, Any]:
        return {
            "key": item.key,
            "edition": item.edition,
            "report": item.report,
            "recipient": item.recipient,
            "recipient_key": address_key(item.recipient),
            "state": State.PLANNED,
            "is_test": item.is_test,
            "edition_id": item.edition_id,
            "file_sha256": item.file_sha256,
            "dots": 0,
            "detail": "",
            "planned": now,
            "changed": now,
            "due": now,
            "expires": item.expires,
        }

    def freeze(self, messages: Mapping[str, Sequence[bytes]], now: datetime) -> None:
        """Keep the bytes of planned deliveries' messages, by key, and make them ready; others are left as they are.

        A message is the concatenation of its segments; a segment that many share is kept once.
        """
        frozen: dict[str, bytes] = {}
        with self._begin() as connection:
            for key, segments in sorted(messages.items()):
                hashes = [hashlib.sha256(segment).hexdigest() for segment in segments]
                if self._move(
                    connection,
                    key,
                    State.PLANNED,
                    State.READY,
                    now,
                    "frozen",
                    message_sha256=hashlib.sha256(b"".join(segments)).hexdigest(),
                    segments=" ".join(hashes),
                    size_bytes=sum(map(len, segments)),
                ):
                    frozen |= zip(hashes, segments, strict=True)
            known = set(connection.scalars(sa.select(_BODIES.c.sha256).where(_BODIES.c.sha256.in_(frozen))))
            for sha256, content in sorted(frozen.items()):
                if sha256 not in known:
                    row = {"sha256": sha256, "content": content}
                    connection.execute(insert_into(connection, _BODIES).values(row).on_conflict_do_nothing())

    def message(self, key: str) -> bytes:
        """Return the frozen bytes of a delivery's message."""
        with self._read() as connection:
            names = connection.scalar(sa.select(_DELIVERIES.c.segments).where(_DELIVERIES.c.key == key)) or ""
            query = sa.select(_BODIES.c.content).where(_BODIES.c.sha256 == sa.bindparam("name"))
            return b"".join(connection.scalars(query, {"name": name}).one() for name in names.split())

    # --- Sending ---------------------------------------------------------------------------------------------

    def claim(self, edition: str | None, only: frozenset[str], now: datetime, lease: timedelta) -> Delivery | None:
        """Take the delivery that has been due longest for this sender alone, or return None when none is due.

        `only` are keys to choose from; empty means all but tests.
        """
        is_due = (_DELIVERIES.c.due <= now, _DELIVERIES.c.expires > now)
        query = sa.select(*_COLUMNS).where(*_waiting(edition, only), *is_due)
        query = query.order_by(_DELIVERIES.c.due, _DELIVERIES.c.key).limit(1)
        with self._begin() as connection:
            found = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
            if found is None:
                return None
            self._move(
                connection,
                found.key,
                State(found.state),
                State.CLAIMED,
                now,
                "",
                owner=self.actor,
                lease_until=now + lease,
                claimed=now,
                attempts=found.attempts + 1,
            )
            return _delivery(connection, found.key)

    def commit(self, key: str, now: datetime, lease: timedelta) -> None:
        """Record, durably, that the final dot of this sender's claim leaves now.

        Raises LeaseLost if the claim ran out or the address was suppressed meanwhile: then the dot must not leave.
        """
        with self._begin() as connection:
            held = _delivery(connection, key)
            if held.owner != self.actor or held.lease_until is None or held.lease_until <= now:
                raise LeaseLost(f"the claim on the mail for {held.recipient} ran out")
            if held.state is not State.CLAIMED:
                raise LeaseLost(f"the mail for {held.recipient} is {held.state}, no longer claimed")
            is_suppressed = _suppression(connection, held.recipient) is not None
            number = 1 + connection.scalars(sa.select(_DELIVERIES.c.dots).where(_DELIVERIES.c.key == key)).one()
            if is_suppressed:
                reason = "suppressed while it was sent"
                self._move(connection, key, held.state, State.SUPPRESSED, now, reason, lease_until=None)
            else:
                values = {"lease_until": now + lease, "dots": number}
                self._move(connection, key, held.state, State.COMMITTING, now, "final dot", **values)
        if is_suppressed:
            raise LeaseLost(f"{held.recipient} was suppressed meanwhile")
        try:
            self._journal.dot(key, number)
        except JournalFailed as error:
            # The dot must not leave without its line, and has not: there is nothing unknown about it.
            self.settle(key, State.DEFERRED, now, str(error))
            raise

    def settle(
        self,
        key: str,
        after: State,
        now: datetime,
        detail: str,
        code: int | None = None,
        due: datetime | None = None,
    ) -> None:
        """Record what became of this sender's claim; with `due`, when to try again.

        An answer that comes after the lease ran out still counts: it is evidence. Raises LeaseLost if the delivery has
        gone on without this sender.
        """
        with self._begin() as connection:
            held = _delivery(connection, key)
            if held.owner == self.actor and held.state is after is State.UNKNOWN:
                # Another found it overdue before this sender gave it up.
                return
            is_ours = held.owner == self.actor and held.state in (State.CLAIMED, State.COMMITTING, State.UNKNOWN)
            values = {"code": code, "lease_until": None, **({"due": due} if due else {})}
            if not is_ours or not self._move(connection, key, held.state, after, now, detail, **values):
                raise LeaseLost(f"the mail for {held.recipient} is {held.state} and was not this sender's to settle")

    def recover(self, now: datetime) -> None:
        """Take back what dead senders held, and end what nobody needs any more."""
        with self._begin() as connection:
            for before, after, detail in (
                (State.CLAIMED, State.READY, "the sender died before the final dot"),
                (State.COMMITTING, State.UNKNOWN, "the sender died after the final dot"),
            ):
                ran_out = sa.and_(_DELIVERIES.c.state == before, _DELIVERIES.c.lease_until <= now)
                for key, _ in _taken(connection, ran_out):
                    self._move(connection, key, before, after, now, detail, lease_until=None)
            late = sa.and_(_DELIVERIES.c.state.in_(NOT_UNDER_WAY), _DELIVERIES.c.expires <= now)
            for key, state in _taken(connection, late):
                self._move(connection, key, state, State.EXPIRED, now, "no longer of use")

    def end(self, key: str, after: State, now: datetime, detail: str) -> bool:
        """End or put back a delivery that is not under way: suppressed, cancelled, planned; say whether it could."""
        with self._begin() as connection:
            state = _delivery(connection, key).state
            return state in NOT_UNDER_WAY and self._move(connection, key, state, after, now, detail)

    def resend(self, key: str, now: datetime, expires: datetime, detail: str) -> bool:
        """Make ready again what bounced, expired or is unknown, because a person asked for it; say whether it could.

        What has no frozen message becomes planned, so that it gets one.
        """
        with self._begin() as connection:
            held = _delivery(connection, key)
            if held.state not in (State.BOUNCED, State.EXPIRED, State.UNKNOWN):
                return False
            values = {"due": now, "expires": expires}
            return self._move(connection, key, held.state, _ready(held), now, detail, **values)

    def reconcile(self, key: str, after: State, now: datetime, detail: str) -> bool:
        """Settle what is unknown by evidence: accepted, bounced, or ready because it was never taken.

        What has no frozen message becomes planned instead of ready. Says whether it was unknown.
        """
        with self._begin() as connection:
            if after is State.READY:
                after = _ready(_delivery(connection, key))
            return self._move(connection, key, State.UNKNOWN, after, now, detail)

    def reserve_slot(self, relay: str, interval: timedelta, now: datetime) -> datetime:
        """Return the instant at which the next message may leave for a relay, and take it: one for all senders."""
        with self._begin() as connection:
            fresh = insert_into(connection, _RELAYS).values(name=relay, next_slot=now).on_conflict_do_nothing()
            connection.execute(fresh)
            row = sa.select(_RELAYS.c.next_slot).where(_RELAYS.c.name == relay).with_for_update()
            slot: datetime = max(connection.scalars(row).one(), now)
            update = sa.update(_RELAYS).where(_RELAYS.c.name == relay).values(next_slot=slot + interval)
            connection.execute(update)
            return slot

    # --- Suppression -----------------------------------------------------------------------------------------

    def suppress(self, address: str, reason: str, now: datetime, detail: str = "") -> None:
        """Put an address on the list of those who get nothing; the first reason stays."""
        row = _suppression_row(address, reason, now, detail)
        with self._begin() as connection:
            insert = insert_into(connection, _SUPPRESSIONS).values(row).on_conflict_do_nothing()
            is_new = connection.scalar(insert.returning(_SUPPRESSIONS.c.address)) is not None
        if is_new:
            self._journal.suppress(address, reason, now.isoformat())

    def unsuppress(self, address: str) -> bool:
        """Take an address off the list because the person asked for it; say whether it was there."""
        with self._begin() as connection:
            where = _SUPPRESSIONS.c.address_key == address_key(address)
            was_there = connection.execute(sa.delete(_SUPPRESSIONS).where(where)).rowcount > 0
        if was_there:
            self._journal.unsuppress(address)
        return was_there

    def suppression(self, address: str) -> Suppression | None:
        """Return why an address gets nothing, or None."""
        with self._read() as connection:
            return _suppression(connection, address)

    def suppressions(self) -> list[Suppression]:
        """Return the whole list, by address."""
        query = sa.select(*(_SUPPRESSIONS.c[f.name] for f in fields(Suppression))).order_by(_SUPPRESSIONS.c.address)
        with self._read() as connection:
            return [Suppression(**row._mapping) for row in connection.execute(query)]

    # --- Asking ----------------------------------------------------------------------------------------------

    def delivery(self, key: str) -> Delivery | None:
        """Return a delivery, or None."""
        with self._read() as connection:
            return _delivery_or_none(connection, key)

    def find(self, start: str) -> str:
        """Return the key of the one delivery whose key begins so. Raises UnknownName for none or several."""
        query = sa.select(_DELIVERIES.c.key).where(_DELIVERIES.c.key.startswith(start, autoescape=True)).limit(3)
        with self._read() as connection:
            found = list(connection.scalars(query))
        if len(found) != 1:
            raise UnknownName("delivery", start, found)
        return str(found[0])

    def deliveries(
        self,
        *,
        edition: str | None = None,
        recipient: str | None = None,
        states: Iterable[State] = (),
        limit: int | None = None,
    ) -> list[Delivery]:
        """Return the deliveries of an edition, to an address, in some of the states; the newest first."""
        query = sa.select(*_COLUMNS).order_by(_DELIVERIES.c.changed.desc(), _DELIVERIES.c.key)
        if edition is not None:
            query = query.where(_DELIVERIES.c.edition == edition)
        if recipient is not None:
            query = query.where(_DELIVERIES.c.recipient_key == address_key(recipient))
        if wanted := list(states):
            query = query.where(_DELIVERIES.c.state.in_(wanted))
        if limit is not None:
            query = query.limit(limit)
        with self._read() as connection:
            return [_as_delivery(row) for row in connection.execute(query)]

    def events(self, key: str) -> list[Event]:
        """Return the steps of a delivery, in order."""
        columns = [_EVENTS.c[field.name] for field in fields(Event)]
        query = sa.select(*columns).where(_EVENTS.c.key == key).order_by(_EVENTS.c.number)
        with self._read() as connection:
            return [_as_event(row) for row in connection.execute(query)]

    def tally(self, edition: str) -> Counter[State]:
        """Count the deliveries of an edition by state, tests aside."""
        query = (
            sa.select(_DELIVERIES.c.state, sa.func.count())
            .where(_DELIVERIES.c.edition == edition, _DELIVERIES.c.is_test.is_(False))
            .group_by(_DELIVERIES.c.state)
        )
        with self._read() as connection:
            return Counter({State(state): count for state, count in connection.execute(query)})

    def is_finished(self, edition: str) -> bool:
        """Say whether nothing of an edition is left to send, to wait for or to reconcile."""
        return set(self.tally(edition)) <= FINISHED

    def next_due(self, edition: str | None, only: frozenset[str] = frozenset()) -> datetime | None:
        """Return when the next delivery is due, of those that `claim` would choose from, or None when none waits."""
        query = sa.select(sa.func.min(_DELIVERIES.c.due)).where(*_waiting(edition, only))
        with self._read() as connection:
            due: datetime | None = connection.scalar(query)
            return due

    # --- Inside ----------------------------------------------------------------------------------------------

    def _opened(self) -> str:
        """Make the tables if there are none, and return the epoch."""
        with self._read() as connection:
            if sa.inspect(connection).has_table(_LEDGER.name):
                return str(connection.scalars(sa.select(_LEDGER.c.epoch)).one())
        with self._begin() as connection:
            make_tables(connection, _META)
            epoch = connection.scalar(sa.select(_LEDGER.c.epoch))
            return str(epoch) if epoch else _new_epoch(connection)

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        with named(self._engine), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with named(self._engine), self._engine.connect() as connection:
            yield connection.execution_options(**{_READS: True})

    def _move(
        self,
        connection: sa.Connection,
        key: str,
        before: State,
        after: State,
        now: datetime,
        detail: str,
        **values: object,
    ) -> bool:
        """Take a delivery from one state to another and note it; say whether it was in the first."""
        if after not in _NEXT[before]:
            raise ValueError(f"a delivery that is {before} cannot become {after}")
        update = (
            sa.update(_DELIVERIES)
            .where(_DELIVERIES.c.key == key, _DELIVERIES.c.state == before)
            .values(state=after, changed=now, detail=detail, **values)
        )
        if not connection.execute(update).rowcount:
            return False
        self._note(connection, key, before, after, now, detail)
        return True

    def _note(
        self, connection: sa.Connection, key: str, before: State | None, after: State, now: datetime, detail: str
    ) -> None:
        connection.execute(sa.insert(_EVENTS).values(self._event(key, before, after, now, detail)))

    def _event(self, key: str, before: State | None, after: State, now: datetime, detail: str) -> dict[str, object]:
        return {
            "at": now,
            "key": key,
            "before": before,
            "after": after,
            "actor": self.actor,
            "epoch": self.epoch,
            "detail": detail,
        }

    def _learn_from_journal(self, now: datetime) -> None:
        """Take in what the journal says and the database, put back from a backup, does not know.

        Usually all of it is known; only what was added since the last opening is read.
        """
        with self._read() as connection:
            read = {row.journal_id: row.read_bytes for row in connection.execute(sa.select(_JOURNALS))}
        if tail := self._journal.since(read):
            with self._begin() as connection:
                self._learn(connection, tail, now)

    def _learn(self, connection: sa.Connection, tail: Tail, now: datetime) -> None:
        place = {"journal_id": tail.journal_id, "read_bytes": tail.end}
        insert = insert_into(connection, _JOURNALS).values(place)
        connection.execute(insert.on_conflict_do_update(index_elements=["journal_id"], set_=place))
        for address, (reason, since) in sorted(tail.suppressed.items()):
            row = _suppression_row(address, reason, datetime.fromisoformat(since), "by the journal")
            connection.execute(insert_into(connection, _SUPPRESSIONS).values(row).on_conflict_do_nothing())
        if tail.dots:
            insert = insert_into(connection, _LOST)
            update = insert.on_conflict_do_update(index_elements=["key"], set_={"dots": insert.excluded.dots})
            connection.execute(update, [{"key": key, "dots": number} for key, number in sorted(tail.dots.items())])
            self._hold_what_was_sent_since(connection, now)

    def _hold_what_was_sent_since(self, connection: sa.Connection, now: datetime) -> None:
        """Hold as unknown the deliveries of which the journal has final dots that the ledger has not."""
        behind = sa.and_(_LOST.c.dots > _DELIVERIES.c.dots, _DELIVERIES.c.state != State.ACCEPTED)
        query = sa.select(_DELIVERIES.c.key, _DELIVERIES.c.state, _LOST.c.dots)
        query = query.join(_LOST, _LOST.c.key == _DELIVERIES.c.key).where(behind).order_by(_DELIVERIES.c.key)
        found = connection.execute(query.with_for_update(of=_DELIVERIES)).all()
        if found:
            connection.execute(sa.delete(_LEDGER))
            self.epoch = _new_epoch(connection)
        for key, state, dots in found:
            if state == State.UNKNOWN:
                connection.execute(sa.update(_DELIVERIES).where(_DELIVERIES.c.key == key).values(dots=dots))
            else:
                values = {"dots": dots, "lease_until": None}
                self._move(connection, key, State(state), State.UNKNOWN, now, _ONLY_IN_JOURNAL, **values)
        connection.execute(sa.delete(_LOST).where(_LOST.c.key.in_(sa.select(_DELIVERIES.c.key))))


def connect(url: str) -> sa.Engine:
    """Return the way to the ledger's database, in which others keep tables of their own.

    Raises LedgerMissing for an address that is none or of another kind, MissingLibrary without its driver.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        name = parsed.get_backend_name()
        if name == "sqlite" and parsed.database:
            _make_file(Path(parsed.database))
        wait = {"sqlite": "timeout", "postgresql": "connect_timeout"}[name]
        engine = sa.create_engine(parsed, pool_pre_ping=True, connect_args={wait: _WAIT_SECONDS})
    except (ArgumentError, KeyError) as error:
        # The address is not repeated: it may hold a password.
        expected = "sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        raise LedgerMissing(f"the setting `ledger` is no address of a ledger; expected {expected}") from error
    except ImportError as error:
        raise MissingLibrary("a ledger on PostgreSQL needs its driver: pip install 'policydiff[postgresql]'") from error
    if name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def make_tables(connection: sa.Connection, tables: sa.MetaData) -> None:
    """Make what is missing of some tables, within the caller's transaction. Several may find them missing at once."""
    if connection.dialect.name == "postgresql":
        # SQLite locked its file when the transaction began.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING)))
    tables.create_all(connection)


def insert_into(connection: sa.Connection, table: sa.Table) -> Any:
    """Return an INSERT that can leave alone what is there, in the database's own dialect."""
    return {"sqlite": sqlite, "postgresql": postgresql}[connection.dialect.name].insert(table)


@contextmanager
def named(engine: sa.Engine) -> Iterator[None]:
    """Give an error of the database the ledger's name, and say what can be done. Raises LedgerMissing."""
    try:
        yield
    except DBAPIError as error:
        shown = engine.url.render_as_string(hide_password=True)
        raise LedgerMissing(
            f"the ledger {shown} cannot be used: {one_line(str(error.orig))}; check its address, that its disk has "
            "room, that its server runs and that no other program holds it; put a damaged file back from a backup: "
            "what was sent since is then held as unknown"
        ) from error


def _make_file(path: Path) -> None:
    """Make an empty database in WAL mode, if there is none, that only its owner may read.

    It is linked into its place whole: while one connection switches the mode, others fail instead of waiting.
    """
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        try:
            with closing(sqlite3.connect(partial)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
            with suppress(FileExistsError):
                os.link(partial, path)
        finally:
            Path(partial).unlink()
    except OSError as error:
        raise LedgerMissing(f"the ledger {path} cannot be made: {error.strerror}") from error
    except sqlite3.Error as error:
        raise LedgerMissing(f"the ledger {path} cannot be made: {error}") from error


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at once: two senders that read first and write later would read the same state."""
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(_READS) else "BEGIN IMMEDIATE")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Else the driver begins transactions by itself, and only at the first write.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")


def _new_epoch(connection: sa.Connection) -> str:
    epoch = uuid.uuid4().hex
    connection.execute(sa.insert(_LEDGER).values(epoch=epoch))
    return epoch


def _waiting(edition: str | None, only: frozenset[str]) -> list[sa.ColumnElement[bool]]:
    """Return what makes a delivery one that can be claimed, of a release or of all, of some keys or all but tests."""
    conditions: list[sa.ColumnElement[bool]] = [_DELIVERIES.c.state.in_([State.READY, State.DEFERRED])]
    if edition is not None:
        conditions.append(_DELIVERIES.c.edition == edition)
    conditions.append(_DELIVERIES.c.key.in_(only) if only else _DELIVERIES.c.is_test.is_(False))
    return conditions


def _delivery(connection: sa.Connection, key: str) -> Delivery:
    """Return a delivery that nobody else changes before the transaction ends."""
    return _as_delivery(
        connection.execute(sa.select(*_COLUMNS).where(_DELIVERIES.c.key == key).with_for_update()).one()
    )


def _delivery_or_none(connection: sa.Connection, key: str) -> Delivery | None:
    found = connection.execute(sa.select(*_COLUMNS).where(_DELIVERIES.c.key == key)).one_or_none()
    return _as_delivery(found) if found else None


def _taken(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[tuple[str, State]]:
    """Return keys and states of deliveries, taken for this transaction; those that another has taken are left to it."""
    query = sa.select(_DELIVERIES.c.key, _DELIVERIES.c.state).where(where)
    return [(row.key, State(row.state)) for row in connection.execute(query.with_for_update(skip_locked=True)).all()]


def _ready(held: Delivery) -> State:
    """Return what a delivery becomes that is to be sent again: one without a frozen message needs one first."""
    return State.READY if held.message_sha256 else State.PLANNED


def _as_delivery(row: Any) -> Delivery:
    return Delivery(**{**row._mapping, "state": State(row.state)})


def _as_event(row: Any) -> Event:
    before = State(row.before) if row.before else None
    return Event(**{**row._mapping, "before": before, "after": State(row.after)})


def _suppression_row(address: str, reason: str, since: datetime, detail: str) -> dict[str, object]:
    return {
        "address_key": address_key(address),
        "address": address,
        "reason": reason,
        "since": since,
        "detail": detail,
    }


def _suppression(connection: sa.Connection, address: str) -> Suppression | None:
    columns = [_SUPPRESSIONS.c[field.name] for field in fields(Suppression)]
    query = sa.select(*columns).where(_SUPPRESSIONS.c.address_key == address_key(address))
    found = connection.execute(query).one_or_none()
    return Suppression(**found._mapping) if found else None
