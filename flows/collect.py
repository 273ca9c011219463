"""Gather sources and read what was gathered: what the flow, the schedule and the command line all call. No Prefect.

A run is safe to repeat: what is stored stays, what is new is added.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flows.settings import Settings, key_variable
from sources import connectors, dates, gathered
from sources.connector import Ask, load
from sources.errors import BadInput, Fault, PolicydiffError
from sources.gathering import Gathered, Keeping, Outcome, gather, hand_over, withheld
from sources.model import Document
from sources.network import Fetcher, Limits
from sources.readings import Readings, Standing
from sources.snapshots import Result, Store

# The sources whose rows are prose, in which there may be claims.
PROSE = ("feeds", "white_house")

# Publishers are waited for, not computed: more threads than processors.
THREADS = 8

Say = Callable[[str], None]


def keeping(settings: Settings, now: datetime) -> Keeping:
    """Return where the snapshots and readings of these settings are kept."""
    store = Store(settings.store_location)
    return Keeping(store=store, readings=Readings(store, settings.home / "readings"), now=now)


@contextmanager
def fetcher(settings: Settings) -> Iterator[Fetcher]:
    """Return the connections of one run."""
    given = settings.gather
    limits = Limits(**given.model_dump(exclude={"contact"}))
    contact = f" (+{given.contact})" if given.contact else ""
    connections = Fetcher(f"policydiff/{version('policydiff')}{contact}", limits)
    try:
        yield connections
    finally:
        connections.close()


def chosen(settings: Settings, source_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the sources named, or all that are enabled. Raises UnknownName."""
    for source_id in source_ids:
        load(source_id)
    return tuple(source_ids) or tuple(i for i in connectors.ids() if settings.source(i).enabled)


def gather_one(source_id: str, settings: Settings, connections: Fetcher, now: datetime, say: Say) -> Gathered:
    """Gather one source. Its failure is in the result; a defect of its connector is one too, named as such."""
    connector = load(source_id)
    given = settings.source(source_id)
    ask = Ask(
        base_url=given.base_url or connector.source.base_url,
        today=now.date(),
        urls=given.urls,
        api_key=given.api_key.get_secret_value() if given.api_key else None,
        no_key=f"it needs a key: set {key_variable(source_id)} in the environment, or "
        f"[sources.{source_id}] enabled = false in policydiff.toml",
    )
    return gather(connector, keeping(settings, now), connections, ask, say)


def gather_all(settings: Settings, source_ids: Sequence[str], now: datetime, say: Say) -> list[Gathered]:
    """Gather the sources named, or all that are enabled, several at a time. One failure never stops the others."""
    names = chosen(settings, source_ids)
    with fetcher(settings) as connections, ThreadPoolExecutor(THREADS) as pool:
        runs = {name: pool.submit(gather_one, name, settings, connections, now, say) for name in names}
    return [run.result() if run.exception() is None else defect(name, run.exception()) for name, run in runs.items()]


def defect(source_id: str, error: BaseException | None) -> Gathered:
    """Return the result of a source whose run ended in an error that is not the publisher's: told, in nobody's way."""
    fault = str(error) if isinstance(error, PolicydiffError) else f"{type(error).__name__}: {error}"
    return Gathered(
        source_id=source_id,
        outcome=Outcome.FAILED,
        documents=0,
        new_documents=0,
        received_bytes=0,
        rows=0,
        withheld=(),
        last_look=None,
        faults=(fault,),
    )


def take(
    settings: Settings, source_id: str, path: Path, url: str, day: date | None, now: datetime, say: Say
) -> Gathered:
    """Store and read a downloaded file, or every file of a folder. Raises BadInput if there is none."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    if not files or not all(file.exists() for file in files):
        raise BadInput(
            [Fault(file=str(path), path="--from", found="no file", expected="a file or a folder with files")]
        )
    retrieved = datetime.combine(day, time.min, UTC) if day else now
    if retrieved > now:
        raise BadInput([Fault(file=str(path), path="--retrieved", found=str(day), expected="a day that has come")])
    return hand_over(load(source_id), keeping(settings, now), files, url, retrieved, say)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source and what stands for it."""

    source_id: str
    standing: Standing


def standing(settings: Settings, as_of: date, source_ids: Iterable[str] = ()) -> list[Source]:
    """Return what stands for every source anything was gathered of, as known at the end of a day."""
    where = keeping(settings, datetime.now(UTC))
    names = tuple(source_ids) or [name for name in where.store.source_ids() if name in connectors.ids()]
    return [
        Source(
            source_id=name,
            standing=where.readings.standing(load(name), where.store.observations(name, as_of)),
        )
        for name in names
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClaims:
    """What the reader found in new documents: claims to review, and how many of these would change a row.

    `unread` names the documents that could not be read, and why.
    """

    documents: int
    claims: int
    consequential: int
    unread: tuple[str, ...]

    def __str__(self) -> str:
        documents = f"{self.documents} new document{'s' if self.documents != 1 else ''}"
        if not self.claims:
            return f"no new claim to review in {documents}"
        claims = f"{self.claims} new claim{'s' if self.claims != 1 else ''} to review"
        return f"{claims}, {self.consequential or 'none'} would change a row ({documents}; see `policydiff review`)"


def read_new_documents(settings: Settings, source_ids: Iterable[str], now: datetime, say: Say) -> NewClaims | None:
    """Read the documents that stand for the sources of prose among those named, if they were not read before.

    Their claims are kept for review. None where there is nothing new; that a document could not be read is in the
    result.
    """
    names = [source_id for source_id in PROSE if source_id in source_ids]
    if not names:
        return None
    from flows import reading, unreviewed

    documents = reading.not_yet_read(_documents(settings, names, now.date()), settings)
    if not documents:
        return None
    earlier = {item.id for item in unreviewed.kept(settings).proposals(None)}
    outcome = reading.read_extracted(documents, settings, now, say)
    new = [item for item in unreviewed.kept(settings).proposals() if item.id not in earlier]
    return NewClaims(
        documents=len(outcome.readings),
        claims=len(new),
        consequential=unreviewed.consequential(new, settings, now.date()),
        unread=tuple(map(str, outcome.unread)),
    )


def _documents(settings: Settings, source_ids: Sequence[str], as_of: date) -> Iterator[Document]:
    """Yield the documents that stand for some sources."""
    readings = [reading for source in standing(settings, as_of, source_ids) for reading in source.standing.readings]
    for row in gathered.documents(readings).itertuples(index=False):
        yield _document(row)


def _document(row: Any) -> Document:
    """Return a row as the reader takes it: title first, then the text; the table's sign for no day is not itself."""
    from flows.reading import kind_of

    day = row.published_date
    source = row.url or f"{row.source_id} {row.document_id}"
    return Document(
        source=source,
        sha256=row.snapshot_sha256,
        title=row.title,
        published=dates.on_day(day.date()) if day == day else None,
        language=row.language or "und",
        text="\n\n".join(filter(None, (row.title, row.text))),
        kind=kind_of(source),
    )


def as_line(result: Gathered, now: datetime) -> dict[str, object]:
    """Return a run of a source as one line of a table."""
    return {
        "source": result.source_id,
        "result": result.outcome.value,
        "documents": result.documents,
        "new": result.new_documents,
        "bytes": result.received_bytes,
        "rows": result.rows,
        "withheld": len(result.withheld),
        "age_days": (now - result.last_look).days if result.last_look else None,
        "faults": list(result.faults),
        "withheld_rows": [asdict(withheld) for withheld in result.withheld],
    }


def freshness(settings: Settings, now: datetime) -> list[dict[str, object]]:
    """Return one line for each source: how fresh, how much, what was withheld and what last went wrong."""
    where = keeping(settings, now)
    lines: list[dict[str, object]] = []
    for source_id in connectors.ids():
        source = load(source_id).source
        seen = where.store.observations(source_id)
        stands = where.readings.standing(load(source_id), seen)
        failures = [o for o in seen if o.result is Result.FAILED]
        age = (now - stands.last_look).days if stands.last_look else None
        state = "never" if age is None else "fresh" if age <= source.max_age_days else "stale"
        last_failure = f"{failures[-1].retrieved:%Y-%m-%d} {failures[-1].reason}" if failures else ""
        if stands.refused and not last_failure:
            last_failure = stands.refused[-1].fault
        lines.append(
            {
                "source_id": source_id,
                "freshness": state if settings.source(source_id).enabled else f"{state}, not enabled",
                "last_look": f"{stands.last_look:%Y-%m-%d %H:%M}Z" if stands.last_look else "",
                "age_days": "" if age is None else age,
                "max_age_days": source.max_age_days,
                "snapshots": len(stands.readings),
                "rows": sum(reading.rows for reading in stands.readings),
                "withheld": len(withheld(stands)),
                "refused": len(stands.refused),
                "last_failure": last_failure,
            }
        )
    return lines
