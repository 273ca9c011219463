"""What the owner has been told: a record in the ledger's database, so that several workers tell a thing once.

It stands there and not in a folder of its own because that is what workers on several machines share already. To tell
is to take a lease first; whoever dies while telling lets it run out, and the thing is told again: rather twice than
never.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa

from flows.delivery.ledger import connect, insert_into, make_tables, named

# Longer than a mail and a webhook may take that answer at the last moment.
_LEASE = timedelta(minutes=30)

_META = sa.MetaData()
_TOLD = sa.Table(
    "told",
    _META,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("channel", sa.String(20), primary_key=True),
    # Seconds since 1970, which every database compares the same way; of what has been told there is no end.
    sa.Column("until", sa.Float),
    sa.Column("at", sa.Float, nullable=False),
)


class Told:
    """What was told over which channel, by key. Every method raises LedgerMissing if the database fails."""

    def __init__(self, url: str) -> None:
        self._url = url

    def take(self, key: str, channel: str, now: datetime) -> bool:
        """Say whether a thing is still to be told, and keep others from telling it for a while if so."""
        until = (now + _LEASE).timestamp()
        values = {"until": until, "at": now.timestamp()}
        with self._begin() as connection:
            # One statement, so that of two that ask at once one gets it. What was told has no end and is never less.
            take = (
                insert_into(connection, _TOLD)
                .values(key=key, channel=channel, **values)
                .on_conflict_do_update(
                    index_elements=["key", "channel"], set_=values, where=_TOLD.c.until <= now.timestamp()
                )
            )
            # Not the count of rows, which some drivers do not know for an insert.
            return connection.execute(take.returning(_TOLD.c.key)).first() is not None

    def settle(self, key: str, channel: str, now: datetime) -> None:
        """Record that a thing was told."""
        self._set(key, channel, until=None, at=now.timestamp())

    def give_back(self, key: str, channel: str, now: datetime) -> None:
        """Record that a thing could not be told: the next who looks may try."""
        self._set(key, channel, until=now.timestamp(), at=now.timestamp())

    def _set(self, key: str, channel: str, *, until: float | None, at: float) -> None:
        with self._begin() as connection:
            one = sa.update(_TOLD).where(_TOLD.c.key == key, _TOLD.c.channel == channel)
            connection.execute(one.values(until=until, at=at))

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        engine = connect(self._url)
        try:
            with named(engine), engine.begin() as connection:
                make_tables(connection, _META)
                yield connection
        finally:
            engine.dispose()
