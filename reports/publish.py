"""Editions to files: a PDF, a page, tables and data with a manifest beside them, whole or not at all."""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports import acceptance, archive, binding, limits, parquet, render, screen, tables, toolchain
from reports.edition import MANIFEST, Edition, Kind, canonical_json
from sources.errors import storing

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

    @property
    def pdf(self) -> Path | None:
        """Return the path of the PDF, or None where none was asked for."""
        return next((file.path for file in self.files if file.path.suffix == ".pdf"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An edition's files that passed their check and stand nowhere yet: bytes by file name, pages of its PDF."""

    files: dict[str, bytes]
    pages: int | None


def publish(
    edition: Edition, formats: Sequence[str], out: Path, say: Callable[[str], None] = lambda _: None
) -> Published:
    """Make an edition's files in `out`, check the PDF, and only then put them in place.

    `say` is told what is being done. Raises Refused and keeps nothing if a file fails its check.
    """
    made = make(edition, formats, say)
    return put(made, edition, out, manifest(edition, made).encode())


def make(edition: Edition, formats: Sequence[str], say: Callable[[str], None]) -> Made:
    """Return an edition's files. Raises Refused if the PDF fails its acceptance check or a table has no room."""
    made: dict[str, bytes] = {}
    pages = None
    for name in formats:
        say(f"making {name}")
        match name:
            case "pdf":
                made[name] = archive.enclose(_laid_out(edition), edition)
                say("checking the finished PDF")
                pages = acceptance.check(made[name], edition)
            case "html":
                made[name] = screen.html(edition).encode()
            case "csv":
                made[name] = tables.as_csv(edition.all_rows).encode()
            case "json":
                is_partial = edition.request.kind is Kind.CHANGES
                content = tables.as_json(
                    edition.all_rows, edition.request.clock, edition.codebook, only_changed=is_partial
                )
                made[name] = content.encode()
            case "xlsx":
                # Only this format needs the library that writes it.
                from reports import workbook

                made[name] = workbook.as_workbook(edition)
            case "parquet":
                made[name] = parquet.as_parquet(edition)
    stem = file_stem(edition)
    return Made(files={f"{stem}.{name}": content for name, content in made.items()}, pages=pages)


def _laid_out(edition: Edition) -> bytes:
    """Return the edition as a tagged PDF, with the pieces of its annex bound in."""
    within = (RENDER_SECONDS, RENDER_MEBIBYTES)
    annex = [(page, edition.id, f"annex-{number}-") for number, page in enumerate(render.annex_html(edition), start=1)]
    pieces = limits.run_each(render.pdf, *within, annex)
    page = render.html(edition, empty_pages=sum(map(binding.pages, pieces)))
    report = limits.run(render.pdf, *within, page, edition.id)
    return binding.bind(report, pieces) if pieces else report


def put(made: Made, edition: Edition, out: Path, manifest: bytes) -> Published:
    """Put an edition's files in place, the manifest last."""
    files = tuple(write(out / name, content) for name, content in made.files.items())
    return Published(
        edition_id=edition.id,
        files=files,
        manifest=write(out / f"{file_stem(edition)}{MANIFEST}", manifest).path,
        pages=made.pages,
        stale_sources=tuple(source.source_id for source in edition.stale_sources),
        withheld_rows=edition.withheld_rows,
    )


def file_stem(edition: Edition) -> str:
    """Return a neutral file name without ending: what, for which places, known by when, in which form."""
    request = edition.request
    scope = "-".join((*request.country_codes, *request.instrument_ids)) or "region"
    if len(scope) > 60:
        scope = f"{len(request.country_codes)}-countries-{len(request.instrument_ids)}-instruments-{edition.id[:8]}"
    parts = [request.kind, scope, request.clock.as_of.isoformat(), request.language, request.paper]
    if request.annex:
        parts.append("annex")
    if request.large_print:
        parts.append("large-print")
    return "policy-comparison_" + "_".join(parts)


def manifest(edition: Edition, made: Made) -> str:
    """Return what the edition was made from and with, as JSON: enough to rebuild and compare it."""
    return canonical_json(
        {
            **archive.description(edition),
            "fonts_sha256": toolchain.fonts(),
            "code_sha256": toolchain.code(),
            "files": {
                name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
                for name, content in made.files.items()
            },
        }
    )


def write(path: Path, content: bytes) -> File:
    """Write a file whole: under another name first, then renamed over the old one. Raises StorageFailed."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    return File(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest())
