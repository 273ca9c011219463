"""Who works on a release: one run at a time, for as long as it is alive.

Ownership is a lease in the ledger's database. Its run renews it; a run that was killed stops, and the next one takes
over when the lease has run out. It keeps two runs from doing the same work twice; that nothing is sent twice is the
ledger's business and does not rest on it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from flows.delivery.ledger import connect, insert_into, make_tables, named
from sources.errors import PolicydiffError

# A killed run is taken over within this time.
LEASE = timedelta(minutes=5)
_RENEWED_EVERY = timedelta(minutes=1)

_META = sa.MetaData()
_OWNERS = sa.Table(
    "owners",
    _META,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("owner", sa.String(200), nullable=False),
    # Seconds since 1970, which every database compares the same way.
    sa.Column("until", sa.Float, nullable=False),
)


class OwnedByAnother(PolicydiffError):
    """Another run works on it: there is nothing to do. `owner` says which, `until` when it is free if that run died."""

    def __init__(self, key: str, owner: str, until: datetime) -> None:
        self.owner = owner
        self.until = until
        super().__init__(f"{key} belongs to {owner}, until {until:%H:%M:%S} UTC unless it goes on")


class Owners:
    """The owners of releases, in the database of the ledger."""

    def __init__(self, url: str) -> None:
        self._engine = connect(url)
        with named(self._engine), self._engine.begin() as connection:
            make_tables(connection, _META)

    def take(self, key: str, owner: str, now: datetime) -> None:
        """Own a key, or own it for longer. Raises OwnedByAnother while somebody else does."""
        until = (now + LEASE).timestamp()
        # One statement, so that of two runs that ask at once one gets it.
        is_free = sa.or_(_OWNERS.c.until <= now.timestamp(), _OWNERS.c.owner == owner)
        with named(self._engine), self._engine.begin() as connection:
            take = insert_into(connection, _OWNERS).values(key=key, owner=owner, until=until)
            take = take.on_conflict_do_update(
                index_elements=["key"], set_={"owner": owner, "until": until}, where=is_free
            )
            # Not the count of rows, which some drivers do not know for an insert.
            if connection.execute(take.returning(_OWNERS.c.key)).first():
                return
            held = connection.execute(sa.select(_OWNERS).where(_OWNERS.c.key == key)).one()
        raise OwnedByAnother(key, held.owner, datetime.fromtimestamp(held.until, UTC))

    def give_back(self, key: str, owner: str) -> None:
        """Own a key no more."""
        with named(self._engine), self._engine.begin() as connection:
            connection.execute(sa.delete(_OWNERS).where(_OWNERS.c.key == key, _OWNERS.c.owner == owner))

    @contextmanager
    def owning(self, key: str, owner: str, now: Callable[[], datetime]) -> Iterator[None]:
        """Own a key for as long as the block runs. Raises OwnedByAnother before it starts."""
        is_over = threading.Event()

        def renew() -> None:
            while not is_over.wait(_RENEWED_EVERY.total_seconds()):
                self.take(key, owner, now())

        heart = threading.Thread(target=renew, daemon=True)
        try:
            self.take(key, owner, now())
            heart.start()
            try:
                yield
            finally:
                is_over.set()
                heart.join()
                self.give_back(key, owner)
        finally:
            self._engine.dispose()
