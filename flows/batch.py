"""Build many reports: what is as it was before is not built again, the rest is shared among processes.

A finished report is kept in the store by what it is made of, whoever made it and when; workers share nothing else.
Files are written first, and last what points to them. There are two ways to find a report again. By its edition: same
request, codebook, snapshots, tools, typefaces and code; nothing is laid out to know that. By its content: the page and
the attachments as they would be made now, without the hashes of instrument files; so evidence that changed for one
country makes only the reports new that print it.

    built/<key>     where a report stands, its edition, the hash of each file
"""

import hashlib
import json
import os
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from io import BytesIO
from pathlib import Path

from flows.build import Evidence
from flows.parameters import ReportParameters
from flows.settings import Settings
from reports import limits, publish, toolchain
from reports.edition import MANIFEST, Edition, canonical_json
from sources import stores
from sources.errors import PolicydiffError
from sources.stores import Place

# What a worker needs before its first report, and before its first PDF; what workers start from has imported it.
_PRELOAD = ("flows.batch", "reports.archive", "reports.screen")
_PRELOAD_FOR_PDF = ("weasyprint", "reports.structure")
# Laying out leaves something behind each time.
_REPORTS_A_WORKER = 25

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A report to build: a name and what to build.

    `folder` is where its files go, `editions_in` where an earlier edition stands: both are names in the store, so that
    any machine can take the order. `parameters.out` is not looked at.
    """

    name: str
    parameters: ReportParameters
    folder: str
    editions_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A report that stands in the store: its edition and its files' hashes by name; or why it is not to be sent.

    `refused` is what kept it from being made, such as its acceptance check; `too_old` are sources past twice their age.
    `is_new` says whether it had to be made.
    """

    edition_id: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    too_old: tuple[str, ...] = ()
    is_new: bool = True

    @property
    def stopped(self) -> str:
        """Return why it is not sent, or nothing."""
        if self.refused:
            return f"it was not made or failed its acceptance check: {self.refused}"
        return f"sources past twice their age: {', '.join(self.too_old)}" if self.too_old else ""


class Kept:
    """Finished reports by what they are made of: an index of folders in the store, each checked before it is used."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def find(self, key: str, folder: str) -> Built | None:
        """Have the files kept under a key stand in a folder; return what they are, or None if they are not there whole.

        An entry that is damaged is none: the report is made again.
        """
        try:
            with self._place.open(_entry(key)) as file:
                entry = json.load(file)
            source, edition_id, files = entry["folder"], entry["edition_id"], entry["files"]
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None
        if not self._stand(folder, files):
            if source == folder or not self._stand(source, files):
                return None
            for name in files:
                with self._place.open(f"{source}/{name}") as file:
                    self._place.replace(f"{folder}/{name}", file)
        return Built(edition_id=edition_id, files=_without_manifest(files), is_new=False)

    def keep(self, keys: Sequence[str], edition_id: str, files: Mapping[str, str], folder: str) -> None:
        """Remember the files of a folder, the manifest among them, under keys."""
        content = canonical_json({"folder": folder, "edition_id": edition_id, "files": files}).encode()
        for key in keys:
            self._place.replace(_entry(key), BytesIO(content))

    def keep_too(self, key: str, known: str) -> None:
        """Remember what is kept under one key under another too."""
        with self._place.open(_entry(known)) as file:
            self._place.replace(_entry(key), file)

    def _stand(self, folder: str, files: Mapping[str, str]) -> bool:
        return all(stores.is_as_promised(self._place, f"{folder}/{name}", sha256) for name, sha256 in files.items())


def _entry(key: str) -> str:
    return f"built/{key}"


# A report that is not there, with the key of its edition.
Needed = tuple[Order, str]
# What builds the reports that are not there and gives each with its name as it is done.
Runner = Callable[[Sequence[Needed], Evidence], Iterator[tuple[str, Built]]]


def build_each(
    orders: Sequence[Order], evidence: Evidence, say: Say, runner: Runner | None = None
) -> Iterator[tuple[str, Built]]:
    """Build reports and yield each with its name as it is done; one that cannot be made stops no other.

    Those that are there already come first. The rest is built by `runner`, or else on each processor of this machine.
    """
    place = stores.place(evidence.configured.store_location)
    kept = Kept(place)
    needed: list[Needed] = []
    for order in orders:
        try:
            edition = _edition(order, evidence, place)
        except PolicydiffError as error:
            yield order.name, Built(refused=str(error))
            continue
        too_old = tuple(s.source_id for s in edition.gathered.sources if s.is_too_old(edition.request.clock.as_of))
        key = edition_key(edition, order.parameters.formats)
        if too_old:
            yield order.name, Built(edition_id=edition.id, too_old=too_old)
        elif found := kept.find(key, order.folder):
            yield order.name, found
        else:
            needed.append((order, key))
    say(f"{len(needed)} of {len(orders)} reports are to be built")
    results = (runner or on_processes())(needed, evidence)
    for number, (name, built) in enumerate(results, start=1):
        say(f"{number} of {len(needed)}: {name}{f': {built.stopped}' if built.stopped else ''}")
        yield name, built


def on_processes(count: int = 0) -> Runner:
    """Return what shares reports among so many processes of this machine, 0 for one on each processor.

    With one, or for a single report, this process does it, with a child for each report's pages.
    """

    def build(needed: Sequence[Needed], evidence: Evidence) -> Iterator[tuple[str, Built]]:
        sharing = min(count or os.cpu_count() or 1, len(needed))
        return within_limits(needed, packed(evidence), sharing) if sharing > 1 else _here(needed, evidence)

    return build


def _here(needed: Sequence[Needed], evidence: Evidence) -> Iterator[tuple[str, Built]]:
    for order, key in needed:
        yield order.name, _build(order, key, evidence)


def within_limits(needed: Sequence[Needed], carried: bytes, count: int) -> Iterator[tuple[str, Built]]:
    """Build on so many processes that have limits of time and memory, from evidence as `packed` gives it.

    One that dies takes the tasks of all with it: those are built again, one by one.
    """
    has_pdf = any("pdf" in order.parameters.formats for order, _ in needed)
    preload = (*_PRELOAD, *(_PRELOAD_FOR_PDF if has_pdf else ()))
    within = (publish.RENDER_SECONDS, publish.RENDER_MEBIBYTES, preload, _REPORTS_A_WORKER)
    workers, alone = limits.Workers(count, *within), limits.Workers(1, *within)
    with _written(carried) as written:
        try:
            runs = [(order, key, workers.submit(_build_in_worker, order, key, written)) for order, key in needed]
            for order, key, run in runs:
                if isinstance(run.exception(), BrokenProcessPool):
                    run = alone.submit(_build_in_worker, order, key, written)
                yield order.name, _outcome(run)
        finally:
            workers.close()
            alone.close()


def _outcome(run: Future[Built]) -> Built:
    error = run.exception()
    if isinstance(error, BrokenProcessPool | MemoryError):
        most = f"{publish.RENDER_SECONDS} s or {publish.RENDER_MEBIBYTES} MiB"
        return Built(refused=f"laying it out took more than {most}, or ended its process")
    return run.result()


def packed(evidence: Evidence) -> bytes:
    """Return evidence as a process of any machine can use it: of the settings it has only where the store is.

    What was gathered and what the rows say goes along as far as it was looked at.
    """
    location = evidence.configured.store_location
    if "://" not in location:
        location = str(Path(location).resolve())
    return pickle.dumps(replace(evidence, configured=Settings.model_construct(store=location)))


@contextmanager
def _written(carried: bytes) -> Iterator[str]:
    """Give a file with the evidence for processes of this machine; only this user may read it."""
    with tempfile.NamedTemporaryFile(prefix="policydiff-") as file:
        file.write(carried)
        file.flush()
        yield file.name


def _build_in_worker(order: Order, key: str, written: str) -> Built:
    """Build one report in a process that stays; the evidence is read once for all it builds."""
    return _build(order, key, _evidence(written))


@cache
def _evidence(written: str) -> Evidence:
    found: Evidence = pickle.loads(Path(written).read_bytes())
    return found


def _build(order: Order, key: str, evidence: Evidence) -> Built:
    """Build a report in its folder of the store, unless one with the same content is kept."""
    parameters, place = order.parameters, stores.place(evidence.configured.store_location)
    kept = Kept(place)
    try:
        edition = _edition(order, evidence, place)
        same = content_key(edition, parameters.formats)
        if found := kept.find(same, order.folder):
            kept.keep_too(key, same)
            return found
        made = publish.make(edition, parameters.formats, _quiet)
    except PolicydiffError as error:
        return Built(refused=str(error))
    manifest = f"{publish.file_stem(edition)}{MANIFEST}"
    contents = {**made.files, manifest: publish.manifest(edition, made).encode()}
    for name, content in contents.items():
        place.replace(f"{order.folder}/{name}", BytesIO(content))
    files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    kept.keep([key, same], edition.id, files, order.folder)
    return Built(edition_id=edition.id, files=_without_manifest(files))


def _edition(order: Order, evidence: Evidence, place: Place) -> Edition:
    """Return the edition of an order; what it tells changes from is fetched for as long as it is read."""
    if not order.parameters.since:
        return evidence.edition(order.parameters, Path(), _quiet)
    with place.folder(order.editions_in) as folder:
        return evidence.edition(order.parameters, folder, _quiet)


def edition_key(edition: Edition, formats: Iterable[str]) -> str:
    """Return the key of an edition's files: what it is made from, and with."""
    return _digest([edition.id, sorted(formats), making()])


def content_key(edition: Edition, formats: Iterable[str]) -> str:
    """Return the key of what an edition prints and carries, whichever instrument files say so besides."""
    from reports import archive, render

    bare = replace(edition, codebook=replace(edition.codebook, file_sha256={}))
    pages = [render.html(bare), *render.annex_html(bare)]
    carried = [one.content for one in archive.attachments(bare)]
    hashes = [hashlib.sha256(content).hexdigest() for content in (*(page.encode() for page in pages), *carried)]
    return _digest([hashes, sorted(formats), making()])


@cache
def making() -> str:
    """Return one hash of all that files are made with: tools, typefaces and our code, its templates and words too."""
    return _digest([toolchain.tools(), toolchain.fonts(), toolchain.code()])


def _digest(value: object) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _without_manifest(files: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in files.items() if not name.endswith(MANIFEST)}


def _quiet(_: str) -> None:
    """Tell nobody: a batch says what it does report by report."""
