"""Review by spreadsheet: proposals as CSV or JSON, and the decisions that somebody wrote into them.

One row for each proposal: `id`, `decision` (accept, reject, edit or nothing), the fields of the draft, and beside them
what helps to decide, which is not read back. A cell that a spreadsheet would take for a formula begins with an
apostrophe in CSV, and so does a cell that begins with one: every cell is read back exactly.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sources.drafts import CITATION, FIELDS
from sources.errors import BadInput, Fault
from sources.review import Choice, Verdict
from sources.texts import one_line

DECIDED = ("id", "decision")
FOR_READING = (
    *("state", "proposed", "would_change", "document", "document_published", "quote", "rule", "confidence"),
    *("optional", "why", "coder"),
)
COLUMNS = (*DECIDED, *FOR_READING, *FIELDS)

_QUOTED = ("=", "+", "-", "@", "\t", "\r", "'")
_ROWS = "proposals"

Row = Mapping[str, str]
"""One line of a sheet by column; a column that is not given is not there."""


def as_csv(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Return rows as CSV, harmless to a spreadsheet."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_guarded(row.get(column, "")) for column in columns] for row in rows)
    return out.getvalue()


def as_json(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Return rows as one JSON object with the list `proposals`."""
    listed = [{column: row.get(column, "") for column in columns} for row in rows]
    return json.dumps({_ROWS: listed}, ensure_ascii=False, indent=1) + "\n"


def read(content: bytes, name: str) -> list[Row]:
    """Return the rows of a sheet, CSV or JSON by its content.

    Raises BadInput naming each mistake by row and column: a column nobody knows, a row that is no row.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput([Fault(file=name, path=".", found=str(error), expected="UTF-8 text")]) from error
    return _rows_of_json(text, name) if text.lstrip().startswith("{") else _rows_of_csv(text, name)


def _column_faults(columns: Sequence[str], name: str, place: str) -> list[Fault]:
    """Return what is wrong with the columns of a line: unknown, given twice, or missing."""
    expected = "a column of `policydiff review export`"
    wrong = [(repr(column), expected) for column in columns if column not in COLUMNS]
    wrong += [(f"{column!r} twice", "each column once") for column in COLUMNS if columns.count(column) > 1]
    wrong += [(f"no column {column!r}", "an id and a decision") for column in DECIDED if column not in columns]
    return [Fault(file=name, path=place, found=found, expected=expected) for found, expected in wrong]


def _rows_of_csv(text: str, name: str) -> list[Row]:
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadInput([Fault(file=name, path=".", found=str(error), expected="comma-separated rows")]) from error
    head = lines[0] if lines else []
    faults = [
        Fault(
            file=name, path=f"row {number}", found=f"{len(line)} cells", expected=f"{len(head)}, as in the first line"
        )
        for number, line in enumerate(lines[1:], 1)
        if line and len(line) != len(head)
    ]
    faults += _column_faults(head, name, "the first line, columns separated by commas")
    if faults:
        raise BadInput(faults)
    return [dict(zip(head, map(_plain, line), strict=True)) for line in lines[1:] if line]


def _rows_of_json(text: str, name: str) -> list[Row]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput([Fault(file=name, path=".", found=str(error), expected="JSON")]) from error
    rows = content.get(_ROWS)
    if not isinstance(rows, list):
        raise BadInput([Fault(file=name, path=_ROWS, found=repr(rows)[:80], expected="a list of rows")])
    faults = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            faults.append(Fault(file=name, path=f"row {number}", found=repr(row)[:80], expected="columns and texts"))
            continue
        faults += _column_faults(list(row), name, f"row {number}")
        faults += [
            Fault(file=name, path=f"row {number}, column {column}", found=repr(cell)[:80], expected="a text")
            for column, cell in row.items()
            if not isinstance(cell, str)
        ]
    if faults:
        raise BadInput(faults)
    return rows


def choices(rows: Sequence[Row], drafts: Mapping[str, Mapping[str, str]], name: str) -> list[Choice]:
    """Return what the rows decide; `drafts` has the fields of every proposal as they stand, by id.

    A changed field needs the decision edit; with accept only what completes the citation, and the note, may change; the
    note of a rejection is its reason. Raises BadInput naming every mistake by row and column.
    """
    made: list[Choice] = []
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        identity, decision = row["id"].strip(), row["decision"].strip().casefold()
        if identity not in drafts:
            expected = "an id that `policydiff review list --state all` shows"
            faults.append(Fault(file=name, path=f"row {number}, column id", found=repr(identity), expected=expected))
            continue
        if first := seen.get(identity):
            found = f"{identity}, which stands in row {first} too"
            faults.append(Fault(file=name, path=f"row {number}, column id", found=found, expected="one row"))
            continue
        seen[identity] = number
        changed = _changed(row, drafts[identity])
        if decision not in ("", *Verdict):
            expected = "accept, reject, edit or nothing"
            faults.append(
                Fault(file=name, path=f"row {number}, column decision", found=repr(decision), expected=expected)
            )
            continue
        faults += [
            Fault(
                file=name,
                path=f"row {number}, column {field}",
                found=repr(changed[field]),
                expected=f"{drafts[identity].get(field, '')!r} as it stands, or the decision edit",
            )
            for field in changed
            if field not in _MAY_CHANGE[decision]
        ]
        if decision:
            note = changed.pop("note", "") if decision != Verdict.EDIT else ""
            made.append(Choice(proposal_id=identity, verdict=Verdict(decision), fields=changed, note=note))
    if faults:
        raise BadInput(faults)
    return made


_MAY_CHANGE: Mapping[str, frozenset[str]] = {
    "": frozenset(),
    Verdict.ACCEPT: frozenset((*CITATION, "note")),
    Verdict.REJECT: frozenset({"note"}),
    Verdict.EDIT: frozenset(FIELDS),
}


def _changed(row: Row, draft: Mapping[str, str]) -> dict[str, str]:
    given = {field: one_line(row[field]) for field in FIELDS if field in row}
    return {field: text for field, text in given.items() if text != draft.get(field, "")}


def placed(faults: Iterable[Fault], rows: Sequence[Row], name: str) -> list[Fault]:
    """Return the mistakes that `Review.decide` found in choices, each at the row and column it stands in."""
    numbers = {row["id"].strip(): number for number, row in enumerate(rows, 1)}
    return [
        replace(fault, file=name, path=f"row {numbers[fault.file]}, {'column ' * (fault.path in FIELDS)}{fault.path}")
        if fault.file in numbers
        else fault
        for fault in faults
    ]


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_QUOTED) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell
