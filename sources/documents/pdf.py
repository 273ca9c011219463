"""PDF: the text layer as paragraphs. A page has lines at places; what belongs together is read from the places.

A line goes on in the next one where a typesetter would have broken it: at the same size and distance, and where the
next word had no room. A hyphen at the end of a line is taken out unless the document itself writes the word with it.
Nothing is drawn or executed. A file can be built to unpack to a thousand times its size: whoever reads files of
strangers runs this in a process with limits.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from statistics import median

import pypdfium2
import pypdfium2.raw

from sources import texts
from sources.documents.extract import Extract, refusal
from sources.documents.plain import headline

_MOST_PAGES = 2_000
_MOST_CHARACTERS = 16 << 20
# Lines that say the same at the same place, but for their number, on so many pages and so large a part of them are
# running heads and page numbers.
_LEAST_REPEATS = 3
_LEAST_PART = 1 / 3
_SAME_SIZE = 0.15
_WIDER_THAN_USUAL = 1.3
_INDENT = 0.8
_BULLET = re.compile(r"[\u2022\u2023\u25aa\u25cf\u25e6\u2043\u00b7]\s*")
_SENTENCE_END = re.compile(r"[.!?:;][\"')\]\u00bb\u2019\u201d]*\Z")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BROKEN_WORD = re.compile(r"(?<![^\W\d_])([^\W\d_]+)-\Z")
_FIRST_WORD = re.compile(r"[a-z\u00df-\u00ff][^\W\d_]*")
# PDFium marks a hyphen at the end of a line and leaves the line end out; U+2010 is the hyphen of typesetters.
_LINE_END = re.compile(r"(\r?\n|(?<=[\x02\ufffe]))")
_HYPHENS = str.maketrans("\x02\u00ad\u2010\ufffe", "----")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of a page and its box, in points from the page's lower left corner."""

    page: int
    text: str
    left: float
    right: float
    bottom: float
    top: float

    @property
    def height(self) -> float:
        return self.top - self.bottom


def read(content: bytes, source: str) -> Extract:
    """Return the text of a PDF. Raises BadInput for one that is damaged, encrypted, too long or without text."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise refusal(source, "PDF", f"what does not open: {error}", "a whole PDF without a password") from error
    try:
        if len(document) > _MOST_PAGES:
            raise refusal(source, "PDF", f"{len(document)} pages", f"up to {_MOST_PAGES}")
        lines = list(_lines(document, source))
        title = texts.one_line(document.get_metadata_value("Title"))
    except pypdfium2.PdfiumError as error:
        raise refusal(source, "PDF", f"a page that does not open: {error}", "a whole PDF") from error
    finally:
        document.close()
    text = "\n\n".join(_paragraphs(_without_running_heads(lines, len({line.page for line in lines}))))
    if not text:
        raise refusal(source, "PDF", "no text layer: a scan?", "a PDF with text, made by text recognition if need be")
    # Programs write names of files and templates there: only what is printed on top is the title.
    is_printed = title and title.casefold() in texts.one_line(text[:2000]).casefold()
    return Extract(title=title if is_printed else headline(text), text=text)


def _lines(document: pypdfium2.PdfDocument, source: str) -> Iterator[_Line]:
    length = 0
    for number, page in enumerate(document):
        page_text = page.get_textpage()
        count = page_text.count_chars()
        length += count
        if length > _MOST_CHARACTERS:
            raise refusal(source, f"page {number + 1}", f"more than {_MOST_CHARACTERS} characters", "fewer")
        # One by one, as the text of a whole page may have another number of characters.
        written = "".join(chr(pypdfium2.raw.FPDFText_GetUnicode(page_text.raw, index)) for index in range(count))
        start = 0
        for line in _LINE_END.split(written):
            if kept := texts.one_line(_whole(line.translate(_HYPHENS))):
                first = start + len(line) - len(line.lstrip())
                last = start + len(line.rstrip()) - 1
                left, bottom, _, top = page_text.get_charbox(first, loose=True)
                right = page_text.get_charbox(last, loose=True)[2]
                yield _Line(page=number, text=kept, left=left, right=right, bottom=bottom, top=top)
            start += len(line)
        page_text.close()
        page.close()


def _whole(line: str) -> str:
    """Return a line with its surrogates as the characters they stand for."""
    return line.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _without_running_heads(lines: Sequence[_Line], pages: int) -> list[_Line]:
    def place(line: _Line) -> tuple[str, int]:
        return re.sub(r"\d+", "0", line.text), round(line.bottom)

    pages_of = Counter(key for key, _ in {(place(line), line.page) for line in lines})
    least = max(_LEAST_REPEATS, pages * _LEAST_PART)
    return [line for line in lines if pages_of[place(line)] < least]


def _paragraphs(lines: Sequence[_Line]) -> Iterator[str]:
    """Yield the text of each paragraph."""
    words = Counter(word.casefold() for line in lines for word in _WORD.findall(line.text))
    # A bullet set apart from its line is no text, and shows where an item begins.
    bullets = {(line.page, round(line.bottom)) for line in lines if _BULLET.fullmatch(line.text)}
    lines = [line for line in lines if not _BULLET.fullmatch(line.text)]
    distance = _usual_distance(lines)
    paragraph: list[str] = []
    for line, below in zip_longest(lines, lines[1:]):
        _append(_BULLET.sub("", line.text, count=1), paragraph, words)
        is_item = below is not None and (below.page, round(below.bottom)) in bullets
        if below is None or is_item or not _goes_on(line, below, distance):
            yield "".join(paragraph)
            paragraph = []


def _usual_distance(lines: Sequence[_Line]) -> float:
    """Return the distance from one line to the next, in heights of the line, that is usual in the document."""
    distances = [
        (line.bottom - below.bottom) / line.height
        for line, below in pairwise(lines)
        if line.page == below.page and line.height > 0 and 0 < line.bottom - below.bottom < 3 * line.height
    ]
    return median(distances) if distances else 1.0


def _goes_on(line: _Line, below: _Line, distance: float) -> bool:
    """Say whether the paragraph of a line goes on in the next line."""
    if _BULLET.match(below.text) or abs(below.height - line.height) > _SAME_SIZE * line.height:
        return False
    ends = _SENTENCE_END.search(line.text[-3:]) is not None
    if below.page != line.page or below.bottom > line.bottom:
        # The next page or column.
        return not ends
    if line.bottom - below.bottom > _WIDER_THAN_USUAL * distance * line.height:
        return False
    if ends and below.left - line.left > _INDENT * line.height:
        return False
    room = below.right - line.right
    next_word = (len(below.text.split(" ", 1)[0]) + 1) * (below.right - below.left) / len(below.text)
    return room < next_word


def _append(line: str, paragraph: list[str], words: Counter[str]) -> None:
    """Add a line to a paragraph, with a space between or a word that was broken made whole."""
    broken = _BROKEN_WORD.search(paragraph[-1]) if paragraph else None
    rest = _FIRST_WORD.match(line)
    if broken and rest:
        with_hyphen, without = f"{broken[1]}-{rest[0]}".casefold(), f"{broken[1]}{rest[0]}".casefold()
        if words[with_hyphen] <= words[without]:
            paragraph[-1] = paragraph[-1][:-1]
    elif paragraph and not paragraph[-1].endswith("-"):
        paragraph.append(" ")
    paragraph.append(line)
