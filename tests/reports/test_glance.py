"""An edition at a glance: what it holds in words, a line for each cell, its first page as a picture."""

import base64
import io
import struct
from dataclasses import replace

import pikepdf
import pytest

from reports import edition, glance
from reports.edition import Kind, Request
from reports.language import languages
from sources.model import Comparison
from tests.reports.conftest import gathered


@pytest.fixture
def guatemala(book, clock):
    """Return an edition of one country, with what was gathered."""
    return edition.make(book, Request(kind=Kind.COUNTRY, clock=clock, country_codes=("GTM",)), gathered())


def in_language(made, language):
    """Return an edition for a reader of another language."""
    return replace(made, request=replace(made.request, language=language))


def test_it_says_what_the_edition_holds_and_how_much_is_not_known(guatemala):
    said = glance.coverage(guatemala)
    assert said.startswith("## Guatemala\n\nWhat this edition holds\n\n- **Scope**: Guatemala; all instruments\n")
    assert "- **Known by (as of)**: 24 November 2026\n" in said
    unknown = guatemala.coverage.unknown
    told = f"first term {unknown['first']}, 19 January 2025 {unknown['bridge']}, projected {unknown['projected']}"
    assert f"{told}, actual {unknown['actual']}, of {guatemala.coverage.cells} rows\n" in said
    letters = " · ".join(f"{letter} {count}" for letter, count in guatemala.coverage.letters.items())
    assert f"- **Evidence of known states**: {letters}\n- **Gathered**" in said


def test_stale_sources_are_named(guatemala):
    assert ("Stale sources." in glance.coverage(guatemala)) is bool(guatemala.stale_sources)
    fresh = replace(guatemala, gathered=replace(guatemala.gathered, sources=()))
    assert "Stale sources." not in glance.coverage(fresh)
    assert "Gathered" not in glance.coverage(fresh)


@pytest.mark.parametrize("language", languages())
def test_a_cell_has_one_line_with_what_each_comparison_says(guatemala, language):
    made = in_language(guatemala, language)
    lines = glance.lines(made)
    assert [next(iter(line.values())) for line in lines] == list(dict.fromkeys(r.cell_code for r in made.all_rows))
    assert {len(line) for line in lines} == {3 + len(Comparison)}
    assert all(all(line.values()) for line in lines)


def test_a_line_says_how_certain_a_change_is(guatemala):
    (row,) = [row for row in guatemala.rows if row.code == "R-1303a"]
    (line,) = [line for line in glance.lines(guatemala) if line["Row"] == "R-1303"]
    assert line["Instrument"] == "Removal flights"
    assert line["first and second term"] == f"Continued ({row.change.certainty})"


def test_words_are_those_of_the_readers_language(guatemala):
    assert "Qué contiene esta edición" in glance.coverage(in_language(guatemala, "es"))
    assert next(iter(glance.lines(in_language(guatemala, "pt"))[0])) == "Linha"


def test_the_first_page_is_a_small_picture_of_the_first_page():
    document = pikepdf.new()
    document.add_blank_page(page_size=(612, 792))
    document.add_blank_page(page_size=(300, 300))
    content = io.BytesIO()
    document.save(content)
    head, _, encoded = glance.first_page(content.getvalue()).partition(",")
    picture = base64.b64decode(encoded, validate=True)
    assert head == "data:image/png;base64"
    assert picture.startswith(b"\x89PNG\r\n")
    assert struct.unpack(">II", picture[16:24]) == (918, 1188)
