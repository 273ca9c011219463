"""Rows as a workbook (XLSX), for people who count and sort: with their statements, their sources, and a sheet about it.

Every cell is text, a number, a day or nothing. Text is written as text whatever it begins with, and marked so that it
stays text when somebody edits it: no formula, no link, no macro.
"""

import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import xlsxwriter

from reports import tables
from reports.edition import Edition, Paper
from reports.language import Language
from reports.sections import cover
from sources.errors import Refused
from sources.model import Statement

# The most a cell of the format holds.
LONGEST_TEXT = 32_767

Value = str | int | float | date | None

STATEMENT_COLUMNS = (
    *("statement_id", "instrument_id", "country_codes", "component", "basis", "modality", "speaker", "is_named"),
    *("holds_from_first_date", "holds_from_last_date", "holds_to_date", "effective_date", "horizon_date"),
    *("stage", "ended", "legal", "implementation", "level", "partner_response", "litigation", "authority"),
    *("measure", "qualifier", "value", "low", "high", "unit", "unit_of_count", "text"),
    *("source_title", "source_publisher", "source_url", "source_published_first_date", "source_published_last_date"),
    *("locator", "quote_sha256", "recorded_date", "coder", "reviewer", "corrects", "disputes"),
)
SOURCE_COLUMNS = (
    *("kind", "source_id", "title", "publisher", "url", "language", "published_first_date", "published_last_date"),
    *("tier", "group", "statement_ids", "licence", "last_look_date", "rows", "withheld_rows", "snapshots"),
)

# Widths in characters.
_NARROWEST, _WIDEST = 8, 60
_PAPERS = {Paper.LETTER: 1, Paper.A4: 9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet: its name, the names of its columns (none where it is no table), and its lines."""

    name: str
    columns: tuple[str, ...]
    lines: tuple[tuple[Value, ...], ...]


def as_workbook(edition: Edition) -> bytes:
    """Return the edition as a workbook with the sheets rows, statements, sources and about.

    The same bytes for the same edition: its time of creation is the day `as_of`. Raises Refused for a text that is
    longer than a cell can be.
    """
    language = Language(edition.request.language)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties(
        {
            "title": cover.title(edition, language),
            "subject": cover.scope(edition, language),
            "created": datetime.combine(edition.request.clock.as_of, time.min, UTC),
        }
    )
    styles = {
        "head": book.add_format({"bold": True, "bottom": 1, "quote_prefix": True}),
        "text": book.add_format({"quote_prefix": True, "valign": "top", "text_wrap": True}),
        "day": book.add_format({"num_format": "yyyy-mm-dd", "valign": "top", "align": "left"}),
        "number": book.add_format({"valign": "top"}),
    }
    for sheet in sheets(edition):
        _write(book.add_worksheet(sheet.name), sheet, styles, edition.request.paper)
    book.close()
    return out.getvalue()


def sheets(edition: Edition) -> tuple[Sheet, ...]:
    """Return what the workbook holds; statements' texts and the sheet about it are in the reader's language."""
    language = Language(edition.request.language)
    return (
        Sheet(
            name="rows",
            columns=tuple(column.name for column in tables.COLUMNS),
            lines=tuple(tuple(map(tables.joined, tables.cells(row))) for row in edition.all_rows),
        ),
        Sheet(
            name="statements",
            columns=STATEMENT_COLUMNS,
            lines=tuple(_statement(s, language) for s in _statements(edition)),
        ),
        Sheet(name="sources", columns=SOURCE_COLUMNS, lines=tuple(_sources(edition))),
        Sheet(name="about", columns=(), lines=tuple(_about(edition, language))),
    )


def _statements(edition: Edition) -> list[Statement]:
    """Return what the edition may cite, and what decides rows of its context beside that."""
    cited = {s.id: s for s in edition.statements}
    rest = {i for row in edition.all_rows for i in row.statement_ids} - cited.keys()
    return [*cited.values(), *(edition.codebook.statements[i] for i in sorted(rest))]


def _statement(s: Statement, language: Language) -> tuple[Value, ...]:
    """Return a statement as the cells of STATEMENT_COLUMNS."""
    quantity, published = s.quantity, s.source.published
    return (
        s.id,
        s.instrument_id,
        " ".join(s.country_codes),
        s.component,
        s.basis.value,
        s.modality.value,
        s.speaker,
        s.is_named,
        s.holds_from.first_day,
        s.holds_from.last_day,
        s.holds_to,
        s.effective,
        s.horizon,
        s.stage,
        s.ended_how,
        s.legal,
        s.implementation,
        s.level,
        s.partner_response,
        s.litigation,
        s.authority,
        *(
            (quantity.measure, quantity.qualifier, quantity.value, quantity.low, quantity.high)
            if quantity
            else (None,) * 5
        ),
        *((quantity.unit, quantity.unit_of_count) if quantity else (None,) * 2),
        language.text(s.text),
        s.source.title,
        language.publisher(s.source),
        s.source.url,
        *((published.first_day, published.last_day) if published else (None,) * 2),
        s.locator,
        s.quote_sha256,
        s.recorded,
        s.coder,
        s.reviewer,
        s.corrects,
        " ".join(s.disputes),
    )


def _sources(edition: Edition) -> Iterator[tuple[Value, ...]]:
    """Yield the publications cited and the public sources gathered as the cells of SOURCE_COLUMNS."""
    citing: dict[tuple[str, str, str], list[Statement]] = defaultdict(list)
    for s in _statements(edition):
        citing[s.source.publisher, s.source.title, s.source.url].append(s)
    for _, statements in sorted(citing.items()):
        source = statements[0].source
        published = source.published
        yield (
            *(source.kind.value, source.id, source.title, source.publisher, source.url, source.language),
            *((published.first_day, published.last_day) if published else (None,) * 2),
            *(source.tier, source.group, " ".join(s.id for s in statements), *(None,) * 5),
        )
    for gathered in edition.gathered.sources:
        yield (
            *("gathered", gathered.source_id, gathered.title, gathered.publisher, gathered.url, "en", None, None),
            *(gathered.tier, None, None, gathered.licence, gathered.last_look, gathered.rows, gathered.withheld),
            len(gathered.snapshot_sha256),
        )


def _about(edition: Edition, language: Language) -> Iterator[tuple[Value, ...]]:
    """Yield what the workbook is, how old its sources are, and how to read it."""
    _, clock = language.gettext, edition.request.clock
    yield cover.title(edition, language), None
    yield _("Scope"), cover.scope(edition, language)
    yield _("Known by (as of)"), clock.as_of
    yield _("Valid on"), clock.on
    yield _("Projections said by"), clock.vintage
    yield _("Codebook"), edition.codebook.version
    yield _("Edition"), edition.id
    yield _("Rows withheld"), edition.withheld_rows
    for source in edition.stale_sources:
        stale = _("%(publisher)s, %(title)s: last looked at on %(day)s, fresh for %(days)s days") % {
            "publisher": source.publisher,
            "title": source.title,
            "day": language.day(source.last_look),
            "days": language.number(source.max_age_days),
        }
        yield _("Stale sources."), stale
    yield (
        _("How to read this"),
        _(
            "The sheet rows has one line for each instrument, place and comparison. An empty cell is not known or not "
            "stated; it never stands for zero or for unchanged."
        ),
    )
    yield (
        None,
        _(
            "The sheet statements has one line for each statement the rows may rest on, with its source, the place in "
            "it and the SHA-256 of the quoted passage. What is known only to a month or a year has a first and a last "
            "date."
        ),
    )
    yield None, _("The sheet sources has one line for each publication cited and for each public source gathered.")
    yield _("Columns of the sheet rows"), None
    for column in tables.COLUMNS:
        yield column.name, tables.meaning(column, language)


def _write(page: Any, sheet: Sheet, styles: dict[str, Any], paper: Paper) -> None:
    """Fill a sheet: a table's head stays in view and has filters; a column is as wide as its texts, within bounds."""
    first = 1 if sheet.columns else 0
    for number, name in enumerate(sheet.columns):
        page.write_string(0, number, name, styles["head"])
    for number, line in enumerate(sheet.lines, start=first):
        for place, value in enumerate(line):
            _write_cell(page, sheet.name, number, place, value, styles)
    if sheet.columns:
        page.freeze_panes(1, 1)
        page.autofilter(0, 0, len(sheet.lines), len(sheet.columns) - 1)
        page.repeat_rows(0)
    for number, width in enumerate(_widths(sheet)):
        page.set_column(number, number, width)
    page.set_landscape()
    page.set_paper(_PAPERS[paper])
    page.fit_to_pages(1, 0)


def _write_cell(page: Any, sheet: str, line: int, column: int, value: Value, styles: dict[str, Any]) -> None:
    """Write a value as what it is. What is not known or has no letters is no cell at all."""
    match value:
        case None | "":
            return
        case bool():
            page.write_boolean(line, column, value, styles["number"])
        case int() | float():
            page.write_number(line, column, value, styles["number"])
        case date():
            page.write_datetime(line, column, value, styles["day"])
        case str():
            if page.write_string(line, column, value, styles["text"]) != 0:
                raise Refused(
                    f"a text of line {line + 1} of the sheet {sheet} has {len(value)} letters; a cell of a workbook "
                    f"holds {LONGEST_TEXT}: build without xlsx"
                )


def _widths(sheet: Sheet) -> list[int]:
    columns: Sequence[Sequence[Value]] = list(zip(*filter(None, (sheet.columns, *sheet.lines)), strict=True))
    longest = [max(len(str(value)) for value in column if value is not None) for column in columns]
    return [min(max(length + 2, _NARROWEST), _WIDEST) for length in longest]
