"""Review: ids that stay, decisions that add up, an author who is not the reviewer, and nothing lost or torn."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reports.comparison import compare_codebook
from reports.state import Clock
from sources import codebook, dates
from sources.errors import BadInput, DamagedObject
from sources.model import Basis, EndedHow, Modality, Scope, SourceKind, Stage
from sources.review import MACHINE, Choice, Reading, Review, State, Verdict, identity
from tests import make

TEXT = "It was back in force on Monday. Officials said nothing of Guatemala."
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://news.example.org/one"
CITED = {"url": URL, "publisher": "A paper"}


def claim(quote="It was back in force", **values):
    """Return a proposal that the instrument is in force in Mexico, quoted from TEXT."""
    start = TEXT.index(quote)
    plain = {
        "basis": Basis.OBSERVED,
        "value": "in_force",
        "modality": Modality.FACT_REPORTED,
        "speaker": "a paper",
        "date": dates.parse("2025-02-03"),
        "quote": quote,
        "char_start": start,
        "char_end": start + len(quote),
    }
    return make.proposal(**plain | values)


def reading(*proposals, when=NOON, group="g1", **values):
    """Return a reading of TEXT."""
    document = make.document(TEXT, published=dates.parse("2025-02-04"), **values)
    return Reading(document=document, proposals=proposals or (claim(),), group=group, read=when)


@pytest.fixture
def book():
    """Return a codebook of one instrument that nothing is known of."""
    return make.book(make.instrument())


@pytest.fixture
def review(tmp_path):
    """Return a review with one reading kept."""
    made = Review(tmp_path)
    made.keep(reading())
    return made


def decide(review, book, verdict, reviewer="Ana", when=NOON, note="", **fields):
    """Decide the only proposal, or the one given as `on`."""
    on = fields.pop("on", None) or review.proposals(None)[0].id
    choice = Choice(proposal_id=on, verdict=Verdict(verdict), fields=fields, note=note)
    return review.decide([choice], reviewer, when, book)


def faults(function, *arguments, **options):
    """Return the mistakes of a call as (file, path, found, expected)."""
    with pytest.raises(BadInput) as caught:
        function(*arguments, **options)
    return [(fault.file, fault.path, fault.found, fault.expected) for fault in caught.value.faults]


# --- Kept proposals -----------------------------------------------------------------------------------------------


def test_the_same_document_with_the_same_proposals_is_kept_once(review, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    assert review.keep(reading(when=NOON + timedelta(days=1))) is False
    assert review.keep(reading(source="elsewhere/copy.txt")) is False
    assert sorted(tmp_path.rglob("*")) == before
    (kept,) = review.readings()
    assert kept == reading()
    assert [item.id for item in review.proposals()] == [identity(kept.document, claim())]


def test_a_document_that_can_be_cited_only_now_is_kept_anew_with_the_same_ids(review):
    (before,) = review.proposals()
    assert review.keep(reading(source=URL, when=NOON + timedelta(days=1))) is True
    (after,) = review.proposals()
    assert (after.id, after.reading.document.source) == (before.id, URL)
    assert review.keep(reading(when=NOON + timedelta(days=2))) is False


@pytest.mark.parametrize(
    "values",
    [
        {"country_codes": ("GTM",)},
        {"value": "signed"},
        {"is_negated": True},
        {"period": "first"},
        {"char_start": 1},
        {"instrument_id": "another"},
    ],
)
def test_another_claim_has_another_id_and_the_rule_that_found_it_does_not_matter(values):
    document = reading().document
    assert identity(document, claim()) == identity(document, claim(rule="another", confidence=0.1))
    assert identity(document, claim(**values)) != identity(document, claim())
    assert identity(replace(document, title="Another item"), claim()) != identity(document, claim())


def test_what_a_later_reading_no_longer_proposes_is_gone_unless_it_was_decided(review, book):
    other = claim(value="signed")
    review.keep(reading(claim(), other, when=NOON + timedelta(days=1)))
    decide(review, book, "reject", on=identity(reading().document, other))
    review.keep(reading(claim(value="adopted"), when=NOON + timedelta(days=2)))
    assert [item.proposal.value for item in review.proposals()] == ["adopted"]
    assert [item.proposal.value for item in review.proposals(State.REJECTED)] == ["signed"]
    assert len(review.readings()) == 1


def test_a_damaged_record_is_named_and_never_used(review, book, tmp_path):
    decide(review, book, "reject")
    (path,) = (tmp_path / "decisions").iterdir()
    path.chmod(0o644)
    path.write_text(path.read_text().replace("reject", "accept"))
    with pytest.raises(DamagedObject, match=path.name):
        review.proposals()


# --- Decisions ----------------------------------------------------------------------------------------------------


def test_an_accepted_proposal_is_a_statement_of_the_codebooks_form(review, book):
    (decision,) = decide(review, book, "accept", note="Checked.", **CITED)
    laid = codebook.lay_over(book, review.overlay())
    (made,) = laid.instruments[0].statements
    (item,) = review.proposals(State.ACCEPTED)
    assert review.proposals() == ()
    assert made.id == f"L-{item.id[2:]}"
    assert (made.stage, made.country_codes, made.speaker) == (Stage.IN_FORCE, ("MEX",), "a paper")
    assert (made.coder, made.reviewer, made.recorded, made.reviewer_note) == (MACHINE, "Ana", NOON.date(), "Checked.")
    assert made.text["en"] == "text, Mexico: in force (fact reported, a paper)."
    assert made.quote_sha256 == hashlib.sha256(b"It was back in force").hexdigest()
    assert made.locator == (
        f"characters 0 to 20 of the extracted text, sha256 {hashlib.sha256(TEXT.encode()).hexdigest()}"
    )
    cited = made.source
    assert (cited.title, cited.publisher, cited.url, cited.group) == ("A headline", "A paper", URL, "a_paper")
    assert (cited.kind, cited.tier, str(cited.published)) == (SourceKind.NEWS, 2, "2025-02-04")
    assert decision.changes["url"] == ("", URL)
    assert laid.file_sha256.keys() - book.file_sha256.keys() == {"overlay"}
    assert codebook.lay_over(book, ()) is book


@pytest.mark.parametrize("language", ["es", "und"])
def test_an_accepted_proposal_is_cited_in_the_language_of_its_document(book, tmp_path, language):
    review = Review(tmp_path / language)
    review.keep(reading(language=language))
    decide(review, book, "accept", **CITED)
    (made,) = codebook.lay_over(book, review.overlay()).statements.values()
    assert made.source.language == language
    assert made.text.keys() == {"en"}


def test_accepting_flips_the_row_and_rejecting_does_not(review, book):
    clock = Clock(as_of=date(2026, 3, 2), on=date(2026, 3, 2), vintage=date(2025, 1, 19))
    assert compare_codebook(book, clock) == ()
    decide(review, book, "reject")
    assert compare_codebook(codebook.lay_over(book, review.overlay()), clock) == ()
    decide(review, book, "accept", when=NOON + timedelta(hours=1), **CITED)
    rows = compare_codebook(codebook.lay_over(book, review.overlay()), clock)
    assert {row.actual.presence for row in rows} == {"P"}


def test_a_later_decision_counts_and_all_stay_on_record(review, book):
    decide(review, book, "accept", **CITED)
    decide(review, book, "reject", reviewer="Ben", when=NOON + timedelta(hours=1), note="Not so.")
    assert review.overlay() == ()
    (item,) = review.proposals(State.REJECTED)
    assert [(d.verdict, d.reviewer, d.note) for d in item.decisions] == [
        (Verdict.ACCEPT, "Ana", ""),
        (Verdict.REJECT, "Ben", "Not so."),
    ]
    decide(review, book, "accept", reviewer="Ben", when=NOON + timedelta(hours=2))
    assert len(review.overlay()) == 1, "its citation was given before"


def test_who_edits_becomes_the_coder_and_another_person_must_accept(review, book):
    (edited,) = decide(review, book, "edit", stage="signed", countries="MEX, GTM", note="Read again.")
    assert edited.changes["stage"] == ("in_force", "signed")
    (item,) = review.proposals()
    assert (item.coder, item.is_edited, review.overlay()) == ("Ana", True, ())
    for name in ("Ana", " ana "):
        (fault,) = faults(decide, review, book, "accept", reviewer=name, **CITED)
        assert fault[1] == "reviewer"
        assert "'Ana'" in fault[2]
        assert name.strip() in fault[2]
    decide(review, book, "accept", reviewer="Ben", when=NOON + timedelta(hours=1), **CITED)
    (made,) = codebook.lay_over(book, review.overlay()).instruments[0].statements
    assert (made.coder, made.reviewer, made.stage, made.country_codes) == ("Ana", "Ben", "signed", ("MEX", "GTM"))
    assert made.reviewer_note == "Read again."
    decide(review, book, "edit", reviewer="Ben", when=NOON + timedelta(hours=2), stage="adopted")
    assert (review.overlay(), review.proposals()[0].coder) == ((), "Ben")


@pytest.mark.parametrize(
    ("verdict", "values", "path", "expected"),
    [
        ("accept", {}, "url", "accept with --url"),
        ("accept", {**CITED, "reviewer": ""}, "reviewer", "POLICYDIFF_REVIEWER"),
        ("accept", {**CITED, "reviewer": "Machine Reader"}, "reviewer", "another person"),
        ("accept", {**CITED, "stage": "signed"}, "stage", "edit it"),
        ("accept", {**CITED, "url": "javascript:alert(1)"}, "url", "https?"),
        ("accept", {**CITED, "on": "P-0000000000"}, "id", "policydiff review list"),
        ("reject", {"stage": "signed"}, "fields", "no change"),
        ("edit", {}, "fields", "differs"),
        ("edit", {"stage": "in_force"}, "fields", "differs"),
        ("edit", {"reviewer": "machine reader", "stage": "signed"}, "reviewer", "a person"),
        ("edit", {"colour": "red"}, "colour", "countries"),
        ("edit", {"stagee": "signed"}, "stagee", "stage"),
        ("edit", {"stage": "begun"}, "stage", "'in_force'"),
        ("edit", {"stage": "ended"}, "ended", "how it ended"),
        ("edit", {"from": "2025-03-01"}, "from", "a source that can know of it"),
        ("edit", {"countries": "USA"}, "countries", "'MEX'"),
        ("edit", {"level": "1"}, "level", "present_from"),
        ("edit", {"negated": "true"}, "negated", "stage none"),
        ("edit", {"modality": "threat_conditional"}, "trigger", "both trigger and demand"),
        ("edit", {"tier": "1"}, "tier", "the best a source of kind news"),
        ("edit", {"instrument": "an_instrumen"}, "instrument", "an_instrument"),
        ("edit", {"disputes": "S-0009"}, "disputes", "a statement that exists"),
    ],
)
def test_a_mistake_is_named_by_proposal_and_field_and_nothing_is_recorded(
    review, book, verdict, values, path, expected
):
    (item,) = review.proposals()
    found = faults(decide, review, book, verdict, **values)
    assert any(fault[1] == path and expected in fault[3] for fault in found), found
    assert {fault[0] for fault in found} <= {item.id, "review", "P-0000000000"}
    assert review.decisions() == ()


def test_several_decisions_are_recorded_all_or_none(review, book):
    other = claim(value="signed")
    review.keep(reading(claim(), other, when=NOON + timedelta(days=1)))
    first, second = review.proposals()
    choices = [
        Choice(proposal_id=first.id, verdict=Verdict.REJECT, fields={}),
        Choice(proposal_id=second.id, verdict=Verdict.ACCEPT, fields={}),
    ]
    assert {fault[0] for fault in faults(review.decide, choices, "Ana", NOON, book)} == {second.id}
    assert review.decisions() == ()
    review.decide([choices[0], replace(choices[1], fields=CITED)], "Ana", NOON, book)
    assert len(review.decisions()) == 2
    assert review.decide([], "Ana", NOON, book) == ()


def test_copies_of_one_text_are_cited_under_one_group(review, book):
    review.keep(reading(source=URL, sha256="1" * 64, title="The same elsewhere"))
    review.keep(reading(source="https://other.example.org/", sha256="2" * 64, title="Another text", group="g2"))
    by_title = {item.reading.document.title: item.id for item in review.proposals()}
    chosen = [by_title["A headline"], by_title["The same elsewhere"], by_title["Another text"]]
    choices = [
        Choice(proposal_id=chosen[0], verdict=Verdict.ACCEPT, fields=CITED),
        *(Choice(proposal_id=one, verdict=Verdict.ACCEPT, fields={}) for one in chosen[1:]),
    ]
    review.decide(choices, "Ana", NOON, book)
    statements = codebook.lay_over(book, review.overlay()).statements
    groups = [statements[f"L-{one[2:]}"].source.group for one in chosen]
    assert groups == ["a_paper", "a_paper", "other_example_org"]


def test_a_publisher_the_codebook_knows_at_the_address_is_cited_as_there(tmp_path):
    known = make.instrument(make.statement(1, "2025-02-01", source=replace(make.source(), url=URL)))
    review, book = Review(tmp_path), make.book(known)
    review.keep(reading(source="https://news.example.org/two"))
    decide(review, book, "accept")
    made = codebook.lay_over(book, review.overlay()).statements
    (source,) = {s.source for s in made.values() if s.id.startswith("L-")}
    assert (source.publisher, source.group) == ("A publisher", "press")


def test_a_statement_that_another_disputes_is_not_taken_back_alone(review, book):
    (item,) = review.proposals()
    decide(review, book, "accept", **CITED)
    denial = claim("Officials said nothing", value="none")
    review.keep(reading(claim(), denial, when=NOON + timedelta(days=1)))
    other = identity(reading().document, denial)
    decide(review, book, "edit", on=other, disputes=f"L-{item.id[2:]}")
    decide(review, book, "accept", reviewer="Ben", when=NOON + timedelta(hours=1), on=other, **CITED)
    (fault,) = faults(decide, review, book, "reject", when=NOON + timedelta(hours=2), on=item.id)
    assert fault[:2] == (other, "disputes")


def test_an_accepted_statement_that_no_longer_fits_the_codebook_is_named(review, book):
    decide(review, book, "accept", **CITED)
    domestic = make.book(make.instrument(scope=Scope.DOMESTIC))
    (fault,) = faults(codebook.lay_over, domestic, review.overlay())
    assert fault[1:3] == ("countries", "MEX")
    (fault,) = faults(codebook.lay_over, make.book(make.renamed(make.instrument(), "other", 2)), review.overlay())
    assert fault[1:3] == ("instrument", "'an_instrument'")
    (item,) = review.proposals(State.ACCEPTED)
    assert review.proposal(item.id) == item
    ((_, path, _, expected),) = faults(review.proposal, item.id[:-1])
    assert (path, expected) == ("id", item.id)


# --- From a proposal to a statement -------------------------------------------------------------------------------


def made_of(tmp_path, proposal, book=None, **values):
    """Return the statement a proposal would be."""
    review = Review(tmp_path)
    review.keep(reading(proposal, **values))
    (item,) = review.proposals()
    return item.statement(book or make.book(make.instrument()), NOON.date())


def test_an_undated_account_of_a_past_term_holds_at_some_time_in_it_and_not_after(tmp_path):
    made = made_of(tmp_path, claim(period="first", date=None))
    assert (str(made.holds_from), made.holds_to, made.is_unknown_after) == (
        "2017-01-20/2021-01-19",
        date(2021, 1, 20),
        True,
    )


def test_a_dated_account_of_a_past_term_is_so_from_its_day(tmp_path):
    made = made_of(tmp_path, claim(period="bridge", date=dates.parse("2022-08")))
    assert (str(made.holds_from), made.holds_to) == ("2022-08", None)


def test_only_the_second_term_is_projected(tmp_path):
    values = {"basis": Basis.PROJECTED, "value": "pledged", "modality": Modality.PLEDGE}
    early = claim(period="first", date=dates.parse("2016-09-01"), **values)
    assert made_of(tmp_path / "a", early).basis is Basis.OBSERVED
    late = claim(date=dates.parse("2024-12-01"), **values)
    assert made_of(tmp_path / "b", late).basis is Basis.PROJECTED


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"is_negated": True}, {"stage": Stage.NONE, "is_negated": False}),
        ({"is_negated": True, "value": "ended"}, {"stage": None, "is_negated": True}),
        ({"is_negated": True, "property": "partner_response", "value": "accepts"}, {"partner_response": None}),
        ({"value": "ended"}, {"stage": Stage.ENDED, "ended_how": EndedHow.TERMINATED}),
        ({"property": "partner_response", "value": "refuses"}, {"partner_response": "refuses", "stage": None}),
        ({"property": "level", "value": "3"}, {"level": 3}),
        ({"property": "description", "value": "text"}, {"stage": None, "properties": ("description",)}),
        ({"country_codes": ("MEX", "CAN")}, {"country_codes": ("MEX",), "other_countries": ("CAN",)}),
        ({"is_named": False}, {"is_named": False}),
    ],
)
def test_a_proposals_value_becomes_the_statements(tmp_path, values, expected):
    made = made_of(tmp_path, claim(**values))
    assert {name: getattr(made, name) for name in expected} == expected


def test_a_number_keeps_its_unit_and_a_projected_one_says_that_its_range_is_open(tmp_path):
    values = {"property": "quantity:people_returned", "unit": "count", "unit_of_count": "people"}
    number = made_of(tmp_path / "a", claim(value="68000", **values)).quantity
    assert (number.measure, number.value, number.unit_of_count) == ("people_returned", 68000, "people")
    number = made_of(tmp_path / "b", claim(value="1000-2000", **values)).quantity
    assert (number.value, number.low, number.high) == (None, 1000, 2000)
    plan = {"basis": Basis.PROJECTED, "modality": Modality.PLEDGE, "date": dates.parse("2024-12-01")}
    assert made_of(tmp_path / "c", claim(value="5", **values | plan)).quantity.qualifier == "not_quantified"


def test_a_domestic_instrument_has_the_region_for_the_world(tmp_path):
    book = make.book(make.instrument(scope=Scope.DOMESTIC))
    assert made_of(tmp_path, claim(country_codes=("GLOBAL",)), book).country_codes == ("REGION",)


def test_a_condition_in_another_language_is_left_to_a_person(tmp_path):
    threat = make.proposal(trigger="they refuse", demand="they take people back")
    made = made_of(tmp_path / "a", threat)
    assert (made.trigger, made.demand) == ({"en": "they refuse"}, {"en": "they take people back"})
    found = faults(made_of, tmp_path / "b", threat, language="es")
    assert [(path, expected) for _, path, _, expected in found] == [("trigger", "both trigger and demand")]


# --- Nothing lost or torn -----------------------------------------------------------------------------------------

# Keeps a reading and accepts its proposal in child after child, each killed one write call later than the one before,
# until one lives; after each kill a child that nobody kills does the same again in the same place.
KILLED = """
import itertools, os, shutil, signal, sys, tempfile
from pathlib import Path
from sources.review import Review
from tests import make
from tests.sources import test_review as t

def deadly(function, left):
    def call(*arguments, **options):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **options)
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call

def child(home, points):
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if points is not None:
        left = [points]
        for owner, name in ((os, "fsync"), (os, "fchmod"), (Path, "rename"), (Path, "mkdir"), (tempfile, "mkstemp"),
                            (shutil, "copyfileobj")):
            setattr(owner, name, deadly(getattr(owner, name), left))
    review = Review(home)
    review.keep(t.reading())
    if not review.decisions():
        t.decide(review, make.book(make.instrument()), "accept", **t.CITED)
    os._exit(0)

for points in itertools.count():
    home = Path(sys.argv[1]) / str(points)
    ended = child(home, points)
    if ended == 0:
        break
    assert ended == -signal.SIGKILL, ended
    Review(home).proposals(None), Review(home).overlay()
    assert child(home, None) == 0
print(points)
"""


def test_killed_at_every_write_point_nothing_is_torn_and_a_rerun_completes(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    run = subprocess.run(command, check=True, timeout=300, env=environment, capture_output=True, text=True)
    assert int(run.stdout) >= 20
    for home in tmp_path.iterdir():
        assert len(Review(home).overlay()) == len(Review(home).proposals(State.ACCEPTED)) == 1


def test_two_processes_that_keep_the_same_reading_at_once_do_no_harm(tmp_path):
    script = "import sys; from pathlib import Path; from sources.review import Review; from tests.sources import "
    script += "test_review as t; [Review(Path(sys.argv[1])).keep(t.reading(title=str(n))) for n in range(20)]"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", script, str(tmp_path)]
    runs = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    assert len(Review(tmp_path).readings()) == len(Review(tmp_path).proposals()) == 20
