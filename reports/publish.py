"""Editions to files: PDF, HTML, CSV and JSON with a manifest beside them, whole or not at all."""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports import acceptance, archive, limits, render, tables
from reports.edition import Edition, canonical_json

FORMATS = ("pdf", "html", "csv", "json")
# A page of the full report takes about a quarter of a second; these stop a page that never ends.
RENDER_SECONDS = 600
RENDER_MEBIBYTES = 6144


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of an edition: where it stands, its size in bytes and its hash."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An edition on disk: its files, the manifest's path and the number of pages of its PDF (None without one).

    Stale sources and withheld rows stand on its pages; the caller says so too.
    """

    edition_id: str
    files: tuple[File, ...]
    manifest: Path
    pages: int | None
    stale_sources: tuple[str, ...]
    withheld_rows: int


def publish(
    edition: Edition, formats: Sequence[str], out: Path, say: Callable[[str], None] = lambda _: None
) -> Published:
    """Make an edition's files in `out`, check the PDF, and only then put them in place.

    `say` is told what is being done. Raises Refused and keeps nothing if the PDF fails its acceptance check.
    """
    made: dict[str, bytes] = {}
    pages = None
    page = render.html(edition) if {"pdf", "html"} & set(formats) else ""
    for name in formats:
        say(f"making {name}")
        match name:
            case "pdf":
                laid_out = limits.run(render.pdf, RENDER_SECONDS, RENDER_MEBIBYTES, page, edition.id)
                made[name] = archive.enclose(laid_out, edition)
                say("checking the finished PDF")
                pages = acceptance.check(made[name], edition)
            case "html":
                made[name] = page.encode()
            case "csv":
                made[name] = tables.as_csv(edition.all_rows).encode()
            case "json":
                content = tables.as_json(edition.all_rows, edition.request.clock, edition.codebook)
                made[name] = content.encode()
    stem = file_stem(edition)
    files = tuple(_write(out / f"{stem}.{name}", content) for name, content in made.items())
    manifest = _write(out / f"{stem}.manifest.json", _manifest(edition, files).encode())
    return Published(
        edition_id=edition.id,
        files=files,
        manifest=manifest.path,
        pages=pages,
        stale_sources=tuple(source.source_id for source in edition.stale_sources),
        withheld_rows=edition.withheld_rows,
    )


def file_stem(edition: Edition) -> str:
    """Return a neutral file name without ending: what, for which places, known by when, in which form."""
    request = edition.request
    scope = "-".join((*request.country_codes, *request.instrument_ids)) or "region"
    if len(scope) > 60:
        scope = f"{len(request.country_codes)}-countries-{len(request.instrument_ids)}-instruments-{edition.id[:8]}"
    parts = (request.kind, scope, request.clock.as_of.isoformat(), request.language, request.paper)
    return "policy-comparison_" + "_".join(parts)


def _manifest(edition: Edition, files: Sequence[File]) -> str:
    """Return what the edition was made from and with, as JSON: enough to rebuild and compare it."""
    return canonical_json(
        {
            **archive.description(edition),
            "files": {file.path.name: {"sha256": file.sha256, "bytes": file.size} for file in files},
        }
    )


def _write(path: Path, content: bytes) -> File:
    """Write a file whole: under another name first, then renamed over the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return File(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest())
