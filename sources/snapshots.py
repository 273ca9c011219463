"""The snapshot store: the publishers' exact bytes, kept for good, and what was observed of them when.

Content-addressed and append-only: an object's name is the sha256 of its bytes, an observation is a small file of its
own; nothing is ever rewritten. A process killed anywhere leaves either the whole object or none (`sources/stores.py`).
Every read checks the hash.

    objects/<first two hex digits>/<sha256>             bodies
    observations/<source_id>/<instant>-<digest>.json    what each request or hand-over gave
    incoming/                                           bodies not yet complete; safe to remove when nothing runs
"""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from sources import stores
from sources.errors import DamagedObject
from sources.formats import Format, recognise
from sources.stores import digest_of


class Result(StrEnum):
    """What an observation found."""

    NEW = "new"
    SAME = "same"
    NOT_MODIFIED = "not_modified"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at one document of a source: what came, or why nothing did.

    `key` names the document among those of its source and stays the same while its address moves. `retrieved` is
    when the publisher's bytes were taken, `recorded` when we learned of it (UTC). `canonical_sha256` is the hash of
    the content without what the publisher stamps on each answer. A listing only says where to look.
    """

    source_id: str
    key: str
    url: str
    retrieved: datetime
    recorded: datetime
    result: Result
    sha256: str | None = None
    canonical_sha256: str | None = None
    size_bytes: int = 0
    media_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    file_name: str = ""
    is_by_hand: bool = False
    is_listing: bool = False
    keeps_versions: bool = False
    reason: str = ""

    @property
    def is_good(self) -> bool:
        """Whether bytes stand behind it."""
        return self.result is not Result.FAILED


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The bytes of one observation, to be read by a connector; `open` and `content` have checked the hash."""

    source_id: str
    key: str
    url: str
    retrieved: datetime
    sha256: str
    file: BinaryIO
    file_name: str = ""

    @classmethod
    def of(cls, content: bytes, *, source_id: str, name: str, retrieved: datetime, url: str = "") -> "Snapshot":
        """Return a snapshot of bytes that are not in a store."""
        return cls(
            source_id=source_id,
            key=name,
            url=url,
            retrieved=retrieved,
            sha256=hashlib.sha256(content).hexdigest(),
            file=BytesIO(content),
            file_name=name,
        )

    @property
    def name(self) -> str:
        """What a message calls it: the file's name, or the last part of its address."""
        return self.file_name or self.url.rstrip("/").rsplit("/", 1)[-1] or self.key

    @cached_property
    def content(self) -> bytes:
        """The whole body; for large ones read `file` piece by piece."""
        self.file.seek(0)
        return self.file.read()

    @cached_property
    def format(self) -> Format:
        """What the body is, from its content."""
        return recognise(self.file)


class Store:
    """Snapshots and observations of all sources, in a folder or at an fsspec URL."""

    def __init__(self, location: str | Path) -> None:
        self._place = stores.place(location)

    def keep(self, file: BinaryIO) -> tuple[str, int]:
        """Store a body and return its sha256 and size; one that is there already is checked, not written again.

        Raises DamagedObject if the object already there is damaged.
        """
        file.seek(0)
        sha256, size = digest_of(file)
        file.seek(0)
        self._place.put(_object_name(sha256), file)
        with self.open(sha256):
            return sha256, size

    @contextmanager
    def open(self, sha256: str) -> Iterator[BinaryIO]:
        """Open a body whose hash has just been checked. Raises DamagedObject if it is missing or not itself."""
        try:
            stored = self._place.open(_object_name(sha256))
        except FileNotFoundError as error:
            raise DamagedObject(f"snapshot {sha256} is missing from the store; gather its source again") from error
        with stored:
            found, size = digest_of(stored)
            if found != sha256:
                raise DamagedObject(
                    f"snapshot {sha256} is damaged: its {size} bytes have sha256 {found}; remove the file "
                    f"{_object_name(sha256)} and gather its source again"
                )
            stored.seek(0)
            yield stored

    @contextmanager
    def snapshot(self, observation: Observation) -> Iterator[Snapshot]:
        """Open the snapshot behind a good observation. Raises DamagedObject."""
        if observation.sha256 is None:
            raise DamagedObject(f"{observation.source_id} {observation.key}: nothing was retrieved")
        with self.open(observation.sha256) as file:
            yield Snapshot(
                source_id=observation.source_id,
                key=observation.key,
                url=observation.url,
                retrieved=observation.retrieved,
                sha256=observation.sha256,
                file=file,
                file_name=observation.file_name,
            )

    def record(self, observation: Observation) -> None:
        """Append an observation."""
        values = asdict(observation) | {
            "retrieved": observation.retrieved.isoformat(),
            "recorded": observation.recorded.isoformat(),
        }
        body = json.dumps(values, ensure_ascii=False, sort_keys=True, indent=1).encode()
        instant = observation.retrieved.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")
        name = f"observations/{observation.source_id}/{instant}-{hashlib.sha256(body).hexdigest()[:12]}.json"
        with tempfile.TemporaryFile() as file:
            file.write(body)
            file.seek(0)
            self._place.put(name, file)

    def observations(self, source_id: str, as_of: date | None = None) -> tuple[Observation, ...]:
        """Return what was observed of a source up to the end of a day (UTC), oldest first."""
        end = datetime.combine(as_of + timedelta(days=1), time.min, UTC) if as_of else None
        read = (self._observation(name) for name in self._place.names(f"observations/{source_id}"))
        return tuple(sorted((o for o in read if end is None or o.retrieved < end), key=_when))

    def _observation(self, name: str) -> Observation:
        with self._place.open(name) as file:
            body = file.read()
        if hashlib.sha256(body).hexdigest()[:12] != name.rsplit("-", 1)[-1].removesuffix(".json"):
            raise DamagedObject(f"observation {name} is damaged: its bytes do not match its name; remove the file")
        values = json.loads(body)
        return Observation(
            **values
            | {
                "retrieved": datetime.fromisoformat(values["retrieved"]),
                "recorded": datetime.fromisoformat(values["recorded"]),
                "result": Result(values["result"]),
            }
        )

    def source_ids(self) -> tuple[str, ...]:
        """Return the sources anything was ever observed of."""
        return tuple(sorted({name.split("/")[1] for name in self._place.names("observations")}))

    def damages(self) -> Iterator[str]:
        """Read everything back and yield what is damaged or missing, naming each."""
        stored = {name.rsplit("/", 1)[-1] for name in self._place.names("objects")}
        for sha256 in sorted(stored):
            try:
                with self.open(sha256):
                    pass
            except DamagedObject as error:
                yield str(error)
        for name in self._place.names("observations"):
            try:
                observation = self._observation(name)
            except DamagedObject as error:
                yield str(error)
                continue
            if observation.sha256 and observation.sha256 not in stored:
                yield f"snapshot {observation.sha256} of {observation.source_id} is missing from the store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """The bytes that stand for a document, as they were first seen, and when they were last found so."""

    observation: Observation
    last_look: datetime


def versions(observations: Iterable[Observation]) -> dict[str, tuple[Current, ...]]:
    """Return the different bytes that each document has had, newest last seen first, by the document's key.

    Every file handed over is a document of its own: several vintages stand side by side. So is every version of what
    keeps its versions.
    """
    seen: dict[str, dict[str, Current]] = {}
    for observation in sorted(observations, key=_when):
        if not observation.is_good or observation.sha256 is None:
            continue
        is_alone = observation.is_by_hand or observation.keeps_versions
        key = f"file {observation.sha256}" if is_alone else f"request {observation.key}"
        known = seen.setdefault(key, {})
        first = known.pop(observation.sha256, None)
        known[observation.sha256] = Current(
            observation=first.observation if first else observation, last_look=observation.retrieved
        )
    return {key: tuple(reversed(known.values())) for key, known in seen.items()}


def _when(observation: Observation) -> tuple[datetime, datetime]:
    return observation.retrieved, observation.recorded


def _object_name(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"
