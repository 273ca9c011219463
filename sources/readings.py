"""What the connectors read from snapshots: made once for each snapshot and connector's code, then kept.

A reading is derived and can be removed at any time. It is kept under a name made of all it depends on, so that a
changed connector reads again and an unchanged source costs nothing.

    readings/<digest>/{reading.json, series.parquet, acts.parquet, documents.parquet}
"""

import hashlib
import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pandas as pd

from sources import tables
from sources.connector import Connector
from sources.errors import SourceChanged, storing
from sources.snapshots import Current, Observation, Store, versions
from sources.tables import Parsed, Withheld

# A document with fewer rows than a tenth of what it had, or ten times as many, is taken for a broken one.
SHRINKS, GROWS = 10, 10
_NOT_COMPARED_BELOW = 20
_GROWTH_NOT_COMPARED_BELOW = 1000
_LOOKS_COMPARED = 5


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One snapshot as its connector reads it; `fault` says why it could not be read, and then it has no rows."""

    observation: Observation
    rows: int
    withheld: tuple[Withheld, ...]
    fault: str
    folder: Path

    @cached_property
    def parsed(self) -> Parsed:
        """The tables, from the kept files."""
        found = {
            name: pd.read_parquet(path)
            for name in ("series", "acts", "documents")
            if (path := self.folder / f"{name}.parquet").exists()
        }
        return Parsed(**found, withheld=self.withheld)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A snapshot that does not stand, and why."""

    sha256: str
    fault: str


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What stands for a source at an instant: a reading of each document, and the newer ones that were refused."""

    readings: tuple[Reading, ...]
    refused: tuple[Refused, ...]
    last_look: datetime | None


class Readings:
    """The readings of one store, kept in a folder."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def read(self, connector: Connector, observation: Observation) -> Reading:
        """Return the reading of a snapshot, from the kept one if there is one.

        The snapshot itself is checked all the same: what cannot be shown is not reported. Raises DamagedObject.
        """
        folder = self._folder / _name(connector, observation)
        with self._store.snapshot(observation):
            pass
        if not (folder / "reading.json").exists():
            self._make(connector, observation, folder)
        values = json.loads((folder / "reading.json").read_text(encoding="utf-8"))
        return Reading(
            observation=observation,
            rows=values["rows"],
            withheld=tuple(Withheld(**withheld) for withheld in values["withheld"]),
            fault=values["fault"],
            folder=folder,
        )

    def _make(self, connector: Connector, observation: Observation, folder: Path) -> None:
        fault = ""
        parsed = Parsed()
        with self._store.snapshot(observation) as snapshot:
            try:
                parsed = tables.check(connector.parse(snapshot), connector.source.id)
                _check_bounds(connector, observation, parsed)
            except SourceChanged as error:
                fault, parsed = error.reason, Parsed()
        values = {"rows": parsed.rows, "withheld": [asdict(w) for w in parsed.withheld], "fault": fault}
        with storing(folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(dir=self._folder))
            try:
                for name, table in parsed.tables.items():
                    if not table.empty:
                        table.to_parquet(made / f"{name}.parquet", index=False)
                (made / "reading.json").write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
                made.rename(folder)
            except OSError:
                shutil.rmtree(made)
                # Somebody else may have made the same reading meanwhile: theirs is as good.
                if not (folder / "reading.json").exists():
                    raise

    def standing(self, connector: Connector, observations: tuple[Observation, ...]) -> Standing:
        """Return what stands for a source: of each document the newest version that reads well.

        A version with under a tenth of the rows of the largest of the five before it, or over ten times as many, is
        refused: a truncated file never counts as "all gone". A file handed over is not compared. Raises DamagedObject.
        """
        chosen: list[Reading] = []
        refused: list[Refused] = []
        for document in versions(o for o in observations if not o.is_listing).values():
            reading, faults = self._newest_good(connector, document)
            refused += faults
            if reading:
                chosen.append(reading)
        looks = [o.retrieved for o in observations if o.is_good]
        return Standing(readings=tuple(chosen), refused=tuple(refused), last_look=max(looks, default=None))

    def _newest_good(self, connector: Connector, document: tuple[Current, ...]) -> tuple[Reading | None, list[Refused]]:
        faults: list[Refused] = []
        for place, version in enumerate(document):
            reading = self.read(connector, version.observation)
            before = [self.read(connector, v.observation) for v in document[place + 1 : place + 1 + _LOOKS_COMPARED]]
            fault = reading.fault or _strange_size(reading.rows, [other.rows for other in before if not other.fault])
            if not fault:
                return reading, faults
            key = version.observation.key
            named = fault if fault.startswith(key) else f"{key}: {fault}"
            faults.append(Refused(sha256=version.observation.sha256 or "", fault=named))
        return None, faults


def _check_bounds(connector: Connector, observation: Observation, parsed: Parsed) -> None:
    source, rows = connector.source, parsed.rows
    least = 1 if observation.is_by_hand else source.min_rows
    if not least <= rows <= source.max_rows:
        withheld = f", {len(parsed.withheld)} withheld" if parsed.withheld else ""
        raise SourceChanged(source.id, f"{rows} rows{withheld}; expected between {least} and {source.max_rows}")


def _strange_size(rows: int, before: list[int]) -> str:
    most = max(before, default=0)
    if most >= _NOT_COMPARED_BELOW and rows * SHRINKS < most:
        return f"{rows} rows, and {most} the last time: cut off? If it is right, hand the file over with --from"
    if before and rows >= _GROWTH_NOT_COMPARED_BELOW and rows > most * GROWS:
        return f"{rows} rows, and {most} the last time: repeated? If it is right, hand the file over with --from"
    return ""


def _name(connector: Connector, observation: Observation) -> str:
    parts = (
        connector.source.id,
        connector.fingerprint,
        observation.sha256 or "",
        observation.key,
        observation.url,
        observation.file_name,
        observation.retrieved.isoformat(),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
