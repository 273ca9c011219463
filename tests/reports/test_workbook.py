"""The rows as a workbook: two readers find the same cells as in the CSV, typed, and nothing that does anything."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import date, datetime

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from reports import edition, tables, workbook
from reports.edition import Kind, Request
from reports.language import languages
from sources.errors import Refused
from tests.reports.conftest import gathered

HOSTILE = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "http://example.org/",
    '=HYPERLINK("http://example.org")',
    "#x!A1",
)


@pytest.fixture(scope="module")
def made(book, clock):
    """Return the edition of a country with gathered numbers."""
    request = Request(kind=Kind.COUNTRY, clock=clock, country_codes=("MEX",), language="es")
    return edition.make(book, request, gathered())


@pytest.fixture(scope="module")
def content(made):
    """Return the country's workbook."""
    return workbook.as_workbook(made)


def lines_of(content, sheet):
    """Return a sheet's lines of values as openpyxl reads them."""
    return [list(line) for line in openpyxl.load_workbook(io.BytesIO(content))[sheet].values]


def test_both_readers_find_the_sheets_and_the_same_cells(content):
    read = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert read.sheet_names == ["rows", "statements", "sources", "about"]
    for name in read.sheet_names:
        cells = read.get_sheet_by_name(name).to_python(skip_empty_area=False)
        known = [["" if value is None else _plain(value) for value in line] for line in lines_of(content, name)]
        assert [[_plain(value) for value in line] for line in cells] == known


def _plain(value):
    return value.date() if isinstance(value, datetime) else value


def test_the_rows_are_those_of_the_csv(made, content):
    head, *rows = lines_of(content, "rows")
    names, *lines = csv.reader(io.StringIO(tables.as_csv(made.all_rows)))
    assert head == names
    assert [["" if cell is None else str(cell) for cell in row] for row in rows] == lines


def test_numbers_and_days_are_numbers_and_days_and_what_is_not_known_is_no_cell(made, content):
    head, *rows = lines_of(content, "rows")
    levels = [row[head.index("actual_level")] for row in rows]
    assert {type(level) for level in levels} == {int, type(None)}
    head, *statements = lines_of(content, "statements")
    one = dict(zip(head, next(line for line in statements if line[0] == "S-0010"), strict=True))
    statement = made.codebook.statements["S-0010"]
    assert (one["holds_from_first_date"], one["recorded_date"]) == (
        datetime(2019, 8, 1),
        datetime.combine(statement.recorded, datetime.min.time()),
    )
    assert (one["value"], one["low"], one["is_named"]) == (12500, None, statement.is_named)
    assert one["text"] == statement.text["es"]
    (day, empty) = [
        cell for row in openpyxl.load_workbook(io.BytesIO(content))["statements"]["I10:J10"] for cell in row
    ]
    assert (day.number_format, empty.is_date) == ("yyyy-mm-dd", True)


def test_every_statement_that_decides_a_row_is_in_its_sheet_with_its_source(content):
    head, *rows = lines_of(content, "rows")
    cited = {i for row in rows for i in (row[head.index("statement_ids")] or "").split()}
    head, *statements = lines_of(content, "statements")
    assert cited <= {line[0] for line in statements}
    head, *sources = lines_of(content, "sources")
    in_sources = {i for line in sources for i in (line[head.index("statement_ids")] or "").split()}
    assert {i for i in cited if i.startswith("S-")} <= in_sources
    (given,) = [dict(zip(head, line, strict=True)) for line in sources if line[0] == "gathered"]
    assert (given["source_id"], given["last_look_date"], given["rows"]) == ("a_source", datetime(2026, 11, 20), 3)


@pytest.mark.parametrize("language", languages())
def test_the_sheet_about_it_says_of_what_day_it_is_and_what_each_column_means(book, clock, language):
    request = Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=("travel_ban",), language=language)
    made = edition.make(book, request)
    about = lines_of(workbook.as_workbook(made), "about")
    values = [value for line in about for value in line]
    assert {datetime(2026, 11, 24), datetime(2025, 1, 19), made.id} <= set(values)
    explained = {line[0]: line[1] for line in about}
    assert all(explained[column.name] for column in tables.COLUMNS)


def test_heads_stay_in_view_have_filters_and_columns_fit(content):
    read = openpyxl.load_workbook(io.BytesIO(content))
    for name in ("rows", "statements", "sources"):
        assert read[name].freeze_panes == "B2"
        assert read[name].auto_filter.ref == read[name].dimensions
        assert all(8 <= size.width <= 61 for size in read[name].column_dimensions.values())
    assert read["about"].auto_filter.ref is None


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_text_whatever_it_begins_with(book, clock, text):
    instrument = book.instruments[0]
    first, *rest = instrument.statements
    source = replace(first.source, title=text, publisher=text, url=text)
    changed = replace(first, text=dict.fromkeys(("en", "es", "pt"), text), locator=text, speaker=text, source=source)
    other = replace(book, instruments=(replace(instrument, statements=(changed, *rest)),))
    made = edition.make(other, Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=(instrument.id,)))
    content = workbook.as_workbook(made)
    read = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for sheet in read for line in sheet for cell in line if cell.value == text]
    assert len(cells) >= 5
    assert {(cell.data_type, cell.hyperlink, cell.quotePrefix) for cell in cells} == {("s", None, True)}
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert not [name for name in parts.namelist() if "link" in name.lower() or "vba" in name.lower()]
        assert not [name for name in parts.namelist() if b"<f>" in parts.read(name) or b"<f " in parts.read(name)]


def test_a_text_longer_than_a_cell_is_refused_and_never_cut(book, clock):
    instrument = book.instruments[0]
    first, *rest = instrument.statements
    for length, is_refused in ((workbook.LONGEST_TEXT, False), (workbook.LONGEST_TEXT + 1, True)):
        changed = replace(first, locator="x" * length)
        other = replace(book, instruments=(replace(instrument, statements=(changed, *rest)),))
        made = edition.make(other, Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=(instrument.id,)))
        if is_refused:
            with pytest.raises(Refused, match=r"of the sheet statements has 32768 letters; .* build without xlsx"):
                workbook.as_workbook(made)
        else:
            assert "x" * length in lines_of(workbook.as_workbook(made), "statements")[1]


def test_its_time_is_the_day_it_tells_of(made, content):
    created = openpyxl.load_workbook(io.BytesIO(content)).properties.created
    assert created.date() == made.request.clock.as_of == date(2026, 11, 24)
    assert workbook.as_workbook(made) == content
