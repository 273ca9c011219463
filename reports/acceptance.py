"""The acceptance check: a finished PDF is read back before it counts as ready."""

import io
from collections.abc import Iterator

import pikepdf
import pypdfium2

from reports.edition import Edition, Kind
from reports.render import FACES
from sources.errors import Refused

# Words that stand on a page only when something failed to become text.
TRACES = ("Undefined", "{{", "}}", "&lt;", "&amp;")
FAMILIES = {family.replace(" ", "") for family, _, _ in FACES}


def check(content: bytes, edition: Edition) -> int:
    """Return the number of pages of a PDF that passes; raise Refused, naming every check that failed."""
    with pikepdf.open(io.BytesIO(content)) as document:
        failures = [*_structure(document, edition), *_fonts(document)]
    text = read_text(content)
    failures += _text(text, edition)
    if failures:
        raise Refused("the finished PDF failed its acceptance check: " + "; ".join(failures))
    return len(text)


def read_text(content: bytes) -> list[str]:
    """Return the text of each page."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [document[number].get_textpage().get_text_bounded() for number in range(len(document))]
    finally:
        document.close()


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
    missing = [i.names[edition.request.language] for i in edition.instruments if _has_sheets(edition)]
    missing = [name for name in missing if name not in titles]
    if missing:
        yield f"no bookmark leads to {', '.join(missing)}"


def _has_sheets(edition: Edition) -> bool:
    return edition.request.kind is not Kind.BRIEF


def _fonts(document: pikepdf.Pdf) -> Iterator[str]:
    for item in document.objects:
        if not isinstance(item, pikepdf.Dictionary) or item.get("/Type") != "/FontDescriptor":
            continue
        name = str(item.get("/FontName", "")).lstrip("/").split("+")[-1]
        if not any(key in item for key in ("/FontFile", "/FontFile2", "/FontFile3")):
            yield f"the font {name} is not embedded"
        if not any(name.replace("-", "").startswith(family.replace(" ", "")) for family in FAMILIES):
            yield f"the font {name} is not one of the report's own"


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
    elif len(pages) > 2:
        yield f"the brief has {len(pages)} pages; two are allowed"
