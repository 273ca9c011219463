"""Build many reports: what is as it was before is not built again, the rest is shared among processes.

A finished report is kept by what it is made of, whoever made it and when. There are two ways to find it again. By its
edition: same request, codebook, snapshots, tools, typefaces and code; nothing is laid out to know that. By its content:
the page and the attachments as they would be made now, without the hashes of instrument files; so evidence that changed
for one country makes only the reports new that print it.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from flows.build import Evidence
from flows.parameters import ReportParameters
from flows.settings import Settings
from reports import limits, publish, toolchain
from reports.edition import MANIFEST, Edition, canonical_json
from sources.errors import PolicydiffError

# What a worker needs before its first report, and before its first PDF; what workers start from has imported it.
_PRELOAD = ("flows.batch", "reports.archive", "reports.screen")
_PRELOAD_FOR_PDF = ("weasyprint", "reports.structure")
# Laying out leaves something behind each time.
_REPORTS_A_WORKER = 25

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A report to build: a name, what to build and where to (`parameters.out`), where an earlier edition stands."""

    name: str
    parameters: ReportParameters
    editions_in: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A report that stands in its folder: its edition and its files' hashes by name; or why it is not to be sent.

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


class EvidenceChanged(PolicydiffError):
    """The evidence changed while reports were built: build again."""


class Kept:
    """Finished reports by what they are made of: an index of folders, each checked before it is used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str, out: Path) -> Built | None:
        """Put the files kept under a key in a folder and return what they are, or None if they are not there whole."""
        try:
            entry = json.loads((self._folder / key).read_bytes())
        except FileNotFoundError:
            return None
        source, files = Path(entry["folder"]), entry["files"]
        if any(_sha256(source / name) != expected for name, expected in files.items()):
            return None
        if source != out.resolve():
            out.mkdir(parents=True, exist_ok=True)
            for name in files:
                publish.write(out / name, (source / name).read_bytes())
        return Built(edition_id=entry["edition_id"], files=_without_manifest(files), is_new=False)

    def keep(self, keys: Sequence[str], built: Built, out: Path) -> None:
        """Remember the files of a folder under keys."""
        files = {path.name: _sha256(path) for path in sorted(out.iterdir()) if path.name.endswith(MANIFEST)}
        content = canonical_json(
            {
                "folder": str(out.resolve()),
                "edition_id": built.edition_id,
                "files": {**built.files, **files},
            }
        )
        for key in keys:
            publish.write(self._folder / key, content.encode())


def build_each(orders: Sequence[Order], evidence: Evidence, say: Say, workers: int = 0) -> Iterator[tuple[str, Built]]:
    """Build reports and yield each with its name as it is done; one that cannot be made stops no other.

    Those that are there already come first. `workers` is how many processes share the rest, 0 for one on each
    processor; with one, or for a single report, this process does it, with a child for each report's pages.
    """
    kept = Kept(evidence.configured.home / "built")
    needed: list[tuple[Order, str]] = []
    for order in orders:
        try:
            edition = evidence.edition(order.parameters, order.editions_in, _quiet)
        except PolicydiffError as error:
            yield order.name, Built(refused=str(error))
            continue
        too_old = tuple(s.source_id for s in edition.gathered.sources if s.is_too_old(edition.request.clock.as_of))
        key = edition_key(edition, order.parameters.formats)
        if too_old:
            yield order.name, Built(edition_id=edition.id, too_old=too_old)
        elif found := kept.find(key, order.parameters.out):
            yield order.name, found
        else:
            needed.append((order, key))
    say(f"{len(needed)} of {len(orders)} reports are to be built")
    count = min(workers or os.cpu_count() or 1, len(needed))
    results = _shared(needed, evidence, count) if count > 1 else _here(needed, evidence)
    for number, (name, built) in enumerate(results, start=1):
        say(f"{number} of {len(needed)}: {name}{f': {built.stopped}' if built.stopped else ''}")
        yield name, built


def _here(needed: Sequence[tuple[Order, str]], evidence: Evidence) -> Iterator[tuple[str, Built]]:
    for order, key in needed:
        yield order.name, _build(order, key, evidence)


def _shared(needed: Sequence[tuple[Order, str]], evidence: Evidence, count: int) -> Iterator[tuple[str, Built]]:
    """Build on several processes. One that dies takes the tasks of all with it: those are built again, one by one."""
    has_pdf = any("pdf" in order.parameters.formats for order, _ in needed)
    preload = (*_PRELOAD, *(_PRELOAD_FOR_PDF if has_pdf else ()))
    within = (publish.RENDER_SECONDS, publish.RENDER_MEBIBYTES, preload, _REPORTS_A_WORKER)
    workers, alone = limits.Workers(count, *within), limits.Workers(1, *within)
    token = evidence_token(evidence)
    try:
        runs = [
            (order, key, workers.submit(build_in_worker, order, key, evidence.configured, token))
            for order, key in needed
        ]
        for order, key, run in runs:
            if isinstance(run.exception(), BrokenProcessPool):
                run = alone.submit(build_in_worker, order, key, evidence.configured, token)
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


def build_in_worker(order: Order, key: str, configured: Settings, token: str) -> Built:
    """Build one report in a process that stays; the evidence is read once for all it builds.

    Raises EvidenceChanged if it is not the evidence that whoever ordered the report has (`token`).
    """
    evidence = _evidence(configured.model_dump_json(exclude={"mail"}), token)
    return _build(order, key, evidence)


@cache
def _evidence(configured: str, token: str) -> Evidence:
    evidence = Evidence.in_force(Settings.model_validate_json(configured))
    if evidence_token(evidence) != token:
        raise EvidenceChanged("the instruments or the review changed while reports were built; build again")
    return evidence


def evidence_token(evidence: Evidence) -> str:
    """Return what tells the evidence of a machine from that of another time: the hashes of the codebook's files."""
    return _digest([evidence.book.version, dict(evidence.book.file_sha256)])


def _build(order: Order, key: str, evidence: Evidence) -> Built:
    """Build a report in its folder, unless one with the same content is kept."""
    parameters, kept = order.parameters, Kept(evidence.configured.home / "built")
    try:
        edition = evidence.edition(parameters, order.editions_in, _quiet)
        same = content_key(edition, parameters.formats)
        if found := kept.find(same, parameters.out):
            kept.keep([key], found, parameters.out)
            return found
        published = publish.publish(edition, parameters.formats, parameters.out)
    except PolicydiffError as error:
        return Built(refused=str(error))
    built = Built(edition_id=edition.id, files={file.path.name: file.sha256 for file in published.files})
    kept.keep([key, same], built, parameters.out)
    return built


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


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def _without_manifest(files: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in files.items() if not name.endswith(MANIFEST)}


def _quiet(_: str) -> None:
    """Tell nobody: a batch says what it does report by report."""
