"""The command `policydiff review` as a user types it: lists, decisions, the diff they change, sheets, a session."""

import csv
import hashlib
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import cli
from flows import review as command
from sources import codebook, dates
from sources.codebook import INSTRUMENTS
from sources.model import Basis, Modality
from sources.review import Reading, Review, State
from tests import make

TEXT = "Brazil signed the agreement on Monday.\n\nFlights to Haiti went on. \x1b[31mNothing else =1+1 was said."
CITED = ("--url", "https://news.example.org/one", "--publisher", "A paper")


def claim(quote, instrument, code, **values):
    """Return a proposal quoted from TEXT."""
    start = TEXT.index(quote)
    plain = {
        "instrument_id": instrument,
        "country_codes": (code,),
        "basis": Basis.OBSERVED,
        "value": "in_force",
        "modality": Modality.FACT_REPORTED,
        "speaker": "=HYPERLINK(1)",
        "date": dates.parse("2025-02-03"),
        "quote": quote,
        "char_start": start,
        "char_end": start + len(quote),
    }
    return make.proposal(**plain | values)


SIGNED = claim("Brazil signed the agreement", "third_country_removals", "BRA", is_optional=True, why="no date")
FLIGHTS = claim("Flights to Haiti went on", "removal_flights", "HTI", property="partner_response", value="accepts")


@pytest.fixture
def run(run, book, monkeypatch):
    """Return a function that runs `policydiff review`, or another command; the shipped files are read once for all."""
    monkeypatch.setattr(codebook, "load", lambda: book)
    monkeypatch.delenv("POLICYDIFF_REVIEWER", raising=False)
    return lambda *words, of="review": run(*([of] if of else []), *words)


@pytest.fixture
def kept(run, tmp_path):
    """Return the kept review of one document, and the ids of its proposals by instrument."""
    del run
    review = Review(tmp_path / ".policydiff" / "store" / "review")
    document = make.document(TEXT, published=dates.parse("2025-02-04"))
    when = datetime(2026, 3, 1, tzinfo=UTC)
    review.keep(Reading(document=document, proposals=(SIGNED, FLIGHTS), group="g1", read=when))
    return review, {item.proposal.instrument_id: item.id for item in review.proposals()}


def test_an_empty_home_says_what_to_do_and_changes_no_result(run, tmp_path):
    code, text, error = run("list")
    assert (code, text) == (0, "")
    assert "no pending proposals; `policydiff read` proposes statements" in error
    assert run("list", "--json")[1] == '{\n "proposals": []\n}\n'
    assert not (tmp_path / ".policydiff").exists()


def test_the_list_has_the_most_consequential_first_in_every_format(run, kept):
    _, ids = kept
    code, text, error = run("list")
    assert code == 0
    assert "2 proposals" in error
    assert text.index(ids["third_country_removals"]) < text.index(ids["removal_flights"])
    assert "third_country_removals, Brazil: in force [optional: no date]" in text
    assert "would change: R-1417a: no row -> unknown_first" in text
    made = json.loads(run("list", "--json")[1])["proposals"]
    lines = list(csv.DictReader(io.StringIO(run("list", "--format", "csv")[1])))
    assert [one["id"] for one in made] == [line["id"] for line in lines]
    assert (made[0]["effect"], made[1]["effect"]) == ("headline", "nothing")
    assert made[0]["fields"]["stage"] == lines[0]["proposed"].replace(" ", "_") == "in_force"
    assert made[0].keys() == {
        *("id", "state", "coder", "instrument_id", "country_codes", "proposed", "fields", "effect", "would_change"),
        *("mistakes", "document", "quote", "char_start", "char_end", "rule", "confidence", "optional", "why"),
        "decisions",
    }


def test_the_list_is_narrowed_by_state_instrument_and_country(run, kept):
    _, ids = kept

    def listed(*words):
        return [one["id"] for one in json.loads(run("list", "--json", *words)[1])["proposals"]]

    assert listed("--instrument", "removal_flights") == [ids["removal_flights"]]
    assert listed("--country", "bra") == [ids["third_country_removals"]]
    assert listed("--state", "accepted") == []
    assert len(listed("--state", "all")) == 2
    assert "did you mean removal_flights" in run("list", "--instrument", "removal_flight")[2]


def test_show_marks_the_quote_in_its_context_and_prints_nothing_that_moves_a_cursor(run, kept):
    _, ids = kept
    code, text, _ = run("show", ids["removal_flights"])
    assert code == 0
    assert "on Monday. >>> Flights to Haiti went on <<< . " in text
    assert "\x1b" not in text
    assert "rule a_rule, confidence 0.80" in text
    assert "  partner_response = accepts" in text
    code, _, error = run("show", "P-123")
    assert code == 2
    assert "no such proposal" in error
    assert json.loads(run("show", ids["removal_flights"], "--json")[1])["char_start"] == TEXT.index("Flights")


def test_accepting_changes_the_diff_and_rejecting_it_takes_the_change_back(run, kept):
    _, ids = kept
    identity = ids["third_country_removals"]
    words = ("--instrument", "third_country_removals", "--country", "BRA", "--json")
    assert json.loads(run(*words, of="diff")[1])["rows"] == []
    code, text, error = run("accept", identity, "--as", "Ana", *CITED, "--note", "Read twice.")
    assert (code, text) == (0, "")
    assert f"{identity}: accepted by Ana" in error
    rows = json.loads(run(*words, of="diff")[1])["rows"]
    assert [row["headline"] for row in rows] == ["unknown_both", "unknown_first", "unknown_first"]
    assert {row["actual"]["presence"] for row in rows} == {"T"}, "in force, and not seen applied"
    (citation,) = rows[1]["citations"]
    assert citation["statement_id"] == f"L-{identity[2:]}"
    assert "note: Read twice." in run(citation["statement_id"].lower(), of="explain")[1]
    run("reject", identity, "--as", "Ben", "--reason", "Not so.")
    assert json.loads(run(*words, of="diff")[1])["rows"] == []
    page = run("show", identity)[1]
    assert "accept by Ana: Read twice." in page
    assert "reject by Ben: Not so." in page


def test_an_edition_with_an_accepted_statement_has_another_id_and_an_untouched_one_the_shipped(run, kept):
    _, ids = kept
    words = ("--report", "brief", "--as-of", "2026-11-24", "--format", "json", "--json")
    before = json.loads(run(*words, of="build")[1])["edition"]
    run("reject", ids["removal_flights"], "--as", "Ana")
    assert json.loads(run(*words, of="build")[1])["edition"] == before
    run("accept", ids["third_country_removals"], "--as", "Ana", *CITED)
    after = json.loads(run(*words, of="build")[1])
    assert after["edition"] != before
    manifest = json.loads(Path(after["manifest"]).read_text(encoding="utf-8"))
    assert "overlay" in manifest["inputs"]["codebook_sha256"]


def test_the_shipped_files_are_never_touched(run, kept, book):
    def hashes():
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in INSTRUMENTS.iterdir()}

    before = hashes()
    _, ids = kept
    run("accept", *ids.values(), "--as", "Ana", *CITED)
    assert len(kept[0].overlay()) == 2
    assert hashes() == before
    assert "overlay" not in book.file_sha256


def test_the_reviewer_is_named_by_option_setting_or_environment_and_never_guessed(run, kept, monkeypatch, tmp_path):
    review, ids = kept
    code, _, error = run("reject", ids["removal_flights"])
    assert code == 2
    assert "POLICYDIFF_REVIEWER" in error
    monkeypatch.setenv("POLICYDIFF_REVIEWER", "Cy")
    run("reject", ids["removal_flights"])
    monkeypatch.delenv("POLICYDIFF_REVIEWER")
    (tmp_path / "policydiff.toml").write_text('reviewer = "Dee"\n', encoding="utf-8")
    run("reject", ids["removal_flights"])
    run("--as", "Eve", "reject", ids["removal_flights"])
    assert [decision.reviewer for decision in review.decisions()] == ["Cy", "Dee", "Eve"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("accept", "ID", "--as", "Ana"), "url: found nothing; expected the address it was published at"),
        (("accept", "P-1", "--as", "Ana", *CITED), "no such proposal"),
        (("edit", "ID", "--set", "stage", "--as", "Ana"), "expected FIELD=VALUE"),
        (("edit", "ID", "--set", "stage=begun", "--as", "Ana"), "stage: found 'begun'"),
        (("edit", "ID", "--as", "Ana"), "Missing option '--set'"),
        (("accept",), "Missing argument"),
        (("export", "sheet.xlsx"), "expected .csv or .json"),
        (("export", "missing/sheet.csv"), "No such file or directory"),
        (("import", "missing.csv"), "does not exist"),
    ],
)
def test_a_mistake_is_one_message_and_exit_code_2(run, kept, words, said):
    review, ids = kept
    code, text, error = run(*(ids["removal_flights"] if word == "ID" else word for word in words))
    assert (code, text) == (2, "")
    assert said in error
    assert review.decisions() == ()


def test_who_edits_may_not_accept(run, kept):
    _, ids = kept
    identity = ids["removal_flights"]
    code, _, error = run("edit", identity, "--set", "partner_response=refuses", "--set", "speaker=", "--as", "Ana")
    assert code == 2
    assert "speaker" in error
    assert (
        "another person must accept it" in run("edit", identity, "--set", "partner_response=refuses", "--as", "Ana")[2]
    )
    assert "[edited by Ana]" in run("list")[1]
    code, _, error = run("accept", identity, "--as", "ana", *CITED)
    assert code == 2
    assert "found 'ana', and the coder of this draft is 'Ana'" in error
    assert run("accept", identity, "--as", "Ben", *CITED)[0] == 0


@pytest.mark.parametrize("name", ["sheet.csv", "sheet.json"])
def test_a_sheet_goes_out_and_its_decisions_come_back(run, kept, tmp_path, name):
    review, ids = kept
    path = tmp_path / name
    assert "2 proposals written" in run("export", name)[2]
    content = path.read_text(encoding="utf-8")
    assert ("'=HYPERLINK(1)" in content) is name.endswith(".csv")
    assert "nothing was decided" in run("import", name, "--as", "Ana")[2]
    assert review.decisions() == ()
    write(path, {ids["third_country_removals"]: {"decision": "edit", "level": "3", "url": CITED[1]}})
    assert run("import", name, "--as", "Ana")[0] == 0
    (edited,) = review.decisions()
    assert set(edited.changes) == {"level", "url"}
    assert edited.fields["speaker"] == "=HYPERLINK(1)"
    run("export", name)
    write(
        path,
        {
            ids["third_country_removals"]: {"decision": "accept", "publisher": "A paper"},
            ids["removal_flights"]: {"decision": "reject", "note": "Old news."},
        },
    )
    assert run("import", name, "--as", "Ben")[0] == 0
    assert [item.id for item in review.proposals(State.ACCEPTED)] == [ids["third_country_removals"]]
    assert review.proposals(State.REJECTED)[0].decisions[-1].note == "Old news."


def test_a_sheet_with_a_mistake_records_nothing_and_names_each(run, kept, tmp_path):
    review, ids = kept
    run("export", "sheet.csv")
    write(
        tmp_path / "sheet.csv",
        {
            ids["removal_flights"]: {"decision": "edit", "basis": "seen"},
            ids["third_country_removals"]: {"decision": "accept"},
        },
    )
    code, _, error = run("import", "sheet.csv", "--as", "Ana")
    assert code == 2
    assert "sheet.csv: row 2, column basis: found 'seen'" in error
    assert "sheet.csv: row 1, column url: found nothing" in error
    write(tmp_path / "sheet.csv", {ids["third_country_removals"]: {"decision": "accept", "stage": "signed"}})
    assert "row 1, column stage: found 'signed'" in run("import", "sheet.csv", "--as", "Ana")[2]
    assert review.decisions() == ()


def write(path, changes):
    """Write decisions and fields into an exported sheet, by proposal, as a spreadsheet would."""
    if path.suffix == ".json":
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = content["proposals"]
    else:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    for row in rows:
        row.update(changes.get(row["id"], {}))
    if path.suffix == ".json":
        path.write_text(json.dumps(content), encoding="utf-8")
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


# --- One by one -----------------------------------------------------------------------------------------------------


@pytest.fixture
def session(kept, monkeypatch):
    """Return a function that types answers into `policydiff review` at a terminal and gives what it printed."""
    from click.testing import CliRunner

    del kept
    monkeypatch.setattr(command, "_is_terminal", lambda: True)

    def session(*answers):
        return CliRunner().invoke(cli.policydiff, ["review"], input="".join(f"{answer}\n" for answer in answers))

    return session


def test_a_session_accepts_and_rejects_most_consequential_first(session, kept):
    review, ids = kept
    result = session("Ana", "a", "https://news.example.org/one", "A paper", "", "r", "Old news.")
    assert result.exit_code == 0, result.output
    assert "--- 1 of 2" in result.output
    assert [(d.proposal_id, d.verdict, d.reviewer) for d in review.decisions()] == [
        (ids["third_country_removals"], "accept", "Ana"),
        (ids["removal_flights"], "reject", "Ana"),
    ]
    assert "nothing to review" in session().output


def test_a_session_edits_skips_and_stops_and_asks_again_after_a_mistake(session, kept):
    review, _ = kept
    result = session("Ana", "e", "stage=begun", "", "x", "e", "stage=signed", "", "q")
    assert result.exit_code == 0, result.output
    assert "stage: found 'begun'" in result.output
    (decision,) = review.decisions()
    assert decision.changes == {"stage": ("in_force", "signed")}
    assert session("Ana", "s", "s").exit_code == 0
    assert len(review.decisions()) == 1


def test_without_a_terminal_it_lists(run, kept):
    _, ids = kept
    code, text, _ = run()
    assert code == 0
    assert all(identity in text for identity in ids.values())


# --- The codebook in force --------------------------------------------------------------------------------------------


def test_an_accepted_statement_that_no_longer_fits_stops_every_command_and_can_be_rejected(
    run, kept, book, monkeypatch
):
    _, ids = kept
    identity = ids["third_country_removals"]
    run("accept", identity, "--as", "Ana", *CITED)
    monkeypatch.setattr(codebook, "load", lambda: make.book(*book.instruments[:2]))
    code, _, error = run(of="diff")
    assert code == 2
    assert f"`policydiff review reject {identity}`" in error
    assert run("reject", identity, "--as", "Ana")[0] == 0
    assert run(of="diff")[0] == 0


def test_a_proposal_of_an_instrument_that_is_gone_is_listed_and_cannot_be_accepted(run, kept, book, monkeypatch):
    _, ids = kept
    monkeypatch.setattr(codebook, "load", lambda: make.book(*book.instruments[:2]))
    made = json.loads(run("list", "--json")[1])["proposals"]
    assert {one["mistakes"][0]["field"] for one in made} == {"instrument"}
    assert "cannot be accepted" in run("show", ids["removal_flights"])[1]
    code, _, error = run("accept", ids["removal_flights"], "--as", "Ana", *CITED)
    assert code == 2
    assert "'removal_flights'" in error
