"""Every number on a page is one of the file's own: each numeric token of the text is found in the attachments.

Texts that stand in an attachment (statements, titles, addresses, definitions) are taken out of the page's text first,
as wholes. What is left are the report's own words, dates, codes, hashes, figures and counts; each is looked up as what
it is.
"""

import csv
import io
import json
import re
from collections import defaultdict
from datetime import date, timedelta

import pytest

from reports import archive, edition
from reports.edition import Kind, Request
from reports.language import Language
from reports.sections import sheets
from sources import model
from sources.dates import Dated
from tests.reports.conftest import REMAIN, finished
from tests.reports.test_archive import gathered

ENGLISH = Language("en")
# The report's own sentences name these as examples or by their standard; they are no finding.
OWN = {"R-0102", "S-0042", "SHA-256", "0", "4"}
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
DATE = re.compile(rf"(?<![\w-])(?:\d{{1,2}} )?(?:{MONTHS})[a-z]* \d{{4}}")
# The number of a page, and that in a line of the contents: they number the report and say nothing of the world.
PAGE_NUMBER = re.compile(r"\d+\s+/\s+\d+|(?:\. ){3,}\d+")
EDGES = "()[]„“”\"'‘’.,;:·–-"


@pytest.fixture(scope="module")
def with_numbers(book, clock):
    """Return a country report with gathered numbers."""
    request = Request(kind=Kind.COUNTRY, clock=clock, country_codes=("MEX",))
    return finished(edition.make(book, request, gathered()))


@pytest.fixture(scope="module")
def full(book, clock):
    """Return a report of the whole kind on three instruments."""
    request = Request(kind=Kind.FULL, clock=clock, instrument_ids=(REMAIN, "travel_ban", "tariffs_as_lever"))
    return finished(edition.make(book, request, gathered()))


class Known:
    """What the attachments of a report hold, as it may be printed in English."""

    def __init__(self, content):
        files = archive.attached(content)
        self.manifest = json.loads(files[archive.MANIFEST])
        self.book, self.clock, self.rows = archive.opened(files)
        told = [json.loads(files[name]) for name in (archive.ROWS, archive.STATEMENTS, archive.MANIFEST)]
        lines = [list(csv.DictReader(io.StringIO(files[name].decode()))) for name in ("rows.csv", "numbers.csv")]
        self.values = [value for one in (*told, *lines) for value in _values(one)]
        self.strings = {value for value in self.values if isinstance(value, str)}
        # The name of a measure is printed with spaces.
        self.strings |= {value.replace("_", " ") for value in self.strings}
        self.texts = defaultdict(list)
        for text in {re.sub(r"\s", "", value) for value in self.strings if " " in value or "://" in value}:
            self.texts[text[:3]].append(text)
        self.days = {date.fromisoformat(v[:10]) for v in self.values if _is_day(v)}
        self.dates = set(self._dates())
        # Some measures have a month in their name.
        self.dates |= {found[0] for value in self.strings for found in DATE.finditer(value.title())}
        self.codes = {
            value for value in self.values if isinstance(value, str) and re.fullmatch(r"[A-Z]+-?\w{2,}", value)
        }
        self.codes |= {row.cell_code for row in self.rows}
        self.hashes = {
            value for value in self.values if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value)
        }
        self.figures = {ENGLISH.number(value) for value in self._figures()}

    def _dates(self):
        for day in {*self.days, *(day - timedelta(days=1) for day in self.days), *_BOUNDS}:
            yield ENGLISH.day(day)
            yield ENGLISH.short_day(day)
            for precision in ("month", "year", "quarter"):
                yield ENGLISH.when(Dated(first_day=day, last_day=day, precision=precision))

    def _figures(self):
        """Yield the numbers of the attachments, and the few that are counted from what they list."""
        yield from (value for value in self.values if isinstance(value, int | float) and not isinstance(value, bool))
        lines = [
            float(value) for value in self.values if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value)
        ]
        yield from (int(value) if value.is_integer() else value for value in lines)
        # The marks of an axis: round numbers up to above the largest number drawn.
        yield from (step * 10**power for step in (10, 20, 25, 50) for power in range(len(str(int(max(lines))))))
        for row in self.rows:
            for state in row.sides.values():
                deciding = len({*state.statement_ids, *state.condition_ids})
                yield max(0, deciding - sheets.SHOWN)

    def text_at(self, words, start):
        """Return how many words from `start` on are together one of the texts, and what follows it in the last word."""
        first = words[start].lstrip(EDGES)
        best, rest = 0, ""
        for text in self.texts.get("".join((first, *words[start + 1 : start + 3]))[:3], ()):
            joined, end = first, start + 1
            while len(joined) < len(text) and text.startswith(joined) and end < len(words):
                joined, end = joined + words[end], end + 1
            is_cut = re.match(r"\d[.,]?\d", text[-1:] + joined[len(text) :])
            if joined.startswith(text) and not is_cut and end - start > best:
                best, rest = end - start, joined[len(text) :]
        return best, rest

    def has(self, token):
        """Say whether a numeric token is a code, a hash, a figure or the year of a known date."""
        plain = token.strip(EDGES)
        return (
            plain in self.codes
            or plain in self.strings
            or plain in self.figures
            or plain in self.dates
            or plain in OWN
            or (len(plain) in (8, 12) and any(value.startswith(plain) for value in self.hashes))
        )


_BOUNDS = (model.FIRST_TERM_START, model.BRIDGE_START, model.BRIDGE_DAY, model.SECOND_TERM_START)


def _values(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner)
    else:
        yield value


def _is_day(value):
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)


def unmapped(content):
    """Return the numeric tokens of a report that are in none of its attachments, each with the words around it."""
    known = Known(content)
    left = []
    texts = archive.read_text(content)
    for number, text in enumerate(texts, start=1):
        # A hyphen at the end of a line is read as \x02.
        words = PAGE_NUMBER.sub(" ", text.replace("\x02", "-")).split()
        place, rest = 0, []
        while place < len(words):
            length, after = known.text_at(words, place)
            rest += ["|", after] if length else [words[place]]
            place += length or 1
        said = DATE.sub(lambda found: "|" if found[0] in known.dates else found[0].replace(" ", "_"), " ".join(rest))
        tokens = said.split()
        for place, token in enumerate(tokens):
            if "Contents" in tokens and token.isdigit() and int(token) <= len(texts):
                continue
            for part in token.split("–"):
                if any(character.isdigit() for character in part) and not known.has(part):
                    left.append((number, part, " ".join(tokens[max(0, place - 6) : place + 4])))
    return left


@pytest.mark.parametrize("name", ["with_numbers", "instrument", "full"])
def test_every_numeric_token_of_the_text_is_in_the_attachments(name, request):
    assert unmapped(request.getfixturevalue(name).content) == []


def test_a_number_that_nobody_gave_is_found(instrument):
    page = instrument.page.replace("about 68,000", "about 68,001", 1)
    forged = finished(instrument.edition, page).content
    assert [token for _, token, _ in unmapped(forged)] == ["68,001"]
