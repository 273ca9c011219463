"""Sheets: every cell comes back exactly, nothing is a formula, and every mistake has a row and a column."""

import csv
import io
import json

import pytest

from sources import decision_sheets
from sources.errors import BadInput, Fault
from sources.review import Verdict

DRAFTS = {"P-1": {"instrument": "a", "stage": "signed", "note": ""}, "P-2": {"instrument": "b", "speaker": "=x"}}


def row(identity="P-1", decision="", **fields):
    """Return a row of a sheet."""
    return {"id": identity, "decision": decision, **{n: t for n, t in DRAFTS[identity].items() if t}, **fields}


def found(function, *arguments):
    """Return the mistakes of a call as (place, what was found)."""
    with pytest.raises(BadInput) as caught:
        function(*arguments)
    assert {fault.file for fault in caught.value.faults} == {"s.csv"}
    return [(fault.path, fault.found) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'quoted", "'=1", "plain", 'a "b", c\nd', "ñ", ""]
)
@pytest.mark.parametrize("write", [decision_sheets.as_csv, decision_sheets.as_json])
def test_every_cell_is_read_back_exactly(write, cell):
    given = row("P-1", speaker=cell)
    content = write([given], decision_sheets.COLUMNS)
    (back,) = decision_sheets.read(content.encode(), "s")
    assert {name: text for name, text in back.items() if text} == {name: text for name, text in given.items() if text}


def test_no_cell_of_a_csv_is_a_formula():
    content = decision_sheets.as_csv(
        [row("P-1", speaker=text) for text in ("=1", "+1", "-1", "@a", "\t=1", "\r=1")], decision_sheets.COLUMNS
    )
    cells = [line["speaker"] for line in csv.DictReader(io.StringIO(content, newline=""))]
    assert all(cell.startswith("'") for cell in cells)


def test_a_file_saved_by_a_spreadsheet_is_read():
    content = b"\xef\xbb\xbfid,decision,stage\r\nP-1,edit,adopted\r\n\r\n"
    rows = decision_sheets.read(content, "s.csv")
    (choice,) = decision_sheets.choices(rows, DRAFTS, "s.csv")
    assert (choice.proposal_id, choice.verdict, choice.fields) == ("P-1", Verdict.EDIT, {"stage": "adopted"})


def test_rows_become_choices_and_undecided_ones_none():
    rows = [row("P-1", "Accept", url="https://example.org", note="Checked."), row("P-2")]
    (choice,) = decision_sheets.choices(rows, DRAFTS, "s.csv")
    assert (choice.fields, choice.note) == ({"url": "https://example.org"}, "Checked.")
    (choice,) = decision_sheets.choices([row("P-2", "reject", note="Not so.")], DRAFTS, "s.csv")
    assert (choice.verdict, choice.fields, choice.note) == (Verdict.REJECT, {}, "Not so.")


def test_every_mistake_is_named_by_row_and_column():
    rows = [
        row("P-1", "acept"),
        row("P-1", "accept"),
        row("P-2", stage="signed"),
        {"id": "P-3", "decision": "accept"},
    ]
    assert found(decision_sheets.choices, rows, DRAFTS, "s.csv") == [
        ("row 1, column decision", "'acept'"),
        ("row 2, column id", "P-1, which stands in row 1 too"),
        ("row 3, column stage", "'signed'"),
        ("row 4, column id", "'P-3'"),
    ]
    for decision in ("accept", "reject"):
        assert found(decision_sheets.choices, [row("P-1", decision, stage="none")], DRAFTS, "s.csv") == [
            ("row 1, column stage", "'none'")
        ]


@pytest.mark.parametrize(
    ("content", "place", "what"),
    [
        (b"id,decision\nP-1\n", "row 1", "1 cells"),
        (b"", "the first line, columns separated by commas", "no column 'id'"),
        (b"id;decision\nP-1;accept\n", "the first line, columns separated by commas", "'id;decision'"),
        (b"id,decision,stge\n", "the first line, columns separated by commas", "'stge'"),
        (b"id,decision,stage,stage\n", "the first line, columns separated by commas", "'stage' twice"),
        (b'id,decision\n"P-1,accept', ".", "unexpected end of data"),
        (b"id,decision\n\xff,\n", ".", "'utf-8' codec can't decode byte 0xff in position 12: invalid start byte"),
        (b'{"proposals": 3}', "proposals", "3"),
        (b'{"proposals": [3]}', "row 1", "3"),
        (b'{"proposals": [{"id": "P-1", "decision": 1}]}', "row 1, column decision", "1"),
        (b'{"proposals": [{"id": "P-1"}]}', "row 1", "no column 'decision'"),
        (b'{"proposals": ', ".", "Expecting value: line 1 column 15 (char 14)"),
    ],
)
def test_what_is_no_sheet_is_refused(content, place, what):
    assert (place, what) in found(decision_sheets.read, content, "s.csv")


def test_json_nested_without_end_is_refused():
    assert found(decision_sheets.read, b'{"proposals": ' + b"[" * 100_000, "s.csv")[0][0] == "."


def test_mistakes_of_decisions_are_placed_in_the_sheet():
    faults = [
        Fault(file="P-2", path="stage", found="'x'", expected="y"),
        Fault(file="P-2", path="reviewer", found="'x'", expected="y"),
        Fault(file="review", path="reviewer", found="nobody", expected="y"),
    ]
    placed = decision_sheets.placed(faults, [row("P-1"), row("P-2")], "s.csv")
    assert [(fault.file, fault.path) for fault in placed] == [
        ("s.csv", "row 2, column stage"),
        ("s.csv", "row 2, reviewer"),
        ("review", "reviewer"),
    ]


def test_json_has_every_column_as_a_text():
    (made,) = json.loads(decision_sheets.as_json([row("P-1")], decision_sheets.COLUMNS))["proposals"]
    assert tuple(made) == decision_sheets.COLUMNS
    assert {type(cell) for cell in made.values()} == {str}
