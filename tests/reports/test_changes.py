"""What changed since a day or an edition, and which of the four causes did it."""

import re
from dataclasses import replace
from datetime import date

import pytest

from reports import changes, edition, render, tables
from reports.changes import Cause
from reports.comparison import compare_codebook
from reports.edition import Kind, Request
from reports.state import Clock
from sources.errors import BadInput
from sources.model import Existence, Stage
from tests import make

NOW = Clock(as_of=date(2026, 11, 24), on=date(2026, 11, 24), vintage=date(2025, 1, 19))
FIRST = make.statement(1, "2019-01-29", stage=Stage.IN_FORCE, level=2, source=make.source(published="2019-02-01"))
ENDED = make.statement(2, "2021-06-01", stage=Stage.ENDED, source=make.source(published="2021-06-02"))


def book_of(*statements):
    return make.book(make.instrument(*statements))


def back(when, published):
    """Return a statement that the instrument is in force again."""
    source = make.source(published=published)
    return make.statement(3, when, stage=Stage.IN_FORCE, level=2, source=source)


def changed(since, made, clock=NOW):
    return {c.row.code[-1]: c for c in changes.changes(since, compare_codebook(made, clock), made, clock)}


def test_nothing_changes_by_itself():
    made = book_of(FIRST, ENDED, back("2025-03-01", "2025-03-02"))
    assert changed(changes.on_day(made, NOW, date(2026, 11, 24)), made) == {}


def test_a_deed_since_then_is_the_world():
    made = book_of(FIRST, ENDED, back("2026-11-20", "2026-11-21"))
    found = changed(changes.on_day(made, NOW, date(2026, 11, 17)), made)["a"]
    assert (found.cause, found.row.change.existence) == (Cause.WORLD, Existence.REINSTATED)
    assert [s.id for s in found.new_statements] == ["S-0003"]
    assert found.is_headline


def test_an_earlier_deed_published_since_is_a_source():
    made = book_of(FIRST, ENDED, back("2025-03-01", "2026-11-21"))
    assert changed(changes.on_day(made, NOW, date(2026, 11, 17)), made)["a"].cause is Cause.SOURCE


def edition_of(made, clock=NOW):
    rows = tables.as_object(compare_codebook(made, clock), clock, made)
    inputs = {
        "as_of": clock.as_of.isoformat(),
        "on": clock.on.isoformat(),
        "codebook_sha256": dict(made.file_sha256),
    }
    return rows, {"edition": "e" * 64, "inputs": inputs}


def test_another_coding_of_what_was_known_is_our_coding():
    rows, manifest = edition_of(book_of(FIRST, ENDED))
    now = book_of(FIRST, ENDED, back("2025-03-01", "2025-03-02"))
    found = changed(changes.of_edition(rows, manifest, "rows.json"), now)["a"]
    assert found.cause is Cause.CODING


def test_with_the_same_files_and_clock_only_the_code_is_left():
    made = book_of(FIRST, ENDED, back("2025-03-01", "2025-03-02"))
    since = changes.of_edition(*edition_of(made), "rows.json")
    code = next(code for code in since.rows if code.endswith("a"))
    then = replace(since.rows[code], existence=Existence.NEW)
    found = changed(replace(since, rows={**since.rows, code: then}), made)
    assert {key: c.cause for key, c in found.items()} == {"a": Cause.CODE}


def test_an_edition_read_back_from_its_files_has_changed_nothing():
    made = book_of(FIRST, ENDED, back("2025-03-01", "2025-03-02"))
    assert changed(changes.of_edition(*edition_of(made), "rows.json"), made) == {}


def test_rows_that_are_none_are_refused_by_place():
    rows, manifest = edition_of(book_of(FIRST, ENDED))
    rows["rows"][0]["existence"] = "abolished"
    with pytest.raises(BadInput, match=r"rows.json: rows\[0\]: found 'abolished'"):
        changes.of_edition(rows, manifest, "rows.json")


@pytest.mark.parametrize(
    ("kind", "countries"), [(Kind.CHANGES, ("MEX",)), (Kind.CHANGES, ()), (Kind.COUNTRY, ("MEX",))]
)
def test_every_link_of_a_report_on_changes_leads_somewhere(book, clock, kind, countries):
    since = changes.on_day(book, clock, date(2026, 6, 1))
    made = edition.make(book, Request(kind=kind, clock=clock, country_codes=countries), since=since)
    page = render.html(made)
    anchors = set(re.findall(r'\bid="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors
    for changed_row in made.changes:
        assert changed_row.row.code in page


def test_a_report_on_changes_holds_the_changed_cells_alone(book, clock):
    since = changes.on_day(book, clock, date(2026, 6, 1))
    made = edition.make(book, Request(kind=Kind.CHANGES, clock=clock), since=since)
    assert {row.cell_code for row in made.rows} == {c.row.cell_code for c in made.changes}
    assert 0 < len(made.rows) < len(compare_codebook(book, clock))


def test_a_report_on_changes_says_that_there_are_none(book, clock):
    since = changes.on_day(book, clock, clock.as_of)
    made = edition.make(book, Request(kind=Kind.CHANGES, clock=clock), since=since)
    assert made.rows == ()
    assert "no row in this scope says anything else" in render.html(made)
