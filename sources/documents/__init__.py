"""Documents: the bytes of a file as the texts a reader sees, each with its title, day and language.

What a file is, is told from its content. Of plain text and Markdown, which bear no mark, the name's ending decides, and
without a known one the headings and links of Markdown do. Nothing is fetched and nothing in a file is executed; what is
no document is refused by name, and so is what would unpack to more than a document.
"""

import hashlib
import re
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import PurePosixPath

from sources.dates import Dated
from sources.documents import dating, markdown, plain, writing
from sources.documents.extract import Extract, refusal
from sources.documents.language import language_of
from sources.errors import Fault
from sources.formats import Format, recognise
from sources.model import Document, SourceKind

MOST_BYTES = 16 << 20
# Every line is at least a sentence to look at; a book has some ten thousand.
_MOST_LINES = 500_000
EXPECTED = "text, Markdown, HTML, PDF, RSS, Atom or a list of feed items, packed with gzip or not"

_MARKDOWN = ("md", "markdown")
_TEXT = ("txt", "text")
# Elements that a piece of a page begins with; a feed begins with none of these.
_ELEMENT = re.compile(
    rb"\s*(?:<!--(?>.*?-->)\s*)*+<(?:a|article|b|blockquote|br|center|div|em|figure|font|h[1-6]|hr|i|img|li|link|main|meta|ol|p|pre"
    rb"|script|section|span|strong|style|table|title|u|ul)[\s/>]",
    re.I | re.S,
)
_XML_DECLARATION = re.compile(rb"\s*<\?xml[^<>]*>")
# "[Music]" begins a transcript, "[{" a list.
_JSON = re.compile(rb"\s*(?:\[(?:\s*\[){0,9}\s*(?:[\]{\"]|-?[0-9.]+\s*,|true|false|null)|\{\s*[\"}])")
_NAMES = {
    Format.BINARY: "a binary file",
    Format.EMPTY: "an empty file",
    Format.GZIP: "gzip within gzip",
    Format.XLSX: "a workbook",
    Format.ZIP: "a ZIP archive",
}


def read(
    content: bytes,
    source: str,
    kind: SourceKind,
    published: Dated | None = None,
    withhold: Callable[[Fault], None] | None = None,
) -> tuple[Document, ...]:
    """Return the documents of a file: one, or one for each item of a feed in the feed's order.

    `source` is the path or address of the file. The day of publication is, first found: `published`, what the file
    says of itself, a date alone on one of the first three lines of a text, a day in the name. A text is its title
    (where the file gives one outside the text), what front matter says to readers, and the body, with blank lines
    between.

    Raises BadInput, naming what was found and expected, for anything that is no document, is damaged, or is longer
    than MOST_BYTES. An item of a feed that cannot be read is handed to `withhold`; without one it is such an error too.
    """
    if published is not None:
        dating.check(published, source)
    body = writing.as_utf_8(_unpacked(content, source), source)
    extracts = _extracts(body, source, withhold, is_transcoded=body is not content)
    for extract in extracts:
        if (lines := extract.text.count("\n")) > _MOST_LINES:
            raise refusal(source, "text", f"{lines} lines", f"up to {_MOST_LINES}")
    sha256 = hashlib.sha256(content).hexdigest()
    return tuple(
        Document(
            source=source,
            sha256=sha256,
            title=extract.title,
            published=published or extract.published or dating.in_name(source),
            language=language_of(extract.text, extract.language),
            text=extract.text,
            kind=kind,
        )
        for extract in extracts
    )


def _unpacked(content: bytes, source: str) -> bytes:
    """Return the bytes of a file, unpacked no further than the limit goes."""
    if recognise(BytesIO(content)) is Format.GZIP:
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            content = unpacker.decompress(content, MOST_BYTES + 1)
        except zlib.error as error:
            raise refusal(source, "gzip", f"damaged: {error}", "a whole file") from error
        if len(content) <= MOST_BYTES and (not unpacker.eof or unpacker.unused_data):
            raise refusal(source, "gzip", "a file that is cut off or has more after its end", "one whole file")
    if len(content) > MOST_BYTES:
        raise refusal(source, "size", f"more than {MOST_BYTES} bytes", f"up to {MOST_BYTES}, unpacked")
    return content


def _extracts(
    body: bytes, source: str, withhold: Callable[[Fault], None] | None, *, is_transcoded: bool
) -> tuple[Extract, ...]:
    ending = PurePosixPath(source.lower().removesuffix(".gz")).suffix.removeprefix(".")
    form = _form(body, ending)
    # What only some formats need takes a tenth of a second and more to import.
    match form:
        case Format.PDF:
            from sources.documents import pdf

            return (pdf.read(body, source),)
        case Format.HTML:
            from sources.documents import pages

            return (pages.read(body, source),)
        case Format.XML | Format.JSON:
            from sources.documents import feed_items

            # The declaration names the encoding the file was in.
            feed = _XML_DECLARATION.sub(b"", body, count=1) if is_transcoded else body
            return feed_items.read(feed, source, withhold)
        case Format.TEXT:
            extract = _text(body, source, ending)
            if not extract.text.strip():
                raise refusal(source, "text", "nothing a reader sees", EXPECTED)
            return (extract,)
    raise refusal(source, "content", _NAMES[form], EXPECTED)


def _form(body: bytes, ending: str) -> Format:
    """Return the format of a file, which for what begins like XML or JSON may be another than it seems."""
    form = recognise(BytesIO(body))
    if form is Format.XML and _ELEMENT.match(body):
        return Format.TEXT if ending in _MARKDOWN else Format.HTML
    if form is Format.JSON and not _JSON.match(body.removeprefix(b"\xef\xbb\xbf")):
        return Format.TEXT
    return form


def _text(body: bytes, source: str, ending: str) -> Extract:
    text = writing.decode(body, source)
    is_markdown = ending in _MARKDOWN or markdown.has_front_matter(text)
    if is_markdown or (ending not in _TEXT and markdown.has_signs(text)):
        return markdown.read(text, source)
    return plain.read(text)
