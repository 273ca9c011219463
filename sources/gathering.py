"""Gather one source: ask what its plan asks, keep the bytes, then read them. Files handed over take the same way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from sources.connector import Ask, Connector, Request
from sources.errors import PolicydiffError, SourceChanged, SourceError, SourceRefused
from sources.network import Fetcher
from sources.readings import Readings, Standing
from sources.snapshots import Observation, Result, Snapshot, Store
from sources.stores import digest_of
from sources.tables import Withheld


class Outcome(StrEnum):
    """What became of a source in a run: something new, nothing new, or a failure (what was good before serves)."""

    NEW = "new"
    SAME = "same"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """One source's run: how it ended, what came, and what stands for the source now."""

    source_id: str
    outcome: Outcome
    documents: int
    new_documents: int
    received_bytes: int
    rows: int
    withheld: tuple[Withheld, ...]
    last_look: datetime | None
    faults: tuple[str, ...]


class SourcesFailed(PolicydiffError):
    """Some sources of a run failed: look at each; what the others gave is stored. Carries all results of the run."""

    def __init__(self, results: Sequence[Gathered]) -> None:
        self.results = tuple(results)
        failed = [result for result in results if result.faults]
        reasons = "".join(f"\n  {result.source_id}: {' | '.join(result.faults)}" for result in failed)
        super().__init__(f"{len(failed)} of {len(results)} sources failed:{reasons}")


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """Where snapshots and readings are kept, and the instant of the run."""

    store: Store
    readings: Readings
    now: datetime


Say = Callable[[str], None]


def gather(connector: Connector, keeping: Keeping, fetcher: Fetcher, ask: Ask, say: Say) -> Gathered:
    """Ask a source for everything its plan names, then read what came.

    A failure is thrown into the plan, which may go on without that document; else it ends the run of this source. It
    is recorded and told in the result, never raised; what came before it is kept. Raises DamagedObject if the store
    itself is not sound.
    """
    source = connector.source
    earlier = keeping.store.observations(source.id)
    seen: list[Observation] = []
    faults: list[str] = []
    plan = connector.plan(ask)
    place = Request(key="plan", url=ask.base_url, formats=frozenset())

    def fail(error: SourceError) -> None:
        faults.append(error.reason)
        keeping.store.record(_observation(connector, place, keeping.now, Result.FAILED, reason=error.reason))

    try:
        if source.needs_key and not ask.api_key:
            raise SourceRefused(source.id, ask.no_key)
        place = next(plan)
        while True:
            try:
                observation = _look(connector, keeping, fetcher, place, earlier)
            except SourceError as error:
                fail(error)
                place = plan.throw(error)
                continue
            keeping.store.record(observation)
            seen.append(observation)
            say(f"{source.id}: {place.key}: {observation.result}, {observation.size_bytes:,} bytes")
            with keeping.store.snapshot(observation) as snapshot:
                place = plan.send(snapshot)
    except StopIteration:
        pass
    except SourceError as error:
        if error.reason not in faults:
            fail(error)
    return _gathered(connector, keeping, seen, faults)


def hand_over(
    connector: Connector, keeping: Keeping, files: Sequence[Path], url: str, retrieved: datetime, say: Say
) -> Gathered:
    """Store and read files somebody downloaded, each as it would have been had it been fetched on `retrieved`.

    A file that its connector cannot read is kept, and told in the result with the reason.
    """
    source = connector.source
    known = {o.sha256 for o in keeping.store.observations(source.id) if o.is_good and o.is_by_hand}
    seen: list[Observation] = []
    for path in files:
        with path.open("rb") as file:
            digest, size = keeping.store.keep(file)
        observation = Observation(
            source_id=source.id,
            key=path.name,
            url=url,
            retrieved=retrieved,
            recorded=keeping.now,
            result=Result.SAME if digest in known else Result.NEW,
            sha256=digest,
            size_bytes=size,
            file_name=path.name,
            is_by_hand=True,
        )
        if observation.result is Result.NEW:
            keeping.store.record(observation)
        seen.append(observation)
        say(f"{source.id}: {path.name}: {observation.result}, {size:,} bytes")
    return _gathered(connector, keeping, seen, [])


def _look(
    connector: Connector,
    keeping: Keeping,
    fetcher: Fetcher,
    request: Request,
    earlier: tuple[Observation, ...],
) -> Observation:
    """Ask for one document and keep its bytes; return what was observed. Raises SourceError."""
    mine = [o for o in earlier if o.key == request.key and o.is_good and not o.is_by_hand]
    last = mine[-1] if mine else None
    with fetcher.get(request, connector.source, last) as answer:
        seen = _observation(connector, request, keeping.now, Result.NOT_MODIFIED)
        seen = replace(seen, media_type=answer.media_type, etag=answer.etag, last_modified=answer.last_modified)
        if answer.file is None:
            if last is None:
                raise SourceChanged(
                    connector.source.id, f"{request.url}: answered 304 to a request without a condition"
                )
            return replace(
                seen,
                sha256=last.sha256,
                canonical_sha256=last.canonical_sha256,
                etag=answer.etag or last.etag,
                last_modified=answer.last_modified or last.last_modified,
            )
        digest, size = _whole(answer.file)
        canonical = _canonical(connector, request, keeping.now, answer.file)
        seen = replace(seen, canonical_sha256=canonical, size_bytes=size)
        is_same = canonical is not None and last is not None and last.canonical_sha256 == canonical
        if last and (is_same or last.sha256 == digest):
            return replace(seen, result=Result.SAME, sha256=last.sha256)
        keeping.store.keep(answer.file)
        return replace(seen, result=Result.NEW, sha256=digest)


def _whole(file: BinaryIO) -> tuple[str, int]:
    file.seek(0)
    return digest_of(file)


def _canonical(connector: Connector, request: Request, now: datetime, file: BinaryIO) -> str | None:
    """Return the hash of what the publisher says, without what it stamps on each answer."""
    if connector.canonical is None or request.is_listing:
        return None
    snapshot = Snapshot(
        source_id=connector.source.id, key=request.key, url=request.url, retrieved=now, sha256="", file=file
    )
    try:
        return sha256(connector.canonical(snapshot)).hexdigest()
    except SourceChanged:
        # The bytes are kept as they are; reading them says what is wrong.
        return None


def _observation(
    connector: Connector, request: Request, now: datetime, result: Result, reason: str = ""
) -> Observation:
    return Observation(
        source_id=connector.source.id,
        key=request.key,
        url=request.url,
        retrieved=now,
        recorded=now,
        result=result,
        is_listing=request.is_listing,
        keeps_versions=request.keeps_versions,
        reason=reason,
    )


def _gathered(connector: Connector, keeping: Keeping, seen: Sequence[Observation], faults: list[str]) -> Gathered:
    """Read what stands for the source now and say how the run ended."""
    standing = keeping.readings.standing(connector, keeping.store.observations(connector.source.id))
    shas = {o.sha256 for o in seen}
    faults = [*faults, *(refused.fault for refused in standing.refused if refused.sha256 in shas)]
    new = sum(o.result is Result.NEW for o in seen)
    return Gathered(
        source_id=connector.source.id,
        outcome=Outcome.FAILED if faults else Outcome.NEW if new else Outcome.SAME,
        documents=len(seen),
        new_documents=new,
        received_bytes=sum(o.size_bytes for o in seen),
        rows=sum(reading.rows for reading in standing.readings),
        withheld=withheld(standing),
        last_look=standing.last_look,
        faults=tuple(faults),
    )


def withheld(standing: Standing) -> tuple[Withheld, ...]:
    """Return the rows withheld from what stands for a source."""
    return tuple(w for reading in standing.readings for w in reading.withheld)
