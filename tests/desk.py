"""One person's machine against a publisher on loopback: a store, its readings, and runs a day apart."""

from datetime import timedelta

from sources.connector import Ask, load
from sources.gathering import Keeping, gather
from sources.network import Fetcher, Limits
from sources.readings import Readings
from sources.snapshots import Store
from tests.make import RETRIEVED

PATIENCE = Limits(read_seconds=2, connect_seconds=2, total_seconds=60, attempts=2, first_wait_seconds=0.01)


class Desk:
    """A store for one source: `said` is what its runs told, `given` what is asked beside the address (urls, api_key).

    `connector` and `agent` may be replaced.
    """

    def __init__(self, folder, replay, source_id, **given):
        self.store = Store(folder / "store")
        self.readings = Readings(self.store, folder / "readings")
        self.replay = replay
        self.source_id = source_id
        self.connector = load(source_id)
        self.now = RETRIEVED
        self.agent = "policydiff tests"
        self.given = given
        self.said = []

    @property
    def keeping(self):
        """Return where things are kept, on the day of the next run."""
        return Keeping(store=self.store, readings=self.readings, now=self.now)

    @property
    def observations(self):
        """Return what was observed so far."""
        return self.store.observations(self.source_id)

    @property
    def tables(self):
        """Return the tables of what stands, one for each reading."""
        return [reading.parsed for reading in self.readings.standing(self.connector, self.observations).readings]

    def gather(self, limits=PATIENCE):
        """Gather the source and let a day pass."""
        fetcher = Fetcher(self.agent, limits, sleep=lambda _: None)
        ask = Ask(base_url=self.replay.base_url(self.source_id), today=self.now.date(), **self.given)
        try:
            return gather(self.connector, self.keeping, fetcher, ask, self.said.append)
        finally:
            fetcher.close()
            self.now += timedelta(days=1)
