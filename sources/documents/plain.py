"""Plain text: exactly the file's characters, so that offsets count in the file as a reader opens it."""

import re

from sources import texts
from sources.documents import dating
from sources.documents.extract import Extract

_LONGEST_HEADLINE = 200
_HEADLINE = re.compile(r"[\W_]*[A-Z\u00c0-\u00de0-9].*[^\s.,;:]")
_ADDRESS = re.compile(r"https?://\S+")


def read(text: str) -> Extract:
    """Return a text as it stands; its title is the first line if that looks like a headline."""
    return Extract(title=headline(text), text=text, published=dating.on_first_lines(text))


def headline(text: str) -> str:
    """Return the first line, after addresses and dates, if it is a headline by its form, or "".

    A headline begins with a capital, does not end like a sentence, and no sentence goes on below it.
    """
    lines = [line.strip().lstrip("# ") for line in text[:4096].split("\n")]
    first = next(
        (n for n, line in enumerate(lines) if line and not _ADDRESS.fullmatch(line) and not dating.written(line)), None
    )
    if first is None or len(lines[first]) > _LONGEST_HEADLINE or not _HEADLINE.fullmatch(lines[first]):
        return ""
    goes_on = first + 1 < len(lines) and lines[first + 1][:1].islower()
    return "" if goes_on else texts.one_line(lines[first])
