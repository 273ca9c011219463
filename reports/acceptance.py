"""The acceptance check: a finished PDF is read back before it counts as ready."""

import io
from collections.abc import Iterator

import pikepdf

from reports import archive
from reports.edition import Edition, Kind
from reports.language import Language
from reports.render import FACES
from sources.errors import Refused

# Words that stand on a page only when something failed to become text.
TRACES = ("Undefined", "{{", "}}", "&lt;", "&amp;")
FAMILIES = {family.replace(" ", "") for family, _, _ in FACES}


def check(content: bytes, edition: Edition) -> int:
    """Return the number of pages of a PDF that passes; raise Refused, naming every check that failed."""
    with pikepdf.open(io.BytesIO(content)) as document:
        failures = [*_structure(document, edition), *_parts(document, edition), *_archive(document, content, edition)]
    text = archive.read_text(content)
    failures += _text(text, edition)
    if failures:
        raise Refused("the finished PDF failed its acceptance check: " + "; ".join(failures))
    return len(text)


def _structure(document: pikepdf.Pdf, edition: Edition) -> Iterator[str]:
    root = document.Root
    if root.get("/StructTreeRoot") is None or not root.get("/MarkInfo", pikepdf.Dictionary()).get("/Marked"):
        yield "it is not tagged"
    if str(root.get("/Lang", "")) != edition.request.language:
        yield f"its language is not {edition.request.language}"
    if not document.docinfo.get("/Title"):
        yield "it has no title"
    with document.open_outline() as outline:
        titles = {item.title for entry in outline.root for item in (entry, *entry.children)}
    language = Language(edition.request.language)
    missing = [language.text(i.names) for i in edition.instruments if _has_sheets(edition)]
    missing = [name for name in missing if name not in titles]
    if missing:
        yield f"no bookmark leads to {', '.join(missing)}"


def _has_sheets(edition: Edition) -> bool:
    return edition.request.kind is not Kind.BRIEF


def _parts(document: pikepdf.Pdf, edition: Edition) -> Iterator[str]:
    """Look at every object once: fonts, head cells, and parts in another language."""
    languages = set()
    for item in document.objects:
        if not isinstance(item, pikepdf.Dictionary):
            continue
        if item.get("/Type") == "/FontDescriptor":
            yield from _font(item)
        elif item.get("/S") == "/TH" and "/Scope" not in item.get("/A", pikepdf.Dictionary()):
            yield "a head cell does not say what it heads"
        elif item.get("/Type") == "/StructElem" and "/Lang" in item:
            languages.add(str(item.Lang))
    # Titles of sources keep their language, and most are in English.
    if edition.request.language != "en" and edition.statements and _has_sheets(edition) and "en" not in languages:
        yield "no part of it is marked as English"


def _font(descriptor: pikepdf.Object) -> Iterator[str]:
    name = str(descriptor.get("/FontName", "")).lstrip("/").split("+")[-1]
    if not any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")):
        yield f"the font {name} is not embedded"
    if not any(name.replace("-", "").startswith(family.replace(" ", "")) for family in FAMILIES):
        yield f"the font {name} is not one of the report's own"


def _archive(document: pikepdf.Pdf, content: bytes, edition: Edition) -> Iterator[str]:
    """Look at what makes it an archive: what it says it is, its attachments and its seal."""
    metadata = document.Root.get("/Metadata")
    said = metadata.read_bytes() if metadata is not None else b""
    for standard, mark in (("PDF/UA-1", b"<pdfuaid:part>1<"), ("PDF/A-3a", b"<pdfaid:conformance>A<")):
        if mark not in said:
            yield f"it does not say that it is {standard}"
    if archive.written_seal(content) is None or archive.seal(content) != archive.written_seal(content):
        yield "its seal is not that of its bytes"
    files = archive.attached(content)
    associated = {str(file.UF) for file in document.Root.get("/AF", pikepdf.Array())}
    for one in archive.attachments(edition):
        if files.get(one.name) != one.content or one.name not in associated:
            yield f"the attachment {one.name} is missing or is not that of the edition"
    if archive.MANIFEST not in files or archive.manifest(files[archive.MANIFEST]).edition != edition.id:
        yield "its manifest is missing or is not that of the edition"


def _text(pages: list[str], edition: Edition) -> Iterator[str]:
    # Documents nobody has reviewed may hold such a word themselves: in a title, or in what they say.
    outside = {word for claim in edition.machine_read or () for word in claim.words}
    traces = [trace for trace in TRACES if trace not in outside]
    for number, page in enumerate(pages, start=1):
        if not page.strip():
            yield f"page {number} is empty"
        words = page.split()
        for trace in traces:
            if trace in words:
                yield f"page {number} prints {trace!r}"
    whole = "".join("".join(pages).split())
    if _has_sheets(edition):
        lost = sorted({row.cell_code for row in edition.rows if row.cell_code not in whole})
        if lost:
            yield f"rows {', '.join(lost)} are not printed"
    elif len(pages) > 2 and not edition.request.large_print:
        yield f"the brief has {len(pages)} pages; two are allowed"
