"""Every number on a page is one of the file's own: each numeric token of the text is found in the attachments.

In every kind of report and every language, with numbers and days as the language writes them. Texts that stand in an
attachment (statements, titles, addresses, definitions) are taken out of the page's text first, as wholes. What is left
are the report's own words, dates, codes, hashes, figures and counts; each is looked up as what it is.
"""

import csv
import io
import json
import re
from bisect import bisect
from collections import defaultdict
from datetime import date, timedelta
from itertools import chain

import pypdfium2
import pytest
from babel import Locale

from reports import archive
from reports.edition import Kind
from reports.language import Language, languages
from reports.sections import sheets
from reports.sections.numbers import LISTED
from sources import model
from sources.dates import Dated
from tests.reports.conftest import finished

# The report's own sentences name these as examples or by their standard; they are no finding.
OWN = {"R-0102", "S-0042", "SHA-256", "0", "4"}
# The number of a page: it numbers the report and says nothing of the world.
PAGE_NUMBER = re.compile(r"\d+\s+/\s+\d+$")
LEADER = re.compile(r"(?:\. ){3,}\d+(?= )")
# The code of a row or statement with the first word of the next cell.
GLUED = re.compile(r"\b([A-Z]+-?\d{4,5})(?=[^\W\d]{2})")
# The code behind a statement's text: what stands beyond it is another text.
CODE = re.compile(r"\b[A-Z]-\d{4}\w?\b")
# So many letters before or after a number are looked at to say of which text it is a part, and fewer say nothing.
REACH, SURE = 24, 16
EDGES = "()[]«»„“”\"'‘’.,;:?¿·–-%"
# No measure has a longer name.
LONGEST_NAME = 100
NUMBER = r"-?\d+(\.\d+)?(e[-+]\d+)?"
PROGRAMME = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+")
# How many of a source's snapshots are named.
SNAPSHOTS_SHOWN = 4


def dates_of(language):
    """Return a pattern of days and months of a year as a language writes them, known or not."""
    forms = Locale(language.code).months["format"]
    names = {name for form in ("wide", "abbreviated") for name in forms[form].values()}
    months = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?:\d{{1,2}} (?:de )?)?(?:{months}) (?:de )?\d{{4}}(?!\d)", re.IGNORECASE)


class Known:
    """What the attachments of a report hold, as it may be printed in its language."""

    def __init__(self, content):
        files = archive.attached(content)
        self.manifest = json.loads(files[archive.MANIFEST])
        self.language = Language(self.manifest["inputs"]["language"])
        self.date = dates_of(self.language)
        _, _, self.rows = archive.opened(files)
        told = [json.loads(files[name]) for name in (archive.ROWS, archive.STATEMENTS, archive.MANIFEST)]
        self.snapshots = [source["snapshot_sha256"] for source in told[1]["gathered_sources"]]
        tables = (content.decode() for name, content in files.items() if name.endswith(".csv"))
        lines = [list(csv.DictReader(io.StringIO(table))) for table in tables]
        self.values = [value for one in (*told, *lines) for value in _values(one)]
        self.strings = {value for value in self.values if isinstance(value, str)}
        # The name of a measure is printed with spaces, and in the reader's words.
        self.strings |= {value.replace("_", " ") for value in self.strings}
        self.strings |= {name for name in map(self._name, self.strings) if name}
        self.lines = defaultdict(set)
        for line in chain(*lines):
            if line.get("kind") in ("observation", "added"):
                told_of = (line["country_code"], line["population"], line["source_id"], line["unit"])
                self.lines[line["measure"]].add(told_of)
        groups = {part for line in chain(*lines) for part in line.get("population", "").split(", ")}
        self.strings |= {name for group in groups if (name := self.language.label("population", group))}
        # The name of a sanctions programme is broken at its hyphens.
        self.strings |= {part for value in self.strings if PROGRAMME.fullmatch(value) for part in value.split("-")}
        self.texts = defaultdict(list)
        for text in {re.sub(r"\s", "", value) for value in self.strings if " " in value or "://" in value}:
            self.texts[text[:3]].append(text)
        self.joined_texts = "\n".join(text for texts in self.texts.values() for text in texts)
        self.days = {date.fromisoformat(v[:10]) for v in self.values if _is_day(v)}
        self.dates = set(self._dates())
        # Some measures have a month in their name.
        self.dates |= {found[0] for value in self.strings for found in self.date.finditer(value.title())}
        self.codes = {
            value for value in self.values if isinstance(value, str) and re.fullmatch(r"[A-Z]+-?\w{2,}", value)
        }
        self.codes |= {row.cell_code for row in self.rows}
        self.hashes = {
            value for value in self.values if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value)
        }
        self.figures = {self.language.number(value) for value in self._figures()}

    def _name(self, value):
        return self.language.label("measure", value) if value and len(value) < LONGEST_NAME else None

    def _dates(self):
        for day in {*self.days, *(day - timedelta(days=1) for day in self.days), *_BOUNDS}:
            yield self.language.day(day)
            yield self.language.short_day(day)
            for precision in ("month", "year", "quarter"):
                yield self.language.when(Dated(first_day=day, last_day=day, precision=precision))

    def _figures(self):
        """Yield the numbers of the attachments, and the few that are counted from what they list."""
        yield from (value for value in self.values if isinstance(value, int | float) and not isinstance(value, bool))
        lines = [abs(float(value)) for value in self.values if isinstance(value, str) and re.fullmatch(NUMBER, value)]
        # A page rounds what the files have exactly.
        rounded = (round(value, digits) for value in lines for digits in (1, 2))
        yield from (int(value) if value.is_integer() else value for value in (*lines, *rounded))
        # The marks of an axis: round numbers up to above the largest number drawn.
        yield from (step * 10**power for step in (10, 20, 25, 50) for power in range(-1, len(str(int(max(lines))))))
        for row in self.rows:
            for state in row.sides.values():
                deciding = len({*state.statement_ids, *state.condition_ids})
                yield max(0, deciding - sheets.SHOWN)
        yield from (len(snapshots) - SNAPSHOTS_SHOWN for snapshots in self.snapshots)
        yield from (len(of_measure) - LISTED for of_measure in self.lines.values())

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

    def mask(self, found):
        """Return a day that is known as taken out, any other as one token; both as long as they were."""
        return "|".ljust(len(found[0])) if found[0] in self.dates else found[0].replace(" ", "_")

    def has_part(self, said, start, end):
        """Say whether a token stands in one of the texts with the words before or after it: the page broke the text."""
        token = said[start:end].strip(EDGES)
        start = said.index(token, start)
        end = start + len(token)
        before, after = (
            re.sub(r"\s", "", part)
            for part in (
                CODE.split(said[max(0, start - REACH) : start])[-1] + said[start:end],
                said[start:end] + CODE.split(said[end : end + REACH])[0],
            )
        )
        patterns = {
            before: rf"{re.escape(before)}(?![.,]?\d)",
            after: rf"(?<!\d)(?<!\d[.,]){re.escape(after)}",
            token: rf"(?<!\d)(?<!\d[.,]){re.escape(token)}(?![.,]?\d)",
        }
        return any(len(part) >= SURE and re.search(pattern, self.joined_texts) for part, pattern in patterns.items())

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


def flowing(content, heads):
    """Return the text of a report as it is read on from page to page, and where each page begins in it.

    Taken out are what numbers the report itself (the numbers of pages, in the contents where they are those the
    bookmarks lead to) and, but for the first, the feet of pages, which are all one. A running head breaks a sentence
    too; one with a figure in it stays and is looked up, unless it is one of the names that may stand there (`heads`).
    """
    said, begins, feet = "", [], set()
    contents = bookmarks(content)
    for text in archive.read_text(content):
        # A hyphen at the end of a line is read as \x02, and what follows in the next cell without a space.
        *lines, foot = GLUED.sub(r"\1 ", text.replace("\x02", "- ")).splitlines()
        foot = PAGE_NUMBER.sub("", foot)
        if begins and (not re.search(r"\d", lines[-1]) or lines[-1] in heads):
            del lines[-1]
        page = _spaced((*lines, "" if foot in feet else foot))
        page = _spaced([LEADER.sub("", page)])
        for title, number in contents:
            page = page.replace(f"{title} {number} ", f"{title} ")
        begins.append(len(said))
        said += page
        feet.add(foot)
    assert len(feet) == 1
    return said, begins


def _spaced(lines):
    """Return lines as words, each with one space after it."""
    return "".join(f"{word} " for line in lines for word in line.split())


def bookmarks(content):
    """Return the title and the page of each bookmark."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [(mark.get_title(), mark.get_dest().get_index() + 1) for mark in document.get_toc()]
    finally:
        document.close()


def unmapped(content):
    """Return the numeric tokens of a report that are in none of its attachments, with page and words around."""
    known = Known(content)
    left = []
    said, begins = flowing(content, known.strings)
    words = said.split()
    place, rest = 0, []
    while place < len(words):
        length, after = known.text_at(words, place)
        taken = len(" ".join(words[place : place + length])) - len(after)
        rest.append(f"{'|':<{taken}}{after}" if length else words[place])
        place += length or 1
    # As long as what was said, so that places in the one are places in the other.
    masked = known.date.sub(known.mask, " ".join(rest))
    for found in re.finditer(r"[^\s–]+", masked):
        token, (start, end) = found[0], found.span()
        is_number = any(character.isdigit() for character in token)
        if is_number and not known.has(token) and not known.has_part(said, start, end):
            left.append((bisect(begins, start), token, said[max(0, start - 40) : end + 30]))
    return left


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", Kind)
def test_every_numeric_token_of_the_text_is_in_the_attachments(published, kind, language):
    assert unmapped(published(kind, language).content) == []


@pytest.mark.parametrize(("language", "written", "forged"), [("en", "68,000", "68,001"), ("es", "68.000", "68.001")])
def test_a_number_that_nobody_gave_is_found(published, language, written, forged):
    report = published(Kind.INSTRUMENT, language)
    assert written in report.page
    content = finished(report.edition, report.page.replace(written, forged, 1)).content
    assert [token for _, token, _ in unmapped(content)] == [forged]


@pytest.mark.parametrize(("language", "written", "forged"), [("pt", "20 de janeiro de 2025", "23 de janeiro de 2025")])
def test_a_day_that_nobody_gave_is_found(published, language, written, forged):
    report = published(Kind.INSTRUMENT, language)
    assert written in report.page
    content = finished(report.edition, report.page.replace(written, forged, 1)).content
    assert [token for _, token, _ in unmapped(content)] == [forged.replace(" ", "_")]
