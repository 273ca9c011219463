"""New documents of a gather go through the reader: what is told, and that nothing of it undoes the gather."""

import json
from datetime import UTC, datetime

import pytest

from flows import collect, unreviewed
from flows.settings import Settings
from sources import dates
from sources.errors import BadInput, Fault
from sources.model import Basis, Modality, SourceKind
from tests import make
from tests.replay.server import FIXTURES

REMAIN = "migrant_protection_protocols"
NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


def silent(_):
    """Say nothing."""


def proposing(*values):
    """Return a reader that proposes these of a document about the example river, and nothing of any other."""

    def propose(document, _):
        if "Example River" not in document.title:
            return ()
        place = {"quote": document.text[:7], "char_end": 7}
        return tuple(make.proposal(**{"instrument_id": REMAIN, **place, **given}) for given in values)

    return propose


@pytest.fixture
def taken(tmp_path):
    """Return a function that hands over a page of the White House."""
    settings = Settings(home=tmp_path)

    def take(name="payload_page.html"):
        path = FIXTURES / "white_house" / name
        collect.take(settings, "white_house", path, "https://www.whitehouse.gov/", NOW.date(), NOW, silent)
        return settings

    return take


def read(settings, *source_ids):
    """Return what the reader found in the sources named, the White House by default."""
    return collect.read_new_documents(settings, source_ids or ("white_house",), NOW, silent)


def test_the_message_counts_in_singular_and_plural():
    one = collect.NewClaims(documents=1, claims=1, consequential=1, unread=())
    assert str(one) == "1 new claim to review, 1 would change a row (1 new document; see `policydiff review`)"
    many = collect.NewClaims(documents=3, claims=7, consequential=2, unread=())
    assert str(many) == "7 new claims to review, 2 would change a row (3 new documents; see `policydiff review`)"
    idle = collect.NewClaims(documents=3, claims=7, consequential=0, unread=())
    assert str(idle) == "7 new claims to review, none would change a row (3 new documents; see `policydiff review`)"
    nothing = collect.NewClaims(documents=2, claims=0, consequential=0, unread=())
    assert str(nothing) == "no new claim to review in 2 new documents"


def test_a_new_document_is_read_once(taken, monkeypatch):
    monkeypatch.setattr("sources.proposals.propose", proposing({}))
    settings = taken()
    found = read(settings)
    assert (found.documents, found.claims, found.unread) == (1, 1, ())
    (kept,) = unreviewed.kept(settings).proposals()
    document = kept.reading.document
    assert document.kind is SourceKind.OFFICIAL
    assert document.source.startswith("https://www.whitehouse.gov/presidential-actions/")
    assert document.text.startswith(f"{document.title}\n\n")
    assert str(document.published)[:7] == "2026-01"
    assert read(taken()) is None, "nothing is said when there is no new document"
    found = read(taken("payload_page_remarks.html"))
    assert (found.documents, found.claims) == (1, 0)


def test_only_a_claim_that_would_change_a_row_is_counted_so(taken, monkeypatch):
    when = {"basis": Basis.OBSERVED, "date": dates.parse("2026-01-13"), "modality": Modality.FACT_OFFICIAL}
    told = {"property": "description", "value": "a river"}
    monkeypatch.setattr("sources.proposals.propose", proposing({"value": "ended", **when}, {**told, **when}))
    found = read(taken())
    assert (found.claims, found.consequential) == (2, 1)


def test_an_error_of_one_document_is_told_and_the_others_are_kept(taken, monkeypatch):
    def refuse(document, _):
        if "remarks" in document.source:
            raise BadInput([Fault(file=document.source, path=".", found="noise", expected="speech")])
        return proposing({})(document, None)

    monkeypatch.setattr("sources.proposals.propose", refuse)
    taken()
    found = read(taken("payload_page_remarks.html"))
    assert (found.documents, found.claims, len(found.unread)) == (1, 1, 1)
    assert "found noise; expected speech" in found.unread[0]


def test_a_defect_of_the_reader_is_told_as_one(taken, monkeypatch):
    def stumble(*_):
        raise ZeroDivisionError("a rule divides by zero")

    monkeypatch.setattr("sources.proposals.propose", stumble)
    found = read(taken())
    assert found.documents == 0
    assert found.unread[0].endswith(": ZeroDivisionError: a rule divides by zero")


def test_sources_of_numbers_hold_no_documents_to_read(tmp_path):
    assert read(Settings(home=tmp_path), "cbp_encounters") is None
    assert read(Settings(home=tmp_path), "feeds") is None
    assert not (tmp_path / "store" / "review").exists()


def test_items_of_a_feed_without_a_link_or_day_can_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr("sources.proposals.propose", lambda *_: ())
    settings = Settings(home=tmp_path)
    for name in ("payload_press.xml", "payload_rdf.xml", "payload_atom.xml", "payload_documents.xml"):
        collect.take(settings, "feeds", FIXTURES / "feeds" / name, "", NOW.date(), NOW, silent)
    found = read(settings, "feeds", "white_house")
    kept = unreviewed.kept(settings).readings()
    assert len(kept) == found.documents > 3
    assert {r.document.kind for r in kept} == {SourceKind.OFFICIAL, SourceKind.NEWS}
    assert all(r.document.source and r.document.language for r in kept)


# --- The command ---------------------------------------------------------------------------------------------------


def test_the_command_tells_what_is_new_and_stays_silent_otherwise(run, monkeypatch):
    monkeypatch.setattr("sources.proposals.propose", proposing({}))
    words = ("gather", "white_house", "--from", str(FIXTURES / "white_house" / "payload_page.html"))
    code, text, error = run(*words, "--json")
    assert code == 0, error
    assert json.loads(text)["new_claims"]["claims"] == 1
    assert "1 new claim to review" in error
    code, text, error = run(*words, "--json")
    assert json.loads(text)["new_claims"] is None
    assert "to review" not in error


def test_the_command_tells_what_could_not_be_read(run, monkeypatch):
    def refuse(document, _):
        raise BadInput([Fault(file=document.source, path=".", found="noise", expected="speech")])

    monkeypatch.setattr("sources.proposals.propose", refuse)
    code, text, error = run(
        *("gather", "white_house", "--from", str(FIXTURES / "white_house" / "payload_page.html"), "--json")
    )
    assert code == 3
    assert json.loads(text)["sources"][0]["result"] == "new"
    assert "not read: https://www.whitehouse.gov/" in error
