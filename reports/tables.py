"""Rows as data: JSON for machines, CSV for spreadsheets, text for a terminal. All say the same.

Text from outside is data: a cell that a spreadsheet would read as a formula is quoted. The same rows as a workbook are
made in `reports/workbook.py`, as Parquet in `reports/parquet.py`.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from reports.comparison import Row
from reports.language import Language
from reports.state import Clock
from sources.codebook import Codebook
from sources.model import Side, State, Statement

if TYPE_CHECKING:
    import pandas as pd

# One cell of a row: an id or word, an ordinal number, several ids or words, or nothing where it is not known.
Cell = str | int | tuple[str, ...] | None


class Holds(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    WHOLE_NUMBER = "whole_number"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the rows. `meaning` is the key of its description; `side` the side of the comparison it tells of."""

    name: str
    meaning: str
    holds: Holds = Holds.TEXT
    unit: str = ""
    side: Side | None = None


# Ordinal scales: their numbers are ranks, and no sum or mean of them means anything.
_UNITS = {"level": "rank 0-4", "magnitude": "rank 1-4"}
_LISTS = frozenset({"notes", "statement_ids"})
_OF_CHANGE = (
    *("code", "instrument_id", "country_code", "component", "comparison", "headline", "existence", "degree"),
    *("direction", "magnitude", "certainty", "outcome", "notes"),
)
_OF_STATE = ("presence", "stage", "legal", "implementation", "level", "evidence")


def _column(meaning: str, side: Side | None = None) -> Column:
    name = f"{side.value}_{meaning}" if side else meaning
    holds = Holds.LIST if meaning in _LISTS else Holds.WHOLE_NUMBER if meaning in _UNITS else Holds.TEXT
    return Column(name=name, meaning=meaning, holds=holds, unit=_UNITS.get(meaning, ""), side=side)


COLUMNS = (
    *(_column(meaning) for meaning in _OF_CHANGE),
    *(_column(meaning, side) for side in Side for meaning in _OF_STATE),
    _column("statement_ids"),
)


def meaning(column: Column, language: Language) -> str:
    """Return what a column tells, in the reader's words: "First term: highest level, 0 to 4"."""
    said = language.word("column", column.meaning)
    if column.side is None:
        return said
    return language.gettext("%(side)s: %(meaning)s") % {"side": language.word("side", column.side), "meaning": said}


def as_object(
    rows: Sequence[Row], clock: Clock, codebook: Codebook, *, only_changed: bool = False
) -> dict[str, object]:
    """Return the rows as one JSON object: as_of, on, vintage, codebook, only_changed and rows.

    `only_changed` says that rows are missing: nothing can be compared with such a file.
    """
    statements = codebook.statements
    return {
        "as_of": clock.as_of.isoformat(),
        "on": clock.on.isoformat(),
        "vintage": clock.vintage.isoformat(),
        "codebook": codebook.version,
        "only_changed": only_changed,
        "rows": [_row_object(row, statements) for row in rows],
    }


def _row_object(row: Row, statements: Mapping[str, Statement]) -> dict[str, object]:
    change = row.change
    return {
        "code": row.code,
        "instrument_id": row.instrument.id,
        "country_code": row.country_code,
        "component": row.component,
        "comparison": row.comparison.value,
        "existence": change.existence.value,
        "degree": change.degree.value if change.degree else None,
        "direction": change.direction.value,
        "magnitude": change.magnitude,
        "certainty": change.certainty.value,
        "outcome": row.outcome.value,
        "headline": headline(row),
        "notes": [note.value for note in change.notes],
        "decided_by": change.decided_by,
        **{side.value: _state_object(state) for side, state in row.sides.items()},
        "today": _state_object(row.today),
        "claims": [
            {
                "statement_id": claim.statement_id,
                "outcome": claim.outcome.value,
                "horizon": claim.horizon.isoformat(),
                "days_late": claim.days_late,
            }
            for claim in row.claims
        ],
        "citations": [_citation(statements[i]) for i in row.statement_ids],
    }


def headline(row: Row) -> str:
    """Return the headline as one word of the vocabulary, with its degree: `continued, expanded`."""
    degree = row.change.degree
    return f"{row.change.existence}, {degree}" if degree else row.change.existence.value


def _state_object(state: State) -> dict[str, object]:
    return {
        "presence": state.presence.value,
        "stage": state.stage.value if state.stage else None,
        "ended": state.ended_how.value if state.ended_how else None,
        "legal": state.legal.value if state.legal else "unknown",
        "implementation": state.implementation.value if state.implementation else "unknown",
        "level": state.level,
        "disputed_levels": list(state.disputed_levels),
        "scope": dict(state.scope),
        "basis": state.basis.value,
        "evidence": state.evidence.value,
        "since": state.since.isoformat() if state.since else None,
        "last_evidence": state.last_evidence.isoformat() if state.last_evidence else None,
        "statement_ids": list(state.statement_ids),
        "condition_ids": list(state.condition_ids),
        "search_ids": list(state.search_ids),
    }


def _citation(s: Statement) -> dict[str, object]:
    return {
        "statement_id": s.id,
        "title": s.source.title,
        "publisher": s.source.imprint,
        "url": s.source.url,
        "published": str(s.source.published) if s.source.published else None,
        "kind": s.source.kind.value,
        "tier": s.source.tier,
        "group": s.source.group,
        "locator": s.locator,
        "quote_sha256": s.quote_sha256,
    }


def as_json(rows: Sequence[Row], clock: Clock, codebook: Codebook, *, only_changed: bool = False) -> str:
    """Return `as_object` as indented JSON that ends in a newline."""
    made = as_object(rows, clock, codebook, only_changed=only_changed)
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def as_csv(rows: Sequence[Row]) -> str:
    """Return the rows as CSV with COLUMNS; unknown levels are empty, lists are joined with spaces."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in COLUMNS])
    writer.writerows([harmless(joined(cell)) for cell in cells(row)] for row in rows)
    return out.getvalue()


def cells(row: Row) -> tuple[Cell, ...]:
    """Return what a row says in each of COLUMNS."""
    change = row.change
    return (
        row.code,
        row.instrument.id,
        row.country_code,
        row.component,
        row.comparison.value,
        headline(row),
        change.existence.value,
        change.degree,
        change.direction.value,
        change.magnitude,
        change.certainty.value,
        row.outcome.value,
        tuple(change.notes),
        *(cell for state in row.sides.values() for cell in _cells_of_state(state)),
        row.statement_ids,
    )


def _cells_of_state(state: State) -> tuple[Cell, ...]:
    return (
        state.presence.value,
        state.stage,
        state.legal or "unknown",
        state.implementation or "unknown",
        state.level,
        state.evidence.value,
    )


def joined(cell: Cell) -> str | int | None:
    """Return a cell for a table without lists: their members with spaces between."""
    return " ".join(cell) if isinstance(cell, tuple) else cell


def harmless(cell: object) -> object:
    """Return text that a spreadsheet takes as text: not as a formula (direction is a word here, so "-1" stays)."""
    if isinstance(cell, str) and cell[:1] in ("=", "@", "+", "-", "\t", "\r") and cell not in ("+1", "-1"):
        return "'" + cell
    return cell


def as_table(rows: Sequence[Row]) -> str:
    """Return the rows as aligned columns for a terminal."""
    head = (
        "code",
        "instrument",
        "country",
        "comparison",
        "headline",
        "certainty",
        "P first/bridge/proj/actual",
    )
    lines = [head] + [
        (
            row.code,
            row.instrument.id,
            row.country_code,
            row.comparison.value,
            headline(row),
            row.change.certainty.value,
            "/".join(state.presence for state in row.sides.values()),
        )
        for row in rows
    ]
    return columns(lines)


def columns(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells as text columns, two spaces apart."""
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join(text) + "\n"


# --- Tables of what was gathered ----------------------------------------------------------------------------------


def frame_as_csv(frame: "pd.DataFrame") -> str:
    """Return a table as CSV: days as YYYY-MM-DD, whole numbers without a point, no data as nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows([harmless(_plain(cell)) for cell in row] for row in frame.itertuples(index=False))
    return text.getvalue()


def frame_as_json(frame: "pd.DataFrame", name: str) -> str:
    """Return a table as one JSON object with a list of rows under `name`; no data is null."""
    rows = [
        dict(zip(frame.columns, (_plain(cell) for cell in row), strict=True)) for row in frame.itertuples(index=False)
    ]
    return json.dumps({name: rows}, ensure_ascii=False, indent=1) + "\n"


def frame_as_table(frame: "pd.DataFrame") -> str:
    """Return a table as text for a terminal, hashes cut to twelve digits and long texts to sixty letters."""
    lines = [tuple(frame.columns)]
    for row in frame.itertuples(index=False):
        cells = ("" if (plain := _plain(cell)) is None else str(plain) for cell in row)
        lines.append(
            tuple(
                cell[:12] if name == "snapshot_sha256" else cell if len(cell) <= 60 else f"{cell[:57]}..."
                for name, cell in zip(frame.columns, cells, strict=True)
            )
        )
    return columns(lines)


def _plain(cell: Any) -> str | int | float | None:
    """Return a cell as text, a number or None, never as a type of the table library."""
    if cell is None or cell != cell:
        return None
    if hasattr(cell, "date"):
        return str(cell.date())
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else cell
    return str(cell)
