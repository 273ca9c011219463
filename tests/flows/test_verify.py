"""`policydiff verify`, and `explain` from a file: exit codes, JSON, and what is refused."""

import json

import pytest

from reports import edition
from reports.edition import Kind, Request
from tests.reports.conftest import REMAIN, finished


@pytest.fixture(scope="module")
def content(book, clock):
    """Return the bytes of a report on one instrument."""
    return finished(edition.make(book, Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=(REMAIN,)))).content


@pytest.fixture
def report(content, tmp_path):
    """Return the path of a report, and one of the same with a byte altered."""
    whole, altered = tmp_path / "report.pdf", tmp_path / "altered.pdf"
    whole.write_bytes(content)
    changed = bytearray(content)
    changed[len(content) // 2] ^= 1
    altered.write_bytes(changed)
    return whole, altered


def test_verify_says_valid_or_names_what_was_altered(run, report):
    whole, altered = report
    code, text, _ = run("verify", str(whole))
    assert (code, text.split()[0]) == (0, "valid:")
    code, text, _ = run("verify", str(altered))
    assert code == 1
    assert all(line.startswith("altered: ") for line in text.splitlines())


def test_verify_prints_one_object(run, report):
    whole, altered = report
    told = json.loads(run("verify", str(whole), "--json")[1])
    assert (told["valid"], told["altered"]) == (True, [])
    assert len(told["edition"]) == 64
    assert "statements.json" in told["attachments"]
    told = json.loads(run("verify", str(altered), "--json")[1])
    assert told["valid"] is False
    assert {"part", "finding"} == told["altered"][0].keys()


def test_what_is_no_report_is_bad_input(run, tmp_path):
    (tmp_path / "notes.txt").write_text("not a report")
    code, text, error = run("verify", "notes.txt")
    assert (code, text) == (2, "")
    assert "notes.txt: content: found no report" in error
    assert run("verify", "nowhere.pdf")[0] == 2


def test_explain_from_a_file_says_what_explain_says_here(run, report):
    whole, _ = report
    code, text, _ = run("explain", "R-0102", "--file", str(whole))
    assert code == 0
    assert text == run("explain", "R-0102", "--instrument", REMAIN, "--as-of", "2026-11-24")[1]
    told = json.loads(run("explain", "S-0030", "--file", str(whole), "--json")[1])
    assert {row["instrument_id"] for row in told["rows"]} == {REMAIN}


def test_explain_takes_no_filter_beside_a_file_and_no_altered_report(run, report):
    whole, altered = report
    code, _, error = run("explain", "R-0102", "--file", str(whole), "--country", "MEX")
    assert code == 2
    assert "give no other filter" in error
    code, text, error = run("explain", "R-0102", "--file", str(altered))
    assert (code, text) == (1, "")
    assert "was altered" in error
    assert run("explain", "R-9999", "--file", str(whole))[0] == 2


def test_attachments_of_another_form_are_named(run, report, monkeypatch):
    from reports import archive

    forms = {name: content.replace(b'"modality"', b'"manner"') for name, content in attached(report).items()}
    monkeypatch.setattr(archive, "attached", lambda _: forms)
    code, _, error = run("explain", "R-0102", "--file", str(report[0]))
    assert code == 2
    assert "found another form" in error


def attached(report):
    from reports import archive

    return archive.attached(report[0].read_bytes())
