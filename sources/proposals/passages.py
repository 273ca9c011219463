"""A text as passages: paragraphs and sentences, each with its place, whatever the lines of the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import sentencex

from sources.proposals.patterns import WORD, fold

# A line end inside a paragraph is a wrap where the lines are about as long as a typewriter's.
_SHORTEST_WRAP, _LONGEST_WRAP = 45, 110
_LONGEST_HEADING = 160
_PARAGRAPH = re.compile(r"(?:[^\n]|\n(?![ \t]*\n))+")
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*•·▪–—]|\(?[0-9a-zA-Z]{1,3}[.)])[ \t]+")
_ENDS_SENTENCE = re.compile(r"[.!?…:;][\"'”’»)\]]*$")
# A sentence without an end is no sentence: the rules look at a window of this many characters.
_LONGEST = 1500
# The splitter's time grows with the square of the quotation marks that nothing closes.
_LONGEST_SPLIT = 50_000


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One sentence: its place in the document's text, its paragraph and what kind of line it is."""

    start: int
    end: int
    text: str
    paragraph: int
    is_heading: bool
    is_item: bool

    @cached_property
    def folded(self) -> str:
        """The text as patterns see it."""
        return fold(self.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """The different words of the folded text."""
        return frozenset(WORD.findall(self.folded))

    @property
    def is_question(self) -> bool:
        """Whether it asks."""
        return self.text.rstrip("\"'”’») ").endswith("?")


def sentences(text: str, language: str) -> Iterator[Sentence]:
    """Yield the sentences of a text in order. Offsets count the characters of `text`."""
    for number, (start, end) in enumerate(_paragraphs(text)):
        yield from _of_paragraph(text, start, end, number, language)


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the bounds of paragraphs: blocks between blank lines, and lines where the file has one a paragraph."""
    for block in _PARAGRAPH.finditer(text):
        if not block[0].strip():
            continue
        start, end = block.span()
        lines = _lines(text, start, end)
        if _is_wrapped([text[a:b] for a, b in lines]):
            yield from _items(text, lines)
        else:
            yield from lines


def _lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    bounds = []
    place = start
    for line in text[start:end].split("\n"):
        if line.strip():
            bounds.append((place, place + len(line)))
        place += len(line) + 1
    return bounds


def _is_wrapped(lines: list[str]) -> bool:
    if len(lines) < 2:
        return False
    lengths = [len(line.rstrip()) for line in lines[:-1]]
    is_typed = sum(_SHORTEST_WRAP <= length <= _LONGEST_WRAP for length in lengths) >= 0.6 * len(lengths)
    go_on = sum(not _ENDS_SENTENCE.search(line.rstrip()) for line in lines[:-1])
    return is_typed and go_on >= 0.5 * len(lengths)


def _items(text: str, lines: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join wrapped lines; a line that begins a list item begins a paragraph."""
    start, end = lines[0]
    for line_start, line_end in lines[1:]:
        if _LIST_ITEM.match(text, line_start, line_end):
            yield start, end
            start = line_start
        end = line_end
    yield start, end


def _of_paragraph(text: str, start: int, end: int, number: int, language: str) -> Iterator[Sentence]:
    is_item = bool(_LIST_ITEM.match(text, start, end))
    stripped = text[start:end].strip()
    is_heading = len(stripped) <= _LONGEST_HEADING and not _ENDS_SENTENCE.search(stripped)
    # The splitter takes a line end for the end of a sentence; places stay the same.
    flat = text[start:end].replace("\n", " ")
    for piece_start, piece_end in _split(flat, language):
        piece = flat[piece_start:piece_end]
        left = len(piece) - len(piece.lstrip())
        right = len(piece.rstrip())
        if left < right:
            yield Sentence(
                start=start + piece_start + left,
                end=start + piece_start + right,
                text=piece[left:right],
                paragraph=number,
                is_heading=is_heading,
                is_item=is_item,
            )


def _split(flat: str, language: str) -> Iterator[tuple[int, int]]:
    for begin, end in _windows(flat, 0, len(flat), _LONGEST_SPLIT, ". "):
        for boundary in sentencex.get_sentence_boundaries(language, flat[begin:end]):
            yield from _pieces(flat, begin + boundary["start_index"], begin + boundary["end_index"])


_INNER_END = re.compile(r"[.!?…][\"'”’»)]*\s+(?=[\"'“‘«¿¡(]*[A-ZÁÉÍÓÚÑ])")


def _pieces(flat: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Cut what is too long for one sentence, at its own ends where it has some (a quotation is given as one)."""
    if last - first <= 400:
        yield first, last
        return
    begin = first
    for found in _INNER_END.finditer(flat, first, last):
        if found.start() - begin > 120:
            yield from _windows(flat, begin, found.end(), _LONGEST, " ")
            begin = found.end()
    yield from _windows(flat, begin, last, _LONGEST, " ")


def _windows(flat: str, begin: int, last: int, longest: int, mark: str) -> Iterator[tuple[int, int]]:
    """Yield the bounds of stretches no longer than so many characters, each up to a mark where it has one."""
    while last - begin > longest:
        cut = flat.rfind(mark, begin, begin + longest)
        cut = cut + len(mark) if cut > begin else begin + longest
        yield begin, cut
        begin = cut
    yield begin, last
