"""Where a quote stands in a file as a reader sees it: without tags and link targets, entities and escapes decoded."""

import html
import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """Characters of a file, half-open."""

    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


_JSON_STRING = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_JSON_CHARACTER = re.compile(r"\\u[0-9a-fA-F]{4}|\\?.", re.DOTALL)
_MARKUP = re.compile(
    r"""<!--.*?-->
    | <(?P<tag>/?[a-zA-Z][a-zA-Z0-9]*)(?:\s[^<>]*)?/?>
    | (?P<target>\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+"[^"]*")?\))
    | (?P<entity>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]\w{1,31});)""",
    re.DOTALL | re.VERBOSE,
)
_INLINE = frozenset(
    {"a", "abbr", "b", "cite", "em", "font", "i", "mark", "q", "s", "small", "span", "strong", "sup", "u"}
)
# A stop before a capital, a blank line, or a line that begins an item, a heading or a field.
_BOUND = re.compile(
    r"""[.!?…]["'\u2019\u201d»)\]*_]*(?P<space>\s+)(?=["'\u2018\u201c«(\[*_¿¡—-]*(?P<next>\w))
    | \n[ \t\r]*\n
    | \n(?=[ \t]*(?:[-*•>\#|]|\d+[.)]\s|\w+:\s))""",
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:\b[A-Za-z]|\b(?:[DM]r|Mrs|Ms|Gov|Sen|Rep|Gen|Lt|Jr|St|No|Sec|Art|vs|Sra?|Dra|Lic|Ing))\.$"
)


class Page:
    """A file as a reader sees it; every place is given in characters of the file itself."""

    def __init__(self, text: str, is_json: bool) -> None:
        shown, offsets = _without_markup(*(_json_strings(text) if is_json else (text, range(len(text)))))
        self._sentence_starts = [0, *(offsets[place] for place in _sentence_starts(shown) if place < len(offsets))]
        letters = [(letter, offset) for char, offset in zip(shown, offsets, strict=True) for letter in _letters(char)]
        self._letters = "".join(letter for letter, _ in letters)
        self._offsets = [offset for _, offset in letters]

    def find(self, quote: str) -> list[Span]:
        """Return every place of a quote, by its letters and digits alone."""
        shown, _ = _without_markup(quote, range(len(quote)))
        letters = "".join(letter for char in shown for letter in _letters(char))
        if not letters:
            return []
        places = (match.start() for match in re.finditer(re.escape(letters), self._letters))
        return [Span(self._offsets[at], self._offsets[at + len(letters) - 1] + 1) for at in places]

    def sentences(self, span: Span) -> Span:
        """Return the numbers of the sentences a span lies in, half-open."""
        first = bisect_right(self._sentence_starts, span.start) - 1
        return Span(first, bisect_right(self._sentence_starts, span.end - 1))


def _letters(char: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", char).casefold() if part.isalnum())


def _json_strings(text: str) -> tuple[str, Sequence[int]]:
    """Return the strings of a JSON file, decoded and a blank line apart, and where each of their characters stands."""
    chars: list[str] = []
    offsets: list[int] = []
    for string in _JSON_STRING.finditer(text):
        for char in _JSON_CHARACTER.finditer(text, *string.span(1)):
            written = char.group()
            chars.append(json.loads(f'"{written}"') if written.startswith("\\") else written)
            offsets.append(char.start())
        chars += "\n\n"
        offsets += (string.end(), string.end())
    return "".join(chars), offsets


def _without_markup(text: str, offsets: Sequence[int]) -> tuple[str, Sequence[int]]:
    """Return text without tags, comments and link targets, its entities decoded, with the offset of each character."""
    chars: list[str] = []
    kept: list[int] = []
    end = 0
    for match in _MARKUP.finditer(text):
        chars += text[end : match.start()]
        kept += offsets[end : match.start()]
        tag = match["tag"]
        if match["entity"]:
            shown = html.unescape(match["entity"])
        else:
            shown = "\n\n" if tag and tag.lower().strip("/") not in _INLINE else ""
        chars += shown
        kept += [offsets[match.start()]] * len(shown)
        end = match.end()
    return "".join(chars) + text[end:], [*kept, *offsets[end:]]


def _sentence_starts(text: str) -> Iterator[int]:
    for match in _BOUND.finditer(text):
        if match["space"] is None:
            yield match.end()
        elif not match["next"].islower() and not _ABBREVIATION.search(
            text, max(0, match.start() - 5), match.start() + 1
        ):
            yield match.end("space")
