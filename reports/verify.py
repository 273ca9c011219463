"""Check a report by the file alone, without the store: is it what was published, and if not, what was altered?

Every part is looked at by itself, so that the answer names it: the seal over all bytes, each attachment, each page
(with the lines of its text that were not there), each font, the manifest, and whether the edition's id follows from
what the manifest says it was made from.

This shows that a file is whole; it is no signature and does not show who made it. Somebody who alters a page and then
remakes the manifest, its hash in the metadata and the seal has a file that holds together. Against that helps only what
such a person cannot change: the publisher's own copy of the manifest or of the file's hash, or building the edition
again from the inputs its id names.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pikepdf
import pypdfium2
from pydantic import ValidationError

from reports import archive
from reports.edition import canonical_json
from sources.errors import BadInput, Fault

# What reading a damaged file may raise, whatever is wrong with it.
UNREADABLE = (pikepdf.PdfError, pikepdf.DataDecodingError, AttributeError, LookupError, TypeError, ValueError)
# So many altered lines of a page are quoted, and so much of each.
_QUOTED_LINES = 3
_QUOTED_LETTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """One part of a file that is not as it was published: which, and what is wrong with it."""

    part: str
    finding: str

    def __str__(self) -> str:
        return f"{self.part}: {self.finding}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What the check of a file found; `edition` is the id it gives itself, None where no manifest can be read."""

    edition: str | None
    pages: int
    attachments: tuple[str, ...]
    alterations: tuple[Alteration, ...]

    @property
    def is_valid(self) -> bool:
        """Say whether the file is as it was published."""
        return not self.alterations


def verify(content: bytes, name: str) -> Verification:
    """Return what was altered in a report's PDF; `name` is what the file is called in a message.

    Raises BadInput if it is no PDF, or no report of this program.
    """
    is_marked = any(mark in content for mark in archive.MARKS)
    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            if is_marked or archive.MANIFEST in document.attachments:
                return _verified(document, content)
    except UNREADABLE as error:
        if is_marked:
            damage = Alteration(part="file", finding=f"it cannot be read as a PDF any more ({error})")
            return Verification(edition=None, pages=0, attachments=(), alterations=(damage,))
    raise BadInput([Fault(file=name, path="content", found="no report", expected="a PDF that policydiff made")])


def _verified(document: pikepdf.Pdf, content: bytes) -> Verification:
    files = dict(_attached(document))
    found: list[Alteration] = []
    manifest = None
    try:
        manifest = archive.manifest(files.get(archive.MANIFEST) or b"")
    except ValidationError:
        finding = "it is no manifest any more" if archive.MANIFEST in files else "it was removed"
        found.append(Alteration(part=f"attachment {archive.MANIFEST}", finding=finding))
    if manifest:
        found += _manifest(document, files[archive.MANIFEST] or b"", manifest)
        found += _attachments(files, manifest.attachments)
        found += _resources(document, manifest.resources)
        found += _pages(document, content, manifest.pages)
    found += _seal(content, is_explained=bool(found))
    return Verification(
        edition=manifest.edition if manifest else None,
        pages=len(document.pages),
        attachments=tuple(sorted(files)),
        alterations=tuple(found),
    )


def _attached(document: pikepdf.Pdf) -> Iterator[tuple[str, bytes | None]]:
    """Yield each attachment with its bytes, None where they cannot be read."""
    for name in document.attachments:
        try:
            yield name, document.attachments[name].get_file().read_bytes()
        except UNREADABLE:
            yield name, None


def _manifest(document: pikepdf.Pdf, content: bytes, manifest: archive.Manifest) -> Iterator[Alteration]:
    """Compare the manifest with its hash, and the edition's id with what it is the hash of."""
    if hashlib.sha256(canonical_json(manifest.inputs).encode()).hexdigest() != manifest.edition:
        yield Alteration(part="edition", finding="its id does not follow from the inputs in the manifest")
    metadata = _metadata(document)
    if archive.name_of_manifest(hashlib.sha256(content).hexdigest()).encode() not in metadata:
        yield Alteration(part=f"attachment {archive.MANIFEST}", finding="its hash is not the one in the metadata")
    if archive.name_of_edition(manifest.edition).encode() not in metadata:
        yield Alteration(part="metadata", finding="they do not name the edition that the manifest names")


def _metadata(document: pikepdf.Pdf) -> bytes:
    try:
        return document.Root.Metadata.read_bytes()
    except UNREADABLE:
        return b""


def _attachments(files: Mapping[str, bytes | None], expected: Mapping[str, str]) -> Iterator[Alteration]:
    for name, sha256 in expected.items():
        part, content = f"attachment {name}", files.get(name)
        if name not in files:
            yield Alteration(part=part, finding="it was removed")
        elif content is None:
            yield Alteration(part=part, finding="its bytes cannot be read any more")
        elif hashlib.sha256(content).hexdigest() != sha256:
            yield Alteration(part=part, finding="its content is not the one that was published")
    for name in sorted(files.keys() - expected.keys() - {archive.MANIFEST}):
        yield Alteration(part=f"attachment {name}", finding="it was added")


def _resources(document: pikepdf.Pdf, expected: Mapping[str, str]) -> Iterator[Alteration]:
    try:
        given = archive.resources(document)
    except UNREADABLE:
        yield Alteration(part="fonts", finding="they cannot be read any more")
        return
    for name in sorted(given.keys() | expected.keys()):
        if given.get(name) != expected.get(name):
            kind, _, called = name.removeprefix("/").partition("/")
            yield Alteration(part=f"{kind.lower()} {called}", finding="it is not the one that was published")


def _pages(document: pikepdf.Pdf, content: bytes, expected: Sequence[archive.Page]) -> Iterator[Alteration]:
    if len(document.pages) != len(expected):
        yield Alteration(part="file", finding=f"it has {len(document.pages)} pages; {len(expected)} were published")
    altered = [
        number
        for number, (page, published) in enumerate(zip(document.pages, expected, strict=False))
        if _hash_of_page(page) != published.sha256
    ]
    texts = _texts(content) if altered else []
    for number in altered:
        finding = "it cannot be read any more"
        if number < len(texts):
            lines = texts[number].splitlines()
            hashes = archive.hashes_of_lines(texts[number])
            published = expected[number].lines_sha256
            finding = _altered_lines(
                [line for line, hash_ in zip(lines, hashes, strict=True) if hash_ not in published]
            )
        yield Alteration(part=f"page {number + 1}", finding=finding)


def _hash_of_page(page: pikepdf.Page) -> str | None:
    try:
        return archive.hash_of_page(page)
    except UNREADABLE:
        return None


def _texts(content: bytes) -> list[str]:
    try:
        return archive.read_text(content)
    except pypdfium2.PdfiumError:
        return []


def _altered_lines(lines: list[str]) -> str:
    if not lines:
        return "what it draws or where its links lead was altered; no line of its text is new"
    quoted = "; ".join(f'"{line[:_QUOTED_LETTERS]}"' for line in lines[:_QUOTED_LINES])
    more = f" and {len(lines) - _QUOTED_LINES} more" if len(lines) > _QUOTED_LINES else ""
    return f"it was altered; these lines were not published: {quoted}{more}"


def _seal(content: bytes, *, is_explained: bool) -> Iterator[Alteration]:
    """Compare the seal with all bytes; where no part explains the difference, say where it may lie."""
    written = archive.written_seal(content)
    if written is None:
        yield Alteration(part="file", finding="it has no seal: it was saved again by another program")
    elif archive.seal(content) != written:
        where = (
            "" if is_explained else ", outside its pages, fonts and attachments: tags, bookmarks, metadata or packing"
        )
        yield Alteration(part="file", finding=f"bytes were altered{where}")
