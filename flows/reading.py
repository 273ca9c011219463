"""Read documents and keep what they propose: what the command `read`, the flow and every gather call. No Prefect.

A run is safe to repeat: the same bytes give the same proposals, and what was decided of them stays.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from flows import unreviewed
from flows.settings import Settings
from reports.limits import Workers
from reports.proposals import plain
from sources import codebook, documents, proposals, reprints
from sources.codebook import Codebook
from sources.dates import Dated
from sources.errors import BadInput, Fault, PolicydiffError, SourceChanged
from sources.formats import Format, recognise
from sources.labels import Labels
from sources.model import Document, Proposal, SourceKind
from sources.review import Reading
from sources.snapshots import Observation, Result, Store

STDIN = "-"
# Under this name the bytes of what was read stand in the store of snapshots.
SOURCE_ID = "documents"

_ADDRESS = re.compile(r"https?://[^\s/?#]+(?:[/?#]\S*)?")
# Governments keep their domains to themselves: .gov and .mil the United States, .gob.mx, .gov.br and the like others.
_COURTS = ("uscourts.gov", "supremecourt.gov")
_OWN = re.compile(r"(?:.+\.)?(?:gov|mil)")
_PARTNERS = re.compile(r"(?:.+\.)?(?:gob|gov|gouv|gub|mil)\.[a-z]{2}")
# Starting processes costs as much as reading some documents.
_WORTH_PROCESSES = 12
# What one document may take in a process of its own: the longest take a tenth of it.
_MOST_SECONDS, _MOST_MEBIBYTES = 120, 2048
_WITHIN = (_MOST_SECONDS, _MOST_MEBIBYTES, ("flows.reading",))
# How many documents wait to be read: enough for every processor, and no more in memory.
_AHEAD = 2 * (os.cpu_count() or 1)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A document and what the reader proposes from it."""

    document: Document
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one file holds: its documents, and the items of a feed that were withheld, with the reason."""

    documents: tuple[Proposed, ...]
    withheld: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What could not be read, and why."""

    source: str
    error: BaseException

    def __str__(self) -> str:
        if isinstance(self.error, BadInput):
            return plain("; ".join(map(str, self.error.faults)))
        name = "" if isinstance(self.error, PolicydiffError) else f"{type(self.error).__name__}: "
        return plain(f"{self.source}: {name}{self.error}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to read: its name for messages, and the function that reads it with what it needs.

    `is_packed` says that it can unpack to a thousand times its size, and so is read within limits.
    """

    source: str
    function: Callable[..., Read]
    arguments: tuple[object, ...]
    is_packed: bool = False


def find(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the files, addresses and `-` that the arguments name, each once.

    A folder is walked in the order of names, hidden files left out. Raises BadInput naming every argument that is
    none of these.
    """
    faults = [
        Fault(file=named(argument), path=".", found="nothing there", expected="a file, a folder, https://... or -")
        for argument in arguments
        if not (argument == STDIN or is_address(argument) or Path(argument).exists())
    ]
    if faults:
        raise BadInput(faults)
    found: list[str] = []
    for argument in arguments:
        found += _walk(Path(argument)) if Path(argument).is_dir() else [argument]
    return tuple(dict.fromkeys(found))


def _walk(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in sorted(files) if not any(p.startswith(".") for p in path.relative_to(folder).parts)]


def is_address(source: str) -> bool:
    """Whether a source is on the web; anything else is a path."""
    return _ADDRESS.fullmatch(source) is not None


def named(source: str) -> str:
    """Return a path as text: a byte of it that is not UTF-8 is written out, since no file of ours could hold it."""
    return os.fsencode(source).decode("utf-8", errors="backslashreplace")


def kind_of(source: str) -> SourceKind:
    """Return the kind of publication of an address by its host; what says nothing else is taken for news."""
    host = (urlsplit(source).hostname or "") if is_address(source) else ""
    if host.endswith(_COURTS):
        return SourceKind.COURT
    if _OWN.fullmatch(host):
        return SourceKind.OFFICIAL
    return SourceKind.PARTNER_OFFICIAL if _PARTNERS.fullmatch(host) else SourceKind.NEWS


def check_day(published: Dated | None, today: date) -> None:
    """Raise BadInput for a day of publication that has not come."""
    if published and published.first_day > today:
        raise BadInput(
            [Fault(file="--published", path=".", found=str(published), expected=f"a day that has come, up to {today}")]
        )


# --- Bytes, kept before they are read -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the user says of all documents of a run; None leaves it to each document."""

    kind: SourceKind | None = None
    published: Dated | None = None


def tasks(
    sources: Sequence[str], given: Given, settings: Settings, stdin: BinaryIO, keep: Callable[[str, bytes], None]
) -> Iterator[Task | Unread]:
    """Yield what to read of each source, once its bytes are there and `keep` has them; an error takes its place."""
    with ExitStack() as stack:
        fetch = stack.enter_context(_web(settings)) if any(map(is_address, sources)) else None
        for source in sources:
            try:
                if source == STDIN:
                    content = stdin.read(documents.MOST_BYTES + 1)
                elif fetch and is_address(source):
                    content = fetch(source)
                else:
                    content = _file(source)
                keep(named(source), content)
            except PolicydiffError as error:
                yield Unread(source=named(source), error=error)
                continue
            yield _task(content, named(source), given.kind or kind_of(source), given.published)


def _task(content: bytes, name: str, kind: SourceKind, published: Dated | None) -> Task:
    is_packed = recognise(BytesIO(content)) in (Format.PDF, Format.GZIP)
    return Task(source=name, function=read_bytes, arguments=(content, name, kind, published), is_packed=is_packed)


def _file(source: str) -> bytes:
    """Return the bytes of a file; of one that is too large only so much that the reader can tell."""
    try:
        with Path(source).open("rb") as file:
            return file.read(documents.MOST_BYTES + 1)
    except OSError as error:
        fault = Fault(file=named(source), path=".", found=str(error.strerror), expected="a file that can be read")
        raise BadInput([fault]) from error


@contextmanager
def _web(settings: Settings) -> Iterator[Callable[[str], bytes]]:
    """Return the function that fetches an address. It raises SourceError as the fetcher does."""
    from flows.collect import fetcher
    from sources.connector import Request, Source

    anything = Source(
        id=SOURCE_ID,
        title="Documents read by address",
        publisher="The publisher of each",
        base_url="",
        licence="that of each publisher",
        tier=3,
        cadence_days=1,
        max_age_days=1,
        max_bytes=documents.MOST_BYTES,
    )

    def fetch(address: str) -> bytes:
        # What it is, its content says when it is read.
        request = Request(key=address, url=address, formats=frozenset(Format))
        with connections.get(request, anything, None) as answer:
            if answer.file is None:
                raise SourceChanged(SOURCE_ID, f"{address}: answered 304 to a request without a condition")
            answer.file.seek(0)
            return answer.file.read()

    with fetcher(settings) as connections:
        yield fetch


class Bytes:
    """The snapshots of what was read."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._store = Store(settings.store_location)
        self._known = {(o.key, o.sha256) for o in self._store.observations(SOURCE_ID)}
        self._now = now

    def keep(self, source: str, content: bytes) -> None:
        """Store the bytes of a source, and that they came from there. Raises DamagedObject."""
        digest, size = self._store.keep(BytesIO(content))
        if (source, digest) in self._known:
            return
        self._known.add((source, digest))
        self._store.record(
            Observation(
                source_id=SOURCE_ID,
                key=source,
                url=source if is_address(source) else "",
                retrieved=self._now,
                recorded=self._now,
                result=Result.NEW,
                sha256=digest,
                size_bytes=size,
                file_name="" if is_address(source) else Path(source).name,
                is_by_hand=not is_address(source),
            )
        )


# --- Reading, several at a time ----------------------------------------------------------------------------------


def read_bytes(content: bytes, source: str, kind: SourceKind, published: Dated | None) -> Read:
    """Return the documents in some bytes, each with its proposals. Raises BadInput."""
    withheld: list[Fault] = []
    found = documents.read(content, source, kind, published, withheld.append)
    return Read(documents=tuple(map(_proposed, found)), withheld=tuple(withheld))


def read_document(document: Document) -> Read:
    """Return a document that was extracted before, with its proposals."""
    return Read(documents=(_proposed(document),))


def _proposed(document: Document) -> Proposed:
    return Proposed(document=document, proposals=proposals.propose(document, _book()))


@cache
def _book() -> Codebook:
    """Return the shipped codebook, once for each process: names and aliases are nowhere else."""
    return codebook.load()


def in_order(tasks: Iterable[Task | Unread], count: int) -> Iterator[tuple[str, Read | Unread]]:
    """Yield what each of `count` tasks gives, in their order; an error of one is in its result and stops no other.

    Many tasks are shared among the processors. Only some tasks are taken ahead, so that memory does not grow with them.
    A task that ends its process, or takes more than a document may, is an error too.
    """
    waiting: deque[_Started | Unread] = deque()
    with _Workers(is_many=count >= _WORTH_PROCESSES) as workers:
        for task in tasks:
            waiting.append(task if isinstance(task, Unread) else workers.start(task))
            while len(waiting) > _AHEAD:
                yield workers.result(waiting.popleft())
        while waiting:
            yield workers.result(waiting.popleft())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    """A task under way."""

    task: Task
    run: Future[Read]


class _Workers:
    """What reads: a thread; for many documents and for what is packed, processes."""

    def __init__(self, *, is_many: bool) -> None:
        self._is_many = is_many
        self._thread = ThreadPoolExecutor(1)
        self._shared = Workers(os.cpu_count() or 1, *_WITHIN)
        self._alone = Workers(1, *_WITHIN)

    def __enter__(self) -> "_Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)
        self._shared.close()
        self._alone.close()

    def start(self, task: Task) -> _Started:
        """Start a task."""
        if self._is_many or task.is_packed:
            return _Started(task=task, run=self._shared.submit(task.function, *task.arguments))
        return _Started(task=task, run=self._thread.submit(task.function, *task.arguments))

    def result(self, started: _Started | Unread) -> tuple[str, Read | Unread]:
        """Wait for a task; return its source and what it gave. Of what was not started, return that it is unread."""
        if isinstance(started, Unread):
            return started.source, started
        task, run = started.task, started.run
        if isinstance(run.exception(), BrokenProcessPool):
            # A process that dies takes all others with it. Read alone, a document shows whether it was the one.
            run = self._alone.submit(task.function, *task.arguments)
        return task.source, _read_or_unread(task.source, run)


def _read_or_unread(source: str, run: Future[Read]) -> Read | Unread:
    error = run.exception()
    if error is None:
        return run.result()
    if isinstance(error, BrokenProcessPool | MemoryError):
        found = f"what takes more than {_MOST_SECONDS} s or {_MOST_MEBIBYTES} MiB, or ends the process that reads it"
        error = BadInput([Fault(file=source, path=".", found=found, expected="a document")])
    return Unread(source=source, error=error)


# --- Runs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run: the documents read, in the order of the arguments, and what could not be read."""

    readings: tuple[Reading, ...]
    unread: tuple[Unread, ...]


class DocumentsUnread(PolicydiffError):
    """Some documents of a run could not be read: look at each; the claims of the others are kept."""

    def __init__(self, unread: Sequence[Unread]) -> None:
        lines = "".join(f"\n  {document}" for document in unread)
        super().__init__(f"{len(unread)} document{'s' if len(unread) != 1 else ''} could not be read:{lines}")


def read(sources: Sequence[str], given: Given, settings: Settings, now: datetime, say: Say, stdin: BinaryIO) -> Outcome:
    """Read what `find` found, keep bytes, texts and claims, and return them; what could not be read is in the result.

    Raises BadInput for a day of publication that has not come.
    """
    check_day(given.published, now.date())
    keep = Bytes(settings, now).keep
    return _kept(in_order(tasks(sources, given, settings, stdin, keep), len(sources)), len(sources), settings, now, say)


def read_extracted(found: Sequence[Document], settings: Settings, now: datetime, say: Say) -> Outcome:
    """Read documents whose text a connector has extracted, and keep texts and claims."""
    made = in_order(
        (Task(source=document.source, function=read_document, arguments=(document,)) for document in found), len(found)
    )
    return _kept(made, len(found), settings, now, say)


def not_yet_read(found: Iterable[Document], settings: Settings) -> list[Document]:
    """Return the documents of which no kept reading has the same text from the same place."""
    known = {(r.document.source, r.document.text) for r in unreviewed.kept(settings).readings()}
    return [document for document in found if (document.source, document.text) not in known]


def _kept(
    results: Iterable[tuple[str, Read | Unread]], count: int, settings: Settings, now: datetime, say: Say
) -> Outcome:
    """Tell each result, find the reprints among all that was ever read, and keep what is new for review."""
    found: list[Proposed] = []
    unread: list[Unread] = []
    for number, (source, result) in enumerate(results, start=1):
        if isinstance(result, Unread):
            unread.append(result)
            told = "not read"
        else:
            found += result.documents
            unread += (Unread(source=source, error=BadInput([fault])) for fault in result.withheld)
            claims = sum(len(made.proposals) for made in result.documents)
            told = f"{claims} claim{'s' if claims != 1 else ''}"
        say(plain(f"{number}/{count} {source}: {told}"))
    return Outcome(readings=_grouped(found, settings, now), unread=tuple(unread))


def _grouped(found: Sequence[Proposed], settings: Settings, now: datetime) -> tuple[Reading, ...]:
    """Keep documents for review, each in the group of its reprints among all that was ever read."""
    if not found:
        return ()
    review = unreviewed.kept(settings)
    # A group is named after the text given first: with those that name one now, in front, none is renamed.
    earlier = sorted(review.readings(), key=lambda r: (r.group != _text_key(r.document), r.read))
    readings = [Reading(document=made.document, proposals=made.proposals, group="", read=now) for made in found]
    groups = reprints.groups((_text_key(r.document), r.document.text) for r in (*earlier, *readings))
    for reading in earlier:
        if (group := groups[_text_key(reading.document)]) != reading.group:
            review.keep(replace(reading, group=group, read=now))
    made = tuple(replace(reading, group=groups[_text_key(reading.document)]) for reading in readings)
    for reading in made:
        review.keep(reading)
    return made


def _text_key(document: Document) -> str:
    return sha256(document.text.encode()).hexdigest()


def propose_for(labels: Labels, say: Say) -> tuple[dict[str, list[Proposal]], tuple[Unread, ...]]:
    """Return what the reader proposes for each labelled file, and the files it cannot read. Nothing is kept."""
    names = [document.file for document in labels.documents]
    made = in_order((_labelled(name, labels.data) for name in names), len(names))
    found: dict[str, list[Proposal]] = {}
    unread: list[Unread] = []
    for name, result in made:
        if isinstance(result, Unread):
            unread.append(result)
            say(plain(f"{name}: not read"))
        else:
            found[name] = [proposal for made in result.documents for proposal in made.proposals]
    return found, tuple(unread)


def _labelled(name: str, data: Path) -> Task:
    return _task(_file(str(data / name)), name, kind_of(name), None)
