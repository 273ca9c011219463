"""Labels are read whole with the characters they stand for, or refused with every mistake by row."""

import json

import pytest

from sources import labels
from sources.errors import BadInput

TEXT = "A title\r\n\r\nMexico will pay for the wall. Who asks?\n"
CLAIM = {
    "id": "d001",
    "file": "notes/one.md",
    "date": "2016-09-01",
    "instrument_id": "border_wall",
    "countries": ["MEX"],
    "period": "first",
    "basis": "projected",
    "property": "stage",
    "value": "pledged",
    "modality": "pledge",
    "speaker": "a candidate",
    "negated": False,
    "quote": "Mexico will pay",
    "char_start": 11,
    "char_end": 26,
    "mark": "core",
    "accept": {"value": ["floated"]},
    "hard": [],
    "note": "",
}
TRAP = {
    "id": "t001",
    "file": "notes/one.md",
    "tempting_instrument": "border_wall",
    "why": "a question",
    "char_start": 41,
    "char_end": 50,
}


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a folder of labels and its data, and returns the folder."""

    def write(claim=CLAIM, trap=TRAP, document="notes/one.md,article,0,51"):
        (tmp_path / "data" / "notes").mkdir(parents=True)
        (tmp_path / "data" / "notes" / "one.md").write_bytes(TEXT.encode())
        folder = tmp_path / "labels"
        folder.mkdir()
        (folder / "claims.jsonl").write_text(json.dumps(claim) + "\n\n")
        (folder / "traps.jsonl").write_text(json.dumps(trap) + "\n")
        (folder / "documents.csv").write_text(f"file,kind,excerpt_start,excerpt_end\n{document}\n")
        return folder

    return write


def test_labels_come_with_the_document_they_are_about(write):
    (document,) = labels.read_labels(write()).documents
    assert (document.file, document.text, document.excerpt_start, document.excerpt_end) == ("notes/one.md", TEXT, 0, 51)
    (claim,), (trap,) = document.claims, document.traps
    assert (claim.countries, claim.basis, claim.accept) == (("MEX",), "projected", {"value": ("floated",)})
    assert document.text[trap.char_start : trap.char_end] == "Who asks?"


def test_the_data_may_lie_elsewhere(write, tmp_path):
    folder = write()
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    assert labels.read_labels(folder, tmp_path / "elsewhere").data == tmp_path / "elsewhere"
    with pytest.raises(BadInput, match=r"one\.md: the file: found .*No such file"):
        labels.read_labels(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"mark": "perhaps"},
            r"claims\.jsonl: row 1\.mark: found perhaps; expected Input should be 'core' or 'optional'",
        ),
        ({"char_end": "x"}, r"claims\.jsonl: row 1\.char_end: found x"),
        (
            {"quote": "Mexico shall pay"},
            r"claims\.jsonl: row 1\.quote: found 'Mexico will pay'; expected what stands in ",
        ),
        ({"quote": None, "char_end": 999}, r"claims\.jsonl: row 1\.quote"),
        ({"quote": None, "char_start": 26}, r"claims\.jsonl: row 1\.quote: found ''"),
        (
            {"file": "notes/two.md"},
            r"claims\.jsonl: row 1\.file: found notes/two\.md; expected a file of documents\.csv",
        ),
    ],
)
def test_a_claim_that_is_not_of_the_form_is_refused_by_row(write, change, message):
    with pytest.raises(BadInput, match=message):
        labels.read_labels(write(claim={**CLAIM, **change}))


def test_a_trap_is_checked_like_a_claim(write):
    with pytest.raises(BadInput, match=r"traps\.jsonl: row 1\.quote: found 'Who asks\?'"):
        labels.read_labels(write(trap={**TRAP, "quote": "Who pays?"}))


def test_a_path_that_leads_out_of_the_data_is_refused(write):
    with pytest.raises(BadInput, match="a path that leads out"):
        labels.read_labels(write(document="../labels/claims.jsonl,article,0,51"))
