"""Proposals in words and as data: what each property is called, and that text from outside stays text."""

import pytest

from reports import proposals
from reports.language import Language
from sources import dates
from sources.model import Basis, Modality
from tests import make

ENGLISH = Language("en")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Threatened"),
        ({"value": "ended"}, "Ended"),
        ({"property": "partner_response", "value": "refuses"}, "Refuses"),
        ({"property": "partner_response", "value": "asks_for_time"}, "asks for time"),
        ({"property": "litigation", "value": "enjoined"}, "Enjoined"),
        ({"property": "implementation", "value": "pilot"}, "applied as a pilot"),
        ({"property": "level", "value": "3"}, "level: 3"),
        ({"property": "quantity:rate", "value": "2.5", "unit": "percent"}, "rate: 2.5 percent"),
        (
            {"property": "quantity:returns", "value": "68000", "unit": "count", "unit_of_count": "people"},
            "returns: 68,000 people",
        ),
        (
            {"property": "quantity:aid", "value": "5-7", "unit": "usd_million", "unit_of_count": "grants"},
            "aid: 5-7 million U.S. dollars (grants)",
        ),
        ({"property": "quantity:share", "value": "3"}, "share: 3"),
        ({"value": "adopted", "is_negated": True}, "Said not to be so: Adopted"),
    ],
)
def test_what_is_proposed_is_said_in_words(values, said):
    assert proposals.what(make.proposal(**values), ENGLISH) == said


def test_an_unnamed_speaker_is_called_so():
    assert proposals.voice(make.proposal(), ENGLISH) == "conditional threat, a candidate"
    unnamed = make.proposal(is_named=False, modality=Modality.PLAN_REPORTED, speaker="a paper")
    assert proposals.voice(unnamed, ENGLISH) == "reported plan, unnamed source (a paper)"


def test_the_time_spoken_of_is_the_period_and_how_it_is_known():
    assert proposals.time_spoken_of(make.proposal(), ENGLISH) == "Second term, projected"
    assert proposals.time_spoken_of(make.proposal(period="first", basis=Basis.OBSERVED), ENGLISH) == (
        "First term, observed"
    )


def test_a_document_as_data_has_every_key_and_null_where_nothing_is_known():
    claim = make.proposal(is_optional=True, why="no speaker", date=None, demand="it stops them")
    document = make.document("They will see.", published=dates.parse("2024-11"))
    assert proposals.as_object(document, "a group", [claim]) == {
        "source": "notes/one.txt",
        "sha256": document.sha256,
        "title": "A headline",
        "published": "2024-11",
        "language": "en",
        "independence_group": "a group",
        "claims": [
            {
                "instrument_id": "an_instrument",
                "country_codes": ["MEX"],
                "period": "second",
                "basis": "projected",
                "property": "stage",
                "value": "threatened",
                "unit": None,
                "modality": "threat_conditional",
                "speaker": "a candidate",
                "trigger": None,
                "demand": "it stops them",
                "negated": False,
                "date": None,
                "quote": "They will see.",
                "char_start": 0,
                "char_end": 14,
                "rule": "a_rule",
                "confidence": 0.8,
                "optional": True,
                "why": "no speaker",
            }
        ],
    }


@pytest.mark.parametrize(
    ("values", "unit"),
    [({"unit": "percent"}, "percent"), ({"unit": "count", "unit_of_count": "flights"}, "flights")],
)
def test_the_unit_of_what_is_counted_is_what_is_counted(values, unit):
    claim = make.proposal(property="quantity:x", value="3", **values)
    (made,) = proposals.as_object(make.document(), "g", [claim])["claims"]
    assert made["unit"] == unit


def test_a_claim_is_printed_with_its_quote_and_the_reason_of_a_doubt():
    claim = make.proposal(trigger="they come", demand="they stay", is_optional=True, why="no speaker")
    text = proposals.as_text(make.document(), [claim], make.book(make.instrument()), ENGLISH, 100)
    assert text.splitlines() == [
        "notes/one.txt: A headline, 19 Nov 2024, en",
        "",
        "  text, Mexico: Threatened",
        "    Second term, projected; conditional threat, a candidate; 19 Nov 2024",
        "    condition: they come",
        "    demands: they stay",
        '    "They will see."',
        "    a_rule, confidence 0.80, 0-14",
        "    optional: no speaker",
    ]


def test_a_document_without_claims_says_so():
    text = proposals.as_text(make.document(title="", published=None), [], make.book(), ENGLISH, 100)
    assert text == "notes/one.txt: untitled, undated, en\n  no claim\n"


def test_text_from_outside_cannot_move_the_cursor_or_add_lines():
    assert proposals.plain("a\n\x1b[2Jb\u202ec\td") == "a \ufffd[2Jb\ufffdc d"
